package local

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
)

func (s *pointsService) Query(ctx context.Context, req *qdrant.QueryPoints) (*qdrant.QueryResponse, error) {
	start := time.Now()
	results, err := s.query(ctx, req)
	if err != nil {
		return nil, err
	}
	return &qdrant.QueryResponse{Result: results, Time: since(start)}, nil
}

func (s *pointsService) QueryBatch(ctx context.Context, req *qdrant.QueryBatchPoints) (*qdrant.QueryBatchResponse, error) {
	start := time.Now()
	for _, one := range req.GetQueryPoints() {
		one.CollectionName = req.GetCollectionName()
	}
	results, err := s.batch(ctx, req.GetQueryPoints())
	if err != nil {
		return nil, err
	}
	return &qdrant.QueryBatchResponse{Result: results, Time: since(start)}, nil
}

func (s *pointsService) query(ctx context.Context, req *qdrant.QueryPoints) ([]*qdrant.ScoredPoint, error) {
	q, err := s.querying(ctx, req.GetCollectionName(), lookups(req.GetLookupFrom(), req.GetPrefetch()))
	if err != nil {
		return nil, err
	}
	defer q.unlock()
	a, err := q.c.newAnswer(req.GetWithPayload(), false, req.GetWithVectors())
	if err != nil {
		return nil, err
	}
	hits, err := q.root(newRootStage(req))
	if err != nil {
		return nil, err
	}
	return a.scoredAll(ctx, q.c, hits)
}

// querying answers one query on one state of its collection, and of the others that it takes vectors from.
type querying struct {
	ctx    context.Context
	c      *collection
	others map[string]*collection // by the names that the query has for them
	unlock func()
}

// querying locks the collection and those of the names for reading, each once.
func (s *pointsService) querying(ctx context.Context, name string, names []string) (*querying, error) {
	pin := s.db.storage.Pin() // comes first: a collection that is deleted meanwhile stays readable
	cat := s.db.catalog()
	c, err := cat.find(name)
	if err != nil {
		pin.Unpin()
		return nil, err
	}
	q := &querying{ctx: ctx, c: c, others: map[string]*collection{}}
	locked := map[*collection]bool{c: true}
	for _, name := range names {
		if other, err := cat.find(name); err == nil {
			q.others[name], locked[other] = other, true
		}
	}
	for one := range locked {
		one.mu.RLock()
	}
	q.unlock = func() {
		for one := range locked {
			one.mu.RUnlock()
		}
		pin.Unpin()
	}
	for one := range locked {
		if one.fault != nil {
			defer q.unlock()
			return nil, one.fault
		}
	}
	return q, nil
}

// lookups lists the collections that a query takes vectors from.
func lookups(l *qdrant.LookupLocation, prefetches []*qdrant.PrefetchQuery) []string {
	var names []string
	if l != nil {
		names = append(names, l.GetCollectionName())
	}
	for _, p := range prefetches {
		names = append(names, lookups(p.GetLookupFrom(), p.GetPrefetch())...)
	}
	return names
}

// stage is a query or one of its prefetches.
type stage struct {
	prefetch  []*qdrant.PrefetchQuery
	query     *qdrant.Query // nil: all points, by id
	using     string
	filter    *qdrant.Filter
	threshold *float32
	limit     int
	offset    int // of the root alone
	lookup    *qdrant.LookupLocation
	exact     bool
}

func newRootStage(req *qdrant.QueryPoints) *stage {
	return &stage{
		prefetch: req.GetPrefetch(), query: req.GetQuery(), using: req.GetUsing(), filter: req.GetFilter(),
		threshold: req.ScoreThreshold, limit: limitOr(req.Limit, defaultLimit), offset: int(min(req.GetOffset(), maxLimit)),
		lookup: req.GetLookupFrom(), exact: req.GetParams().GetExact(),
	}
}

// newStage reads a prefetch. What the stages above it filter by is merged into its own filter.
func newStage(p *qdrant.PrefetchQuery, above *qdrant.Filter) *stage {
	return &stage{
		prefetch: p.GetPrefetch(), query: p.GetQuery(), using: p.GetUsing(), filter: mergeFilters(above, p.GetFilter()),
		threshold: p.ScoreThreshold, limit: limitOr(p.Limit, defaultLimit), lookup: p.GetLookupFrom(), exact: p.GetParams().GetExact(),
	}
}

const maxLimit = 1 << 31 // no collection has so many points

