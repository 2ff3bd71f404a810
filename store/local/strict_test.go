package local

import (
	"testing"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

func TestStrictModeRefusesWhatIsTooMuch(t *testing.T) {
	_, client := opened(t, "", Options{})
	made(t, client, "letters")
	keyword := qdrant.FieldType_FieldTypeKeyword
	if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: "from", FieldType: &keyword, Wait: waiting}); err != nil {
		t.Fatal(err)
	}
	by := func(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{Must: c} }
	query := func(change func(q *qdrant.QueryPoints)) func() error {
		return func() error {
			q := &qdrant.QueryPoints{CollectionName: "letters", Query: qdrant.NewQuery(1, 2, 3, 4), Limit: qdrant.PtrOf(uint64(2))}
			change(q)
			_, err := client.Query(t.Context(), q)
			return err
		}
	}
	upsert := func(points ...*qdrant.PointStruct) func() error {
		return func() error {
			_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: points})
			return err
		}
	}
	for _, row := range []struct {
		name    string
		strict  *qdrant.StrictModeConfig
		call    func() error
		message string // "" where it is allowed
	}{
		{"a limit", &qdrant.StrictModeConfig{MaxQueryLimit: qdrant.PtrOf(uint32(5))}, query(func(q *qdrant.QueryPoints) { q.Limit = qdrant.PtrOf(uint64(6)) }), `Limit exceeded 6 > 5 for "limit"`},
		{"the default limit", &qdrant.StrictModeConfig{MaxQueryLimit: qdrant.PtrOf(uint32(5))}, query(func(q *qdrant.QueryPoints) { q.Limit = nil }), `Limit exceeded 10 > 5 for "limit"`},
		{"a limit that is allowed", &qdrant.StrictModeConfig{MaxQueryLimit: qdrant.PtrOf(uint32(5))}, query(func(*qdrant.QueryPoints) {}), ""},
		{"a timeout", &qdrant.StrictModeConfig{MaxTimeout: qdrant.PtrOf(uint32(5))}, query(func(q *qdrant.QueryPoints) { q.Timeout = qdrant.PtrOf(uint64(6)) }), `for "timeout"`},
		{"a filter without an index", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewMatchInt("n", 1)) }), `Index required but not found for "n" of one of the following types: [integer]`},
		{"a filter with an index of another type", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewMatchInt("from", 1)) }), "Index required"},
		{"a filter with an index", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewMatch("from", "Ilse")) }), ""},
		{"a prefetch's filter", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) {
			q.Prefetch = []*qdrant.PrefetchQuery{{Query: q.Query, Filter: by(qdrant.NewFilterAsCondition(by(qdrant.NewIsEmpty("n"))))}}
		}), "Index required"},
		{"an update by a filter without an index", &qdrant.StrictModeConfig{UnindexedFilteringUpdate: qdrant.PtrOf(false)}, func() error {
			_, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Points: qdrant.NewPointsSelectorFilter(by(qdrant.NewMatchInt("n", 1)))})
			return err
		}, "Index required"},
		{"groups without an index", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, func() error {
			_, err := client.QueryGroups(t.Context(), &qdrant.QueryPointGroups{CollectionName: "letters", GroupBy: "n"})
			return err
		}, `Index required but not found for "n"`},
		{"an exact search", &qdrant.StrictModeConfig{SearchAllowExact: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) { q.Params = &qdrant.SearchParams{Exact: qdrant.PtrOf(true)} }), "Exact search disabled!"},
		{"many conditions", &qdrant.StrictModeConfig{FilterMaxConditions: qdrant.PtrOf(uint64(1))}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewMatchInt("n", 1), qdrant.NewMatchInt("n", 2)) }), "Filter condition limit reached (2 > 1)"},
		{"a large condition", &qdrant.StrictModeConfig{ConditionMaxSize: qdrant.PtrOf(uint64(2))}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewMatchInts("n", 1, 2, 3)) }), "Condition size limit reached (3 > 2)"},
		{"a large upsert", &qdrant.StrictModeConfig{UpsertMaxBatchsize: qdrant.PtrOf(uint64(1))}, upsert(numbered(1, nil, 1, 2, 3, 4), numbered(2, nil, 1, 2, 3, 4)), `Limit exceeded 2 > 1 for "upsert limit"`},
		{"one index more", &qdrant.StrictModeConfig{MaxPayloadIndexCount: qdrant.PtrOf(uint64(1))}, func() error {
			_, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: "to", FieldType: &keyword})
			return err
		}, "maximum number of payload indices (1). Help: Please delete an existing index before creating a new one."},
		{"facets, exact or not", &qdrant.StrictModeConfig{SearchAllowExact: qdrant.PtrOf(false)}, func() error {
			_, err := client.Facet(t.Context(), &qdrant.FacetCounts{CollectionName: "letters", Key: "from", Exact: qdrant.PtrOf(true)})
			return err
		}, ""},
		{"a scroll without a limit", &qdrant.StrictModeConfig{MaxQueryLimit: qdrant.PtrOf(uint32(5))}, func() error {
			_, err := client.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: "letters"})
			return err
		}, ""},
		{"a filter for what any index tells", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewIsNull("n")) }), "[bool, datetime, float, geo, integer, keyword, text, text (with phrase_matching: true), uuid]"},
		{"a phrase without an index", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) { q.Filter = by(qdrant.NewMatchPhrase("n", "a")) }), "types: [text (with phrase_matching: true)]. Help: Create an index for this key or use a different filter."},
		{"a formula's field", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) {
			q.Prefetch = []*qdrant.PrefetchQuery{{Query: q.Query}}
			q.Query = qdrant.NewQueryFormula(&qdrant.Formula{Expression: qdrant.NewExpressionSum(&qdrant.SumExpression{Sum: []*qdrant.Expression{qdrant.NewExpressionVariable("$score"), qdrant.NewExpressionVariable("n")}})})
		}), `"n" of one of the following types: [float, integer]. Help: Create an index for this key or use a different formula expression.`},
		{"a formula's condition", &qdrant.StrictModeConfig{UnindexedFilteringRetrieve: qdrant.PtrOf(false)}, query(func(q *qdrant.QueryPoints) {
			q.Prefetch = []*qdrant.PrefetchQuery{{Query: q.Query}}
			q.Query = qdrant.NewQueryFormula(&qdrant.Formula{Expression: qdrant.NewExpressionCondition(qdrant.NewMatchBool("n", true))})
		}), `[bool]. Help: Create an index for this key or use a different formula expression.`},
	} {
		clear := &qdrant.StrictModeConfig{
			Enabled: qdrant.PtrOf(true), MaxQueryLimit: qdrant.PtrOf(uint32(1000)), MaxTimeout: qdrant.PtrOf(uint32(1000)), UnindexedFilteringRetrieve: qdrant.PtrOf(true),
			UnindexedFilteringUpdate: qdrant.PtrOf(true), SearchAllowExact: qdrant.PtrOf(true), FilterMaxConditions: qdrant.PtrOf(uint64(1000)), ConditionMaxSize: qdrant.PtrOf(uint64(1000)),
			UpsertMaxBatchsize: qdrant.PtrOf(uint64(1000)), MaxPayloadIndexCount: qdrant.PtrOf(uint64(1000)),
		}
		for _, strict := range []*qdrant.StrictModeConfig{clear, row.strict} {
			if err := client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{CollectionName: "letters", StrictModeConfig: strict}); err != nil {
				t.Fatal(err)
			}
		}
		err := row.call()
		if row.message == "" {
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		t.Run(row.name, func(t *testing.T) { wantCode(t, err, codes.InvalidArgument, row.message) })
	}
}

