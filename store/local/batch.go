package local

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/akinserver/akin/store/local/code"
)

// batch answers queries of one collection in their order, all on one state of it. Neighbours that ask for the nearest of a vector each, among the
// same points, are answered in one pass; a prefetch that several queries share runs once.
func (s *pointsService) batch(ctx context.Context, name string, list []*qdrant.QueryPoints) ([]*qdrant.BatchResult, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var others []string
	for _, req := range list {
		others = append(others, lookups(req.GetLookupFrom(), req.GetPrefetch())...)
	}
	q, err := s.querying(ctx, name, others)
	if err != nil {
		return nil, err
	}
	defer q.unlock()
	q.shared = map[string][]hit{}
	var out []*qdrant.BatchResult
	for len(list) > 0 {
		n := 1
		for n < len(list) && alike(list[0], list[n]) {
			n++
		}
		if n == 1 {
			results, err := q.answer(list[0])
			if err != nil {
				return nil, err
			}
			out = append(out, &qdrant.BatchResult{Result: results})
		} else {
			results, err := q.answerAlike(list[:n])
			if err != nil {
				return nil, err
			}
			out = append(out, results...)
		}
		list = list[n:]
	}
	return out, nil
}

// alike tells whether two queries look for as many of the nearest of a dense vector each in the same way.
func alike(a, b *qdrant.QueryPoints) bool {
	return nearestOnly(a) && nearestOnly(b) && a.GetUsing() == b.GetUsing() &&
		orZero(a.Limit, defaultLimit) == orZero(b.Limit, defaultLimit) && a.GetOffset() == b.GetOffset() &&
		a.GetParams().GetExact() == b.GetParams().GetExact() && proto.Equal(a.GetFilter(), b.GetFilter())
}

func nearestOnly(req *qdrant.QueryPoints) bool {
	return len(req.GetPrefetch()) == 0 && req.GetLookupFrom() == nil && req.GetQuery().GetNearest().GetDense() != nil
}

// answerAlike answers queries that are alike.
func (q *querying) answerAlike(list []*qdrant.QueryPoints) ([]*qdrant.BatchResult, error) {
	answers, searches := make([]*answer, len(list)), make([]*search, len(list))
	first := newRootStage(list[0])
	cond, err := compileFilter(q.c, first.filter)
	if err != nil {
		return nil, err
	}
	for i, req := range list {
		if answers[i], err = q.c.newAnswer(req.GetWithPayload(), false, req.GetWithVectors()); err != nil {
			return nil, err
		}
		vq, err := q.vectorQuery(newRootStage(req))
		if err != nil {
			return nil, err
		}
		vq.exact = first.exact
		searches[i] = &search{query: vq, threshold: req.ScoreThreshold}
	}
	if err := q.c.searchAll(q.ctx, searches, cond, first.limit+first.offset); err != nil {
		return nil, err
	}
	out := make([]*qdrant.BatchResult, len(list))
	for i, one := range searches {
		result, err := answers[i].scoredAll(q.ctx, q.c, one.hits[min(first.offset, len(one.hits)):])
		if err != nil {
			return nil, err
		}
		out[i] = &qdrant.BatchResult{Result: result}
	}
	return out, nil
}

// onePassFrom is how many bytes of codes make one pass for several queries worth it: fewer stay in the processor's cache, and
// one query after the other is as fast (BenchmarkSearch of the package code). A variable for tests.
var onePassFrom = 16 << 20

// search is one of several searches among the same points.
type search struct {
	query     *vectorQuery
	threshold *float32
	hits      []hit
}

// searchAll searches for the nearest of one vector each in the same space, and sets the hits.
func (c *collection) searchAll(ctx context.Context, list []*search, cond condition, limit int) error {
	set, rest := c.candidates(cond)
	d := c.dense[list[0].query.space.name]
	together := d != nil && !d.inHalves() && rest == nil && set.GetCardinality() >= fewRows
	var codes *code.Column
	if together {
		var err error
		if codes, err = d.searchable(ctx); err != nil {
			return err
		}
		together = codes.Stats().Bytes >= onePassFrom
	}
	var found [][]code.Hit
	n := c.newTop(ctx, limit).limit + 1
	if together {
		var mask []uint64
		if set.GetCardinality() < c.live.GetCardinality() {
			mask = d.mask(set)
		}
		vectors := make([][]float32, len(list))
		for i, one := range list {
			vectors[i] = one.query.examples[0].dense
		}
		var err error
		if found, err = codes.SearchAll(ctx, vectors, n, code.Options{Mask: mask, Exact: list[0].query.exact}); err != nil {
			return contextStatus(err)
		}
	}
	for i, one := range list {
		if together {
			s := &scan{c: c, ctx: ctx, q: one.query, set: set, top: c.newTop(ctx, limit)}
			done, err := s.take(d, found[i], n)
			if err != nil {
				return err
			}
			if done {
				hits, err := s.top.sorted()
				if err != nil {
					return err
				}
				one.hits = one.query.reported(hits, one.threshold)
				continue
			}
		}
		var err error
		if one.hits, err = c.search(ctx, one.query, cond, limit, one.threshold); err != nil {
			return err
		}
	}
	return nil
}