func limitOr(limit *uint64, otherwise int) int {
	if limit == nil {
		return otherwise
	}
	return int(min(*limit, maxLimit))
}

// mergeFilters puts the conditions of two filters side by side, as Qdrant does: the should conditions of the two make one
// list, of which one is enough.
func mergeFilters(a, b *qdrant.Filter) *qdrant.Filter {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	out := &qdrant.Filter{
		Must:      joined(a.GetMust(), b.GetMust()),
		Should:    joined(a.GetShould(), b.GetShould()),
		MustNot:   joined(a.GetMustNot(), b.GetMustNot()),
		MinShould: a.MinShould,
	}
	if a.MinShould == nil {
		out.MinShould = b.MinShould
	} else if b.MinShould != nil {
		out.MinShould = &qdrant.MinShould{
			Conditions: joined(a.MinShould.GetConditions(), b.MinShould.GetConditions()),
			MinCount:   max(a.MinShould.GetMinCount(), b.MinShould.GetMinCount()),
		}
	}
	return out
}

func joined[T any](a, b []T) []T { return append(append([]T(nil), a...), b...) }

const maxPrefetchDepth = 64

// check refuses what cannot be asked together.
func (s *stage) check(depth int) error {
	_, isOrder := s.query.GetVariant().(*qdrant.Query_OrderBy)
	switch {
	case depth > maxPrefetchDepth:
		return invalid("Wrong input: Validation failed: prefetches depth %d exceeds max depth %d", depth, maxPrefetchDepth)
	case len(s.prefetch) > 0 && s.query == nil:
		return invalid("Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query.")
	case s.threshold != nil && s.query == nil:
		return invalid("Bad request: A query is needed to use the score_threshold. Can't have score_threshold without defining a query.")
	case s.threshold != nil && isOrder:
		return invalid("Bad request: Can't use score_threshold with an order_by query.")
	}
	switch s.query.GetVariant().(type) {
	case nil:
		if s.query != nil {
			return invalid("Query variant is missing")
		}
	case *qdrant.Query_Fusion, *qdrant.Query_Rrf:
		if s.using != "" {
			return invalid("Bad request: Fusion queries cannot be combined with the 'using' field.")
		}
		if len(s.prefetch) == 0 {
			return invalid("Wrong input: Validation failed: cannot apply Fusion without prefetches")
		}
	case *qdrant.Query_Formula:
		if len(s.prefetch) == 0 {
			return invalid("Wrong input: Validation failed: cannot apply Formula without prefetches")
		}
	}
	for _, p := range s.prefetch {
		if err := newStage(p, nil).check(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// references lists the ids that the query and its prefetches start from, unless their vectors come from another collection.
func (q *querying) references(s *stage) ([]*qdrant.PointId, error) {
	l, err := q.lookupFor(s.lookup, s.using)
	if err != nil {
		return nil, err
	}
	var ids []*qdrant.PointId
	if !l.away {
		ids = idsIn(s.query)
	}
	for _, p := range s.prefetch {
		more, err := q.references(newStage(p, nil))
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

// root runs a whole query.
func (q *querying) root(s *stage) ([]hit, error) {
	if err := s.check(0); err != nil {
		return nil, err
	}
	ids, err := q.references(s)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		s.filter = mergeFilters(&qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewHasID(ids...)}}, s.filter)
	}
	wanted := s.limit
	offset := s.offset
	var hits []hit
	if m, ok := s.query.GetVariant().(*qdrant.Query_NearestWithMmr); ok {
		// Diversity is sought among as many hits as the limit says, of which the offset is then cut off.
		hits, err = q.diverse(s, m.NearestWithMmr)
	} else {
		if _, random := s.query.GetVariant().(*qdrant.Query_Sample); random && len(s.prefetch) == 0 {
			offset = 0
		}
		s.limit += offset
		hits, err = q.stage(s)
	}
	if err != nil {
		return nil, err
	}
	hits = hits[min(offset, len(hits)):]
	return hits[:min(wanted, len(hits))], nil
}

// stage runs a query or a prefetch: over the collection or, if it has prefetches, over what they found.
func (q *querying) stage(s *stage) ([]hit, error) {
	if len(s.prefetch) == 0 {
		cond, err := compileFilter(q.c, s.filter)
		if err != nil {
			return nil, err
		}
		return q.leaf(s, cond)
	}
	lists, err := q.prefetched(s)
	if err != nil {
		return nil, err
	}
	switch v := s.query.GetVariant().(type) {
	case *qdrant.Query_Fusion:
		return q.fuse(lists, v.Fusion, s)
	case *qdrant.Query_Rrf:
		return q.reciprocalRanks(lists, int(orZero(v.Rrf.K, defaultRankConstant)), v.Rrf.GetWeights(), s)
	case *qdrant.Query_Formula:
		return q.formula(lists, v.Formula, s.limit)
	case *qdrant.Query_NearestWithMmr:
		hits, err := q.distinct(lists)
		if err != nil {
			return nil, err
		}
		return q.diversify(s, v.NearestWithMmr, hits)
	}
	return q.leaf(s, slotSet{slotsIn(lists)})
}

func orZero[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// prefetched runs the prefetches of a stage.
func (q *querying) prefetched(s *stage) ([][]hit, error) {
	lists := make([][]hit, len(s.prefetch))
	for i, p := range s.prefetch {
		hits, err := q.stage(newStage(p, s.filter))
		if err != nil {
			return nil, err
		}
		lists[i] = hits
	}
	return lists, nil
}

// slotSet is the condition to be one of the points that prefetches found.
type slotSet struct{ set *roaring.Bitmap }

func (s slotSet) check(p *subject) bool              { return p.stored != nil && s.set.Contains(p.slot) }
func (s slotSet) points(*collection) *roaring.Bitmap { return s.set }

func slotsIn(lists [][]hit) *roaring.Bitmap {
	var slots []uint32
	for _, list := range lists {
		for _, h := range list {
			slots = append(slots, h.slot)
		}
	}
	return bitmapOf(slots)
}

// leaf runs a query that looks at points one by one, on those that a condition holds for.
func (q *querying) leaf(s *stage, cond condition) ([]hit, error) {
	switch v := s.query.GetVariant().(type) {
	case nil:
		return q.byID(cond, s.limit)
	case *qdrant.Query_OrderBy:
		return q.c.ordered(q.ctx, v.OrderBy, cond, s.limit)
	case *qdrant.Query_Sample:
		return q.sample(cond, s.limit)
	}
	vq, err := q.vectorQuery(s)
	if err != nil {
		return nil, err
	}
	vq.exact = s.exact
	limit := s.limit
	if m := s.query.GetNearestWithMmr(); m != nil {
		limit = candidatesOf(m.GetMmr(), s.limit)
	}
	return q.c.search(q.ctx, vq, cond, limit, s.threshold)
}

// vectorQuery reads the query of a stage that compares vectors.
func (q *querying) vectorQuery(s *stage) (*vectorQuery, error) {
	l, err := q.lookupFor(s.lookup, s.using)
	if err != nil {
		return nil, err
	}
	switch v := s.query.GetVariant().(type) {
	case *qdrant.Query_Nearest:
		return q.nearest(l, s.using, v.Nearest)
	case *qdrant.Query_NearestWithMmr:
		return q.nearest(l, s.using, v.NearestWithMmr.GetNearest())
	case *qdrant.Query_Recommend:
		return q.recommend(l, s.using, v.Recommend)
	case *qdrant.Query_Discover:
		return q.discover(l, s.using, v.Discover)
	case *qdrant.Query_Context:
		return q.context(l, s.using, v.Context)
	case *qdrant.Query_RelevanceFeedback:
		return nil, unimplemented("Query with relevance_feedback came with Qdrant 1.17: use recommend with the best_score strategy")
	}
	return nil, invalid("Query variant is missing")
}

// byID returns the first points in the order of their ids.
func (q *querying) byID(cond condition, limit int) ([]hit, error) {
	slots, err := q.c.page(q.ctx, cond, pointID{}, limit)
	if err != nil {
		return nil, err
	}
	hits := make([]hit, 0, len(slots))
	for _, slot := range slots[:min(limit, len(slots))] {
		hits = append(hits, hit{slot: slot, score: 1, plain: true})
	}
	return hits, nil
}

// sample returns points at random, none twice.
func (q *querying) sample(cond condition, limit int) ([]hit, error) {
	set, err := q.c.matching(q.ctx, cond)
	if err != nil {
		return nil, err
	}
	slots := set.ToArray()
	limit = min(limit, len(slots))
	hits := make([]hit, limit)
	for i := range hits {
		j := i + rand.IntN(len(slots)-i)
		slots[i], slots[j] = slots[j], slots[i]
		hits[i] = hit{slot: slots[i], score: 1, plain: true}
	}
	return hits, nil
}
