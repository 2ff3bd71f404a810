package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/akinserver/akin/store/local/journal"
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
	// placed, if there is one, is told before show where alone's mutations lie.
	placed func([]journal.Location)
	err    error      // the committer's
	done   chan error // of size 1
}

const maxGroup = 256 // calls in one commit

func (db *DB) commitLoop() {
	defer close(db.committed)
	for {
		j, ok := db.nextJob()
		if !ok {
			return
		}
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

// nextJob waits for a job. While it waits, and once before each job, it gives back the room of what is there no more.
func (db *DB) nextJob() (j *job, ok bool) {
	for db.compact() {
		select {
		case j, ok = <-db.jobs:
			return j, ok
		default:
		}
	}
	j, ok = <-db.jobs
	return j, ok
}

// compact does one step towards giving back room, where it is worth its while, and tells whether there was one to do.
func (db *DB) compact() bool {
	if !db.compacting && !db.storage.Wants() {
		return false
	}
	byID := maps.Clone(db.unfinished)
	for _, c := range db.catalog().collections {
		byID[c.id] = c
	}
	type move struct {
		c    *collection
		slot uint32
		to   journal.Location
	}
	var moves []move
	// What is moved is shown when all of a step is done, under one lock: the pin keeps the old places readable until then.
	pin := db.storage.Pin()
	defer pin.Unpin()
	done, err := db.storage.Compact(func(bucket uint64, key []byte, at journal.Location) bool {
		if !isPoint(bucket, key) {
			return db.places[bucket][string(key)] == at
		}
		_, ok := byID[bucket].lies(key, at)
		return ok
	}, func(bucket uint64, key []byte, from, to journal.Location) {
		if !isPoint(bucket, key) {
			db.places.set(bucket, string(key), to)
		} else if slot, ok := byID[bucket].lies(key, from); ok {
			moves = append(moves, move{byID[bucket], slot, to})
		}
	})
	for len(moves) > 0 {
		c, n := moves[0].c, 1
		for n < len(moves) && moves[n].c == c {
			n++
		}
		if fault := db.shown(c, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, m := range moves[:n] {
				c.move(m.slot, m.to, db.storage.Read(m.to))
			}
		}); err == nil {
			err = fault
		}
		moves = moves[n:]
	}
	db.compacting = err == nil && !done
	if err != nil {
		// Nothing is lost, and the next write tries again.
		db.log.Warn("room that deleted points take could not be given back", slog.String("store", db.dir), slog.Any("error", err))
		return false
	}
	return true
}

// lies tells whether a point is stored at a location, and its slot.
func (c *collection) lies(key []byte, at journal.Location) (slot uint32, ok bool) {
	id, err := parseKey(key)
	if c == nil || err != nil {
		return 0, false
	}
	slot, ok = c.find(id)
	return slot, ok && c.points[slot].at == at
}

func (db *DB) commitAlone(j *job) error {
	if c := j.collection; c != nil && c.fault != nil {
		return c.fault
	}
	var store []mutation
	var show func()
	err := db.planned(func() (err error) {
		store, show, err = j.alone()
		return err
	})
	if err != nil {
		return err
	}
	at, err := db.store(store)
	if err != nil {
		return err
	}
	return db.shown(j.collection, func() {
		if j.placed != nil {
			j.placed(at)
		}
		show()
	})
}

// planned plans a write. A panic in it is its error: nothing has been changed yet.
func (db *DB) planned(plan func() error) error { return db.caught("plan a write", plan) }

func (db *DB) commitGroup(group []*job) {
	drafts := map[*collection]*draft{}
	var planned []*job
	for _, j := range group {
		if db.catalog().collections[j.collection.name] != j.collection {
			j.done <- noCollection(j.collection.name)
			continue
		}
		if j.collection.fault != nil {
			j.done <- j.collection.fault
			continue
		}
		d := drafts[j.collection]
		if d == nil {
			d = newDraft(j.collection)
			drafts[j.collection] = d
		}
		call := d.child()
		j.err = db.planned(func() error { return j.points(call) })
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
	err := db.commit(drafts)
	for _, j := range planned {
		switch d := drafts[j.collection]; {
		case err != nil:
			j.err = err
		case d.fault != nil:
			j.err = d.fault
		}
		j.done <- j.err
	}
}

// commit stores what all of the drafts change, or nothing, and shows it.
func (db *DB) commit(drafts map[*collection]*draft) error {
	var store []mutation
	err := db.planned(func() (err error) {
		for _, d := range drafts {
			if store, err = d.mutations(store); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	at, err := db.store(store)
	if err != nil {
		return err
	}
	for c, d := range drafts {
		d.fault = db.shown(c, func() { d.show(db.storage, at) })
	}
	return nil
}

// store makes all of the mutations or none, and returns where they lie. When it returns nil they are on the disk.
func (db *DB) store(list []mutation) ([]journal.Location, error) {
	if len(list) == 0 {
		return nil, nil
	}
	batch := make([]journal.Mutation, len(list))
	for i, m := range list {
		batch[i] = m.entry()
	}
	at, err := db.storage.Commit(batch)
	switch {
	case err == nil:
		for i, m := range list {
			db.note(m, at[i])
		}
		return at, nil
	case errors.Is(err, ErrCorrupt): // somebody else has cut the file
		return nil, unreadable{fmt.Errorf("write to store %s: %w", db.dir, err)}
	case isFull(err):
		return nil, status.Errorf(codes.ResourceExhausted, "Service internal error: no room left on the disk of %s: %v", db.dir, err)
	}
	return nil, status.Errorf(codes.Internal, "Service internal error: write to %s: %v", db.dir, err)
}

// note keeps the account of where things lie that are no points, and of dropped buckets.
func (db *DB) note(m mutation, at journal.Location) {
	if m.key == nil {
		for _, old := range db.places[m.bucket] {
			db.storage.Release(old)
		}
		delete(db.places, m.bucket)
		if c := db.byID(m.bucket); c != nil {
			c.eachPlace(db.storage.Release)
		}
		return
	}
	if isPoint(m.bucket, m.key) {
		return
	}
	var old journal.Location
	if m.value == nil {
		old = db.places.remove(m.bucket, string(m.key))
	} else {
		old = db.places.set(m.bucket, string(m.key), at)
	}
	if old != 0 {
		db.storage.Release(old)
	}
}

// byID returns the collection that a bucket is of, or nil.
func (db *DB) byID(bucket uint64) *collection {
	for _, c := range db.catalog().collections {
		if c.id == bucket {
			return c
		}
	}
	return db.unfinished[bucket]
}

// soon is how long a caller that does not wait is held back: mostly a write is shown by then, as it is by a Qdrant that is not busy, and what
// the same caller reads next has it.
const soon = 25 * time.Millisecond

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
		shown := make(chan struct{})
		go func() {
			defer close(shown)
			if err := <-j.done; err != nil {
				db.log.Warn("a write that nobody waits for failed", slog.String("collection", j.collection.name), slog.Any("error", err))
			}
		}()
		late := time.NewTimer(soon)
		defer late.Stop()
		select {
		case <-shown:
		case <-late.C:
		}
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
	fault      error           // why what was stored could not be shown; set by commit
	ghosts     []*record       // set by mutations
	sweep      bool            // set by mutations
	stored     map[pointID]int // set by mutations: their places in the list
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
	d.stored = make(map[pointID]int, len(d.changed))
	// In the order of the ids, so that points that are asked for together lie together.
	for _, id := range slices.SortedFunc(maps.Keys(d.changed), pointID.compare) {
		r, m := d.changed[id], mutation{bucket: d.c.id, key: id.key()}
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
		d.stored[id] = len(list)
		list = append(list, m)
	}
	if d.c.tooManyGhosts(len(d.ghosts)) {
		d.sweep = true
		list = append(list, mutation{bucket: d.c.id | ghostBit})
	}
	return append(list, mutation{d.c.id, operationsKey, binary.AppendUvarint(nil, *d.operations)}), nil
}

// show makes the changes in memory, where readers see them.
func (d *draft) show(s storage, at []journal.Location) {
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
		var old journal.Location
		if r == nil {
			old = d.c.remove(id)
		} else {
			to := at[d.stored[id]]
			old = d.c.keep(id, to, s.Read(to))
		}
		if old != 0 {
			s.Release(old)
		}
	}
}
