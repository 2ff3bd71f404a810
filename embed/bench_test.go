package embed_test

import (
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/testdata"
)

// BenchmarkIngest puts generated articles of 1,500 characters, in calls of 256, into an embedded store on disk.
func BenchmarkIngest(b *testing.B) {
	const articles, atOnce = 2048, 256
	for range b.N {
		b.StopTimer()
		db, err := local.Open(b.TempDir(), local.Options{})
		if err != nil {
			b.Fatal(err)
		}
		client, err := db.Client()
		if err != nil {
			b.Fatal(err)
		}
		embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
		if err != nil {
			b.Fatal(err)
		}
		st, err := store.Open(b.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
		if err != nil {
			b.Fatal(err)
		}
		stage := embed.New(st, embedder)
		var batches [][]akin.Article
		for a := range testdata.Generated(articles) {
			if n := len(batches); n == 0 || len(batches[n-1]) == atOnce {
				batches = append(batches, nil)
			}
			batches[len(batches)-1] = append(batches[len(batches)-1], a)
		}
		b.StartTimer()
		for _, batch := range batches {
			if _, err := stage.Put(b.Context(), akin.DefaultCorpus, batch); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		if err := client.Close(); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(articles*float64(b.N)/b.Elapsed().Seconds(), "articles/s")
}
