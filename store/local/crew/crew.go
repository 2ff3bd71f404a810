// Package crew runs functions beside one another, and passes a panic of one of them on to the goroutine that waits for them. What they read may lie in a mapped file, and
// reading it is a fault where the disk has failed: it ends one call, and not the process.
package crew

import (
	"runtime/debug"
	"sync"
)

// Crew is a number of functions that run. The zero Crew is one of none.
type Crew struct {
	wait     sync.WaitGroup
	once     sync.Once
	panicked any
}

// Run begins with a function.
func (c *Crew) Run(f func()) {
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

// Finish waits for all, and panics if one of them did.
func (c *Crew) Finish() {
	if c.wait.Wait(); c.panicked != nil {
		panic(c.panicked)
	}
}
