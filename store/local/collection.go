package local

import (
	"fmt"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/akinserver/akin/crew"
	"github.com/akinserver/akin/store/local/journal"
	"github.com/qdrant/go-client/qdrant"
)

// collection knows where the points of one collection lie, and what is needed to find them. Its one writer is the
// committer; readers hold mu for as long as one call takes, and so see one state of it. Vectors and payloads stay in the
// journal's files: what the collection has of them are views.
type collection struct {
	id   uint64 // never used twice
	name string

	mu         sync.RWMutex
	config     *qdrant.CollectionConfig // replaced as a whole, never changed
	schema     map[string]*qdrant.PayloadSchemaInfo
	operations uint64 // writes so far; the number of the last one is the version of what it wrote
	fault      error  // why nothing can be answered until the store is opened again; nil: it can

	table
	order   *ordered[uint32]  // slots, in the order of their points' ids
	spaces  map[string]*space // by vector name
	dense   map[string]*denseColumn
	multi   map[string]*multiColumn
	sparse  map[string]*sparseColumn
	indexes map[string]*fieldIndex // by path
	indexed map[string]bool        // the fields, at the top of a payload, that any index looks at

	reads, writes bucket // of strict mode
	sizes         sizeCache
}

// record is a whole point. Of one that is stored, the vectors and the encoded payload are views.
type record struct {
	id      pointID
	version uint64
	payload fields
	raw     []byte // the payload encoded, where it was not asked for yet; then payload is nil
	vectors map[string]vector
	value   []byte // all of it encoded but for the version, where that was done beforehand
}

func (r *record) document() document { return document{r.payload, r.raw} }

// fields returns the decoded payload.
func (r *record) fields() fields {
	if r.raw != nil {
		r.payload, r.raw = r.document().all(), nil
	}
	return r.payload
}

func newCollection(id uint64, name string, config *qdrant.CollectionConfig) *collection {
	c := &collection{
		id: id, name: name, config: config, schema: map[string]*qdrant.PayloadSchemaInfo{},
		table:  *newTable(),
		spaces: spacesOf(config.GetParams()), dense: map[string]*denseColumn{}, multi: map[string]*multiColumn{},
		sparse: map[string]*sparseColumn{}, indexes: map[string]*fieldIndex{},
	}
	c.order = newOrdered(c.compare)
	for name, s := range c.spaces {
		switch {
		case s.sparse:
			c.sparse[name] = newSparseColumn(s)
		case s.multi:
			c.multi[name] = &multiColumn{space: s}
		default:
			c.dense[name] = newDenseColumn(s)
		}
	}
	return c
}

// put writes a record, which stays on the heap. The caller holds mu.
func (c *collection) put(r *record) {
	encoded, err := encodeRecord(r)
	if err != nil {
		panic(err) // it was encoded before, or made here
	}
	c.keep(r.id, 0, encoded)
}

// keep puts a stored point in its place, and returns the location of the one that it replaces, or 0. The caller holds mu.
func (c *collection) keep(id pointID, at journal.Location, v value) (old journal.Location) {
	slot, exists := c.find(id)
	if exists {
		c.unindex(slot)
	}
	slot, old, _ = c.table.set(id, at, v)
	if !exists {
		c.order.add(slot)
	}
	c.enter(slot)
	return old
}

// enter takes what the point of a slot has into the columns and the indexes.
func (c *collection) enter(slot uint32) {
	v := c.points[slot].value()
	c.index(slot)
	for name := range c.spaces {
		one, ok := v.vector(name)
		c.setVector(slot, name, one, ok)
	}
}

// index takes what the point of a slot has into the indexes, and unindex takes it out.
func (c *collection) index(slot uint32) {
	fields := c.indexedFields(slot)
	for _, x := range c.indexes {
		x.add(slot, fields)
	}
}

func (c *collection) unindex(slot uint32) {
	fields := c.indexedFields(slot)
	for _, x := range c.indexes {
		x.remove(slot, fields)
	}
}

// indexedFields are those fields of a payload that indexes look at. All are found in one pass.
func (c *collection) indexedFields(slot uint32) document {
	return document{fields: c.document(slot).some(len(c.indexed), func(key []byte) bool { return c.indexed[string(key)] })}
}

// move tells that the point of a slot lies somewhere else now. The caller holds mu.
func (c *collection) move(slot uint32, to journal.Location, v value) {
	c.points[slot].at, c.points[slot].first = to, &v[0]
	v.each(func(name []byte, one vector) bool {
		if d := c.dense[string(name)]; d != nil {
			d.move(slot, one.dense)
		}
		if m := c.multi[string(name)]; m != nil {
			m.put(slot, one)
		}
		if s := c.sparse[string(name)]; s != nil {
			s.put(slot, one.sparse)
		}
		return true
	})
}

