package local

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Report says what a folder holds.
type Report struct {
	Collections map[string]int // points of each
	Aliases     map[string]string
	Bytes       int64 // of the file
}

// Check reads everything in the folder of a store and verifies its checksums, without changing anything. What is wrong
// is an error that names it: ErrCorrupt, ErrFormat, or ErrLocked while a store has the folder open.
func Check(dir string) (*Report, error) {
	f := &file{path: filepath.Join(dir, fileName)}
	err := guarded(func() (err error) {
		f.db, err = bbolt.Open(f.path, 0o600, &bbolt.Options{Timeout: time.Millisecond, ReadOnly: true})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check store %s: %w", dir, openProblem(err))
	}
	db := &DB{dir: dir, storage: f}
	err = db.load()
	report := &Report{Collections: map[string]int{}}
	if err == nil {
		for name, c := range db.catalog().collections {
			report.Collections[name] = len(c.slots)
		}
		report.Aliases = db.catalog().aliases
		report.Bytes, err = f.size()
	}
	if err := errors.Join(err, f.close()); err != nil {
		return nil, fmt.Errorf("check store %s: %w", dir, err)
	}
	return report, nil
}

func (f *file) size() (bytes int64, err error) {
	err = f.db.View(func(tx *bbolt.Tx) error { bytes = tx.Size(); return nil })
	return bytes, err
}
