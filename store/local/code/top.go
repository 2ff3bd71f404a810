package code

import (
	"cmp"
	"context"
	"math"

	"github.com/akinserver/akin/store/local/ctxsort"
)

// Hit is a row that was found.
type Hit struct {
	Row   int
	Score float32 // see Distance
}

// compareHits puts the better first: the larger score, NaN being worse than any, and of equal scores the lower row.
func compareHits(a, b Hit) int {
	if n := cmp.Compare(b.Score, a.Score); n != 0 {
		return n
	}
	return cmp.Compare(a.Row, b.Row)
}

// top keeps the n best hits that it is shown.
type top struct {
	n    int
	hits []Hit // a heap, the worst first
}

func (t *top) reset(n int) { t.n, t.hits = n, t.hits[:0] }

// floor is what a score must reach to be among the best.
func (t *top) floor() float32 {
	if len(t.hits) < t.n || math.IsNaN(float64(t.hits[0].Score)) {
		return float32(math.Inf(-1))
	}
	return t.hits[0].Score
}

// offer shows a hit, and tells whether it is among the best now.
func (t *top) offer(h Hit) bool {
	if len(t.hits) < t.n {
		t.hits = append(t.hits, h)
		for i := len(t.hits) - 1; i > 0; {
			above := (i - 1) / 2
			if compareHits(t.hits[i], t.hits[above]) <= 0 {
				break
			}
			t.hits[i], t.hits[above] = t.hits[above], t.hits[i]
			i = above
		}
		return true
	}
	if compareHits(h, t.hits[0]) >= 0 {
		return false
	}
	t.hits[0] = h
	for i := 0; ; {
		worst := i
		for below := 2*i + 1; below <= 2*i+2 && below < len(t.hits); below++ {
			if compareHits(t.hits[below], t.hits[worst]) > 0 {
				worst = below
			}
		}
		if worst == i {
			return true
		}
		t.hits[i], t.hits[worst] = t.hits[worst], t.hits[i]
		i = worst
	}
}

// sorted returns the hits, best first, and leaves no heap.
func (t *top) sorted(ctx context.Context) ([]Hit, error) {
	return t.hits, ctxsort.Sort(ctx, t.hits, compareHits)
}
