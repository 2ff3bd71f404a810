package measure

import (
	"math"
	"slices"
)

// Pairs are scored pairs of texts beside the grades that people gave them. They are sorted once, so that each figure of each bootstrap sample takes one pass.
type Pairs struct {
	scores, grades   []float64
	positive         []bool
	byScore, byGrade []int // ascending
}

// NewPairs takes a score, a grade, and whether the grade counts as positive, of each pair.
func NewPairs(scores, grades []float64, positive []bool) *Pairs {
	return &Pairs{scores: scores, grades: grades, positive: positive, byScore: ascending(scores), byGrade: ascending(grades)}
}

func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	return order
}

// Weights say how often a bootstrap sample holds each pair; nil holds each once.
type Weights []int

func (w Weights) of(i int) float64 {
	if w == nil {
		return 1
	}
	return float64(w[i])
}

// Pearson is the correlation of scores and grades, -1 to 1; NaN when either does not vary.
func (p *Pairs) Pearson(w Weights) float64 { return pearson(p.scores, p.grades, w) }

// Spearman is the correlation of the ranks of scores and grades, equal ones sharing the mean of their ranks; NaN when either does not vary.
func (p *Pairs) Spearman(w Weights) float64 {
	return pearson(ranks(p.scores, p.byScore, w), ranks(p.grades, p.byGrade, w), w)
}

// Distances are how far each pair's rank by score lies from its rank by grade, as a share of all ranks: 0 where they agree.
func (p *Pairs) Distances() []float64 {
	scores, grades := ranks(p.scores, p.byScore, nil), ranks(p.grades, p.byGrade, nil)
	for i := range scores {
		scores[i] = math.Abs(scores[i]-grades[i]) / float64(len(scores))
	}
	return scores
}

func pearson(x, y []float64, w Weights) float64 {
	var n, mx, my float64
	for i := range x {
		n, mx, my = n+w.of(i), mx+w.of(i)*x[i], my+w.of(i)*y[i]
	}
	mx, my = mx/n, my/n
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xy, xx, yy = xy+w.of(i)*dx*dy, xx+w.of(i)*dx*dx, yy+w.of(i)*dy*dy
	}
	if xx == 0 || yy == 0 {
		return math.NaN()
	}
	return xy / math.Sqrt(xx*yy)
}

// ranks of the values in a sample, from 1; order is that of the values.
func ranks(values []float64, order []int, w Weights) []float64 {
	out := make([]float64, len(values))
	var before float64
	for from := 0; from < len(order); {
		to, here := ties(values, order, from, w)
		for _, i := range order[from:to] {
			out[i] = before + (here+1)/2
		}
		before, from = before+here, to
	}
	return out
}

// ties returns where the values equal to that at from end, and how many of them the sample holds.
func ties(values []float64, order []int, from int, w Weights) (to int, count float64) {
	for to = from; to < len(order) && values[order[to]] == values[order[from]]; to++ {
		count += w.of(order[to])
	}
	return to, count
}

// AUC is the probability that a positive pair scores above a negative one, ties counting one half: the area under the ROC curve, from the statistic of
// Mann and Whitney (1947). NaN unless there are both.
func (p *Pairs) AUC(w Weights) float64 {
	var positives, negatives, below float64
	p.steps(w, func(positive, negative float64) {
		below += positive*negatives + positive*negative/2
		positives, negatives = positives+positive, negatives+negative
	}, false)
	if positives == 0 || negatives == 0 {
		return math.NaN()
	}
	return below / (positives * negatives)
}

// AP is the average precision of the pairs ranked by score: over the distinct scores from the highest down, the gain in recall times the precision there,
// without interpolation (scikit-learn's average_precision_score). NaN without positives.
func (p *Pairs) AP(w Weights) float64 {
	var hits, taken, sum float64
	p.steps(w, func(positive, negative float64) {
		hits, taken = hits+positive, taken+positive+negative
		if taken > 0 {
			sum += positive * hits / taken
		}
	}, true)
	if hits == 0 {
		return math.NaN()
	}
	return sum / hits
}

// F1 is the best harmonic mean of precision and recall that a threshold on the score can reach, and the threshold: pairs that score so much or more are
// taken. It is optimistic, since the threshold is chosen on what it is measured on. NaN without positives.
func (p *Pairs) F1(w Weights) (best, threshold float64) {
	var positives float64
	for i, positive := range p.positive {
		if positive {
			positives += w.of(i)
		}
	}
	if positives == 0 {
		return math.NaN(), math.NaN()
	}
	var hits, taken float64
	at := len(p.byScore)
	threshold = math.NaN()
	p.steps(w, func(positive, negative float64) {
		hits, taken = hits+positive, taken+positive+negative
		for score := p.scores[p.byScore[at-1]]; at > 0 && p.scores[p.byScore[at-1]] == score; {
			at--
		}
		if f1 := 2 * hits / (taken + positives); f1 > best {
			best, threshold = f1, p.scores[p.byScore[at]]
		}
	}, true)
	return best, threshold
}

// steps visits the distinct scores, with how many positive and negative pairs of the sample have each.
func (p *Pairs) steps(w Weights, visit func(positive, negative float64), descending bool) {
	n := len(p.byScore)
	at := func(i int) int {
		if descending {
			return p.byScore[n-1-i]
		}
		return p.byScore[i]
	}
	for i := 0; i < n; {
		score := p.scores[at(i)]
		var positive, negative float64
		for ; i < n && p.scores[at(i)] == score; i++ {
			if p.positive[at(i)] {
				positive += w.of(at(i))
			} else {
				negative += w.of(at(i))
			}
		}
		visit(positive, negative)
	}
}
