package eval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/server/query/measure"
)

// leftSide is a text, and what it is compared with.
type leftSide struct {
	id     string
	pairs  []Pair
	group  int
	rights []string // without group, those of its pairs; otherwise all of its group, too
	scores map[string]query.Comparison
}

// pairs scores pairs, all of one left side in one call, and measures the scores.
func (m *measurement) pairs(ctx context.Context) error {
	lefts := m.lefts()
	if len(lefts) == 0 {
		return errors.New("of no pair both documents are there: are these files of one set?")
	}
	if len(m.options.Group) > 0 {
		if err := m.widen(lefts); err != nil {
			return err
		}
	}
	err := m.each(ctx, "comparing", len(lefts), func(ctx context.Context, i int) (err error) {
		lefts[i].scores, err = m.compare(ctx, lefts[i].id, lefts[i].rights)
		return err
	})
	if err != nil {
		return err
	}
	fillUnrelated(lefts)
	for _, l := range lefts {
		for _, p := range l.pairs {
			c := l.scores[p.Right]
			m.report.Pairs = append(m.report.Pairs, PairResult{Left: p.Left, Right: p.Right, Grade: p.Grade, Score: c.Score, Band: c.Band.String()})
		}
	}
	m.report.Positive = m.positive()
	m.report.Figures = m.pairFigures()
	_, threshold := newScored(m.report.Pairs, m.report.Positive).F1(nil)
	m.report.Threshold = Number(threshold)
	if len(m.options.Group) > 0 {
		m.report.Figures = append(m.report.Figures, m.bestMatches(lefts)...)
	}
	m.report.Bands = m.bands()
	return nil
}

// lefts gathers the pairs whose documents are there by their left side.
func (m *measurement) lefts() []*leftSide {
	var lefts []*leftSide
	at := map[string]*leftSide{}
	missing := map[string]bool{}
	for _, p := range m.set.Pairs {
		there := true
		for _, id := range []string{p.Left, p.Right} {
			if m.documents[id] == nil {
				there, missing[id] = false, true
			}
		}
		if !there {
			m.report.LeftOut++
			continue
		}
		l := at[p.Left]
		if l == nil {
			l = &leftSide{id: p.Left}
			at[p.Left], lefts = l, append(lefts, l)
		}
		l.pairs = append(l.pairs, p)
		if !slices.Contains(l.rights, p.Right) {
			l.rights = append(l.rights, p.Right)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		m.report.MissingDocuments.add(id)
	}
	return draw(lefts, m.options.Sample, m.options.Seed)
}

// partners is how many documents are compared with one in a call.
const partners = 256

// compare scores a document against others. What shares nothing at all with it is not in the answer.
func (m *measurement) compare(ctx context.Context, left string, rights []string) (map[string]query.Comparison, error) {
	compare := m.bench.Engine.CompareArticles
	if m.options.Unit == Statement {
		compare = m.bench.Engine.CompareStatements
	}
	scores := make(map[string]query.Comparison, len(rights))
	for some := range slices.Chunk(rights, partners) {
		ids := make([]string, len(some))
		for i, right := range some {
			ids[i] = m.stored(right)
		}
		found, err := compare(ctx, m.options.Settings.request(akin.Seed{ID: m.stored(left)}), ids)
		if err != nil {
			return nil, fmt.Errorf("compare %q: %w", left, err)
		}
		for i, right := range some {
			if c, ok := found[ids[i]]; ok {
				scores[right] = c
			}
			if right == left {
				scores[right] = query.Comparison{Score: 1, Band: akin.SameText} // nothing is more alike
			}
		}
	}
	return scores, nil
}

// fillUnrelated gives those that share nothing the lowest score that there is, and no more than 0.
func fillUnrelated(lefts []*leftSide) {
	unrelated := query.Comparison{Band: akin.Weak}
	for _, l := range lefts {
		for _, c := range l.scores {
			unrelated.Score = min(unrelated.Score, c.Score)
		}
	}
	for _, l := range lefts {
		for _, right := range l.rights {
			if _, ok := l.scores[right]; !ok {
				l.scores[right] = unrelated
			}
		}
	}
}

// positive is the lowest grade that counts as positive: unless it is given, the lowest above the middle of the scale. So of grades 0 and 1 it is 1, and of
// grades 0 to 5 what is nearer to "the same" than to "nothing in common".
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
		if p.Grade > low+(high-low)/2 {
			lowest = min(lowest, p.Grade)
		}
	}
	return lowest
}

// bands counts how many pairs of each band are positive.
func (m *measurement) bands() []BandResult {
	var out []BandResult
	pairs, positive := 0, 0 // of this band and those above it
	for band := akin.SameText; band >= akin.Weak; band-- {
		b := BandResult{Band: band.String()}
		for _, p := range m.report.Pairs {
			if p.Band != b.Band {
				continue
			}
			b.Pairs++
			if p.Grade >= m.report.Positive {
				b.Positive++
			}
		}
		pairs, positive = pairs+b.Pairs, positive+b.Positive
		interval := measure.Wilson(b.Positive, b.Pairs)
		b.Precision, b.Low, b.High = share(b.Positive, b.Pairs), Number(interval.Low), Number(interval.High)
		b.AndAbove = share(positive, pairs)
		out = append(out, b)
	}
	return out
}

func share(k, n int) Number { return Number(float64(k) / float64(n)) }
