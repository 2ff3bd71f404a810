package eval

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query/measure"
)

// rankingValues are the figures of one ranking.
var rankingValues = []struct {
	name  string
	value func(measure.Ranking) float64
}{
	{primary, func(r measure.Ranking) float64 { return r.NDCG(10) }},
	{"recall@10", func(r measure.Ranking) float64 { return r.Recall(10) }},
	{"recall@100", func(r measure.Ranking) float64 { return r.Recall(deepest) }},
	{"map@5", func(r measure.Ranking) float64 { return r.AP(5) }},
	{"mrr@10", func(r measure.Ranking) float64 { return r.RR(10) }},
	{"mrr", func(r measure.Ranking) float64 { return r.RR(0) }},
}

// deepest is the last place that a figure looks at, but for mrr.
const deepest = 100

// The figures that more than one place speaks of.
const (
	primary = "ndcg@10" // tells the worst queries
	knn     = "knn@10"  // with labels: is the label that of most of the 10 nearest?
	perLeft = "map"     // of pairs: the mean over left sides of the average precision of their pairs
	strict  = "map.strict"
	relaxed = "map.relaxed"
)

// names of the figures that this measurement gives, in their order.
func (m *measurement) names() []string {
	var names []string
	if m.set.Pairs != nil {
		for _, v := range pairValues {
			names = append(names, v.name)
		}
		if m.ranksPairs() {
			names = append(names, perLeft)
		}
		if len(m.options.Group) > 0 {
			names = append(names, strict, relaxed)
		}
		return names
	}
	for _, v := range rankingValues {
		names = append(names, v.name)
	}
	if m.set.Labels != nil {
		names = append(names, knn)
	}
	return names
}

// checkBounds refuses bounds of figures that there will not be, before the work is done.
func (m *measurement) checkBounds() error {
	names := m.names()
	for _, name := range slices.Sorted(maps.Keys(m.options.FailUnder)) {
		if !slices.Contains(names, name) {
			return &akin.InvalidError{Field: "fail_under", Problem: fmt.Sprintf("there is no figure %q here, but %s", name, strings.Join(names, ", "))}
		}
	}
	return nil
}

// failed says which figures do not reach their bounds. A figure that does not exist reaches none.
func (m *measurement) failed() []string {
	var failed []string
	for _, name := range slices.Sorted(maps.Keys(m.options.FailUnder)) {
		bound := m.options.FailUnder[name]
		f, ok := m.report.Figure(name)
		switch {
		case !ok || math.IsNaN(float64(f.Value)):
			failed = append(failed, fmt.Sprintf("%s does not exist for these judgements, and is to be %v", name, bound))
		case float64(f.Value) < bound:
			failed = append(failed, fmt.Sprintf("%s is %.6f, under %v", name, float64(f.Value), bound))
		}
	}
	return failed
}

// rankingFigures are the means over queries, each with its interval.
func rankingFigures(results []QueryResult, seed uint64) []Figure {
	var figures []Figure
	for _, name := range valueNames(results) {
		values := valuesOf(results, name)
		interval := measure.Bootstrap(len(values), seed, func(w measure.Weights) float64 { return measure.WeightedMean(values, w) })
		figures = append(figures, newFigure(name, measure.Mean(values), interval, len(values)))
	}
	return figures
}

func valueNames(results []QueryResult) []string {
	var names []string
	for _, v := range rankingValues {
		names = append(names, v.name)
	}
	return slices.DeleteFunc(append(names, knn), func(name string) bool {
		_, ok := results[0].Values[name]
		return !ok
	})
}

func valuesOf(results []QueryResult, name string) []float64 {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = r.Values[name]
	}
	return values
}

// pairValues are the figures of scored pairs.
var pairValues = []struct {
	name  string
	value func(*measure.Pairs, measure.Weights) float64
}{
	{"pearson", (*measure.Pairs).Pearson},
	{"spearman", (*measure.Pairs).Spearman},
	{"auc", (*measure.Pairs).AUC},
	{"ap", (*measure.Pairs).AP},
	{"f1", func(p *measure.Pairs, w measure.Weights) float64 { best, _ := p.F1(w); return best }},
}

// scored are pair results, as measure wants them.
type scored struct {
	*measure.Pairs
	left  []int // each pair's left side: drawn by chance together, since pairs of one text are not independent
	lefts int
}

func newScored(results []PairResult, positive float64) scored {
	n := len(results)
	s := scored{left: make([]int, n)}
	scores, grades, is := make([]float64, n), make([]float64, n), make([]bool, n)
	at := map[string]int{}
	for i, r := range results {
		scores[i], grades[i], is[i] = r.Score, r.Grade, r.Grade >= positive
		if _, ok := at[r.Left]; !ok {
			at[r.Left] = len(at)
		}
		s.left[i] = at[r.Left]
	}
	s.Pairs, s.lefts = measure.NewPairs(scores, grades, is), len(at)
	return s
}

// weights of pairs, from those of left sides, written to w.
func (s scored) weights(w, lefts measure.Weights) {
	for i, left := range s.left {
		w[i] = lefts[left]
	}
}

func (m *measurement) pairFigures() []Figure {
	s := newScored(m.report.Pairs, m.report.Positive)
	w := make(measure.Weights, len(s.left))
	var figures []Figure
	for _, v := range pairValues {
		interval := measure.Bootstrap(s.lefts, m.options.Seed, func(drawn measure.Weights) float64 {
			s.weights(w, drawn)
			return v.value(s.Pairs, w)
		})
		figures = append(figures, newFigure(v.name, v.value(s.Pairs, nil), interval, len(s.left)))
	}
	if values := m.perLeft(); len(values) > 0 {
		interval := measure.Bootstrap(len(values), m.options.Seed, func(w measure.Weights) float64 { return measure.WeightedMean(values, w) })
		figures = append(figures, newFigure(perLeft, measure.Mean(values), interval, len(values)))
	}
	return figures
}

// perLeft is the average precision of the pairs of each left side that has both positive and negative ones; of others there is nothing to rank.
func (m *measurement) perLeft() []float64 {
	var values []float64
	for from, all := 0, m.report.Pairs; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].Left == all[from].Left {
			to++
		}
		if s := newScored(all[from:to], m.report.Positive); !math.IsNaN(s.AUC(nil)) {
			values = append(values, s.AP(nil))
		}
		from = to
	}
	return values
}

// ranksPairs reports whether a text stands on the left of both positive and negative pairs.
func (m *measurement) ranksPairs() bool {
	type kinds struct{ positive, negative bool }
	seen := map[string]kinds{}
	lowest := m.positive()
	return slices.ContainsFunc(m.set.Pairs, func(p Pair) bool {
		k := seen[p.Left]
		k.positive, k.negative = k.positive || p.Grade >= lowest, k.negative || p.Grade < lowest
		seen[p.Left] = k
		return k.positive && k.negative
	})
}
