// Package code finds the rows of a column of vectors that are most like a query, exactly scored, without an index: it
// scans a short code of every row, and reads the vectors of the few rows that their codes leave in doubt.
// What is read is not a fixed number of candidates: every code comes with a bound of its error, and a row is passed over only
// when the bound says that it cannot be among the best. Codes that are too coarse for the data make a search slow, not wrong.
//
// A code is the signs of a row's dimensions, one bit each, after the mean of the column was taken off and the rest was
// rotated at random, with two factors that make the dot product with a query an unbiased estimate (J. Gao, C. Long: RaBitQ,
// SIGMOD 2024). Where that leaves too many rows in doubt, it is one byte a dimension; where that does too, there is none.
// A column decides by its own rows, each time as many have come as there were.
package code

import (
	"fmt"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/akinserver/akin/store/local/kernel"
)

// Distance says how vectors are compared.
type Distance int

// The distances, each with its score: the larger, the more alike.
const (
	Dot       Distance = iota // the dot product
	Cosine                    // the cosine, 0 with a zero vector; of unit vectors Dot is the same, and faster
	Euclid                    // the squared Euclidean distance, negated
	Manhattan                 // the sum of the absolute differences, negated; has no codes
)

func (d Distance) String() string {
	return [...]string{"Dot", "Cosine", "Euclid", "Manhattan"}[d]
}

// Kind is what is kept of a row.
type Kind int

// The kinds.
const (
	Exact Kind = iota // nothing: the vectors themselves are scanned
	Bits              // one bit a dimension
	Bytes             // one byte a dimension
)

func (k Kind) String() string { return [...]string{"Exact", "Bits", "Bytes"}[k] }

const (
	minRows   = 5000    // fewer rows are scanned exactly
	minDim    = 64      // so are shorter vectors
	maxDim    = 1 << 16 // and longer ones: sums of bits must fit into 16 bits, with some precision left
	chunkRows = 8192    // rows whose codes lie together, made in one way
)

// Rows returns the vector of a row, and behind it those of the rows that follow, as far as they lie in memory in that order.
// What it returns is at least as long as one vector, is not written to, and is read only during the call of the column.
type Rows func(row int) []float32

// Column holds the codes of the vectors of one space. Rows are numbered from 0, without large gaps. Any number of searches
// may run at once, but no other method with anything: the caller locks.
type Column struct {
	dim      int // of the vectors
	distance Distance
	rows     Rows

	size   int      // rows that there ever were
	count  int      // rows that are there
	live   []uint64 // a bit a row
	chunks []chunk
	memory memory
	norm   float64 // no vector that has a code is longer

	rotation *rotation // nil when the column never has codes
	target   *recipe   // of new codes; nil for none
	recipes  []*recipe // all that chunks have codes by
	changes  int       // puts since the column decided
	due      int       // changes after which it decides again: as many as it had rows
	puts     int       // since a chunk was coded anew
	scratch  []float32 // for one residual
	forced   *Kind     // tests: the kind to use, whatever is measured

	jobs     sync.Pool
	running  atomic.Int32 // searches
	searches atomic.Uint64
	scanned  atomic.Uint64 // codes that were looked at
	rescored atomic.Uint64 // vectors that were read because of their code
}

// New returns an empty column of vectors of dim values.
func New(dim int, distance Distance, rows Rows) *Column {
	c := &Column{dim: dim, distance: distance, rows: rows, due: math.MaxInt}
	if distance != Manhattan && dim >= minDim && dim <= maxDim {
		c.rotation = newRotation(dim)
		c.scratch = make([]float32, c.rotation.dim)
		c.due = minRows
	}
	return c
}

// Put adds a row, or replaces it. The vector is as long as the column's, and Rows returns the same from now on; of all rows
// that were put before, it must return the vectors now. Most calls take microseconds, one in a thousand or so some 10 ms:
// it codes a part of the column anew.
func (c *Column) Put(row int, vector []float32) {
	if len(vector) != c.dim || row < 0 {
		panic(fmt.Sprintf("code: row %d of %d values in a column of %d", row, len(vector), c.dim))
	}
	if c.changes++; c.changes >= c.due && c.count >= minRows {
		c.decide()
	}
	c.recodeSome()
	c.grow(row + 1)
	if bit := uint64(1) << (row % 64); c.live[row/64]&bit == 0 {
		c.live[row/64] |= bit
		c.count++
	}
	ch := &c.chunks[row/chunkRows]
	if ch.recipe != nil {
		c.widen(ch.recipe, ch.put(ch.recipe, c.scratch, row%chunkRows, vector))
	}
}

