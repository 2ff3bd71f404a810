package code

import (
	"math"

	"github.com/akinserver/akin/store/local/kernel"
)

// recipe is a way to make codes. Its rotation is the column's.
type recipe struct {
	kind     Kind
	index    int // in the column's recipes
	distance Distance
	rotation *rotation
	dim      int       // of the vectors
	centre   []float32 // what is taken off a vector: a mean
	length   float64   // of the centre
	zero     []float32
	spread   float64 // how many times larger than expected errors were found to be; 1 at least

	radius float64 // no residual is longer
	widest float64 // no residual in bytes is longer

	recall, doubt float64 // as in Stats
}

// chunk holds the codes of chunkRows rows, those of 32 rows together in a block. The estimate of a row's score is
//
//	factor · (sum over its dimensions of code times query) + term, and a constant of the query
type chunk struct {
	recipe *recipe // nil when there are no codes
	codes  []byte  // Bits
	values []int8  // Bytes
	factor []float32
	term   []float32
}

// memory is where chunks come from.
type memory struct {
	codes  slab[byte]
	values slab[int8]
	floats slab[float32]
}

func (m *memory) chunk(r *recipe) chunk {
	ch := chunk{recipe: r}
	if r == nil {
		return ch
	}
	if r.kind == Bits {
		ch.codes = m.codes.take(chunkRows * r.rotation.dim / 8)
	} else {
		ch.values = m.values.take(chunkRows * r.rotation.dim)
	}
	ch.factor, ch.term = m.floats.take(chunkRows), m.floats.take(chunkRows)
	return ch
}

// reserve makes room for n chunks that will be asked for.
func (m *memory) reserve(r *recipe, n int) {
	switch {
	case r == nil:
		return
	case r.kind == Bits:
		m.codes.reserve(n * chunkRows * r.rotation.dim / 8)
	default:
		m.values.reserve(n * chunkRows * r.rotation.dim)
	}
	m.floats.reserve(n * 2 * chunkRows)
}

func (m *memory) bytes() int { return m.codes.bytes() + m.values.bytes() + m.floats.bytes() }

func (ch *chunk) bytes() int {
	return len(ch.codes) + len(ch.values) + 4*len(ch.factor) + 4*len(ch.term)
}

// extent is how long a vector, its residual and its bytes are.
type extent struct{ norm, radius, widest float64 }

func (e *extent) add(o extent) {
	e.norm, e.radius, e.widest = max(e.norm, o.norm), max(e.radius, o.radius), max(e.widest, o.widest)
}

// The lengths between which squares have no trouble in float32. Rows out of them have no code: they are always in doubt.
const (
	shortest = 1e-12
	longest  = 1e15
)

// put makes the code of the i-th row of the chunk. The caller lets the column know of the extent.
func (ch *chunk) put(r *recipe, scratch []float32, i int, vector []float32) extent {
	nan := float32(math.NaN())
	ch.factor[i], ch.term[i] = nan, nan
	scale := float32(1)
	square := float64(kernel.Dot(vector, vector))
	if !(square <= longest*longest) {
		return extent{}
	}
	norm := math.Sqrt(square)
	if r.distance == Cosine && norm > 0 {
		if norm < shortest {
			return extent{}
		}
		scale, norm = float32(1/norm), 1
	}
	rest := r.residual(scratch, vector, scale)
	along := float64(kernel.Dot(rest[:r.dim], r.centre))
	r.rotation.apply(rest)
	turned := r.rotation.scale
	size := float64(kernel.Dot(rest, rest)) * float64(turned) * float64(turned) // squared
	if size != 0 && size < shortest*shortest {
		return extent{}
	}
	of := extent{norm: norm, radius: math.Sqrt(size)}
	var factor float64
	if r.kind == Bits {
		kernel.PutCode(ch.codes[i/kernel.Block*kernel.Block*len(rest)/8:], i%kernel.Block, rest)
		if sum := float64(kernel.Differences(rest, r.zero)) * float64(turned); sum > 0 {
			factor = size / sum
		}
	} else {
		into := ch.values[i*len(rest):][:len(rest)]
		factor = toBytes(into, rest) * float64(turned)
		if factor > 0 {
			of.widest = of.radius/factor + math.Sqrt(float64(len(rest)))/2
		}
	}
	term := along
	if r.distance == Euclid {
		factor, term = 2*factor, -size
	}
	ch.factor[i], ch.term[i] = float32(factor), float32(term)
	return of
}

// residual puts a scaled vector without the centre into scratch, and zeros behind it.
func (r *recipe) residual(scratch, vector []float32, scale float32) []float32 {
	rest := scratch[:r.rotation.dim]
	centre, into := r.centre[:len(vector)], rest[:len(vector)]
	for j, x := range vector {
		into[j] = x*scale - centre[j]
	}
	clear(rest[len(vector):])
	return rest
}

// toBytes divides values so that the largest becomes 127, rounds them, and returns by what it divided.
func toBytes(into []int8, values []float32) float64 {
	var largest float32
	for _, x := range values {
		largest = max(largest, x, -x)
	}
	if largest == 0 {
		clear(into)
		return 0
	}
	by := 127 / largest
	for j, x := range values {
		// Adding 1.5·2²³ leaves the nearest integer in the lowest bits.
		into[j] = int8(math.Float32bits(x*by + 3<<22))
	}
	return float64(largest) / 127
}
