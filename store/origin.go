package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// Origin is the file that an article was read from, below a folder that was named. It is zero for an article that came another way. It belongs to the
// point and not to the article: the same article read from another file is still the same.
type Origin struct {
	Folder string // absolute path
	File   string // below it, with slashes
}

func (p payload) origin(o Origin) {
	p.text(fieldFolder, o.Folder)
	p.text(fieldFile, o.File)
}

func originFrom(p map[string]*qdrant.Value) Origin {
	return Origin{p[fieldFolder].GetStringValue(), p[fieldFile].GetStringValue()}
}

// SetOrigins changes where articles come from, by id, and nothing else. An article that is not stored stays so.
func (s *Store) SetOrigins(ctx context.Context, corpus string, origins map[string]Origin) error {
	if len(origins) == 0 {
		return nil
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	byOrigin := map[Origin][]*qdrant.PointId{}
	for id, o := range origins {
		byOrigin[o] = append(byOrigin[o], articleID(corpus, id))
	}
	var changes []*qdrant.PointsUpdateOperation
	for o, points := range byOrigin {
		p := payload{}
		p.origin(o)
		changes = append(changes, qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{
			Payload: p, PointsSelector: qdrant.NewPointsSelector(points...),
		}))
	}
	for part := range slices.Chunk(changes, maxPoints) {
		_, err := s.client.UpdateBatch(ctx, &qdrant.UpdateBatchPoints{CollectionName: s.names.articles, Wait: qdrant.PtrOf(true), Operations: part})
		if err != nil {
			return fmt.Errorf("store: write origins to %s: %w", s.names.articles, meaning(err))
		}
	}
	return nil
}

// ReadFrom returns the articles of a corpus that were read from a folder, id by id with the file of each: from all its files, or from those given.
func (s *Store) ReadFrom(ctx context.Context, corpus, folder string, files []string) (map[string]string, error) {
	filter := conditions(corpus, akin.Filter{})
	filter.Must = append(filter.Must, qdrant.NewMatchKeyword(fieldFolder, folder))
	found := map[string]string{}
	read := func(filter *qdrant.Filter) error {
		request := &qdrant.ScrollPoints{
			CollectionName: s.names.articles, Filter: filter, Limit: qdrant.PtrOf(uint32(listed)), WithPayload: qdrant.NewWithPayloadInclude(fieldArticle, fieldFile),
		}
		return s.pages(ctx, request, func(p *qdrant.RetrievedPoint) {
			found[p.Payload[fieldArticle].GetStringValue()] = p.Payload[fieldFile].GetStringValue()
		})
	}
	if files == nil {
		return found, read(filter)
	}
	whole := filter.Must
	for part := range slices.Chunk(files, maxPoints) {
		filter.Must = append(slices.Clone(whole), qdrant.NewMatchKeywords(fieldFile, part...))
		if err := read(filter); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// listed points come in one answer where little is read of each.
const listed = 1000

// pages visits all points that a request asks for, page by page.
func (s *Store) pages(ctx context.Context, request *qdrant.ScrollPoints, visit func(*qdrant.RetrievedPoint)) error {
	for {
		points, next, err := s.client.ScrollAndOffset(ctx, request)
		if err != nil {
			return fmt.Errorf("store: read from %s: %w", request.GetCollectionName(), meaning(err))
		}
		for _, p := range points {
			visit(p)
		}
		if next == nil {
			return nil
		}
		request.Offset = next
	}
}
