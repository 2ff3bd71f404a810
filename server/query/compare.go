package query

import (
	"context"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/family"
)

// Comparison is how alike one article or statement is to the seeds: what a match says of it.
type Comparison struct {
	Score  float64
	Band   akin.Band
	Scores Scores
}

// CompareArticles compares the seeds of a request with each of the articles that ids name, unlike or other prints of the seed as they may be. What the corpus does not
// hold, and a seed itself, is not in the answer.
//
// Errors: as Related.
func (e *Engine) CompareArticles(ctx context.Context, r Request, ids []string) (map[string]Comparison, error) {
	r.Filter = akin.Filter{IDs: ids}
	q, hits, err := e.relatedCandidates(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Comparison, len(hits))
	for _, hit := range q.best(hits) {
		sketch, _ := family.Decode(hit.Sketch) // one that cannot be read resembles nothing
		scores := q.scores(hit.Hit, hit.Words)
		out[hit.ID] = Comparison{scores.total(), q.band(scores.total(), hit, sketch), scores}
	}
	return out, nil
}

// CompareStatements is CompareArticles for statements.
func (e *Engine) CompareStatements(ctx context.Context, r Request, ids []string) (map[string]Comparison, error) {
	wanted := make(map[string]bool, len(ids))
	var articles []string
	for _, id := range ids {
		wanted[id] = true
		if i := strings.LastIndexByte(id, '#'); i > 0 {
			articles = append(articles, id[:i])
		}
	}
	r.Filter = akin.Filter{IDs: articles}
	q, hits, err := e.similarCandidates(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Comparison, len(ids))
	for _, hit := range hits {
		if id := hit.Statement.ID; wanted[id] {
			scores := q.scores(hit.Hit, hit.Words)
			out[id] = Comparison{scores.total(), q.statementBand(scores.total(), &hit.StoredStatement), scores}
		}
	}
	return out, nil
}
