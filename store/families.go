package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// Print is an article as one of the prints of a text.
type Print struct {
	ID            string
	PublishedDate string
	Sketch        string
	Family        string // id of the earliest print; "" of a text that was printed once
}

func printFrom(p map[string]*qdrant.Value) Print {
	b := briefFrom(p)
	return Print{ID: b.id, PublishedDate: b.date, Sketch: b.sketch, Family: p[fieldFamily].GetStringValue()}
}

// Prints returns articles as prints, by id; an id that is not stored is not in the answer.
func (s *Store) Prints(ctx context.Context, corpus string, ids []string) (map[string]Print, error) {
	byPoint, err := s.readPrints(ctx, articleIDs(corpus, ids), fieldBrief, fieldFamily)
	if err != nil {
		return nil, err
	}
	prints := make(map[string]Print, len(byPoint))
	for _, p := range byPoint {
		prints[p.ID] = p
	}
	return prints, nil
}

// readPrints reads what fields tell of prints, by the ids of their points.
func (s *Store) readPrints(ctx context.Context, points []*qdrant.PointId, fields ...string) (map[string]Print, error) {
	prints := make(map[string]Print, len(points))
	for part := range slices.Chunk(points, maxPoints) {
		read, err := s.get(ctx, s.names.articles, part, qdrant.NewWithPayloadInclude(fields...), nil)
		if err != nil {
			return nil, err
		}
		for _, p := range read {
			prints[p.GetId().GetUuid()] = printFrom(p.Payload)
		}
	}
	return prints, nil
}

// An article is compared with those that share most bands with it, the earliest first: with fewAlike that share any number, and with up to MostAlike that share twice the least. In an archive of one style
// each article soon has hundreds of the first kind, nearly all of which are no prints of it; there the sketches that have to be read are what families cost.
const (
	MostAlike = 200
	fewAlike  = 32
)

// Alike returns for each of several texts the articles that share bands with it, at least so many, by id ascending; but not their families, which few of so many are
// asked for.
func (s *Store) Alike(ctx context.Context, corpus string, bands [][]uint32, shared int) ([][]Print, error) {
	alike := make([][]*qdrant.ScoredPoint, len(bands))
	all := make([]int, len(bands))
	for i := range all {
		all[i] = i
	}
	if err := s.findAlike(ctx, corpus, bands, all, alike, shared, fewAlike); err != nil {
		return nil, err
	}
	crowded := slices.DeleteFunc(all, func(i int) bool {
		return len(alike[i]) < fewAlike || alike[i][fewAlike-1].GetScore() < float32(2*shared)
	})
	if err := s.findAlike(ctx, corpus, bands, crowded, alike, 2*shared, MostAlike); err != nil {
		return nil, err
	}
	points := map[string]*qdrant.PointId{}
	for _, found := range alike {
		for _, p := range found {
			points[p.GetId().GetUuid()] = p.GetId()
		}
	}
	prints, err := s.readPrints(ctx, slices.Collect(maps.Values(points)), fieldBrief)
	if err != nil {
		return nil, err
	}
	lists := make([][]Print, len(bands))
	for i, found := range alike {
		for _, point := range found {
			if p, ok := prints[point.GetId().GetUuid()]; ok { // or it was deleted meanwhile
				lists[i] = append(lists[i], p)
			}
		}
		slices.SortFunc(lists[i], func(a, b Print) int { return cmp.Compare(a.ID, b.ID) })
	}
	return lists, nil
}

// findAlike finds for those of the texts that are asked for the points that share so many bands, up to a number.
func (s *Store) findAlike(ctx context.Context, corpus string, bands [][]uint32, asked []int, alike [][]*qdrant.ScoredPoint, shared, most int) error {
	for part := range slices.Chunk(asked, askedAtOnce) {
		batch := &qdrant.QueryBatchPoints{CollectionName: s.names.articles}
		for _, i := range part {
			batch.QueryPoints = append(batch.QueryPoints, s.alikeQuery(corpus, bands[i], shared, most))
		}
		results, err := s.client.QueryBatch(ctx, batch)
		if err != nil {
			return fmt.Errorf("store: search %s for prints: %w", s.names.articles, meaning(err))
		}
		for n, r := range results {
			alike[part[n]] = r.GetResult()
		}
	}
	return nil
}

// askedAtOnce queries come in one call.
const askedAtOnce = 64

