package local

import (
	"context"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
)

// reading finds a collection and locks it for reading. The caller calls unlock when it has built its answer.
func (s *pointsService) reading(name string) (c *collection, unlock func(), err error) {
	// The pin comes first: a collection that is deleted meanwhile stays readable.
	pin := s.db.storage.Pin()
	c, err = s.db.catalog().find(name)
	if err != nil {
		pin.Unpin()
		return nil, nil, err
	}
	c.mu.RLock()
	if fault := c.fault; fault != nil {
		c.mu.RUnlock()
		pin.Unpin()
		return nil, nil, fault
	}
	return c, func() { c.mu.RUnlock(); pin.Unpin() }, nil
}

func (s *pointsService) Get(ctx context.Context, req *qdrant.GetPoints) (*qdrant.GetResponse, error) {
	start := time.Now()
	ids, err := parsePointIDs(req.GetIds())
	if err != nil {
		return nil, err
	}
	c, unlock, err := s.reading(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	defer unlock()
	a, err := c.newAnswer(req.GetWithPayload(), false, req.GetWithVectors())
	if err != nil {
		return nil, err
	}
	var slots []uint32
	seen := map[pointID]bool{}
	for _, id := range ids {
		if slot, ok := c.find(id); ok && !seen[id] {
			seen[id] = true
			slots = append(slots, slot)
		}
	}
	resp := &qdrant.GetResponse{}
	if resp.Result, err = a.retrievedAll(ctx, c, slots); err != nil {
		return nil, err
	}
	resp.Time = since(start)
	return resp, nil
}

const defaultLimit = 10 // of every call that has one

func (s *pointsService) Scroll(ctx context.Context, req *qdrant.ScrollPoints) (*qdrant.ScrollResponse, error) {
	start := time.Now()
	limit := defaultLimit
	if req.Limit != nil {
		limit = int(req.GetLimit())
	}
	c, unlock, err := s.reading(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	defer unlock()
	a, err := c.newAnswer(req.GetWithPayload(), true, req.GetWithVectors())
	if err != nil {
		return nil, err
	}
	cond, err := compileFilter(c, req.GetFilter())
	if err != nil {
		return nil, err
	}
	resp := &qdrant.ScrollResponse{}
	if req.OrderBy != nil {
		if req.Offset != nil {
			return nil, invalid("Bad request: Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value.")
		}
		hits, err := c.ordered(ctx, req.GetOrderBy(), cond, limit)
		if err != nil {
			return nil, err
		}
		if err := every(ctx, len(hits), func(i int) {
			p := a.retrieved(c, hits[i].slot)
			p.OrderValue = hits[i].order
			resp.Result = append(resp.Result, p)
		}); err != nil {
			return nil, err
		}
		resp.Time = since(start)
		return resp, nil
	}
	from := pointID{}
	if req.Offset != nil {
		if from, err = parsePointID(req.GetOffset()); err != nil {
			return nil, err
		}
	}
	slots, err := c.page(ctx, cond, from, limit)
	if err != nil {
		return nil, err
	}
	if len(slots) > limit {
		resp.NextPageOffset = c.points[slots[limit]].id.proto()
		slots = slots[:limit]
	}
	if resp.Result, err = a.retrievedAll(ctx, c, slots); err != nil {
		return nil, err
	}
	resp.Time = since(start)
	return resp, nil
}

// page returns, in the order of ids, the points from an id on that a condition holds for: limit of them and the next one.
func (c *collection) page(ctx context.Context, cond condition, from pointID, limit int) ([]uint32, error) {
	set, rest := c.candidates(cond)
	var slots []uint32
	var s subject
	var err error
	n := 0
	// A few candidates are sorted; many are met soon enough on a walk along all ids.
	if set.GetCardinality() < uint64(c.size/16) {
		err = c.each(ctx, cond, func(slot uint32) bool {
			if c.points[slot].id.compare(from) >= 0 {
				slots = append(slots, slot)
			}
			return true
		})
		if err == nil {
			err = sortedWhile(ctx, slots, c.compare)
		}
		return slots[:min(len(slots), limit+1)], err
	}
	c.order.where(func(slot uint32) bool { return c.points[slot].id.compare(from) >= 0 }, func(slot uint32) bool {
		if n++; n%checkEvery == 0 {
			if err = cancelled(ctx); err != nil {
				return false
			}
		}
		if set.Contains(slot) && (rest == nil || rest.check(c.subject(slot, &s))) {
			slots = append(slots, slot)
		}
		return len(slots) <= limit
	})
	return slots, err
}

func (s *pointsService) Count(ctx context.Context, req *qdrant.CountPoints) (*qdrant.CountResponse, error) {
	start := time.Now()
	c, unlock, err := s.reading(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	defer unlock()
	cond, err := compileFilter(c, req.GetFilter())
	if err != nil {
		return nil, err
	}
	n := uint64(0)
	if set, rest := c.candidates(cond); rest == nil {
		n = set.GetCardinality()
	} else {
		err = c.each(ctx, cond, func(uint32) bool { n++; return true })
	}
	if err != nil {
		return nil, err
	}
	return &qdrant.CountResponse{Result: &qdrant.CountResult{Count: n}, Time: since(start)}, nil
}

func (s *pointsService) Facet(ctx context.Context, req *qdrant.FacetCounts) (*qdrant.FacetResponse, error) {
	start := time.Now()
	limit := uint64(defaultLimit)
	if req.Limit != nil {
		limit = req.GetLimit()
	}
	if limit == 0 {
		return &qdrant.FacetResponse{Time: since(start)}, nil
	}
	p, err := parsePath(req.GetKey())
	if err != nil {
		return nil, err
	}
	c, unlock, err := s.reading(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	defer unlock()
	x := c.indexOn(p)
	if x == nil || !x.facets() {
		return nil, invalid("Wrong input: No appropriate index for faceting: `%s`. Please create one to facet on this field. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Match conditions", p.text)
	}
	cond, err := compileFilter(c, req.GetFilter())
	if err != nil {
		return nil, err
	}
	set, err := c.matching(ctx, cond)
	if err != nil {
		return nil, err
	}
	hits, err := x.counts(ctx, set)
	if err != nil {
		return nil, err
	}
	err = sortedWhile(ctx, hits, func(a, b *qdrant.FacetHit) int {
		if a.Count != b.Count {
			return int(int64(b.Count) - int64(a.Count))
		}
		return compareFacets(a.Value, b.Value)
	})
	if err != nil {
		return nil, err
	}
	return &qdrant.FacetResponse{Hits: hits[:min(uint64(len(hits)), limit)], Time: since(start)}, nil
}

func compareFacets(a, b *qdrant.FacetValue) int {
	switch x := a.GetVariant().(type) {
	case *qdrant.FacetValue_StringValue:
		return strings.Compare(x.StringValue, b.GetStringValue())
	case *qdrant.FacetValue_IntegerValue:
		switch {
		case x.IntegerValue < b.GetIntegerValue():
			return -1
		case x.IntegerValue > b.GetIntegerValue():
			return 1
		}
		return 0
	}
	return boolIndex(a.GetBoolValue()) - boolIndex(b.GetBoolValue())
}

// counts returns every value of the field with the number of points of set that have it.
func (x *fieldIndex) counts(ctx context.Context, set *roaring.Bitmap) ([]*qdrant.FacetHit, error) {
	var hits []*qdrant.FacetHit
	passed := 0
	goesOn := func() bool {
		passed++
		return passed%checkEvery != 0 || ctx.Err() == nil
	}
	add := func(v *qdrant.FacetValue, n uint64) {
		if n > 0 {
			hits = append(hits, &qdrant.FacetHit{Value: v, Count: n})
		}
	}
	for word, points := range x.words {
		if !goesOn() {
			break
		}
		add(&qdrant.FacetValue{Variant: &qdrant.FacetValue_StringValue{StringValue: word}}, points.AndCardinality(set))
	}
	for i, points := range x.bools {
		if points != nil {
			add(&qdrant.FacetValue{Variant: &qdrant.FacetValue_BoolValue{BoolValue: i == 1}}, points.AndCardinality(set))
		}
	}
	if x.integers != nil {
		var n uint64
		var value int64
		flush := func() { add(&qdrant.FacetValue{Variant: &qdrant.FacetValue_IntegerValue{IntegerValue: value}}, n) }
		x.integers.all(func(e entry[int64]) bool {
			if e.value != value {
				flush()
				n, value = 0, e.value
			}
			if set.Contains(e.slot) {
				n++
			}
			return goesOn()
		})
		flush()
	}
	return hits, cancelled(ctx)
}
