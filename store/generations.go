package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// Generation is all points that one embedder made under one version of the schema.
type Generation struct {
	Name        string // among those of a prefix: v2_0123456789ab
	Fingerprint string
	Dimensions  int
	Articles    int // points, of all corpora
	Statements  int
	Live        bool // the one that answers
}

// onlyArticles leaves out the parts of long ones.
var onlyArticles = []*qdrant.Condition{qdrant.NewMatchKeyword(fieldRole, roleArticle)}

// OpenLive reaches the live generation whatever embedder made it: its articles can be read, and its vectors compared with one another. It makes nothing.
//
// Errors: akin.ErrNotFound when there is no live generation, akin.ErrUnavailable when Qdrant does not answer.
func OpenLive(ctx context.Context, client *qdrant.Client, prefix string) (*Store, error) {
	prefix = cmp.Or(prefix, "akin")
	live, err := liveNames(ctx, client, named(prefix))
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	if live.articles == "" || live.statements == "" {
		return nil, fmt.Errorf("store: open: a live generation under %q: %w: ingest something first", prefix, akin.ErrNotFound)
	}
	info, err := client.GetCollectionInfo(ctx, live.articles)
	if err != nil {
		return nil, fmt.Errorf("store: open: read collection %s: %w", live.articles, meaning(err))
	}
	g := generationFrom(info)
	return Open(ctx, client, Options{Prefix: prefix, Fingerprint: g.Fingerprint, Dimensions: g.Dimensions, ReadOnly: true})
}

func generationFrom(info *qdrant.CollectionInfo) Generation {
	meta := info.GetConfig().GetMetadata()
	return Generation{
		Fingerprint: meta[metaFingerprint].GetStringValue(), Dimensions: int(meta[metaDimensions].GetIntegerValue()),
	}
}

// liveNames are the collections behind the aliases; empty where there is none.
func liveNames(ctx context.Context, client *qdrant.Client, aliases names) (names, error) {
	list, err := client.ListAliases(ctx)
	if err != nil {
		return names{}, fmt.Errorf("list aliases: %w", meaning(err))
	}
	var live names
	for _, a := range list {
		switch a.GetAliasName() {
		case aliases.articles:
			live.articles = a.GetCollectionName()
		case aliases.statements:
			live.statements = a.GetCollectionName()
		}
	}
	return live, nil
}

// Name is that of the store's generation.
func (s *Store) Name() string { return strings.TrimPrefix(s.names.articles, s.aliases.articles+"_") }

// Fingerprint is that of the embedder which made the vectors.
func (s *Store) Fingerprint() string { return s.fingerprint }

// Dimensions are those of the vectors.
func (s *Store) Dimensions() int { return s.dimensions }

