package local

import (
	"context"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin/store/local/kernel"
)

// similarity compares two rows: the larger, the more alike. Under Euclid and Manhattan it is the negated (squared)
// distance, and report turns it into what is answered.
type similarity func(a, b []float32) float32

func (s *space) similarity() similarity {
	if s.inHalves() {
		return s.similarityInHalves()
	}
	switch s.distance {
	case qdrant.Distance_Euclid:
		return negatedSquares
	case qdrant.Distance_Manhattan:
		return negatedDifferences
	case qdrant.Distance_Cosine:
		if s.datatype == qdrant.Datatype_Uint8 {
			return cosineOfBytes
		}
	}
	return kernel.Dot
}

// inHalves tells whether rows are compared in 16-bit arithmetic. Qdrant does so with short rows of 16-bit floats, for which
// it has no vector instructions; it changes the third digit of a score.
func (s *space) inHalves() bool {
	return s.datatype == qdrant.Datatype_Float16 && s.size < 16
}

func (s *space) similarityInHalves() similarity {
	sum := func(term func(a, b float32) float32) similarity {
		return func(a, b []float32) (sum float32) {
			for i, x := range a {
				sum += roundToHalf(term(x, b[i]))
			}
			return sum
		}
	}
	switch s.distance {
	case qdrant.Distance_Euclid:
		return sum(func(a, b float32) float32 { d := roundToHalf(a - b); return -d * d })
	case qdrant.Distance_Manhattan:
		return sum(func(a, b float32) float32 { return -abs32(a - b) })
	}
	return sum(func(a, b float32) float32 { return a * b })
}

// plain compares vectors of a space as vectors of 32-bit floats.
type plain struct {
	space   space
	similar func(query, stored vector) float32
}

func (s *space) plainly(ctx context.Context) plain {
	p := plain{space: *s}
	p.space.datatype = qdrant.Datatype_Float32
	one := p.space.similarity()
	switch {
	case s.sparse:
		p.similar = func(a, b vector) float32 { sum, _ := sparseDot(a.sparse, b.sparse); return sum }
	case s.multi:
		p.similar = func(a, b vector) float32 { return maxSim(ctx, one, a, b) }
	default:
		p.similar = func(a, b vector) float32 { return one(a.dense, b.dense) }
	}
	return p
}

// query makes a vector what others are compared with: under cosine, of unit length.
func (p plain) query(v vector) vector {
	if p.space.distance != qdrant.Distance_Cosine || v.isSparse() {
		return v
	}
	v.dense = slices.Clone(v.dense)
	for i := range v.rows {
		normalize(v.row(i))
	}
	return v
}

// report turns a similarity into the score that is answered.
func (s *space) report(x float32) float32 {
	switch s.distance {
	case qdrant.Distance_Euclid:
		return float32(math.Sqrt(math.Abs(float64(x))))
	case qdrant.Distance_Manhattan:
		return abs32(x)
	}
	return x
}

// smallIsBest tells whether the reported score is a distance.
func (s *space) smallIsBest() bool {
	return s.distance == qdrant.Distance_Euclid || s.distance == qdrant.Distance_Manhattan
}

// passes tells whether a reported score is better than a threshold. It must be better, not equal.
func (s *space) passes(score, threshold float32) bool {
	if s.smallIsBest() {
		return score < threshold
	}
	return score > threshold
}

func negatedSquares(a, b []float32) float32     { return -kernel.Squares(a, b) }
func negatedDifferences(a, b []float32) float32 { return -kernel.Differences(a, b) }

// cosineOfBytes compares rows that are kept as bytes, and so cannot be kept at unit length.
func cosineOfBytes(a, b []float32) float32 {
	norms := float64(kernel.Dot(a, a)) * float64(kernel.Dot(b, b))
	if norms == 0 {
		return 0
	}
	return float32(float64(kernel.Dot(a, b)) / math.Sqrt(norms))
}

// pairsALook is how many rows maxSim compares, of two long multivectors, before it looks whether somebody still waits.
const pairsALook = 4096

// maxSim sums, over the rows of the query, the similarity of the row of v that is most alike. It ends early, with any number,
// when ctx is done.
func maxSim(ctx context.Context, sim similarity, query, v vector) float32 {
	var sum float32
	for i := range query.rows {
		if i*v.rows > pairsALook && ctx.Err() != nil {
			return sum
		}
		best := float32(math.Inf(-1))
		for j := range v.rows {
			best = max(best, sim(query.row(i), v.row(j)))
		}
		sum += best
	}
	return sum
}

// sparseDot sums the products over the indices that both have; ok = false if there is none.
func sparseDot(a, b sparse) (sum float32, ok bool) {
	for i, j := 0, 0; i < len(a.indices) && j < len(b.indices); {
		x, y := a.indices[i], b.indices[j]
		if x == y {
			sum, ok = sum+a.values[i]*b.values[j], true
		}
		// Two conditional moves: which of the two is the smaller, no processor can guess.
		if x <= y {
			i++
		}
		if y <= x {
			j++
		}
	}
	return sum, ok
}
