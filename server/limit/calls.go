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

// Calls bounds how many calls are answered at once. Further ones wait in a short queue.
type Calls struct {
	slots   chan struct{}
	queue   int64
	wait    time.Duration
	waiting atomic.Int64
}

// NewCalls lets atOnce calls in, and lets as many as queue wait for up to wait.
func NewCalls(atOnce, queue int, wait time.Duration) *Calls {
	return &Calls{slots: make(chan struct{}, atOnce), queue: int64(queue), wait: wait}
}

// Enter lets a call in, which calls leave when it is answered. Else it returns a *Refused, or why the call's context ended.
func (c *Calls) Enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-c.slots }
	select {
	case c.slots <- struct{}{}:
		return leave, nil
	default:
	}
	defer c.waiting.Add(-1)
	if c.waiting.Add(1) > c.queue {
		return nil, c.refused()
	}
	patience := time.NewTimer(c.wait)
	defer patience.Stop()
	select {
	case c.slots <- struct{}{}:
		return leave, nil
	case <-patience.C:
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
