package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/load"
)

// benchCmd measures how long answers take.
type benchCmd struct {
	Related benchRelatedCmd `cmd:"" help:"Time calls for what is related to an article by its id, one call after the other."`
	Load    loadCmd         `cmd:"" help:"Ask a server what is related to its articles, at a fixed rate, and print how long answers take and what codes they have."`
}

type benchRelatedCmd struct {
	askFlags
	Calls    int   `help:"Calls to time, each about another article, as far as there are so many." default:"300" short:"n"`
	Matches  int32 `help:"Matches a call, at most 100." default:"10"`
	Evidence int32 `help:"Pairs of passages a match, at most 10; 0 for none." default:"3"`
}

func (c benchRelatedCmd) Run(ctx context.Context, std streams) error {
	if c.Calls < 1 || c.Matches < 1 || c.Evidence < 0 {
		return fmt.Errorf("--calls %d, --matches %d, --evidence %d: one call and one match at least, and no number below 0", c.Calls, c.Matches, c.Evidence)
	}
	return c.dial(ctx, std.err, func(conn *grpc.ClientConn) error {
		// The order of the list is that of digests, as good as drawn by chance, and the same each time.
		ids, err := load.IDs(ctx, conn, c.Corpus, c.Calls)
		if err != nil {
			return readable(c.Server, err)
		}
		if len(ids) == 0 {
			return fmt.Errorf("corpus %q holds no articles: akin ingest puts some there", c.Corpus)
		}
		took, err := c.time(ctx, akinv1.NewSimilarityServiceClient(conn), ids)
		if err != nil {
			return readable(c.Server, err)
		}
		return c.print(std.out, took)
	})
}

// time returns how long each call took, in ascending order. A call before all others, in which the server learns what scores mean in the corpus, is not among them.
func (c benchRelatedCmd) time(ctx context.Context, similar akinv1.SimilarityServiceClient, ids []string) ([]time.Duration, error) {
	evidence := c.Evidence
	if evidence == 0 {
		evidence = -1
	}
	took := make([]time.Duration, c.Calls)
	for i := -1; i < c.Calls; i++ {
		request := &akinv1.RelatedArticlesRequest{
			Corpus: c.Corpus, Seeds: listFlags{}.seeds(ids[max(0, i)%len(ids)], ""), PageSize: c.Matches, EvidenceSize: evidence,
		}
		began := time.Now()
		if _, err := similar.RelatedArticles(ctx, request); err != nil {
			return nil, err
		}
		if i >= 0 {
			took[i] = time.Since(began)
		}
	}
	slices.Sort(took)
	return took, nil
}

// timings are in milliseconds.
type timings struct {
	Calls  int     `json:"calls"`
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Most   float64 `json:"most_ms"`
}

func (c benchRelatedCmd) print(w io.Writer, took []time.Duration) error {
	within := func(hundredths int) float64 {
		return float64(took[(len(took)-1)*hundredths/100]) / float64(time.Millisecond)
	}
	t := timings{Calls: len(took), Median: within(50), P95: within(95), P99: within(99), Most: within(100)}
	if c.JSON {
		return json.NewEncoder(w).Encode(t)
	}
	_, err := fmt.Fprintf(w, "%d calls, %d matches with %d pairs of passages each: median %.2f ms, 95 %% within %.2f ms, 99 %% within %.2f ms, all within %.2f ms\n",
		t.Calls, c.Matches, c.Evidence, t.Median, t.P95, t.P99, t.Most)
	return err
}
