package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// zipEntries reads from the end of a zip archive how many entries its directory has, which the standard library holds in memory
// all at once.
func zipEntries(r io.ReaderAt, size int64) (int64, error) {
	const endSize, locatorSize, end64Size = 22, 20, 56
	tail := make([]byte, min(size, endSize+1<<16)) // the end record and the longest comment
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || at+endSize > len(tail) {
		return 0, errors.New("no end of the directory")
	}
	entries := int64(binary.LittleEndian.Uint16(tail[at+10:]))
	if entries < 1<<16-1 || at < locatorSize || !bytes.HasPrefix(tail[at-locatorSize:], []byte("PK\x06\x07")) {
		return entries, nil
	}
	offset := binary.LittleEndian.Uint64(tail[at-locatorSize+8:])
	if offset > uint64(size) {
		return 0, errors.New("the directory's end lies outside the file")
	}
	end := make([]byte, end64Size)
	if _, err := r.ReadAt(end, int64(offset)); err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(end[32:])), nil
}
