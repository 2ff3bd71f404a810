package cache

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// evict deletes segments, those first that nobody has added to for longest, until all of root take no more than size bytes. Those that a process is
// adding to stay.
func evict(root string, size int64) error {
	files, total := segmentFiles(root)
	slices.SortFunc(files, func(a, b segmentFile) int { return cmp.Or(a.changed.Compare(b.changed), cmp.Compare(a.path, b.path)) })
	for _, f := range files {
		if total <= size {
			return nil
		}
		if f.remove() {
			total -= f.size
		}
	}
	if total > size {
		return fmt.Errorf("the cache has no room for another segment: %d bytes of %s are in use, and at most %d may be", total, root, max(size, 0))
	}
	return nil
}

type segmentFile struct {
	path    string
	size    int64
	changed time.Time
}

func segmentFiles(root string) (files []segmentFile, total int64) {
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return nil // what cannot be read is not there
		}
		if info, err := entry.Info(); err == nil {
			files = append(files, segmentFile{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
		return nil
	})
	return files, total
}

// remove deletes the file, unless a process is adding to it. The lock is held while it goes, so that none can begin to.
func (s segmentFile) remove() bool {
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return tryLock(f) && os.Remove(s.path) == nil
}
