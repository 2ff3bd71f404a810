package local

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

func TestStatsOfWhatIsStored(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			db, client := opened(t, dir, Options{})
			err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
				CollectionName: "letters",
				VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
					"dense": {Size: 64, Distance: qdrant.Distance_Dot},
					"lines": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{}},
				}),
				SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"terms": {}}),
			})
			if err != nil {
				t.Fatal(err)
			}
			keyword := qdrant.FieldType_FieldTypeKeyword
			if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: "from", FieldType: &keyword, Wait: waiting}); err != nil {
				t.Fatal(err)
			}
			empty := db.Stats().Collections["letters"]
			var points []*qdrant.PointStruct
			for i := range uint64(6000) { // enough for codes
				vectors := map[string]*qdrant.Vector{"dense": qdrant.NewVector(slices.Repeat([]float32{float32(i)}, 64)...)}
				payload := map[string]any{}
				if i < 10 {
					vectors["lines"], vectors["terms"] = qdrant.NewVectorMulti([][]float32{{1, 2}, {3, 4}}), qdrant.NewVectorSparse([]uint32{uint32(i)}, []float32{1})
					payload["from"] = strings.Repeat("Ilse", int(i))
				}
				points = append(points, &qdrant.PointStruct{Id: qdrant.NewIDNum(i), Vectors: qdrant.NewVectorsMap(vectors), Payload: qdrant.NewValueMap(payload)})
			}
			upserted(t, client, "letters", points...)
			full := db.Stats()
			if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Wait: waiting, Points: qdrant.NewPointsSelector(qdrant.NewIDNum(9), qdrant.NewIDNum(8))}); err != nil {
				t.Fatal(err)
			}
			after := db.Stats()
			got := after.Collections["letters"]
			if got.Points != 5998 || got.Vectors != 5998+2*8 || got.Freed != 2 || !maps.Equal(got.Indexes, map[string]int{"from": 8}) {
				t.Errorf("got %+v", got)
			}
			before := full.Collections["letters"]
			for name, rows := range map[string][2]int64{
				"points": {empty.Memory.Points, before.Memory.Points}, "vectors": {empty.Memory.Vectors, before.Memory.Vectors},
				"codes": {empty.Memory.Codes, before.Memory.Codes}, "postings": {empty.Memory.Postings, before.Memory.Postings},
				"indexes": {empty.Memory.Indexes, before.Memory.Indexes},
			} {
				if rows[1] <= rows[0] {
					t.Errorf("the memory of %s did not grow: from %d to %d bytes", name, rows[0], rows[1])
				}
			}
			if before.Memory.Codes < 6000*64/8 || before.Memory.Points < 6000*32 {
				t.Errorf("less memory than there can be: %+v", before.Memory)
			}
			if least := int64(6000 * 4 * 64); before.DiskBytes < least || full.DiskBytes < before.DiskBytes+full.DeadBytes {
				t.Errorf("%d bytes of points, want %d at least, and not more than live in the log: %+v", before.DiskBytes, least, full)
			}
			if got.DiskBytes >= before.DiskBytes || after.DeadBytes-full.DeadBytes < before.DiskBytes-got.DiskBytes {
				t.Errorf("two points less: %d bytes of points after %d, %d dead after %d", got.DiskBytes, before.DiskBytes, after.DeadBytes, full.DeadBytes)
			}
			if got := info(t, client, "letters"); got.GetPointsCount() != 5998 || got.GetIndexedVectorsCount() != 6014 || got.GetSegmentsCount() != 1 ||
				got.GetPayloadSchema()["from"].GetPoints() != 8 {
				t.Errorf("the collection says %v", got)
			}
		})
	}
}

// TestStatsAreTheSameAfterAReopen holds that what is counted on the way is what is there.
func TestStatsAreTheSameAfterAReopen(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, Options{})
	made(t, client, "letters")
	for i := range uint64(50) {
		upserted(t, client, "letters", numbered(i%20, map[string]any{"text": strings.Repeat("a", int(i))}, 1, 2, 3, 4))
	}
	if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Wait: waiting, Points: qdrant.NewPointsSelector(qdrant.NewIDNum(3))}); err != nil {
		t.Fatal(err)
	}
	before := db.Stats().Collections["letters"].DiskBytes
	closeStore(t, db, client)
	db, _ = opened(t, dir, Options{})
	if after := db.Stats().Collections["letters"].DiskBytes; after != before {
		t.Errorf("%d bytes of points before, %d after", before, after)
	}
}

