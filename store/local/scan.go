package local

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/akinserver/akin/store/local/ctxsort"
)

// checkEvery is how many points a scan passes before it looks whether its caller still waits: few enough for a disk that has to
// bring each of them, and for payloads of some kilobytes.
const checkEvery = 256

// candidates splits a condition into the points that indexes leave and what is still to be checked on each (nil: nothing).
func (c *collection) candidates(cond condition) (*roaring.Bitmap, condition) {
	list, ok := cond.(all)
	if !ok {
		list = all{cond}
	}
	sets, rest := list.split(c)
	if len(rest) == 0 {
		return intersection(c, sets), nil
	}
	return intersection(c, sets), rest
}

// each calls yield with the slots of the points that a condition holds for, until yield returns false.
func (c *collection) each(ctx context.Context, cond condition, yield func(slot uint32) bool) error {
	set, rest := c.candidates(cond)
	it := set.Iterator()
	var s subject
	for n := 1; it.HasNext(); n++ {
		if n%checkEvery == 0 {
			if err := cancelled(ctx); err != nil {
				return err
			}
		}
		slot := it.Next()
		if (rest == nil || rest.check(c.subject(slot, &s))) && !yield(slot) {
			return nil
		}
	}
	return cancelled(ctx)
}

// matching returns the points that a condition holds for. The caller must not change the set.
func (c *collection) matching(ctx context.Context, cond condition) (*roaring.Bitmap, error) {
	if set, rest := c.candidates(cond); rest == nil {
		return set, nil
	}
	out := roaring.New()
	err := c.each(ctx, cond, func(slot uint32) bool { out.Add(slot); return true })
	return out, err
}

// every calls yield with the numbers below n until it has seen them all, or ctx is done.
func every(ctx context.Context, n int, yield func(i int)) error {
	for i := range n {
		if i%checkEvery == 0 {
			if err := cancelled(ctx); err != nil {
				return err
			}
		}
		yield(i)
	}
	return nil
}

// sortedWhile sorts a list for as long as the caller waits.
func sortedWhile[T any](ctx context.Context, list []T, compare func(a, b T) int) error {
	if err := ctxsort.Sort(ctx, list, compare); err != nil {
		return contextStatus(err)
	}
	return nil
}

// cancelled reports the end of a call's context.
func cancelled(ctx context.Context) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return nil
}
