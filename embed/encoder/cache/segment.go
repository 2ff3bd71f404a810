package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/cespare/xxhash/v2"
)

// A segment is a file of as many vectors as its header says, written from front to back:
//
//	header   64 bytes: magic, dimensions, slots, checksum
//	keys     16 bytes a slot; zero where nothing is written
//	vectors  8 bytes of checksum over key and vector, then the numbers as little-endian float32, a slot
//
// Keys lie together so that opening a cache reads little. A key is written after its vector: whatever is cut off by a kill, or damaged, fails its
// checksum, and is as if it had never been written.
const (
	magic      = "akin vectors 1\r\n"
	headerSize = 64
	keySize    = 16
	sumSize    = 8
	mostSlots  = 1 << 20
)

// key names a text: the first half of its SHA-256.
type key [keySize]byte

type layout struct{ dimensions, slots int }

func (l layout) record() int          { return sumSize + 4*l.dimensions }
func (l layout) keyAt(n int) int64    { return headerSize + int64(n)*keySize }
func (l layout) recordAt(n int) int64 { return l.keyAt(l.slots) + int64(n)*int64(l.record()) }
func (l layout) size() int64          { return l.recordAt(l.slots) }

func (l layout) header() []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[16:], uint32(l.dimensions))
	binary.LittleEndian.PutUint32(b[20:], uint32(l.slots))
	binary.LittleEndian.PutUint64(b[headerSize-8:], xxhash.Sum64(b[:headerSize-8]))
	return b
}

var errNoSegment = errors.New("not a segment of this cache")

func readLayout(f io.ReaderAt, dimensions int) (layout, error) {
	b := make([]byte, headerSize)
	if _, err := f.ReadAt(b, 0); err != nil {
		return layout{}, errNoSegment
	}
	l := layout{int(binary.LittleEndian.Uint32(b[16:])), int(binary.LittleEndian.Uint32(b[20:]))}
	if string(b[:len(magic)]) != magic || binary.LittleEndian.Uint64(b[headerSize-8:]) != xxhash.Sum64(b[:headerSize-8]) ||
		l.dimensions != dimensions || l.slots < 1 || l.slots > mostSlots {
		return layout{}, errNoSegment
	}
	return l, nil
}

// segment is a file of vectors, open for reading.
type segment struct {
	layout
	name string
	file *os.File
	used int // slots whose keys have been read, or written by this process
}

func openSegment(path, name string, dimensions int) (*segment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	l, err := readLayout(f, dimensions)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &segment{layout: l, name: name, file: f}, nil
}

// more reads the keys that were written since the last call.
func (s *segment) more(visit func(slot int, k key)) {
	for s.used < s.slots {
		page := make([]byte, min(256, s.slots-s.used)*keySize)
		n, err := s.file.ReadAt(page, s.keyAt(s.used))
		for at := 0; at+keySize <= n; at += keySize {
			k := key(page[at : at+keySize])
			if k == (key{}) {
				return
			}
			visit(s.used, k)
			s.used++
		}
		if err != nil {
			return
		}
	}
}

// margin is what a buffer for records has in front of them, for unpack to work in.
const margin = keySize - sumSize

// read reads n records from a slot on into a buffer, behind its margin.
func (s *segment) read(slot, n int, buffer []byte) error {
	_, err := s.file.ReadAt(buffer[margin:margin+n*s.record()], s.recordAt(slot))
	return err
}

// unpack returns the vector of a record in a buffer, nil if the record does not hold what was written for the key. It works in what stands before the record, too:
// records are to be unpacked in their order.
func unpack(record []byte, k key, dimensions int) []float32 {
	sum := binary.LittleEndian.Uint64(record[margin:])
	copy(record, k[:]) // over the checksum, so that what it was made of lies side by side
	if xxhash.Sum64(record) != sum {
		return nil
	}
	v := make([]float32, dimensions)
	body := record[keySize:][:4*len(v)]
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i : 4*i+4]))
	}
	return v
}

// writer is a segment that this process alone adds to.
type writer struct {
	*segment
	file *os.File // locked
}

// add writes one vector and then its key.
func (w *writer) add(k key, v []float32) error {
	b := make([]byte, keySize+4*len(v))
	copy(b, k[:])
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[keySize+4*i:], math.Float32bits(x))
	}
	record := binary.LittleEndian.AppendUint64(make([]byte, 0, w.record()), xxhash.Sum64(b))
	record = append(record, b[keySize:]...)
	if _, err := w.file.WriteAt(record, w.recordAt(w.used)); err != nil {
		return fmt.Errorf("write a vector: %w", err)
	}
	if _, err := w.file.WriteAt(k[:], w.keyAt(w.used)); err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	w.used++
	return nil
}
