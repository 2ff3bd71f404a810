package local

import (
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// recent keeps the sets of points that the last intervals of an index came to: callers ask for the same ones again and
// again, and to gather a large set takes longer than the search in it. Its zero value is empty.
type recent[N int64 | float64] struct {
	mu   sync.Mutex
	sets []recentSet[N] // the last asked for is the last
}

type recentSet[N int64 | float64] struct {
	of  bounds[N]
	set *roaring.Bitmap
}

const (
	maxRecent = 32  // sets
	minRecent = 256 // points of a set that is worth keeping
)

// of returns the set of an interval, and gathers it if it must. Many readers may call it at a time.
func (r *recent[N]) of(b bounds[N], gather func() *roaring.Bitmap) *roaring.Bitmap {
	if set := r.find(b); set != nil {
		return set
	}
	set := gather()
	if set.GetCardinality() >= minRecent {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.sets) >= maxRecent {
			r.sets = slices.Delete(r.sets, 0, 1)
		}
		r.sets = append(r.sets, recentSet[N]{b.clone(), set})
	}
	return set
}

func (r *recent[N]) find(b bounds[N]) *roaring.Bitmap {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.sets, func(g recentSet[N]) bool { return g.of.equal(b) })
	if i < 0 {
		return nil
	}
	found := r.sets[i]
	r.sets = append(slices.Delete(r.sets, i, i+1), found)
	return found.set
}

// add takes in that a point has a value. No reader may hold a set.
func (r *recent[N]) add(e entry[N]) {
	for _, g := range r.sets {
		if g.of.holds(e.value) {
			g.set.Add(e.slot)
		}
	}
}

// remove takes in that a point has a value no more. It may have others in the same interval, so that the set is gathered
// again when it is asked for.
func (r *recent[N]) remove(e entry[N]) {
	r.sets = slices.DeleteFunc(r.sets, func(g recentSet[N]) bool { return g.of.holds(e.value) })
}

func (b bounds[N]) equal(o bounds[N]) bool {
	same := func(x, y *N) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	return same(b.gt, o.gt) && same(b.gte, o.gte) && same(b.lt, o.lt) && same(b.lte, o.lte)
}

// clone has its own ends: those of a query are a part of its message.
func (b bounds[N]) clone() bounds[N] {
	for _, end := range []**N{&b.gt, &b.gte, &b.lt, &b.lte} {
		if *end != nil {
			own := **end
			*end = &own
		}
	}
	return b
}
