package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// storage keeps what has been written. A bucket is a collection's, by its id; bucket 0 is the catalog.
type storage interface {
	// load calls each with everything that is kept; key and value are valid during the call alone.
	load(each func(bucket uint64, key, value []byte) error) error
	// commit makes all of the mutations or none. When it returns nil they are on the disk.
	commit([]mutation) error
	close() error
}

// mutation puts one value, deletes it (value nil), or drops a bucket with all that is in it (key nil).
type mutation struct {
	bucket     uint64
	key, value []byte
}

// memory is the storage of a store without a folder.
type memory struct{}

func (memory) load(func(uint64, []byte, []byte) error) error { return nil }
func (memory) commit([]mutation) error                       { return nil }
func (memory) close() error                                  { return nil }

// file is a storage in a single file.
type file struct {
	path string
	db   *bbolt.DB
}

const fileName = "points.db"

// openFile opens the file of a folder and locks it. It never waits for the lock.
func openFile(dir string) (*file, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	f := &file{path: filepath.Join(dir, fileName)}
	err := guarded(func() (err error) {
		f.db, err = bbolt.Open(f.path, 0o600, &bbolt.Options{
			Timeout:      time.Millisecond,
			FreelistType: bbolt.FreelistMapType,
			// NoFreelistSync would make each commit cheaper, but then opening a damaged file panics in bbolt's own goroutine.
		})
		return err
	})
	if err != nil {
		return nil, openProblem(err)
	}
	return f, syncFolder(dir)
}

// openProblem says what an error of opening the file means.
func openProblem(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the folder is not writable: %w", err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, fileName, err)
	}
	return err
}

func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return errors.New("it is not a folder")
	case err == nil:
		return nil
	case errors.Is(err, os.ErrNotExist):
		return os.MkdirAll(dir, 0o700)
	}
	return err
}

// syncFolder puts the names of new files on the disk. Where folders cannot be synced there is no need to.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}

// guarded turns the panics and the memory faults that a damaged file leads to into ErrCorrupt.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %s: %v", ErrCorrupt, fileName, p)
		}
	}()
	return f()
}

func bucketName(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

func (f *file) load(each func(uint64, []byte, []byte) error) error {
	return guarded(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
				if len(name) != 8 {
					return fmt.Errorf("%w: %s: %x is not the name of a bucket", ErrCorrupt, fileName, name)
				}
				id := binary.BigEndian.Uint64(name)
				return b.ForEach(func(k, v []byte) error { return each(id, k, v) })
			})
		})
	})
}

func (f *file) commit(list []mutation) error {
	return guarded(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			buckets := map[uint64]*bbolt.Bucket{}
			for _, m := range list {
				if err := mutate(tx, buckets, m); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func mutate(tx *bbolt.Tx, buckets map[uint64]*bbolt.Bucket, m mutation) error {
	if m.key == nil {
		delete(buckets, m.bucket)
		if err := tx.DeleteBucket(bucketName(m.bucket)); err != nil && !errors.Is(err, bolterrors.ErrBucketNotFound) {
			return err
		}
		return nil
	}
	b := buckets[m.bucket]
	if b == nil {
		var err error
		if b, err = tx.CreateBucketIfNotExists(bucketName(m.bucket)); err != nil {
			return err
		}
		buckets[m.bucket] = b
	}
	if m.value == nil {
		return b.Delete(m.key)
	}
	return b.Put(m.key, m.value)
}

func (f *file) close() error { return f.db.Close() }

// isFull tells whether a write failed for want of room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