func (s *Store) alikeQuery(corpus string, bands []uint32, shared, most int) *qdrant.QueryPoints {
	ones := make([]float32, len(bands))
	for i := range ones {
		ones[i] = 1
	}
	return &qdrant.QueryPoints{
		CollectionName: s.names.articles, Query: qdrant.NewQuerySparse(bands, ones), Using: qdrant.PtrOf(bandsName),
		Filter: conditions(corpus, akin.Filter{}), Limit: qdrant.PtrOf(uint64(most)), ScoreThreshold: qdrant.PtrOf(float32(shared)),
		WithPayload: qdrant.NewWithPayload(false),
	}
}

// bandsVector weighs each band by 1 and a little more, the more the earlier the article: of those that share as many bands, the earliest are found first, and so
// the first print of a text that was printed thousands of times.
func bandsVector(bands []uint32, date string) *qdrant.Vector {
	const days = 1 << 17
	little := float32(0)
	if t, err := time.Parse(time.DateOnly, date); err == nil {
		day := int(t.Sub(firstDay).Hours() / 24)
		little = float32(days-min(max(day, 0), days)) / days / 128
	}
	weights := make([]float32, len(bands))
	for i := range weights {
		weights[i] = 1 + little
	}
	return qdrant.NewVectorSparse(bands, weights)
}

var firstDay = time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC)

// SetFamilies changes which families articles belong to, by id, and nothing else. An article that is not stored stays so. Its own point comes last, so that after an error
// the same call again finishes the work. The corpus has another revision then.
func (s *Store) SetFamilies(ctx context.Context, corpus string, families map[string]string) error {
	if len(families) == 0 {
		return nil
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	members := map[string][]string{}
	for id, family := range families {
		members[family] = append(members[family], id)
	}
	var changes []*qdrant.PointsUpdateOperation
	for _, family := range slices.Sorted(maps.Keys(members)) {
		slices.Sort(members[family])
		for part := range slices.Chunk(members[family], maxPoints) {
			changes = append(changes, familyOperation(corpus, family, part))
		}
	}
	for _, name := range []string{s.names.statements, s.names.articles} {
		for part := range slices.Chunk(changes, maxPoints) {
			_, err := s.client.UpdateBatch(ctx, &qdrant.UpdateBatchPoints{CollectionName: name, Wait: qdrant.PtrOf(true), Operations: part})
			if err != nil {
				return fmt.Errorf("store: write families to %s: %w", name, meaning(err))
			}
		}
	}
	return s.upsert(ctx, s.names.articles, []*qdrant.PointStruct{revised(corpus)})
}

// familyOperation concerns all points of the articles.
func familyOperation(corpus, family string, ids []string) *qdrant.PointsUpdateOperation {
	filter := conditions(corpus, akin.Filter{})
	filter.Must = append(filter.Must, qdrant.NewMatchKeywords(fieldArticle, ids...))
	points := qdrant.NewPointsSelectorFilter(filter)
	if family == "" {
		return qdrant.NewPointsUpdateDeletePayload(&qdrant.PointsUpdateOperation_DeletePayload{Keys: []string{fieldFamily}, PointsSelector: points})
	}
	p := payload{}
	p.text(fieldFamily, family)
	return qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{Payload: p, PointsSelector: points})
}

// Gathered are articles with the prints of their families.
type Gathered struct {
	Articles map[string]Stored
	Prints   map[string][]Print // by family, the earliest first: those that pass the filter, some two hundred of a family at most
}

