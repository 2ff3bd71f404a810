package store

import (
	"context"
	"fmt"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/akinserver/akin"
)

// Document is an article with the vectors that were made of it.
type Document struct {
	Article    akin.Article
	Origin     Origin   // where it was read from
	Revision   string   // digest of the article and of all that decides its points
	Sketch     string   // by which other prints of its text are known
	Bands      []uint32 // by which they are found
	Family     string   // id of the earliest print, as far as it is known before the families are settled
	Replaces   string   // sketch of the stored revision that this one replaces, if there is one
	Words      int      // of heading and body, as encoder.Words counts
	Dense      []float32
	Lexical    akin.SparseVector
	Keys       akin.SparseVector // of Lexical, the terms that the article is searched by
	Parts      []Part            // of a long article
	Heading    Passage           // title and subtitle; without a vector when there are none
	Paragraphs []Passage         // as Article.Paragraphs
	Statements []Passage         // as Article.Statements
}

// Part is a stretch of a long article, which is found by each of its parts as by the whole: one paragraph among hundreds is lost in the vectors of the whole.
type Part struct {
	Dense   []float32
	Lexical akin.SparseVector
	Keys    akin.SparseVector
	Words   int
}

// Passage is one embedded text.
type Passage struct {
	Digest  string // of the exact text that was embedded
	Dense   []float32
	Lexical akin.SparseVector // of a statement
	Words   int               // of a statement, as encoder.Words counts
}

// passages lists the heading, if there is one, and the paragraphs.
func (d *Document) passages() []Passage {
	if d.Heading.Dense == nil {
		return d.Paragraphs
	}
	return append([]Passage{d.Heading}, d.Paragraphs...)
}

// One upsert is of so many points, and of about so many bytes of vectors, at most: a message stays within a few megabytes.
const (
	maxPoints = 256
	maxBytes  = 8 << 20
)

