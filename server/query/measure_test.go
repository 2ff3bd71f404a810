package query_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/testdata"
)

// TestOneMeasuresForAll has many calls find at once that nobody has measured the corpus yet.
func TestOneMeasuresForAll(t *testing.T) {
	const calls = 8
	var counted, measured atomic.Int32
	var watched atomic.Bool
	all := make(chan struct{})
	watch := func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if watched.Load() {
			switch method {
			case "/qdrant.Points/Count": // each call counts the corpus before it looks who measures it
				if counted.Add(1) == calls {
					close(all)
				}
			case "/qdrant.Points/Scroll":
				measured.Add(1)
				<-all
			}
		}
		return invoke(ctx, method, req, reply, conn, opts...)
	}
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := db.Client(grpc.WithChainUnaryInterceptor(watch))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(client.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := embed.New(st, embedder).Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{}); err != nil {
		t.Fatal(err)
	}
	watched.Store(true)
	engine := query.New(st, embedder, query.Options{})
	var wait sync.WaitGroup
	for range calls {
		wait.Go(func() {
			answer, err := engine.Related(t.Context(), query.Request{Corpus: akin.DefaultCorpus, Seeds: []akin.Seed{{ID: "varn-tunnel-1"}}, Limit: 3})
			if err != nil || len(answer.Matches) != 3 {
				t.Errorf("%d matches, %v", len(answer.Matches), err)
			}
		})
	}
	wait.Wait()
	if n := measured.Load(); n != 1 {
		t.Errorf("the corpus was measured %d times, want once", n)
	}
}
