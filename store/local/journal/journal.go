// Package journal keeps records in an append-only log of numbered files, and reads them out of the mapped files, so that
// they lie in the page cache of the system and not on the heap.
//
// It has no index. [Journal.Replay] hands over everything that is stored, in the order in which it was written; the caller
// remembers the [Location] of what it wants to read again, and tells with [Journal.Release] which locations it has
// forgotten. Space comes back when [Journal.Compact] has copied what is left of the oldest file to the end.
//
// # What holds after a kill
//
// A commit is one frame with one checksum, flushed to the disk before [Journal.Commit] returns: after a kill, or when the
// power fails, it is there as a whole, and one that has not returned is there as a whole or not at all. Open cuts off a
// frame that was being written. Anything else that is not as it was written is [ErrCorrupt], with the file and the
// offset. Only one kind of damage cannot be told from a frame that was being written: that of the very last frame of a
// journal which was not closed. A journal that is closed ends with an empty frame, so that all before it is guarded.
//
// # One writer, many readers
//
// Commit, Compact, Replay and Close wait for each other. Readers wait for nobody: they take a [Journal.Pin], look up their
// locations, read, and give the pin back. A view into a file is valid until the pin is given back.
package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Errors, met with errors.Is.
var (
	ErrLocked  = errors.New("the folder is in use, here or in another process")
	ErrFormat  = errors.New("the folder was written by a newer version of this program")
	ErrCorrupt = errors.New("what is stored is damaged") // comes as a *Damage
	ErrFull    = errors.New("no room left on the disk")
	ErrSync    = errors.New("the disk failed to flush what was written: nothing more is written until the folder is opened again")
	ErrClosed  = errors.New("the journal is closed")
)

// Damage is an error that tells where the files are not as they were written.
type Damage struct {
	File   string // its name in the folder
	Offset int64  // in bytes, of the frame or of the header that is damaged
	Reason string
}

func (d *Damage) Error() string {
	return fmt.Sprintf("%v: %s at byte %d: %s", ErrCorrupt, d.File, d.Offset, d.Reason)
}

// Unwrap returns ErrCorrupt.
func (d *Damage) Unwrap() error { return ErrCorrupt }

// Options of a journal; the zero value works.
type Options struct {
	// FileBytes is how large a file grows before the next one is begun; 0 means 256 MiB, and 16 GiB is the most. A commit
	// that is larger has a file of its own.
	FileBytes int64
	// StepBytes is about how much one call of Compact copies, and a fourth of what it looks at; 0 means 4 MiB.
	StepBytes int64
	// Progress is called by Replay, now and then and at its end, with the bytes that are read and those there are.
	Progress func(read, total int64)
}

const (
	defaultFileBytes = 256 << 20
	defaultStepBytes = 4 << 20
	maxFileBytes     = 16 << 30
	minHeapBytes     = 64 << 10 // of a file that lies on the heap
	maxHeapBytes     = 64 << 20
)

