// Package crew runs functions beside one another, and passes a panic of one of them on to the goroutine that waits for them. What they read may lie in a mapped file, and
// reading it is a fault where the disk has failed: it ends one call, and not the process.
package crew

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
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

// Each calls f with the numbers below n, as many at a time as goroutines may compute (GOMAXPROCS), and panics if one of them did.
func Each(n int, f func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := next.Add(1); i <= int64(n); i = next.Add(1) {
			f(int(i - 1))
		}
	}
	var others Crew
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		others.Run(work)
	}
	defer others.Finish()
	work()
}
