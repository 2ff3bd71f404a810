package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// A stored point is a checksum of all that follows it (CRC-32C), the version, the vectors by name, and the payload.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	kindRows = iota
	kindSparse
)

// encodeBody encodes what of a record does not depend on when it is written.
func encodeBody(r *record) ([]byte, error) {
	size := 0
	for name, v := range r.vectors {
		size += len(name) + 4*len(v.dense) + 8*len(v.indices) + 16
	}
	b := make([]byte, 0, size+256)
	b = binary.AppendUvarint(b, uint64(len(r.vectors)))
	for _, name := range sortedKeys(r.vectors) {
		v := r.vectors[name]
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		switch {
		case v.isSparse():
			b = binary.AppendUvarint(append(b, kindSparse), uint64(len(v.indices)))
			for _, i := range v.indices {
				b = binary.LittleEndian.AppendUint32(b, i)
			}
			b = appendFloats(b, v.values)
		default:
			b = binary.AppendUvarint(append(b, kindRows), uint64(v.rows))
			b = binary.AppendUvarint(b, uint64(len(v.dense)))
			b = appendFloats(b, v.dense)
		}
	}
	b, err := proto.MarshalOptions{}.MarshalAppend(b, &qdrant.Struct{Fields: r.payload})
	if err != nil {
		return nil, fmt.Errorf("encode point %s: %w", r.id, err)
	}
	return b, nil
}

func appendFloats(b []byte, values []float32) []byte {
	for _, x := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func encodeRecord(r *record) ([]byte, error) {
	body := r.body
	if body == nil {
		var err error
		if body, err = encodeBody(r); err != nil {
			return nil, err
		}
	}
	b := make([]byte, 4, 12+len(body))
	b = binary.LittleEndian.AppendUint64(b, r.version)
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b, nil
}

var errDamaged = errors.New("the checksum does not fit")

// decodeRecord reads a stored point. It keeps nothing of b.
func decodeRecord(key, b []byte) (*record, error) {
	id, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	if len(b) < 12 || binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) {
		return nil, fmt.Errorf("point %s: %w", id, errDamaged)
	}
	r := &record{id: id, version: binary.LittleEndian.Uint64(b[4:]), vectors: map[string]vector{}}
	d := decoder{b: b[12:]}
	for range d.uvarint(len(b)) {
		name := string(d.bytes(d.uvarint(len(b))))
		switch kind := d.bytes(1); {
		case d.failed:
		case kind[0] == kindSparse:
			n := d.uvarint(len(b) / 8)
			r.vectors[name] = vector{sparse: sparse{d.uint32s(n), d.floats(n)}}
		case kind[0] == kindRows:
			rows := d.uvarint(math.MaxInt32)
			r.vectors[name] = vector{rows: rows, dense: d.floats(d.uvarint(len(b) / 4))}
		default:
			d.failed = true
		}
		if d.failed {
			return nil, fmt.Errorf("point %s: its vectors cannot be read", id)
		}
	}
	var payload qdrant.Struct
	if err := proto.Unmarshal(d.b, &payload); err != nil || d.failed {
		return nil, fmt.Errorf("point %s: its payload cannot be read: %w", id, err)
	}
	r.payload = payload.GetFields()
	return r, nil
}

// decoder reads from b until something is missing.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) uvarint(most int) int {
	n, size := binary.Uvarint(d.b)
	if size <= 0 || n > uint64(most) {
		d.failed = true
		return 0
	}
	d.b = d.b[size:]
	return int(n)
}

func (d *decoder) bytes(n int) []byte {
	if d.failed || n > len(d.b) {
		d.failed = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) uint32s(n int) []uint32 {
	b := d.bytes(4 * n)
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

func (d *decoder) floats(n int) []float32 {
	b := d.bytes(4 * n)
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
