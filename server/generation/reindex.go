package generation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/server/query/compare"
	"github.com/akinserver/akin/store"
)

// ErrBusy says that a reindex is under way already.
var ErrBusy = errors.New("a reindex is under way already")

// ErrRefused says that the new embedder does not take some articles, which would be missing from the new generation.
var ErrRefused = errors.New("the embedder does not take some articles, and nothing was switched")

// Options of a reindex. The zero value works.
type Options struct {
	Batch          int           // articles put together; 64 by default
	Retry          time.Duration // how long to try again while the store or the embedder does not answer; not at all by default
	Sample         int           // articles whose neighbours are compared before the switch; 0 compares none
	KeepLive       bool          // make the new generation, and leave the live one where it is
	WithoutRefused bool          // switch though some articles are refused
	Report         func(Event)   // is told what happens, one call at a time, and must not write to the live generation; nobody by default
}

// Event is something that happened in a reindex; one of its fields is set.
type Event struct {
	Progress *Progress
	Refused  *Refusal
	Compared *compare.Report
	Switched *Switched
}

// Progress tells how far a pass over the articles is. The first pass is over all; those after it, over what changed meanwhile.
type Progress struct{ Pass, Done, All int }

// Refusal is an article that the new embedder does not take.
type Refusal struct {
	Corpus, ID string
	Err        error
}

// Switched names the generation that was live and the one that is.
type Switched struct {
	Before, After string
	Articles      int           // that were copied while writers waited
	Held          time.Duration // how long writers waited
}

const (
	fewChanges = 16 // are copied while writers wait; as long as there are more, they are copied before
	mostPasses = 20 // after which writers wait however many there are
)

// Reindex fills a generation that open gives, with a store from store.Next, from the articles of the live one, which goes on answering and taking articles, and puts it in its place. It returns when that is done. When it
// is interrupted, the same call again goes on from there: what was embedded is in the store.
//
// Errors: ErrBusy, ErrRefused; else the store's and the embedder's.
func (l *Live) Reindex(ctx context.Context, open func(context.Context) (*Generation, error), opts Options) (err error) {
	if !l.reindexes.TryLock() {
		return ErrBusy
	}
	defer l.reindexes.Unlock()
	if opts.Report == nil {
		opts.Report = func(Event) {}
	}
	next, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if l.Now() != next && next.Close != nil {
			err = errors.Join(err, next.Close())
		}
	}()
	old := l.Now()
	pass := 0
	copier := embed.NewCopy(old.Store, next.Stage, embed.CopyOptions{Batch: opts.Batch, Retry: opts.Retry, Report: func(done, all int) {
		opts.Report(Event{Progress: &Progress{pass, done, all}})
	}})
	for changed := fewChanges + 1; changed > fewChanges && pass < mostPasses; {
		pass++
		if changed, err = copier.Pass(ctx); err != nil {
			return fmt.Errorf("reindex into %s: %w", next.Store.Name(), err)
		}
	}
	if err := copier.Sweep(ctx); err != nil {
		return fmt.Errorf("reindex into %s: %w", next.Store.Name(), err)
	}
	reported := map[store.Place]error{}
	if err := opts.mayGoOn(copier.Refused(), reported); err != nil {
		return err
	}
	if opts.Sample > 0 {
		report, err := compare.Engines(ctx, old.Engine, next.Engine, sample(copier, opts.Sample))
		if err != nil {
			return fmt.Errorf("compare %s with %s: %w", old.Store.Name(), next.Store.Name(), err)
		}
		opts.Report(Event{Compared: &report})
	}
	if opts.KeepLive {
		return nil
	}
	switched := Switched{Before: old.Store.Name(), After: next.Store.Name()}
	var began time.Time
	err = l.replace(ctx, next, func(ctx context.Context) (err error) {
		began = time.Now()
		pass++
		if switched.Articles, err = copier.Pass(ctx); err != nil {
			return fmt.Errorf("reindex into %s: %w", next.Store.Name(), err)
		}
		if err := opts.mayGoOn(copier.Refused(), reported); err != nil {
			return err
		}
		return old.Store.Switch(ctx, next.Store)
	})
	if err != nil {
		return err
	}
	switched.Held = time.Since(began)
	opts.Report(Event{Switched: &switched})
	// Another process may have been writing into the old generation while the aliases moved; from now on it is refused.
	pass++
	if _, err := copier.Pass(ctx); err != nil {
		return fmt.Errorf("generation %s is live; bring over what was written in the last moment: %w", next.Store.Name(), err)
	}
	return nil
}

// mayGoOn reports what the embedder refused, each article once, and whether the rest may go on without it.
func (o Options) mayGoOn(refused, reported map[store.Place]error) error {
	inOrder := func(a, b store.Place) int { return cmp.Or(cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.ID, b.ID)) }
	for _, p := range slices.SortedFunc(maps.Keys(refused), inOrder) {
		if reported[p] == nil {
			reported[p] = refused[p]
			o.Report(Event{Refused: &Refusal{p.Corpus, p.ID, refused[p]}})
		}
	}
	if len(refused) > 0 && !o.WithoutRefused {
		return fmt.Errorf("%d articles: %w", len(refused), ErrRefused)
	}
	return nil
}

func sample(copier *embed.Copy, n int) []compare.Seed {
	var seeds []compare.Seed
	for _, p := range copier.Articles(n) {
		seeds = append(seeds, compare.Seed{Corpus: p.Corpus, ID: p.ID})
	}
	return seeds
}
