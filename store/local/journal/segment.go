package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"
)

// segment is a file whose memory can be read.
type segment struct {
	fileHeader
	memory  []byte // the file, and room for what it will grow by
	free    func() error
	end     atomic.Int64 // behind it nothing is stored
	live    atomic.Int64 // bytes of what is put and not released
	puts    atomic.Int64 // how many these are
	gone    atomic.Bool  // removed; readers may still hold a view
	checked bool         // the writer's: all of its frames are intact
}

func newSegment(h fileHeader, memory []byte, free func() error, end int64) *segment {
	s := &segment{fileHeader: h, memory: memory, free: free}
	s.end.Store(end)
	return s
}

const (
	segmentSuffix   = ".log"
	temporarySuffix = ".tmp"
)

func segmentName(number uint32) string { return fmt.Sprintf("%08d", number) + segmentSuffix }

// parseName returns the number of a file, and whether it is an unfinished one. An unfinished manifest has the number 0.
func parseName(name string) (number uint32, temporary, ok bool) {
	name, temporary = strings.CutSuffix(name, temporarySuffix)
	if temporary && name == manifestName {
		return 0, true, true
	}
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), temporary, ok && err == nil && segmentName(uint32(n)) == name
}

// openSegment opens a file for reading and writing and reads its header. It maps as much as capacity returns for its
// size; all of it when capacity is nil.
func openSegment(folder folder, number uint32, capacity func(size int64) int64) (*segment, file, error) {
	name := segmentName(number)
	f, err := folder.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, &Damage{name, 0, "the file is missing"}
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := readSegment(f, number, capacity)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return s, f, nil
}

func readSegment(f file, number uint32, capacity func(size int64) int64) (*segment, error) {
	size, err := f.size()
	if err != nil {
		return nil, err
	}
	if size < fileHeaderBytes {
		return nil, &Damage{segmentName(number), 0, "the file is shorter than its header"}
	}
	mapped := size
	if capacity != nil {
		mapped = capacity(size)
	}
	memory, free, err := f.memory(mapped)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", segmentName(number), err)
	}
	s := newSegment(fileHeader{number: number}, memory, free, size)
	err = guarded(s, func() error {
		header, reason := parseFileHeader(memory, number)
		if reason != "" {
			return &Damage{segmentName(number), 0, reason}
		}
		s.fileHeader = header
		return nil
	})
	if err != nil {
		_ = free()
		return nil, err
	}
	return s, nil
}

func (s *segment) damage(at int, format string, args ...any) error {
	return &Damage{segmentName(s.number), int64(at), fmt.Sprintf(format, args...)}
}

// precedes holds that the file behind s begins with the frame behind the last one of s.
func (s *segment) precedes(next *segment, sequence uint64) error {
	if next.sequence != sequence+1 {
		return s.damage(int(s.end.Load()), "the file ends with frame %d, and the next one begins with frame %d", sequence, next.sequence)
	}
	return nil
}

// count counts an entry that is new.
func (s *segment) count(kind Kind, size int64) {
	if kind == Put {
		s.live.Add(size)
		s.puts.Add(1)
	}
}

// check returns the frame at an offset, which has to be intact and to have the sequence number.
func (s *segment) check(at, size int, sequence uint64) (frame, error) {
	b := s.memory[:size]
	f, ok := parseFrame(b, at, s.mark)
	switch {
	case !ok && at > size-frameHeaderBytes:
		return f, s.damage(at, "the file ends within the header of a frame")
	case !ok && binary.LittleEndian.Uint64(b[at:]) != s.mark:
		return f, s.damage(at, "no frame begins here")
	case !ok:
		return f, s.damage(at, "the frame has %d bytes, and the file ends before", f.length)
	case !f.intact(b, at):
		return f, s.damage(at, "the checksum of the frame does not fit")
	case f.sequence != sequence:
		return f, s.damage(at, "the frame has number %d where %d has to be", f.sequence, sequence)
	case !f.holds(b, at):
		return f, s.damage(at, "the entries do not fill the frame")
	}
	return f, nil
}

