package embed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
)

// Summary counts what became of the articles of one run.
type Summary struct {
	Written   int
	Unchanged int
	Refused   int
	Removed   int   // articles that no folder of IngestOptions.Prune holds any more
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
	Prune  []Scope       // what to remove from the store if it is no longer there; nothing by default
}

// Ingest puts all items into the store, and returns what became of them. An item that cannot be read, that repeats an id, or that is refused
// does not keep the others out.
//
// It fails when nothing more can be written (see Put); what was counted as written until then is stored, and the same run again goes on from there. Nothing is
// removed before all else is written; ErrNothingRead says that nothing was removed of a folder.
func (s *Stage) Ingest(ctx context.Context, items iter.Seq[Item], opts IngestOptions) (Summary, error) {
	run := newRun(s, opts)
	// Two, so that one batch is embedded while another is written.
	if err := run.all(ctx, items, 2, run.put); err != nil {
		return run.sum, err
	}
	err := run.prune(ctx)
	return run.sum, err
}

type run struct {
	stage *Stage
	opts  IngestOptions

	// Of the one who reads, and of prune after it.
	first map[string]string     // id -> where it was read
	files map[store.Origin]bool // that were read; false for one with a part that could not be
	read  map[string]int        // articles of each folder

	mu  sync.Mutex
	sum Summary
}

func newRun(s *Stage, opts IngestOptions) *run {
	opts.Corpus = cmp.Or(opts.Corpus, akin.DefaultCorpus)
	if opts.Batch <= 0 {
		opts.Batch = 64
	}
	return &run{stage: s, opts: opts, first: map[string]string{}, files: map[store.Origin]bool{}, read: map[string]int{}}
}

// all has workers handle the items in batches, while the next are read.
func (r *run) all(ctx context.Context, items iter.Seq[Item], workers int, handle func(context.Context, []Item) error) error {
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []Item)
	group.Go(func() error {
		defer close(batches)
		return r.sort(ctx, items, batches)
	})
	for range workers {
		group.Go(func() error {
			for batch := range batches {
				if err := handle(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// sort takes out what cannot be put, and sends the rest on in batches.
func (r *run) sort(ctx context.Context, items iter.Seq[Item], batches chan<- []Item) error {
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
		r.note(&item)
		id := item.Article.ID
		if where, ok := r.first[id]; ok && item.Err == nil {
			item.Err = &akin.InvalidError{Field: "id", Problem: fmt.Sprintf("%q was read before, from %s", id, where)}
		}
		if item.Err != nil {
			r.report(item, Result{ID: id, Outcome: Refused, Err: item.Err})
			continue
		}
		r.first[id] = item.Where
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
	articles, origins := split(batch)
	var results []Result
	err := retry(ctx, r.opts.Retry, func() (err error) {
		results, err = r.stage.put(ctx, r.opts.Corpus, articles, origins)
		return err
	})
	if err != nil {
		return err
	}
	for i, result := range results {
		r.report(batch[i], result)
	}
	return nil
}

func split(batch []Item) ([]akin.Article, []store.Origin) {
	articles, origins := make([]akin.Article, len(batch)), make([]store.Origin, len(batch))
	for i, item := range batch {
		articles[i], origins[i] = item.Article, item.Origin
	}
	return articles, origins
}

// retry does work again while the store or the embedder does not answer, and waits longer from try to try, up to a few seconds.
func retry(ctx context.Context, patience time.Duration, work func() error) error {
	began := time.Now()
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := work()
		if !errors.Is(err, akin.ErrUnavailable) || time.Since(began)+wait > patience {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
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
