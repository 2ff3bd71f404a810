package journal

import (
	"io/fs"
	"maps"
	"slices"
)

// fake is a folder whose disk fails when it is told to, and, when the power fails, loses what was not flushed.
type fake struct {
	files  map[string]*fakeFile // as processes see them
	stable map[string]*fakeFile // as the disk has them
	moves  []func(map[string]*fakeFile)
	fault  func(op, name string) error // asked before each operation; nil for none
	ops    int
}

type fakeFile struct {
	heapFile
	folder *fake
	name   string
	stable []byte
	writes []fakeWrite // that are not on the disk
}

// fakeWrite is b written at an offset, or a new length when b is nil.
type fakeWrite struct {
	at int64
	b  []byte
}

func newFake() *fake {
	return &fake{files: map[string]*fakeFile{}, stable: map[string]*fakeFile{}}
}

func (f *fake) ask(op, name string) error {
	f.ops++
	if f.fault == nil {
		return nil
	}
	if err := f.fault(op, name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// move does something to the names, and to those on the disk some time later.
func (f *fake) move(change func(map[string]*fakeFile)) {
	change(f.files)
	f.moves = append(f.moves, change)
}

func (f *fake) names() ([]string, error) {
	return slices.Sorted(maps.Keys(f.files)), f.ask("list", "")
}

func (f *fake) read(name string, most int64) ([]byte, error) {
	if err := f.ask("read", name); err != nil {
		return nil, err
	}
	file := f.files[name]
	if file == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return file.b[:min(file.length, most)], nil
}

func (f *fake) create(name string) (file, error) {
	if err := f.ask("create", name); err != nil {
		return nil, err
	}
	file := &fakeFile{folder: f, name: name}
	f.move(func(files map[string]*fakeFile) { files[name] = file })
	return file, nil
}

func (f *fake) open(name string) (file, error) {
	if err := f.ask("open", name); err != nil {
		return nil, err
	}
	if file := f.files[name]; file != nil {
		return file, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (f *fake) rename(from, to string) error {
	if err := f.ask("rename", from); err != nil {
		return err
	}
	file := f.files[from]
	file.name = to
	f.move(func(files map[string]*fakeFile) {
		files[to] = file
		delete(files, from)
	})
	return nil
}

func (f *fake) remove(name string) error {
	if err := f.ask("remove", name); err != nil {
		return err
	}
	f.move(func(files map[string]*fakeFile) { delete(files, name) })
	return nil
}

func (f *fake) sync() error {
	if err := f.ask("sync", ""); err != nil {
		return err
	}
	f.stable, f.moves = maps.Clone(f.files), nil
	return nil
}

func (f *fake) close() error { return nil }

// WriteAt writes half of b when it fails.
func (f *fakeFile) WriteAt(b []byte, at int64) (int, error) {
	err := f.folder.ask("write", f.name)
	if err != nil {
		b = b[:len(b)/2]
	}
	f.writes = append(f.writes, fakeWrite{at, slices.Clone(b)})
	n, _ := f.heapFile.WriteAt(b, at)
	return n, err
}

func (f *fakeFile) Truncate(size int64) error {
	if err := f.folder.ask("truncate", f.name); err != nil {
		return err
	}
	f.writes = append(f.writes, fakeWrite{at: size})
	clear(f.b[size:])
	return f.heapFile.Truncate(size)
}

// Sync marks what was written as flushed, also when it fails, as Linux does.
func (f *fakeFile) Sync() error {
	err := f.folder.ask("fsync", f.name)
	if err == nil {
		f.stable = slices.Clone(f.b[:f.length])
	}
	f.writes = nil
	return err
}

func (f *fakeFile) memory(capacity int64) ([]byte, func() error, error) {
	if err := f.folder.ask("map", f.name); err != nil {
		return nil, nil, err
	}
	return f.heapFile.memory(capacity)
}

const sectorBytes = 64 // that the disk writes as a whole; so small that frames have several

// crash returns what is on the disk after the power has failed. Of what was done to names, and written to files, and not
// flushed, random says what is there.
func (f *fake) crash(random func() bool) *fake {
	for _, change := range f.moves {
		if random() {
			change(f.stable)
		}
	}
	after := newFake()
	for name, old := range f.stable {
		b := old.stable
		for _, w := range old.writes {
			b = w.crash(slices.Clone(b), random)
		}
		file := &fakeFile{folder: after, name: name, stable: slices.Clone(b)}
		file.b, file.length = slices.Clone(b), int64(len(b))
		after.files[name], after.stable[name] = file, file
	}
	return after
}

func (w fakeWrite) crash(b []byte, random func() bool) []byte {
	if w.b == nil {
		if random() && w.at <= int64(len(b)) {
			return b[:w.at]
		}
		return b
	}
	end := w.at + int64(len(w.b))
	if random() { // the length is on the disk, and the bytes need not be
		b = append(b, make([]byte, max(0, end-int64(len(b))))...)
	}
	for from := w.at; from < end; {
		to := min(from/sectorBytes*sectorBytes+sectorBytes, end)
		if random() {
			b = append(b, make([]byte, max(0, to-int64(len(b))))...)
			copy(b[from:to], w.b[from-w.at:])
		}
		from = to
	}
	return b
}
