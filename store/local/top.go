package local

import (
	"cmp"
	"context"
	"math"
)

// top keeps the best hits that it is shown. The larger score is the better, NaN is worse than any; of equal scores the
// lower id is better, so that the same question has the same answer every time.
type top struct {
	ctx   context.Context
	c     *collection
	limit int
	least float32 // that a score must reach; −∞ by default
	heap  []hit   // the worst first, once it is full
}

func (c *collection) newTop(ctx context.Context, limit int) *top {
	return &top{ctx: ctx, c: c, limit: min(limit, c.size), least: float32(math.Inf(-1))}
}

func (t *top) compare(a, b hit) int {
	if n := cmp.Compare(b.score, a.score); n != 0 {
		return n
	}
	return t.c.points[a.slot].id.compare(t.c.points[b.slot].id)
}

// misses tells that a score cannot be among the best any more.
func (t *top) misses(score float32) bool {
	return score < t.least || len(t.heap) >= t.limit && (t.limit == 0 || score < t.heap[0].score)
}

// floor is what a score must reach to be among the best.
func (t *top) floor() float32 {
	if len(t.heap) < t.limit {
		return t.least
	}
	return t.heap[0].score
}

func (t *top) add(slot uint32, score float32) {
	if t.misses(score) {
		return
	}
	h := hit{slot: slot, score: score}
	if len(t.heap) < t.limit {
		// Where all points are asked for, none will be pushed out.
		if t.heap = append(t.heap, h); len(t.heap) == t.limit && t.limit < t.c.size {
			t.order()
		}
		return
	}
	if t.compare(h, t.heap[0]) < 0 {
		t.heap[0] = h
		t.down(0)
	}
}

// order makes a heap of the hits. When ctx is done, it is left in disorder, and sorted says why.
func (t *top) order() {
	for i := len(t.heap)/2 - 1; i >= 0; i-- {
		if i%checkEvery == 0 && t.ctx.Err() != nil {
			return
		}
		t.down(i)
	}
}

// down restores the heap below i: every hit is worse than those under it.
func (t *top) down(i int) {
	for {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if t.compare(t.heap[child], t.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// sorted returns the hits, best first.
func (t *top) sorted() ([]hit, error) { return t.heap, sortedWhile(t.ctx, t.heap, t.compare) }
