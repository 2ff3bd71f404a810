package local

//lint:file-ignore SA1019 1.16 answers in the deprecated fields

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
)

// library is a collection of 40 points with a vector of every kind, and a second one of authors, whose ids the first has
// as a field.
func library(t *testing.T) *qdrant.Client {
	t.Helper()
	_, client := opened(t, "", quiet)
	multi := &qdrant.MultiVectorConfig{Comparator: qdrant.MultiVectorComparator_MaxSim}
	for name, create := range map[string]*qdrant.CreateCollection{
		"books": {
			VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
				"d": {Size: 3, Distance: qdrant.Distance_Dot}, "m": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: multi},
				"b": {Size: 3, Distance: qdrant.Distance_Cosine, Datatype: qdrant.Datatype_Uint8.Enum()},
			}),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {}}),
		},
		"authors": {VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 3, Distance: qdrant.Distance_Dot})},
	} {
		create.CollectionName = name
		if err := client.CreateCollection(t.Context(), create); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	row := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = r.Float32()*10 - 3
		}
		return out
	}
	var books []*qdrant.PointStruct
	for i := range uint64(40) {
		books = append(books, &qdrant.PointStruct{
			Id: qdrant.NewIDNum(i), Payload: qdrant.NewValueMap(map[string]any{"author": int64(i % 3), "n": int64(i), "at": map[string]any{"lon": float64(i), "lat": 0.0}}),
			Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
				"d": qdrant.NewVectorDense(row(3)), "m": qdrant.NewVectorMulti([][]float32{row(2), row(2)}), "b": qdrant.NewVectorDense(row(3)),
				"s": qdrant.NewVectorSparse([]uint32{uint32(i % 4), 7}, row(2)),
			}),
		})
	}
	upserted(t, client, "books", books...)
	upserted(t, client, "authors",
		&qdrant.PointStruct{Id: qdrant.NewIDNum(0), Vectors: qdrant.NewVectors(1, 0, 0), Payload: qdrant.NewValueMap(map[string]any{"name": "Ilse"})},
		&qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(0, 1, 0), Payload: qdrant.NewValueMap(map[string]any{"name": "Oto"})})
	return client
}

