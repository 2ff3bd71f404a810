package local

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
)

// This file says what an index makes of a condition. Each method returns nil where there is no index (x is nil) or the
// index does not know the kind of condition; then the payload is looked at.

// mostGathered is how many points' payloads are looked at to gather those that a condition holds for. Of more, each is checked
// when a search meets it: that is less work, and ends when nobody waits any more.
const mostGathered = 10_000

// anyValue builds what checks the values that the index keeps of a point.
func (x *fieldIndex) anyValue(holds func(any) bool) func([]*qdrant.Value) bool {
	return func(values []*qdrant.Value) bool {
		found := false
		x.eachValue(values, func(v any) { found = found || holds(v) })
		return found
	}
}

func (x *fieldIndex) match(m *qdrant.Match) *indexed {
	if x == nil {
		return nil
	}
	switch k := m.GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		return x.oneOf([]string{k.Keyword})
	case *qdrant.Match_Keywords:
		return x.oneOf(k.Keywords.GetStrings())
	case *qdrant.Match_Integer:
		return x.oneOfIntegers([]int64{k.Integer})
	case *qdrant.Match_Integers:
		return x.oneOfIntegers(k.Integers.GetIntegers())
	case *qdrant.Match_Boolean:
		if x.kind != qdrant.PayloadSchemaType_Bool {
			return nil
		}
		return &indexed{
			check:  x.anyValue(func(v any) bool { return v == k.Boolean }),
			points: func(*collection) *roaring.Bitmap { return x.bools[boolIndex(k.Boolean)] },
		}
	case *qdrant.Match_ExceptKeywords:
		return x.except(k.ExceptKeywords.GetStrings(), nil)
	case *qdrant.Match_ExceptIntegers:
		return x.except(nil, k.ExceptIntegers.GetIntegers())
	case *qdrant.Match_Text:
		return x.text(&textQuery{analyzer: x.analyzer}, k.Text)
	case *qdrant.Match_TextAny:
		return x.text(&textQuery{analyzer: x.analyzer, any: true}, k.TextAny)
	case *qdrant.Match_Phrase:
		return x.text(&textQuery{analyzer: x.analyzer, phrase: true}, k.Phrase)
	}
	return nil
}

// normalWords returns words as the index keeps them, and ok = false if it does not keep such words.
func (x *fieldIndex) normalWords(words []string) (normal []string, ok bool) {
	switch x.kind {
	case qdrant.PayloadSchemaType_Keyword:
		return words, true
	case qdrant.PayloadSchemaType_Uuid:
		for _, w := range words {
			id, err := parseUUID(w)
			if err != nil {
				return nil, false
			}
			normal = append(normal, id.String())
		}
		return normal, true
	}
	return nil, false
}

func (x *fieldIndex) oneOf(words []string) *indexed {
	words, ok := x.normalWords(words)
	if !ok {
		return nil
	}
	set := setOf(words)
	return &indexed{
		check:  x.anyValue(func(v any) bool { return set[v.(string)] }),
		points: func(*collection) *roaring.Bitmap { return union(x.words, words) },
	}
}

func union(sets map[string]*roaring.Bitmap, words []string) *roaring.Bitmap {
	var list []*roaring.Bitmap
	for _, w := range words {
		if set := sets[w]; set != nil {
			list = append(list, set)
		}
	}
	switch len(list) {
	case 0:
		return roaring.New()
	case 1:
		return list[0]
	}
	return roaring.FastOr(list...)
}

func (x *fieldIndex) oneOfIntegers(numbers []int64) *indexed {
	if !x.looksUp() {
		return nil
	}
	set := setOf(numbers)
	return &indexed{
		check: x.anyValue(func(v any) bool { return set[v.(int64)] }),
		points: func(*collection) *roaring.Bitmap {
			if len(numbers) == 1 {
				return x.withinIntegers(bounds[int64]{gte: &numbers[0], lte: &numbers[0]})
			}
			out := roaring.New()
			for n := range set {
				out.Or(x.withinIntegers(bounds[int64]{gte: &n, lte: &n}))
			}
			return out
		},
	}
}

