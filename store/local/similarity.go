package local

import (
	"math"

	"github.com/qdrant/go-client/qdrant"
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
	return dot
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

// dot has four sums, so that the processor need not wait for one addition to begin the next.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		s0 += x[0]*y[0] + x[4]*y[4]
		s1 += x[1]*y[1] + x[5]*y[5]
		s2 += x[2]*y[2] + x[6]*y[6]
		s3 += x[3]*y[3] + x[7]*y[7]
		a, b = a[8:], b[8:]
	}
	for i, x := range a {
		s0 += x * b[i]
	}
	return s0 + s1 + (s2 + s3)
}

func negatedSquares(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 {
		x, y := (*[4]float32)(a), (*[4]float32)(b)
		d0, d1, d2, d3 := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
		s0 += d0 * d0
		s1 += d1 * d1
		s2 += d2 * d2
		s3 += d3 * d3
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		d := x - b[i]
		s0 += d * d
	}
	return -(s0 + s1 + (s2 + s3))
}

func negatedDifferences(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 {
		x, y := (*[4]float32)(a), (*[4]float32)(b)
		s0 += abs32(x[0] - y[0])
		s1 += abs32(x[1] - y[1])
		s2 += abs32(x[2] - y[2])
		s3 += abs32(x[3] - y[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += abs32(x - b[i])
	}
	return -(s0 + s1 + (s2 + s3))
}

// cosineOfBytes compares rows that are kept as bytes, and so cannot be kept at unit length.
func cosineOfBytes(a, b []float32) float32 {
	norms := float64(dot(a, a)) * float64(dot(b, b))
	if norms == 0 {
		return 0
	}
	return float32(float64(dot(a, b)) / math.Sqrt(norms))
}

// maxSim sums, over the rows of the query, the similarity of the row of v that is most alike.
func maxSim(sim similarity, query, v vector) float32 {
	var sum float32
	for i := range query.rows {
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
