package local

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// bucket lets so many tokens a minute through, all of them at once if need be.
type bucket struct {
	mu        sync.Mutex
	perMinute float64 // 0: not used yet
	tokens    float64
	filled    time.Time
}

// take takes tokens out, or tells how long it would take until there are enough.
func (b *bucket) take(tokens, perMinute float64, now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.perMinute != perMinute {
		b.perMinute, b.tokens, b.filled = perMinute, perMinute, now
	}
	b.tokens = min(perMinute, b.tokens+perMinute*now.Sub(b.filled).Minutes())
	b.filled = now
	if b.tokens < tokens {
		return time.Duration((tokens - b.tokens) / perMinute * float64(time.Minute)), false
	}
	b.tokens -= tokens
	return 0, true
}

// checkRate refuses a call when there were too many in the last minute. A read costs one and its conditions, a write its points.
func (c *collection) checkRate(ctx context.Context, strict *qdrant.StrictModeConfig, req any, demands []demand) error {
	kind, limit, b, cost := "Read", strict.ReadRateLimit, &c.reads, 0
	for _, d := range demands {
		n, _ := sizeOf(d.filter)
		cost += 1 + int(n)
	}
	switch r := req.(type) {
	case *qdrant.GetPoints:
		cost = len(r.GetIds())
	case change:
		kind, limit, b, cost = "Write", strict.WriteRateLimit, &c.writes, max(1, pointsIn(req))
	}
	if limit == nil || cost == 0 {
		return nil
	}
	if cost > int(*limit) {
		return status.Errorf(codes.ResourceExhausted, "Rate limiting exceeded: %s rate limit exceeded: request larger than rate limiter capacity, please try to split your request", kind)
	}
	wait, ok := b.take(float64(cost), float64(*limit), time.Now())
	if ok {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", strconv.Itoa(seconds))) // without it the message still says so
	return status.Errorf(codes.ResourceExhausted, "Rate limiting exceeded: %s rate limit exceeded: Operation requires %d tokens. Retry after %ds", kind, cost, seconds)
}