// Remove takes a row out, if it is there.
func (c *Column) Remove(row int) {
	if row < 0 || row >= c.size {
		return
	}
	if bit := uint64(1) << (row % 64); c.live[row/64]&bit != 0 {
		c.live[row/64] &^= bit
		c.count--
	}
}

// Len is how many rows there are.
func (c *Column) Len() int { return c.count }

// grow makes room for the rows below n.
func (c *Column) grow(n int) {
	for c.size = max(c.size, n); len(c.live)*64 < c.size; {
		c.live = append(c.live, 0)
	}
	for len(c.chunks)*chunkRows < c.size {
		c.chunks = append(c.chunks, c.memory.chunk(c.target))
	}
}

// widen takes into account how long a vector and what became of it are.
func (c *Column) widen(r *recipe, of extent) {
	c.norm = max(c.norm, of.norm)
	r.radius, r.widest = max(r.radius, of.radius), max(r.widest, of.widest)
}

// Stats says what a column keeps and did.
type Stats struct {
	Rows     int    // that are there
	Kind     Kind   // of new codes
	Coded    int    // rows' places that have codes, by whichever kind
	Behind   int    // of these, coded in an older way than new ones
	Bytes    int    // of memory
	Searches uint64 // queries since the start
	Scanned  uint64 // codes that they looked at
	Rescored uint64 // vectors that they read because of their code

	// Measured on the column's own rows when it last decided, and 0 before:

	Recall float64 // of the ten nearest, how many the codes do not lose
	Doubt  float64 // part of the rows that a search for ten reads the vectors of
}

// Stats is as cheap as a look at every chunk. Unlike other methods, it may run beside searches.
func (c *Column) Stats() Stats {
	s := Stats{
		Rows: c.count, Bytes: 8*cap(c.live) + c.memory.bytes(),
		Searches: c.searches.Load(), Scanned: c.scanned.Load(), Rescored: c.rescored.Load(),
	}
	if c.target != nil {
		s.Kind, s.Recall, s.Doubt = c.target.kind, c.target.recall, c.target.doubt
	}
	for i := range c.chunks {
		ch := &c.chunks[i]
		s.Bytes += ch.bytes()
		if ch.recipe == nil {
			continue
		}
		rows := min(chunkRows, c.size-i*chunkRows)
		s.Coded += rows
		if ch.recipe != c.target {
			s.Behind += rows
		}
	}
	return s
}

// wanted are the rows of a block that are there and in the mask, a bit each.
func (c *Column) wanted(block int, mask []uint64, masked bool) uint32 {
	at, shift := block/2, uint(block%2*32)
	if at >= len(c.live) {
		return 0
	}
	w := c.live[at]
	if masked {
		if at >= len(mask) {
			return 0
		}
		w &= mask[at]
	}
	return uint32(w >> shift)
}

// within counts the rows that are there and in the mask.
func (c *Column) within(mask []uint64) int {
	n := 0
	for i, w := range mask[:min(len(mask), len(c.live))] {
		n += bits.OnesCount64(w & c.live[i])
	}
	return n
}

// score compares a query with a vector, exactly.
func (c *Column) score(query, vector []float32) float32 {
	switch c.distance {
	case Cosine:
		return cosine(kernel.Dot(query, vector), kernel.Dot(query, query), kernel.Dot(vector, vector))
	case Euclid:
		return -kernel.Squares(query, vector)
	case Manhattan:
		return -kernel.Differences(query, vector)
	}
	return kernel.Dot(query, vector)
}

// scores compares a query with vectors that lie one behind the other.
func (c *Column) scores(query, vectors, out []float32) {
	switch c.distance {
	case Cosine:
		kernel.DotRows(query, vectors, out)
		square := kernel.Dot(query, query)
		for i := range out {
			v := vectors[i*c.dim : (i+1)*c.dim]
			out[i] = cosine(out[i], square, kernel.Dot(v, v))
		}
	case Euclid:
		kernel.SquaresRows(query, vectors, out)
		negate(out)
	case Manhattan:
		kernel.DifferencesRows(query, vectors, out)
		negate(out)
	default:
		kernel.DotRows(query, vectors, out)
	}
}

func negate(x []float32) {
	for i := range x {
		x[i] = -x[i]
	}
}

// cosine comes of the dot product and of the squared lengths.
func cosine(dot, a, b float32) float32 {
	if lengths := float64(a) * float64(b); lengths != 0 {
		return float32(float64(dot) / math.Sqrt(lengths))
	}
	return 0
}
