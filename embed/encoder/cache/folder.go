package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/akinserver/akin/filelock"
)

const suffix = ".vectors"

// folder is the vectors of one fingerprint on disk. Every process appends to a segment of its own, and reads those of all.
type folder struct {
	root       string // of all fingerprints
	dir        string // of this one
	dimensions int
	size       int64 // bytes that root may take
	log        *slog.Logger
	buffers    sync.Pool

	mu       sync.RWMutex // of index and segments
	index    map[key]place
	segments map[string]*segment

	writing sync.Mutex // held before mu
	own     *writer
	rest    time.Time // nothing is written before: the disk is full, or cannot be written

	telling sync.Mutex
	told    time.Time // of the last failure
}

// place is where a vector lies.
type place struct {
	*segment
	slot int32
}

func openFolder(root, fingerprint string, dimensions int, size int64, log *slog.Logger) (*folder, error) {
	sum := sha256.Sum256([]byte(fingerprint))
	f := &folder{
		root: root, dir: filepath.Join(root, hex.EncodeToString(sum[:8])), dimensions: dimensions, size: size, log: log,
		index: map[key]place{}, segments: map[string]*segment{},
	}
	f.buffers.New = func() any {
		b := make([]byte, margin+together*layout{dimensions: dimensions}.record())
		return &b
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	return f, f.label(fingerprint)
}

// label writes down whose vectors the folder holds, for people who look into it.
func (f *folder) label(fingerprint string) error {
	file := filepath.Join(f.dir, "fingerprint")
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	return replaceFile(file, []byte(fingerprint+"\n"))
}

// replaceFile writes a file that is there whole or not at all.
func replaceFile(path string, content []byte) error {
	temp := path + "." + rand.Text()
	err := os.WriteFile(temp, content, 0o600)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(temp)))
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// together is how many records are read at once, where they lie side by side: as a rule what is asked for together was written together.
const together = 32

// get puts the vectors of keys in their places, and nil where there is none that can be trusted.
func (f *folder) get(keys []key, vectors [][]float32) {
	places := make([]place, len(keys))
	f.mu.RLock()
	for i, k := range keys {
		places[i] = f.index[k]
	}
	f.mu.RUnlock()
	buffer := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buffer)
	for i := 0; i < len(keys); {
		n := 1
		for n < together && i+n < len(keys) && places[i+n].follows(places[i], n) {
			n++
		}
		if places[i].segment != nil {
			f.read(places[i], keys[i:i+n], vectors[i:i+n], *buffer)
		}
		i += n
	}
	for i, at := range places {
		if vectors[i] == nil && at.segment != nil {
			f.distrust(keys[i], at)
		}
	}
}

// follows tells whether a place is n slots behind another.
func (p place) follows(first place, n int) bool {
	return p.segment != nil && p.segment == first.segment && p.slot == first.slot+int32(n)
}

// read puts the vectors of keys that lie side by side in their places.
func (f *folder) read(first place, keys []key, vectors [][]float32, buffer []byte) {
	if first.segment.read(int(first.slot), len(keys), buffer) != nil {
		if len(keys) > 1 { // the file may end among them
			for i := range keys {
				f.read(place{first.segment, first.slot + int32(i)}, keys[i:i+1], vectors[i:i+1], buffer)
			}
		}
		return
	}
	for i, k := range keys {
		at := i * first.record()
		vectors[i] = unpack(buffer[at:at+margin+first.record()], k, f.dimensions)
	}
}

// distrust forgets where a vector lies that is not there.
func (f *folder) distrust(k key, at place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.index[k] == at {
		delete(f.index, k)
	}
}

func (f *folder) has(k key) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, ok := f.index[k]
	return ok
}

// refresh learns what other processes have written, and which segments are gone. A folder that cannot be read holds nothing.
func (f *folder) refresh() {
	entries, err := os.ReadDir(f.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.warn("read", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	there := map[string]bool{}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, suffix) {
			continue
		}
		there[name] = true
		s := f.segments[name]
		if s == nil {
			if s, err = openSegment(filepath.Join(f.dir, name), name, f.dimensions); err != nil {
				continue
			}
			f.segments[name] = s
		}
		if f.own == nil || f.own.segment != s {
			f.learn(s)
		}
	}
	for name, s := range f.segments {
		if !there[name] {
			f.forget(s)
		}
	}
}

// learn reads the keys that were added to a segment. Callers hold mu.
func (f *folder) learn(s *segment) {
	s.more(func(slot int, k key) {
		// Two processes may have written the same key, or one again what was damaged: the first that is right stays.
		if at, twice := f.index[k]; !twice || !f.right(at, k) {
			f.index[k] = place{s, int32(slot)}
		}
	})
}

