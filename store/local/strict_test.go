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
		}, "maximum number of payload indices (1)"},
		{"a first point", &qdrant.StrictModeConfig{MaxPointsCount: qdrant.PtrOf(uint64(1))}, upsert(numbered(1, nil, 1, 2, 3, 4)), ""},
		{"a point too many", &qdrant.StrictModeConfig{MaxPointsCount: qdrant.PtrOf(uint64(1))}, upsert(numbered(2, nil, 1, 2, 3, 4)), "Max points count limit of 1 reached"},
	} {
		clear := &qdrant.StrictModeConfig{
			Enabled: qdrant.PtrOf(true), MaxQueryLimit: qdrant.PtrOf(uint32(1000)), MaxTimeout: qdrant.PtrOf(uint32(1000)), UnindexedFilteringRetrieve: qdrant.PtrOf(true),
			UnindexedFilteringUpdate: qdrant.PtrOf(true), SearchAllowExact: qdrant.PtrOf(true), FilterMaxConditions: qdrant.PtrOf(uint64(1000)), ConditionMaxSize: qdrant.PtrOf(uint64(1000)),
			UpsertMaxBatchsize: qdrant.PtrOf(uint64(1000)), MaxPayloadIndexCount: qdrant.PtrOf(uint64(1000)), MaxPointsCount: qdrant.PtrOf(uint64(1000)),
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
