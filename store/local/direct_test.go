package local

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
)

// TestWithinTheProcessAsOverAPort asks the same of a store with and without a connection.
func TestWithinTheProcessAsOverAPort(t *testing.T) {
	db, addr := served(t, Options{})
	inside, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	easyPoints(t, inside)
	outside := dialed(t, addr, qdrant.Config{})
	nearest := &qdrant.QueryPoints{
		CollectionName: "c", Query: qdrant.NewQueryID(qdrant.NewIDNum(5)), WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true),
	}
	for _, row := range []struct {
		name string
		ask  func(ctx context.Context, client *qdrant.Client) (any, error)
	}{
		{"nearest", func(ctx context.Context, client *qdrant.Client) (any, error) { return client.Query(ctx, nearest) }},
		{"a batch, one answer of which is empty", func(ctx context.Context, client *qdrant.Client) (any, error) {
			return client.QueryBatch(ctx, &qdrant.QueryBatchPoints{CollectionName: "c", QueryPoints: []*qdrant.QueryPoints{
				nearest, {CollectionName: "c", Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("third", 7)}}},
			}})
		}},
		{"points by id", func(ctx context.Context, client *qdrant.Client) (any, error) {
			return client.Get(ctx, &qdrant.GetPoints{CollectionName: "c", Ids: []*qdrant.PointId{qdrant.NewIDNum(3)}, WithPayload: qdrant.NewWithPayload(true)})
		}},
		{"a page", func(ctx context.Context, client *qdrant.Client) (any, error) {
			return client.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "c", Limit: qdrant.PtrOf(uint32(3))})
		}},
		{"a count", func(ctx context.Context, client *qdrant.Client) (any, error) {
			return client.Count(ctx, &qdrant.CountPoints{CollectionName: "c"})
		}},
		{"what is not there", func(ctx context.Context, client *qdrant.Client) (any, error) {
			return client.Count(ctx, &qdrant.CountPoints{CollectionName: "missing"})
		}},
		{"what is refused before it begins", func(ctx context.Context, client *qdrant.Client) (any, error) {
			return client.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "c", Limit: qdrant.PtrOf(uint32(0))})
		}},
		{"a call that nobody waits for", func(ctx context.Context, client *qdrant.Client) (any, error) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return client.Query(ctx, nearest)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			want, wantErr := row.ask(t.Context(), outside)
			got, err := row.ask(t.Context(), inside)
			if status.Code(err) != status.Code(wantErr) || wantErr != nil && status.Code(wantErr) != codes.Canceled && err.Error() != wantErr.Error() {
				t.Errorf("over a port: %v, within the process: %v", wantErr, err)
			}
			if diff := gocmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("(-over a port +within the process):\n%s", diff)
			}
		})
	}
}

// TestUpsertKeepsNothingOfItsRequest writes points, changes what was sent, and reads what is stored.
func TestUpsertKeepsNothingOfItsRequest(t *testing.T) {
	_, client := opened(t, "", quiet)
	made(t, client, "letters")
	dense := []float32{0, 1, 0, 0}
	inner := map[string]*qdrant.Value{"page": {}}
	payload := map[string]*qdrant.Value{"kind": qdrant.NewValueString("note"), "in": qdrant.NewValueFromFields(inner)}
	_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{
		CollectionName: "letters", Wait: qdrant.PtrOf(true), Points: []*qdrant.PointStruct{{
			Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsDense(dense), Payload: payload,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if inner["page"].Kind != nil {
		t.Errorf("the request's value without a kind became %v", inner["page"])
	}
	dense[1], dense[0] = 0, 1
	payload["kind"] = qdrant.NewValueString("bill")
	inner["page"] = qdrant.NewValueInt(4)
	points, err := client.Get(t.Context(), &qdrant.GetPoints{
		CollectionName: "letters", Ids: []*qdrant.PointId{qdrant.NewIDNum(1)}, WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := points[0].GetPayload()
	if got["kind"].GetStringValue() != "note" || !isNull(got["in"].GetStructValue().GetFields()["page"]) {
		t.Errorf("payload %v, want kind note and a page that is null", got)
	}
	if v := points[0].GetVectors().GetVector().GetDenseVector().GetData(); len(v) != 4 || v[1] != 1 {
		t.Errorf("vector %v, want 0 1 0 0", v)
	}
}

func TestWithinTheProcessALimitSaysWhenToTryAgain(t *testing.T) {
	_, client := opened(t, "", quiet)
	made(t, client, "letters")
	err := client.UpdateCollection(t.Context(), &qdrant.UpdateCollection{
		CollectionName: "letters", StrictModeConfig: &qdrant.StrictModeConfig{Enabled: qdrant.PtrOf(true), ReadRateLimit: qdrant.PtrOf(uint32(1))},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err = client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters"})
	}
	var limited *qdrant.QdrantResourceExhaustedError
	if !errors.As(err, &limited) || limited.RetryAfterS < 1 {
		t.Errorf("want an error that says in how many seconds, got %v", err)
	}
}

func TestAClosedStoreAnswersNobodyWithinTheProcess(t *testing.T) {
	db, client := opened(t, "", quiet)
	made(t, client, "letters")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters"})
	wantCode(t, err, codes.Unavailable)
}

func TestCloseWaitsForCallsWithinTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUnderWay()
		_, soon, _ := u.begin(t.Context())
		endless, done, _ := u.begin(t.Context())
		go func() {
			<-endless.Done()
			done()
		}()
		time.AfterFunc(time.Second, soon)
		began := time.Now()
		u.drain()
		if took := time.Since(began); took != drainTime {
			t.Errorf("a call of a second and an endless one ended after %s, want %s", took, drainTime)
		}
		if _, _, ok := u.begin(t.Context()); ok {
			t.Error("a call began after the last")
		}
	})
}