func (f *folder) right(at place, k key) bool {
	buffer := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buffer)
	vectors := make([][]float32, 1)
	f.read(at, []key{k}, vectors, *buffer)
	return vectors[0] != nil
}

// forget closes a segment that was evicted. Callers hold mu.
func (f *folder) forget(s *segment) {
	delete(f.segments, s.name)
	for k, at := range f.index {
		if at.segment == s {
			delete(f.index, k)
		}
	}
	s.file.Close()
}

// put keeps a vector. Where it cannot, it does not try again for a minute.
func (f *folder) put(k key, v []float32) {
	f.writing.Lock()
	defer f.writing.Unlock()
	if k == (key{}) || time.Now().Before(f.rest) || f.has(k) {
		return
	}
	if err := f.write(k, v); err != nil {
		f.rest = time.Now().Add(pause)
		f.warn("write", err)
	}
}

// pause is how long after a failure the next is told, or the next vector written.
const pause = time.Minute

// warn tells of a failure, which costs nothing but what is embedded again for it.
func (f *folder) warn(what string, err error) {
	f.telling.Lock()
	defer f.telling.Unlock()
	if time.Since(f.told) < pause {
		return
	}
	f.told = time.Now()
	f.log.Warn("the cache of vectors does not work; texts may be embedded again", "what", what, "folder", f.dir, "error", err)
}

func (f *folder) write(k key, v []float32) error {
	if f.own == nil || f.own.used == f.own.slots || !f.own.stillThere(f.dir) {
		if err := f.nextSegment(); err != nil {
			return err
		}
	}
	w := f.own
	if err := w.add(k, v); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.index[k] = place{w.segment, int32(w.used - 1)}
	return nil
}

// stillThere tells whether a segment is the file of its name: nobody has evicted it.
func (w *writer) stillThere(dir string) bool {
	mine, err := w.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(filepath.Join(dir, w.name))
	return err == nil && os.SameFile(mine, there)
}

// nextSegment gives this process a segment to add to: one that a process left unfilled when it ended, or a new one.
func (f *folder) nextSegment() error {
	f.release()
	if err := os.MkdirAll(f.dir, 0o700); err != nil { // somebody may have cleared the cache
		return err
	}
	f.refresh()
	f.mu.RLock()
	var unfilled []*segment
	for _, s := range f.segments {
		if s.used < s.slots {
			unfilled = append(unfilled, s)
		}
	}
	f.mu.RUnlock()
	for _, s := range unfilled {
		if f.take(s) {
			return nil
		}
	}
	for range 3 { // another process may be quicker to take it
		s, err := f.create()
		if err != nil {
			return err
		}
		if f.take(s) {
			return nil
		}
	}
	return fmt.Errorf("lock a new segment: other processes take them all, or the file system has no locks")
}

// release leaves the own segment to others.
func (f *folder) release() {
	if f.own == nil {
		return
	}
	file := f.own.file
	f.mu.Lock()
	f.own = nil
	f.mu.Unlock()
	file.Close()
}

// take makes a segment this process' own, and reads what was added to it until then. It tells whether it could: another process may have it, or have filled it.
func (f *folder) take(s *segment) bool {
	file, err := os.OpenFile(filepath.Join(f.dir, s.name), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	w := &writer{s, file}
	f.mu.Lock()
	defer f.mu.Unlock()
	if tryLock(file) && w.stillThere(f.dir) {
		f.learn(s)
		if s.used < s.slots {
			f.own = w
			return true
		}
	}
	file.Close()
	return false
}

// create makes an empty segment, for which older ones may have to go.
func (f *folder) create() (*segment, error) {
	l := f.layout()
	if err := evict(f.root, f.size-l.size()); err != nil {
		return nil, err
	}
	f.refresh() // what was evicted takes room until it is closed
	name := rand.Text() + suffix
	path := filepath.Join(f.dir, name)
	if err := replaceFile(path, l.header()); err != nil {
		return nil, err
	}
	s, err := openSegment(path, name, f.dimensions)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.segments[name] = s
	return s, nil
}

// layout of a new segment: a sixty-fourth of the cache, from 256 KiB to 1 GiB.
func (f *folder) layout() layout {
	target := min(max(f.size/64, 256<<10), 1<<30)
	l := layout{dimensions: f.dimensions}
	l.slots = int(min(max((target-headerSize)/int64(keySize+l.record()), 16), mostSlots))
	return l
}

func (f *folder) close() error {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.release()
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, s := range f.segments {
		errs = append(errs, s.file.Close())
	}
	clear(f.segments)
	clear(f.index)
	return errors.Join(errs...)
}

// tryLock locks a file until it is closed, and tells whether it could.
func tryLock(f *os.File) bool {
	locked, err := filelock.Try(f)
	return err == nil && locked
}