func (o Options) withDefaults() Options {
	if o.FileBytes <= 0 {
		o.FileBytes = defaultFileBytes
	}
	o.FileBytes = min(o.FileBytes, maxFileBytes)
	if o.StepBytes <= 0 {
		o.StepBytes = defaultStepBytes
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	return o
}

// Location says where an entry lies. It stays the same until the entry is moved by Compact, also when the journal is
// closed and opened again. 0 is no location.
type Location uint64

// A location is the number of a file, and an offset in units of 8 bytes.
func locate(number uint32, offset int) Location { return Location(number)<<32 | Location(offset/8) }

func (l Location) number() uint32 { return uint32(l >> 32) }
func (l Location) offset() int    { return int(uint32(l)) * 8 }

// Kind says what an entry does.
type Kind uint8

// The kinds of entries.
const (
	Put    Kind = iota + 1 // the key of the bucket has this value
	Delete                 // the key of the bucket is no more; it has no value
	Drop                   // nothing of the bucket is any more; it has neither key nor value
)

// Mutation is what one entry of a commit shall do.
type Mutation struct {
	Kind       Kind
	Bucket     uint64
	Key, Value []byte
}

// Entry is one stored mutation. Key and Value are views into a file: they must not be written to, and are valid while the
// journal is open and Compact has not moved them.
type Entry struct {
	Kind       Kind
	Bucket     uint64
	Key, Value []byte
	Location   Location
}

// Journal is an open folder. It is safe for concurrent use.
type Journal struct {
	dir     string // "" on the heap
	folder  folder
	options Options

	writer    sync.Mutex // guards what follows
	tail      *segment   // the last file
	file      file       // of tail
	list      manifest   // as it lies on the disk
	sequence  uint64     // of the last frame
	replayed  bool       // all files are checked, and counted
	torn      bool       // behind the end of tail may lie what a failed write left
	full      bool       // tail takes no more, as the file behind it may exist
	empty     bool       // the last frame is an empty one
	unflushed error      // why nothing more is written
	closed    bool
	walk      cursor // how far Compact has come
	buffer    []byte

	cut     int64 // bytes of a torn frame that Open cut off
	changes sync.Mutex
	table   atomic.Pointer[table] // replaced under changes
	present atomic.Pointer[era]   // nil when closed
}

// table lists the segments that can be read. It is never changed, but replaced. Numbers have no gaps.
type table struct{ segments []*segment }

func (t *table) find(number uint32) *segment {
	if len(t.segments) == 0 {
		return nil
	}
	// A number below the first one wraps around, and is out of range as well.
	if i := number - t.segments[0].number; uint64(i) < uint64(len(t.segments)) {
		return t.segments[i]
	}
	return nil
}

// Open opens the journal in dir, and makes the folder if it is not there. With dir "" the same is kept on the heap, and
// gone when the journal is closed. The folder is locked: another Open, in this or another process, returns ErrLocked at
// once. Other files in the folder are left alone.
//
// Open checks the last file, and cuts off a frame that was being written when its process ended. The other files are
// checked by Replay, which has to be called before anything is written, unless the journal is empty.
func Open(dir string, options Options) (*Journal, error) {
	if dir == "" {
		return open("", newHeap(), options)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", dir, err)
	}
	disk, err := openDisk(abs)
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", abs, full(err))
	}
	return open(abs, disk, options)
}

// open opens the journal in a folder, and closes the folder when it fails.
func open(dir string, folder folder, options Options) (*Journal, error) {
	j := &Journal{dir: dir, folder: folder, options: options.withDefaults()}
	j.table.Store(&table{})
	j.present.Store(newEra())
	if err := j.load(); err != nil {
		for _, s := range j.table.Load().segments {
			_ = s.free() // the error that is told is the one before
		}
		if j.file != nil {
			_ = j.file.Close()
		}
		_ = folder.close()
		return nil, j.wrap("open", err)
	}
	return j, nil
}

// load opens the files that the manifest lists, and makes the first one of a new journal.
func (j *Journal) load() error {
	list, err := readManifest(j.folder)
	if err != nil {
		return err
	}
	// The manifest and the names that are seen may be those of a process that was killed before it flushed them.
	if err := j.folder.sync(); err != nil {
		return err
	}
	j.list = list
	leftovers, err := unlisted(j.folder, list)
	if err != nil {
		return err
	}
	for _, name := range leftovers {
		// One that cannot be removed costs its room and nothing else: it is not read, and what takes its name replaces it.
		_ = j.folder.remove(name)
	}
	if j.list.last == 0 {
		j.replayed = true
		return j.next(0)
	}
	for number := j.list.first; number < j.list.last; number++ {
		s, f, err := openSegment(j.folder, number, nil)
		if err != nil {
			return err
		}
		j.append(s)
		// A mapping outlives its file's descriptor, and nothing is written to this file any more.
		if err := f.Close(); err != nil {
			return err
		}
	}
	return j.loadTail()
}

