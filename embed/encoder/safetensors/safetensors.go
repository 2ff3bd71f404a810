// Package safetensors reads the tensors of a model from model.safetensors, or from the parts that a model.safetensors.index.json names.
// Nothing in a file is believed before it is checked: a header of at most 100 MB, tensors that fill the file without gap or overlap, and as many
// bytes as their shape needs. So a download that was cut short is noticed when the file is opened.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/akinserver/akin/embed/encoder/folder"
)

// maxHeader is the limit of the format itself.
const maxHeader = 100_000_000

// sizes are the bytes of one value of each type that can be read; a file may hold others.
var sizes = map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "U16": 2, "U32": 4, "U64": 8, "BOOL": 1}

// Tensor is one tensor of a file. Its values are read when they are asked for.
type Tensor struct {
	Name  string
	Type  string  // "F32", "F16", "BF16", "I8", …
	Shape []int64 //
	data  *io.SectionReader
}

// File is the tensors of a model. It is safe for concurrent use.
type File struct {
	tensors map[string]*Tensor
	closers []io.Closer
}

// Open opens the tensors of a model's folder. Close them when they have been read.
func Open(dir string) (*File, error) {
	f := &File{tensors: map[string]*Tensor{}}
	names, err := parts(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := f.add(filepath.Join(dir, name)); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// parts are the files that hold the tensors of a folder.
func parts(dir string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, "model.safetensors")); err == nil {
		return []string{"model.safetensors"}, nil
	}
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	found, err := folder.JSON(dir, "model.safetensors.index.json", &index)
	switch {
	case err != nil:
		return nil, err
	case found:
		names := slices.Compact(slices.Sorted(maps.Values(index.Map)))
		for _, name := range names {
			if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
				return nil, fmt.Errorf("model.safetensors.index.json names %q, which is no file beside it", name)
			}
		}
		return names, nil
	}
	if _, err := os.Stat(filepath.Join(dir, "pytorch_model.bin")); err == nil {
		return nil, fmt.Errorf("%s has its weights in pytorch_model.bin, which is a program and is not run: "+
			"take a revision of the model with model.safetensors, or save it with safe_serialization=True", dir)
	}
	return nil, fmt.Errorf("%s has no model.safetensors: %w", dir, fs.ErrNotExist)
}

func (f *File) add(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	f.closers = append(f.closers, file)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	tensors, err := Read(file, info.Size())
	if err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	for _, t := range tensors {
		if f.tensors[t.Name] != nil {
			return fmt.Errorf("%s holds the tensor %q, which another part of the model holds too", name, t.Name)
		}
		f.tensors[t.Name] = t
	}
	return nil
}

// Close closes the files.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Names returns the names of all tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Tensor returns the tensor of a name, or nil.
func (f *File) Tensor(name string) *Tensor { return f.tensors[name] }

// Read reads the header of a file of size bytes.
func Read(r io.ReaderAt, size int64) ([]*Tensor, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, fmt.Errorf("has a header that is no JSON: %w", err)
	}
	delete(entries, "__metadata__")
	begin := 8 + int64(len(header))
	places := make([]place, 0, len(entries))
	for name, entry := range entries {
		p, err := parse(name, entry)
		if err != nil {
			return nil, err
		}
		p.tensor.data = io.NewSectionReader(r, begin+p.from, p.to-p.from)
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.from != b.from {
			return int(min(max(a.from-b.from, -1), 1))
		}
		return int(min(max(a.to-b.to, -1), 1)) // one without values lies before its neighbour
	})
	var at int64
	tensors := make([]*Tensor, len(places))
	for i, p := range places {
		if p.from != at {
			return nil, fmt.Errorf("is damaged: the tensor %q begins at byte %d, and the one before it ends at %d", p.tensor.Name, p.from, at)
		}
		at, tensors[i] = p.to, p.tensor
	}
	if at != size-begin {
		return nil, fmt.Errorf("is cut off or damaged: its header tells of %d bytes of tensors, and there are %d: download it again", at, size-begin)
	}
	return tensors, nil
}

func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var start [24]byte
	n, err := r.ReadAt(start[:], 0)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("cannot be read: %w", err)
	case folder.IsPointer(start[:n]):
		return nil, folder.ErrPointer
	case size < 8 || n < 8:
		return nil, fmt.Errorf("is no safetensors file: it has %d bytes", size)
	}
	length := binary.LittleEndian.Uint64(start[:8])
	if length > maxHeader || int64(length) > size-8 {
		return nil, fmt.Errorf("is no safetensors file, or cut off: %d bytes of header in a file of %d", length, size)
	}
	header := make([]byte, length)
	if _, err := r.ReadAt(header, 8); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return header, nil
}

// place is where a tensor lies among the values.
type place struct {
	tensor   *Tensor
	from, to int64
}

func parse(name string, entry []byte) (place, error) {
	var e struct {
		Type    string   `json:"dtype"`
		Shape   []int64  `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(entry, &e); err != nil {
		return place{}, fmt.Errorf("has a header that is wrong about the tensor %q: %w", name, err)
	}
	p := place{&Tensor{Name: name, Type: e.Type, Shape: e.Shape}, e.Offsets[0], e.Offsets[1]}
	if p.from < 0 || p.to < p.from {
		return place{}, fmt.Errorf("is damaged: the tensor %q lies from byte %d to %d", name, p.from, p.to)
	}
	size, known := sizes[e.Type]
	if !known {
		return p, nil // no matter as long as nobody reads it
	}
	need := size
	for _, n := range e.Shape {
		if n < 0 || n > 0 && need > math.MaxInt64/n {
			return place{}, fmt.Errorf("is damaged: the tensor %q has the shape %v", name, e.Shape)
		}
		need *= n
	}
	if need != p.to-p.from {
		return place{}, fmt.Errorf("is damaged: the tensor %q has the shape %v of %s in %d bytes", name, e.Shape, e.Type, p.to-p.from)
	}
	return p, nil
}