// scan checks all frames of a file. It returns where they end, and the number of the last one. In the last file, torn says
// what is wrong with a frame behind them that was being written.
func (s *segment) scan(last bool, each func(frame)) (end int64, sequence uint64, torn, err error) {
	at, size := fileHeaderBytes, int(s.end.Load())
	for sequence = s.sequence - 1; at < size; {
		f, err := s.check(at, size, sequence+1)
		switch {
		case err == nil:
		case last && s.isTorn(at, size, sequence):
			return int64(at), sequence, err, nil
		default:
			return int64(at), sequence, nil, err
		}
		each(f)
		sequence = f.sequence
		at += f.size()
	}
	return int64(at), sequence, nil, nil
}

// isTorn tells whether what lies at the end of the last file, from an offset on, can be a frame that was being written:
// there is one such frame at most, and it is the last.
func (s *segment) isTorn(at, size int, sequence uint64) bool {
	b := s.memory[:size]
	// Both ends of its header are there, so what is between them was written, too. Then nothing can lie behind it.
	if f, ok := parseFrame(b, at, s.mark); ok && f.sequence == sequence+1 && at+f.size() < size {
		return false
	}
	mark := binary.LittleEndian.AppendUint64(nil, s.mark)
	for ; ; at++ {
		next := bytes.Index(b[at:], mark)
		if next < 0 {
			return true
		}
		at += next
		// A lower number is a copy of a stored frame that a user put.
		if f, ok := parseFrame(b, at, s.mark); ok && f.sequence > sequence && f.intact(b, at) {
			return false
		}
	}
}

// guarded calls f, and turns a fault on the memory of a segment into Damage: the disk cannot read it, or somebody else
// has cut the file.
func guarded(s *segment, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		d := s.fault(p)
		if d == nil {
			panic(p)
		}
		err = d
	}()
	return f()
}

// fault returns the damage that a panic tells of, if it is a fault on the memory of the segment.
func (s *segment) fault(panicked any) *Damage {
	fault, ok := panicked.(interface{ Addr() uintptr })
	if !ok || len(s.memory) == 0 {
		return nil
	}
	// A fault below the memory wraps around, and is out of range as well.
	at := fault.Addr() - uintptr(unsafe.Pointer(unsafe.SliceData(s.memory)))
	if at >= uintptr(len(s.memory)) {
		return nil
	}
	return &Damage{segmentName(s.number), int64(at), "the file cannot be read here: the disk has failed, or another program has cut the file"}
}

// cursor walks over the entries of a segment.
type cursor struct {
	segment  *segment
	trusting bool   // frames are not checked
	at       int    // of the next entry, or of the next frame
	end      int    // of the frame that at is in
	sequence uint64 // of that frame
}

func newCursor(s *segment, trusting bool) cursor {
	return cursor{s, trusting, fileHeaderBytes, fileHeaderBytes, s.sequence - 1}
}

// next returns the next entry and its size, or io.EOF behind the last one.
func (c *cursor) next() (e Entry, size int, err error) {
	limit := int(c.segment.end.Load())
	for c.at == c.end {
		if c.at == limit {
			return e, 0, io.EOF
		}
		if err := c.enter(limit); err != nil {
			return e, 0, err
		}
	}
	e, size, ok := parseEntry(c.segment.memory, c.at, c.end)
	if !ok {
		return e, 0, c.segment.damage(c.at, "no entry is here")
	}
	e.Location = locate(c.segment.number, c.at)
	c.at += size
	return e, size, nil
}

// enter begins the next frame.
func (c *cursor) enter(limit int) (err error) {
	f, ok := parseFrame(c.segment.memory[:limit], c.at, c.segment.mark)
	if !ok || !c.trusting {
		if f, err = c.segment.check(c.at, limit, c.sequence+1); err != nil {
			return err
		}
	}
	c.sequence = f.sequence
	c.at, c.end = c.at+frameHeaderBytes, c.at+f.size()
	return nil
}
