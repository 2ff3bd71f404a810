package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/server/eval"
)

type evalCmd struct {
	Docs    string `help:"Documents, in the JSON Lines that ingest reads, gzipped or not." required:"" placeholder:"FILE"`
	Queries string `help:"Queries, with id and text, in the form of documents. Without it, documents are their own queries." placeholder:"FILE"`
	Qrels   string `help:"TREC qrels: query, 0, document, grade." placeholder:"FILE" xor:"judgements" required:""`
	Pairs   string `help:"Graded pairs: document, document, grade." placeholder:"FILE" xor:"judgements" required:""`
	Labels  string `help:"Field of documents; those with the same value count as relevant to one another." placeholder:"FIELD" xor:"judgements" required:""`

	WithoutTitle bool `help:"Take the titles off documents: for queries that are titles themselves."`

	Unit     string   `help:"What a document is: an article, or one statement." enum:"article,statement" default:"article"`
	Positive *float64 `help:"Lowest grade of a positive pair. By default the lowest above the middle of the scale." placeholder:"GRADE"`
	Group    []string `help:"Fields of documents: measure pairs also by the best match of each left side among all right sides that have the same fields." placeholder:"FIELD"`
	Sample   int      `help:"Measure no more than so many queries, or left sides of pairs, drawn by chance; 0 for all." default:"0"`
	Seed     uint64   `help:"Of all that is drawn by chance." default:"1"`
	Limit    int      `help:"Answers asked for a query." default:"100"`
	Dense    *float64 `help:"The dense leg's share of a score, 0 to 1, instead of what the corpus says: to compare with one leg alone." name:"dense-weight" placeholder:"SHARE"`

	JSON      bool               `help:"Print all figures, those of each query or pair as well, as JSON." name:"json"`
	Bands     bool               `help:"Show how many of the pairs of each band are positive."`
	Worst     int                `help:"Show so many of the worst queries or pairs." default:"0" placeholder:"N"`
	RunFile   string             `help:"Write the answers to this file as a TREC run." name:"run" placeholder:"FILE"`
	Compare   string             `help:"Compare with an earlier measurement: a file of --json, or a TREC run." placeholder:"FILE"`
	FailUnder map[string]float64 `help:"Exit with 1 when a figure is lower, as in ndcg@10=0.95." placeholder:"FIGURE=VALUE"`
	filterFlags
	embedderFlags
}

func (c evalCmd) Run(ctx context.Context, std streams) error {
	set, err := eval.Files{
		Documents: c.Docs, Queries: c.Queries, Qrels: c.Qrels, Pairs: c.Pairs, Labels: c.Labels, WithoutTitle: c.WithoutTitle,
	}.Read()
	if err != nil {
		return flagged(err)
	}
	var before *eval.Report
	if c.Compare != "" {
		if before, err = eval.ReadBefore(c.Compare, set, c.options()); err != nil {
			return fmt.Errorf("--compare: %w", err)
		}
	}
	report, err := c.measure(ctx, set, std.err)
	if err != nil {
		return flagged(err)
	}
	if before != nil {
		if report.Comparison, err = eval.Compare(before, report); err != nil {
			return fmt.Errorf("--compare: %w", err)
		}
	}
	if c.RunFile != "" {
		if err := writeRun(c.RunFile, report); err != nil {
			return flagged(err)
		}
	}
	if err := c.print(std.out, report); err != nil {
		return err
	}
	return report.Err()
}

func (c evalCmd) options() eval.Options {
	return eval.Options{
		Unit: eval.Unit(c.Unit), Settings: eval.Settings{Limit: c.Limit, Filter: c.filter(), DenseWeight: c.Dense},
		Positive: c.Positive, Group: c.Group, Sample: c.Sample, Seed: c.Seed, FailUnder: c.FailUnder,
	}
}

// measure works in a store that ends with the process.
func (c evalCmd) measure(ctx context.Context, set eval.Set, w io.Writer) (report *eval.Report, err error) {
	b, err := openBackend(ctx, storeFlags{Data: inMemory, Prefix: "akin"}, c.embedderFlags, slog.New(slog.DiscardHandler), w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	o := c.options()
	shown := newEvalProgress(w)
	defer shown.clear()
	o.Progress = shown.update
	bench := eval.Bench{Stage: b.stage, Engine: b.engine, Fingerprint: embed.Fingerprint(b.embedder)}
	return bench.Run(ctx, set, o)
}

func (c evalCmd) print(w io.Writer, report *eval.Report) error {
	if !c.JSON {
		return report.Print(w, eval.PrintOptions{Worst: c.Worst, Bands: c.Bands})
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	return out.Encode(report)
}

func writeRun(name string, report *eval.Report) error {
	var run bytes.Buffer
	if err := report.WriteRun(&run, "akin"); err != nil {
		return err
	}
	if err := os.WriteFile(name, run.Bytes(), 0o644); err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	return nil
}

// flagged names the flag that an error is about.
func flagged(err error) error {
	if invalid, ok := errors.AsType[*akin.InvalidError](err); ok {
		if flag, ok := evalFlagOf[invalid.Field]; ok {
			return fmt.Errorf("%s: %s", flag, invalid.Problem)
		}
	}
	return err
}

// evalFlagOf an option of a measurement.
var evalFlagOf = map[string]string{
	"dense_weight": "--dense-weight", "queries": "--queries", "group": "--group", "positive": "--positive", "fail_under": "--fail-under", "run": "--run", "published_from": "--from", "published_before": "--before",
}

// evalProgress shows one line that changes, on a terminal only.
type evalProgress struct {
	w     io.Writer
	shown time.Time
}

func newEvalProgress(w io.Writer) *evalProgress {
	if isTerminal(w) {
		return &evalProgress{w: w}
	}
	return &evalProgress{w: io.Discard}
}

func (p *evalProgress) update(doing string, done, total int) {
	if now := time.Now(); now.Sub(p.shown) >= redraw {
		p.shown = now
		fmt.Fprintf(p.w, clearLine+"%s %d of %d", doing, done, total)
	}
}

func (p *evalProgress) clear() { fmt.Fprint(p.w, clearLine) }

func (f filterFlags) filter() akin.Filter {
	return akin.Filter{
		Languages: f.Language, PublishedFrom: f.From, PublishedBefore: f.Before, Sections: f.Section, Sources: f.Source,
		Speakers: f.Speaker, ExcludedSpeakers: f.ExcludedSpeaker, Keywords: f.Keyword, ExcludedIDs: f.ExcludedID,
		IDs: f.Only,
	}
}
