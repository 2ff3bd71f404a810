package local

import (
	"context"
	"slices"
	"time"

	"github.com/qdrant/go-client/qdrant"
)

const (
	defaultSample      = 10
	defaultMatrixLimit = 3
)

// matrix is, for each point of a sample, the points of the sample that are nearest to it.
type matrix struct {
	c       *collection
	sample  []uint32 // in the order of ids
	nearest [][]hit
}

func (s *pointsService) SearchMatrixPairs(ctx context.Context, req *qdrant.SearchMatrixPoints) (*qdrant.SearchMatrixPairsResponse, error) {
	start := time.Now()
	result := &qdrant.SearchMatrixPairs{}
	err := s.matrix(ctx, req, func(m *matrix) {
		for row, hits := range m.nearest {
			for _, h := range hits {
				result.Pairs = append(result.Pairs, &qdrant.SearchMatrixPair{
					A: m.c.points[m.sample[row]].id.proto(), B: m.c.points[h.slot].id.proto(), Score: h.score,
				})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return &qdrant.SearchMatrixPairsResponse{Result: result, Time: since(start)}, nil
}

func (s *pointsService) SearchMatrixOffsets(ctx context.Context, req *qdrant.SearchMatrixPoints) (*qdrant.SearchMatrixOffsetsResponse, error) {
	start := time.Now()
	result := &qdrant.SearchMatrixOffsets{}
	err := s.matrix(ctx, req, func(m *matrix) {
		place := map[uint32]uint64{}
		for i, slot := range m.sample {
			place[slot] = uint64(i)
			result.Ids = append(result.Ids, m.c.points[slot].id.proto())
		}
		for row, hits := range m.nearest {
			for _, h := range hits {
				result.OffsetsRow = append(result.OffsetsRow, uint64(row))
				result.OffsetsCol = append(result.OffsetsCol, place[h.slot])
				result.Scores = append(result.Scores, h.score)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return &qdrant.SearchMatrixOffsetsResponse{Result: result, Time: since(start)}, nil
}

// matrix computes a matrix and shows it while the collection is locked. A sample of less than two points has none.
func (s *pointsService) matrix(ctx context.Context, req *qdrant.SearchMatrixPoints, show func(*matrix)) error {
	q, err := s.querying(ctx, req.GetCollectionName(), nil)
	if err != nil {
		return err
	}
	defer q.unlock()
	name := req.GetUsing()
	space := q.c.spaces[name]
	if space == nil {
		return noVectorName(name)
	}
	cond, err := compileFilter(q.c, mergeFilters(req.GetFilter(), &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasVector(name)}}))
	if err != nil {
		return err
	}
	sample, err := q.sample(cond, limitOr(req.Sample, defaultSample))
	if err != nil || len(sample) < 2 {
		return err
	}
	slices.SortFunc(sample, func(a, b hit) int { return q.c.points[a.slot].id.compare(q.c.points[b.slot].id) })
	m := &matrix{c: q.c}
	within := slotSet{slotsIn([][]hit{sample})}
	limit := limitOr(req.Limit, defaultMatrixLimit)
	for _, one := range sample {
		if err := cancelled(ctx); err != nil { // a search among few points does not look
			return err
		}
		v, _ := q.c.vector(one.slot, name)
		hits, err := q.c.search(ctx, &vectorQuery{space: space, examples: []vector{v}}, within, limit+1, nil)
		if err != nil {
			return err
		}
		hits = slices.DeleteFunc(hits, func(h hit) bool { return h.slot == one.slot })
		m.sample = append(m.sample, one.slot)
		m.nearest = append(m.nearest, hits[:min(limit, len(hits))])
	}
	show(m)
	return nil
}
