package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/server/query/measure"
)

// partners is how many documents are compared with one in a call.
const partners = 256

// pairs scores pairs, all of one left side in one call, and measures the scores.
func (m *measurement) pairs(ctx context.Context) error {
	lefts := m.lefts()
	if len(lefts) == 0 {
		return fmt.Errorf("no pair can be scored: of %d, none has both its documents", len(m.set.Pairs))
	}
	scored := make([][]PairResult, len(lefts))
	err := m.each(ctx, "comparing", len(lefts), func(ctx context.Context, i int) (err error) {
		scored[i], err = m.compare(ctx, lefts[i])
		return err
	})
	if err != nil {
		return err
	}
	lowest := 0.0
	for _, results := range scored {
		for _, r := range results {
			lowest = min(lowest, r.Score)
		}
	}
	for cluster, results := range scored {
		for _, r := range results {
			if r.Band == akin.AnyBand.String() {
				r.Score, r.Band = lowest, akin.Weak.String()
			}
			r.cluster = cluster
			m.report.Pairs = append(m.report.Pairs, r)
		}
	}
	m.report.Positive = m.positive()
	m.report.Figures = m.pairFigures()
	m.report.Bands = m.bands()
	return nil
}

// lefts gathers the pairs whose documents are there by their left side.
func (m *measurement) lefts() [][]Pair {
	var lefts [][]Pair
	at := map[string]int{}
	missing := map[string]bool{}
	for _, p := range m.set.Pairs {
		there := true
		for _, id := range []string{p.Left, p.Right} {
			if m.documents[id] == nil {
				there = false
				if !missing[id] {
					missing[id] = true
					m.report.MissingDocuments.add(id)
				}
			}
		}
		if !there {
			m.report.LeftOut++
			continue
		}
		i, ok := at[p.Left]
		if !ok {
			i = len(lefts)
			at[p.Left] = i
			lefts = append(lefts, nil)
		}
		lefts[i] = append(lefts[i], p)
	}
	return draw(lefts, m.options.Sample, m.options.Seed)
}

// compare scores pairs of one left side. A pair that shares nothing at all has no band.
func (m *measurement) compare(ctx context.Context, pairs []Pair) ([]PairResult, error) {
	left := pairs[0].Left
	found := map[string]query.Comparison{}
	for from := 0; from < len(pairs); from += partners {
		var ids []string
		for _, p := range pairs[from:min(from+partners, len(pairs))] {
			ids = append(ids, m.stored(p.Right))
		}
		compare := m.bench.Engine.CompareArticles
		if m.options.Unit == Statement {
			compare = m.bench.Engine.CompareStatements
		}
		some, err := compare(ctx, akin.DefaultCorpus, m.seedOf(left), ids)
		if err != nil {
			return nil, fmt.Errorf("compare %q: %w", left, err)
		}
		for id, c := range some {
			found[id] = c
		}
	}
	results := make([]PairResult, len(pairs))
	for i, p := range pairs {
		c := found[m.stored(p.Right)]
		if p.Right == left {
			c = query.Comparison{Score: 1, Band: akin.SameText} // nothing is more alike
		}
		results[i] = PairResult{Left: p.Left, Right: p.Right, Grade: p.Grade, Score: c.Score, Band: c.Band.String()}
	}
	return results, nil
}

// positive is the lowest grade that counts as positive: unless it is given, of the grades above the middle of the scale. So of grades 0 and 1 it is 1, of 0 to 5 what
// is nearer to "the same" than to "nothing in common".
func (m *measurement) positive() float64 {
	if m.options.Positive != nil {
		return *m.options.Positive
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range m.set.Pairs {
		low, high = min(low, p.Grade), max(high, p.Grade)
	}
	lowest := high
	for _, p := range m.set.Pairs {
		if p.Grade > (low+high)/2 {
			lowest = min(lowest, p.Grade)
		}
	}
	return lowest
}

func (m *measurement) pairFigures() []Figure {
	n := len(m.report.Pairs)
	scores, grades, positive, cluster := make([]float64, n), make([]float64, n), make([]bool, n), make([]int, n)
	clusters := 0
	for i, p := range m.report.Pairs {
		scores[i], grades[i], positive[i], cluster[i] = p.Score, p.Grade, p.Grade >= m.report.Positive, p.cluster
		clusters = max(clusters, p.cluster+1)
	}
	pairs := measure.NewPairs(scores, grades, positive)
	f1 := func(w measure.Weights) float64 { best, _ := pairs.F1(w); return best }
	var figures []Figure
	w := make(measure.Weights, n)
	for _, f := range []struct {
		name  string
		value func(measure.Weights) float64
	}{{"pearson", pairs.Pearson}, {"spearman", pairs.Spearman}, {"auc", pairs.AUC}, {"ap", pairs.AP}, {"f1", f1}} {
		interval := measure.Bootstrap(clusters, m.options.Seed, func(drawn measure.Weights) float64 {
			for i, c := range cluster {
				w[i] = drawn[c]
			}
			return f.value(w)
		})
		figures = append(figures, newFigure(f.name, f.value(nil), interval, n))
	}
	_, m.report.Threshold = func() (float64, Number) { b, t := pairs.F1(nil); return b, Number(t) }()
	return figures
}

// bands counts how many pairs of each band are positive.
func (m *measurement) bands() []BandResult {
	var out []BandResult
	for band := akin.SameText; band >= akin.Weak; band-- {
		b := BandResult{Band: band.String()}
		var positive []float64
		for _, p := range m.report.Pairs {
			if p.Band != b.Band {
				continue
			}
			b.Pairs++
			value := 0.0
			if p.Grade >= m.report.Positive {
				b.Positive++
				value = 1
			}
			positive = append(positive, value)
		}
		b.Precision = Number(measure.Mean(positive))
		interval := measure.Bootstrap(len(positive), m.options.Seed, func(w measure.Weights) float64 { return measure.WeightedMean(positive, w) })
		b.Low, b.High = Number(interval.Low), Number(interval.High)
		out = append(out, b)
	}
	return out
}