// loadTail opens the last file, and cuts off a frame that was being written.
func (j *Journal) loadTail() error {
	s, f, err := openSegment(j.folder, j.list.last, func(size int64) int64 { return j.capacity(size, 0) })
	if err != nil {
		return err
	}
	j.file = f
	j.tail = s
	j.append(s)
	size := s.end.Load()
	var end int64
	err = guarded(s, func() (err error) {
		end, j.sequence, _, err = s.scan(true, func(f frame) { j.empty = f.entries == 0 })
		return err
	})
	if err != nil {
		return err
	}
	if end < size {
		if err := f.Truncate(end); err != nil {
			return err
		}
		j.cut = size - end
	}
	// What was found may lie in the page cache alone, written by a process that was killed before it flushed it. From here
	// on it counts as stored.
	if err := f.Sync(); err != nil {
		return err
	}
	s.end.Store(end)
	s.checked = true
	j.replayed = j.list.first == j.list.last && end == fileHeaderBytes
	return nil
}

// capacity returns how much of a file to map that has so many bytes and shall take need more.
func (j *Journal) capacity(size, need int64) int64 {
	limit := j.options.FileBytes
	if j.dir == "" || !mapsFiles {
		// Memory that is asked for is memory that is used: let it grow with what there is.
		limit = min(limit, max(minHeapBytes, 2*size, j.bytes()), maxHeapBytes)
	}
	return max(limit, max(size, fileHeaderBytes+need)+frameHeaderBytes)
}

func (j *Journal) bytes() (sum int64) {
	for _, s := range j.table.Load().segments {
		sum += s.end.Load()
	}
	return sum
}

func (j *Journal) append(s *segment) {
	j.changes.Lock()
	defer j.changes.Unlock()
	old := j.table.Load().segments
	j.table.Store(&table{append(old[:len(old):len(old)], s)})
}

// Commit writes all of the mutations, or none of them, and returns where each of them lies. When it returns nil for an
// error they are on the disk.
//
// When there is no room the error is ErrFull, nothing of the batch is kept, reads go on, and a later Commit works when
// there is room. When the disk fails to flush the batch, it counts as not written, and this and every later Commit returns
// ErrSync: what the system says about the file afterwards cannot be relied on. The next Open finds out what is there, and
// it may be that it finds this batch.
func (j *Journal) Commit(batch []Mutation) ([]Location, error) {
	j.writer.Lock()
	defer j.writer.Unlock()
	if err := j.writable(); err != nil {
		return nil, j.wrap("commit to", err)
	}
	if len(batch) == 0 {
		return nil, nil
	}
	locations, err := j.write(batch)
	if err != nil {
		return nil, j.wrap("commit to", err)
	}
	return locations, nil
}

func (j *Journal) wrap(doing string, err error) error {
	return fmt.Errorf("%s %s: %w", doing, j.name(), full(err))
}

func (j *Journal) name() string {
	if j.dir == "" {
		return "journal in memory"
	}
	return "journal " + j.dir
}

