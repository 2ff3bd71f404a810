package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// Revisions returns the revision of each article that is stored, by id.
func (s *Store) Revisions(ctx context.Context, corpus string, ids []string) (map[string]string, error) {
	points, err := s.get(ctx, s.names.articles, articleIDs(corpus, ids), qdrant.NewWithPayloadInclude(fieldArticle, fieldRevision), nil)
	if err != nil {
		return nil, err
	}
	revisions := make(map[string]string, len(points))
	for _, p := range points {
		revisions[p.Payload[fieldArticle].GetStringValue()] = p.Payload[fieldRevision].GetStringValue()
	}
	return revisions, nil
}

// Vectors returns the dense vectors of the headings, paragraphs and statements of articles, by the digest of the text that
// was embedded: what an edited article still says need not be embedded again.
func (s *Store) Vectors(ctx context.Context, corpus string, ids []string) (map[string][]float32, error) {
	vectors := map[string][]float32{}
	if len(ids) == 0 {
		return vectors, nil
	}
	filter := conditions(corpus, akin.Filter{})
	filter.Must = append(filter.Must, qdrant.NewMatchKeywords(fieldArticle, ids...))
	for _, name := range []string{s.names.paragraphs, s.names.statements} {
		request := &qdrant.ScrollPoints{
			CollectionName: name, Filter: filter, Limit: qdrant.PtrOf(uint32(maxPoints)),
			WithPayload: qdrant.NewWithPayloadInclude(fieldDigest), WithVectors: qdrant.NewWithVectorsInclude(denseName),
		}
		for {
			points, next, err := s.client.ScrollAndOffset(ctx, request)
			if err != nil {
				return nil, fmt.Errorf("store: read vectors from %s: %w", name, meaning(err))
			}
			for _, p := range points {
				vectors[p.Payload[fieldDigest].GetStringValue()] = dense(p.GetVectors())
			}
			if next == nil {
				break
			}
			request.Offset = next
		}
	}
	return vectors, nil
}

// Stored is an article as the store holds it, with the vectors of the whole.
type Stored struct {
	Article akin.Article
	Sketch  string
	Dense   []float32
	Lexical akin.SparseVector
}

// Articles returns whole articles with their vectors, by id; an id that is not stored is not in the answer.
func (s *Store) Articles(ctx context.Context, corpus string, ids []string) (map[string]Stored, error) {
	points, err := s.get(ctx, s.names.articles, articleIDs(corpus, ids), qdrant.NewWithPayload(true), qdrant.NewWithVectors(true))
	if err != nil {
		return nil, err
	}
	articles := make(map[string]Stored, len(points))
	for _, p := range points {
		article := articleFrom(p.Payload)
		articles[article.ID] = Stored{article, p.Payload[fieldSketch].GetStringValue(), dense(p.GetVectors()), sparse(p.GetVectors())}
	}
	return articles, nil
}

// Place is a passage of an article: a paragraph by its index, or HeadingPlace.
type Place struct {
	Article   string
	Paragraph int
}

// Passages returns the dense vectors of passages. A place that is not stored is not in the answer.
func (s *Store) Passages(ctx context.Context, corpus string, places []Place) (map[Place][]float32, error) {
	ids := make([]*qdrant.PointId, len(places))
	for i, p := range places {
		ids[i] = paragraphID(corpus, p.Article, p.Paragraph)
	}
	points, err := s.get(ctx, s.names.paragraphs, ids,
		qdrant.NewWithPayloadInclude(fieldArticle, fieldParagraph), qdrant.NewWithVectorsInclude(denseName))
	if err != nil {
		return nil, err
	}
	passages := make(map[Place][]float32, len(points))
	for _, p := range points {
		place := Place{p.Payload[fieldArticle].GetStringValue(), int(p.Payload[fieldParagraph].GetIntegerValue())}
		passages[place] = dense(p.GetVectors())
	}
	return passages, nil
}

// StoredStatement is a statement as the store holds it, with what it shows of its article.
type StoredStatement struct {
	Statement     akin.Statement
	ArticleID     string
	Title         string
	Source        string
	PublishedDate string
	Dense         []float32
	Lexical       akin.SparseVector
}

// Statements returns statements with their vectors, by id; an id that is not stored, or is not of a statement's form, is not in the answer.
func (s *Store) Statements(ctx context.Context, corpus string, ids []string) (map[string]StoredStatement, error) {
	var points []*qdrant.PointId
	for _, id := range ids {
		if article, n, ok := splitStatementID(id); ok {
			points = append(points, statementID(corpus, article, n))
		}
	}
	found, err := s.get(ctx, s.names.statements, points, qdrant.NewWithPayload(true), qdrant.NewWithVectors(true))
	if err != nil {
		return nil, err
	}
	statements := make(map[string]StoredStatement, len(found))
	for _, p := range found {
		st := storedStatement(p.Payload)
		st.Dense, st.Lexical = dense(p.GetVectors()), sparse(p.GetVectors())
		statements[st.Statement.ID] = st
	}
	return statements, nil
}

