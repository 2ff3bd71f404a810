package local

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/akinserver/akin/store/local/code"
	"github.com/akinserver/akin/store/local/kernel"
	"github.com/akinserver/akin/store/local/posting"
)

// denseColumn knows where the rows of one space of single dense vectors lie.
type denseColumn struct {
	*space
	first []*float32 // of each row; nil where the row is free
	slots []uint32   // of each row; noSlot where the row is free
	rows  []uint32   // of each slot; noRow where the point has no such vector
	free  []uint32   // rows
	moved int        // rows whose number is not their slot's

	coding sync.Mutex   // of searches that find no codes
	codes  *code.Column // nil where they are made late
}

const (
	noSlot = math.MaxUint32
	noRow  = math.MaxUint32
)

func newDenseColumn(s *space) *denseColumn {
	d := &denseColumn{space: s}
	d.codes = d.newCodes()
	return d
}

// row returns a row that is not free, as a view.
func (d *denseColumn) row(r uint32) []float32 { return unsafe.Slice(d.first[r], d.size) }

// of returns the row of a point, or nil. It is a view, valid while the collection is locked.
func (d *denseColumn) of(slot uint32) []float32 {
	if int(slot) >= len(d.rows) || d.rows[slot] == noRow {
		return nil
	}
	return d.row(d.rows[slot])
}

// put gives a point its row, which is kept as a view.
func (d *denseColumn) put(slot uint32, data []float32) {
	first := unsafe.SliceData(data)
	if first == nil {
		first = new(float32) // a row of no numbers
	}
	for int(slot) >= len(d.rows) {
		d.rows = append(d.rows, noRow)
	}
	if r := d.rows[slot]; r != noRow {
		d.first[r] = first
		d.coded(r)
		return
	}
	if n := len(d.free); n > 0 {
		r := d.free[n-1]
		d.free = d.free[:n-1]
		d.slots[r], d.first[r] = slot, first
		d.placed(slot, r)
		return
	}
	d.slots, d.first = append(d.slots, slot), append(d.first, first)
	d.placed(slot, uint32(len(d.slots)-1))
}

// placed notes where the row of a point is now.
func (d *denseColumn) placed(slot, r uint32) {
	d.rows[slot] = r
	if r != slot {
		d.moved++
	}
	d.coded(r)
}

// move tells that the row of a point, which is the same as it was, lies somewhere else now.
func (d *denseColumn) move(slot uint32, data []float32) {
	if len(data) > 0 {
		d.first[d.rows[slot]] = &data[0]
	}
}

func (d *denseColumn) remove(slot uint32) {
	if int(slot) < len(d.rows) && d.rows[slot] != noRow {
		r := d.rows[slot]
		if d.codes != nil {
			d.codes.Remove(int(r))
		}
		if r != slot {
			d.moved--
		}
		d.rows[slot], d.slots[r], d.first[r] = noRow, noSlot, nil
		d.free = append(d.free, r)
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
	vectors  []packed // by slot
	postings posting.Lists
	n        int // vectors
	filled   int // vectors that are not empty
	entries  int // indices of all vectors
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

func newSparseColumn(s *space) *sparseColumn {
	return &sparseColumn{space: s, ghosts: map[uint32]int{}}
}

// packed is a sparse vector whose values lie behind its indices.
type packed struct {
	first *uint32
	size  uint32 // one more than there are indices; 0 of no vector
}

// pack copies a vector only when it does not lie as it has to.
func pack(v sparse) packed {
	n := len(v.indices)
	if n == 0 {
		return packed{size: 1}
	}
	behind := unsafe.Add(unsafe.Pointer(&v.indices[0]), 4*n)
	if behind != unsafe.Pointer(&v.values[0]) {
		both := make([]uint32, 2*n)
		copy(both, v.indices)
		copy(unsafe.Slice((*float32)(unsafe.Pointer(&both[n])), n), v.values)
		return packed{&both[0], uint32(n) + 1}
	}
	return packed{&v.indices[0], uint32(n) + 1}
}

// of returns the vector of a point, as a view.
func (c *sparseColumn) of(slot uint32) (v sparse, ok bool) {
	if int(slot) >= len(c.vectors) || c.vectors[slot].size == 0 {
		return v, false
	}
	p := c.vectors[slot]
	if p.size == 1 {
		return v, true
	}
	n := int(p.size) - 1
	values := (*float32)(unsafe.Add(unsafe.Pointer(p.first), 4*n))
	return sparse{unsafe.Slice(p.first, n), unsafe.Slice(values, n)}, true
}

// fetch lets the vector of a point come into the cache while something else is read.
func (c *sparseColumn) fetch(slot uint32) {
	if v, ok := c.of(slot); ok && len(v.values) > 0 {
		kernel.Fetch(unsafe.Slice((*float32)(unsafe.Pointer(&v.indices[0])), 2*len(v.indices))) // the values lie behind
	}
}

// put gives a point its vector, which is kept as a view.
func (c *sparseColumn) put(slot uint32, v sparse) {
	if old, ok := c.of(slot); ok {
		if slices.Equal(old.indices, v.indices) && slices.Equal(old.values, v.values) {
			c.vectors[slot] = pack(v) // as after a change of payload
			return
		}
		c.remove(slot)
	}
	for int(slot) >= len(c.vectors) {
		c.vectors = append(c.vectors, packed{})
	}
	c.vectors[slot] = pack(v)
	c.n++
	if len(v.indices) > 0 {
		c.filled++
	}
	c.entries += len(v.indices)
	c.postings.Put(slot, v.indices, v.values)
}

func (c *sparseColumn) remove(slot uint32) {
	v, ok := c.of(slot)
	if !ok {
		return
	}
	c.vectors[slot] = packed{}
	c.n--
	if len(v.indices) > 0 {
		c.filled--
	}
	c.entries -= len(v.indices)
	c.postings.Remove(slot, v.indices)
}

// weighted returns the query as it is compared: under IDF each weight is multiplied by how rare its index is,
// ln((N − df + ½)/(df + ½) + 1), N being the vectors that are not empty and df those with the index, ghosts among both.
func (c *sparseColumn) weighted(q sparse) sparse {
	if !c.idf {
		return q
	}
	out := sparse{q.indices, slices.Clone(q.values)}
	for i, index := range q.indices {
		out.values[i] *= inverseFrequency(c.filled+c.ghostCount, c.ghosts[index]+c.postings.Len(index))
	}
	return out
}

func inverseFrequency(n, df int) float32 {
	return float32(math.Log(float64((float32(n)-float32(df)+0.5)/(float32(df)+0.5) + 1)))
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
