package eval

import (
	"context"
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
