package local

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"runtime/debug"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// One goroutine, the committer, makes every write: it plans the calls that wait, stores what they change in one commit,
// and only then shows it to readers. So a call is applied as a whole or not at all, many calls share the cost of one
// disk flush, and a reader never sees what could still be lost.

// job is one call that writes.
type job struct {
	// points plans a change of the points of one collection. What it did to the draft is dropped when it fails.
	collection *collection
	points     func(*draft) error
	// alone plans anything else: it returns what to store and how to show it.
	alone func() (store []mutation, show func(), err error)
	err   error      // the committer's
	done  chan error // of size 1
}

const maxGroup = 256 // calls in one commit

func (db *DB) commitLoop() {
	defer close(db.committed)
	for j := range db.jobs {
		if j.alone != nil {
			j.done <- db.commitAlone(j)
			continue
		}
		group, next := []*job{j}, (*job)(nil)
	gather:
		for len(group) < maxGroup {
			select {
			case more, ok := <-db.jobs:
				if !ok {
					break gather
				}
				if more.alone != nil {
					next = more
					break gather
				}
				group = append(group, more)
			default:
				break gather
			}
		}
		db.commitGroup(group)
		if next != nil {
			next.done <- db.commitAlone(next)
		}
	}
}

func (db *DB) commitAlone(j *job) error {
	var store []mutation
	var show func()
	err := db.safely(func() (err error) {
		store, show, err = j.alone()
		return err
	})
	if err != nil {
		return err
	}
	if err := db.store(store); err != nil {
		return err
	}
	show()
	return nil
}

// safely keeps a fault in the planning of one call from ending the process: nothing has been changed yet.
func (db *DB) safely(plan func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			db.log.Error("a write panicked", "panic", p, "stack", string(debug.Stack()))
			err = status.Errorf(codes.Internal, "Service internal error: %v", p)
		}
	}()
	return plan()
}

func (db *DB) commitGroup(group []*job) {
	drafts := map[*collection]*draft{}
	var planned []*job
	for _, j := range group {
		if db.catalog().collections[j.collection.name] != j.collection {
			j.done <- noCollection(j.collection.name)
			continue
		}
		d := drafts[j.collection]
		if d == nil {
			d = newDraft(j.collection)
			drafts[j.collection] = d
		}
		call := d.child()
		j.err = db.safely(func() error { return j.points(call) })
		var applied appliedError
		if errors.As(j.err, &applied) {
			j.err = applied.error
		} else if j.err != nil {
			j.done <- j.err
			continue
		}
		d.merge(call)
		planned = append(planned, j)
	}
	var store []mutation
	var err error
	for _, d := range drafts {
		if store, err = d.mutations(store); err != nil {
			break
		}
	}
	if err == nil {
		err = db.store(store)
	}
	if err == nil {
		for _, d := range drafts {
			d.show()
		}
	}
	for _, j := range planned {
		if err != nil {
			j.err = err
		}
		j.done <- j.err
	}
}

func (db *DB) store(list []mutation) error {
	if len(list) == 0 {
		return nil
	}
	err := db.storage.commit(list)
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return status.Errorf(codes.ResourceExhausted, "Service internal error: no room left on the disk of %s: %v", db.dir, err)
	}
	return status.Errorf(codes.Internal, "Service internal error: write to %s: %v", db.dir, err)
}

// submit hands a job to the committer. With wait it returns what came of it; without, only a log tells of an error.
func (db *DB) submit(ctx context.Context, j *job, wait bool) error {
	j.done = make(chan error, 1)
	db.closing.RLock()
	if db.closed {
		db.closing.RUnlock()
		return errClosed
	}
	db.senders.Add(1)
	db.closing.RUnlock()
	defer db.senders.Done()
	select {
	case db.jobs <- j:
	case <-ctx.Done():
		return contextError(ctx)
	}
	if !wait {
		go func() {
			if err := <-j.done; err != nil {
				db.log.Warn("a write that nobody waits for failed", slog.String("collection", j.collection.name), slog.Any("error", err))
			}
		}()
		return nil
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return contextError(ctx)
	}
}

