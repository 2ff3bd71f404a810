package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// Revision tells which revision of an article is stored, and where it was read from.
type Revision struct {
	Digest string // Document.Revision
	Origin Origin
}

// Revisions returns the revision of each article that is stored, by id.
func (s *Store) Revisions(ctx context.Context, corpus string, ids []string) (map[string]Revision, error) {
	with := qdrant.NewWithPayloadInclude(fieldArticle, fieldRevision, fieldFolder, fieldFile)
	points, err := s.get(ctx, s.names.articles, articleIDs(corpus, ids), with, nil)
	if err != nil {
		return nil, err
	}
	revisions := make(map[string]Revision, len(points))
	for _, p := range points {
		revisions[p.Payload[fieldArticle].GetStringValue()] = Revision{p.Payload[fieldRevision].GetStringValue(), originFrom(p.Payload)}
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
	err := s.scroll(ctx, s.names.articles, filter, fieldDigests, passagesName, func(p *qdrant.RetrievedPoint) {
		digests, rows := texts(p.GetPayload()[fieldDigests]), passages(p.GetVectors())
		if len(digests) == len(rows) { // or neighbours share rows
			for i, digest := range digests {
				vectors[digest] = rows[i]
			}
		}
	})
	if err != nil {
		return nil, err
	}
	err = s.scroll(ctx, s.names.statements, filter, fieldDigest, denseName, func(p *qdrant.RetrievedPoint) {
		vectors[p.GetPayload()[fieldDigest].GetStringValue()] = dense(p.GetVectors())
	})
	return vectors, err
}

// scroll visits all points that pass a filter, with one field and one vector of each.
func (s *Store) scroll(ctx context.Context, name string, filter *qdrant.Filter, field, vector string, visit func(*qdrant.RetrievedPoint)) error {
	request := &qdrant.ScrollPoints{
		CollectionName: name, Filter: filter, Limit: qdrant.PtrOf(uint32(scrolled)),
		WithPayload: qdrant.NewWithPayloadInclude(field), WithVectors: qdrant.NewWithVectorsInclude(vector),
	}
	return s.pages(ctx, request, visit)
}

// scrolled points come in one answer: with the passages of the longest articles, it stays below the 64 MiB that a message may have.
const scrolled = 12

// Read says what to read of articles beside their metadata and sketch.
type Read struct {
	Text     bool // paragraphs, captions and statements
	Vectors  bool // of the whole
	Passages bool // the paragraphs, and the vectors of the heading and of each
}

// Articles returns articles by id; an id that is not stored is not in the answer.
func (s *Store) Articles(ctx context.Context, corpus string, ids []string, read Read) (map[string]Stored, error) {
	payload, vectors := read.selectors()
	articles := make(map[string]Stored, len(ids))
	for part := range slices.Chunk(ids, readAtOnce) {
		points, err := s.get(ctx, s.names.articles, articleIDs(corpus, part), payload, vectors)
		if err != nil {
			return nil, err
		}
		for _, p := range points {
			stored := storedArticle(p)
			articles[stored.Article.ID] = stored
		}
	}
	return articles, nil
}

// readAtOnce articles come in one answer.
const readAtOnce = 100

func (r Read) selectors() (*qdrant.WithPayloadSelector, *qdrant.WithVectorsSelector) {
	var named []string
	if r.Vectors {
		named = append(named, denseName, lexicalName)
	}
	if r.Passages {
		named = append(named, passagesName)
	}
	if len(named) == 0 {
		return r.payload(), nil
	}
	return r.payload(), qdrant.NewWithVectorsInclude(named...)
}

func (r Read) payload() *qdrant.WithPayloadSelector {
	switch {
	case r.Text:
		return qdrant.NewWithPayload(true)
	case r.Passages:
		return qdrant.NewWithPayloadExclude(slices.DeleteFunc(slices.Clone(heavy), func(field string) bool { return field == fieldParagraphs })...)
	}
	return qdrant.NewWithPayloadExclude(heavy...)
}

// point is what the client's several messages for a point that was read have in common.
type point interface {
	GetPayload() map[string]*qdrant.Value
	GetVectors() *qdrant.VectorsOutput
}

func storedArticle(p point) Stored {
	b := briefFrom(p.GetPayload())
	return Stored{
		Article: articleFrom(p.GetPayload()), Origin: originFrom(p.GetPayload()), Sketch: b.sketch, Family: p.GetPayload()[fieldFamily].GetStringValue(), Words: b.words,
		Dense: dense(p.GetVectors()), Lexical: sparse(p.GetVectors()), keys: sparseNamed(p.GetVectors(), keysName), passages: passages(p.GetVectors()),
	}
}

// StoredStatement is a statement as the store holds it, with what it shows of its article.
type StoredStatement struct {
	Statement     akin.Statement
	ArticleID     string
	Title         string
	Source        string
	Section       string
	Keywords      []string
	PublishedDate string
	Language      string
	Family        string // that of its article
	Words         int
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
		st := storedStatement(p)
		statements[st.Statement.ID] = st
	}
	return statements, nil
}

func storedStatement(from point) StoredStatement {
	p := from.GetPayload()
	st := StoredStatement{
		Statement:     statementFrom(p),
		ArticleID:     p[fieldArticle].GetStringValue(),
		Title:         p[fieldTitle].GetStringValue(),
		Source:        p[fieldSource].GetStringValue(),
		Section:       p[fieldSection].GetStringValue(),
		Keywords:      texts(p[fieldKeyword]),
		PublishedDate: p[fieldPublished].GetStringValue(),
		Language:      p[fieldLanguage].GetStringValue(),
		Family:        p[fieldFamily].GetStringValue(),
		Words:         int(p[fieldWords].GetIntegerValue()),
		Dense:         dense(from.GetVectors()),
		Lexical:       sparse(from.GetVectors()),
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
		CollectionName: s.names.articles, Filter: articleConditions(corpus, filter), Limit: qdrant.PtrOf(uint32(n)),
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
	return s.count(ctx, s.names.articles, articleConditions(corpus, filter))
}

// CountStatements counts the statements of a corpus that pass a filter.
func (s *Store) CountStatements(ctx context.Context, corpus string, filter akin.Filter) (int, error) {
	return s.count(ctx, s.names.statements, conditions(corpus, filter))
}

func (s *Store) count(ctx context.Context, name string, filter *qdrant.Filter) (int, error) {
	n, err := s.client.Count(ctx, &qdrant.CountPoints{CollectionName: name, Filter: filter, Exact: qdrant.PtrOf(true)})
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

func sparse(v *qdrant.VectorsOutput) akin.SparseVector { return sparseNamed(v, lexicalName) }

func sparseNamed(v *qdrant.VectorsOutput, name string) akin.SparseVector {
	out := v.GetVectors().GetVectors()[name].GetSparseVector()
	return akin.SparseVector{Indices: out.GetIndices(), Values: out.GetValues()}
}

func passages(v *qdrant.VectorsOutput) [][]float32 {
	var rows [][]float32
	for _, row := range v.GetVectors().GetVectors()[passagesName].GetMultiVector().GetVectors() {
		rows = append(rows, row.GetData())
	}
	return rows
}
