package server_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/testdata"
)

var benchData = flag.String("bench-data", "", "keep the generated corpora of BenchmarkRelated in this folder, so that the next run need not make them; by default they are gone when it ends")

// BenchmarkRelated asks over gRPC, on a loopback port, what is related to an article by its id, one call after the other: ten matches, with three pairs of passages each or
// without. Beside the mean it prints the median and the 95th percentile, and how much of the time the server's own calls to the embedded store take. What is allocated is
// counted of all three, the client, the server and the store.
func BenchmarkRelated(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("%d articles", n), func(b *testing.B) {
			dir := *benchData
			if dir == "" {
				dir = b.TempDir()
			}
			f, clock := serveGenerated(b, filepath.Join(dir, fmt.Sprint(n)), n)
			for _, row := range []struct {
				name     string
				evidence int32
			}{{"plain", -1}, {"evidence", 3}} {
				b.Run(row.name, func(b *testing.B) { benchRelated(b, f, clock, n, row.evidence) })
			}
		})
	}
}

func benchRelated(b *testing.B, f *fixture, clock *storeClock, n int, evidence int32) {
	r := rand.New(rand.NewPCG(1, 2))
	ask := func() time.Duration {
		seed := fmt.Sprintf("generated/%07d", r.IntN(n))
		began := time.Now()
		answer, err := f.similar.RelatedArticles(b.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id(seed)}, PageSize: 10, EvidenceSize: evidence})
		if err != nil {
			b.Fatal(err)
		}
		if len(answer.GetMatches()) == 0 {
			b.Fatalf("nothing is related to %s, which is one of twenty articles of a story", seed)
		}
		return time.Since(began)
	}
	ask() // the first call learns what scores mean in the corpus
	clock.spent.Store(0)
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		took = append(took, ask())
	}
	var all time.Duration
	for _, d := range took {
		all += d
	}
	slices.Sort(took)
	milliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(milliseconds(took[len(took)/2]), "median-ms")
	b.ReportMetric(milliseconds(took[len(took)*95/100]), "p95-ms")
	b.ReportMetric(float64(all)/float64(clock.spent.Load()), "times-store")
}

// storeClock measures the calls of a store's client.
type storeClock struct{ spent atomic.Int64 } // nanoseconds

func (c *storeClock) time(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	began := time.Now()
	defer func() { c.spent.Add(int64(time.Since(began))) }()
	return invoke(ctx, method, request, reply, conn, opts...)
}

// serveGenerated serves n generated articles out of an embedded store in a folder, which is filled when it is empty.
func serveGenerated(b *testing.B, dir string, n int) (*fixture, *storeClock) {
	b.Helper()
	db, err := local.Open(dir, local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	clock := &storeClock{}
	client, err := db.Client(grpc.WithChainUnaryInterceptor(clock.time))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = client.Close()
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	embedder := &flaky{Embedder: builtin(b)}
	st, err := store.Open(b.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		b.Fatal(err)
	}
	stage := embed.New(st, embedder)
	stored, err := st.CountArticles(b.Context(), akin.DefaultCorpus, akin.Filter{})
	if err != nil {
		b.Fatal(err)
	}
	if stored < n {
		sum, err := stage.Ingest(b.Context(), generatedItems(n), embed.IngestOptions{})
		if err != nil || sum.Refused > 0 {
			b.Fatalf("%d refused: %v", sum.Refused, err)
		}
	}
	return serve(b, st, stage, embedder), clock
}

func generatedItems(n int) iter.Seq[embed.Item] {
	return func(yield func(embed.Item) bool) {
		for a := range testdata.Generated(n) {
			if !yield(embed.Item{Article: a}) {
				return
			}
		}
	}
}