var errClosed = status.Error(codes.Unavailable, "the store is closed")

func contextError(ctx context.Context) error { return contextStatus(ctx.Err()) }

func contextStatus(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return status.Error(codes.DeadlineExceeded, "Timeout error: the call took longer than its timeout")
	}
	return status.FromContextError(err).Err()
}

// draft is what calls are about to do to a collection, over what it holds.
type draft struct {
	c          *collection
	parent     *draft
	changed    map[pointID]*record // nil: removed
	operations *uint64
	ghosts     []*record // set by mutations
	sweep      bool      // set by mutations
}

func newDraft(c *collection) *draft {
	n := c.operations
	return &draft{c: c, changed: map[pointID]*record{}, operations: &n}
}

func (d *draft) child() *draft {
	return &draft{c: d.c, parent: d, changed: map[pointID]*record{}, operations: d.operations}
}

func (d *draft) merge(child *draft) { maps.Copy(d.changed, child.changed) }

// next numbers one operation; a failed one uses up its number.
func (d *draft) next() uint64 {
	*d.operations++
	return *d.operations
}

// get returns a point as it will be, or nil. Records are never changed, but replaced.
func (d *draft) get(id pointID) *record {
	for l := d; l != nil; l = l.parent {
		if r, ok := l.changed[id]; ok {
			return r
		}
	}
	return d.c.record(id)
}

func (d *draft) put(r *record)     { d.changed[r.id] = r }
func (d *draft) remove(id pointID) { d.changed[id] = nil }

// matching returns the ids of the points, as they will be, that a condition holds for.
func (d *draft) matching(ctx context.Context, filter condition) ([]pointID, error) {
	pending := map[pointID]*record{}
	for l := d; l != nil; l = l.parent {
		for id, r := range l.changed {
			if !has(pending, id) {
				pending[id] = r
			}
		}
	}
	var ids []pointID
	err := d.c.each(ctx, filter, func(slot uint32) bool {
		if id := d.c.points[slot].id; !has(pending, id) {
			ids = append(ids, id)
		}
		return true
	})
	for id, r := range pending {
		if r != nil && filter.check(r.subject()) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

func has[K comparable, V any](m map[K]V, k K) bool { _, ok := m[k]; return ok }

// operationsKey is where a collection's bucket keeps the number of its last operation. No point has such a key.
var operationsKey = []byte{0xff}

// mutations appends what is to be stored.
func (d *draft) mutations(list []mutation) ([]mutation, error) {
	if len(d.changed) == 0 {
		return list, nil
	}
	for id, r := range d.changed {
		m := mutation{bucket: d.c.id, key: id.key()}
		if r != nil {
			var err error
			if m.value, err = encodeRecord(r); err != nil {
				return nil, err
			}
		} else if g := d.c.ghost(id); g != nil {
			value, err := encodeRecord(g)
			if err != nil {
				return nil, err
			}
			d.ghosts = append(d.ghosts, g)
			list = append(list, mutation{d.c.id | ghostBit, ghostKey(g), value})
		}
		list = append(list, m)
	}
	if d.c.tooManyGhosts(len(d.ghosts)) {
		d.sweep = true
		list = append(list, mutation{bucket: d.c.id | ghostBit})
	}
	return append(list, mutation{d.c.id, operationsKey, binary.AppendUvarint(nil, *d.operations)}), nil
}

// show makes the changes in memory, where readers see them.
func (d *draft) show() {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	d.c.operations = *d.operations
	for _, g := range d.ghosts {
		d.c.haunt(g)
	}
	if d.sweep {
		d.c.sweep()
	}
	for id, r := range d.changed {
		if r == nil {
			d.c.remove(id)
		} else {
			d.c.put(r)
		}
	}
}
