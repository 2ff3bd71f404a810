package local

import (
	"math"
	"slices"
	"testing"

	"github.com/qdrant/go-client/qdrant"
)

func TestRecommendedVector(t *testing.T) {
	dense := func(x ...float32) vector { return newDense(x) }
	multi := func(x ...float32) vector { return vector{dense: x, rows: len(x) / 2, multi: true} }
	terms := func(index uint32, value float32) vector {
		return vector{sparse: sparse{[]uint32{index}, []float32{value}}}
	}
	for _, row := range []struct {
		name               string
		positive, negative []vector
		want               vector
		refused            bool
	}{
		{name: "positives are averaged", positive: []vector{dense(1, 2), dense(3, 4)}, want: dense(2, 3)},
		{name: "negatives push away", positive: []vector{dense(1, 2)}, negative: []vector{dense(1, 1), dense(3, 1)}, want: dense(0, 3)},
		{name: "rows are put together, negatives turned round", positive: []vector{multi(1, 2), multi(3, 4, 5, 6)}, negative: []vector{multi(7, 8)}, want: multi(1, 2, 3, 4, 5, 6, -7, -8)},
		{name: "sparse vectors are averaged", positive: []vector{terms(1, 2), terms(5, 4)}, want: vector{sparse: sparse{[]uint32{1, 5}, []float32{1, 2}}}},
		{name: "sparse negatives push away", positive: []vector{terms(1, 2)}, negative: []vector{terms(1, 1)}, want: terms(1, 3)},
		{name: "nothing to be like", negative: []vector{dense(1, 2)}, refused: true},
		{name: "unequal lengths", positive: []vector{dense(1, 2), dense(1)}, refused: true},
		{name: "dense and sparse", positive: []vector{dense(1, 2)}, negative: []vector{terms(1, 1)}, refused: true},
	} {
		got, err := recommended(row.positive, row.negative)
		if (err != nil) != row.refused {
			t.Errorf("%s: %v", row.name, err)
		}
		if err == nil && (!slices.Equal(got.dense, row.want.dense) || got.rows != row.want.rows || !slices.Equal(got.indices, row.want.indices) || !slices.Equal(got.values, row.want.values)) {
			t.Errorf("%s: want %+v, got %+v", row.name, row.want, got)
		}
	}
}

// TestScoresOfExamples has the formulas worked out by hand: σ(x) = ½(x/(1+|x|) + 1).
func TestScoresOfExamples(t *testing.T) {
	c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 1, Distance: qdrant.Distance_Dot})}})
	q := &querying{ctx: t.Context(), c: c}
	input := func(x ...float32) (out []*qdrant.VectorInput) {
		for _, one := range x {
			out = append(out, qdrant.NewVectorInput(one))
		}
		return out
	}
	pair := func(p, n float32) *qdrant.ContextInputPair {
		return &qdrant.ContextInputPair{Positive: qdrant.NewVectorInput(p), Negative: qdrant.NewVectorInput(n)}
	}
	best, sum := qdrant.RecommendStrategy_BestScore.Enum(), qdrant.RecommendStrategy_SumScores.Enum()
	for _, row := range []struct {
		name         string
		query        *qdrant.Query
		similarities []float32 // to the examples, in their order
		want         float64
	}{
		{"the best positive", qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: input(1, 2), Negative: input(3), Strategy: best}), []float32{0.5, 1, 0.25}, 0.75},
		{"a negative is nearer", qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: input(1), Negative: input(2), Strategy: best}), []float32{0.25, 1}, -0.75},
		{"sums", qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: input(1, 2), Negative: input(3), Strategy: sum}), []float32{0.5, 1, 0.25}, 1.25},
		{"a target on the right side of one pair of two", qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: qdrant.NewVectorInput(1), Context: &qdrant.ContextInput{Pairs: []*qdrant.ContextInputPair{pair(1, 2), pair(3, 4)}}}), []float32{1, 5, 4, 4, 5}, 0.75},
		{"a target between equals", qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: qdrant.NewVectorInput(1), Context: &qdrant.ContextInput{Pairs: []*qdrant.ContextInputPair{pair(1, 2)}}}), []float32{-1, 5, 5}, 0.25},
		{"on the right side of all pairs", qdrant.NewQueryContext(&qdrant.ContextInput{Pairs: []*qdrant.ContextInputPair{pair(1, 2)}}), []float32{2, 1}, 0},
		{"on the wrong side by one", qdrant.NewQueryContext(&qdrant.ContextInput{Pairs: []*qdrant.ContextInputPair{pair(1, 2), pair(3, 4)}}), []float32{1, 2, 2, 1}, -0.5},
	} {
		vq, err := q.vectorQuery(&stage{query: row.query})
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(vq.combine(row.similarities)); math.Abs(got-row.want) > 1e-6 {
			t.Errorf("%s: want %v, got %v", row.name, row.want, got)
		}
	}
}