// fill makes the columns and the indexes of the points that a folder holds, and calls entered for each. The codes of the
// vectors are left to loadCodes.
func (c *collection) fill(t *table, entered func()) error {
	c.table = *t
	for _, d := range c.dense {
		d.deferCodes()
	}
	for _, s := range c.sparse {
		s.postings.Defer()
	}
	slots := make([]uint32, 0, c.size)
	it := c.live.Iterator()
	for it.HasNext() {
		slot := it.Next()
		p := &c.points[slot]
		v := p.value()
		if err := c.accepts(v); err != nil {
			return fmt.Errorf("point %s: %w", p.id, err)
		}
		c.operations = max(c.operations, v.version())
		slots = append(slots, slot)
	}
	// What a point has goes to places that know nothing of each other.
	var all crew.Crew
	all.Run(func() {
		for _, slot := range slots {
			c.index(slot)
			entered()
		}
	})
	for name := range c.spaces {
		all.Run(func() {
			for _, slot := range slots {
				if one, ok := c.points[slot].value().vector(name); ok {
					c.setVector(slot, name, one, true)
				}
			}
			if s := c.sparse[name]; s != nil {
				s.postings.Load()
			}
		})
	}
	all.Run(func() {
		for _, slot := range slices.SortedFunc(slices.Values(slots), c.compare) {
			c.order.add(slot)
		}
	})
	all.Finish()
	if limitsSize(c.config.GetStrictModeConfig()) {
		c.sizes.last = c.measure()
	}
	return nil
}

// accepts verifies that an encoded point is one of this collection.
func (c *collection) accepts(v value) (err error) {
	if v, err = parseValue(v); err != nil {
		return err
	}
	v.each(func(name []byte, one vector) bool {
		s := c.spaces[string(name)]
		switch {
		case s == nil:
			err = fmt.Errorf("no vector has the name %q", name)
		case s.sparse != one.isSparse(), !s.sparse && len(one.dense) != one.rows*s.size, !s.sparse && !s.multi && one.rows != 1:
			err = fmt.Errorf("vector %q is of another kind or size", name)
		}
		return err == nil
	})
	return err
}

func (c *collection) setVector(slot uint32, name string, v vector, present bool) {
	if d := c.dense[name]; d != nil {
		if present {
			d.put(slot, v.dense)
		} else {
			d.remove(slot)
		}
	}
	if m := c.multi[name]; m != nil {
		if present {
			m.put(slot, v)
		} else {
			m.remove(slot)
		}
	}
	if s := c.sparse[name]; s != nil {
		if present {
			s.put(slot, v.sparse)
		} else {
			s.remove(slot)
		}
	}
}

// remove takes a point out, and returns its location, or 0. The caller holds mu.
func (c *collection) remove(id pointID) (old journal.Location) {
	slot, ok := c.find(id)
	if !ok {
		return 0
	}
	c.unindex(slot)
	for name := range c.spaces {
		c.setVector(slot, name, vector{}, false)
	}
	c.order.remove(slot)
	old = c.points[slot].at
	c.table.drop(slot)
	return old
}

// document returns the payload of a point.
func (c *collection) document(slot uint32) document {
	return document{encoded: c.points[slot].value().payload()}
}

// vector returns what a point has in a space. It is a view, valid while mu is held.
func (c *collection) vector(slot uint32, name string) (vector, bool) {
	if d := c.dense[name]; d != nil {
		row := d.of(slot)
		return vector{dense: row, rows: 1}, row != nil
	}
	if m := c.multi[name]; m != nil {
		return m.of(slot)
	}
	if s := c.sparse[name]; s != nil {
		v, ok := s.of(slot)
		return vector{sparse: v}, ok
	}
	return vector{}, false
}

// record returns a whole point, or nil. What it has are views, valid while mu is held.
func (c *collection) record(id pointID) *record {
	slot, ok := c.find(id)
	if !ok {
		return nil
	}
	return c.points[slot].value().record(id)
}

// subject makes s the point as conditions see it.
func (c *collection) subject(slot uint32, s *subject) *subject {
	*s = subject{id: c.points[slot].id, payload: c.document(slot), stored: c, slot: slot}
	return s
}

// only returns the points of set that test holds for.
func (c *collection) only(set *roaring.Bitmap, test func(*subject) bool) *roaring.Bitmap {
	out := roaring.New()
	var s subject
	it := set.Iterator()
	for it.HasNext() {
		if slot := it.Next(); test(c.subject(slot, &s)) {
			out.Add(slot)
		}
	}
	return out
}

// indexOn returns the index on a path, or nil.
func (c *collection) indexOn(p path) *fieldIndex {
	if x := c.indexes[p.text]; x != nil {
		return x
	}
	for _, x := range c.indexes {
		if equalSteps(x.path.steps, p.steps) {
			return x
		}
	}
	return nil
}

func equalSteps(a, b []step) bool { return len(a) == len(b) && isPrefix(a, b) }

// setIndex fills a new index and puts it in the place of the one that field had. The caller holds mu.
func (c *collection) setIndex(field string, info *qdrant.PayloadSchemaInfo, x *fieldIndex) {
	c.schema[field] = info
	it := c.live.Iterator()
	for it.HasNext() {
		slot := it.Next()
		x.add(slot, c.document(slot))
	}
	c.indexes[field] = x
	c.indexesChanged()
}

// dropIndex is for a caller that holds mu.
func (c *collection) dropIndex(field string) {
	delete(c.indexes, field)
	c.indexesChanged()
}

func (c *collection) indexesChanged() {
	c.indexed = make(map[string]bool, len(c.indexes))
	for _, x := range c.indexes {
		c.indexed[x.path.steps[0].key] = true
	}
}
