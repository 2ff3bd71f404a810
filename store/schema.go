package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"

	"github.com/akinserver/akin"
)

// schemaVersion changes when points of an older version can no longer be read.
const schemaVersion = 3

// The vectors of a point.
const (
	denseName    = "dense"    // the embedder's; cosine
	lexicalName  = "lexical"  // sparse; the store multiplies a query's weights by their inverse document frequency
	keysName     = "keys"     // sparse; of an article's lexical vector the few terms that it is searched by
	bandsName    = "bands"    // sparse; of an article, what other prints of its text are found by
	passagesName = "passages" // a row for the heading and for each paragraph of an article; kept for evidence, no search looks among them
)

// The payload fields that points are found by.
const (
	fieldCorpus    = "corpus"
	fieldArticle   = "article"
	fieldRevision  = "revision"
	fieldLanguage  = "language"
	fieldPublished = "published_date"
	fieldSection   = "section"
	fieldSource    = "source"
	fieldSpeaker   = "speaker" // of a statement: its speaker; of an article: all whom it quotes
	fieldKeyword   = "keyword"
	fieldFolder    = "folder" // of an article: its Origin
	fieldFile      = "file"
	fieldAddress   = "address" // of an article: where it is published, in the form in which addresses are compared
	fieldFamily    = "family"  // id of the earliest print of a text, on all points of all its prints; absent where there is one print
	fieldRole      = "role"    // of a point among the articles
)

// The roles.
const (
	roleArticle   = "article"
	rolePart      = "part"      // of a long one
	roleCorpus    = "corpus"    // holds the corpus' revision, and has no vectors
	roleUnsettled = "unsettled" // a note: see Unsettled
)

type index struct {
	field  string
	kind   qdrant.FieldType
	params *qdrant.PayloadIndexParams
}

func keyword(field string) index {
	return index{field: field, kind: qdrant.FieldType_FieldTypeKeyword}
}

// tenant comes first: every query names a corpus.
var tenant = index{
	fieldCorpus, qdrant.FieldType_FieldTypeKeyword,
	qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: qdrant.PtrOf(true)}),
}

// filterable are the fields that an akin.Filter can ask for.
var filterable = []index{
	keyword(fieldLanguage),
	{field: fieldPublished, kind: qdrant.FieldType_FieldTypeDatetime},
	keyword(fieldSection),
	keyword(fieldSource),
	keyword(fieldSpeaker),
	keyword(fieldKeyword),
	keyword(fieldKind),
}

type collection struct {
	alias    string
	articles bool
	indexes  []index
}

func (n names) collections() []collection {
	indexes := append([]index{tenant, keyword(fieldArticle), keyword(fieldRevision), keyword(fieldFamily)}, filterable...)
	return []collection{
		{alias: n.articles, articles: true, indexes: append(indexes[:len(indexes):len(indexes)], keyword(fieldRole), keyword(fieldFolder), keyword(fieldFile), keyword(fieldAddress))},
		{alias: n.statements, indexes: indexes},
	}
}

// openGeneration checks the live generation against the options, or makes one. A kill between its steps is made good by the next
// call: collections and indexes that are there stay, and the aliases, which make them live, come last and at once.
func (s *Store) openGeneration(ctx context.Context, opts Options) error {
	live, err := liveNames(ctx, s.client, s.aliases)
	if err != nil {
		return err
	}
	var switches []*qdrant.AliasOperations
	for _, c := range s.aliases.collections() {
		target := live.of(c)
		if target != "" {
			if err := s.checkGeneration(ctx, target, opts); err != nil {
				return err
			}
		} else if opts.ReadOnly {
			return fmt.Errorf("alias %s: %w", c.alias, akin.ErrNotFound)
		} else {
			target = generationName(c.alias, opts.Fingerprint)
			if err := s.createCollection(ctx, target, c, opts); err != nil {
				return err
			}
			switches = append(switches, qdrant.NewAliasCreate(c.alias, target))
		}
		s.names.set(c, target)
		if opts.ReadOnly {
			continue
		}
		if err := s.createIndexes(ctx, target, c.indexes); err != nil {
			return err
		}
	}
	if len(switches) == 0 {
		return nil
	}
	if err := s.client.UpdateAliases(ctx, switches); err != nil {
		return fmt.Errorf("make the new generation live: %w", meaning(err))
	}
	return nil
}

