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

// momentsOf holds up writers only while it notes where the points lie, which takes a second for some ten million.
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
func (db *DB) Restore(ctx context.Context, r io.Reader) error {
	in, err := readSnapshot(r)
	if err != nil {
		return fmt.Errorf("restore a snapshot: %w", err)
	}
	j := &job{alone: func() ([]mutation, func(), error) { return db.restore(in) }, placed: func(at []journal.Location) { in.placed(db.storage, at) }}
	if err := db.submit(ctx, j, true); err != nil {
		return fmt.Errorf("restore a snapshot: %w", err)
	}
	return nil
}

// restored is what a snapshot holds.
type restored struct {
	collections []*collection
	aliases     map[string]string
	points      []restoredPoint // set by restore
}

// restoredPoint says which of the mutations of a restore stores a point.
type restoredPoint struct {
	c       *collection
	slot    uint32
	written int
}

// placed moves the points from the heap to where they are stored.
func (r *restored) placed(s storage, at []journal.Location) {
	for _, p := range r.points {
		p.c.move(p.slot, at[p.written], s.Read(at[p.written]))
	}
}

func readSnapshot(r io.Reader) (*restored, error) {
	in := &snapshotReader{r: bufio.NewReaderSize(r, 1<<20)}
	if header := in.bytes(len(snapshotHeader)); string(header) != snapshotHeader {
		return nil, fmt.Errorf("%w: it is no snapshot of this store", ErrCorrupt)
	}
	out := &restored{aliases: map[string]string{}}
	for {
		kind := in.byte()
		if in.err != nil || kind == entryEnd {
			break
		}
		a, b := in.bytes(in.length()), in.bytes(in.length())
		if in.err != nil {
			break
		}
		if err := out.add(kind, a, b); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	want := in.sum
	if got := in.bytes(4); in.err != nil || binary.LittleEndian.Uint32(got) != want {
		return nil, errors.Join(fmt.Errorf("%w: the snapshot is cut off, or its checksum does not fit", ErrCorrupt), in.err)
	}
	return out, nil
}

func (r *restored) add(kind byte, a, b []byte) error {
	if kind == entryAlias {
		r.aliases[string(a)] = string(b)
		return nil
	}
	if kind == entryCollection {
		c, err := decodeCollection(string(a), b)
		if err != nil {
			return err
		}
		r.collections = append(r.collections, c)
		return nil
	}
	if len(r.collections) == 0 {
		return errors.New("a point without a collection")
	}
	c := r.collections[len(r.collections)-1]
	if kind != entryPoint {
		return fmt.Errorf("an entry of the unknown kind %d", kind)
	}
	p, err := decodeRecord(a, b)
	if err != nil {
		return err
	}
	if err := c.accepts(b); err != nil {
		return fmt.Errorf("point %s: %w", p.id, err)
	}
	c.operations = max(c.operations, p.version)
	c.keep(p.id, 0, b)
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

// restore plans the storing of what a snapshot holds, under new numbers.
func (db *DB) restore(in *restored) ([]mutation, func(), error) {
	cat := db.catalog()
	next := cat.clone()
	id := db.nextID
	var store []mutation
	for _, c := range in.collections {
		if has(cat.aliases, c.name) {
			return nil, nil, invalid("Wrong input: Can't create collection with name %s. Alias with the same name already exists", c.name)
		}
		if old := cat.collections[c.name]; old != nil {
			store = append(store, mutation{bucket: old.id}, mutation{bucket: old.id | ghostBit})
		}
		id++
		c.id = id
		described, err := encodeCollection(c.id, c.config, c.schema)
		if err != nil {
			return nil, nil, err
		}
		store = append(store, listed(collectionPrefix+c.name, described))
		c.order.all(func(slot uint32) bool {
			p := &c.points[slot]
			in.points = append(in.points, restoredPoint{c, slot, len(store)})
			store = append(store, mutation{c.id, p.id.key(), p.value()})
			return true
		})
		store = append(store, mutation{c.id, operationsKey, binary.AppendUvarint(nil, c.operations)})
		next.collections[c.name] = c
	}
	for alias, target := range in.aliases {
		if has(next.collections, alias) || !has(next.collections, target) {
			return nil, nil, invalid("Wrong input: alias %s of the snapshot has no collection, or the name of one", alias)
		}
		store = append(store, listed(aliasPrefix+alias, []byte(target)))
	}
	maps.Copy(next.aliases, in.aliases)
	store = append(store, listed(nextKey, binary.AppendUvarint(nil, id)))
	return store, func() {
		db.nextID = id
		db.current.Store(next)
	}, nil
}
