package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// ArticleMatch is one related article.
type ArticleMatch struct {
	Article     akin.Article // without paragraphs, captions and statements
	Score       float64
	Band        akin.Band
	Scores      Scores
	Evidence    []Evidence
	OtherPrints []string // ids of its other prints

	sketch family.Sketch
}

// ArticleAnswer is one page of related articles, best first.
type ArticleAnswer struct {
	Matches      []ArticleMatch
	More         bool
	MissingSeeds []string
	Shortfalls   []Shortfall // when there are fewer matches than were asked for
}

// Related finds the articles that are related to the seeds. The seeds and their other prints never come back.
//
// Errors: akin.ErrNotFound when no positive seed is there, akin.ErrUnavailable when the store or the embedder does not answer.
func (e *Engine) Related(ctx context.Context, r Request) (ArticleAnswer, error) {
	seeds, missing, err := e.resolve(ctx, r, e.articleSeeds(ctx, r.Corpus))
	if err != nil {
		return ArticleAnswer{}, err
	}
	total, err := e.store.CountArticles(ctx, r.Corpus, akin.Filter{})
	if err != nil {
		return ArticleAnswer{}, err
	}
	c, err := e.calibration(ctx, calibrationKey{corpus: r.Corpus}, total)
	if err != nil {
		return ArticleAnswer{}, err
	}
	toward, away := c.likeness(seeds, false), c.likeness(seeds, true)
	hits, err := e.store.RelatedArticles(ctx, store.Search{Corpus: r.Corpus, Like: toward.Probe, Unlike: away.Probe, Filter: r.Filter, Limit: Depth})
	if err != nil {
		return ArticleAnswer{}, err
	}
	counts := map[Reason]int{MissingSeed: len(missing)}
	var matches []ArticleMatch
	for _, hit := range hits {
		m := ArticleMatch{Article: hit.Article, Scores: c.scores(hit.Like, hit.Unlike, toward, away)}
		m.sketch, _ = family.Decode(hit.Sketch)
		m.Score = m.Scores.total()
		switch {
		case isSeed(seeds, m.Article.ID):
		case !r.EveryPrint && printOf(seeds, m.sketch):
			counts[Collapsed]++
		case m.Score <= 0: // counted as unrelated
		default:
			m.Band = c.band(m.Score, sameTextAs(seeds, m.sketch))
			matches = append(matches, m)
		}
	}
	slices.SortFunc(matches, func(a, b ArticleMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Article.ID, b.Article.ID))
	})
	if !r.EveryPrint {
		matches = collapsePrints(matches, counts)
	}
	matches = slices.DeleteFunc(matches, func(m ArticleMatch) bool {
		if m.Band < r.MinBand {
			counts[BelowBand]++
			return true
		}
		return false
	})
	answer := ArticleAnswer{MissingSeeds: missing}
	answer.Matches, answer.More = page(matches, r.Offset, r.Limit)
	if err := e.explain(ctx, r, seeds, answer.Matches, c); err != nil {
		return ArticleAnswer{}, err
	}
	if len(answer.Matches) < r.Limit {
		passing, err := e.store.CountArticles(ctx, r.Corpus, r.Filter)
		if err != nil {
			return ArticleAnswer{}, err
		}
		counts[Filtered] = total - passing
		counts[Unrelated] = max(0, passing-seedsWithin(seeds, hits)-len(matches)-counts[Collapsed]-counts[BelowBand])
		answer.Shortfalls = shortfalls(counts)
	}
	return answer, nil
}

// articleSeeds looks seeds up that are named by an article's id.
func (e *Engine) articleSeeds(ctx context.Context, corpus string) lookup {
	return func(ids []string) (func(string, *seed) bool, error) {
		articles, err := e.store.Articles(ctx, corpus, ids)
		return func(id string, s *seed) bool {
			a, ok := articles[id]
			if !ok {
				return false
			}
			s.article, s.dense, s.lexical, s.document = &a, a.Dense, a.Lexical, a.Lexical
			s.sketch, _ = family.Decode(a.Sketch) // one that cannot be read resembles nothing
			return true
		}, err
	}
}

func isSeed(seeds []seed, id string) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool { return s.article != nil && s.article.Article.ID == id })
}

// printOf reports whether a text is another print of an article among the seeds. A text that is a seed is something else: whoever brings it
// may well ask where it was printed.
func printOf(seeds []seed, sketch family.Sketch) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool { return s.article != nil && s.sketch.Same(sketch) })
}

func sameTextAs(seeds []seed, sketch family.Sketch) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool { return !s.negative && s.sketch.Same(sketch) })
}

func seedsWithin(seeds []seed, hits []store.ArticleHit) int {
	n := 0
	for _, h := range hits {
		if isSeed(seeds, h.Article.ID) {
			n++
		}
	}
	return n
}

// collapsePrints keeps one of several prints of a text: the earliest, at the place of the best. A text belongs to a family only when it is a print
// of each of its members, so that no chain of small differences joins two texts.
func collapsePrints(matches []ArticleMatch, counts map[Reason]int) []ArticleMatch {
	var families [][]ArticleMatch
next:
	for _, m := range matches {
		for i, members := range families {
			if !slices.ContainsFunc(members, func(o ArticleMatch) bool { return !o.sketch.Same(m.sketch) }) {
				families[i] = append(members, m)
				counts[Collapsed]++
				continue next
			}
		}
		families = append(families, []ArticleMatch{m})
	}
	out := make([]ArticleMatch, len(families))
	for i, members := range families {
		first := slices.MinFunc(members, func(a, b ArticleMatch) int {
			return cmp.Or(earlier(a.Article.PublishedDate, b.Article.PublishedDate), cmp.Compare(a.Article.ID, b.Article.ID))
		})
		for _, m := range members {
			if m.Article.ID != first.Article.ID {
				first.OtherPrints = append(first.OtherPrints, m.Article.ID)
			}
		}
		slices.Sort(first.OtherPrints)
		best := members[0]
		first.Score, first.Scores, first.Band = best.Score, best.Scores, best.Band
		out[i] = first
	}
	return out
}

// earlier orders dates, unknown ones last.
func earlier(a, b string) int {
	if (a == "") != (b == "") {
		return -cmp.Compare(a, b)
	}
	return cmp.Compare(a, b)
}