// Gather returns articles by id, as Articles does, with the first prints of families and all prints of these that pass a filter, in one call.
func (s *Store) Gather(ctx context.Context, corpus string, filter akin.Filter, ids, families []string, read Read) (Gathered, error) {
	if len(families) == 0 {
		articles, err := s.Articles(ctx, corpus, ids, read)
		return Gathered{Articles: articles}, err
	}
	payload, vectors := read.selectors()
	points := articleIDs(corpus, append(slices.Clone(ids), families...))
	within := articleConditions(corpus, filter)
	within.Must = append(within.Must, qdrant.NewMatchKeywords(fieldFamily, families...))
	results, err := s.client.QueryBatch(ctx, &qdrant.QueryBatchPoints{CollectionName: s.names.articles, QueryPoints: []*qdrant.QueryPoints{
		{
			CollectionName: s.names.articles, Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(points...)}}, Limit: qdrant.PtrOf(uint64(len(points))),
			WithPayload: payload, WithVectors: vectors,
		},
		{
			CollectionName: s.names.articles, Filter: within, Limit: qdrant.PtrOf(uint64(mostPrints * len(families))),
			WithPayload: qdrant.NewWithPayloadInclude(fieldBrief, fieldFamily),
		},
	}})
	if err != nil {
		return Gathered{}, fmt.Errorf("store: read from %s: %w", s.names.articles, meaning(err))
	}
	g := Gathered{Articles: make(map[string]Stored, len(points)), Prints: make(map[string][]Print, len(families))}
	for _, p := range results[0].GetResult() {
		stored := storedArticle(p)
		g.Articles[stored.Article.ID] = stored
	}
	for _, p := range results[1].GetResult() {
		print := printFrom(p.GetPayload())
		g.Prints[print.Family] = append(g.Prints[print.Family], print)
	}
	for _, list := range g.Prints {
		slices.SortFunc(list, ComparePrints)
	}
	return g, nil
}

// mostPrints are read of one family, or several more where others have fewer.
const mostPrints = 200

// ComparePrints puts the earliest first; of one day, by id.
func ComparePrints(a, b Print) int {
	return cmp.Or(akin.CompareDates(a.PublishedDate, b.PublishedDate), cmp.Compare(a.ID, b.ID))
}

// Unsettled is a note of articles that were written or deleted, whose families, and those of other prints of their texts, may not be what they should be. It is written with them
// and removed when their families are settled, so that a kill in between is made good.
type Unsettled struct {
	IDs      []string
	Sketches []string // of what was stored before
	Since    time.Time
}

// Unsettle notes articles that are about to be deleted.
func (s *Store) Unsettle(ctx context.Context, corpus string, ids, sketches []string) error {
	if err := s.writable(ctx); err != nil {
		return err
	}
	return s.upsert(ctx, s.names.articles, []*qdrant.PointStruct{unsettledPoint(corpus, ids, sketches)})
}

// Settled removes the note of articles, by the ids that were put or deleted together. It does not wait for that: a note too many costs little.
func (s *Store) Settled(ctx context.Context, corpus string, ids []string) error {
	_, err := s.client.Delete(ctx, &qdrant.DeletePoints{
		CollectionName: s.names.articles, Points: qdrant.NewPointsSelector(unsettledID(corpus, ids)),
	})
	if err != nil {
		return fmt.Errorf("store: delete from %s: %w", s.names.articles, meaning(err))
	}
	return nil
}

// Notes returns all notes of a corpus.
func (s *Store) Notes(ctx context.Context, corpus string) ([]Unsettled, error) {
	var notes []Unsettled
	request := &qdrant.ScrollPoints{
		CollectionName: s.names.articles, Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchKeyword(fieldRole, roleUnsettled)}},
		Limit: qdrant.PtrOf(uint32(scrolled)), WithPayload: qdrant.NewWithPayload(true),
	}
	err := s.pages(ctx, request, func(p *qdrant.RetrievedPoint) {
		if p.Payload[fieldOf].GetStringValue() == corpus {
			notes = append(notes, Unsettled{
				IDs: texts(p.Payload[fieldIDs]), Sketches: texts(p.Payload[fieldSketches]), Since: time.Unix(p.Payload[fieldSince].GetIntegerValue(), 0),
			})
		}
	})
	return notes, err
}

// The payload of a note. It has no field of an article, the corpus least of all, so that nothing that looks for articles finds it.
const (
	fieldOf       = "of"
	fieldIDs      = "ids"
	fieldSketches = "sketches"
	fieldSince    = "since"
)

func unsettledID(corpus string, ids []string) *qdrant.PointId {
	sorted := slices.Sorted(slices.Values(ids))
	return qdrant.NewIDUUID(uuid.NewSHA1(namespace, []byte(corpus+"\x00"+strings.Join(sorted, "\x00")+"\x00unsettled")).String())
}

func unsettledPoint(corpus string, ids, sketches []string) *qdrant.PointStruct {
	p := payload{}
	p.text(fieldRole, roleUnsettled)
	p.text(fieldOf, corpus)
	p.texts(fieldIDs, ids)
	p.texts(fieldSketches, sketches)
	p.number(fieldSince, int(time.Now().Unix()))
	return &qdrant.PointStruct{Id: unsettledID(corpus, ids), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{}), Payload: p}
}
