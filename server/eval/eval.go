// Package eval measures answers against people's judgements: it ingests documents, asks what was judged, and tells how near the answers come.
// A document that is its own query is never its own answer, and every print of a text is an answer of its own, since each was judged by itself.
package eval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/server/query"
)

// Unit is what is compared.
type Unit string

// The units.
const (
	Article   Unit = "article"   // documents are articles
	Statement Unit = "statement" // documents are statements: each the only one of an article that holds nothing else
)

// Settings are what a measurement may change about retrieval. A new knob of the engine is a field here and a line in request; the report keeps them all.
type Settings struct {
	Limit  int         `json:"limit"`           // answers asked for a query; 100 by default
	Filter akin.Filter `json:"filter,omitzero"` // of answers to queries; pairs are compared whatever it says

	DenseWeight *float64 `json:"denseWeight,omitzero"` // the dense leg's share of a score, 0 to 1; by default what the corpus says
}

func (s Settings) request(seed akin.Seed) query.Request {
	return query.Request{Corpus: akin.DefaultCorpus, Seeds: []akin.Seed{seed}, Filter: s.Filter, Limit: s.Limit, EveryPrint: true, DenseWeight: s.DenseWeight}
}

// validate looks at what the engine takes for granted.
func (s Settings) validate() error {
	if w := s.DenseWeight; w != nil && !(*w >= 0 && *w <= 1) {
		return &akin.InvalidError{Field: "dense_weight", Problem: fmt.Sprintf("%v is not within 0 to 1", *w)}
	}
	for field, date := range map[string]string{"published_from": s.Filter.PublishedFrom, "published_before": s.Filter.PublishedBefore} {
		if date == "" {
			continue
		}
		if _, err := akin.ParseDate(date); err != nil {
			return &akin.InvalidError{Field: field, Problem: err.Error()}
		}
	}
	return nil
}

// Options of a measurement. The zero value works.
type Options struct {
	Unit      Unit // Article by default
	Settings  Settings
	Positive  *float64           // lowest grade of a positive pair; by default the lowest above the middle of the grades
	Group     []string           // fields of documents: what is on the left of pairs is also matched with all that is on the right and has the same fields
	Sample    int                // at most so many queries, or left sides of pairs, drawn by Seed; 0 for all
	Seed      uint64             // of all that is drawn by chance
	Workers   int                // queries at a time; 2 by default
	FailUnder map[string]float64 // figure -> what it must reach

	// Progress is told how far it is, one call at a time; nobody by default.
	Progress func(doing string, done, total int)
}

func (o Options) withDefaults() Options {
	if o.Unit == "" {
		o.Unit = Article
	}
	if o.Settings.Limit <= 0 {
		o.Settings.Limit = deepest
	}
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return o
}

// fits refuses options that would change nothing: whoever gives them believes that they do.
func (o Options) fits(set Set) error {
	switch {
	case set.Qrels == nil && set.Labels == nil && set.Pairs == nil:
		return errNoJudgement
	case set.Pairs == nil && len(o.Group) > 0:
		return &akin.InvalidError{Field: "group", Problem: "groups are of pairs, and there are none"}
	case set.Pairs == nil && o.Positive != nil:
		return &akin.InvalidError{Field: "positive", Problem: "this is about pairs, and there are none; to a query, what has a grade above 0 is relevant"}
	}
	return nil
}

// Bench is what is measured: an engine, and the stage that fills its store.
type Bench struct {
	Stage       *embed.Stage
	Engine      *query.Engine
	Fingerprint string // of the embedder, for the report
}

// Run ingests the documents of a set into the bench's store, which should hold nothing else, and measures.
//
// Errors: *akin.InvalidError when an option does not fit the set; akin.ErrUnavailable when the store or the embedder does not answer.
func (b Bench) Run(ctx context.Context, set Set, o Options) (*Report, error) {
	o = o.withDefaults()
	if err := errors.Join(o.Settings.validate(), o.fits(set)); err != nil {
		return nil, err
	}
	m := newMeasurement(set, o)
	m.bench, m.report.Embedder = b, b.Fingerprint
	if err := m.checkBounds(); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := m.ingest(ctx); err != nil {
		return nil, err
	}
	m.report.IngestSeconds = time.Since(began).Seconds()
	began = time.Now()
	if err := m.measure(ctx); err != nil {
		return nil, err
	}
	m.report.AskSeconds = time.Since(began).Seconds()
	m.report.Failed = m.failed()
	return m.report, nil
}

// measurement is one run under way.
type measurement struct {
	bench     Bench
	set       Set
	options   Options
	documents map[string]*akin.Article
	report    *Report
}

func newMeasurement(set Set, o Options) *measurement {
	m := &measurement{set: set, options: o, documents: make(map[string]*akin.Article, len(set.Documents))}
	for i := range set.Documents {
		m.documents[set.Documents[i].ID] = &set.Documents[i]
	}
	m.report = &Report{
		Files: set.Files, Unit: o.Unit, Settings: o.Settings, Seed: o.Seed, Sample: o.Sample, Documents: len(set.Documents),
		documents: m.documents, queries: set.texts(),
	}
	return m
}

func (m *measurement) measure(ctx context.Context) error {
	if m.set.Pairs != nil {
		return m.pairs(ctx)
	}
	return m.rank(ctx)
}

// ingest puts the documents into the store, in the form that the unit asks for.
func (m *measurement) ingest(ctx context.Context) error {
	total := len(m.set.Documents)
	var refused error
	items := func(yield func(embed.Item) bool) {
		for _, article := range m.set.Documents {
			if m.options.Unit == Statement {
				article = asStatement(article)
			}
			if !yield(embed.Item{Article: article}) {
				return
			}
		}
	}
	_, err := m.bench.Stage.Ingest(ctx, items, embed.IngestOptions{
		Corpus: akin.DefaultCorpus,
		Retry:  patience,
		Report: func(_ embed.Item, result embed.Result, sum embed.Summary) {
			if result.Err != nil && refused == nil {
				refused = fmt.Errorf("document %q cannot be stored: %w", result.ID, result.Err)
			}
			m.options.Progress("ingesting", sum.Written+sum.Unchanged+sum.Refused, total)
		},
	})
	if err != nil {
		return fmt.Errorf("ingest %d documents: %w", total, err)
	}
	return refused
}

// patience is how long an embedder may fail to answer while documents are ingested.
const patience = 30 * time.Second

var errNoJudgement = errors.New("there is no judgement to measure by")
