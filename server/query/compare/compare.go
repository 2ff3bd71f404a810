// Package compare asks two engines the same questions, and tells how much their answers differ.
// It says what would change, not which is better: for that it takes people's judgements.
package compare

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/server/query/measure"
)

// Depth is how many matches of each answer are compared.
const Depth = 10

// Seed is an article whose neighbours are asked for, and its first statement's.
type Seed struct{ Corpus, ID string }

// Report tells how answers differ, of articles and of statements.
type Report struct{ Articles, Statements Difference }

// Difference is how the answers to the same questions differ.
type Difference struct {
	Queries     int
	Overlap     float64           // mean share of the matches of the longer answer that both hold, 0 to 1
	Correlation float64           // mean of Spearman's rank correlation over what either answer holds, -1 to 1; what one lacks stands behind its last
	Before      map[akin.Band]int // matches of each band in the answers of the first engine
	After       map[akin.Band]int // and of the second

	overlaps, correlations []float64
}

// Engines compares the answers of two engines to the same seeds. A seed that either does not hold is passed over.
func Engines(ctx context.Context, before, after *query.Engine, seeds []Seed) (Report, error) {
	report := Report{newDifference(), newDifference()}
	for _, seed := range seeds {
		if err := report.Articles.add(ctx, seed.Corpus, seed.ID, articlesOf(before), articlesOf(after)); err != nil {
			return Report{}, err
		}
		if err := report.Statements.add(ctx, seed.Corpus, akin.StatementID(seed.ID, 1), statementsOf(before), statementsOf(after)); err != nil {
			return Report{}, err
		}
	}
	report.Articles.finish()
	report.Statements.finish()
	return report, nil
}

func newDifference() Difference {
	return Difference{Before: map[akin.Band]int{}, After: map[akin.Band]int{}}
}

// answer is a ranking: ids, best first, with their bands.
type answer struct {
	ids   []string
	bands []akin.Band
}

type ask func(context.Context, query.Request) (answer, error)

func articlesOf(e *query.Engine) ask {
	return func(ctx context.Context, r query.Request) (out answer, err error) {
		got, err := e.Related(ctx, r)
		for _, m := range got.Matches {
			out.ids, out.bands = append(out.ids, m.Article.ID), append(out.bands, m.Band)
		}
		return out, err
	}
}

func statementsOf(e *query.Engine) ask {
	return func(ctx context.Context, r query.Request) (out answer, err error) {
		got, err := e.Similar(ctx, r)
		for _, m := range got.Matches {
			out.ids, out.bands = append(out.ids, m.Statement.ID), append(out.bands, m.Band)
		}
		return out, err
	}
}

func (d *Difference) add(ctx context.Context, corpus, id string, before, after ask) error {
	r := query.Request{Corpus: corpus, Seeds: []akin.Seed{{ID: id}}, Limit: Depth}
	first, err := before(ctx, r)
	if err == nil {
		var second answer
		if second, err = after(ctx, r); err == nil {
			d.count(first, second)
		}
	}
	if errors.Is(err, akin.ErrNotFound) {
		return nil
	}
	return err
}

func (d *Difference) count(before, after answer) {
	d.Queries++
	for _, b := range before.bands {
		d.Before[b]++
	}
	for _, b := range after.bands {
		d.After[b]++
	}
	overlap, correlation := likeness(before.ids, after.ids)
	d.overlaps = append(d.overlaps, overlap)
	if !math.IsNaN(correlation) {
		d.correlations = append(d.correlations, correlation)
	}
}

func (d *Difference) finish() {
	d.Overlap, d.Correlation = measure.Mean(d.overlaps), measure.Mean(d.correlations)
}

// likeness of two rankings: two that are empty are the same; the correlation is NaN where there are fewer than two ids.
func likeness(before, after []string) (overlap, correlation float64) {
	if len(before) == 0 && len(after) == 0 {
		return 1, math.NaN()
	}
	shared := 0
	all := slices.Clone(before)
	for _, id := range after {
		if slices.Contains(before, id) {
			shared++
		} else {
			all = append(all, id)
		}
	}
	overlap = float64(shared) / float64(max(len(before), len(after)))
	first, second := ranks(all, before), ranks(all, after)
	if len(all) < 2 {
		return overlap, math.NaN()
	}
	if slices.Equal(before, after) {
		return overlap, 1
	}
	return overlap, measure.NewPairs(first, second, make([]bool, len(all))).Spearman(nil)
}

func ranks(ids, ranking []string) []float64 {
	out := make([]float64, len(ids))
	for i, id := range ids {
		at := slices.Index(ranking, id)
		if at < 0 {
			at = len(ranking)
		}
		out[i] = float64(at)
	}
	return out
}
