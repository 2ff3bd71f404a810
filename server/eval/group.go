package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query/measure"
)

// widen sorts left sides into groups of equal fields, and has each compared with all that stands on the right of a pair of its group.
func (m *measurement) widen(lefts []*leftSide) error {
	groups := map[string]int{}
	var rights [][]string
	seen := map[string]bool{}
	for _, l := range lefts {
		key, err := m.groupOf(l.id)
		if err != nil {
			return err
		}
		group, ok := groups[key]
		if !ok {
			group = len(rights)
			groups[key], rights = group, append(rights, nil)
		}
		l.group = group
	}
	for _, p := range m.set.Pairs {
		if m.documents[p.Right] == nil || seen[p.Right] {
			continue
		}
		seen[p.Right] = true
		key, err := m.groupOf(p.Right)
		if err != nil {
			return err
		}
		if group, ok := groups[key]; ok {
			rights[group] = append(rights[group], p.Right)
		}
	}
	for _, l := range lefts {
		own := l.rights
		l.rights = slices.Clone(rights[l.group])
		for _, right := range own {
			if !slices.Contains(l.rights, right) {
				l.rights = append(l.rights, right)
			}
		}
	}
	return nil
}

// groupOf a document: the values of the fields that groups are made by.
func (m *measurement) groupOf(document string) (string, error) {
	var values []string
	for _, field := range m.options.Group {
		value := fieldOf(m.documents[document], field)
		if value == "" {
			return "", &akin.InvalidError{Field: "group", Problem: fmt.Sprintf("document %q has no field %q", document, field)}
		}
		values = append(values, value)
	}
	return strings.Join(values, "\x00"), nil
}

// verdict is what the judges said of a pair.
type verdict int

const (
	undecided verdict = iota // nothing: the pair is not among those that were judged
	negative
	positive
)

// bestMatch is the right side that a left side is most alike to.
type bestMatch struct {
	group   int
	score   float64
	verdict verdict
}

// bestMatches measures as the shared task on key points did (Friedman and others, 2021): each left side is matched with the best right side of its group, the
// half of each group with the lower scores is set aside, and the average precisions of the groups are averaged. A match that nobody judged
// counts as wrong in the strict figure, and as right in the relaxed one.
func (m *measurement) bestMatches(lefts []*leftSide) []Figure {
	best := make([]bestMatch, len(lefts))
	groups := 0
	for i, l := range lefts {
		best[i] = m.bestOf(l)
		groups = max(groups, l.group+1)
	}
	var figures []Figure
	for _, name := range []string{strict, relaxed} {
		value := func(w measure.Weights) float64 { return meanBest(best, groups, w, name == relaxed) }
		interval := measure.Bootstrap(len(lefts), m.options.Seed, value)
		figures = append(figures, newFigure(name, value(nil), interval, len(lefts)))
	}
	return figures
}

func (m *measurement) bestOf(l *leftSide) bestMatch {
	best := bestMatch{group: l.group, score: math.Inf(-1)}
	at := ""
	for _, right := range l.rights {
		if c := l.scores[right]; right != l.id && c.Score > best.score {
			best.score, at = c.Score, right
		}
	}
	for _, p := range l.pairs {
		if p.Right == at {
			best.verdict = negative
			if p.Grade >= m.report.Positive {
				best.verdict = positive
			}
		}
	}
	return best
}

// meanBest is the mean over groups of the average precision of the better half of their matches. A group without a right one among them has 0.
func meanBest(best []bestMatch, groups int, w measure.Weights, lenient bool) float64 {
	of := make([][]bestMatch, groups)
	for i, b := range best {
		times := 1
		if w != nil {
			times = w[i]
		}
		for range times {
			of[b.group] = append(of[b.group], b)
		}
	}
	var values []float64
	for _, matches := range of {
		slices.SortStableFunc(matches, func(a, b bestMatch) int { return cmp.Compare(b.score, a.score) })
		matches = matches[:len(matches)/2]
		if len(matches) == 0 {
			continue
		}
		scores, right := make([]float64, len(matches)), make([]bool, len(matches))
		for i, b := range matches {
			scores[i], right[i] = b.score, b.verdict == positive || lenient && b.verdict == undecided
		}
		ap := measure.NewPairs(scores, scores, right).AP(nil)
		if math.IsNaN(ap) {
			ap = 0
		}
		values = append(values, ap)
	}
	return measure.Mean(values)
}
