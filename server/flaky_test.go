package server_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

// answerWithin is how long the store may take in these tests.
const answerWithin = time.Second

// overFlaky serves a store that is reached over a network which can fail.
func overFlaky(t *testing.T) (*fixture, *embed.Stage, *storetest.Proxy) {
	t.Helper()
	embedder := builtin(t)
	st, proxy := storetest.OpenApart(t, embed.Fingerprint(embedder), embedder.Dimensions(), answerWithin)
	stage := embed.New(st, embedder)
	if _, err := stage.Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{}); err != nil {
		t.Fatal(err)
	}
	return serve(t, st, stage, &flaky{Embedder: embedder}), stage, proxy
}

// ferries are articles that nobody else writes.
func ferries(n int) []embed.Item {
	items := make([]embed.Item, n)
	for i := range items {
		items[i].Article = akin.Article{
			ID: fmt.Sprint("ferry-", i), Title: fmt.Sprint("Ferry ", i),
			Paragraphs: []akin.Paragraph{{Text: fmt.Sprintf("Captain Rood said that ferry %d is safe.", i)}},
		}
	}
	return items
}

// TestStoreGoneAndBack takes the store away in each way that networks have, under calls and an ingest: calls fail soon, health says so, and when the store is back
// everything goes on without a restart, and nothing is lost.
func TestStoreGoneAndBack(t *testing.T) {
	for name, fail := range map[string]func(*storetest.Proxy){"cut off": (*storetest.Proxy).Cut, "silent": (*storetest.Proxy).Silence} {
		t.Run(name, func(t *testing.T) {
			f, stage, proxy := overFlaky(t)
			health := healthv1.NewHealthClient(f.conn)
			said := func(service string) healthv1.HealthCheckResponse_ServingStatus {
				answer, err := health.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
				if err != nil {
					t.Fatal(err)
				}
				return answer.GetStatus()
			}
			says := func(service string, want healthv1.HealthCheckResponse_ServingStatus) {
				t.Helper()
				for range 1000 {
					if said(service) == want {
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
				t.Fatalf("health never said %v of %q", want, service)
			}
			related := func() error {
				_, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}})
				return err
			}
			if err := related(); err != nil {
				t.Fatal(err)
			}
			const n = 300
			ingested, some := make(chan error, 1), make(chan struct{})
			go func() {
				written := 0
				_, err := stage.Ingest(context.Background(), func(yield func(embed.Item) bool) {
					for _, item := range ferries(n) {
						if !yield(item) {
							return
						}
					}
				}, embed.IngestOptions{Batch: 4, Retry: time.Minute, Report: func(embed.Item, embed.Result, embed.Summary) {
					if written++; written == 20 {
						close(some)
					}
				}})
				ingested <- err
			}()
			<-some
			fail(proxy)
			for range 8 { // the first ones on connections that were good, later ones while others are being made
				began := time.Now()
				err := related()
				if code, reason, _ := refusal(err); code != codes.Unavailable || reason != "STORE_UNAVAILABLE" {
					t.Fatalf("a call while the store is gone: %v (%s), want UNAVAILABLE, STORE_UNAVAILABLE", err, reason)
				}
				if took := time.Since(began); took > 4*answerWithin {
					t.Errorf("a call took %v to fail, want about %v", took, answerWithin)
				}
			}
			says(akinv1.SimilarityService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_NOT_SERVING)
			says(akinv1.ArticleService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_NOT_SERVING)
			if got := said(""); got != healthv1.HealthCheckResponse_SERVING {
				t.Errorf("health says %v of the process, which runs", got)
			}
			proxy.Heal()
			says(akinv1.SimilarityService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_SERVING)
			says(akinv1.ArticleService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_SERVING)
			if err := related(); err != nil {
				t.Errorf("a call when the store is back: %v", err)
			}
			if err := <-ingested; err != nil {
				t.Fatalf("the ingest: %v", err)
			}
			for i := range n {
				if _, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: fmt.Sprint("ferry-", i)}); err != nil {
					t.Errorf("an article that was ingested: %v", err)
				}
			}
		})
	}
}

// TestSilentStoreIsNotWaitedFor: once one call has found that the store says nothing, no other waits to find the same, however often and long it is asked; and soon after the store
// speaks again, so does the server.
func TestSilentStoreIsNotWaitedFor(t *testing.T) {
	embedder := builtin(t)
	st, proxy := storetest.OpenApart(t, embed.Fingerprint(embedder), embedder.Dimensions(), 10*time.Second)
	stage := embed.New(st, embedder)
	if _, err := stage.Put(t.Context(), akin.DefaultCorpus, []akin.Article{ferries(1)[0].Article}); err != nil {
		t.Fatal(err)
	}
	f := serve(t, st, stage, &flaky{Embedder: embedder})
	ask := func() (time.Duration, error) {
		began := time.Now()
		_, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: "ferry-0"})
		return time.Since(began), err
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	proxy.Silence()
	if took, err := ask(); !isAway(err) || took > 3*time.Second { // a third of the time that an answer may take is 3.3 s
		t.Errorf("the first call: %v after %v, want STORE_UNAVAILABLE within about a second", err, took)
	}
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(10 * time.Millisecond) {
		if took, err := ask(); !isAway(err) || took > 500*time.Millisecond {
			t.Fatalf("a call %v after the first: %v after %v, want STORE_UNAVAILABLE at once", time.Since(began), err, took)
		}
	}
	proxy.Heal()
	healed := time.Now()
	for {
		if _, err := ask(); err == nil {
			break
		}
		if time.Since(healed) > 5*time.Second {
			t.Fatal("the store is back, and the server does not answer")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("an answer %v after the store was back", time.Since(healed))
}

func isAway(err error) bool {
	code, reason, _ := refusal(err)
	return code == codes.Unavailable && reason == "STORE_UNAVAILABLE"
}

// TestSlowStoreAnswers holds that a store which is merely slow is none that is gone.
func TestSlowStoreAnswers(t *testing.T) {
	f, _, proxy := overFlaky(t)
	proxy.Delay(answerWithin / 100)
	if _, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}}); err != nil {
		t.Error(err)
	}
}

// TestCallersDeadlineIsNoFaultOfTheStore keeps the two apart.
func TestCallersDeadlineIsNoFaultOfTheStore(t *testing.T) {
	f, _, proxy := overFlaky(t)
	proxy.Silence()
	defer proxy.Heal()
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin/5)
	defer cancel()
	_, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}})
	if code, _, _ := refusal(err); code != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
}
