// Package cache keeps vectors on disk, so that no text is paid for twice: not by a second run, nor by one that was killed, nor by two at once.
// It is never in the way: a folder that is full, damaged or not writable makes embedding slower, and no vector wrong.
package cache

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/akinserver/akin"
)

// Options of a cache. The zero value works.
type Options struct {
	Size    int64        // bytes of the whole folder, of all embedders; 0 means 4 GiB. Each process may go past it by what it is writing: a sixty-fourth, at most 1 GiB
	Queries int          // texts to find others by whose vectors are kept in memory; 0 means 1000
	Log     *slog.Logger // is told when the folder does not work; nobody by default
}

// MinSize is the least that Options.Size can be.
const MinSize = 16 << 20

// Cache is an embedder that asks another one only for what it does not have. Vectors of documents are on disk, those of queries in memory. It is safe for
// concurrent use, in this process and by others that have opened the same folder.
type Cache struct {
	embedder akin.Embedder
	folder   *folder
	queries  *recent
	cached   atomic.Int64

	mu      sync.Mutex
	flights map[flightKey]*flight
}

// Open keeps the embedder's vectors in a folder, in which those of other embedders may lie too. An error about an option is an *akin.InvalidError.
func Open(dir string, embedder akin.Embedder, opts Options) (*Cache, error) {
	opts.Size = cmp.Or(opts.Size, 4<<30)
	opts.Queries = cmp.Or(opts.Queries, 1000)
	switch {
	case opts.Size < MinSize:
		return nil, &akin.InvalidError{Field: "cache_size", Problem: fmt.Sprintf("%d bytes, at least %d", opts.Size, MinSize)}
	case opts.Queries < 0:
		return nil, &akin.InvalidError{Field: "queries", Problem: fmt.Sprintf("%d is negative", opts.Queries)}
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	f, err := openFolder(dir, embedder.Fingerprint(), embedder.Dimensions(), opts.Size, opts.Log)
	if err != nil {
		return nil, fmt.Errorf("open the cache of vectors in %s: %w", dir, err)
	}
	return &Cache{embedder: embedder, folder: f, queries: newRecent(opts.Queries), flights: map[flightKey]*flight{}}, nil
}

// Close closes the folder. No Embed may be under way.
func (c *Cache) Close() error { return c.folder.close() }

// Dir is where the vectors of this embedder lie.
func (c *Cache) Dir() string { return c.folder.dir }

// Fingerprint is the embedder's.
func (c *Cache) Fingerprint() string { return c.embedder.Fingerprint() }

// Dimensions are the embedder's.
func (c *Cache) Dimensions() int { return c.embedder.Dimensions() }

// Profile is the embedder's, with what the cache has saved it.
func (c *Cache) Profile() akin.Profile {
	p := akin.ProfileOf(c.embedder)
	p.Used.Cached += c.cached.Load()
	return p
}

// Kept tells which texts have a vector on disk. It reads their keys alone: one that is damaged shows when it is asked for.
func (c *Cache) Kept(texts []string) []bool {
	kept := make([]bool, len(texts))
	c.folder.refresh()
	for _, w := range distinct(texts) {
		for _, place := range w.places {
			kept[place] = c.folder.has(w.key)
		}
	}
	return kept
}

// Embed returns what it has, and has the rest embedded. Every vector is written before it is returned; texts that another call has under way are waited for.
// Errors are the embedder's.
func (c *Cache) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	return akin.CollectEach(len(texts), func(done func(int, []float32)) error { return c.EmbedEach(ctx, purpose, texts, done) })
}

// EmbedEach is Embed that hands out each vector as soon as it is written.
func (c *Cache) EmbedEach(ctx context.Context, purpose akin.Purpose, texts []string, done func(int, []float32)) error {
	call := &call{Cache: c, purpose: purpose, done: done}
	wanted := distinct(texts)
	for len(wanted) > 0 {
		wanted = call.look(wanted)
		mine, others, kept := call.claim(wanted)
		if err := call.embed(ctx, mine); err != nil {
			return err
		}
		again, err := call.await(ctx, others)
		if err != nil {
			return err
		}
		wanted = append(again, kept...)
	}
	return call.errors()
}

// Probe returns the vector that tells whether the embedder's model is still the one whose vectors lie here. A damaged one counts as none.
func (c *Cache) Probe(context.Context) ([]float32, error) { return c.folder.probe(), nil }

// KeepProbe writes that vector. That it could not is no reason not to embed.
func (c *Cache) KeepProbe(_ context.Context, vector []float32) error {
	if err := c.folder.keepProbe(vector); err != nil {
		c.folder.warn("write", err)
	}
	return nil
}