// TestStrictModeLimitsSizes holds the messages, and that what a collection holds is measured at every 32nd write.
func TestStrictModeLimitsSizes(t *testing.T) {
	for _, row := range []struct {
		name, message string
		strict        *qdrant.StrictModeConfig
	}{
		{"points", "Bad request: Max points count limit of 2 reached!", &qdrant.StrictModeConfig{MaxPointsCount: qdrant.PtrOf(uint64(2))}},
		{"vectors", "Bad request: Max vector storage size limit of 0.0000305", &qdrant.StrictModeConfig{MaxCollectionVectorSizeBytes: qdrant.PtrOf(uint64(32))}},
		{"payloads", "Bad request: Max payload storage size limit of 0.0000076", &qdrant.StrictModeConfig{MaxCollectionPayloadSizeBytes: qdrant.PtrOf(uint64(8))}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, client := opened(t, "", Options{})
			made(t, client, "letters")
			row.strict.Enabled = qdrant.PtrOf(true)
			if err := client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{CollectionName: "letters", StrictModeConfig: row.strict}); err != nil {
				t.Fatal(err)
			}
			for i := range sizesEvery - 1 {
				upserted(t, client, "letters", numbered(uint64(1+i%2), map[string]any{"from": "Ilse"}, 1, 2, 3, 4))
			}
			_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Points: []*qdrant.PointStruct{numbered(1, nil, 1, 2, 3, 4)}})
			wantCode(t, err, codes.InvalidArgument, row.message)
		})
	}
}