// Generations lists all generations under the store's prefix, the live one first. A generation that is still being made is among them.
func (s *Store) Generations(ctx context.Context) ([]Generation, error) {
	live, err := liveNames(ctx, s.client, s.aliases)
	if err != nil {
		return nil, fmt.Errorf("store: generations: %w", err)
	}
	collections, err := s.client.ListCollections(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: generations: %w", meaning(err))
	}
	var list []Generation
	for _, collection := range collections {
		name, ok := strings.CutPrefix(collection, s.aliases.articles+"_")
		if !ok || !isGeneration(name) {
			continue
		}
		info, err := s.client.GetCollectionInfo(ctx, collection)
		if err != nil {
			return nil, fmt.Errorf("store: generations: read collection %s: %w", collection, meaning(err))
		}
		g := generationFrom(info)
		g.Name, g.Live = name, collection == live.articles
		for _, part := range []struct {
			collection string
			only       []*qdrant.Condition
			n          *int
		}{{collection, onlyArticles, &g.Articles}, {s.aliases.statements + "_" + name, nil, &g.Statements}} {
			if !slices.Contains(collections, part.collection) {
				continue // what made it, or deleted it, was interrupted
			}
			n, err := s.client.Count(ctx, &qdrant.CountPoints{CollectionName: part.collection, Filter: &qdrant.Filter{Must: part.only}, Exact: qdrant.PtrOf(true)})
			if err != nil {
				return nil, fmt.Errorf("store: generations: count %s: %w", part.collection, meaning(err))
			}
			*part.n = int(n)
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Generation) int {
		if a.Live != b.Live {
			return map[bool]int{true: -1, false: 1}[a.Live]
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return list, nil
}

// isGeneration tells a generation's name from the rest of a name under another prefix that begins like this one.
func isGeneration(name string) bool {
	version, digest, ok := strings.Cut(name, "_")
	return ok && len(version) > 1 && version[0] == 'v' && strings.Trim(version[1:], "0123456789") == "" &&
		len(digest) == 12 && strings.Trim(digest, "0123456789abcdef") == ""
}

// Drop deletes a generation that is not live, with all its points.
//
// Errors: akin.ErrNotFound when there is none of that name, *akin.InvalidError when it is live.
func (s *Store) Drop(ctx context.Context, name string) error {
	list, err := s.Generations(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(g Generation) bool { return g.Name == name })
	if at < 0 {
		return fmt.Errorf("generation %q: %w", name, akin.ErrNotFound)
	}
	if list[at].Live {
		return &akin.InvalidError{Field: "name", Problem: fmt.Sprintf("%q is the live generation: make another one live first", name)}
	}
	// That of the articles last: by it the generation is known, so that after an error the same call again finishes the work.
	for _, alias := range []string{s.aliases.statements, s.aliases.articles} {
		if err := s.client.DeleteCollection(ctx, alias+"_"+name); err != nil {
			return fmt.Errorf("store: delete collection %s_%s: %w", alias, name, meaning(err))
		}
	}
	return nil
}

// Next reaches a generation that is not live for another embedder's vectors, and makes an empty one where there is none.
//
// Errors: *akin.InvalidError when that embedder's generation is the live one.
func (s *Store) Next(ctx context.Context, fingerprint string, dimensions int) (*Store, error) {
	opts := Options{Fingerprint: fingerprint, Dimensions: dimensions}
	next := newStore(s.client, s.aliases, opts)
	next.next.Store(true)
	live, err := liveNames(ctx, s.client, s.aliases)
	if err != nil {
		return nil, fmt.Errorf("store: next generation: %w", err)
	}
	for _, c := range s.aliases.collections() {
		target := generationName(c.alias, fingerprint)
		if target == live.articles || target == live.statements {
			return nil, &akin.InvalidError{Field: "embedder", Problem: fmt.Sprintf("%q is that of the live generation already", fingerprint)}
		}
		if err := s.createCollection(ctx, target, c, opts); err != nil {
			return nil, fmt.Errorf("store: next generation: %w", err)
		}
		if err := s.createIndexes(ctx, target, c.indexes); err != nil {
			return nil, fmt.Errorf("store: next generation: %w", err)
		}
		next.names.set(c, target)
	}
	return next, nil
}

// Switch makes another generation live in the place of this one, both collections at once. This store goes on reading what it held, and writes no more.
//
// Errors: akin.ErrMismatch when this generation is not the live one.
func (s *Store) Switch(ctx context.Context, next *Store) error {
	if err := s.CheckLive(ctx); err != nil {
		return err
	}
	err := s.client.UpdateAliases(ctx, []*qdrant.AliasOperations{
		qdrant.NewAliasDelete(s.aliases.articles), qdrant.NewAliasCreate(s.aliases.articles, next.names.articles),
		qdrant.NewAliasDelete(s.aliases.statements), qdrant.NewAliasCreate(s.aliases.statements, next.names.statements),
	})
	if err != nil {
		return fmt.Errorf("store: make generation %s live: %w", next.Name(), meaning(err))
	}
	next.next.Store(false)
	return nil
}

// writable reports why nothing may be written: what goes into a generation that another process has replaced would be lost.
func (s *Store) writable(ctx context.Context) error {
	if s.next.Load() {
		return nil
	}
	return s.CheckLive(ctx)
}

// CheckLive reports why this generation is not the live one: akin.ErrMismatch when another one is, akin.ErrUnavailable when Qdrant does not answer.
func (s *Store) CheckLive(ctx context.Context) error {
	live, err := liveNames(ctx, s.client, s.aliases)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if live != s.names {
		return fmt.Errorf("store: %w: generation %s was replaced by %s: start again with its embedder (akin generations tells which)",
			akin.ErrMismatch, s.Name(), strings.TrimPrefix(live.articles, s.aliases.articles+"_"))
	}
	return nil
}

// Place names an article and the revision of it that is stored.
type Place struct{ Corpus, ID, Revision string }

// Places visits all articles of all corpora, page by page, in the order of their points.
func (s *Store) Places(ctx context.Context, visit func([]Place) error) error {
	request := &qdrant.ScrollPoints{
		CollectionName: s.names.articles, Filter: &qdrant.Filter{Must: onlyArticles}, Limit: qdrant.PtrOf(uint32(listed)), WithPayload: qdrant.NewWithPayloadInclude(fieldCorpus, fieldArticle, fieldRevision),
	}
	for {
		points, next, err := s.client.ScrollAndOffset(ctx, request)
		if err != nil {
			return fmt.Errorf("store: list %s: %w", s.names.articles, meaning(err))
		}
		page := make([]Place, len(points))
		for i, p := range points {
			page[i] = Place{p.Payload[fieldCorpus].GetStringValue(), p.Payload[fieldArticle].GetStringValue(), p.Payload[fieldRevision].GetStringValue()}
		}
		if err := visit(page); err != nil {
			return err
		}
		if next == nil {
			return nil
		}
		request.Offset = next
	}
}
