// Package measure tells how good rankings and scores are, judged by people's grades: figures that other tools compute alike, with intervals and tests.
// Gains are linear in the grade, as trec_eval has them, not exponential; a grade above 0 is relevant, and one of 0 or below is not.
package measure

import "math"

// Ranking is one answer as its judge sees it.
type Ranking struct {
	Grades []float64 // of the answer's documents, the best first; 0 for one that nobody judged
	Ideal  []float64 // of all documents that are relevant, found or not, the highest grade first
}

// NDCG is the normalised discounted cumulative gain of the first k places, 0 to 1; k of 0 takes all places. The gain of a document is its grade, its discount
// 1/log2(place + 1), and the sum is divided by that of the best possible answer (Järvelin and Kekäläinen, 2002; trec_eval's ndcg_cut). 0 when nothing is relevant.
func (r Ranking) NDCG(k int) float64 {
	best := gain(first(r.Ideal, k))
	if best == 0 {
		return 0
	}
	return gain(first(r.Grades, k)) / best
}

func gain(grades []float64) float64 {
	var sum float64
	for i, g := range grades {
		if g > 0 {
			sum += g / math.Log2(float64(i+2))
		}
	}
	return sum
}

// Recall is the share of the relevant documents that stand in the first k places. 0 when nothing is relevant.
func (r Ranking) Recall(k int) float64 {
	if len(r.Ideal) == 0 {
		return 0
	}
	found := 0
	for _, g := range first(r.Grades, k) {
		if g > 0 {
			found++
		}
	}
	return float64(found) / float64(len(r.Ideal))
}

// AP is the average precision of the first k places: the sum of the precisions at the places of relevant documents, divided by the number of all relevant
// documents, more than k as they may be (trec_eval's map_cut). k of 0 takes all places. 0 when nothing is relevant.
func (r Ranking) AP(k int) float64 {
	if len(r.Ideal) == 0 {
		return 0
	}
	var sum float64
	found := 0
	for i, g := range first(r.Grades, k) {
		if g > 0 {
			found++
			sum += float64(found) / float64(i+1)
		}
	}
	return sum / float64(len(r.Ideal))
}

// RR is one divided by the place of the first relevant document, 0 when none stands in the first k places. k of 0 takes all places.
func (r Ranking) RR(k int) float64 {
	for i, g := range first(r.Grades, k) {
		if g > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

func first(grades []float64, k int) []float64 {
	if k <= 0 {
		return grades
	}
	return grades[:min(k, len(grades))]
}

// Mean of the values, NaN of none.
func Mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
