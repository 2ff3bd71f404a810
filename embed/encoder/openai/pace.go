package openai

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// perMinute is a limiter that spreads n over each minute, at most burst at once; 0 is no limit.
func perMinute(n, burst int) *rate.Limiter {
	if n == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(float64(n)/60), burst)
}

// turn waits until a request of so many tokens may be made, and returns what ends it.
func (e *Embedder) turn(ctx context.Context, tokens int) (func(), error) {
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	end := func() { <-e.slots }
	if err := e.allowed(ctx, tokens); err != nil {
		end()
		return nil, err
	}
	return end, nil
}

func (e *Embedder) allowed(ctx context.Context, tokens int) error {
	if err := e.reserve(ctx, e.requests, 1); err != nil {
		return err
	}
	for tokens > 0 && e.tokens.Limit() != rate.Inf {
		n := min(tokens, e.tokens.Burst()) // a batch may be larger than what is saved up at most
		if err := e.reserve(ctx, e.tokens, n); err != nil {
			return err
		}
		tokens -= n
	}
	return e.gate.pass(ctx, e.wait)
}

func (e *Embedder) reserve(ctx context.Context, limiter *rate.Limiter, n int) error {
	r := limiter.ReserveN(time.Now(), n)
	if err := e.wait(ctx, r.Delay()); err != nil {
		r.Cancel()
		return err
	}
	return nil
}

// gate keeps all requests back while the server has asked one of them to wait.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

func (g *gate) pass(ctx context.Context, wait func(context.Context, time.Duration) error) error {
	g.mu.Lock()
	d := time.Until(g.until)
	g.mu.Unlock()
	return wait(ctx, d)
}

const (
	firstWait   = 500 * time.Millisecond // before the second try; doubled each time
	longestWait = 30 * time.Second       // that is not asked for by the server
)

// pauseBefore is how long to wait after so many tries, if the server asks for that much. Its wish counts for the first three; a server that is
// still too busy then gets more time than it asked for. Some of it is chance, so that many callers do not come back all at once.
func pauseBefore(tries int, wish time.Duration) time.Duration {
	pause := min(firstWait<<(min(tries, 10)-1), longestWait)
	if wish > 0 && (tries <= 3 || wish > pause) {
		return wish + rand.N(wish/10+1)
	}
	return pause + rand.N(pause/2)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
