//go:build !race

// With the race detector a sync.Pool drops what it is given now and then, on purpose.

package code

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSearchAllocatesNothing(t *testing.T) {
	m := newMatrix(12_000, 128, clusters(rand.New(rand.NewPCG(23, 24))))
	c := m.column(Dot)
	hits := make([]Hit, 0, 10)
	mask := slices.Repeat([]uint64{math.MaxUint64}, 150)
	n := testing.AllocsPerRun(100, func() {
		hits, _ = c.Search(context.Background(), hits[:0], m.row(9), 10, Options{Threads: 1, Mask: mask})
	})
	if n >= 1 { // a collection between two runs may empty the pool
		t.Errorf("%v allocations", n)
	}
}
