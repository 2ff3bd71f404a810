package embed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/akinserver/akin/store"
)

// Scope is a folder, or some of its files, whose articles are removed from the store once they are gone from there.
type Scope struct {
	Folder string   // absolute path
	Files  []string // below it, with slashes; nil means all
}

// ErrNothingRead is the reason why nothing of a folder is removed: where not one article can be read, a disk is missing rather than all articles.
var ErrNothingRead = errors.New("not one article could be read there, so nothing was removed")

// note keeps what prune has to know of an item.
func (r *run) note(item *Item) {
	if len(r.opts.Prune) == 0 || item.Origin == (store.Origin{}) || errors.Is(item.Err, ErrSkipped) {
		return
	}
	whole, before := r.files[item.Origin]
	r.files[item.Origin] = item.Err == nil && (whole || !before)
	if item.Err == nil {
		r.read[item.Origin.Folder]++
	}
}

// prune removes what the scopes no longer hold.
func (r *run) prune(ctx context.Context) error {
	var errs []error
	for _, scope := range r.opts.Prune {
		err := r.goneFrom(ctx, scope, func(ids []string) error {
			deleted, _, err := r.stage.Delete(ctx, r.opts.Corpus, ids)
			r.sum.Removed += len(deleted)
			return err
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// goneFrom hands over the ids of the articles that a scope no longer holds, some at a time.
func (r *run) goneFrom(ctx context.Context, scope Scope, remove func(ids []string) error) error {
	if scope.Files == nil && r.read[scope.Folder] == 0 {
		return fmt.Errorf("prune %s: %w", scope.Folder, ErrNothingRead)
	}
	var stored map[string]string
	err := retry(ctx, r.opts.Retry, func() (err error) {
		stored, err = r.stage.store.ReadFrom(ctx, r.opts.Corpus, scope.Folder, scope.Files)
		return err
	})
	if err != nil {
		return fmt.Errorf("prune %s: %w", scope.Folder, err)
	}
	maps.DeleteFunc(stored, func(id, file string) bool {
		_, there := r.first[id]
		return there || !r.gone(store.Origin{Folder: scope.Folder, File: file})
	})
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(stored)), r.opts.Batch) {
		if err := retry(ctx, r.opts.Retry, func() error { return remove(ids) }); err != nil {
			return fmt.Errorf("prune %s: %w", scope.Folder, err)
		}
	}
	return nil
}

// gone reports that an article which was not read is not in a file any more: it was read to its end, or is not there. A file that could not be read, in whole or in
// part, may hold it still; so may one that was not asked for.
func (r *run) gone(o store.Origin) bool {
	if whole, read := r.files[o]; read {
		return whole
	}
	_, err := os.Stat(filepath.Join(o.Folder, filepath.FromSlash(o.File)))
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