func storedStatement(p map[string]*qdrant.Value) StoredStatement {
	st := StoredStatement{
		Statement:     statementFrom(p),
		ArticleID:     p[fieldArticle].GetStringValue(),
		Title:         p[fieldTitle].GetStringValue(),
		Source:        p[fieldSource].GetStringValue(),
		PublishedDate: p[fieldPublished].GetStringValue(),
	}
	st.Statement.ID = akin.StatementID(st.ArticleID, int(p[fieldNumber].GetIntegerValue()))
	return st
}

// splitStatementID undoes akin.StatementID.
func splitStatementID(id string) (article string, n int, ok bool) {
	at := strings.LastIndexByte(id, '#')
	if at < 1 {
		return "", 0, false
	}
	for _, digit := range id[at+1:] {
		if digit < '0' || digit > '9' || n > akin.MaxStatements {
			return "", 0, false
		}
		n = n*10 + int(digit-'0')
	}
	return id[:at], n, n > 0 && akin.StatementID(id[:at], n) == id
}

// List returns up to n articles without their paragraphs, captions and statements, in the order of their points, from the given token on
// ("" for the first), and the token of the next page ("" after the last).
func (s *Store) List(ctx context.Context, corpus string, filter akin.Filter, n int, token string) ([]akin.Article, string, error) {
	request := &qdrant.ScrollPoints{
		CollectionName: s.names.articles, Filter: conditions(corpus, filter), Limit: qdrant.PtrOf(uint32(n)),
		WithPayload: qdrant.NewWithPayloadExclude(heavy...),
	}
	if token != "" {
		request.Offset = qdrant.NewIDUUID(token)
	}
	points, next, err := s.client.ScrollAndOffset(ctx, request)
	if err != nil {
		return nil, "", fmt.Errorf("store: list articles: %w", meaning(err))
	}
	articles := make([]akin.Article, len(points))
	for i, p := range points {
		articles[i] = articleFrom(p.Payload)
	}
	return articles, next.GetUuid(), nil
}

// CountArticles counts the articles of a corpus that pass a filter.
func (s *Store) CountArticles(ctx context.Context, corpus string, filter akin.Filter) (int, error) {
	return s.count(ctx, s.names.articles, corpus, filter)
}

// CountStatements counts the statements of a corpus that pass a filter.
func (s *Store) CountStatements(ctx context.Context, corpus string, filter akin.Filter) (int, error) {
	return s.count(ctx, s.names.statements, corpus, filter)
}

func (s *Store) count(ctx context.Context, name, corpus string, filter akin.Filter) (int, error) {
	n, err := s.client.Count(ctx, &qdrant.CountPoints{CollectionName: name, Filter: conditions(corpus, filter), Exact: qdrant.PtrOf(true)})
	if err != nil {
		return 0, fmt.Errorf("store: count %s: %w", name, meaning(err))
	}
	return int(n), nil
}

func articleIDs(corpus string, ids []string) []*qdrant.PointId {
	out := make([]*qdrant.PointId, len(ids))
	for i, id := range ids {
		out[i] = articleID(corpus, id)
	}
	return out
}

func (s *Store) get(
	ctx context.Context, name string, ids []*qdrant.PointId, with *qdrant.WithPayloadSelector, vectors *qdrant.WithVectorsSelector,
) ([]*qdrant.RetrievedPoint, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	points, err := s.client.Get(ctx, &qdrant.GetPoints{CollectionName: name, Ids: ids, WithPayload: with, WithVectors: vectors})
	if err != nil {
		return nil, fmt.Errorf("store: read from %s: %w", name, meaning(err))
	}
	return points, nil
}

// dense and sparse read a point's vectors in the form of old and of new servers.
func dense(v *qdrant.VectorsOutput) []float32 {
	return v.GetVectors().GetVectors()[denseName].GetDenseVector().GetData()
}

func sparse(v *qdrant.VectorsOutput) akin.SparseVector {
	out := v.GetVectors().GetVectors()[lexicalName].GetSparseVector()
	return akin.SparseVector{Indices: out.GetIndices(), Values: out.GetValues()}
}

// Sketches returns the sketches of articles, by id.
func (s *Store) Sketches(ctx context.Context, corpus string, ids []string) (map[string]string, error) {
	points, err := s.get(ctx, s.names.articles, articleIDs(corpus, ids), qdrant.NewWithPayloadInclude(fieldArticle, fieldSketch), nil)
	if err != nil {
		return nil, err
	}
	sketches := make(map[string]string, len(points))
	for _, p := range points {
		sketches[p.Payload[fieldArticle].GetStringValue()] = p.Payload[fieldSketch].GetStringValue()
	}
	return sketches, nil
}
