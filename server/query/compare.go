package query

import (
	"context"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// Comparison is how alike a seed is to one article or statement: what a match would say of it.
type Comparison struct {
	Score  float64
	Band   akin.Band
	Scores Scores
}

// CompareArticles compares a seed with each of the articles that ids name, unlike or other prints of the seed as they may be. What the corpus does not
// hold, the seed itself, and what shares nothing at all with it is not in the answer.
//
// Errors: as Related.
func (e *Engine) CompareArticles(ctx context.Context, corpus string, from akin.Seed, ids []string) (map[string]Comparison, error) {
	seeds, _, err := e.resolve(ctx, Request{Corpus: corpus, Seeds: []akin.Seed{from}}, e.articleSeeds(ctx, corpus))
	if err != nil {
		return nil, err
	}
	total, err := e.store.CountArticles(ctx, corpus, akin.Filter{})
	if err != nil {
		return nil, err
	}
	c, err := e.calibration(ctx, calibrationKey{corpus: corpus}, total)
	if err != nil {
		return nil, err
	}
	toward := c.likeness(seeds, false)
	hits, err := e.store.RelatedArticles(ctx, store.Search{Corpus: corpus, Like: toward.Probe, Filter: akin.Filter{IDs: ids}, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	out := make(map[string]Comparison, len(hits))
	for _, hit := range hits {
		if isSeed(seeds, hit.Article.ID) {
			continue
		}
		sketch, _ := family.Decode(hit.Sketch)
		scores := c.scores(hit.Like, store.Scores{}, toward, likeness{})
		out[hit.Article.ID] = Comparison{scores.total(), c.band(scores.total(), sameTextAs(seeds, sketch)), scores}
	}
	return out, nil
}

// CompareStatements is CompareArticles for statements.
func (e *Engine) CompareStatements(ctx context.Context, corpus string, from akin.Seed, ids []string) (map[string]Comparison, error) {
	seeds, _, err := e.resolve(ctx, Request{Corpus: corpus, Seeds: []akin.Seed{from}}, e.statementSeeds(ctx, corpus))
	if err != nil {
		return nil, err
	}
	total, err := e.store.CountStatements(ctx, corpus, akin.Filter{})
	if err != nil {
		return nil, err
	}
	c, err := e.calibration(ctx, calibrationKey{corpus: corpus, statements: true}, total)
	if err != nil {
		return nil, err
	}
	wanted := make(map[string]bool, len(ids))
	var articles []string
	for _, id := range ids {
		wanted[id] = true
		if i := strings.LastIndexByte(id, '#'); i > 0 {
			articles = append(articles, id[:i])
		}
	}
	toward := c.likeness(seeds, false)
	hits, err := e.store.SimilarStatements(ctx, store.Search{
		Corpus: corpus, Like: toward.Probe, Filter: akin.Filter{IDs: articles}, Limit: Depth + len(ids),
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]Comparison, len(ids))
	for _, hit := range hits {
		id := hit.Statement.ID
		if !wanted[id] || isSeedStatement(seeds, id) {
			continue
		}
		scores := c.scores(hit.Like, store.Scores{}, toward, likeness{})
		out[id] = Comparison{scores.total(), c.band(scores.total(), saysTheSame(seeds, hit.Statement.Text)), scores}
	}
	return out, nil
}
