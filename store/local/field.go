package local

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/akinserver/akin/store/local/tokenizer"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// field is a condition on the values at a path. With an index that knows the kind of condition, byIndex is set and decides;
// else every value at the path is tested, and absent says what holds when there is none.
type field struct {
	path    path
	test    func(*qdrant.Value) bool
	absent  bool
	index   *fieldIndex
	byIndex *indexed
}

// indexed is what an index makes of a condition.
type indexed struct {
	check  func(values []*qdrant.Value) bool
	points func(c *collection) *roaring.Bitmap // nil: only check knows
	size   func() int                          // about how many points there are, where gathering them takes time; nil: it does not
}

func (f *field) check(s *subject) bool {
	values := f.path.values(s.payload)
	if f.byIndex != nil {
		return f.byIndex.check(values)
	}
	if len(values) == 0 {
		return f.absent
	}
	return slices.ContainsFunc(values, f.test)
}

func (f *field) points(c *collection) *roaring.Bitmap {
	if f.byIndex == nil || f.byIndex.points == nil {
		return nil
	}
	return f.byIndex.points(c)
}

func compileField(s *scope, in *qdrant.FieldCondition) (condition, error) {
	p, err := parsePath(in.GetKey())
	if err != nil {
		return nil, err
	}
	f := &field{path: p, index: s.index(p)}
	var tests []func(*qdrant.Value) bool // of one value that is not an array; any will do
	use := func(test func(*qdrant.Value) bool, err2 error, x *indexed) {
		tests = append(tests, test)
		if err == nil {
			err = err2
		}
		// With an index only the first part of a condition counts.
		if len(tests) == 1 {
			f.byIndex = x
		}
	}
	if m := in.GetMatch(); m != nil {
		test, err := matchTest(m, s.tokenizer(p))
		use(test, err, f.index.match(m))
	}
	if r := in.GetRange(); r != nil {
		use(rangeTest(r), nil, f.index.inRange(r))
	} else if r := in.GetDatetimeRange(); r != nil {
		use(datetimeTest(r), nil, f.index.inDatetimes(r))
	}
	if g := in.GetGeoRadius(); g != nil {
		inside, err := radiusTest(g)
		use(geoTest(inside), err, f.index.inArea(inside))
	}
	if g := in.GetGeoBoundingBox(); g != nil {
		inside, err := boxTest(g)
		use(geoTest(inside), err, f.index.inArea(inside))
	}
	if g := in.GetGeoPolygon(); g != nil {
		inside, err := polygonTest(g)
		use(geoTest(inside), err, f.index.inArea(inside))
	}
	if err != nil {
		return nil, err
	}
	f.test = func(v *qdrant.Value) bool {
		return anyOf(v, func(v *qdrant.Value) bool {
			return slices.ContainsFunc(tests, func(test func(*qdrant.Value) bool) bool { return test(v) })
		})
	}
	indexable := len(tests) == 0 && f.index != nil
	// These look at an array as a whole, and push any other part of the condition aside.
	if in.IsNull != nil {
		want := in.GetIsNull()
		f.test, f.absent = func(v *qdrant.Value) bool { return containsNull(v) == want }, !want
		if indexable {
			f.byIndex = f.index.presence(func(x *fieldIndex) *roaring.Bitmap { return x.null }, func(_, null bool) bool { return null }, want)
		}
	}
	if in.IsEmpty != nil {
		want := in.GetIsEmpty()
		f.test, f.absent = func(v *qdrant.Value) bool { return emptyValue(v) == want }, want
		if indexable {
			f.byIndex = f.index.presence(func(x *fieldIndex) *roaring.Bitmap { return x.present }, func(present, _ bool) bool { return present }, !want)
		}
	}
	if c := in.GetValuesCount(); c != nil {
		f.test = countTest(c)
	}
	return f, nil
}

func emptyValue(v *qdrant.Value) bool {
	elements, list := elementsOf(v)
	return isNull(v) || list && len(elements) == 0
}

func containsNull(v *qdrant.Value) bool { return anyOf(v, isNull) }

func countTest(c *qdrant.ValuesCount) func(*qdrant.Value) bool {
	return func(v *qdrant.Value) bool {
		n := uint64(1)
		if elements, ok := elementsOf(v); ok {
			n = uint64(len(elements))
		} else if isNull(v) {
			n = 0
		}
		return (c.Lt == nil || n < *c.Lt) && (c.Gt == nil || n > *c.Gt) && (c.Gte == nil || n >= *c.Gte) && (c.Lte == nil || n <= *c.Lte)
	}
}

func rangeTest(r *qdrant.Range) func(*qdrant.Value) bool {
	b := bounds[float64]{r.Gt, r.Gte, r.Lt, r.Lte}
	return func(v *qdrant.Value) bool {
		n, ok := numberOf(v)
		return ok && b.holds(n)
	}
}

func datetimeBounds(r *qdrant.DatetimeRange) bounds[int64] {
	micros := func(t *timestamppb.Timestamp) *int64 {
		if t == nil {
			return nil
		}
		m := microsOf(t)
		return &m
	}
	return bounds[int64]{micros(r.Gt), micros(r.Gte), micros(r.Lt), micros(r.Lte)}
}

