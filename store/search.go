package store

import (
	"context"
	"fmt"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// Probe is what candidates are compared with: a dense vector, a lexical one, or both.
type Probe struct {
	Dense   []float32
	Lexical akin.SparseVector
}

// Scores are a candidate's similarities to a probe.
type Scores struct {
	Dense   float64 // cosine; 0 when the probe has no dense vector
	Lexical float64 // sum over shared terms of query weight x inverse document frequency x document weight; 0 when none is shared
}

// Search asks for the candidates nearest to a probe.
type Search struct {
	Corpus string
	Like   Probe
	Unlike Probe // scored, too; it does not decide which candidates there are
	Filter akin.Filter
	Limit  int // of the nearest by either vector of Like
}

// ArticleHit is a candidate article, without paragraphs, captions and statements.
type ArticleHit struct {
	Article akin.Article
	Sketch  string
	Like    Scores
	Unlike  Scores
}

// RelatedArticles returns the nearest articles by either vector of the search, each with all its scores, in no order that
// means anything. One call to the store.
func (s *Store) RelatedArticles(ctx context.Context, search Search) ([]ArticleHit, error) {
	found, err := s.candidates(ctx, s.names.articles, search, qdrant.NewWithPayloadExclude(heavy...))
	if err != nil {
		return nil, err
	}
	hits := make([]ArticleHit, len(found))
	for i, c := range found {
		hits[i] = ArticleHit{articleFrom(c.payload), c.payload[fieldSketch].GetStringValue(), c.like, c.unlike}
	}
	return hits, nil
}

// StatementHit is a candidate statement.
type StatementHit struct {
	StoredStatement
	Like   Scores
	Unlike Scores
}

// SimilarStatements returns the nearest statements by either vector of the search, as RelatedArticles does.
func (s *Store) SimilarStatements(ctx context.Context, search Search) ([]StatementHit, error) {
	found, err := s.candidates(ctx, s.names.statements, search, qdrant.NewWithPayload(true))
	if err != nil {
		return nil, err
	}
	hits := make([]StatementHit, len(found))
	for i, c := range found {
		hits[i] = StatementHit{storedStatement(c.payload), c.like, c.unlike}
	}
	return hits, nil
}

type candidate struct {
	payload      map[string]*qdrant.Value
	like, unlike Scores
}

// leg is one vector to compare candidates with, and where the result belongs.
type leg struct {
	query *qdrant.Query
	using string
	score func(*candidate) *float64
}

func (p Probe) legs(scores func(*candidate) *Scores) []leg {
	var legs []leg
	if !zero(p.Dense) {
		legs = append(legs, leg{
			qdrant.NewQueryDense(p.Dense), denseName, func(c *candidate) *float64 { return &scores(c).Dense },
		})
	}
	if len(p.Lexical.Indices) > 0 {
		legs = append(legs, leg{
			qdrant.NewQuerySparse(p.Lexical.Indices, p.Lexical.Values), lexicalName,
			func(c *candidate) *float64 { return &scores(c).Lexical },
		})
	}
	return legs
}

// candidates asks several questions in one call: the union of the nearest by either vector, scored by each vector in turn. Scored so, no
// candidate lacks a score because it was not among the nearest of one leg.
func (s *Store) candidates(ctx context.Context, name string, search Search, with *qdrant.WithPayloadSelector) ([]candidate, error) {
	like := search.Like.legs(func(c *candidate) *Scores { return &c.like })
	if len(like) == 0 || search.Limit <= 0 {
		return nil, nil
	}
	filter, limit := conditions(search.Corpus, search.Filter), uint64(search.Limit)
	union := limit * uint64(len(like))
	var nearest []*qdrant.PrefetchQuery
	for _, l := range like {
		nearest = append(nearest, &qdrant.PrefetchQuery{Query: l.query, Using: &l.using, Filter: filter, Limit: &limit})
	}
	legs := append(like, search.Unlike.legs(func(c *candidate) *Scores { return &c.unlike })...)
	batch := &qdrant.QueryBatchPoints{CollectionName: name}
	for i, l := range legs {
		query := &qdrant.QueryPoints{
			CollectionName: name, Prefetch: nearest, Query: l.query, Using: &l.using, Filter: filter, Limit: &union,
			WithPayload: qdrant.NewWithPayload(false),
		}
		if i == 0 {
			// The first leg brings the payloads for all: it is the dense one, in which every candidate has its place, or the only one that finds any.
			query.WithPayload = with
		}
		batch.QueryPoints = append(batch.QueryPoints, query)
	}
	results, err := s.client.QueryBatch(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("store: search %s: %w", name, meaning(err))
	}
	var out []candidate
	at := map[string]int{}
	for i, result := range results {
		for _, p := range result.GetResult() {
			j, ok := at[p.GetId().GetUuid()]
			if !ok && i > 0 {
				continue // written between two legs of this call
			}
			if !ok {
				j = len(out)
				at[p.GetId().GetUuid()] = j
				out = append(out, candidate{payload: p.GetPayload()})
			}
			*legs[i].score(&out[j]) = float64(p.GetScore())
		}
	}
	return out, nil
}

func zero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// Sample is one point's vectors.
type Sample struct {
	Language string
	Dense    []float32
	Lexical  akin.SparseVector
}

// SampleArticles returns the vectors of up to n articles of a corpus: always the same ones while the corpus stays, and as good as drawn by
// chance, since they are the first in the order of their ids, which are digests.
func (s *Store) SampleArticles(ctx context.Context, corpus string, n int) ([]Sample, error) {
	return s.sample(ctx, s.names.articles, corpus, n)
}

// SampleStatements is SampleArticles for statements.
func (s *Store) SampleStatements(ctx context.Context, corpus string, n int) ([]Sample, error) {
	return s.sample(ctx, s.names.statements, corpus, n)
}

func (s *Store) sample(ctx context.Context, name, corpus string, n int) ([]Sample, error) {
	points, err := s.client.Scroll(ctx, &qdrant.ScrollPoints{
		CollectionName: name, Filter: conditions(corpus, akin.Filter{}), Limit: qdrant.PtrOf(uint32(n)),
		WithPayload: qdrant.NewWithPayloadInclude(fieldLanguage), WithVectors: qdrant.NewWithVectors(true),
	})
	if err != nil {
		return nil, fmt.Errorf("store: sample %s: %w", name, meaning(err))
	}
	samples := make([]Sample, len(points))
	for i, p := range points {
		samples[i] = Sample{p.GetPayload()[fieldLanguage].GetStringValue(), dense(p.GetVectors()), sparse(p.GetVectors())}
	}
	return samples, nil
}
