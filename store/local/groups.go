package local

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/qdrant/go-client/qdrant"
)

// Groups are gathered as Qdrant gathers them: a few rounds of searches, first for more groups and then for the hits that
// groups still lack. So there may be fewer groups, and fewer hits in them, than were asked for.

const (
	defaultGroupSize = 3
	groupRounds      = 5 // of each kind
)

func (s *pointsService) QueryGroups(ctx context.Context, req *qdrant.QueryPointGroups) (*qdrant.QueryGroupsResponse, error) {
	start := time.Now()
	result, err := s.queryGroups(ctx, req)
	if err != nil {
		return nil, err
	}
	return &qdrant.QueryGroupsResponse{Result: result, Time: since(start)}, nil
}

func (s *pointsService) queryGroups(ctx context.Context, req *qdrant.QueryPointGroups) (*qdrant.GroupsResult, error) {
	by, err := parsePath(req.GetGroupBy())
	if err != nil {
		return nil, err
	}
	names := lookups(req.GetLookupFrom(), req.GetPrefetch())
	if l := req.GetWithLookup(); l != nil {
		names = append(names, l.GetCollection())
	}
	q, err := s.querying(ctx, req.GetCollectionName(), names)
	if err != nil {
		return nil, err
	}
	defer q.unlock()
	a, err := q.c.newAnswer(req.GetWithPayload(), false, req.GetWithVectors())
	if err != nil {
		return nil, err
	}
	root := &stage{
		prefetch: req.GetPrefetch(), query: req.GetQuery(), using: req.GetUsing(), filter: req.GetFilter(),
		threshold: req.ScoreThreshold, lookup: req.GetLookupFrom(), exact: req.GetParams().GetExact(),
	}
	g := &grouping{q: q, by: by, limit: limitOr(req.Limit, defaultLimit), size: limitOr(req.GroupSize, defaultGroupSize), groups: map[groupKey]*group{}, ids: map[pointID]bool{}}
	if err := g.gather(root); err != nil {
		return nil, err
	}
	result := &qdrant.GroupsResult{}
	for _, one := range g.best() {
		slices.SortStableFunc(one.hits, g.compare)
		out := &qdrant.PointGroup{Id: one.key.proto()}
		if out.Hits, err = a.scoredAll(ctx, q.c, one.hits[:min(len(one.hits), g.size)]); err != nil {
			return nil, err
		}
		if out.Lookup, err = q.groupLookup(one.key, req.GetWithLookup()); err != nil {
			return nil, err
		}
		result.Groups = append(result.Groups, out)
	}
	return result, nil
}

// groupKey is the value that the hits of a group share: a text or a whole number.
type groupKey struct {
	text    string
	number  int64
	numeric bool
}

// groupKeyOf reads a group key. Of values that are neither texts nor whole numbers there are no groups.
func groupKeyOf(v *qdrant.Value) (groupKey, bool) {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_StringValue:
		return groupKey{text: k.StringValue}, true
	case *qdrant.Value_IntegerValue:
		return groupKey{number: k.IntegerValue, numeric: true}, true
	}
	return groupKey{}, false
}

func (k groupKey) proto() *qdrant.GroupId {
	switch {
	case !k.numeric:
		return &qdrant.GroupId{Kind: &qdrant.GroupId_StringValue{StringValue: k.text}}
	case k.number < 0:
		return &qdrant.GroupId{Kind: &qdrant.GroupId_IntegerValue{IntegerValue: k.number}}
	}
	return &qdrant.GroupId{Kind: &qdrant.GroupId_UnsignedValue{UnsignedValue: uint64(k.number)}}
}

type group struct {
	key  groupKey
	best hit
	hits []hit
}

type grouping struct {
	q       *querying
	by      path
	limit   int // groups
	size    int // hits of a group
	compare func(a, b hit) int
	groups  map[groupKey]*group
	order   []groupKey // as they were met
	ids     map[pointID]bool
}