// Put writes documents of one corpus, whose ids differ. When it returns nil, they are stored and can be found; on error any of them may be,
// and the same call again makes it good. A generation that is live no more takes nothing: akin.ErrMismatch. An article's own point is written last, and carries its revision: where it
// stands, everything that belongs to it stands, and nothing else does. The corpus has another revision then. Their families have yet to be settled: a note says so until Settled is called
// with their ids.
func (s *Store) Put(ctx context.Context, corpus string, documents []Document) error {
	if len(documents) == 0 {
		return nil
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	defer s.writes.Add(1)
	var articles, parts, statements []*qdrant.PointStruct
	ids, revisions := make([]string, len(documents)), make([]string, len(documents))
	var replaced []string
	for i := range documents {
		d := &documents[i]
		id := d.Article.ID
		ids[i], revisions[i] = id, d.Revision
		whole := searched(d.Dense, d.Lexical, d.Keys)
		for n, p := range d.Parts {
			parts = append(parts, &qdrant.PointStruct{
				Id: partID(corpus, id, n), Vectors: qdrant.NewVectorsMap(searched(p.Dense, p.Lexical, p.Keys)), Payload: partPayload(corpus, d, p),
			})
		}
		whole[passagesName] = qdrant.NewVectorMulti(s.rowsOf(d.passages()))
		if len(d.Bands) > 0 {
			whole[bandsName] = bandsVector(d.Bands, d.Article.PublishedDate)
		}
		if d.Replaces != "" {
			replaced = append(replaced, d.Replaces)
		}
		articles = append(articles, &qdrant.PointStruct{
			Id: articleID(corpus, id), Vectors: qdrant.NewVectorsMap(whole), Payload: articlePayload(corpus, d),
		})
		for n, p := range d.Statements {
			statements = append(statements, &qdrant.PointStruct{
				Id: statementID(corpus, id, n+1), Vectors: qdrant.NewVectorsMap(vectors(p.Dense, p.Lexical)), Payload: statementPayload(corpus, d, n),
			})
		}
	}
	if err := s.upsert(ctx, s.names.statements, statements); err != nil {
		return err
	}
	if err := s.upsert(ctx, s.names.articles, parts); err != nil {
		return err
	}
	// What an edited article no longer holds goes before its point says that it is done.
	stale := conditions(corpus, akin.Filter{})
	stale.Must = append(stale.Must, qdrant.NewMatchKeywords(fieldArticle, ids...))
	stale.MustNot = append(stale.MustNot, qdrant.NewMatchKeywords(fieldRevision, revisions...))
	if err := s.delete(ctx, s.names.statements, stale); err != nil {
		return err
	}
	stale.Must = append(stale.Must, qdrant.NewMatchKeyword(fieldRole, rolePart))
	if err := s.delete(ctx, s.names.articles, stale); err != nil {
		return err
	}
	// The note in one call with the first of them: there is no article whose family is not settled without it.
	articles = append([]*qdrant.PointStruct{unsettledPoint(corpus, ids, replaced)}, articles...)
	return s.upsert(ctx, s.names.articles, append(articles, revised(corpus)))
}

// searched are the vectors that an article, or a part of one, is found by.
func searched(dense []float32, lexical, keys akin.SparseVector) map[string]*qdrant.Vector {
	named := vectors(dense, lexical)
	if len(keys.Indices) > 0 {
		named[keysName] = qdrant.NewVectorSparse(keys.Indices, keys.Values)
	}
	return named
}

func vectors(dense []float32, lexical akin.SparseVector) map[string]*qdrant.Vector {
	named := map[string]*qdrant.Vector{denseName: qdrant.NewVectorDense(dense)}
	if len(lexical.Indices) > 0 {
		named[lexicalName] = qdrant.NewVectorSparse(lexical.Indices, lexical.Values)
	}
	return named
}

func (s *Store) upsert(ctx context.Context, name string, points []*qdrant.PointStruct) error {
	for len(points) > 0 {
		n, bytes := 0, 0
		for n < min(len(points), maxPoints) && (n == 0 || bytes < maxBytes) {
			bytes += proto.Size(points[n].GetVectors())
			n++
		}
		_, err := s.client.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: name, Wait: qdrant.PtrOf(true), Points: points[:n]})
		if err != nil {
			return fmt.Errorf("store: write %d points to %s: %w", n, name, meaning(err))
		}
		points = points[n:]
	}
	return nil
}

// delete never sends an empty filter, which would delete every corpus: conditions always names one.
func (s *Store) delete(ctx context.Context, name string, filter *qdrant.Filter) error {
	_, err := s.client.Delete(ctx, &qdrant.DeletePoints{
		CollectionName: name, Wait: qdrant.PtrOf(true), Points: qdrant.NewPointsSelectorFilter(filter),
	})
	if err != nil {
		return fmt.Errorf("store: delete from %s: %w", name, meaning(err))
	}
	return nil
}

// Delete deletes articles with all that belongs to them, and tells which were there. An article's own point goes last, so that after
// an error the same call again finishes the work.
func (s *Store) Delete(ctx context.Context, corpus string, ids []string) (deleted, missing []string, err error) {
	if err := s.writable(ctx); err != nil {
		return nil, nil, err
	}
	defer s.writes.Add(1)
	revisions, err := s.Revisions(ctx, corpus, ids)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if _, ok := revisions[id]; ok {
			deleted = append(deleted, id)
		} else {
			missing = append(missing, id)
		}
	}
	// Missing ones too: a write that was killed may have left parts without an article.
	for _, name := range []string{s.names.statements, s.names.articles} {
		filter := conditions(corpus, akin.Filter{})
		filter.Must = append(filter.Must, qdrant.NewMatchKeywords(fieldArticle, ids...))
		if err := s.delete(ctx, name, filter); err != nil {
			return nil, nil, err
		}
	}
	return deleted, missing, s.upsert(ctx, s.names.articles, []*qdrant.PointStruct{revised(corpus)})
}
