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
	Statement Unit = "statement" // documents are statements: each the one of an article that has nothing else
)

// Set is what is measured with. Of Qrels, Pairs and Labels one is set.
type Set struct {
	Documents []akin.Article // ids are unique
	Queries   []Query        // none: documents are their own queries
	Qrels     *Qrels
	Pairs     []Pair
	Labels    map[string]string // document -> label; documents without a label have none
}

// Query is a text that has judged answers.
type Query struct{ ID, Text string }

// Pair is two documents and the grade of their likeness, higher when more alike.
type Pair struct {
	Left, Right string
	Grade       float64
}

// Settings are what a measurement may change about retrieval; they are kept in its report.
type Settings struct {
	Limit  int         `json:"limit"`  // answers asked for a query; 100 by default
	Filter akin.Filter `json:"filter"` // of answers; pairs are compared whatever it says
}

// Request is the query of one seed.
func (s Settings) request(seed akin.Seed) query.Request {
	return query.Request{Corpus: akin.DefaultCorpus, Seeds: []akin.Seed{seed}, Filter: s.Filter, Limit: s.Limit, EveryPrint: true}
}

// Options of a measurement. The zero value works.
type Options struct {
	Unit     Unit // Article by default
	Settings Settings
	Positive *float64 // lowest grade of a positive pair; by default what lies above the middle of the grades
	Group    []string // fields of documents: pairs are also measured as the best match of each left side within its group
	Sample   int      // at most so many queries, or left sides of pairs, drawn by Seed; 0 for all
	Seed     uint64   // of all that is drawn by chance
	Workers  int      // queries at a time; 2 by default

	// Progress is told how far it is, one call at a time; nobody by default.
	Progress func(doing string, done, total int)
}

func (o Options) withDefaults() Options {
	if o.Unit == "" {
		o.Unit = Article
	}
	if o.Settings.Limit <= 0 {
		o.Settings.Limit = 100
	}
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return o
}

// Bench is a store that a set is ingested into, and the engine that is measured.
type Bench struct {
	Stage  *embed.Stage
	Engine *query.Engine
}

// Run ingests the documents of a set into the bench's store, which should hold nothing else, and measures.
func (b Bench) Run(ctx context.Context, set Set, o Options) (*Report, error) {
	o = o.withDefaults()
	m := &measurement{bench: b, set: set, options: o, documents: make(map[string]*akin.Article, len(set.Documents))}
	for i := range set.Documents {
		m.documents[set.Documents[i].ID] = &set.Documents[i]
	}
	m.report = &Report{Unit: o.Unit, Documents: len(set.Documents), Settings: o.Settings, Seed: o.Seed}
	began := time.Now()
	if err := m.ingest(ctx); err != nil {
		return nil, err
	}
	m.report.IngestSeconds = time.Since(began).Seconds()
	began = time.Now()
	err := m.measure(ctx)
	m.report.AskSeconds = time.Since(began).Seconds()
	return m.report, err
}

// measurement is one run under way.
type measurement struct {
	bench     Bench
	set       Set
	options   Options
	documents map[string]*akin.Article
	report    *Report
}

func (m *measurement) measure(ctx context.Context) error {
	switch {
	case m.set.Qrels != nil:
		return m.qrels(ctx)
	case m.set.Labels != nil:
		return m.labels(ctx)
	case m.set.Pairs != nil:
		return m.pairs(ctx)
	}
	return errors.New("there is no judgement to measure by")
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
			if !yield(embed.Item{Where: "document", Article: article}) {
				return
			}
		}
	}
	_, err := m.bench.Stage.Ingest(ctx, items, embed.IngestOptions{
		Corpus: akin.DefaultCorpus,
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