// gather runs the rounds.
func (g *grouping) gather(root *stage) error {
	if err := root.check(0); err != nil {
		return err
	}
	ids, err := g.q.references(root)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		root.filter = mergeFilters(&qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewHasID(ids...)}}, root.filter)
	}
	root.prefetch = enlarged(root.prefetch, uint64(g.size))
	root.limit = int(min(int64(g.limit)*int64(g.size), maxLimit))
	g.compare = g.q.comparison(root)
	for range groupRounds {
		full := g.keys(func(one *group) bool { return len(one.hits) >= g.size }, g.order)
		n, err := g.round(root, g.valueConditions(full, true))
		if err != nil || n == 0 {
			return g.fill(root, err)
		}
		if g.filledBest() >= g.limit {
			return nil
		}
	}
	return g.fill(root, nil)
}

// fill runs the rounds that look for hits of the best groups alone.
func (g *grouping) fill(root *stage, err error) error {
	for range groupRounds {
		if err != nil {
			return err
		}
		var lacking []groupKey
		for _, one := range g.best() {
			if len(one.hits) < g.size {
				lacking = append(lacking, one.key)
			}
		}
		var n int
		if n, err = g.round(root, g.valueConditions(lacking, false)); n == 0 || g.filledBest() >= g.limit {
			return err
		}
	}
	return err
}

// round searches once more, leaving out the hits that are there already, and returns how many it found.
func (g *grouping) round(root *stage, must []*qdrant.Condition) (int, error) {
	s := *root
	// The empty list of ids excludes nothing, and the key must be there.
	s.filter = mergeFilters(s.filter, &qdrant.Filter{Must: must, MustNot: []*qdrant.Condition{qdrant.NewIsEmpty(g.by.text), g.q.exclude(g.ids)}})
	var hits []hit
	var err error
	if m, ok := s.query.GetVariant().(*qdrant.Query_NearestWithMmr); ok {
		hits, err = g.q.diverse(&s, m.NearestWithMmr)
	} else {
		hits, err = g.q.stage(&s)
	}
	if err != nil {
		return 0, err
	}
	return len(hits), every(g.q.ctx, len(hits), func(i int) { g.add(hits[i]) })
}

func (q *querying) exclude(ids map[pointID]bool) *qdrant.Condition {
	list := make([]*qdrant.PointId, 0, len(ids))
	for id := range ids {
		list = append(list, id.proto())
	}
	return qdrant.NewHasID(list...)
}

// add puts a hit into the group of each of its values.
func (g *grouping) add(h hit) {
	var keys []groupKey
	good := true
	g.by.each(g.q.c.document(h.slot), func(v *qdrant.Value) bool {
		anyOf(v, func(v *qdrant.Value) bool {
			key, ok := groupKeyOf(v)
			good = good && ok
			if ok && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
			return !ok
		})
		return good
	})
	if !good {
		return
	}
	g.ids[g.q.c.points[h.slot].id] = true
	for _, key := range keys {
		one := g.groups[key]
		if one == nil {
			one = &group{key: key, best: h}
			g.groups[key] = one
			g.order = append(g.order, key)
		}
		one.hits = append(one.hits, h)
		if g.compare(h, one.best) < 0 {
			one.best = h
		}
	}
}

// best returns the groups with the best hits, as many as are asked for.
func (g *grouping) best() []*group {
	list := make([]*group, 0, len(g.order))
	for _, key := range g.order {
		list = append(list, g.groups[key])
	}
	slices.SortStableFunc(list, func(a, b *group) int { return g.compare(a.best, b.best) })
	return list[:min(len(list), g.limit)]
}

func (g *grouping) filledBest() int {
	n := 0
	for _, one := range g.best() {
		if len(one.hits) >= g.size {
			n++
		}
	}
	return n
}

func (g *grouping) keys(wanted func(*group) bool, from []groupKey) []groupKey {
	var out []groupKey
	for _, key := range from {
		if wanted(g.groups[key]) {
			out = append(out, key)
		}
	}
	return out
}

