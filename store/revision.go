package store

import (
	"context"
	"crypto/rand"

	"github.com/qdrant/go-client/qdrant"
)

// revised is the point by which a corpus has another revision than ever before. It is written with what changed the corpus, or after it: an answer that was made under one
// revision never lacks what was written under an earlier one. It is in the store, not in a process, so that all servers of a store, and one that was started anew, agree.
func revised(corpus string) *qdrant.PointStruct {
	p := payload{}
	p.text(fieldCorpus, corpus)
	p.text(fieldRole, roleCorpus)
	p.text(fieldRevision, rand.Text())
	return &qdrant.PointStruct{Id: corpusID(corpus), Payload: p, Vectors: qdrant.NewVectorsMap(nil)}
}

// CorpusRevision is another one whenever articles of the corpus were written or deleted, through whichever process; "" before the first.
func (s *Store) CorpusRevision(ctx context.Context, corpus string) (string, error) {
	points, err := s.get(ctx, s.names.articles, []*qdrant.PointId{corpusID(corpus)}, qdrant.NewWithPayloadInclude(fieldRevision), nil)
	if err != nil || len(points) == 0 {
		return "", err
	}
	return points[0].GetPayload()[fieldRevision].GetStringValue(), nil
}
