package local

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// A stored point is read where it lies, in a file that is mapped into memory, so every part begins at a multiple of 8
// bytes. All numbers are little-endian.
//
//	version 8, bytes of the whole 4, bytes of the payload 4, vectors 4, zero 4
//	payload, zeros to 8
//	and for each vector: kind 4, bytes of its name 4, rows 4, numbers 4, name, zeros to 8, numbers, zeros to 8
//
// The numbers of rows are float32; a sparse vector has its indices first and then as many values. There is no checksum:
// the journal has one for each commit, and a snapshot one for the whole.
const (
	recordHeader = 24
	vectorHeader = 16
)

const (
	kindRows = iota
	kindSparse
)

// maxRecord bounds the bytes of one point.
const maxRecord = math.MaxUint32 - 7

func aligned(n int) int { return (n + 7) &^ 7 }

func align(b []byte) []byte { return append(b, make([]byte, aligned(len(b))-len(b))...) }

// encodeBody encodes a record but for its version, which is known when it is written.
func encodeBody(r *record) ([]byte, error) {
	payload := &qdrant.Struct{Fields: r.payload}
	size := recordHeader + aligned(len(r.raw)+proto.Size(payload))
	for name, v := range r.vectors {
		size += vectorHeader + aligned(len(name)) + aligned(4*len(v.dense)+8*len(v.indices))
	}
	b := make([]byte, recordHeader, size)
	if r.raw != nil {
		b = append(b, r.raw...)
	} else {
		var err error
		// In the order of keys: a field is found soon where those before it are short.
		if b, err = (proto.MarshalOptions{Deterministic: true, UseCachedSize: true}).MarshalAppend(b, payload); err != nil {
			return nil, fmt.Errorf("encode point %s: %w", r.id, err)
		}
	}
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-recordHeader))
	binary.LittleEndian.PutUint32(b[16:], uint32(len(r.vectors)))
	b = align(b)
	for _, name := range sortedKeys(r.vectors) {
		b = appendVector(b, name, r.vectors[name])
	}
	if len(b) > maxRecord {
		return nil, invalid("point %s is too large", r.id)
	}
	binary.LittleEndian.PutUint32(b[8:], uint32(len(b)))
	return b, nil
}

func appendVector(b []byte, name string, v vector) []byte {
	kind, n := uint32(kindRows), len(v.dense)
	if v.isSparse() {
		kind, n = kindSparse, len(v.indices)
	}
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)))
	b = binary.LittleEndian.AppendUint32(b, uint32(v.rows))
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = align(append(b, name...))
	for _, i := range v.indices {
		b = binary.LittleEndian.AppendUint32(b, i)
	}
	return align(appendFloats(appendFloats(b, v.values), v.dense))
}

func appendFloats(b []byte, values []float32) []byte {
	for _, x := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func encodeRecord(r *record) ([]byte, error) {
	b := r.value
	if b == nil {
		var err error
		if b, err = encodeBody(r); err != nil {
			return nil, err
		}
	}
	binary.LittleEndian.PutUint64(b, r.version)
	return b, nil
}

// decodeRecord reads an encoded point and verifies all of it. Its vectors and its payload are views into b.
func decodeRecord(key, b []byte) (*record, error) {
	id, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	value, err := parseValue(b)
	if err != nil {
		return nil, fmt.Errorf("point %s: %w", id, err)
	}
	if err := proto.Unmarshal(value.payload(), &qdrant.Struct{}); err != nil {
		return nil, fmt.Errorf("point %s: its payload cannot be read: %w", id, err)
	}
	return value.record(id), nil
}

// value is an encoded point that is whole: its sizes fit one another. nil is none.
type value []byte

// parseValue verifies the sizes of an encoded point.
func parseValue(b []byte) (value, error) {
	if len(b) < recordHeader || uint64(binary.LittleEndian.Uint32(b[8:])) != uint64(len(b)) {
		return nil, fmt.Errorf("it has %d bytes, and does not say so", len(b))
	}
	payload := int(binary.LittleEndian.Uint32(b[12:]))
	at := recordHeader + aligned(payload)
	for range binary.LittleEndian.Uint32(b[16:]) {
		if at > len(b)-vectorHeader {
			return nil, fmt.Errorf("its vectors cannot be read")
		}
		h := parseVectorHeader(b[at:])
		if h.kind > kindSparse || (h.kind == kindSparse) != (h.rows == 0) || h.rows > 0 && h.numbers%h.rows != 0 {
			return nil, fmt.Errorf("its vectors cannot be read")
		}
		at += h.size()
	}
	if at != len(b) {
		return nil, fmt.Errorf("its parts do not fill it")
	}
	return value(b), nil
}

type vectorHead struct{ kind, name, rows, numbers int }

func parseVectorHeader(b []byte) vectorHead {
	return vectorHead{
		int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:])),
		int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[12:])),
	}
}

// size is that of the vector with its header.
func (h vectorHead) size() int {
	bytes := 4 * h.numbers
	if h.kind == kindSparse {
		bytes *= 2
	}
	return vectorHeader + aligned(h.name) + aligned(bytes)
}

// valueAt returns the encoded point that begins at first.
func valueAt(first *byte) value {
	size := binary.LittleEndian.Uint32(unsafe.Slice(first, recordHeader)[8:])
	return unsafe.Slice(first, size)
}

func (v value) version() uint64 { return binary.LittleEndian.Uint64(v) }

