package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/akinserver/akin/filelock"
)

// folder is what a journal asks of a file system. Tests have one that fails at any step, and one that loses what was not
// flushed.
type folder interface {
	names() ([]string, error)
	read(name string, most int64) ([]byte, error)
	create(name string) (file, error) // an empty one, also in the place of another
	open(name string) (file, error)
	rename(from, to string) error
	remove(name string) error
	sync() error // flushes what files there are, and their names
	close() error
}

type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error // leaves its memory
	size() (int64, error)
	// memory returns the first bytes of the file, also those that are written later. It is called once.
	memory(capacity int64) (b []byte, free func() error, err error)
}

// disk is a folder of the operating system.
type disk struct {
	dir  string
	lock *os.File // nil for Check
}

const lockName = "lock"

// openDisk makes the folder if it is not there, and locks it.
func openDisk(dir string) (*disk, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil, fmt.Errorf("the folder is not writable: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if err := lockFile(lock); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return &disk{dir, lock}, nil
}

// makeFolder makes a folder and those above it, and flushes the ones that it is named in.
func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return errors.New("it is not a folder")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := makeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// A folder in which one may make files and not list them cannot be opened, and so not be flushed.
	if err := syncFolder(above); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *disk) names() ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (d *disk) read(name string, most int64) ([]byte, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, most))
	return b, errors.Join(err, f.Close())
}

func (d *disk) create(name string) (file, error) {
	return openFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (d *disk) open(name string) (file, error) {
	if d.lock == nil {
		return openFile(d.path(name), os.O_RDONLY)
	}
	return openFile(d.path(name), os.O_RDWR)
}

func openFile(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f}, nil
}

func (d *disk) rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d *disk) remove(name string) error     { return os.Remove(d.path(name)) }
func (d *disk) sync() error                  { return syncFolder(d.dir) }

func (d *disk) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

// diskFile is a file of the operating system. Where it is not mapped its bytes lie on the heap as well.
type diskFile struct {
	*os.File
	copy []byte
}

func (f *diskFile) size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *diskFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	if f.copy != nil {
		copy(f.copy[at:], b[:n])
	}
	return n, err
}

func (f *diskFile) Sync() error { return syncFile(f.File) }

func (f *diskFile) memory(capacity int64) ([]byte, func() error, error) {
	if mapsFiles {
		return mapFile(f.File, capacity)
	}
	b := make([]byte, capacity)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, nil, err
	}
	f.copy = b
	return b, func() error { return nil }, nil
}

// heap is a folder that is no more than memory. Only the writer of a journal uses it.
type heap struct {
	files map[string]*heapFile
}

func newHeap() *heap { return &heap{files: map[string]*heapFile{}} }

func (h *heap) names() ([]string, error) { return nil, nil }
func (h *heap) sync() error              { return nil }
func (h *heap) close() error             { return nil }

func (h *heap) read(name string, _ int64) ([]byte, error) {
	f, err := h.find(name)
	if err != nil {
		return nil, err
	}
	return f.b[:f.length], nil
}

func (h *heap) create(name string) (file, error) {
	f := &heapFile{}
	h.files[name] = f
	return f, nil
}

func (h *heap) open(name string) (file, error) { return h.find(name) }

func (h *heap) find(name string) (*heapFile, error) {
	if f := h.files[name]; f != nil {
		return f, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (h *heap) rename(from, to string) error {
	f, err := h.find(from)
	if err != nil {
		return err
	}
	delete(h.files, from)
	h.files[to] = f
	return nil
}

func (h *heap) remove(name string) error {
	delete(h.files, name)
	return nil
}

// heapFile is a file of which the memory is all there is.
type heapFile struct {
	b      []byte
	length int64
}

func (f *heapFile) WriteAt(b []byte, at int64) (int, error) {
	if need := at + int64(len(b)); need > int64(len(f.b)) {
		f.b = append(f.b, make([]byte, need-int64(len(f.b)))...)
	}
	f.length = max(f.length, at+int64(len(b)))
	return copy(f.b[at:], b), nil
}

func (f *heapFile) Truncate(size int64) error { f.length = size; return nil }
func (f *heapFile) Sync() error               { return nil }
func (f *heapFile) Close() error              { return nil }
func (f *heapFile) size() (int64, error)      { return f.length, nil }

func (f *heapFile) memory(capacity int64) ([]byte, func() error, error) {
	b := make([]byte, capacity)
	copy(b, f.b[:f.length])
	f.b = b
	return b, func() error { return nil }, nil
}

// lockFile locks a file until it is closed. It does not wait.
func lockFile(f *os.File) error {
	locked, err := filelock.Try(f)
	if err == nil && !locked {
		return ErrLocked
	}
	return err
}
