package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/server/eval"
)

type evalCmd struct {
	Docs    string `help:"Documents: JSON Lines, gzipped or not." required:"" placeholder:"FILE"`
	Queries string `help:"Queries, with id and text, in the form of documents. Without it, documents are their own queries." placeholder:"FILE"`
	Qrels   string `help:"TREC qrels: query, 0, document, grade." placeholder:"FILE" xor:"judgements" required:""`
	Pairs   string `help:"Graded pairs: document, document, grade." placeholder:"FILE" xor:"judgements" required:""`
	Labels  string `help:"Field of documents; those with the same value are relevant to one another." placeholder:"FIELD" xor:"judgements" required:""`

	Unit     string   `help:"What a document is." enum:"article,statement" default:"article"`
	Limit    int      `help:"Answers asked for a query." default:"100"`
	Positive *float64 `help:"Lowest grade of a positive pair. By default what lies above the middle of the grades." placeholder:"GRADE"`
	Sample   int      `help:"Measure no more than so many queries, drawn at random; 0 for all." default:"0"`
	Seed     uint64   `help:"Of all that is drawn at random." default:"1"`
	JSON     bool     `help:"Print all figures, of each query as well, as JSON." name:"json"`
	filterFlags
	embedderFlags
}

func (c evalCmd) Run(ctx context.Context, std streams) (err error) {
	set, err := c.set()
	if err != nil {
		return err
	}
	b, err := openBackend(ctx, storeFlags{Data: inMemory, Prefix: "akin"}, c.embedderFlags, slog.New(slog.DiscardHandler), 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	bench := eval.Bench{Stage: b.stage, Engine: b.engine}
	report, err := bench.Run(ctx, set, eval.Options{
		Unit: eval.Unit(c.Unit), Settings: eval.Settings{Limit: c.Limit, Filter: c.filter()}, Positive: c.Positive, Sample: c.Sample, Seed: c.Seed,
	})
	if err != nil {
		return err
	}
	report.Embedder = embed.Fingerprint(b.embedder)
	if c.JSON {
		out := json.NewEncoder(std.out)
		out.SetIndent("", " ")
		return out.Encode(report)
	}
	return report.Print(std.out)
}

func (c evalCmd) set() (set eval.Set, err error) {
	if set.Documents, err = eval.ReadDocuments(c.Docs); err != nil {
		return set, fmt.Errorf("--docs: %w", err)
	}
	if c.Queries != "" {
		if set.Queries, err = eval.ReadQueries(c.Queries); err != nil {
			return set, fmt.Errorf("--queries: %w", err)
		}
	}
	switch {
	case c.Qrels != "":
		if set.Qrels, err = eval.ReadQrels(c.Qrels); err != nil {
			return set, fmt.Errorf("--qrels: %w", err)
		}
	case c.Pairs != "":
		if set.Pairs, err = eval.ReadPairs(c.Pairs); err != nil {
			return set, fmt.Errorf("--pairs: %w", err)
		}
	default:
		if set.Labels, err = eval.Labels(set.Documents, c.Labels); err != nil {
			return set, fmt.Errorf("--labels: %w", err)
		}
	}
	return set, nil
}

func (f filterFlags) filter() akin.Filter {
	return akin.Filter{
		Languages: f.Language, PublishedFrom: f.From, PublishedBefore: f.Before, Sections: f.Section, Sources: f.Source,
		Speakers: f.Speaker, ExcludedSpeakers: f.ExcludedSpeaker, Keywords: f.Keyword, ExcludedIDs: f.ExcludedID,
	}
}
