package local

import (
	"context"
	"math"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin/store/local/kernel"
)

// similarity compares two rows: the larger, the more alike. Under Euclid and Manhattan it is the negated (squared)
// distance, and report turns it into what is answered.
type similarity func(a, b []float32) float32

func (s *space) similarity() similarity {
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
		switch x, y := a.indices[i], b.indices[j]; {
		case x < y:
			i++
		case x > y:
			j++
		default:
			sum, ok = sum+a.values[i]*b.values[j], true
			i, j = i+1, j+1
		}
	}
	return sum, ok
}
