package local

import (
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
)

func TestABatchAnswersAsItsQueriesDo(t *testing.T) {
	t.Run("one query after the other", compareBatch)
	t.Run("in one pass", func(t *testing.T) {
		defer func(n int) { onePassFrom = n }(onePassFrom)
		onePassFrom = 0
		compareBatch(t)
	})
}

func compareBatch(t *testing.T) {
	_, client := opened(t, "", quiet)
	easyPoints(t, client)
	third := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("third", 1)}}
	fifth := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("fifth", 1)}}
	few := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(qdrant.NewIDNum(3), qdrant.NewIDNum(4))}}
	r := rand.New(rand.NewPCG(9, 9))
	var batch []*qdrant.QueryPoints
	for _, change := range []func(*qdrant.QueryPoints){
		func(*qdrant.QueryPoints) {},
		func(q *qdrant.QueryPoints) { q.Limit = qdrant.PtrOf(uint64(3)) },
		func(q *qdrant.QueryPoints) {
			q.Offset, q.ScoreThreshold = qdrant.PtrOf(uint64(4)), qdrant.PtrOf(float32(.3))
		},
		func(q *qdrant.QueryPoints) { q.Offset = qdrant.PtrOf(uint64(9000)) },
		func(q *qdrant.QueryPoints) { q.Filter, q.WithPayload = third, qdrant.NewWithPayload(true) },
		func(q *qdrant.QueryPoints) { q.Filter = fifth },
		func(q *qdrant.QueryPoints) { q.Filter = few },
		func(q *qdrant.QueryPoints) { q.Params = &qdrant.SearchParams{Exact: qdrant.PtrOf(true)} },
		func(q *qdrant.QueryPoints) { q.Query = qdrant.NewQueryID(qdrant.NewIDNum(5)) },
	} {
		for range 3 { // neighbours that are alike
			q := &qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQueryDense(randomRow(r, 64))}
			change(q)
			batch = append(batch, q)
		}
	}
	got, err := client.QueryBatch(t.Context(), &qdrant.QueryBatchPoints{CollectionName: "c", QueryPoints: batch})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range batch {
		want, err := client.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, got[i].GetResult(), protocmp.Transform()); diff != "" {
			t.Errorf("%v (-alone +in a batch):\n%s", q, diff)
		}
	}
}

func TestABatchFailsWithItsFirstError(t *testing.T) {
	_, client := opened(t, "", quiet)
	easyPoints(t, client)
	good := &qdrant.QueryPoints{Query: qdrant.NewQueryDense(make([]float32, 64))}
	short := &qdrant.QueryPoints{Query: qdrant.NewQueryDense(make([]float32, 63))}
	_, err := client.QueryBatch(t.Context(), &qdrant.QueryBatchPoints{CollectionName: "c", QueryPoints: []*qdrant.QueryPoints{good, short, good}})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("want INVALID_ARGUMENT, got %v", err)
	}
}