// TestTheOlderCallsAnswerAsQueryDoes asks the same in both ways.
func TestTheOlderCallsAnswerAsQueryDoes(t *testing.T) {
	client := library(t)
	points := client.GetPointsClient()
	ctx := t.Context()
	using, d := qdrant.PtrOf("d"), []float32{1, 2, -1}
	id := func(n uint64) *qdrant.PointId { return qdrant.NewIDNum(n) }
	example := func(n uint64) *qdrant.VectorExample {
		return &qdrant.VectorExample{Example: &qdrant.VectorExample_Id{Id: id(n)}}
	}
	best := qdrant.RecommendStrategy_BestScore
	pairs := &qdrant.ContextInput{Pairs: []*qdrant.ContextInputPair{{Positive: qdrant.NewVectorInputID(id(4)), Negative: qdrant.NewVectorInputID(id(5))}}}
	recommend := &qdrant.RecommendPoints{CollectionName: "books", Positive: []*qdrant.PointId{id(1)}, NegativeVectors: []*qdrant.Vector{qdrant.NewVectorDense(d)}, Using: using, Limit: 4, Strategy: &best}
	discover := &qdrant.DiscoverPoints{
		CollectionName: "books", Using: using, Limit: 4, Target: &qdrant.TargetVector{Target: &qdrant.TargetVector_Single{Single: &qdrant.VectorExample{Example: &qdrant.VectorExample_Vector{Vector: qdrant.NewVectorDense(d)}}}},
		Context: []*qdrant.ContextExamplePair{{Positive: example(4), Negative: example(5)}},
	}
	asked := func(q *qdrant.Query, using string) []*qdrant.ScoredPoint {
		t.Helper()
		found, err := client.Query(ctx, &qdrant.QueryPoints{CollectionName: "books", Query: q, Using: &using, Limit: qdrant.PtrOf(uint64(4))})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	type result interface {
		GetResult() []*qdrant.ScoredPoint
	}
	one := func(r result, err error) ([]*qdrant.ScoredPoint, error) { return r.GetResult(), err }
	first := func(r interface{ GetResult() []*qdrant.BatchResult }, err error) ([]*qdrant.ScoredPoint, error) {
		if err != nil || len(r.GetResult()) != 1 {
			return nil, fmt.Errorf("want one result, got %v, %w", r, err)
		}
		return r.GetResult()[0].GetResult(), nil
	}
	recommended := asked(qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: []*qdrant.VectorInput{qdrant.NewVectorInputID(id(1))}, Negative: []*qdrant.VectorInput{qdrant.NewVectorInputDense(d)}, Strategy: &best}), "d")
	discovered := asked(qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: qdrant.NewVectorInputDense(d), Context: pairs}), "d")
	for _, row := range []struct {
		name string
		want []*qdrant.ScoredPoint
		call func() ([]*qdrant.ScoredPoint, error)
	}{
		{"Search", asked(qdrant.NewQueryDense(d), "d"), func() ([]*qdrant.ScoredPoint, error) {
			return one(points.Search(ctx, &qdrant.SearchPoints{CollectionName: "books", Vector: d, VectorName: using, Limit: 4}))
		}},
		{"Search, sparse", asked(qdrant.NewQuerySparse([]uint32{2, 7}, []float32{1, 2}), "s"), func() ([]*qdrant.ScoredPoint, error) {
			return one(points.Search(ctx, &qdrant.SearchPoints{CollectionName: "books", Vector: []float32{1, 2}, SparseIndices: &qdrant.SparseIndices{Data: []uint32{2, 7}}, VectorName: qdrant.PtrOf("s"), Limit: 4}))
		}},
		{"Recommend", recommended, func() ([]*qdrant.ScoredPoint, error) { return one(points.Recommend(ctx, recommend)) }},
		{"RecommendBatch", recommended, func() ([]*qdrant.ScoredPoint, error) {
			return first(points.RecommendBatch(ctx, &qdrant.RecommendBatchPoints{CollectionName: "books", RecommendPoints: []*qdrant.RecommendPoints{recommend}}))
		}},
		{"Discover", discovered, func() ([]*qdrant.ScoredPoint, error) { return one(points.Discover(ctx, discover)) }},
		{"DiscoverBatch", discovered, func() ([]*qdrant.ScoredPoint, error) {
			return first(points.DiscoverBatch(ctx, &qdrant.DiscoverBatchPoints{CollectionName: "books", DiscoverPoints: []*qdrant.DiscoverPoints{discover}}))
		}},
		{"Discover without a target", asked(qdrant.NewQueryContext(pairs), "d"), func() ([]*qdrant.ScoredPoint, error) {
			return one(points.Discover(ctx, &qdrant.DiscoverPoints{CollectionName: "books", Using: using, Limit: 4, Context: discover.Context}))
		}},
	} {
		got, err := row.call()
		if err != nil || len(got) != 4 {
			t.Errorf("%s: want four hits, got %v, %v", row.name, got, err)
		}
		if diff := cmp.Diff(row.want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-Query +older):\n%s", row.name, diff)
		}
	}
	query := &qdrant.QueryPointGroups{CollectionName: "books", Query: qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: []*qdrant.VectorInput{qdrant.NewVectorInputID(id(1))}}), Using: using, GroupBy: "author", Limit: qdrant.PtrOf(uint64(2)), GroupSize: qdrant.PtrOf(uint64(2))}
	want, err := client.QueryGroups(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	got, err := points.RecommendGroups(ctx, &qdrant.RecommendPointGroups{CollectionName: "books", Positive: []*qdrant.PointId{id(1)}, Using: using, GroupBy: "author", Limit: 2, GroupSize: 2})
	if diff := cmp.Diff(want, got.GetResult().GetGroups(), protocmp.Transform()); err != nil || diff != "" {
		t.Errorf("RecommendGroups: %v (-Query +older):\n%s", err, diff)
	}
}

