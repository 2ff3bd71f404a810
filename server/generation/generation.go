// Package generation holds what answers calls, and puts another generation in its place while calls go on.
// A call takes the generation once and keeps it to its end: its texts are embedded, searched and shown by one embedder's vectors,
// whatever becomes live meanwhile.
package generation

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
)

// Generation is a store with the stage and the engine that work on it.
type Generation struct {
	Store  *store.Store
	Stage  *embed.Stage
	Engine *query.Engine
	Close  func() error // gives back what it was opened with; nil for nothing. A generation that was live is never closed: calls may be under way in it
}

// Of joins a store with the embedder of its vectors.
func Of(st *store.Store, embedder akin.Embedder) *Generation {
	stage := embed.New(st, embedder)
	return &Generation{Store: st, Stage: stage, Engine: query.New(st, embedder, query.Options{Pending: stage.Pending})}
}

// Live is the generation that answers. It is safe for concurrent use.
type Live struct {
	now       atomic.Pointer[Generation]
	writes    sync.RWMutex // held to read by who writes, and to write by who switches
	reindexes sync.Mutex   // held by the one reindex that may be under way
}

// NewLive begins with a generation.
func NewLive(g *Generation) *Live {
	l := &Live{}
	l.now.Store(g)
	return l
}

// Now is the generation that answers at this moment. A call takes it once.
func (l *Live) Now() *Generation { return l.now.Load() }

// Write runs work that writes to the live generation. It waits while another generation takes its place, so that nothing goes into one that nobody asks any more.
func (l *Live) Write(work func(*Generation) error) error {
	l.writes.RLock()
	defer l.writes.RUnlock()
	return work(l.Now())
}

// Drop deletes a generation that is not live. Errors: ErrBusy, since a reindex may be filling it; else those of store.Drop.
func (l *Live) Drop(ctx context.Context, name string) error {
	if !l.reindexes.TryLock() {
		return ErrBusy
	}
	defer l.reindexes.Unlock()
	return l.Now().Store.Drop(ctx, name)
}

// replace runs work while nothing is written, and makes a generation the live one if it succeeds.
func (l *Live) replace(ctx context.Context, next *Generation, work func(context.Context) error) error {
	l.writes.Lock()
	defer l.writes.Unlock()
	if err := work(ctx); err != nil {
		return err
	}
	l.now.Store(next)
	return nil
}
