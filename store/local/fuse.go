package local

import (
	"cmp"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

const defaultRankConstant = 2 // Qdrant's; the literature's is 60

func (q *querying) fuse(lists [][]hit, kind qdrant.Fusion, s *stage) ([]hit, error) {
	switch kind {
	case qdrant.Fusion_RRF:
		return q.reciprocalRanks(lists, defaultRankConstant, nil, s)
	case qdrant.Fusion_DBSF:
		return q.distributions(lists, s)
	}
	return nil, invalid("Unknown fusion: %d", kind)
}

// cut keeps the fused hits that reach the threshold of the stage, and as many as its limit says.
func (c *collection) cut(hits []hit, s *stage) []hit {
	if s.threshold != nil {
		n, _ := slices.BinarySearchFunc(hits, *s.threshold, func(h hit, least float32) int {
			if h.score >= least {
				return -1
			}
			return 1
		})
		hits = hits[:n]
	}
	return hits[:min(len(hits), s.limit)]
}

// reciprocalRanks fuses lists by the places of the points in them: a point's score is the sum of 1/(k + place), places
// counted from 0. With weights, which Qdrant has from 1.17 on, it is 1/((place + 1)/weight + k − 1).
func (q *querying) reciprocalRanks(lists [][]hit, k int, weights []float32, s *stage) ([]hit, error) {
	f := newFused()
	for i, list := range lists {
		if err := every(q.ctx, len(list), func(place int) {
			score := 1 / (float32(place) + float32(k))
			if i < len(weights) {
				score = 1 / ((float32(place)+1)/weights[i] + float32(k) - 1)
			}
			f.add(list[place], score)
		}); err != nil {
			return nil, err
		}
	}
	return q.best(f.hits, s)
}

// distributions fuses lists by their scores (DBSF): those of one list are moved and scaled so that the mean less three
// standard deviations becomes 0 and the mean plus three becomes 1, and a point's are added up.
func (q *querying) distributions(lists [][]hit, s *stage) ([]hit, error) {
	f := newFused()
	for _, list := range lists {
		mean, deviation := meanAndDeviation(list)
		low, high := mean-3*deviation, mean+3*deviation
		if err := every(q.ctx, len(list), func(i int) {
			score := float32(0.5)
			if low != high {
				score = (list[i].score - low) / (high - low)
			}
			f.add(list[i], score)
		}); err != nil {
			return nil, err
		}
	}
	return q.best(f.hits, s)
}

// meanAndDeviation returns the mean of the scores and their sample deviation (Welford's method, in float32 as Qdrant has it).
func meanAndDeviation(list []hit) (mean, deviation float32) {
	if len(list) < 2 {
		return 0, 0
	}
	var squares float32
	for i, h := range list {
		before := h.score - mean
		mean += before / float32(i+1)
		squares += before * (h.score - mean)
	}
	return mean, float32(math.Sqrt(float64(squares / float32(len(list)-1))))
}

// fused adds up the scores of points that are in several lists.
type fused struct {
	hits  []hit
	place map[uint32]int
}

func newFused() *fused { return &fused{place: map[uint32]int{}} }

func (f *fused) add(h hit, score float32) {
	if i, ok := f.place[h.slot]; ok {
		f.hits[i].score += score
		return
	}
	f.place[h.slot] = len(f.hits)
	h.score = score
	f.hits = append(f.hits, h)
}

// best sorts hits by score, and those of one score by id, and keeps those that the stage asks for.
func (q *querying) best(hits []hit, s *stage) ([]hit, error) {
	err := sortedWhile(q.ctx, hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), q.c.points[a.slot].id.compare(q.c.points[b.slot].id))
	})
	if err != nil {
		return nil, err
	}
	return q.c.cut(hits, s), nil
}

// distinct puts lists one after the other, and keeps the first of hits on the same point.
func (q *querying) distinct(lists [][]hit) ([]hit, error) {
	var out []hit
	seen := map[uint32]bool{}
	for _, list := range lists {
		if err := every(q.ctx, len(list), func(i int) {
			if h := list[i]; !seen[h.slot] {
				seen[h.slot] = true
				out = append(out, h)
			}
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const defaultDiversity = 0.5

func candidatesOf(m *qdrant.Mmr, limit int) int {
	if m == nil || m.CandidatesLimit == nil {
		return limit
	}
	return int(m.GetCandidatesLimit())
}

// diverse runs a root query for relevant points that differ from one another.
func (q *querying) diverse(s *stage, in *qdrant.NearestInputWithMmr) ([]hit, error) {
	candidates := *s
	candidates.limit = candidatesOf(in.GetMmr(), s.limit)
	candidates.query = &qdrant.Query{Variant: &qdrant.Query_Nearest{Nearest: in.GetNearest()}}
	hits, err := q.stage(&candidates)
	if err != nil {
		return nil, err
	}
	return q.diversify(s, in, hits)
}

// diversify picks hits one by one: the most relevant, and then always the one with the largest
// λ·relevance − (1 − λ)·similarity to the nearest one picked, λ being 1 less the diversity. Hits keep their scores.
func (q *querying) diversify(s *stage, in *qdrant.NearestInputWithMmr, hits []hit) ([]hit, error) {
	vq, err := q.vectorQuery(s)
	if err != nil {
		return nil, err
	}
	examples, similar := q.c.comparer(q.ctx, vq)
	var candidates []hit
	var vectors []vector
	if err := every(q.ctx, len(hits), func(i int) {
		if v, ok := q.c.vector(hits[i].slot, vq.space.name); ok {
			candidates, vectors = append(candidates, hits[i]), append(vectors, v)
		}
	}); err != nil {
		return nil, err
	}
	if len(candidates) < 2 {
		return candidates, nil
	}
	lambda := float32(1 - defaultDiversity)
	if m := in.GetMmr(); m != nil && m.Diversity != nil {
		lambda = 1 - m.GetDiversity()
	}
	relevance := make([]float32, len(candidates))
	nearest := make([]float32, len(candidates)) // similarity to the nearest hit that was picked
	if err := every(q.ctx, len(vectors), func(i int) {
		relevance[i], nearest[i] = similar(examples[0], vectors[i]), float32(math.Inf(-1))
	}); err != nil {
		return nil, err
	}
	picked := make([]bool, len(candidates))
	var out []hit
	for len(out) < min(s.limit, len(candidates)) {
		best, bestScore := -1, float32(0)
		for i := range candidates {
			if picked[i] {
				continue
			}
			score := relevance[i]
			if len(out) > 0 {
				score = lambda*relevance[i] - (1-lambda)*nearest[i]
			}
			if best < 0 || score > bestScore {
				best, bestScore = i, score
			}
		}
		picked[best] = true
		out = append(out, candidates[best])
		if err := every(q.ctx, len(vectors), func(i int) {
			if !picked[i] {
				nearest[i] = max(nearest[i], similar(vectors[i], vectors[best]))
			}
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