func TestQueriesOfEveryKindOfVector(t *testing.T) {
	client := library(t)
	scores := func(q *qdrant.QueryPoints) map[uint64]float32 {
		t.Helper()
		q.CollectionName, q.Limit = "books", qdrant.PtrOf(uint64(100))
		found, err := client.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		out := map[uint64]float32{}
		for i, p := range found {
			out[p.GetId().GetNum()] = p.GetScore()
			if i > 0 && p.GetScore() > found[i-1].GetScore() {
				t.Errorf("%v: hit %d is better than the one before it", q, i)
			}
		}
		return out
	}
	stored, err := client.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: "books", Limit: qdrant.PtrOf(uint32(100)), WithVectors: qdrant.NewWithVectors(true)})
	if err != nil {
		t.Fatal(err)
	}
	multi := scores(&qdrant.QueryPoints{Query: qdrant.NewQueryMulti([][]float32{{1, 2}, {-1, 1}}), Using: qdrant.PtrOf("m")})
	bytes := scores(&qdrant.QueryPoints{Query: qdrant.NewQuery(1, 2, 3), Using: qdrant.PtrOf("b")})
	few := scores(&qdrant.QueryPoints{Query: qdrant.NewQuerySparse([]uint32{2, 7}, []float32{1, 2}), Using: qdrant.PtrOf("s"), Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(qdrant.NewIDNum(2), qdrant.NewIDNum(3))}}})
	for _, p := range stored {
		id, named := p.GetId().GetNum(), p.GetVectors().GetVectors().GetVectors()
		m, b, s := named["m"].GetData(), named["b"].GetData(), named["s"]
		wantMulti := max(m[0]+2*m[1], m[2]+2*m[3]) + max(m[1]-m[0], m[3]-m[2])
		if math.Abs(float64(multi[id]-wantMulti)) > 1e-4 {
			t.Errorf("point %d: MaxSim: want %v, got %v", id, wantMulti, multi[id])
		}
		length := math.Sqrt(float64(b[0]*b[0]+b[1]*b[1]+b[2]*b[2])) * math.Sqrt(14)
		if wantBytes := float64(b[0]+2*b[1]+3*b[2]) / max(length, 1e-9); math.Abs(float64(bytes[id])-wantBytes) > 1e-5 {
			t.Errorf("point %d: cosine of bytes: want %v, got %v", id, wantBytes, bytes[id])
		}
		if id == 2 || id == 3 {
			want := 2 * s.GetData()[len(s.GetData())-1]
			if id == 2 {
				want += s.GetData()[0]
			}
			if math.Abs(float64(few[id]-want)) > 1e-4 {
				t.Errorf("point %d: sparse: want %v, got %v", id, want, few[id])
			}
		}
	}
	if len(multi) != 40 || len(bytes) != 40 || len(few) != 2 {
		t.Errorf("want 40, 40 and 2 hits, got %d, %d and %d", len(multi), len(bytes), len(few))
	}
}

func TestLookups(t *testing.T) {
	client := library(t)
	authors := &qdrant.LookupLocation{CollectionName: "authors", VectorName: qdrant.PtrOf("")}
	byAuthor, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "books", Query: qdrant.NewQueryID(qdrant.NewIDNum(1)), Using: qdrant.PtrOf("d"), LookupFrom: authors, Limit: qdrant.PtrOf(uint64(40))})
	if err != nil {
		t.Fatal(err)
	}
	byVector, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "books", Query: qdrant.NewQuery(0, 1, 0), Using: qdrant.PtrOf("d"), Limit: qdrant.PtrOf(uint64(40))})
	if err != nil {
		t.Fatal(err)
	}
	// The book of the same number is among the hits: it is not what the query started from.
	if diff := cmp.Diff(byVector, byAuthor, protocmp.Transform()); diff != "" {
		t.Errorf("by the vector of another collection (-vector +id):\n%s", diff)
	}
	groups, err := client.QueryGroups(t.Context(), &qdrant.QueryPointGroups{CollectionName: "books", Query: qdrant.NewQuery(0, 1, 0), Using: qdrant.PtrOf("d"), GroupBy: "author", WithLookup: &qdrant.WithLookup{Collection: "authors"}})
	if err != nil || len(groups) != 3 {
		t.Fatalf("want three groups, got %v, %v", groups, err)
	}
	want := map[uint64]string{0: "Ilse", 1: "Oto", 2: ""} // there is no third author
	for _, g := range groups {
		if got := g.GetLookup().GetPayload()["name"].GetStringValue(); got != want[g.GetId().GetUnsignedValue()] {
			t.Errorf("group %v: looked up %q", g.GetId(), got)
		}
	}
	_, err = client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "books", Query: qdrant.NewQueryID(qdrant.NewIDNum(1)), Using: qdrant.PtrOf("d"), LookupFrom: &qdrant.LookupLocation{CollectionName: "none"}})
	wantCode(t, err, codes.NotFound, "Collection none not found")
	_, err = client.QueryGroups(t.Context(), &qdrant.QueryPointGroups{CollectionName: "books", GroupBy: "author", WithLookup: &qdrant.WithLookup{Collection: "none"}})
	wantCode(t, err, codes.NotFound, "Collection none not found")
}

