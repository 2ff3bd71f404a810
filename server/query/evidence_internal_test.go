package query

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestNearest compares with sorting all passages by what each resembles most; of those that are equally near, the first come first.
func TestNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() []passage {
		list := make([]passage, 1+r.IntN(30))
		for i := range list {
			list[i].dense = []float32{float32(r.IntN(5) - 2), float32(r.IntN(5) - 2)}
		}
		return list
	}
	for range 200 {
		own, a := random(), &aligner{passages: random()}
		best := make([]float64, len(own))
		var want, got []int
		for i := range own {
			want = append(want, i)
			for j := range a.passages {
				best[i] = max(best[i], dot(own[i].dense, a.passages[j].dense))
			}
		}
		slices.SortStableFunc(want, func(x, y int) int { return cmp.Compare(best[y], best[x]) })
		n := 1 + r.IntN(len(own))
		for _, near := range a.nearest(own, n) {
			got = append(got, near.to)
			for j, cosine := range near.cosines {
				if want := dot(own[near.to].dense, a.passages[j].dense); cosine != want {
					t.Fatalf("the cosine of %v and %v is %v, want %v", own[near.to].dense, a.passages[j].dense, cosine, want)
				}
			}
		}
		if !slices.Equal(got, want[:n]) {
			t.Fatalf("of %v against %v the nearest are %v, want %v", own, a.passages, got, want[:n])
		}
	}
}
