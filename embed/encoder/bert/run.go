package bert

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// batchTokens is how many tokens are computed together, unless a single text has more: enough for the weights to be read once for many, few enough
// for the activations to stay in the cache.
const batchTokens = 512

// run computes the vectors of all parts, the longest first, so that no processor is left with a long one at the end.
func (m *Model) run(ctx context.Context, parts []part) error {
	order, tokens := make([]*part, len(parts)), 0
	for i := range parts {
		order[i] = &parts[i]
		tokens += len(parts[i].ids)
	}
	slices.SortStableFunc(order, func(a, b *part) int { return cmp.Compare(len(b.ids), len(a.ids)) })
	threads := cap(m.workspaces)
	limit := min(batchTokens, (tokens+threads-1)/threads) // few texts are shared out, too
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(threads)
	for len(order) > 0 && within.Err() == nil {
		n, size := 0, 0
		for n < len(order) && (n == 0 || size+len(order[n].ids) <= limit) {
			size += len(order[n].ids)
			n++
		}
		batch := order[:n]
		order = order[n:]
		group.Go(func() error { return m.compute(within, batch) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// compute computes the vectors of one batch, once there is a workspace for it.
func (m *Model) compute(ctx context.Context, batch []*part) error {
	var w *workspace
	select {
	case w = <-m.workspaces:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if w == nil {
		w = newWorkspace(&m.config, max(batchTokens, m.window), m.window)
	}
	defer func() { m.workspaces <- w }()
	if err := m.forward(ctx, w, batch); err != nil {
		return err
	}
	m.pool(w, batch)
	return nil
}
