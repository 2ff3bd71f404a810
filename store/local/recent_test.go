package local

import (
	"math"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"
)

func TestRecentSetsFollowTheirIndex(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o, r := newOrdered(compareEntries[int64]), &recent[int64]{}
		for slot := range uint32(2 * minRecent) { // so that sets are worth keeping
			o.add(entry[int64]{int64(slot % 4), slot})
		}
		end := func(name string) *int64 {
			if !rapid.Bool().Draw(rt, "has "+name) {
				return nil
			}
			x := rapid.Int64Range(-1, 4).Draw(rt, name)
			return &x
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			e := entry[int64]{rapid.Int64Range(0, 3).Draw(rt, "value"), rapid.Uint32Range(0, 2*minRecent).Draw(rt, "slot")}
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0:
				o.add(e)
				r.add(e)
			case 1:
				o.remove(e)
				r.remove(e)
			default:
				b := bounds[int64]{end("gt"), end("gte"), end("lt"), end("lte")}
				gather := func() *roaring.Bitmap { return within(o, b, math.MinInt64) }
				if got, want := r.of(b, gather), gather(); !got.Equals(want) {
					rt.Fatalf("%v: want %v, got %v", b, want, got)
				}
			}
			if len(r.sets) > maxRecent {
				rt.Fatalf("%d sets are kept", len(r.sets))
			}
		}
	})
}

func TestARecentSetIsNotGatheredAgain(t *testing.T) {
	r, three := &recent[int64]{}, int64(3)
	b := bounds[int64]{gte: &three, lte: &three}
	set := roaring.New()
	set.AddRange(0, minRecent)
	r.of(b, func() *roaring.Bitmap { return set })
	again := int64(3) // another message's
	if got := r.of(bounds[int64]{gte: &again, lte: &again}, roaring.New); got != set {
		t.Errorf("want the set that was kept, got one of %d", got.GetCardinality())
	}
	r.remove(entry[int64]{3, 7})
	if got := r.of(b, roaring.New); got == set {
		t.Error("a set was kept although a point has the value no more")
	}
}