// TestStrictModeWantsGraphs holds when a query is refused because the configuration wants no graph of its vectors.
func TestStrictModeWantsGraphs(t *testing.T) {
	_, client := opened(t, "", Options{})
	if err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "tenants",
		HnswConfig:     &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(0)), PayloadM: qdrant.PtrOf(uint64(16))},
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"a":    {Size: 2, Distance: qdrant.Distance_Dot},
			"own":  {Size: 2, Distance: qdrant.Distance_Dot, HnswConfig: &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(8))}},
			"none": {Size: 2, Distance: qdrant.Distance_Dot, HnswConfig: &qdrant.HnswConfigDiff{PayloadM: qdrant.PtrOf(uint64(0))}},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {}}),
		StrictModeConfig:    &qdrant.StrictModeConfig{Enabled: qdrant.PtrOf(true), SearchAllowExact: qdrant.PtrOf(false)},
	}); err != nil {
		t.Fatal(err)
	}
	tenant := qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: qdrant.PtrOf(true)})
	for field, params := range map[string]*qdrant.PayloadIndexParams{"owner": tenant, "from": nil} {
		if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{
			CollectionName: "tenants", FieldName: field, FieldType: qdrant.FieldType_FieldTypeKeyword.Enum(), FieldIndexParams: params, Wait: waiting,
		}); err != nil {
			t.Fatal(err)
		}
	}
	owned := &qdrant.Filter{Should: []*qdrant.Condition{qdrant.NewFilterAsCondition(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("owner", "Ilse")}})}}
	near := qdrant.NewQuery(1, 2)
	for _, row := range []struct {
		name, message string
		query         *qdrant.QueryPoints
	}{
		{"no filter", "Request is forbidden on 'a' because global vector indexing is disabled (hnsw_config.m = 0)", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("a")}},
		{"a filter on no tenant", "because global vector indexing is disabled", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("a"), Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("from", "Ilse")}}}},
		{"a tenant", "", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("a"), Filter: owned}},
		{"a tenant without a graph of its own", "(hnsw_config.m = 0 and hnsw_config.payload_m = 0)", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("none"), Filter: owned}},
		{"a vector with a graph of its own", "", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("own")}},
		{"a sparse vector", "", &qdrant.QueryPoints{Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1}), Using: qdrant.PtrOf("s")}},
		{"no vector", "", &qdrant.QueryPoints{}},
		{"what a prefetch found", "", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("a"), Prefetch: []*qdrant.PrefetchQuery{{Query: near, Using: qdrant.PtrOf("own")}}}},
		{"a prefetch that scans", "Request is forbidden on 'a'", &qdrant.QueryPoints{Query: near, Using: qdrant.PtrOf("own"), Prefetch: []*qdrant.PrefetchQuery{{Query: near, Using: qdrant.PtrOf("a")}}}},
	} {
		row.query.CollectionName = "tenants"
		_, err := client.Query(t.Context(), row.query)
		if row.message == "" {
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		t.Run(row.name, func(t *testing.T) { wantCode(t, err, codes.InvalidArgument, row.message) })
	}
}

func TestStrictModeLimitsRates(t *testing.T) {
	_, client := opened(t, "", Options{})
	made(t, client, "letters")
	if err := client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{CollectionName: "letters", StrictModeConfig: &qdrant.StrictModeConfig{
		Enabled: qdrant.PtrOf(true), ReadRateLimit: qdrant.PtrOf(uint32(1)), WriteRateLimit: qdrant.PtrOf(uint32(1)),
	}}); err != nil {
		t.Fatal(err)
	}
	count := func() error {
		_, err := client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters"})
		return err
	}
	if err := count(); err != nil {
		t.Fatal(err)
	}
	if err := count(); err == nil {
		t.Error("a second read within the minute was let through")
	}
	upserted(t, client, "letters", numbered(1, nil, 1, 2, 3, 4)) // writes are counted by themselves
	_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Points: []*qdrant.PointStruct{numbered(1, nil, 1, 2, 3, 4), numbered(2, nil, 1, 2, 3, 4)}})
	wantCode(t, err, codes.ResourceExhausted, "split your request")
}

func TestBucketFillsUp(t *testing.T) {
	var b bucket
	now := time.Unix(1000, 0)
	for range 60 {
		if _, ok := b.take(1, 60, now); !ok {
			t.Fatal("a minute's tokens are not there at once")
		}
	}
	if wait, ok := b.take(2, 60, now); ok || wait != 2*time.Second {
		t.Errorf("want a wait of 2s for two tokens, got %v, %v", wait, ok)
	}
	if _, ok := b.take(2, 60, now.Add(2*time.Second)); !ok {
		t.Error("two tokens are not there after two seconds")
	}
	if _, ok := b.take(60, 60, now.Add(time.Hour)); !ok {
		t.Error("the bucket is not full after an hour")
	}
	if _, ok := b.take(1, 60, now.Add(time.Hour)); ok {
		t.Error("the bucket holds more than a minute's tokens")
	}
}