func TestStatsOfCalls(t *testing.T) {
	db, client := opened(t, "", Options{})
	err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "letters",
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"dense": {Size: 2, Distance: qdrant.Distance_Dot},
			"lines": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{}},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"terms": {}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	upserted(t, client, "letters", &qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
		"dense": qdrant.NewVector(1, 2), "lines": qdrant.NewVectorMulti([][]float32{{1, 2}}), "terms": qdrant.NewVectorSparse([]uint32{1}, []float32{1}),
	})})
	query := func(using string, q *qdrant.Query) {
		t.Helper()
		if _, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "letters", Query: q, Using: &using}); err != nil {
			t.Fatal(err)
		}
	}
	query("dense", qdrant.NewQuery(1, 2))
	query("dense", qdrant.NewQueryID(qdrant.NewIDNum(1)))
	query("terms", qdrant.NewQuerySparse([]uint32{1}, []float32{1}))
	query("terms", qdrant.NewQueryID(qdrant.NewIDNum(1)))
	query("lines", qdrant.NewQueryMulti([][]float32{{1, 2}}))
	query("lines", qdrant.NewQueryID(qdrant.NewIDNum(1)))
	query("dense", qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: []*qdrant.VectorInput{qdrant.NewVectorInput(1, 2)}}))
	query("", qdrant.NewQuerySample(qdrant.Sample_Random))
	scrolled(t, client, "letters")
	_, err = client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "notes"})
	wantCode(t, err, codes.NotFound)
	got := map[string]uint64{}
	for kind, one := range db.Stats().Calls {
		got[kind] = one.Count
		if one.Seconds <= 0 || one.Buckets[60] != one.Count || (one.Failed > 0) != (kind == "count") {
			t.Errorf("%s: got %+v", kind, one)
		}
	}
	want := map[string]uint64{
		"change_collections": 1, "upsert": 1, "query_dense": 2, "query_sparse": 2, "query_multi": 2, "query_recommend": 1, "query_plain": 1, "scroll": 1, "count": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestEveryCallHasAKind holds that a call that is added is counted by itself.
func TestEveryCallHasAKind(t *testing.T) {
	db, _ := opened(t, "", Options{})
	s := db.newServer(true)
	defer s.Stop()
	other := []string{"HealthCheck", "CreateShardKey", "DeleteShardKey", "ListShardKeys", "UpdateCollectionClusterSetup"} // which are not implemented but for the first
	for name, service := range s.GetServiceInfo() {
		if !strings.HasPrefix(name, "qdrant.") {
			continue
		}
		for _, m := range service.Methods {
			if _, ok := kindOf["/"+name+"/"+m.Name]; !ok && !slices.Contains(other, m.Name) {
				t.Errorf("%s/%s has no kind", name, m.Name)
			}
		}
	}
	if i := slices.Index(kindNames[:], ""); i >= 0 {
		t.Errorf("kind %d has no name", i)
	}
}

func TestHistogram(t *testing.T) {
	var c callCount
	for _, took := range []time.Duration{0, 100 * time.Microsecond, 101 * time.Microsecond, time.Second, time.Hour} {
		c.add(took, nil)
	}
	c.add(time.Millisecond, context.Canceled)
	got := c.stats()
	for le, want := range map[float64]uint64{0.0001: 2, 0.00025: 3, 0.0005: 3, 0.001: 4, 0.5: 4, 1: 5, 60: 5} {
		if got.Buckets[le] != want {
			t.Errorf("no longer than %v s: want %d, got %d", le, want, got.Buckets[le])
		}
	}
	if got.Count != 6 || got.Failed != 1 || got.Seconds < 3601 || got.Seconds > 3602 {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkCounted measures what counting adds to a call, by one caller and by as many as there are processors.
func BenchmarkCounted(b *testing.B) {
	db, _ := opened(b, "", Options{})
	req, info := &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 2)}, &grpc.UnaryServerInfo{FullMethod: "/qdrant.Points/Query"}
	next := func(context.Context, any) (any, error) { return nil, nil }
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			_, _ = db.counted(b.Context(), req, info, next)
		}
	})
	b.Run("all", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = db.counted(context.Background(), req, info, next)
			}
		})
	})
}
