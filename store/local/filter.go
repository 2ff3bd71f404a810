package local

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/akinserver/akin/store/local/tokenizer"
	"github.com/qdrant/go-client/qdrant"
)

// subject is a point that a condition is checked on: one of the collection, or one that a call is about to write.
type subject struct {
	id      pointID
	payload document
	record  *record     // of a point about to be written
	stored  *collection // else
	slot    uint32
}

// has tells whether the point has a vector of that name.
func (s *subject) has(name string) (ok bool) {
	switch {
	case s.record != nil:
		_, ok = s.record.vectors[name]
	case s.stored != nil:
		_, ok = s.stored.vector(s.slot, name)
	}
	return ok
}

// subject returns the record as conditions see it.
func (r *record) subject() *subject { return &subject{id: r.id, payload: r.document(), record: r} }

// condition is one node of a filter.
type condition interface {
	// check tells whether the condition holds for a point.
	check(s *subject) bool
	// points returns the points that the condition holds for, or nil where only check knows. The caller must not change it.
	points(c *collection) *roaring.Bitmap
}

// compileFilter reads a filter against the indexes of c. A nil filter holds for every point.
func compileFilter(c *collection, f *qdrant.Filter) (condition, error) {
	return compileIn(&scope{collection: c}, f)
}

// scope is where the keys of a filter are looked up: in the payload or, in a nested filter, in an element of it.
type scope struct {
	*collection
	prefix *path // of the enclosing nested condition
	depth  int
}

// index returns the index on a key. In a nested filter indexes are not used.
func (s *scope) index(p path) *fieldIndex {
	if s.prefix != nil {
		return nil
	}
	return s.indexOn(p)
}

// tokenizer returns that of a text index on a key, in a nested filter too: there it is all that an index changes.
func (s *scope) tokenizer(p path) *tokenizer.Tokenizer {
	if s.prefix != nil {
		p = s.prefix.under(p)
	}
	if x := s.indexOn(p); x != nil {
		return x.tokenizer
	}
	return nil
}

func compileIn(s *scope, f *qdrant.Filter) (condition, error) {
	if f == nil {
		return everything{}, nil
	}
	if s.depth > maxNesting {
		return nil, invalid("filter is nested deeper than %d levels", maxNesting)
	}
	var out all
	must, err := compileList(s, f.GetMust())
	if err != nil {
		return nil, err
	}
	out = append(out, must...)
	should, err := compileList(s, f.GetShould())
	if err != nil {
		return nil, err
	}
	if len(should) > 0 {
		out = append(out, atLeastOf{should, 1})
	}
	if m := f.GetMinShould(); m != nil {
		list, err := compileList(s, m.GetConditions())
		if err != nil {
			return nil, err
		}
		out = append(out, atLeastOf{list, int(min(m.GetMinCount(), math.MaxInt32))})
	}
	mustNot, err := compileList(s, f.GetMustNot())
	if err != nil {
		return nil, err
	}
	for _, c := range mustNot {
		out = append(out, not{c})
	}
	switch len(out) {
	case 0:
		return everything{}, nil
	case 1:
		return out[0], nil
	}
	return out, nil
}

func compileList(s *scope, list []*qdrant.Condition) ([]condition, error) {
	var out []condition
	inner := *s
	inner.depth++
	for _, c := range list {
		one, err := compileCondition(&inner, c)
		if err != nil {
			return nil, err
		}
		if one != nil {
			out = append(out, one)
		}
	}
	return out, nil
}

// compileCondition returns nil for a condition that says nothing.
func compileCondition(s *scope, in *qdrant.Condition) (condition, error) {
	switch c := in.GetConditionOneOf().(type) {
	case *qdrant.Condition_Field:
		return compileField(s, c.Field)
	case *qdrant.Condition_Filter:
		return compileIn(s, c.Filter)
	case *qdrant.Condition_IsEmpty:
		p, err := parsePath(c.IsEmpty.GetKey())
		return isEmpty{p, s.index(p)}, err
	case *qdrant.Condition_IsNull:
		p, err := parsePath(c.IsNull.GetKey())
		return hasNull{p, s.index(p)}, err
	case *qdrant.Condition_HasId:
		ids, err := parsePointIDs(c.HasId.GetHasId())
		if err != nil || s.prefix != nil {
			return nothing{}, err
		}
		set := make(map[pointID]bool, len(ids))
		for _, id := range ids {
			set[id] = true
		}
		return hasID{set}, nil
	case *qdrant.Condition_HasVector:
		if s.prefix != nil {
			return nothing{}, nil
		}
		return hasVector{c.HasVector.GetHasVector()}, nil
	case *qdrant.Condition_Nested:
		p, err := parsePath(c.Nested.GetKey())
		if err != nil {
			return nil, err
		}
		if c.Nested.GetFilter() == nil {
			return nil, nil
		}
		p = p.elements()
		inner := scope{collection: s.collection, prefix: &p, depth: s.depth + 1}
		if s.prefix != nil {
			whole := s.prefix.under(p)
			inner.prefix = &whole
		}
		filter, err := compileIn(&inner, c.Nested.GetFilter())
		return nested{p, filter}, err
	}
	return nil, nil
}
