package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/store"
)

// plan tells what the ingest would do.
func (c ingestCmd) plan(ctx context.Context, std streams, options embed.IngestOptions, log *slog.Logger) (err error) {
	embedder, err := c.open(ctx, log, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, embedder.close()) }()
	st, closeStore, err := c.peek(ctx, embedder, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	plan, err := embed.New(st, embedder).Plan(ctx, embed.Read(c.Paths, std.in), options, func(item embed.Item, err error) {
		if !errors.Is(err, embed.ErrSkipped) {
			fmt.Fprintln(std.err, "would refuse", refusal(item, err))
		}
	})
	if err != nil {
		return err
	}
	if err := c.printPlan(std.out, plan, akin.ProfileOf(embedder)); err != nil {
		return err
	}
	if plan.Refused > 0 {
		return fmt.Errorf("%d would be refused, named above", plan.Refused)
	}
	return nil
}

// peek opens what is stored without making anything: where nothing is, an empty store in memory stands for it.
func (f storeFlags) peek(ctx context.Context, embedder akin.Embedder, w io.Writer) (*store.Store, func() error, error) {
	options := store.Options{Prefix: f.Prefix, Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()}
	if _, err := os.Stat(f.Data); f.Qdrant != "" || !errors.Is(err, fs.ErrNotExist) {
		client, closeClient, err := f.connect(ctx, w, nil, nil)
		if err != nil {
			return nil, nil, err
		}
		options.ReadOnly = true
		st, err := store.Open(ctx, client, options)
		if err == nil {
			return st, closeClient, nil
		}
		if err = errors.Join(err, closeClient()); !errors.Is(err, akin.ErrNotFound) {
			return nil, nil, err
		}
	}
	options.ReadOnly = false
	client, closeClient, err := storeFlags{Data: inMemory}.connect(ctx, w, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	st, err := store.Open(ctx, client, options)
	if err != nil {
		return nil, nil, errors.Join(err, closeClient())
	}
	return st, closeClient, nil
}

func (c ingestCmd) printPlan(w io.Writer, p embed.Plan, profile akin.Profile) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "articles\t%d: %d new, %d changed, %d unchanged\n", p.Articles, p.New, p.Changed, p.Unchanged)
	fmt.Fprintf(out, "paragraphs\t%d\n", p.Paragraphs)
	fmt.Fprintf(out, "statements\t%d\n", p.Statements)
	fmt.Fprintf(out, "refused\t%d\n", p.Refused)
	if c.Prune {
		fmt.Fprintf(out, "to remove\t%d\n", p.Removed)
	}
	atMost := ""
	if p.AtMost {
		atMost = "at most "
	}
	fmt.Fprintf(out, "to embed\t%s%d texts, about %d tokens\n", atMost, p.Texts, p.Tokens)
	fmt.Fprintf(out, "from the cache\t%d texts, about %d tokens\n", p.Cached, p.CachedTokens)
	price := c.PricePerMillionTokens
	if price == 0 {
		price = profile.Price
	}
	if price > 0 {
		fmt.Fprintf(out, "price\tabout %.4g; the cache saves %.4g\n", float64(p.Tokens)/1e6*price, float64(p.CachedTokens)/1e6*price)
	}
	if t, ok := c.duration(p); ok {
		fmt.Fprintf(out, "time\tat least %s for embedding, at the rates that are set\n", t.Round(time.Second))
	} else {
		fmt.Fprintf(out, "time\tnot known: no rate is set (--openai-rpm, --openai-tpm)\n")
	}
	return out.Flush()
}

// duration is what embedding takes at the rates that are set, with full batches; false where none is.
func (c ingestCmd) duration(p embed.Plan) (time.Duration, bool) {
	if c.Embedder != "openai" || c.OpenaiRPM <= 0 && c.OpenaiTPM <= 0 {
		return 0, false
	}
	minutes := 0.0
	if c.OpenaiRPM > 0 {
		requests := max(float64(p.Texts)/float64(max(1, c.OpenaiBatch)), float64(p.Tokens)/float64(max(1, c.OpenaiBatchTokens)))
		minutes = requests / float64(c.OpenaiRPM)
	}
	if c.OpenaiTPM > 0 {
		minutes = max(minutes, float64(p.Tokens)/float64(c.OpenaiTPM))
	}
	return time.Duration(minutes * float64(time.Minute)), true
}
