package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"

	"github.com/akinserver/akin"
)

// Probe is what candidates are compared with: a stored article (or statement), by its id, or vectors, of which one may be missing.
type Probe struct {
	ID      string
	Dense   []float32
	Lexical akin.SparseVector
	Keys    akin.SparseVector // what is searched by instead of Lexical; empty to search by Lexical

	LexicalOnly bool // its dense vector brings no candidates, and scores those of the lexical one
}

// Scores are a candidate's similarities to a probe.
type Scores struct {
	Dense   float64 // cosine; 0 when the probe has no dense vector
	Lexical float64 // sum over shared terms of query weight x inverse document frequency x document weight; 0 when none is shared
}

// Search asks for the candidates nearest to probes.
type Search struct {
	Corpus   string
	Like     []Probe // what is nearest to any of them is a candidate
	Unlike   []Probe // candidates are scored by them, too
	Filter   akin.Filter
	Limit    int  // candidates by the lexical vector of each probe of Like
	Dense    int  // candidates by the dense vector of each probe of Like; 0 means Limit
	Vectors  bool // bring the candidates' vectors
	Passages bool // bring the paragraphs of the articles that are probes, and the vectors of their passages
}

// Hit is what every candidate has.
type Hit struct {
	Like   []Scores // by the probes of Search.Like
	Unlike []Scores // by those of Search.Unlike

	Dense   []float32 // with Search.Vectors
	Lexical akin.SparseVector
}

// ArticleHit is a candidate article, or a part of a long one, with what decides its place among the others. An article may be found by several of its parts.
type ArticleHit struct {
	ID            string
	Language      string
	PublishedDate string
	Sketch        string
	Family        string // id of the earliest print of its text; "" where there is one print
	Words         int
	Hit
}

// RelatedArticles returns the nearest articles by either vector of the probes, each with all its scores, in no order that means anything, and the
// articles that were named as probes. One that is not stored is left out; when none of Search.Like is left, there are no candidates.
// The probes themselves are no candidates.
//
// One call to the store; three, when a probe's id is not stored.
func (s *Store) RelatedArticles(ctx context.Context, search Search) ([]ArticleHit, map[string]Stored, error) {
	seeds := map[string]Stored{}
	found, err := s.search(ctx, search, kindOfPoint{
		name:    s.names.articles,
		keys:    &qdrant.LookupLocation{CollectionName: s.names.articles, VectorName: qdrant.PtrOf(keysName)},
		payload: qdrant.NewWithPayloadInclude(fieldBrief, fieldFamily),
		seed:    Read{Passages: search.Passages}.payload(),
		point: func(id string) (*qdrant.PointId, bool) {
			return articleID(search.Corpus, id), true
		},
		probe: func(p point) (string, Probe) {
			stored := storedArticle(p)
			seeds[stored.Article.ID] = stored
			return stored.Article.ID, Probe{Dense: stored.Dense, Lexical: stored.Lexical, Keys: stored.keys}
		},
	})
	if err != nil {
		return nil, nil, err
	}
	hits := make([]ArticleHit, len(found))
	for i, c := range found {
		b := briefFrom(c.payload)
		hits[i] = ArticleHit{
			ID: b.id, Language: b.language, PublishedDate: b.date, Sketch: b.sketch, Family: c.payload[fieldFamily].GetStringValue(), Words: b.words, Hit: c.Hit,
		}
	}
	return hits, seeds, nil
}

// StatementHit is a candidate statement.
type StatementHit struct {
	StoredStatement
	Hit
}

// SimilarStatements returns the nearest statements by either vector of the probes, and the statements that were named as probes, as RelatedArticles does.
func (s *Store) SimilarStatements(ctx context.Context, search Search) ([]StatementHit, map[string]StoredStatement, error) {
	seeds := map[string]StoredStatement{}
	found, err := s.search(ctx, search, kindOfPoint{
		name:    s.names.statements,
		payload: qdrant.NewWithPayload(true),
		seed:    qdrant.NewWithPayload(true),
		point: func(id string) (*qdrant.PointId, bool) {
			article, n, ok := splitStatementID(id)
			return statementID(search.Corpus, article, n), ok
		},
		probe: func(p point) (string, Probe) {
			st := storedStatement(p)
			seeds[st.Statement.ID] = st
			return st.Statement.ID, Probe{Dense: st.Dense, Lexical: st.Lexical}
		},
	})
	if err != nil {
		return nil, nil, err
	}
	hits := make([]StatementHit, len(found))
	for i, c := range found {
		hits[i] = StatementHit{storedStatement(c), c.Hit}
		hits[i].StoredStatement.Dense, hits[i].StoredStatement.Lexical = c.Hit.Dense, c.Hit.Lexical
	}
	return hits, seeds, nil
}

// kindOfPoint is what searches for articles and for statements differ in.
type kindOfPoint struct {
	name    string
	keys    *qdrant.LookupLocation                  // where what a stored one is searched by lies; nil: its lexical vector
	payload *qdrant.WithPayloadSelector             // of a candidate
	seed    *qdrant.WithPayloadSelector             // of a probe
	point   func(id string) (*qdrant.PointId, bool) // that a probe's id names; false for an id that can name none
	probe   func(p point) (id string, vectors Probe)
}

