package code

import (
	"runtime/debug"
	"sync"
)

// crew runs functions beside one another, and passes a panic of one of them on to the goroutine that waits for them. Rows may
// lie in a mapped file, and reading one is a fault where the disk has failed: it ends one search, and not the process.
type crew struct {
	wait     sync.WaitGroup
	once     sync.Once
	panicked any
}

func (c *crew) run(f func()) {
	c.wait.Go(func() {
		debug.SetPanicOnFault(true)
		defer func() {
			if p := recover(); p != nil {
				c.once.Do(func() { c.panicked = p })
			}
		}()
		f()
	})
}

// finish waits for all, and panics if one of them did.
func (c *crew) finish() {
	if c.wait.Wait(); c.panicked != nil {
		panic(c.panicked)
	}
}
