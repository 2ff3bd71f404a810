package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// A file is a header, and frames one behind the other. All numbers are little-endian, all offsets multiples of 8.
//
//	file    magic 8, format 4, number 4, sequence of the first frame 8, mark 8, zero 4, checksum of what is before 4
//	frame   mark 8, checksum of what follows 4, entries 4, bytes of all entries 8, sequence 8, entries
//	entry   kind 1, zero 3, bytes of the key 4, bucket 8, bytes of the value 8, value, zeros to 8, key, zeros to 8
//
// The mark is a random number of each file. Bytes of a user that look like a frame do not hold it, so that what lies
// behind a torn frame can be searched for another one. Checksums are CRC-32C.
const (
	fileHeaderBytes  = 40
	frameHeaderBytes = 32
	entryHeaderBytes = 24

	magic         = "akin log"
	formatVersion = 1

	pieceBytes   = 4 << 20 // of a frame that are written at once
	maxFrameSize = maxFileBytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func padded(n int) int64 { return (int64(n) + 7) &^ 7 }

type fileHeader struct {
	number   uint32
	sequence uint64 // of the first frame
	mark     uint64
}

func (h fileHeader) encode() []byte {
	b := append(make([]byte, 0, fileHeaderBytes), magic...)
	b = binary.LittleEndian.AppendUint32(b, formatVersion)
	b = binary.LittleEndian.AppendUint32(b, h.number)
	b = binary.LittleEndian.AppendUint64(b, h.sequence)
	b = binary.LittleEndian.AppendUint64(b, h.mark)
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseFileHeader reads the header of the file with a number. It says why it cannot.
func parseFileHeader(b []byte, number uint32) (h fileHeader, reason string) {
	if len(b) < fileHeaderBytes {
		return h, "the file is shorter than its header"
	}
	b = b[:fileHeaderBytes]
	h = fileHeader{
		number: binary.LittleEndian.Uint32(b[12:]), sequence: binary.LittleEndian.Uint64(b[16:]), mark: binary.LittleEndian.Uint64(b[24:]),
	}
	switch {
	case string(b[:8]) != magic:
		return h, "it is not a file of a journal"
	case binary.LittleEndian.Uint32(b[36:]) != crc32.Checksum(b[:36], castagnoli):
		return h, "the checksum of the header does not fit"
	case binary.LittleEndian.Uint32(b[8:]) != formatVersion:
		return h, fmt.Sprintf("the header says format %d, and the folder is of format %d", binary.LittleEndian.Uint32(b[8:]), formatVersion)
	case h.number != number:
		return h, fmt.Sprintf("the header says that this is file %d", h.number)
	}
	return h, ""
}

type frame struct {
	sum      uint32
	entries  uint32
	length   uint64 // of the entries, in bytes
	sequence uint64
}

// parseFrame reads the header of a frame at offset at of b. It is not ok when no frame with the mark fits there.
func parseFrame(b []byte, at int, mark uint64) (f frame, ok bool) {
	if at > len(b)-frameHeaderBytes || binary.LittleEndian.Uint64(b[at:]) != mark {
		return f, false
	}
	f = frame{
		sum: binary.LittleEndian.Uint32(b[at+8:]), entries: binary.LittleEndian.Uint32(b[at+12:]),
		length: binary.LittleEndian.Uint64(b[at+16:]), sequence: binary.LittleEndian.Uint64(b[at+24:]),
	}
	return f, f.length%8 == 0 && f.length <= uint64(len(b)-at-frameHeaderBytes)
}

// size is that of the whole frame.
func (f frame) size() int { return frameHeaderBytes + int(f.length) }

// intact tells whether a frame at offset at of b, which fits there, is as it was written.
func (f frame) intact(b []byte, at int) bool {
	return crc32.Checksum(b[at+12:at+f.size()], castagnoli) == f.sum
}

// holds tells whether the entries of an intact frame fill it. They do, unless somebody made up the frame.
func (f frame) holds(b []byte, at int) bool {
	end := at + f.size()
	at += frameHeaderBytes
	for range f.entries {
		_, size, ok := parseEntry(b, at, end)
		if !ok {
			return false
		}
		at += size
	}
	return at == end
}

func entrySize(key, value int) int64 { return entryHeaderBytes + padded(value) + padded(key) }

// parseEntry reads the entry at offset at of b, which ends before offset end. Its location is left out.
func parseEntry(b []byte, at, end int) (e Entry, size int, ok bool) {
	if at > end-entryHeaderBytes {
		return e, 0, false
	}
	h := b[at : at+entryHeaderBytes]
	e.Kind = Kind(h[0])
	key, value := binary.LittleEndian.Uint32(h[4:]), binary.LittleEndian.Uint64(h[16:])
	e.Bucket = binary.LittleEndian.Uint64(h[8:])
	if e.Kind < Put || e.Kind > Drop || value > math.MaxInt/4 || uint64(key) > math.MaxInt/4 {
		return e, 0, false
	}
	whole := entrySize(int(key), int(value))
	if whole > int64(end-at) {
		return e, 0, false
	}
	at += entryHeaderBytes
	to := at + int(value)
	e.Value = b[at:to:to]
	at += int(padded(int(value)))
	to = at + int(key)
	e.Key = b[at:to:to]
	return e, int(whole), true
}

// frameSize returns how many bytes the frame of a batch has.
func frameSize(batch []Mutation) (int64, error) {
	size := int64(frameHeaderBytes)
	if uint64(len(batch)) > math.MaxUint32 {
		return 0, fmt.Errorf("a batch of %d mutations is too large", len(batch))
	}
	for i, m := range batch {
		switch {
		case m.Kind < Put || m.Kind > Drop:
			return 0, fmt.Errorf("mutation %d has the unknown kind %d", i, m.Kind)
		case m.Kind != Put && len(m.Value) > 0, m.Kind == Drop && len(m.Key) > 0:
			return 0, fmt.Errorf("mutation %d, of kind %d, has a key or a value that this kind does not have", i, m.Kind)
		case uint64(len(m.Key)) > math.MaxUint32:
			return 0, fmt.Errorf("mutation %d has a key of %d bytes, more than 4 GiB", i, len(m.Key))
		}
		if size += entrySize(len(m.Key), len(m.Value)); size > maxFrameSize {
			return 0, fmt.Errorf("a batch of more than %d bytes is too large", int64(maxFrameSize))
		}
	}
	return size, nil
}

// writeFrame writes a batch as one frame at an offset: at once when it is small, or piece by piece and then its checksum.
// It returns the buffer for the next time.
func writeFrame(w io.WriterAt, offset int64, buffer []byte, mark, sequence uint64, size int64, batch []Mutation) ([]byte, error) {
	b := binary.LittleEndian.AppendUint64(buffer[:0], mark)
	b = binary.LittleEndian.AppendUint32(b, 0) // the checksum
	b = binary.LittleEndian.AppendUint32(b, uint32(len(batch)))
	b = binary.LittleEndian.AppendUint64(b, uint64(size-frameHeaderBytes))
	b = binary.LittleEndian.AppendUint64(b, sequence)
	sum, at, unsummed := uint32(0), offset, 12
	for _, m := range batch {
		b = appendEntry(b, m)
		if len(b) < pieceBytes {
			continue
		}
		sum, unsummed = crc32.Update(sum, castagnoli, b[unsummed:]), 0
		if _, err := w.WriteAt(b, at); err != nil {
			return b, err
		}
		at += int64(len(b))
		b = b[:0]
	}
	sum = crc32.Update(sum, castagnoli, b[unsummed:])
	if at == offset {
		binary.LittleEndian.PutUint32(b[8:], sum)
		_, err := w.WriteAt(b, offset)
		return b, err
	}
	if _, err := w.WriteAt(b, at); err != nil {
		return b, err
	}
	_, err := w.WriteAt(binary.LittleEndian.AppendUint32(nil, sum), offset+8)
	return b, err
}

func appendEntry(b []byte, m Mutation) []byte {
	b = append(b, byte(m.Kind), 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.Key)))
	b = binary.LittleEndian.AppendUint64(b, m.Bucket)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(m.Value)))
	b = appendPadded(b, m.Value)
	return appendPadded(b, m.Key)
}

func appendPadded(b, value []byte) []byte {
	b = append(b, value...)
	return append(b, make([]byte, padded(len(value))-int64(len(value)))...)
}
