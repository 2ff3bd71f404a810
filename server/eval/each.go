package eval

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// each does n things, as many at a time as there are workers, and tells how far it is.
func (m *measurement) each(ctx context.Context, doing string, n int, do func(ctx context.Context, i int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(m.options.Workers)
	var mu sync.Mutex
	done := 0
	for i := range n {
		if within.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := do(within, i); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			m.options.Progress(doing, done, n)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// draw takes n at random, in their order; 0 takes all.
func draw[T any](all []T, n int, seed uint64) []T {
	if n <= 0 || n >= len(all) {
		return all
	}
	places := rand.New(rand.NewPCG(seed, uint64(len(all)))).Perm(len(all))[:n]
	slices.Sort(places)
	out := make([]T, n)
	for i, place := range places {
		out[i] = all[place]
	}
	return out
}
