package embed

import (
	"context"
	"iter"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
)

// Plan is what a run would do.
type Plan struct {
	New, Changed, Unchanged int // articles
	Refused                 int // of those, and of what cannot be read; an embedder may refuse more
	Removed                 int
	Skipped                 int

	// Of the articles that can be stored.
	Articles, Paragraphs, Statements int

	Texts, Cached        int   // that would be embedded; and that the embedder has kept from before
	Tokens, CachedTokens int64 // of those, estimated (encoder.Tokens)
	AtMost               bool  // there were too many texts to remember each: some of Texts and Tokens may be kept by then
	Bytes                int64 // of the input
}

// PlanReport is told of every item that would be refused.
type PlanReport func(item Item, err error)

// Plan reads all items and tells what Ingest would do with them. It writes nothing, and has nothing embedded. Of opts, Report is of no account.
func (s *Stage) Plan(ctx context.Context, items iter.Seq[Item], opts IngestOptions, refused PlanReport) (Plan, error) {
	if refused == nil {
		refused = func(Item, error) {}
	}
	opts.Report = func(item Item, result Result, _ Summary) {
		if result.Outcome == Refused {
			refused(item, result.Err)
		}
	}
	p := planner{run: newRun(s, opts), asked: newSeen(mostSeen)}
	p.keeper, _ = s.embedder.(akin.Keeper)
	if err := p.run.all(ctx, items, 1, p.look); err != nil {
		return p.Plan, err
	}
	p.AtMost = p.asked.over
	p.Refused, p.Skipped, p.Bytes = p.run.sum.Refused, p.run.sum.Skipped, p.run.sum.Bytes
	for _, scope := range opts.Prune {
		err := p.run.goneFrom(ctx, scope, func(ids []string) error {
			p.Removed += len(ids)
			return nil
		})
		if err != nil {
			return p.Plan, err
		}
	}
	return p.Plan, nil
}

type planner struct {
	Plan
	run    *run
	keeper akin.Keeper // nil where nothing is kept
	asked  *seen       // texts that the keeper would have kept by then
}

// look plans for one batch, as Stage.put would handle it.
func (p *planner) look(ctx context.Context, batch []Item) error {
	articles, origins := split(batch)
	documents, results := p.run.stage.documents(articles, origins)
	var changed []*document
	var known map[string][]float32
	err := retry(ctx, p.run.opts.Retry, func() (err error) {
		if changed, _, err = p.run.stage.changed(ctx, p.run.opts.Corpus, documents); err == nil {
			known, err = p.run.stage.known(ctx, p.run.opts.Corpus, changed)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range documents {
		d.layOut()
		p.Articles++
		p.Paragraphs += len(d.Article.Paragraphs)
		p.Statements += len(d.Article.Statements)
	}
	for _, d := range changed {
		d.result.Outcome = Written
		if d.stored {
			p.Changed++
		} else {
			p.New++
		}
	}
	p.Unchanged += len(documents) - len(changed)
	texts, _ := unknown(known, changed)
	p.count(texts)
	for i, result := range results {
		p.run.report(batch[i], result)
	}
	return nil
}

func (p *planner) count(texts []string) {
	var kept []bool
	if p.keeper != nil {
		kept = p.keeper.Kept(texts)
	}
	for i, text := range texts {
		tokens := int64(encoder.Tokens(text))
		if kept != nil && (kept[i] || p.asked.before(text)) {
			p.Cached++
			p.CachedTokens += tokens
		} else {
			p.Texts++
			p.Tokens += tokens
		}
	}
}
