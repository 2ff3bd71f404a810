// Package limit bounds how much is asked of the server: calls a second of each caller, and calls at once of all.
// What is too much is refused at once, with the time after which it may be tried again, so that the rest stays fast.
package limit

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Refused says that a call is one too many.
type Refused struct {
	Problem string
	Retry   time.Duration // after which it may be tried again
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s: try again in %s", r.Problem, r.Retry.Round(time.Millisecond))
}

// Calls bounds how many calls are answered at once. Further ones wait in a queue: patiently while it is often empty, so that a moment in which many come or little gets done costs nobody an
// answer; and briefly when it has not been empty for a while, since then all that waiting brings is that everybody waits (the controlled delay of Nichols and Jacobson, 2012, as Maurer has it for
// servers, "Fail at Scale", 2015).
type Calls struct {
	slots    chan struct{}
	queue    int64
	patience time.Duration
	waiting  atomic.Int64
	began    time.Time
	empty    atomic.Int64 // when nobody waited, the last time that this was seen: since began
}

// hurry is the part of the patience for which calls wait while the queue does not get empty.
const hurry = 10

// NewCalls lets atOnce calls in, and lets as many as queue wait for up to patience; for a tenth of it once the queue has not been empty for so long.
func NewCalls(atOnce, queue int, patience time.Duration) *Calls {
	return &Calls{slots: make(chan struct{}, atOnce), queue: int64(queue), patience: patience, began: time.Now()}
}

// Enter lets a call in, which calls leave when it is answered. Else it returns a *Refused, or why the call's context ended.
func (c *Calls) Enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-c.slots }
	now := time.Since(c.began)
	select {
	case c.slots <- struct{}{}:
		if c.waiting.Load() == 0 {
			c.empty.Store(int64(now))
		}
		return leave, nil
	default:
	}
	defer func() {
		if c.waiting.Add(-1) == 0 {
			c.empty.Store(int64(time.Since(c.began)))
		}
	}()
	if c.waiting.Add(1) > c.queue {
		return nil, c.refused()
	}
	wait := c.patience
	if now-time.Duration(c.empty.Load()) > c.patience {
		wait /= hurry
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case c.slots <- struct{}{}:
		return leave, nil
	case <-timer.C:
		return nil, c.refused()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// busy is when a server that has too much to do may be asked again.
const busy = time.Second

func (c *Calls) refused() error {
	return &Refused{Problem: "the server has too much to do", Retry: busy}
}