func TestFormulas(t *testing.T) {
	client := library(t)
	variable := func(name string) *qdrant.Expression { return qdrant.NewExpressionVariable(name) }
	ask := func(e *qdrant.Expression) ([]*qdrant.ScoredPoint, error) {
		return client.Query(t.Context(), &qdrant.QueryPoints{
			CollectionName: "books", Prefetch: []*qdrant.PrefetchQuery{{Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewRange("n", &qdrant.Range{Lt: qdrant.PtrOf(3.0)})}}}},
			Query: qdrant.NewQueryFormula(&qdrant.Formula{Expression: e}),
		})
	}
	distance := qdrant.NewExpressionGeoDistance(&qdrant.GeoDistance{Origin: &qdrant.GeoPoint{Lon: 0, Lat: 0}, To: "at"})
	found, err := ask(distance)
	if err != nil || len(found) != 3 || found[0].GetId().GetNum() != 2 || math.Abs(float64(found[0].GetScore())-222390.16) > 1 || found[2].GetScore() != 0 {
		t.Errorf("by distance: got %v, %v", found, err)
	}
	for name, e := range map[string]*qdrant.Expression{
		"a division by zero":        qdrant.NewExpressionDiv(&qdrant.DivExpression{Left: qdrant.NewExpressionConstant(1), Right: variable("n")}),
		"the root of a negative":    qdrant.NewExpressionSqrt(qdrant.NewExpressionNeg(qdrant.NewExpressionConstant(1))),
		"a field that is no text":   qdrant.NewExpressionDatetimeKey("n"),
		"a field that is no place":  qdrant.NewExpressionGeoDistance(&qdrant.GeoDistance{Origin: &qdrant.GeoPoint{}, To: "n"}),
		"a field that is not there": variable("none"),
		"a reserved word":           variable("$rank"),
		"a decay without a scale":   qdrant.NewExpressionExpDecay(&qdrant.DecayParamsExpression{X: variable("n"), Scale: qdrant.PtrOf(float32(0))}),
		"nothing":                   {},
	} {
		if _, err := ask(e); err == nil {
			t.Errorf("%s was computed", name)
		} else {
			wantCode(t, err, codes.InvalidArgument)
		}
	}
}

func TestGhostsAreSweptOut(t *testing.T) {
	db, client := opened(t, "", quiet)
	if err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "c", SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {Modifier: qdrant.Modifier_Idf.Enum()}}),
	}); err != nil {
		t.Fatal(err)
	}
	points := make([]*qdrant.PointStruct, mostGhosts+2)
	for i := range points {
		points[i] = &qdrant.PointStruct{Id: qdrant.NewIDNum(uint64(i)), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"s": qdrant.NewVectorSparse([]uint32{1}, []float32{1})})}
	}
	upserted(t, client, "c", points...)
	score := func() float32 {
		t.Helper()
		found, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1}), Using: qdrant.PtrOf("s"), Limit: qdrant.PtrOf(uint64(1))})
		if err != nil || len(found) != 1 {
			t.Fatalf("got %v, %v", found, err)
		}
		return found[0].GetScore()
	}
	remove := func(from, to float64) {
		t.Helper()
		f := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(numbers(int(from), int(to))...)}}
		if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "c", Wait: waiting, Points: qdrant.NewPointsSelectorFilter(f)}); err != nil {
			t.Fatal(err)
		}
	}
	before := score()
	remove(1, mostGhosts+1)
	if got := score(); got != before {
		t.Errorf("the statistics do not count what was deleted: want %v, got %v", before, got)
	}
	remove(mostGhosts+1, mostGhosts+2)
	if got, want := score(), inverseFrequency(1, 1); got != want {
		t.Errorf("with one point too many deleted: want %v, got %v", want, got)
	}
	c := db.catalog().collections["c"]
	if n := c.sparse["s"].ghostCount; n != 0 {
		t.Errorf("%d ghosts are left", n)
	}
}

func numbers(from, to int) (out []*qdrant.PointId) {
	for i := from; i < to; i++ {
		out = append(out, qdrant.NewIDNum(uint64(i)))
	}
	return out
}

