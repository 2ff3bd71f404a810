package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// looking is a context that counts how often it is looked at, and ends at a look.
type looking struct {
	context.Context
	looks atomic.Int64
	last  int64 // look that finds that it has ended; 0: none
}

func (l *looking) Err() error {
	if n := l.looks.Add(1); l.last > 0 && n >= l.last {
		return context.Canceled
	}
	return nil
}

// TestCancelledCallsStop runs every kind of call that may take long. Each looks at its context at least once for so many points,
// however far it has come, and returns once it is told that nobody waits.
func TestCancelledCallsStop(t *testing.T) {
	const points, size = 20_000, 64
	db, client := opened(t, "", quiet)
	err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "letters",
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"dense": {Size: size, Distance: qdrant.Distance_Dot},
			"lines": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{}},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"terms": {}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for field, kind := range map[string]qdrant.FieldType{"from": qdrant.FieldType_FieldTypeKeyword, "n": qdrant.FieldType_FieldTypeInteger, "place": qdrant.FieldType_FieldTypeGeo} {
		if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: field, FieldType: &kind, Wait: waiting}); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	batch := make([]*qdrant.PointStruct, 1000)
	for first := 0; first < points; first += len(batch) {
		for i := range batch {
			n := first + i
			batch[i] = &qdrant.PointStruct{
				Id:      qdrant.NewIDNum(uint64(n)),
				Payload: qdrant.NewValueMap(map[string]any{"from": fmt.Sprint("Ilse ", n), "n": n, "m": n, "place": map[string]any{"lat": r.Float64(), "lon": r.Float64()}}),
				Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
					"dense": qdrant.NewVector(randomRow(r, size)...), "lines": qdrant.NewVectorMulti([][]float32{{1, 2}, {3, float32(n)}}),
					"terms": qdrant.NewVectorSparse([]uint32{3, 9 + uint32(n%7)}, []float32{r.Float32() + 0.5, r.Float32()}),
				}),
			}
		}
		upserted(t, client, "letters", batch...)
	}
	s := &pointsService{db: db}
	all, dense := qdrant.PtrOf(uint64(points)), qdrant.PtrOf("dense")
	is := func(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{Must: c} }
	unindexed := is(qdrant.NewMatchInt("m", 77))
	row := func() []float32 { return randomRow(r, size) }
	query := func(req *qdrant.QueryPoints) func(context.Context) error {
		req.CollectionName = "letters"
		return func(ctx context.Context) error { _, err := s.Query(ctx, req); return err }
	}
	wide := []*qdrant.PrefetchQuery{
		{Query: qdrant.NewQueryDense(row()), Using: dense, Limit: all}, {Query: qdrant.NewQueryDense(row()), Using: dense, Limit: all},
	}
	pair := []*qdrant.ContextInputPair{{Positive: qdrant.NewVectorInput(row()...), Negative: qdrant.NewVectorInput(row()...)}}
	recommended := &qdrant.RecommendInput{Positive: []*qdrant.VectorInput{qdrant.NewVectorInput(row()...)}, Strategy: qdrant.RecommendStrategy_BestScore.Enum()}
	for _, test := range []struct {
		name string
		each int // points that are passed between two looks, at most
		call func(context.Context) error
	}{
		{"a scan of codes", 4096, query(&qdrant.QueryPoints{Query: qdrant.NewQuery(row()...), Using: dense})},
		{"a scan of vectors", 1024, query(&qdrant.QueryPoints{Query: qdrant.NewQuery(row()...), Using: dense, Params: &qdrant.SearchParams{Exact: qdrant.PtrOf(true)}})},
		{"a scan of vectors with a filter that no index answers", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQuery(row()...), Using: dense, Filter: unindexed})},
		{"as many hits as there are points", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQuery(row()...), Using: dense, Limit: all})},
		{"multivectors", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQueryMulti([][]float32{{1, 2}}), Using: qdrant.PtrOf("lines")})},
		{"sparse", walkedAtOnce, query(&qdrant.QueryPoints{Query: qdrant.NewQuerySparse([]uint32{3, 9}, []float32{1, 1}), Using: qdrant.PtrOf("terms")})},
		{"recommend", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQueryRecommend(recommended), Using: dense})},
		{"context", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQueryContext(&qdrant.ContextInput{Pairs: pair}), Using: dense})},
		{"a sample of what a filter leaves", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQuerySample(qdrant.Sample_Random), Filter: unindexed})},
		{"fusion", checkEvery / 4, query(&qdrant.QueryPoints{Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Prefetch: wide})},
		{"fusion by distributions", checkEvery / 4, query(&qdrant.QueryPoints{Query: qdrant.NewQueryFusion(qdrant.Fusion_DBSF), Prefetch: wide})},
		{"a formula", checkEvery / 4, query(&qdrant.QueryPoints{Query: qdrant.NewQueryFormula(&qdrant.Formula{Expression: qdrant.NewExpressionVariable("n")}), Prefetch: wide})},
		{"diversity", checkEvery / 4, query(&qdrant.QueryPoints{
			Query: qdrant.NewQueryMMR(qdrant.NewVectorInput(row()...), &qdrant.Mmr{CandidatesLimit: qdrant.PtrOf(uint32(points / 2))}), Using: dense, Limit: qdrant.PtrOf(uint64(8)),
		})},
		{"in the order of a field", checkEvery, query(&qdrant.QueryPoints{Query: qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: "n"}), Filter: is(qdrant.NewRange("m", &qdrant.Range{Gte: qdrant.PtrOf(19_990.)}))})},
		{"a place, by an index", checkEvery, query(&qdrant.QueryPoints{Filter: is(qdrant.NewGeoRadius("place", 45, 45, 1))})},
		{"count", checkEvery, func(ctx context.Context) error {
			_, err := s.Count(ctx, &qdrant.CountPoints{CollectionName: "letters", Filter: unindexed})
			return err
		}},
		{"scroll, all of it", checkEvery, func(ctx context.Context) error {
			_, err := s.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "letters", Limit: qdrant.PtrOf(uint32(points))})
			return err
		}},
		{"scroll, with a filter that no index answers", checkEvery, func(ctx context.Context) error {
			_, err := s.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "letters", Filter: unindexed})
			return err
		}},
		{"facet", checkEvery, func(ctx context.Context) error {
			_, err := s.Facet(ctx, &qdrant.FacetCounts{CollectionName: "letters", Key: "from"})
			return err
		}},
		{"facet of numbers", checkEvery, func(ctx context.Context) error {
			_, err := s.Facet(ctx, &qdrant.FacetCounts{CollectionName: "letters", Key: "n"})
			return err
		}},
		{"matrix", checkEvery, func(ctx context.Context) error {
			_, err := s.SearchMatrixPairs(ctx, &qdrant.SearchMatrixPoints{CollectionName: "letters", Using: dense, Sample: qdrant.PtrOf(uint64(500)), Filter: is(qdrant.NewHasVector("dense"))})
			return err
		}},
		{"groups", checkEvery, func(ctx context.Context) error {
			_, err := s.QueryGroups(ctx, &qdrant.QueryPointGroups{CollectionName: "letters", Query: qdrant.NewQuery(row()...), Using: dense, GroupBy: "m", Limit: all})
			return err
		}},
		{"a change of what a filter leaves", checkEvery, func(ctx context.Context) error {
			_, err := s.SetPayload(ctx, &qdrant.SetPayloadPoints{
				CollectionName: "letters", Wait: waiting, Payload: qdrant.NewValueMap(map[string]any{"x": 1}),
				PointsSelector: qdrant.NewPointsSelectorFilter(is(qdrant.NewRange("m", &qdrant.Range{Gte: qdrant.PtrOf(0.)}))),
			})
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole := &looking{Context: t.Context()}
			if err := test.call(whole); err != nil {
				t.Fatal(err)
			}
			n := whole.looks.Load()
			if least := int64(points / test.each); n < least {
				t.Errorf("%d looks at the context, want %d at least", n, least)
			}
			for _, last := range []int64{1, n / 4, n / 2, 3 * n / 4, n} {
				ended := &looking{Context: t.Context(), last: max(1, last)}
				wantCode(t, test.call(ended), codes.Canceled)
				// Some goroutines may each look once, and so do the loops that are left one after the other.
				if more := ended.looks.Load() - ended.last; more > 16 {
					t.Errorf("%d looks more after the one that said that nobody waits", more)
				}
			}
		})
	}
}
