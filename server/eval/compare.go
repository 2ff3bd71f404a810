package eval

import (
	"errors"
	"fmt"
	"math"

	"github.com/akinserver/akin/server/query/measure"
)

// Comparison is how two measurements of one set differ, query by query or pair by pair.
type Comparison struct {
	Common  int           `json:"common"`  // queries, or pairs, that both have
	Left    int           `json:"left"`    // those that one of the two lacks: they are left out of the comparison
	Figures []Differences `json:"figures"` //
}

// Differences are those of one figure.
type Differences struct {
	Name   string `json:"name"`
	Before Number `json:"before"`
	Now    Number `json:"now"`
	Change Number `json:"change"`
	Low    Number `json:"low"` // of the change's 95 % interval
	High   Number `json:"high"`
	Wins   int    `json:"wins"` // queries that are better now; of pairs, those whose place by score came nearer to their place by grade
	Losses int    `json:"losses"`
	Ties   int    `json:"ties"`
	P      Number `json:"p"` // of a paired randomisation test; null where nothing is counted query by query
}

// Compare tells how a measurement differs from one before it.
func Compare(before, now *Report) (*Comparison, error) {
	if len(now.Pairs) > 0 {
		return comparePairs(before, now)
	}
	return compareQueries(before, now)
}

var errNothingCommon = errors.New("the two measurements have nothing in common: are they of one set?")

func compareQueries(before, now *Report) (*Comparison, error) {
	earlier := map[string]QueryResult{}
	for _, q := range before.Queries {
		earlier[q.ID] = q
	}
	var was, is []QueryResult
	for _, q := range now.Queries {
		if e, ok := earlier[q.ID]; ok {
			was, is = append(was, e), append(is, q)
		}
	}
	if len(is) == 0 {
		return nil, errNothingCommon
	}
	c := &Comparison{Common: len(is), Left: len(before.Queries) + len(now.Queries) - 2*len(is)}
	for _, name := range valueNames(is) {
		if _, ok := was[0].Values[name]; !ok {
			return nil, fmt.Errorf("the earlier measurement lacks the figure %q: make it again", name)
		}
		then, values := valuesOf(was, name), valuesOf(is, name)
		changes := make([]float64, len(values))
		d := Differences{Name: name, Before: Number(measure.Mean(then)), Now: Number(measure.Mean(values))}
		for i := range values {
			changes[i] = values[i] - then[i]
			d.count(changes[i])
		}
		d.Change = d.Now - d.Before
		interval := measure.Bootstrap(len(changes), now.Seed, func(w measure.Weights) float64 { return measure.WeightedMean(changes, w) })
		d.Low, d.High, d.P = Number(interval.Low), Number(interval.High), Number(measure.Randomise(changes, now.Seed))
		c.Figures = append(c.Figures, d)
	}
	return c, nil
}

func (d *Differences) count(change float64) {
	switch {
	case change > 0:
		d.Wins++
	case change < 0:
		d.Losses++
	default:
		d.Ties++
	}
}

// comparePairs compares figures of all pairs. What one pair does for one figure cannot be told, but for the correlation of ranks: there each pair
// has a distance between its rank by score and its rank by grade.
func comparePairs(before, now *Report) (*Comparison, error) {
	type key struct{ left, right string }
	earlier := map[key]PairResult{}
	for _, p := range before.Pairs {
		earlier[key{p.Left, p.Right}] = p
	}
	var was, is []PairResult
	for _, p := range now.Pairs {
		if e, ok := earlier[key{p.Left, p.Right}]; ok && e.Grade == p.Grade {
			was, is = append(was, e), append(is, p)
		}
	}
	if len(is) == 0 {
		return nil, errNothingCommon
	}
	c := &Comparison{Common: len(is), Left: len(before.Pairs) + len(now.Pairs) - 2*len(is)}
	then, scored := newScored(was, now.Positive), newScored(is, now.Positive)
	w := make(measure.Weights, len(is))
	for _, v := range pairValues {
		d := Differences{Name: v.name, Before: Number(v.value(then.Pairs, nil)), Now: Number(v.value(scored.Pairs, nil)), P: Number(math.NaN())}
		d.Change = d.Now - d.Before
		interval := measure.Bootstrap(scored.lefts, now.Seed, func(drawn measure.Weights) float64 {
			scored.weights(w, drawn)
			return v.value(scored.Pairs, w) - v.value(then.Pairs, w)
		})
		d.Low, d.High = Number(interval.Low), Number(interval.High)
		if v.name == "spearman" {
			d.P = Number(d.nearer(then, scored, now.Seed))
		}
		c.Figures = append(c.Figures, d)
	}
	return c, nil
}

// nearer counts the pairs whose rank by score came nearer to that by grade, and tests the distances, summed up by left side.
func (d *Differences) nearer(then, now scored, seed uint64) float64 {
	sums := make([]float64, now.lefts)
	was, is := then.Distances(), now.Distances()
	for i := range is {
		d.count(was[i] - is[i])
		sums[now.left[i]] += was[i] - is[i]
	}
	return measure.Randomise(sums, seed)
}
