package local

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
)

type everything struct{}

func (everything) check(*subject) bool                  { return true }
func (everything) points(c *collection) *roaring.Bitmap { return c.live }

type nothing struct{}

func (nothing) check(*subject) bool                { return false }
func (nothing) points(*collection) *roaring.Bitmap { return roaring.New() }

// all holds where every one of its conditions does.
type all []condition

func (a all) check(s *subject) bool {
	for _, c := range a {
		if !c.check(s) {
			return false
		}
	}
	return true
}

func (a all) points(c *collection) *roaring.Bitmap {
	sets, rest := a.split(c)
	if len(rest) > 0 {
		return nil
	}
	return intersection(c, sets)
}

// split asks the conditions for their points, and returns those that do not know as rest. So it does with those that
// would take longer to gather their points than it takes to check the few that the others leave.
func (a all) split(c *collection) (sets []*roaring.Bitmap, rest all) {
	var wide all
	for _, one := range a {
		if f, ok := one.(*field); ok && f.byIndex != nil && f.byIndex.size != nil {
			wide = append(wide, one)
		} else if set := one.points(c); set != nil {
			sets = append(sets, set)
		} else {
			rest = append(rest, one)
		}
	}
	slices.SortFunc(sets, func(a, b *roaring.Bitmap) int { return cmp.Compare(a.GetCardinality(), b.GetCardinality()) })
	left := c.size
	if len(sets) > 0 {
		left = int(sets[0].GetCardinality())
	}
	for _, one := range wide {
		if one.(*field).byIndex.size() > left/2 {
			rest = append(rest, one)
		} else {
			sets = append(sets, one.points(c))
		}
	}
	return sets, rest
}

func intersection(c *collection, sets []*roaring.Bitmap) *roaring.Bitmap {
	if len(sets) == 0 {
		return c.live
	}
	if len(sets) == 1 {
		return sets[0]
	}
	return roaring.FastAnd(sets...)
}

// atLeastOf holds where count of its conditions do.
type atLeastOf struct {
	of    []condition
	count int
}

func (a atLeastOf) check(s *subject) bool {
	left := a.count
	for _, c := range a.of {
		if left == 0 {
			break
		}
		if c.check(s) {
			left--
		}
	}
	return left == 0
}

func (a atLeastOf) points(c *collection) *roaring.Bitmap {
	switch {
	case a.count == 0:
		return c.live
	case a.count > len(a.of):
		return roaring.New()
	}
	sets := make([]*roaring.Bitmap, len(a.of))
	for i, one := range a.of {
		if sets[i] = one.points(c); sets[i] == nil {
			return nil
		}
	}
	// reached[n] holds the points that n+1 of the sets seen so far hold.
	reached := make([]*roaring.Bitmap, a.count)
	for n := range reached {
		reached[n] = roaring.New()
	}
	for _, set := range sets {
		for n := a.count - 1; n > 0; n-- {
			reached[n].Or(roaring.And(reached[n-1], set))
		}
		reached[0].Or(set)
	}
	return reached[a.count-1]
}

type not struct{ of condition }

func (n not) check(s *subject) bool { return !n.of.check(s) }

func (n not) points(c *collection) *roaring.Bitmap {
	if set := n.of.points(c); set != nil {
		return roaring.AndNot(c.live, set)
	}
	return nil
}

type hasID struct{ ids map[pointID]bool }

func (h hasID) check(s *subject) bool { return h.ids[s.id] }

func (h hasID) points(c *collection) *roaring.Bitmap {
	out := roaring.New()
	for id := range h.ids {
		if slot, ok := c.find(id); ok {
			out.Add(slot)
		}
	}
	return out
}

type hasVector struct{ name string }

func (h hasVector) check(s *subject) bool              { return s.has(h.name) }
func (h hasVector) points(*collection) *roaring.Bitmap { return nil }

type isEmpty struct {
	path  path
	index *fieldIndex
}

func (e isEmpty) check(s *subject) bool {
	empty := true
	e.path.each(s.payload, func(v *qdrant.Value) bool {
		elements, list := elementsOf(v)
		empty = list && len(elements) == 0 || isNull(v)
		return empty
	})
	return empty
}

func (e isEmpty) points(c *collection) *roaring.Bitmap {
	if e.index == nil {
		return nil
	}
	return roaring.AndNot(c.live, e.index.present)
}

// hasNull is the condition is_null: a null by itself or, once the field has an index, in an array too.
type hasNull struct {
	path  path
	index *fieldIndex
}

func (h hasNull) check(s *subject) bool {
	values := h.path.values(s.payload)
	if h.index != nil {
		_, null := presence(values)
		return null
	}
	return slices.ContainsFunc(values, isNull)
}

func (h hasNull) points(*collection) *roaring.Bitmap {
	if h.index == nil {
		return nil
	}
	return h.index.null
}

// nested holds where its filter does for one and the same object of an array.
type nested struct {
	path   path
	filter condition
}

func (n nested) check(s *subject) bool {
	found := false
	n.path.each(s.payload, func(v *qdrant.Value) bool {
		if obj, ok := v.GetKind().(*qdrant.Value_StructValue); ok {
			found = n.filter.check(&subject{payload: document{fields: obj.StructValue.GetFields()}})
		}
		return !found
	})
	return found
}

func (n nested) points(*collection) *roaring.Bitmap { return nil }
