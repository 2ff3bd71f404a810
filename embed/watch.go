package embed

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/kind"
)

// WatchOptions of a watch. The zero value works.
type WatchOptions struct {
	IngestOptions
	Every time.Duration        // between two looks at the folders; half a second by default. A change is seen at one look, and read at the next if no other came
	Ran   func(Summary, error) // is told of each run; nobody by default. An error that it is told of does not end the watch
}

// mostLooks is how often a folder in which something changes all the time is looked at before it is read nevertheless.
const mostLooks = 20

// Watch ingests folders, and keeps the store in step with them until the context ends: what changed in them is ingested, what is gone is removed, as IngestOptions.Prune does.
// It returns nil when the context ends. It polls, since that works on every system and every kind of disk. To look at 100,000
// files takes 0.5 s of one processor (BenchmarkLook, 5 ms a thousand); it rests at least as long as it looked.
//
// A store or an embedder that does not answer is asked again at the next look. Other errors of Ingest end it.
func (s *Stage) Watch(ctx context.Context, folders []string, opts WatchOptions) error {
	if opts.Every <= 0 {
		opts.Every = 500 * time.Millisecond
	}
	if opts.Ran == nil {
		opts.Ran = func(Summary, error) {}
	}
	watched := make([]*watched, len(folders))
	for i, folder := range folders {
		w, err := watch(folder)
		if err != nil {
			return err
		}
		watched[i] = w
	}
	for {
		began := time.Now()
		for _, w := range watched {
			if !w.look() {
				continue
			}
			sum, err := w.ingest(ctx, s, opts.IngestOptions)
			if ctx.Err() != nil {
				return nil
			}
			opts.Ran(sum, err)
			if err != nil && !errors.Is(err, ErrNothingRead) && !errors.Is(err, akin.ErrUnavailable) {
				return err
			}
		}
		select {
		case <-time.After(max(opts.Every, time.Since(began))):
		case <-ctx.Done():
			return nil
		}
	}
}

// stamp changes when a file does.
type stamp struct {
	size     int64
	modified time.Time
}

// watched is a folder, with what was seen of it.
type watched struct {
	folder string           // as it was named
	path   string           // absolute
	seen   map[string]stamp // at the last look
	done   map[string]stamp // when it was last read; nil before
	read   map[string]stamp // when it was last read with success: the store is in step with that; nil before
	looks  int              // since it was first seen to differ from done
}

func watch(folder string) (*watched, error) {
	path, err := filepath.Abs(folder)
	return &watched{folder: folder, path: path}, err
}

// look looks at the folder, and reports whether it is time to read: something has changed, and nothing since the look before.
func (w *watched) look() bool {
	now := stamps(w.path)
	quiet := maps.Equal(now, w.seen)
	w.seen = now
	if w.done == nil {
		return true
	}
	if maps.Equal(now, w.done) {
		w.looks = 0
		return false
	}
	w.looks++
	return w.looks > 1 && quiet || w.looks >= mostLooks
}

// stamps of all files below a folder that Read reads. What cannot be looked at is not there; prune looks again.
func stamps(folder string) map[string]stamp {
	found := map[string]stamp{}
	files := os.DirFS(folder)
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !kind.Known(name) {
			return nil
		}
		if info, err := fs.Stat(files, name); err == nil {
			found[name] = stamp{info.Size(), info.ModTime()}
		}
		return nil
	})
	return found
}

// ingest reads what differs from what was read before: the first time, everything. A folder that is empty is taken for one that is away, and what is in the store stays until
// something is seen in it again.
func (w *watched) ingest(ctx context.Context, s *Stage, opts IngestOptions) (Summary, error) {
	seen := w.seen
	scope := Scope{Folder: w.path}
	items := Read([]string{w.folder}, nil)
	if w.read != nil && len(seen) > 0 {
		scope.Files = changes(w.read, seen)
		items = readFiles(w.folder, scope.Files)
	}
	opts.Prune = []Scope{scope}
	sum, err := s.Ingest(ctx, items, opts)
	if err == nil {
		w.read = seen
	}
	if err == nil || errors.Is(err, ErrNothingRead) {
		w.done, w.looks = seen, 0
	}
	return sum, err
}

// changes are the files that only one of two looks saw, or that differ.
func changes(before, after map[string]stamp) []string {
	files := []string{} // not nil, which would mean all
	for name, s := range after {
		if old, ok := before[name]; !ok || old != s {
			files = append(files, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files
}

// readFiles is Read for some of the files of a folder.
func readFiles(folder string, files []string) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		r := newReader(yield)
		r.only = map[string]bool{}
		for _, f := range files {
			r.only[f] = true
		}
		r.path(folder, nil)
	}
}