// generationName names a collection by schema version and fingerprint, within the characters and length that Qdrant allows.
func generationName(alias, fingerprint string) string {
	sum := sha256.Sum256([]byte(fingerprint))
	return fmt.Sprintf("%s_v%d_%s", alias, schemaVersion, hex.EncodeToString(sum[:6]))
}

// The metadata of a collection.
const (
	metaFingerprint = "akin_fingerprint"
	metaSchema      = "akin_schema"
	metaDimensions  = "akin_dimensions"
)

func (s *Store) checkGeneration(ctx context.Context, name string, opts Options) error {
	info, err := s.client.GetCollectionInfo(ctx, name)
	if err != nil {
		return fmt.Errorf("read collection %s: %w", name, meaning(err))
	}
	meta := info.GetConfig().GetMetadata()
	version := meta[metaSchema].GetIntegerValue()
	if version != schemaVersion {
		return fmt.Errorf("collection %s has schema %s, this akin reads %d: ingest into another --data or --prefix",
			name, strconv.FormatInt(version, 10), schemaVersion)
	}
	if got := meta[metaFingerprint].GetStringValue(); got != opts.Fingerprint {
		return fmt.Errorf("%w: collection %s holds vectors of %q, the embedder is %q: start with that embedder, or make a generation with this one by akin reindex",
			akin.ErrMismatch, name, got, opts.Fingerprint)
	}
	if got := meta[metaDimensions].GetIntegerValue(); got != int64(opts.Dimensions) {
		return fmt.Errorf("%w: collection %s holds vectors of %d dimensions, the embedder makes %d", akin.ErrMismatch, name, got, opts.Dimensions)
	}
	return nil
}

func (s *Store) createCollection(ctx context.Context, name string, c collection, opts Options) error {
	dense := map[string]*qdrant.VectorParams{denseName: {Size: uint64(opts.Dimensions), Distance: qdrant.Distance_Cosine}}
	sparse := map[string]*qdrant.SparseVectorParams{lexicalName: {Modifier: qdrant.Modifier_Idf.Enum()}}
	if c.articles {
		sparse[keysName] = &qdrant.SparseVectorParams{Index: &qdrant.SparseIndexConfig{OnDisk: qdrant.PtrOf(true)}}
		sparse[bandsName] = &qdrant.SparseVectorParams{}
		dense[passagesName] = &qdrant.VectorParams{
			Size: uint64(opts.Dimensions), Distance: qdrant.Distance_Cosine, OnDisk: qdrant.PtrOf(true),
			MultivectorConfig: &qdrant.MultiVectorConfig{Comparator: qdrant.MultiVectorComparator_MaxSim},
			HnswConfig:        &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(0))}, // no graph: that would cost more than all else
		}
	}
	request := &qdrant.CreateCollection{
		CollectionName:      name,
		VectorsConfig:       qdrant.NewVectorsConfigMap(dense),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(sparse),
		Metadata: qdrant.NewValueMap(map[string]any{
			metaFingerprint: opts.Fingerprint, metaSchema: schemaVersion, metaDimensions: opts.Dimensions,
		}),
	}
	err := s.client.CreateCollection(ctx, request)
	if code(err) == codes.AlreadyExists {
		// Left by a call that was killed before its aliases, or being made by another process at this moment.
		return s.checkGeneration(ctx, name, opts)
	}
	if err != nil {
		return fmt.Errorf("create collection %s: %w", name, meaning(err))
	}
	return nil
}

// createIndexes makes the indexes that are not there: to make one again would set a server to work for nothing.
func (s *Store) createIndexes(ctx context.Context, name string, indexes []index) error {
	info, err := s.client.GetCollectionInfo(ctx, name)
	if err != nil {
		return fmt.Errorf("read collection %s: %w", name, meaning(err))
	}
	for _, i := range indexes {
		if _, ok := info.GetPayloadSchema()[i.field]; ok {
			continue
		}
		_, err := s.client.CreateFieldIndex(ctx, &qdrant.CreateFieldIndexCollection{
			CollectionName: name, Wait: qdrant.PtrOf(true), FieldName: i.field, FieldType: i.kind.Enum(), FieldIndexParams: i.params,
		})
		if err != nil {
			return fmt.Errorf("create index %s of collection %s: %w", i.field, name, meaning(err))
		}
	}
	return nil
}
