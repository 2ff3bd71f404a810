package embed

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
)

// CopyOptions of a copy. The zero value works.
type CopyOptions struct {
	Batch  int                   // articles put together; 64 by default
	Retry  time.Duration         // how long to try again while the store or the embedder does not answer; not at all by default
	Report func(copied, all int) // is told how many articles of a pass are done, one call at a time; nobody by default
}

// Copy brings the articles of one generation into another, pass by pass, while the first goes on changing: each pass brings what changed since the one before. It
// needs no memory of its own: a copy that was killed is begun again, and what is there already is left alone. It is for one caller at a time.
type Copy struct {
	from *store.Store
	to   *Stage
	opts CopyOptions

	seen map[article]string // revisions in from, as the last pass found them

	mu      sync.Mutex
	refused map[article]error
}

type article struct{ corpus, id string }

// NewCopy copies from a store to the one of a stage.
func NewCopy(from *store.Store, to *Stage, opts CopyOptions) *Copy {
	if opts.Batch <= 0 {
		opts.Batch = 64
	}
	if opts.Report == nil {
		opts.Report = func(int, int) {}
	}
	return &Copy{from: from, to: to, opts: opts, seen: map[article]string{}, refused: map[article]error{}}
}

// Pass copies what is new or changed since the last pass, deletes what was deleted since, and returns how many articles that were.
func (c *Copy) Pass(ctx context.Context) (int, error) {
	now := make(map[article]string, len(c.seen))
	changed := map[string][]string{}
	err := c.from.Places(ctx, func(page []store.Place) error {
		for _, p := range page {
			a := article{p.Corpus, p.ID}
			now[a] = p.Revision
			if before, ok := c.seen[a]; !ok || before != p.Revision {
				changed[p.Corpus] = append(changed[p.Corpus], p.ID)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	deleted := map[string][]string{}
	for a := range c.seen {
		if _, ok := now[a]; !ok {
			deleted[a.corpus] = append(deleted[a.corpus], a.id)
		}
	}
	if err := c.copy(ctx, changed); err != nil {
		return 0, err
	}
	if err := c.delete(ctx, deleted); err != nil {
		return 0, err
	}
	c.seen = now
	return count(changed) + count(deleted), nil
}

// Sweep deletes from the target what the source did not hold in the last pass: left by a copy that was killed, or by a generation of old.
func (c *Copy) Sweep(ctx context.Context) error {
	stale := map[string][]string{}
	err := c.to.store.Places(ctx, func(page []store.Place) error {
		for _, p := range page {
			if _, ok := c.seen[article{p.Corpus, p.ID}]; !ok {
				stale[p.Corpus] = append(stale[p.Corpus], p.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.delete(ctx, stale)
}

// Articles returns up to n articles of the last pass, the same ones for the same articles, from all over the corpora.
func (c *Copy) Articles(n int) []store.Place {
	places := make([]store.Place, 0, len(c.seen))
	for a, revision := range c.seen {
		places = append(places, store.Place{Corpus: a.corpus, ID: a.id, Revision: revision})
	}
	// By revision, which is a digest, so that neighbours in an archive are as likely as any two.
	slices.SortFunc(places, func(a, b store.Place) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.ID, b.ID))
	})
	return places[:min(n, len(places))]
}

// Refused are the articles that cannot be in the target, by corpus and id, with the reason.
func (c *Copy) Refused() map[store.Place]error {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[store.Place]error, len(c.refused))
	for a, err := range c.refused {
		out[store.Place{Corpus: a.corpus, ID: a.id}] = err
	}
	return out
}

func count(ids map[string][]string) int {
	n := 0
	for _, list := range ids {
		n += len(list)
	}
	return n
}

// copy copies articles by corpus and id, two batches at a time, so that one is embedded while another is read or written.
func (c *Copy) copy(ctx context.Context, ids map[string][]string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	done, all := 0, count(ids)
	for _, corpus := range slices.Sorted(maps.Keys(ids)) {
		for part := range slices.Chunk(ids[corpus], c.opts.Batch) {
			if ctx.Err() != nil {
				break
			}
			group.Go(func() error {
				if err := retry(ctx, c.opts.Retry, func() error { return c.batch(ctx, corpus, part) }); err != nil {
					return err
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				done += len(part)
				c.opts.Report(done, all)
				return nil
			})
		}
	}
	return group.Wait()
}

func (c *Copy) batch(ctx context.Context, corpus string, ids []string) error {
	stored, err := c.from.Articles(ctx, corpus, ids, store.Read{Text: true})
	if err != nil {
		return err
	}
	var articles []akin.Article
	var origins []store.Origin
	for _, id := range ids {
		if s, ok := stored[id]; ok { // or it was deleted meanwhile, and the next pass sees that
			articles, origins = append(articles, s.Article), append(origins, s.Origin)
		}
	}
	results, err := c.to.put(ctx, corpus, articles, origins)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range results {
		a := article{corpus, r.ID}
		delete(c.refused, a)
		if r.Outcome == Refused {
			c.refused[a] = r.Err
		}
	}
	return nil
}

func (c *Copy) delete(ctx context.Context, ids map[string][]string) error {
	for corpus, list := range ids {
		for part := range slices.Chunk(list, c.opts.Batch) {
			err := retry(ctx, c.opts.Retry, func() error {
				_, _, err := c.to.Delete(ctx, corpus, part)
				return err
			})
			if err != nil {
				return err
			}
		}
		c.mu.Lock()
		for _, id := range list {
			delete(c.refused, article{corpus, id})
		}
		c.mu.Unlock()
	}
	return nil
}
