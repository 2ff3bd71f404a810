package local

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
)

// collection holds the points of one collection in memory. Its one writer is the committer; readers hold mu for as long
// as one call takes, and so see one state of it.
type collection struct {
	id   uint64 // never used twice
	name string

	mu         sync.RWMutex
	config     *qdrant.CollectionConfig // replaced as a whole, never changed
	schema     map[string]*qdrant.PayloadSchemaInfo
	operations uint64 // writes so far; the number of the last one is the version of what it wrote

	points  []point            // by slot
	slots   map[pointID]uint32 // slots are given again when their point is gone
	order   *ordered[pointID]  // of the points' ids
	live    *roaring.Bitmap    // slots in use
	free    []uint32           // slots to give again
	spaces  map[string]*space  // by vector name
	dense   map[string]*denseColumn
	multi   map[string]*multiColumn
	sparse  map[string]*sparseColumn
	indexes map[string]*fieldIndex // by path

	reads, writes bucket // of strict mode
}

type point struct {
	id      pointID
	version uint64
	payload fields
}

// record is a whole point, as it is written and stored.
type record struct {
	id      pointID
	version uint64
	payload fields
	vectors map[string]vector
	body    []byte // encoded, where that was done beforehand
}

func newCollection(id uint64, name string, config *qdrant.CollectionConfig) *collection {
	c := &collection{
		id: id, name: name, config: config, schema: map[string]*qdrant.PayloadSchemaInfo{},
		slots: map[pointID]uint32{}, order: newOrdered(pointID.compare), live: roaring.New(),
		spaces: spacesOf(config.GetParams()), dense: map[string]*denseColumn{}, multi: map[string]*multiColumn{},
		sparse: map[string]*sparseColumn{}, indexes: map[string]*fieldIndex{},
	}
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

// put writes a whole point. The caller holds mu.
func (c *collection) put(r *record) {
	slot, exists := c.slots[r.id]
	if !exists {
		slot = c.newSlot()
		c.slots[r.id] = slot
		c.order.add(r.id)
		c.live.Add(slot)
	}
	p := &c.points[slot]
	for _, x := range c.indexes {
		if exists {
			x.remove(slot, p.payload)
		}
		x.add(slot, r.payload)
	}
	*p = point{id: r.id, version: r.version, payload: r.payload}
	for name := range c.spaces {
		v, ok := r.vectors[name]
		c.setVector(slot, name, v, ok)
	}
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

func (c *collection) newSlot() uint32 {
	if n := len(c.free); n > 0 {
		slot := c.free[n-1]
		c.free = c.free[:n-1]
		return slot
	}
	c.points = append(c.points, point{})
	return uint32(len(c.points) - 1)
}

// remove takes a point out. The caller holds mu.
func (c *collection) remove(id pointID) {
	slot, ok := c.slots[id]
	if !ok {
		return
	}
	for _, x := range c.indexes {
		x.remove(slot, c.points[slot].payload)
	}
	for name := range c.spaces {
		c.setVector(slot, name, vector{}, false)
	}
	delete(c.slots, id)
	c.order.remove(id)
	c.live.Remove(slot)
	c.points[slot] = point{}
	c.free = append(c.free, slot)
}

// vector returns what a point has in a space. A dense one is valid until the next write.
func (c *collection) vector(slot uint32, name string) (vector, bool) {
	if d := c.dense[name]; d != nil {
		row := d.of(slot)
		return vector{dense: row, rows: 1}, row != nil
	}
	if m := c.multi[name]; m != nil {
		return m.of(slot)
	}
	if s := c.sparse[name]; s != nil {
		if v := s.of(slot); v != nil {
			return vector{sparse: *v}, true
		}
	}
	return vector{}, false
}

// record returns a whole point. Its dense vectors are valid until the next write.
func (c *collection) record(id pointID) *record {
	slot, ok := c.slots[id]
	if !ok {
		return nil
	}
	p := c.points[slot]
	r := &record{id: id, version: p.version, payload: p.payload, vectors: map[string]vector{}}
	for name := range c.spaces {
		if v, ok := c.vector(slot, name); ok {
			r.vectors[name] = v
		}
	}
	return r
}

// subject makes s the point as conditions see it.
func (c *collection) subject(slot uint32, s *subject) *subject {
	p := &c.points[slot]
	*s = subject{id: p.id, payload: p.payload, stored: c, slot: slot}
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
		x.add(slot, c.points[slot].payload)
	}
	c.indexes[field] = x
}