func (v value) payload() []byte {
	n := int(binary.LittleEndian.Uint32(v[12:]))
	return v[recordHeader : recordHeader+n : recordHeader+n]
}

// each calls yield with the vectors, which are views.
func (v value) each(yield func(name []byte, one vector) bool) {
	at := recordHeader + aligned(int(binary.LittleEndian.Uint32(v[12:])))
	for range binary.LittleEndian.Uint32(v[16:]) {
		h := parseVectorHeader(v[at:])
		name := v[at+vectorHeader : at+vectorHeader+h.name]
		b := v[at+vectorHeader+aligned(h.name) : at+h.size()]
		one := vector{rows: h.rows}
		if h.kind == kindSparse {
			one.sparse = sparse{uint32sIn(b, h.numbers), floatsIn(b[4*h.numbers:], h.numbers)}
		} else {
			one.dense = floatsIn(b, h.numbers)
		}
		if !yield(name, one) {
			return
		}
		at += h.size()
	}
}

// vector returns the vector of a name.
func (v value) vector(name string) (found vector, ok bool) {
	v.each(func(n []byte, one vector) bool {
		if ok = string(n) == name; ok {
			found = one
		}
		return !ok
	})
	return found, ok
}

// record returns the point. What it has are views.
func (v value) record(id pointID) *record {
	r := &record{id: id, version: v.version(), raw: v.payload(), vectors: map[string]vector{}}
	v.each(func(name []byte, one vector) bool {
		r.vectors[string(name)] = one
		return true
	})
	return r
}

// littleEndian tells whether numbers lie in this machine's memory as they are stored.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// viewable tells whether b can be read as numbers of 4 bytes where it lies.
func viewable(b []byte) bool {
	return littleEndian && uintptr(unsafe.Pointer(unsafe.SliceData(b)))%4 == 0
}

// floatsIn returns the n floats that b begins with: b itself where that can be.
func floatsIn(b []byte, n int) []float32 {
	if n == 0 {
		return nil
	}
	if viewable(b) {
		return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n)
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func uint32sIn(b []byte, n int) []uint32 {
	if n == 0 {
		return nil
	}
	if viewable(b) {
		return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), n)
	}
	out := make([]uint32, n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

// document is a payload: encoded, as it is stored, or decoded. Of an encoded one only the fields are decoded that are
// asked for.
type document struct {
	fields  fields
	encoded []byte // a qdrant.Struct; nil where fields is all there is
}

// get returns the value of a field at the top.
func (d document) get(key string) (*qdrant.Value, bool) {
	if d.encoded == nil {
		v, ok := d.fields[key]
		return v, ok
	}
	var found []byte
	ok := false
	for b := d.encoded; len(b) > 0; {
		entry, n := fieldOf(b)
		if n < 0 {
			return nil, false
		}
		b = b[n:]
		if k, v := keyAndValue(entry); string(k) == key {
			found, ok = v, true // the last one counts
		}
	}
	if !ok {
		return nil, false
	}
	return valueFrom(found), true
}

// all returns the whole payload.
func (d document) all() fields {
	if d.encoded == nil {
		return d.fields
	}
	var s qdrant.Struct
	if err := proto.Unmarshal(d.encoded, &s); err != nil {
		panic(fmt.Sprintf("a stored payload cannot be read: %v", err)) // its checksum fits
	}
	return s.GetFields()
}

// some returns the fields at the top that are wanted, n of them at most.
func (d document) some(n int, wanted func(key []byte) bool) fields {
	out := fields{}
	if d.encoded == nil {
		for key, v := range d.fields {
			if wanted([]byte(key)) {
				out[key] = v
			}
		}
		return out
	}
	for b := d.encoded; len(b) > 0 && len(out) < n; {
		entry, size := fieldOf(b)
		if size < 0 {
			break
		}
		b = b[size:]
		key, value := keyAndValue(entry)
		if !wanted(key) {
			continue
		}
		out[string(key)] = valueFrom(value)
	}
	return out
}

func valueFrom(b []byte) *qdrant.Value {
	// Most values are texts, which are read in a third of the time by hand.
	if number, kind, n := protowire.ConsumeTag(b); number == 4 && kind == protowire.BytesType {
		if text, m := protowire.ConsumeBytes(b[n:]); n+m == len(b) {
			return qdrant.NewValueString(string(text))
		}
	}
	v := &qdrant.Value{}
	if err := proto.Unmarshal(b, v); err != nil {
		panic(fmt.Sprintf("a stored payload cannot be read: %v", err)) // its checksum fits
	}
	return v
}

// fieldOf returns the content of the length-delimited field that b begins with, and the bytes that it takes in all.
// Other fields have a nil content; n is negative where there is none.
func fieldOf(b []byte) (content []byte, n int) {
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 {
		return nil, n
	}
	m := protowire.ConsumeFieldValue(number, kind, b[n:])
	if m < 0 {
		return nil, m
	}
	if kind == protowire.BytesType && number == 1 {
		content, _ = protowire.ConsumeBytes(b[n:])
	}
	return content, n + m
}

// keyAndValue reads an entry of a map.
func keyAndValue(b []byte) (key, value []byte) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return key, value
		}
		m := protowire.ConsumeFieldValue(number, kind, b[n:])
		if m < 0 {
			return key, value
		}
		if kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(b[n:])
			switch number {
			case 1:
				key = content
			case 2:
				value = content
			}
		}
		b = b[n+m:]
	}
	return key, value
}