// candidate is a point that was found.
type candidate struct {
	payload map[string]*qdrant.Value
	Hit
}

// GetPayload and GetVectors make a candidate a point.
func (c *candidate) GetPayload() map[string]*qdrant.Value { return c.payload }
func (c *candidate) GetVectors() *qdrant.VectorsOutput    { return nil }

// search compares by ids first, which costs one call. An id that is not stored fails that call: then the probes that are stored are read, and
// compared by their vectors.
func (s *Store) search(ctx context.Context, search Search, kind kindOfPoint) ([]*candidate, error) {
	if len(search.Like) == 0 || search.Limit <= 0 {
		return nil, nil
	}
	points, ok := pointsOf(search, kind)
	if ok {
		found, err := s.candidates(ctx, search, kind, points)
		if c := code(err); err == nil || c != codes.NotFound && c != codes.InvalidArgument {
			return found, err
		}
	}
	with := qdrant.NewWithVectors(true)
	if !search.Passages && kind.keys != nil {
		with = qdrant.NewWithVectorsInclude(denseName, lexicalName, keysName)
	}
	read, err := s.get(ctx, kind.name, points, kind.seed, with)
	if err != nil {
		return nil, err
	}
	stored := map[string]Probe{}
	for _, p := range read {
		id, probe := kind.probe(p)
		stored[id] = probe
	}
	if search.Like = known(search.Like, stored); len(search.Like) == 0 {
		return nil, nil
	}
	search.Unlike = known(search.Unlike, stored)
	return s.candidates(ctx, search, kind, points)
}

// pointsOf lists the points that the probes name, and reports whether all their ids can name one.
func pointsOf(search Search, kind kindOfPoint) ([]*qdrant.PointId, bool) {
	var points []*qdrant.PointId
	all := true
	for _, p := range slices.Concat(search.Like, search.Unlike) {
		if p.ID == "" {
			continue
		}
		if point, ok := kind.point(p.ID); ok {
			points = append(points, point)
		} else {
			all = false
		}
	}
	return points, all
}

// known gives probes their vectors, and leaves out those that are not stored.
func known(probes []Probe, stored map[string]Probe) []Probe {
	var out []Probe
	for _, p := range probes {
		if p.ID != "" {
			vectors, ok := stored[p.ID]
			if !ok {
				continue
			}
			vectors.LexicalOnly = p.LexicalOnly
			p = vectors
		}
		out = append(out, p)
	}
	return out
}

// leg is one vector to compare candidates with, and where the result belongs.
type leg struct {
	query *qdrant.Query
	using string
	fewer *qdrant.Query          // finds the nearest instead of query
	from  *qdrant.LookupLocation // where the point that fewer names has its vector
	none  bool                   // it brings no candidates
	score func(*candidate) *float64
}

func legsOf(probes []Probe, kind kindOfPoint, scores func(*candidate) []Scores) []leg {
	var legs []leg
	for i, p := range probes {
		dense := leg{using: denseName, none: p.LexicalOnly, score: func(c *candidate) *float64 { return &scores(c)[i].Dense }}
		lexical := leg{using: lexicalName, score: func(c *candidate) *float64 { return &scores(c)[i].Lexical }}
		if p.ID != "" {
			point, _ := kind.point(p.ID)
			dense.query = qdrant.NewQueryID(point)
			lexical.query, lexical.fewer, lexical.from = dense.query, dense.query, kind.keys
			legs = append(legs, dense, lexical)
			continue
		}
		if !zero(p.Dense) {
			dense.query = qdrant.NewQueryDense(p.Dense)
			legs = append(legs, dense)
		}
		if len(p.Lexical.Indices) > 0 {
			lexical.query = qdrant.NewQuerySparse(p.Lexical.Indices, p.Lexical.Values)
			if len(p.Keys.Indices) > 0 {
				lexical.fewer = qdrant.NewQuerySparse(p.Keys.Indices, p.Keys.Values)
			}
			legs = append(legs, lexical)
		}
	}
	return legs
}