func datetimeTest(r *qdrant.DatetimeRange) func(*qdrant.Value) bool {
	b := datetimeBounds(r)
	return func(v *qdrant.Value) bool {
		s, ok := v.GetKind().(*qdrant.Value_StringValue)
		if !ok {
			return false
		}
		micros, ok := parseDatetime(s.StringValue)
		return ok && b.holds(micros)
	}
}

func geoTest(inside func(geoPoint) bool) func(*qdrant.Value) bool {
	return func(v *qdrant.Value) bool {
		g, ok := geoOf(v)
		return ok && inside(g)
	}
}

func radiusTest(g *qdrant.GeoRadius) (func(geoPoint) bool, error) {
	center, err := geoPointOf(g.GetCenter())
	radius := float64(g.GetRadius())
	return func(p geoPoint) bool { return center.distance(p) < radius }, err
}

func boxTest(g *qdrant.GeoBoundingBox) (func(geoPoint) bool, error) {
	topLeft, err := geoPointOf(g.GetTopLeft())
	if err != nil {
		return nil, err
	}
	bottomRight, err := geoPointOf(g.GetBottomRight())
	return func(p geoPoint) bool { return p.inBox(topLeft, bottomRight) }, err
}

func polygonTest(g *qdrant.GeoPolygon) (func(geoPoint) bool, error) {
	if g.GetExterior() == nil {
		return nil, invalid("Malformed geo polygon: exterior is missing")
	}
	outer, err := lineOf(g.GetExterior())
	if err != nil {
		return nil, err
	}
	var holes [][]geoPoint
	for _, l := range g.GetInteriors() {
		hole, err := lineOf(l)
		if err != nil {
			return nil, err
		}
		holes = append(holes, hole)
	}
	return func(p geoPoint) bool { return p.inPolygon(outer, holes) }, nil
}

// matchTest tests single values. With a tokenizer, texts and phrases are compared token by token.
func matchTest(m *qdrant.Match, t *tokenizer.Tokenizer) (func(*qdrant.Value) bool, error) {
	tokenwise := func(q *textQuery) func(*qdrant.Value) bool {
		return func(v *qdrant.Value) bool { return q.holds([]*qdrant.Value{v}) }
	}
	text := func(holds func(string) bool) func(*qdrant.Value) bool {
		return func(v *qdrant.Value) bool {
			s, ok := v.GetKind().(*qdrant.Value_StringValue)
			return ok && holds(s.StringValue)
		}
	}
	integer := func(holds func(int64) bool) func(*qdrant.Value) bool {
		return func(v *qdrant.Value) bool {
			n, ok := v.GetKind().(*qdrant.Value_IntegerValue)
			return ok && holds(n.IntegerValue)
		}
	}
	switch k := m.GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		return text(func(s string) bool { return s == k.Keyword }), nil
	case *qdrant.Match_Text:
		if t != nil {
			return tokenwise(&textQuery{Tokenizer: t, tokens: t.Query(k.Text)}), nil
		}
		return text(func(s string) bool { return strings.Contains(s, k.Text) }), nil
	case *qdrant.Match_Phrase:
		if t != nil {
			return tokenwise(&textQuery{Tokenizer: t, tokens: t.Document(k.Phrase), phrase: true}), nil
		}
		return text(func(s string) bool { return strings.Contains(s, k.Phrase) }), nil
	case *qdrant.Match_TextAny:
		tokens := strings.Fields(k.TextAny)
		return text(func(s string) bool {
			return slices.ContainsFunc(tokens, func(word string) bool { return strings.Contains(s, word) })
		}), nil
	case *qdrant.Match_Keywords:
		set := setOf(k.Keywords.GetStrings())
		return text(func(s string) bool { return set[s] }), nil
	case *qdrant.Match_ExceptKeywords:
		set := setOf(k.ExceptKeywords.GetStrings())
		in := text(func(s string) bool { return set[s] })
		return func(v *qdrant.Value) bool { return !isNull(v) && !in(v) }, nil
	case *qdrant.Match_Integer:
		return integer(func(n int64) bool { return n == k.Integer }), nil
	case *qdrant.Match_Integers:
		set := setOf(k.Integers.GetIntegers())
		return integer(func(n int64) bool { return set[n] }), nil
	case *qdrant.Match_ExceptIntegers:
		set := setOf(k.ExceptIntegers.GetIntegers())
		in := integer(func(n int64) bool { return set[n] })
		return func(v *qdrant.Value) bool { return !isNull(v) && !in(v) }, nil
	case *qdrant.Match_Boolean:
		return func(v *qdrant.Value) bool {
			b, ok := v.GetKind().(*qdrant.Value_BoolValue)
			return ok && b.BoolValue == k.Boolean
		}, nil
	}
	return nil, invalid("Malformed Match condition")
}

func setOf[T comparable](list []T) map[T]bool {
	set := make(map[T]bool, len(list))
	for _, x := range list {
		set[x] = true
	}
	return set
}
