package embed_test

import (
	"bufio"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/testdata"
)

// BenchmarkIngest brings generated articles of 1,500 characters from a file of JSON Lines into an embedded store on disk. Beside articles a second it tells what
// an article costs in time of all processors, which other programs on the machine change less.
func BenchmarkIngest(b *testing.B) {
	const articles = 4096
	file := filepath.Join(b.TempDir(), "generated.jsonl")
	writeGenerated(b, file, articles)
	var busy time.Duration
	for range b.N {
		b.StopTimer()
		stage, done := benchStage(b)
		before := processorTime(b)
		b.StartTimer()
		sum, err := stage.Ingest(b.Context(), embed.Read([]string{file}, nil), embed.IngestOptions{})
		b.StopTimer()
		busy += processorTime(b) - before
		if err != nil || sum.Written != articles {
			b.Fatalf("%+v, %v", sum, err)
		}
		done()
	}
	b.ReportMetric(articles*float64(b.N)/b.Elapsed().Seconds(), "articles/s")
	b.ReportMetric(float64(busy.Microseconds())/float64(articles*b.N)/1e3, "cpu-ms/article")
}

func writeGenerated(b *testing.B, name string, articles int) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for a := range testdata.Generated(articles) {
		line, err := page.JSON(a)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchStage is a stage with the built-in embedder, over an empty embedded store on disk.
func benchStage(b *testing.B) (stage *embed.Stage, done func()) {
	b.Helper()
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
	return embed.New(st, embedder), func() {
		if err := client.Close(); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// processorTime is what this process has used of all processors so far, in its own code and in the system's.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