// except holds where some value is not among those listed. An index of another type takes any value for such a one.
func (x *fieldIndex) except(words []string, numbers []int64) *indexed {
	var listed func(any) bool
	if normal, ok := x.normalWords(words); ok && numbers == nil {
		set := setOf(normal)
		listed = func(v any) bool { return set[v.(string)] }
	} else if x.looksUp() && words == nil {
		set := setOf(numbers)
		listed = func(v any) bool { return set[v.(int64)] }
	} else {
		return &indexed{
			check:  x.anyValue(func(any) bool { return true }),
			points: func(*collection) *roaring.Bitmap { return x.indexed },
		}
	}
	return &indexed{check: x.anyValue(func(v any) bool { return !listed(v) })}
}

func (x *fieldIndex) text(q *textQuery, text string) *indexed {
	if x.analyzer == nil {
		return nil
	}
	q.tokens = q.query(text)
	if q.phrase {
		q.tokens = q.document(text)
	}
	return &indexed{
		check: q.matches,
		points: func(c *collection) *roaring.Bitmap {
			switch {
			case q.impossible():
				return roaring.New()
			case q.any:
				return union(x.words, q.tokens)
			}
			var sets []*roaring.Bitmap
			for _, t := range q.tokens {
				set := x.words[t]
				if set == nil {
					return roaring.New()
				}
				sets = append(sets, set)
			}
			both := intersection(c, sets)
			if q.phrase {
				if both.GetCardinality() > mostGathered {
					return nil
				}
				both = c.only(both, func(s *subject) bool { return q.matches(x.path.values(s.payload)) })
			}
			return both
		},
	}
}

func (x *fieldIndex) inRange(r *qdrant.Range) *indexed {
	if x == nil {
		return nil
	}
	switch {
	case x.ranges():
		b := bounds[int64]{truncated(r.Gt), truncated(r.Gte), truncated(r.Lt), truncated(r.Lte)}
		return &indexed{
			check:  x.anyValue(func(v any) bool { return b.holds(v.(int64)) }),
			points: func(*collection) *roaring.Bitmap { return x.withinIntegers(b) },
			size:   func() int { return b.size(x.integers) },
		}
	case x.kind == qdrant.PayloadSchemaType_Float:
		b := bounds[float64]{r.Gt, r.Gte, r.Lt, r.Lte}
		return &indexed{
			check:  x.anyValue(func(v any) bool { return b.holds(v.(float64)) }),
			points: func(*collection) *roaring.Bitmap { return x.withinFloats(b) },
			size:   func() int { return b.size(x.floats) },
		}
	}
	return nil
}

// truncated cuts the fraction off a bound, which is what an integer index does with it; NaN becomes 0.
func truncated(x *float64) *int64 {
	if x == nil {
		return nil
	}
	var n int64
	switch {
	case *x >= math.MaxInt64:
		n = math.MaxInt64
	case *x <= math.MinInt64:
		n = math.MinInt64
	case *x == *x:
		n = int64(*x)
	}
	return &n
}

func (x *fieldIndex) inDatetimes(r *qdrant.DatetimeRange) *indexed {
	if x == nil || x.kind != qdrant.PayloadSchemaType_Datetime {
		return nil
	}
	b := datetimeBounds(r)
	return &indexed{
		check:  x.anyValue(func(v any) bool { return b.holds(v.(int64)) }),
		points: func(*collection) *roaring.Bitmap { return x.withinIntegers(b) },
		size:   func() int { return b.size(x.integers) },
	}
}

func (x *fieldIndex) inArea(inside func(geoPoint) bool) *indexed {
	if x == nil || x.kind != qdrant.PayloadSchemaType_Geo {
		return nil
	}
	check := x.anyValue(func(v any) bool { return inside(v.(geoPoint)) })
	return &indexed{
		check: check,
		points: func(c *collection) *roaring.Bitmap {
			if x.indexed.GetCardinality() > mostGathered {
				return nil
			}
			return c.only(x.indexed, func(s *subject) bool { return check(x.path.values(s.payload)) })
		},
	}
}

// presence builds is_null and is_empty of a field condition from the set of points that the index keeps for it.
func (x *fieldIndex) presence(set func(*fieldIndex) *roaring.Bitmap, pick func(present, null bool) bool, want bool) *indexed {
	return &indexed{
		check: func(values []*qdrant.Value) bool { return pick(presence(values)) == want },
		points: func(c *collection) *roaring.Bitmap {
			if want {
				return set(x)
			}
			return roaring.AndNot(c.live, set(x))
		},
	}
}