func TestWhatIsNotThereSaysSo(t *testing.T) {
	client := library(t)
	ctx, collections := t.Context(), client.GetCollectionsClient()
	for name, call := range map[string]func() error{
		"CreateShardKey": func() error {
			return client.CreateShardKey(ctx, "books", &qdrant.CreateShardKey{ShardKey: qdrant.NewShardKey("a")})
		},
		"DeleteShardKey": func() error {
			return client.DeleteShardKey(ctx, "books", &qdrant.DeleteShardKey{ShardKey: qdrant.NewShardKey("a")})
		},
		"ListShardKeys": func() error {
			_, err := collections.ListShardKeys(ctx, &qdrant.ListShardKeysRequest{CollectionName: "books"})
			return err
		},
		"documents": func() error {
			_, err := client.Query(ctx, &qdrant.QueryPoints{CollectionName: "books", Using: qdrant.PtrOf("d"), Query: qdrant.NewQueryNearest(qdrant.NewVectorInputDocument(&qdrant.Document{Text: "winter", Model: "any"}))})
			return err
		},
		"stemmer": func() error {
			text := qdrant.FieldType_FieldTypeText
			_, err := client.CreateFieldIndex(ctx, &qdrant.CreateFieldIndexCollection{CollectionName: "books", FieldName: "title", FieldType: &text, FieldIndexParams: qdrant.NewPayloadIndexParamsText(&qdrant.TextIndexParams{
				Tokenizer: qdrant.TokenizerType_Word, Stemmer: qdrant.NewStemmingAlgorithmSnowball(&qdrant.SnowballParams{Language: "greek"}),
			})})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), codes.Unimplemented, name) })
	}
	cluster, err := client.GetCollectionsClient().CollectionClusterInfo(ctx, &qdrant.CollectionClusterInfoRequest{CollectionName: "books"})
	if err != nil || cluster.GetShardCount() != 1 || cluster.GetLocalShards()[0].GetPointsCount() != 40 {
		t.Errorf("cluster info: got %v, %v", cluster, err)
	}
}

func TestUpdateCollectionMerges(t *testing.T) {
	client := library(t)
	if err := client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{
		CollectionName:      "books",
		OptimizersConfig:    &qdrant.OptimizersConfigDiff{IndexingThreshold: qdrant.PtrOf(uint64(7))},
		Params:              &qdrant.CollectionParamsDiff{ReadFanOutFactor: qdrant.PtrOf(uint32(2))},
		VectorsConfig:       qdrant.NewVectorsConfigDiffMap(map[string]*qdrant.VectorParamsDiff{"d": {HnswConfig: &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(5))}, OnDisk: qdrant.PtrOf(true)}}),
		QuantizationConfig:  qdrant.NewQuantizationDiffBinary(&qdrant.BinaryQuantization{AlwaysRam: qdrant.PtrOf(true)}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {Modifier: qdrant.Modifier_Idf.Enum()}}),
		Metadata:            qdrant.NewValueMap(map[string]any{"model": "reed-2"}),
	}); err != nil {
		t.Fatal(err)
	}
	if err := client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{CollectionName: "books", Metadata: qdrant.NewValueMap(map[string]any{"size": 3}), QuantizationConfig: qdrant.NewQuantizationDiffDisabled()}); err != nil {
		t.Fatal(err)
	}
	config := info(t, client, "books").GetConfig()
	d := config.GetParams().GetVectorsConfig().GetParamsMap().GetMap()["d"]
	got := fmt.Sprintln(config.GetOptimizerConfig().GetIndexingThreshold(), config.GetOptimizerConfig().GetFlushIntervalSec(), config.GetParams().GetReadFanOutFactor(),
		d.GetHnswConfig().GetM(), d.GetOnDisk(), d.GetSize(), config.GetQuantizationConfig(), config.GetParams().GetSparseVectorsConfig().GetMap()["s"].GetModifier(),
		config.GetMetadata()["model"].GetStringValue(), config.GetMetadata()["size"].GetIntegerValue())
	if want := "7 5 2 5 true 3 <nil> Idf reed-2 3\n"; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	for _, req := range []*qdrant.UpdateCollection{
		{CollectionName: "books", VectorsConfig: qdrant.NewVectorsConfigDiffMap(map[string]*qdrant.VectorParamsDiff{"none": {}})},
		{CollectionName: "books", SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"none": {}})},
	} {
		wantCode(t, client.UpdateCollection(t.Context(), req), codes.InvalidArgument, "none")
	}
	wantCode(t, client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{CollectionName: "none"}), codes.NotFound)
}
