package ctxsort

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, runLength, runLength + 1, 2 * runLength, 2*runLength + 1, 5*runLength + 7} {
		list := make([]int, n)
		for i := range list {
			list[i] = r.IntN(n)
		}
		want := slices.Sorted(slices.Values(list))
		if err := Sort(t.Context(), list, cmp.Compare); err != nil || !slices.Equal(want, list) {
			t.Errorf("%d numbers are not in order, %v", n, err)
		}
	}
}

// TestCancel counts the comparisons after the context has ended.
func TestCancel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n = 64 * runLength
	for _, at := range []int{1, n, 6 * n, 15 * n} { // among the runs, and among the merges
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			list := make([]int, n)
			for i := range list {
				list[i] = r.Int()
			}
			done := 0
			err := Sort(ctx, list, func(a, b int) int {
				if done++; done == at {
					cancel()
				}
				return cmp.Compare(a, b)
			})
			if most := at + 20*runLength; !errors.Is(err, context.Canceled) || done > most {
				t.Errorf("%d comparisons, want %d at most; %v", done, most, err)
			}
		})
	}
}
