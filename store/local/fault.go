package local

import (
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Vectors and payloads are read where they lie, in files that are mapped into memory. Where the disk cannot bring a page, or
// another program has cut a file, reading is a fault. Every goroutine that may meet one goes through caught, which makes an
// error of it that names the file; the package code passes the faults of its own goroutines on.

// caught calls f, and makes an error of a panic in it.
func (db *DB) caught(doing string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = db.panicked(doing, p)
		}
	}()
	return f()
}

func (db *DB) panicked(doing string, p any) error {
	damage := db.storage.Fault(p)
	if damage == nil {
		db.log.Error("a call panicked", "call", doing, "panic", p, "stack", string(debug.Stack()))
		return status.Errorf(codes.Internal, "Service internal error: %v", p)
	}
	return unreadable{fmt.Errorf("%s: store %s: %w", doing, db.dir, damage)}
}

// unreadable is the error of a fault.
type unreadable struct{ error }

func (e unreadable) Unwrap() error { return e.error }

// GRPCStatus says what a caller can do: nothing is right again before the folder was looked at.
func (e unreadable) GRPCStatus() *status.Status {
	return status.Newf(codes.DataLoss, "Service internal error: %v. Close the store, look at its disk, and verify its folder (akin qdrant --check)", e.error)
}

// shown makes a change that is stored visible. Where it cannot be finished, as a file cannot be read, memory and disk do not
// agree any more, and the collection answers nothing until the store is opened again.
func (db *DB) shown(c *collection, show func()) error {
	err := db.caught("show what was written", func() error {
		show()
		return nil
	})
	if err != nil && c != nil {
		c.mu.Lock()
		c.fault = err
		c.mu.Unlock()
	}
	return err
}
