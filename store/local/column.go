package local

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/akinserver/akin/store/local/code"
)

// denseColumn keeps the rows of one space of single dense vectors in blocks, one row after the other, so that a scan
// reads memory in order.
type denseColumn struct {
	*space
	perBlock int         // rows of a block
	blocks   [][]float32 // all but the last are full
	slots    []uint32    // of each row; noSlot where the row is free
	rows     []uint32    // of each slot; noRow where the point has no such vector
	free     []uint32    // rows
	moved    int         // rows whose number is not their slot's
	codes    *code.Column
}

const (
	noSlot      = math.MaxUint32
	noRow       = math.MaxUint32
	blockFloats = 1 << 18 // 1 MiB
)

func newDenseColumn(s *space) *denseColumn {
	d := &denseColumn{space: s, perBlock: max(1, blockFloats/s.size)}
	d.codes = d.newCodes()
	return d
}

func (d *denseColumn) row(r uint32) []float32 {
	at := int(r) % d.perBlock * d.size
	return d.blocks[int(r)/d.perBlock][at : at+d.size : at+d.size]
}

// of returns the row of a point, valid until the next write, or nil.
func (d *denseColumn) of(slot uint32) []float32 {
	if int(slot) >= len(d.rows) || d.rows[slot] == noRow {
		return nil
	}
	return d.row(d.rows[slot])
}

func (d *denseColumn) put(slot uint32, data []float32) {
	if old := d.of(slot); old != nil {
		if &old[0] != &data[0] { // as after a change of payload
			copy(old, data)
			d.coded(d.rows[slot])
		}
		return
	}
	for int(slot) >= len(d.rows) {
		d.rows = append(d.rows, noRow)
	}
	if n := len(d.free); n > 0 {
		r := d.free[n-1]
		d.free = d.free[:n-1]
		copy(d.row(r), data)
		d.slots[r] = slot
		d.placed(slot, r)
		return
	}
	r := len(d.slots)
	if r%d.perBlock == 0 {
		d.blocks = append(d.blocks, nil)
	}
	last := len(d.blocks) - 1
	d.blocks[last] = append(d.blocks[last], data...)
	d.slots = append(d.slots, slot)
	d.placed(slot, uint32(r))
}

// placed notes where the row of a point is now.
func (d *denseColumn) placed(slot, r uint32) {
	d.rows[slot] = r
	if r != slot {
		d.moved++
	}
	d.coded(r)
}

func (d *denseColumn) remove(slot uint32) {
	if int(slot) < len(d.rows) && d.rows[slot] != noRow {
		r := d.rows[slot]
		d.rows[slot], d.slots[r] = noRow, noSlot
		d.free = append(d.free, r)
		if r != slot {
			d.moved--
		}
		if d.codes != nil {
			d.codes.Remove(int(r))
		}
	}
}

func (d *denseColumn) count() int { return len(d.slots) - len(d.free) }

// multiColumn keeps multivectors.
type multiColumn struct {
	*space
	vectors []vector // by slot; rows 0: none
	n       int
}

func (m *multiColumn) of(slot uint32) (vector, bool) {
	if int(slot) >= len(m.vectors) || m.vectors[slot].rows == 0 {
		return vector{}, false
	}
	return m.vectors[slot], true
}

func (m *multiColumn) put(slot uint32, v vector) {
	m.remove(slot)
	v.multi = true
	for int(slot) >= len(m.vectors) {
		m.vectors = append(m.vectors, vector{})
	}
	m.vectors[slot] = v
	m.n++
}

func (m *multiColumn) remove(slot uint32) {
	if _, ok := m.of(slot); ok {
		m.vectors[slot] = vector{}
		m.n--
	}
}

// sparseColumn keeps sparse vectors, and for every index the points that have it.
type sparseColumn struct {
	*space
	vectors  []*sparse // by slot
	postings map[uint32]*posting
	n        int // vectors
	filled   int // vectors that are not empty
	// What was deleted still counts for IDF, as in Qdrant, until there is enough of it to be swept out.
	ghosts     map[uint32]int // by index
	ghostCount int            // vectors
	free       sync.Pool      // of *sums
}

// haunt counts a vector of a point that is being deleted.
func (c *sparseColumn) haunt(v sparse) {
	if len(v.indices) == 0 {
		return
	}
	c.ghostCount++
	for _, index := range v.indices {
		c.ghosts[index]++
	}
}

func (c *sparseColumn) sweep() { c.ghosts, c.ghostCount = map[uint32]int{}, 0 }

// posting lists the points that have one index, by slot.
type posting struct {
	slots    []uint32
	weights  []float32
	largest  float32 // no weight is larger
	negative bool    // some weight may be
}

func newSparseColumn(s *space) *sparseColumn {
	return &sparseColumn{space: s, postings: map[uint32]*posting{}, ghosts: map[uint32]int{}}
}

func (c *sparseColumn) of(slot uint32) *sparse {
	if int(slot) >= len(c.vectors) {
		return nil
	}
	return c.vectors[slot]
}

func (c *sparseColumn) put(slot uint32, v sparse) {
	if old := c.of(slot); old != nil {
		if len(v.indices) > 0 && len(old.indices) > 0 && &v.indices[0] == &old.indices[0] {
			return // the very same vector again, as after a change of payload
		}
		c.remove(slot)
	}
	for int(slot) >= len(c.vectors) {
		c.vectors = append(c.vectors, nil)
	}
	c.vectors[slot] = &v
	c.n++
	if len(v.indices) > 0 {
		c.filled++
	}
	for i, index := range v.indices {
		p := c.postings[index]
		if p == nil {
			p = &posting{}
			c.postings[index] = p
		}
		at := len(p.slots)
		if at > 0 && p.slots[at-1] > slot {
			at, _ = slices.BinarySearch(p.slots, slot)
		}
		p.slots = slices.Insert(p.slots, at, slot)
		p.weights = slices.Insert(p.weights, at, v.values[i])
		p.largest, p.negative = max(p.largest, v.values[i]), p.negative || v.values[i] < 0
	}
}

func (c *sparseColumn) remove(slot uint32) {
	v := c.of(slot)
	if v == nil {
		return
	}
	c.vectors[slot] = nil
	c.n--
	if len(v.indices) > 0 {
		c.filled--
	}
	for _, index := range v.indices {
		p := c.postings[index]
		at, found := slices.BinarySearch(p.slots, slot)
		if !found {
			continue
		}
		p.slots = slices.Delete(p.slots, at, at+1)
		p.weights = slices.Delete(p.weights, at, at+1)
		if len(p.slots) == 0 {
			delete(c.postings, index)
		}
	}
}

// weighted returns the query as it is compared: under IDF each weight is multiplied by how rare its index is,
// ln((N − df + ½)/(df + ½) + 1), N being the vectors that are not empty and df those with the index, ghosts among both.
func (c *sparseColumn) weighted(q sparse) sparse {
	if !c.idf {
		return q
	}
	out := sparse{q.indices, slices.Clone(q.values)}
	for i, index := range q.indices {
		df := c.ghosts[index]
		if p := c.postings[index]; p != nil {
			df += len(p.slots)
		}
		out.values[i] *= inverseFrequency(c.filled+c.ghostCount, df)
	}
	return out
}

func inverseFrequency(n, df int) float32 {
	return float32(math.Log(float64((float32(n)-float32(df)+0.5)/(float32(df)+0.5) + 1)))
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
