package local

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/akinserver/akin/store/local/journal"
)

// A snapshot is a line that names its form, entries, and a checksum (CRC-32C) of all before it. An entry is its kind and
// two byte strings, each after its length: of a collection the name and the description; of a point, or of a ghost, of the
// collection before it the key and the record; of an alias its name and that of its collection.

const (
	snapshotHeader = "akin-snapshot 1\n"

	entryEnd        = 0
	entryCollection = 1
	entryPoint      = 2
	entryAlias      = 3

	maxEntry = 1 << 30 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// summed passes bytes on and sums them up.
type summed struct {
	to  *bufio.Writer
	sum uint32
	err error
}

func (s *summed) write(b []byte) {
	if s.err == nil {
		s.sum = crc32.Update(s.sum, castagnoli, b)
		_, s.err = s.to.Write(b)
	}
}

func (s *summed) entry(kind byte, a, b []byte) {
	s.write(binary.AppendUvarint([]byte{kind}, uint64(len(a))))
	s.write(a)
	s.write(binary.AppendUvarint(nil, uint64(len(b))))
	s.write(b)
}

// writeSnapshot writes collections, as they all are at one moment, and aliases. The caller holds a pin for as long as it
// takes, and nobody waits: what a point was stays where it was written.
func writeSnapshot(ctx context.Context, w io.Writer, collections []*collection, aliases map[string]string) error {
	moments, err := momentsOf(collections)
	if err != nil {
		return err
	}
	s := &summed{to: bufio.NewWriterSize(w, 1<<20)}
	s.write([]byte(snapshotHeader))
	for _, m := range moments {
		if err := m.write(ctx, s); err != nil {
			return err
		}
	}
	for _, alias := range sortedKeys(aliases) {
		s.entry(entryAlias, []byte(alias), []byte(aliases[alias]))
	}
	s.write([]byte{entryEnd})
	s.write(binary.LittleEndian.AppendUint32(nil, s.sum))
	if s.err != nil {
		return s.err
	}
	return s.to.Flush()
}

// moment is what a collection was at one moment. Its points are never changed, but replaced.
type moment struct {
	name      string
	described []byte
	points    []stored // in the order of their ids
}

// stored is where the value of a point begins.
type stored struct {
	id    pointID
	first *byte
}

// momentsOf holds up writers only while it notes where the points lie: 24 bytes of each.
func momentsOf(collections []*collection) ([]moment, error) {
	for _, c := range collections {
		c.mu.RLock()
		defer c.mu.RUnlock()
	}
	moments := make([]moment, len(collections))
	for i, c := range collections {
		if c.fault != nil {
			return nil, c.fault
		}
		described, err := encodeCollection(c.id, c.config, c.schema)
		if err != nil {
			return nil, err
		}
		points := make([]stored, 0, c.size)
		c.order.all(func(slot uint32) bool {
			points = append(points, stored{c.points[slot].id, c.points[slot].first})
			return true
		})
		moments[i] = moment{c.name, described, points}
	}
	return moments, nil
}

func (m *moment) write(ctx context.Context, s *summed) error {
	s.entry(entryCollection, []byte(m.name), m.described)
	for n, p := range m.points {
		if n%checkEvery == 0 {
			if err := cancelled(ctx); err != nil {
				return err
			}
		}
		if s.entry(entryPoint, p.id.key(), valueAt(p.first)); s.err != nil {
			return s.err
		}
	}
	return nil
}

// Restore brings back the collections of a snapshot, in the place of any that have their names now, and its aliases.
// It changes nothing unless the snapshot is whole. Of a damaged one the error is ErrCorrupt.
//
// The snapshot is read once, and written to the store piece by piece, under new numbers that nobody sees until all is there:
// the heap holds what it needs to find the points, and calls go on meanwhile. What a restore that was interrupted has written
// is removed at its end, or when the store is opened again.
func (db *DB) Restore(ctx context.Context, r io.Reader) error {
	in := &restoring{db: db, ctx: ctx, aliases: map[string]string{}}
	err := readSnapshot(r, in.add)
	if err == nil {
		err = in.finish()
	}
	if err != nil {
		return fmt.Errorf("restore a snapshot: %w", errors.Join(err, in.abandon()))
	}
	return nil
}

// restoring is a restore under way.
type restoring struct {
	db          *DB
	ctx         context.Context
	collections []*collection // that are begun; the last takes the points that come
	aliases     map[string]string
	waiting     []mutation // points that are not written yet
	bytes       int        // of them
}

const restoredAtOnce = 4 << 20 // bytes of points in one commit

// add takes an entry of the snapshot.
func (in *restoring) add(kind byte, a, b []byte) error {
	switch kind {
	case entryAlias:
		in.aliases[string(a)] = string(b)
		return nil
	case entryCollection:
		return in.begin(string(a), b)
	case entryPoint:
		return in.point(a, b)
	}
	return fmt.Errorf("%w: an entry of the unknown kind %d", ErrCorrupt, kind)
}

// begin makes a collection that nobody sees. A mark of its number is stored, by which it is found if it is never finished.
func (in *restoring) begin(name string, description []byte) error {
	if err := in.flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(in.collections, func(c *collection) bool { return c.name == name }) {
		return fmt.Errorf("%w: it has the collection %s twice", ErrCorrupt, name)
	}
	c, err := decodeCollection(name, description)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	for _, d := range c.dense {
		d.deferCodes()
	}
	in.collections = append(in.collections, c) // also when ctx is done first, and what is begun has to be removed
	return in.db.submit(in.ctx, &job{alone: func() ([]mutation, func(), error) {
		c.id = in.db.nextID + 1
		store := []mutation{listed(unfinishedKey(c.id), []byte(name)), listed(nextKey, binary.AppendUvarint(nil, c.id))}
		return store, func() {
			in.db.nextID = c.id
			in.db.unfinished[c.id] = c
		}, nil
	}}, true)
}

func (in *restoring) point(key, value []byte) error {
	if len(in.collections) == 0 {
		return fmt.Errorf("%w: a point without a collection", ErrCorrupt)
	}
	c := in.collections[len(in.collections)-1]
	p, err := decodeRecord(key, value)
	if err == nil {
		if err = c.accepts(value); err != nil {
			err = fmt.Errorf("point %s: %w", p.id, err)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	in.waiting = append(in.waiting, mutation{c.id, key, value})
	if in.bytes += len(value); in.bytes < restoredAtOnce {
		return nil
	}
	return in.flush()
}

// flush stores the points that wait.
func (in *restoring) flush() error {
	if len(in.waiting) == 0 {
		return nil
	}
	c, points := in.collections[len(in.collections)-1], in.waiting
	in.waiting, in.bytes = nil, 0
	var at []journal.Location
	return in.db.submit(in.ctx, &job{
		collection: c,
		alone: func() ([]mutation, func(), error) {
			return points, func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				for i, m := range points {
					c.restore(m.key, at[i], in.db.storage)
				}
			}, nil
		},
		placed: func(locations []journal.Location) { at = locations },
	}, true)
}

// restore takes in a point that is stored. The caller holds mu.
func (c *collection) restore(key []byte, at journal.Location, s storage) {
	id, _ := parseKey(key) // it was read before
	v := value(s.Read(at))
	c.operations = max(c.operations, v.version())
	if old := c.keep(id, at, v); old != 0 {
		s.Release(old)
	}
}

// finish shows what was restored, all at once.
func (in *restoring) finish() error {
	if err := in.flush(); err != nil {
		return err
	}
	for _, c := range in.collections {
		if err := in.db.caught("code the vectors of a snapshot", func() error { return in.code(c) }); err != nil {
			return err
		}
	}
	return in.db.submit(in.ctx, &job{alone: in.plan}, true)
}

// code makes the codes of the vectors, of which a new collection has none.
func (in *restoring) code(c *collection) error {
	defer in.db.storage.Pin().Unpin()
	c.mu.Lock() // against the giving back of room, which moves points
	defer c.mu.Unlock()
	for _, d := range c.dense {
		if err := d.loadCodes(in.ctx, nil); err != nil {
			return contextStatus(err)
		}
	}
	return nil
}

// plan replaces the collections, and sets the aliases.
func (in *restoring) plan() ([]mutation, func(), error) {
	cat := in.db.catalog()
	next := cat.clone()
	var store []mutation
	for _, c := range in.collections {
		if has(cat.aliases, c.name) {
			return nil, nil, invalid("Wrong input: Can't create collection with name %s. Alias with the same name already exists", c.name)
		}
		if c.fault != nil {
			return nil, nil, c.fault
		}
		if old := cat.collections[c.name]; old != nil {
			store = append(store, mutation{bucket: old.id}, mutation{bucket: old.id | ghostBit})
		}
		described, err := encodeCollection(c.id, c.config, c.schema)
		if err != nil {
			return nil, nil, err
		}
		store = append(store, listed(collectionPrefix+c.name, described), listed(unfinishedKey(c.id), nil),
			mutation{c.id, operationsKey, binary.AppendUvarint(nil, c.operations)})
		next.collections[c.name] = c
	}
	for alias, target := range in.aliases {
		if has(next.collections, alias) || !has(next.collections, target) {
			return nil, nil, invalid("Wrong input: alias %s of the snapshot has no collection, or the name of one", alias)
		}
		store = append(store, listed(aliasPrefix+alias, []byte(target)))
	}
	maps.Copy(next.aliases, in.aliases)
	return store, func() {
		for _, c := range in.collections {
			delete(in.db.unfinished, c.id)
		}
		in.db.current.Store(next)
	}, nil
}

// abandon removes what was written of a snapshot that turned out not to be whole. Where that fails, the next Open does it.
func (in *restoring) abandon() error {
	if len(in.collections) == 0 {
		return nil
	}
	// Also when ctx is done, which may be why nothing comes of it.
	return in.db.submit(context.WithoutCancel(in.ctx), &job{alone: func() ([]mutation, func(), error) {
		var store []mutation
		for _, c := range in.collections {
			if has(in.db.unfinished, c.id) {
				store = append(store, dropUnfinished(c.id)...)
			}
		}
		return store, func() {
			for _, c := range in.collections {
				delete(in.db.unfinished, c.id)
			}
		}, nil
	}}, true)
}

// unfinishedKey marks, in the catalog, a bucket whose restore has not come to its end.
func unfinishedKey(id uint64) string { return unfinishedPrefix + strconv.FormatUint(id, 10) }

// dropUnfinished removes what is left of a restore that was interrupted.
func dropUnfinished(id uint64) []mutation {
	return []mutation{{bucket: id}, {bucket: id | ghostBit}, listed(unfinishedKey(id), nil)}
}

// readSnapshot calls yield with the entries of a snapshot, one by one. It is not whole unless nil is returned in the end.
func readSnapshot(r io.Reader, yield func(kind byte, a, b []byte) error) error {
	in := &snapshotReader{r: bufio.NewReaderSize(r, 1<<20)}
	if header := in.bytes(len(snapshotHeader)); string(header) != snapshotHeader {
		return fmt.Errorf("%w: it is no snapshot of this store", ErrCorrupt)
	}
	for {
		kind := in.byte()
		if in.err != nil || kind == entryEnd {
			break
		}
		a, b := in.bytes(in.length()), in.bytes(in.length())
		if in.err != nil {
			break
		}
		if err := yield(kind, a, b); err != nil {
			return err
		}
	}
	want := in.sum
	if got := in.bytes(4); in.err != nil || binary.LittleEndian.Uint32(got) != want {
		return errors.Join(fmt.Errorf("%w: the snapshot is cut off, or its checksum does not fit", ErrCorrupt), in.err)
	}
	return nil
}

// snapshotReader reads until something is wrong.
type snapshotReader struct {
	r   *bufio.Reader
	sum uint32
	err error
}

func (s *snapshotReader) byte() byte {
	if b := s.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (s *snapshotReader) length() int {
	var n uint64
	for shift := 0; shift < 63; shift += 7 {
		b := s.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	if n > maxEntry && s.err == nil {
		s.err = fmt.Errorf("an entry of %d bytes", n)
	}
	return int(n)
}

// bytes reads n bytes, piece by piece, so that a wrong length does not take memory that the snapshot does not fill.
func (s *snapshotReader) bytes(n int) []byte {
	const piece = 1 << 20
	var out []byte
	for s.err == nil && len(out) < n {
		at := len(out)
		out = append(out, make([]byte, min(piece, n-at))...)
		_, s.err = io.ReadFull(s.r, out[at:])
	}
	if s.err != nil {
		return nil
	}
	s.sum = crc32.Update(s.sum, castagnoli, out)
	return out
}