// full says ErrFull of an error that came for want of room.
func full(err error) error {
	if isFull(err) && !errors.Is(err, ErrSync) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

var errNotReplayed = errors.New("nothing is written before all that is stored was read: call Replay first")

func (j *Journal) writable() error {
	switch {
	case j.closed:
		return ErrClosed
	case j.unflushed != nil:
		return j.unflushed
	case !j.replayed:
		return errNotReplayed
	}
	return nil
}

// write writes one frame and flushes it.
func (j *Journal) write(batch []Mutation) ([]Location, error) {
	size, err := frameSize(batch)
	if err != nil {
		return nil, err
	}
	if err := j.clean(); err != nil {
		return nil, err
	}
	room := size
	if len(batch) > 0 {
		room += frameHeaderBytes // for the empty frame of Close
	}
	if j.full || j.tail.end.Load()+room > int64(len(j.tail.memory)) {
		if err := j.next(size); err != nil {
			return nil, err
		}
	}
	s := j.tail
	end := s.end.Load()
	if err := j.uncut(); err != nil {
		return nil, err
	}
	j.torn = true
	buffer, err := writeFrame(j.file, end, j.buffer, s.mark, j.sequence+1, size, batch)
	if cap(buffer) <= 2*pieceBytes {
		j.buffer = buffer
	}
	if err != nil {
		_ = j.clean() // the next write tries again, and does not write before it has succeeded
		return nil, err
	}
	if err := j.flush(); err != nil {
		return nil, err
	}
	j.torn = false
	j.sequence++
	j.empty = len(batch) == 0
	s.end.Store(end + size)
	locations := make([]Location, len(batch))
	at := int(end) + frameHeaderBytes
	for i, m := range batch {
		locations[i] = locate(s.number, at)
		s.count(m.Kind, entrySize(len(m.Key), len(m.Value)))
		at += int(entrySize(len(m.Key), len(m.Value)))
	}
	return locations, nil
}

// uncut tells when somebody else has cut the last file: what would be written behind its end would not be found again.
func (j *Journal) uncut() error {
	size, err := j.file.size()
	if err == nil && size < j.tail.end.Load() {
		err = j.tail.damage(int(size), "the file ends here, %d bytes before what was written to it: another program has cut it", j.tail.end.Load()-size)
	}
	return err
}

// clean cuts off what a failed write has left. Open would take it for a torn frame, but a frame that is shorter may not
// be written over it: what would lie behind its end would look like damage.
func (j *Journal) clean() error {
	if !j.torn {
		return nil
	}
	if err := j.file.Truncate(j.tail.end.Load()); err != nil {
		return fmt.Errorf("remove what a failed write left: %w", err)
	}
	j.torn = false
	return nil
}

// flush flushes the last file. Where it fails, the pages may be marked as clean and never be written again, and a second
// flush would succeed and prove nothing.
func (j *Journal) flush() error {
	err := j.file.Sync()
	if err == nil {
		return nil
	}
	j.unflushed = fmt.Errorf("%w: %w", ErrSync, err)
	// The batch counts as not written, so the next Open had better not find it. This may fail, too.
	if j.clean() == nil {
		_ = j.file.Sync()
	}
	return j.unflushed
}

// next seals the last file and begins another one, in which a frame of so many bytes fits. The order of its steps is
// what unlisted relies on: the new file is whole when it gets its name, and gets its first frame when it is on the list.
func (j *Journal) next(need int64) error {
	if j.tail != nil && !j.full {
		if err := j.clean(); err != nil {
			return err
		}
		// An earlier clean may not be on the disk yet.
		if err := j.flush(); err != nil {
			return err
		}
	}
	number := j.list.last + 1
	name := segmentName(number)
	header := fileHeader{number: number, sequence: j.sequence + 1, mark: rand.Uint64() | 1}
	f, err := j.folder.create(name + temporarySuffix)
	if err != nil {
		return err
	}
	s, err := j.begin(f, name, header, need)
	if err != nil {
		_ = f.Close()
		return err
	}
	if j.file != nil {
		_ = j.file.Close() // everything in it is flushed
	}
	j.tail, j.file, j.full, j.torn = s, f, false, false
	j.append(s)
	return nil
}

// begin writes the header of a new file, gives it its name, and puts it on the list.
func (j *Journal) begin(f file, name string, header fileHeader, need int64) (*segment, error) {
	s, err := func() (*segment, error) {
		if _, err := f.WriteAt(header.encode(), 0); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		memory, free, err := f.memory(j.capacity(0, need))
		if err != nil {
			return nil, err
		}
		return newSegment(header, memory, free, fileHeaderBytes), nil
	}()
	if err != nil {
		_ = j.folder.remove(name + temporarySuffix) // Open would remove it, too
		return nil, err
	}
	s.checked = true
	j.full = true
	list := manifest{max(j.list.first, 1), header.number}
	err = j.folder.rename(name+temporarySuffix, name)
	if err == nil {
		err = j.folder.sync()
	}
	if err == nil {
		err = writeManifest(j.folder, list)
	}
	if err != nil {
		_ = s.free()
		return nil, err
	}
	j.list = list
	return s, nil
}

// Read returns the value that was put at a location, as a view into the file: it must not be written to. The caller holds
// a pin that it took before it looked the location up, or is the one that calls Compact. It panics when no entry lies at
// the location, which means that its file was removed or that it is not from this journal.
//
// The first byte lies at an address that is a multiple of 8, so that, on a little-endian machine, a value that is a row of
// float32 can be used where it lies. The checksum is not computed again. Where the disk cannot read a page any more,
// touching the view is a fault, which ends the process unless debug.SetPanicOnFault is set; see [Journal.Fault].
func (j *Journal) Read(l Location) []byte {
	s := j.table.Load().find(l.number())
	if s == nil {
		panic(fmt.Sprintf("journal: location %#x is in file %d, which is not open", uint64(l), l.number()))
	}
	e, _, ok := parseEntry(s.memory, l.offset(), int(s.end.Load()))
	if !ok || l.offset() < fileHeaderBytes {
		panic(fmt.Sprintf("journal: no entry is at location %#x", uint64(l)))
	}
	return e.Value
}

// Release tells that the entry at a location is not the current one any more: its key was put again or deleted, or its
// bucket dropped. It is called once for each such location, also while Replay reads; not for what Compact has moved. Like
// Read, it is called under a pin, or by the one that calls Compact.
func (j *Journal) Release(l Location) {
	s := j.table.Load().find(l.number())
	if s == nil || l.offset() < fileHeaderBytes {
		return
	}
	// What cannot be read any more is not counted, and found by whoever needs it.
	_ = guarded(s, func() error {
		if e, size, ok := parseEntry(s.memory, l.offset(), int(s.end.Load())); ok && e.Kind == Put {
			s.live.Add(-int64(size))
			s.puts.Add(-1)
		}
		return nil
	})
}

// Fault tells what a recovered panic says of the files: the damage, where it is a fault on memory that one of them is mapped
// into, and nil of any other panic. Goroutines that touch views set debug.SetPanicOnFault to have such panics at all.
func (j *Journal) Fault(panicked any) *Damage {
	for _, s := range j.table.Load().segments {
		if d := s.fault(panicked); d != nil {
			return d
		}
	}
	return nil
}

// Stats tells how much is stored.
type Stats struct {
	Files     int
	Bytes     int64 // of all files
	DeadBytes int64 // of them: what was released, tombstones, and headers; all of it until Replay has counted
	Entries   int64 // that are put and not released
	CutBytes  int64 // that Open cut off, of a commit that was being written when its process ended
}

// Stats may be called at any time.
func (j *Journal) Stats() Stats {
	stats := Stats{CutBytes: j.cut}
	for _, s := range j.table.Load().segments {
		if s.gone.Load() {
			continue
		}
		end := s.end.Load()
		stats.Files++
		stats.Bytes += end
		stats.DeadBytes += end - s.live.Load()
		stats.Entries += s.puts.Load()
	}
	return stats
}

// Close closes the folder and lets another open it. Views that readers hold under a pin stay valid until they give it back.
func (j *Journal) Close() error {
	j.writer.Lock()
	defer j.writer.Unlock()
	if j.closed {
		return nil
	}
	var cut error
	if j.writable() == nil && j.sequence > 0 && !j.empty {
		// The empty frame guards what lies before it; nothing is lost without it. But if the file was cut, the next Open may
		// take its end for a frame that was being written, so this is the last chance to tell.
		if _, err := j.write(nil); errors.Is(err, ErrCorrupt) {
			cut = err
		}
	}
	j.closed = true
	err := errors.Join(cut, j.file.Close(), j.folder.close())
	j.end()
	if err != nil {
		return j.wrap("close", err)
	}
	return nil
}
