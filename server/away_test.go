package server_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

// TestQdrantGoesAway takes the store away under a server and an ingest, and gives it back.
func TestQdrantGoesAway(t *testing.T) {
	embedder := builtin(t)
	st, proxy := storetest.OpenApart(t, embed.Fingerprint(embedder), embedder.Dimensions(), time.Minute)
	f := serve(t, st, embed.New(st, embedder), &flaky{Embedder: embedder})
	stage := embed.New(st, embedder)
	proxy.Cut()

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
	proxy.Heal()
	if err := <-ingested; err != nil {
		t.Errorf("an ingest that waits: %v", err)
	}
	if _, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}}); err != nil {
		t.Errorf("a query when the store is back: %v", err)
	}
}
