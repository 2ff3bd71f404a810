package server_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/testdata"
)

// port is a Qdrant on a port of the loopback, which can go away and come back.
type port struct {
	db      *local.DB
	address string
	stop    func()
}

func (p *port) serve(t *testing.T) {
	t.Helper()
	lis, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.address = lis.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.db.Serve(ctx, lis) }()
	p.stop = func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}

// newPort serves an empty store on a port, until the test ends.
func newPort(t *testing.T) *port {
	t.Helper()
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &port{db: db, address: "127.0.0.1:0"}
	p.serve(t)
	t.Cleanup(func() {
		p.stop()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// openAt opens a store at an address.
func openAt(t *testing.T, address string, embedder akin.Embedder, options ...grpc.DialOption) *store.Store {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	client, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: number, SkipCompatibilityCheck: true, PoolSize: 1, GrpcOptions: options})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	st, err := store.Open(t.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestQdrantGoesAway takes the store away under a server and an ingest, and gives it back.
func TestQdrantGoesAway(t *testing.T) {
	p, embedder := newPort(t), builtin(t)
	st := openAt(t, p.address, embedder)
	f := serve(t, st, embed.New(st, embedder), &flaky{Embedder: embedder})
	stage := embed.New(st, embedder)
	p.stop()

	_, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}})
	if code, reason, _ := refusal(err); code != codes.Unavailable || reason != "STORE_UNAVAILABLE" {
		t.Errorf("a query: %v (%s), want UNAVAILABLE, STORE_UNAVAILABLE", err, reason)
	}
	news := embed.ReadFS(testdata.News, "news")
	if sum, err := stage.Ingest(t.Context(), news, embed.IngestOptions{}); !errors.Is(err, akin.ErrUnavailable) || sum.Written > 0 {
		t.Errorf("an ingest that does not wait: %+v, %v; want nothing written, and that the store is unavailable", sum, err)
	}
	ingested := make(chan error, 1)
	go func() {
		sum, err := stage.Ingest(context.Background(), news, embed.IngestOptions{Retry: time.Minute})
		if err == nil && sum.Written < 40 {
			err = errors.New("not all was written")
		}
		ingested <- err
	}()
	p.serve(t)
	if err := <-ingested; err != nil {
		t.Errorf("an ingest that waits: %v", err)
	}
	if _, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}}); err != nil {
		t.Errorf("a query when the store is back: %v", err)
	}
}
