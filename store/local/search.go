package local

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"
)

// vectorQuery scores points by their vectors in one space, against one vector or several examples.
type vectorQuery struct {
	space    *space
	examples []vector // fitted to the space
	// combine makes one score of the similarities to the examples; nil for a search by the one example, whose
	// similarity is the score.
	combine func(similarity []float32) float32
	exact   bool // no codes: every vector is looked at
}

// search returns the best of the points that a condition holds for and that have a vector in the query's space.
func (c *collection) search(ctx context.Context, q *vectorQuery, cond condition, limit int, threshold *float32) ([]hit, error) {
	set, rest := c.candidates(cond)
	s := &scan{c: c, ctx: ctx, q: q, set: set, rest: rest, top: c.newTop(ctx, limit)}
	if s.top.limit == 0 {
		return nil, nil
	}
	var err error
	switch {
	case q.combine == nil && c.sparse[q.space.name] != nil:
		if threshold != nil { // where many points share a little with the query, few are kept to be sorted
			s.top.least = *threshold
		}
		err = s.sparse(c.sparse[q.space.name])
	case q.combine == nil && c.dense[q.space.name] != nil:
		err = s.dense(c.dense[q.space.name])
	default:
		err = s.any()
	}
	if err != nil {
		return nil, err
	}
	hits, err := s.top.sorted()
	if err != nil {
		return nil, err
	}
	return q.reported(hits, threshold), nil
}

// reported makes similarities the scores that are answered, and ends before the first that does not pass the threshold. As in
// Qdrant it is compared as a distance where the space has distances, even where hits come with the largest score first.
func (q *vectorQuery) reported(hits []hit, threshold *float32) []hit {
	for i := range hits {
		if q.combine == nil {
			hits[i].score = q.space.report(hits[i].score)
		}
		if threshold != nil && !q.space.passes(hits[i].score, *threshold) {
			return hits[:i]
		}
	}
	return hits
}

// scan is one pass over the points of a collection.
type scan struct {
	c      *collection
	ctx    context.Context
	q      *vectorQuery
	set    *roaring.Bitmap // candidates
	rest   condition       // still to be checked on each; nil: nothing
	top    *top
	s      subject
	passed int
}

// pause looks, every few hundred comparisons, whether the caller still waits.
func (s *scan) pause(comparisons int) error {
	if s.passed += comparisons; s.passed >= checkEvery {
		s.passed = 0
		return cancelled(s.ctx)
	}
	return nil
}

// offer shows a score to the best so far, if its point passes the conditions, which are checked last: they cost most.
func (s *scan) offer(slot uint32, score float32) {
	if !s.top.misses(score) && (s.rest == nil || s.rest.check(s.c.subject(slot, &s.s))) {
		s.top.add(slot, score)
	}
}

func (s *scan) dense(d *denseColumn) error {
	var mask []uint64
	if n := s.set.GetCardinality(); n < fewRows || d.inHalves() {
		return s.oneByOne(d)
	} else if n < s.c.live.GetCardinality() {
		mask = d.mask(s.set)
	}
	if done, err := s.nearest(d, mask); done || err != nil {
		return err
	}
	return s.oneByOne(d)
}

// oneByOne compares every candidate.
func (s *scan) oneByOne(d *denseColumn) error {
	similar, query := d.similarity(), s.q.examples[0].dense
	it := s.set.Iterator()
	for it.HasNext() {
		if err := s.pause(1); err != nil {
			return err
		}
		slot := it.Next()
		if row := d.of(slot); row != nil {
			s.offer(slot, similar(query, row))
		}
	}
	return nil
}

// any compares every candidate with every example.
func (s *scan) any() error {
	examples, similar := s.c.comparer(s.ctx, s.q)
	similarities := make([]float32, len(examples))
	it := s.set.Iterator()
	for it.HasNext() {
		slot := it.Next()
		v, ok := s.c.vector(slot, s.q.space.name)
		if err := s.pause(1); err != nil {
			return err
		}
		if !ok {
			continue
		}
		for i, e := range examples {
			similarities[i] = similar(e, v)
			if err := s.pause(e.rows * v.rows); err != nil {
				return err
			}
		}
		if s.q.combine != nil {
			s.offer(slot, s.q.combine(similarities))
		} else {
			s.offer(slot, similarities[0])
		}
	}
	return nil
}

// comparer returns the examples of a query as they are compared, and what compares one with a stored vector. What that says
// when ctx is done means nothing.
func (c *collection) comparer(ctx context.Context, q *vectorQuery) (examples []vector, similar func(example, stored vector) float32) {
	if col := c.sparse[q.space.name]; col != nil {
		for _, e := range q.examples {
			examples = append(examples, vector{sparse: col.weighted(e.sparse)})
		}
		return examples, func(e, v vector) float32 {
			sum, _ := sparseDot(e.sparse, v.sparse)
			return sum
		}
	}
	one := q.space.similarity()
	if q.space.multi {
		return q.examples, func(e, v vector) float32 { return maxSim(ctx, one, e, v) }
	}
	return q.examples, func(e, v vector) float32 { return one(e.dense, v.dense) }
}
