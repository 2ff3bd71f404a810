package local

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// subject is a point that a condition is checked on: one of the collection, or one that a call is about to write.
type subject struct {
	id      pointID
	payload fields
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
func (r *record) subject() *subject { return &subject{id: r.id, payload: r.payload, record: r} }

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

// analyzer returns the tokenizer of a text index on a key, in a nested filter too: there it is all that an index changes.
func (s *scope) analyzer(p path) *analyzer {
	if s.prefix != nil {
		p = s.prefix.under(p)
	}
	if x := s.indexOn(p); x != nil {
		return x.analyzer
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
	left := len(c.slots)
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
		if slot, ok := c.slots[id]; ok {
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
			found = n.filter.check(&subject{payload: obj.StructValue.GetFields()})
		}
		return !found
	})
	return found
}

func (n nested) points(*collection) *roaring.Bitmap { return nil }

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
		test, err := matchTest(m, s.analyzer(p))
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

// matchTest tests single values. With an analyzer, texts and phrases are compared token by token.
func matchTest(m *qdrant.Match, a *analyzer) (func(*qdrant.Value) bool, error) {
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
		if a != nil {
			return tokenwise(&textQuery{analyzer: a, tokens: a.query(k.Text)}), nil
		}
		return text(func(s string) bool { return strings.Contains(s, k.Text) }), nil
	case *qdrant.Match_Phrase:
		if a != nil {
			return tokenwise(&textQuery{analyzer: a, tokens: a.document(k.Phrase), phrase: true}), nil
		}
		return text(func(s string) bool { return strings.Contains(s, k.Phrase) }), nil
	case *qdrant.Match_TextAny:
		tokens := strings.Fields(k.TextAny)
		return text(func(s string) bool {
			return slices.ContainsFunc(tokens, func(t string) bool { return strings.Contains(s, t) })
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

// cancelled reports the end of a call's context, looked at every few thousand points of a scan.
func cancelled(ctx context.Context) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return nil
}