// valueConditions limits the field to the keys, or to anything but them.
func (g *grouping) valueConditions(keys []groupKey, except bool) []*qdrant.Condition {
	var words []string
	var numbers []int64
	for _, key := range keys {
		if key.numeric {
			numbers = append(numbers, key.number)
		} else {
			words = append(words, key.text)
		}
	}
	var out []*qdrant.Condition
	if len(numbers) > 0 {
		if except {
			out = append(out, qdrant.NewMatchExceptInts(g.by.text, numbers...))
		} else {
			out = append(out, qdrant.NewMatchInts(g.by.text, numbers...))
		}
	}
	if len(words) > 0 {
		if except {
			out = append(out, qdrant.NewMatchExceptKeywords(g.by.text, words...))
		} else {
			out = append(out, qdrant.NewMatchKeywords(g.by.text, words...))
		}
	}
	return out
}

// enlarged returns prefetches that fetch factor times as much.
func enlarged(list []*qdrant.PrefetchQuery, factor uint64) []*qdrant.PrefetchQuery {
	out := make([]*qdrant.PrefetchQuery, len(list))
	for i, p := range list {
		out[i] = &qdrant.PrefetchQuery{
			Prefetch: enlarged(p.GetPrefetch(), factor), Query: p.Query, Using: p.Using, Filter: p.Filter, Params: p.Params,
			ScoreThreshold: p.ScoreThreshold, LookupFrom: p.LookupFrom,
			Limit: qdrant.PtrOf(uint64(limitOr(p.Limit, defaultLimit)) * factor),
		}
	}
	return out
}

// comparison returns what orders the hits of a stage, the best first.
func (q *querying) comparison(s *stage) func(a, b hit) int {
	byID := func(a, b hit) int { return q.c.points[a.slot].id.compare(q.c.points[b.slot].id) }
	switch v := s.query.GetVariant().(type) {
	case nil:
		return byID
	case *qdrant.Query_Sample, *qdrant.Query_NearestWithMmr:
		return func(hit, hit) int { return 0 }
	case *qdrant.Query_OrderBy:
		sign := 1
		if v.OrderBy.GetDirection() == qdrant.Direction_Desc {
			sign = -1
		}
		return func(a, b hit) int {
			return cmp.Or(sign*cmp.Or(cmp.Compare(a.order.GetInt(), b.order.GetInt()), cmp.Compare(a.order.GetFloat(), b.order.GetFloat())), byID(a, b))
		}
	case *qdrant.Query_Nearest, *qdrant.Query_Recommend:
		space := q.c.spaces[s.using]
		average := s.query.GetRecommend() == nil || s.query.GetRecommend().GetStrategy() == qdrant.RecommendStrategy_AverageVector
		if average && space != nil && space.smallIsBest() {
			return func(a, b hit) int { return cmp.Or(cmp.Compare(a.score, b.score), byID(a, b)) }
		}
	}
	return func(a, b hit) int { return cmp.Or(cmp.Compare(b.score, a.score), byID(a, b)) }
}

// groupLookup returns the point of another collection whose id is the key of a group, or nil.
func (q *querying) groupLookup(key groupKey, l *qdrant.WithLookup) (*qdrant.RetrievedPoint, error) {
	if l == nil {
		return nil, nil
	}
	c, ok := q.others[l.GetCollection()]
	if !ok {
		return nil, notFound("Collection %s not found", l.GetCollection())
	}
	a, err := c.newAnswer(l.GetWithPayload(), true, l.GetWithVectors())
	if err != nil {
		return nil, err
	}
	id := numberID(uint64(key.number))
	if !key.numeric {
		if id, err = parseUUID(key.text); err != nil {
			return nil, nil // a key that is no id has no point
		}
	} else if key.number < 0 {
		return nil, nil
	}
	if slot, ok := c.find(id); ok {
		return a.retrieved(c, slot), nil
	}
	return nil, nil
}