// candidates asks several questions in one call: which are the nearest by any vector; how far is each of them by each vector in turn; and what
// do the given points hold. So no candidate lacks a score because it was not among the nearest of one vector.
func (s *Store) candidates(ctx context.Context, search Search, kind kindOfPoint, points []*qdrant.PointId) ([]*candidate, error) {
	like := legsOf(search.Like, kind, func(c *candidate) []Scores { return c.Like })
	if len(like) == 0 {
		return nil, nil
	}
	filter := conditions(search.Corpus, search.Filter)
	if len(points) > 0 {
		filter.MustNot = append(filter.MustNot, qdrant.NewHasID(points...))
	}
	var union uint64
	var nearest []*qdrant.PrefetchQuery
	for _, l := range like {
		if l.none {
			continue
		}
		limit := uint64(search.Limit)
		if l.using == denseName && search.Dense > 0 {
			limit = uint64(search.Dense)
		}
		union += limit
		nearest = append(nearest, &qdrant.PrefetchQuery{
			Query: cmp.Or(l.fewer, l.query), LookupFrom: l.from, Using: &l.using, Filter: filter, Limit: &limit,
		})
	}
	if len(nearest) == 0 {
		return nil, nil
	}
	// All that any of them brought: how it is fused does not matter here.
	all := &qdrant.QueryPoints{
		Prefetch: nearest, Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Filter: filter, Limit: &union, WithPayload: kind.payload,
	}
	if search.Vectors {
		all.WithVectors = qdrant.NewWithVectorsInclude(denseName, lexicalName)
	}
	batch := &qdrant.QueryBatchPoints{CollectionName: kind.name, QueryPoints: []*qdrant.QueryPoints{all}}
	legs := append(like, legsOf(search.Unlike, kind, func(c *candidate) []Scores { return c.Unlike })...)
	for _, l := range legs {
		batch.QueryPoints = append(batch.QueryPoints, &qdrant.QueryPoints{
			Prefetch: nearest, Query: l.query, Using: &l.using, Filter: filter, Limit: &union, WithPayload: qdrant.NewWithPayload(false),
		})
	}
	byID := slices.ContainsFunc(slices.Concat(search.Like, search.Unlike), func(p Probe) bool { return p.ID != "" })
	if byID {
		batch.QueryPoints = append(batch.QueryPoints, kind.seedsQuery(points, search.Passages))
	}
	for _, q := range batch.QueryPoints {
		q.CollectionName = kind.name
	}
	results, err := s.client.QueryBatch(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("store: search %s: %w", kind.name, meaning(err))
	}
	if byID {
		for _, p := range results[len(results)-1].GetResult() {
			kind.probe(p)
		}
	}
	return scored(search, legs, results), nil
}

// seedsQuery reads points in a batch of queries.
func (k kindOfPoint) seedsQuery(points []*qdrant.PointId, passages bool) *qdrant.QueryPoints {
	with := []string{denseName, lexicalName}
	if passages {
		with = append(with, passagesName)
	}
	return &qdrant.QueryPoints{
		Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(points...)}}, Limit: qdrant.PtrOf(uint64(len(points))),
		WithPayload: k.seed, WithVectors: qdrant.NewWithVectorsInclude(with...),
	}
}

// scored puts together what the queries of a batch say of each candidate.
func scored(search Search, legs []leg, results []*qdrant.BatchResult) []*candidate {
	found := results[0].GetResult()
	out := make([]*candidate, len(found))
	at := make(map[string]*candidate, len(found))
	n := len(search.Like) + len(search.Unlike)
	scores := make([]Scores, n*len(found))
	for i, p := range found {
		own := scores[n*i : n*i+n : n*i+n]
		c := &candidate{payload: p.GetPayload(), Hit: Hit{Like: own[:len(search.Like)], Unlike: own[len(search.Like):]}}
		if search.Vectors {
			c.Dense, c.Lexical = dense(p.GetVectors()), sparse(p.GetVectors())
		}
		out[i], at[p.GetId().GetUuid()] = c, c
	}
	for i, l := range legs {
		for _, p := range results[i+1].GetResult() {
			if c := at[p.GetId().GetUuid()]; c != nil { // or it was written between two queries of this call
				*l.score(c) = float64(p.GetScore())
			}
		}
	}
	return out
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
	ID       string // of an article
	Language string
	Words    int
	Dense    []float32
	Lexical  akin.SparseVector
}

// SampleArticles returns the vectors of up to n articles of a corpus: always the same ones while the corpus stays, and as good as drawn by
// chance, since they are the first in the order of their ids, which are digests.
func (s *Store) SampleArticles(ctx context.Context, corpus string, n int) ([]Sample, error) {
	return s.sample(ctx, s.names.articles, articleConditions(corpus, akin.Filter{}), n)
}

// SampleStatements is SampleArticles for statements.
func (s *Store) SampleStatements(ctx context.Context, corpus string, n int) ([]Sample, error) {
	return s.sample(ctx, s.names.statements, conditions(corpus, akin.Filter{}), n)
}

func (s *Store) sample(ctx context.Context, name string, filter *qdrant.Filter, n int) ([]Sample, error) {
	points, err := s.client.Scroll(ctx, &qdrant.ScrollPoints{
		CollectionName: name, Filter: filter, Limit: qdrant.PtrOf(uint32(n)),
		WithPayload: qdrant.NewWithPayloadInclude(fieldLanguage, fieldWords, fieldBrief), WithVectors: qdrant.NewWithVectorsInclude(denseName, lexicalName),
	})
	if err != nil {
		return nil, fmt.Errorf("store: sample %s: %w", name, meaning(err))
	}
	samples := make([]Sample, len(points))
	for i, p := range points {
		payload := p.GetPayload()
		words, b := int(payload[fieldWords].GetIntegerValue()), briefFrom(payload)
		if b.id != "" {
			words = b.words
		}
		samples[i] = Sample{b.id, payload[fieldLanguage].GetStringValue(), words, dense(p.GetVectors()), sparse(p.GetVectors())}
	}
	return samples, nil
}
