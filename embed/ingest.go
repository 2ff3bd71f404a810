package embed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/akinserver/akin"
)

// Summary counts what became of the articles of one run.
type Summary struct {
	Written   int
	Unchanged int
	Refused   int
	Skipped   int   // files and records that hold no articles: see ErrSkipped
	Bytes     int64 // of the input, read so far
}

// Report is told of every item as its fate is known, one call at a time, and of the counts up to then.
type Report func(item Item, result Result, sum Summary)

// IngestOptions of a run. The zero value works.
type IngestOptions struct {
	Corpus string        // akin.DefaultCorpus by default
	Batch  int           // articles put together; 64 by default
	Report Report        // nobody is told by default
	Retry  time.Duration // how long to try again while the store or the embedder does not answer; not at all by default
}

// Ingest puts all items into the store, and returns what became of them. An item that cannot be read, that repeats an id, or that is refused
// does not keep the others out.
//
// It fails when nothing more can be written (see Put); what was counted as written until then is stored, and the same run again goes on from there.
func (s *Stage) Ingest(ctx context.Context, items iter.Seq[Item], opts IngestOptions) (Summary, error) {
	if opts.Corpus == "" {
		opts.Corpus = akin.DefaultCorpus
	}
	if opts.Batch <= 0 {
		opts.Batch = 64
	}
	run := run{stage: s, opts: opts}
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []Item)
	group.Go(func() error {
		defer close(batches)
		return run.read(ctx, items, batches)
	})
	// Two, so that one batch is embedded while another is written.
	for range 2 {
		group.Go(func() error {
			for batch := range batches {
				if err := run.put(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return run.sum, err
}

type run struct {
	stage *Stage
	opts  IngestOptions

	mu  sync.Mutex
	sum Summary
}

// read sorts out what cannot be put, and sends the rest on in batches.
func (r *run) read(ctx context.Context, items iter.Seq[Item], batches chan<- []Item) error {
	first := map[string]string{}
	var batch []Item
	send := func() error {
		select {
		case batches <- batch:
			batch = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for item := range items {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		id := item.Article.ID
		if where, ok := first[id]; ok && item.Err == nil {
			item.Err = &akin.InvalidError{Field: "id", Problem: fmt.Sprintf("%q was read before, from %s", id, where)}
		}
		if item.Err != nil {
			r.report(item, Result{ID: id, Outcome: Refused, Err: item.Err})
			continue
		}
		first[id] = item.Where
		if batch = append(batch, item); len(batch) == r.opts.Batch {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(batch) > 0 {
		return send()
	}
	return nil
}

func (r *run) put(ctx context.Context, batch []Item) error {
	articles := make([]akin.Article, len(batch))
	for i, item := range batch {
		articles[i] = item.Article
	}
	results, err := r.retry(ctx, func() ([]Result, error) { return r.stage.Put(ctx, r.opts.Corpus, articles) })
	if err != nil {
		return err
	}
	for i, result := range results {
		r.report(batch[i], result)
	}
	return nil
}

// retry waits longer from try to try, up to a few seconds.
func (r *run) retry(ctx context.Context, put func() ([]Result, error)) ([]Result, error) {
	began := time.Now()
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		results, err := put()
		if !errors.Is(err, akin.ErrUnavailable) || time.Since(began)+wait > r.opts.Retry {
			return results, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (r *run) report(item Item, result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(result.Err, ErrSkipped):
		r.sum.Skipped++
	case result.Outcome == Written:
		r.sum.Written++
	case result.Outcome == Unchanged:
		r.sum.Unchanged++
	default:
		r.sum.Refused++
	}
	r.sum.Bytes = max(r.sum.Bytes, item.Bytes)
	if r.opts.Report != nil {
		r.opts.Report(item, result, r.sum)
	}
}
