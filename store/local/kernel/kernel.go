// Package kernel holds the inner loops of vector search: distances between float rows, dot products of byte rows, and
// sums over one-bit codes.
// A caller cannot tell which of two versions runs, AVX2 assembly or plain Go, but by the clock: integers come out equal,
// floats equal up to the order of their additions. The build tag purego leaves the assembly out.
//
// # One-bit codes
//
// A vector's code is one bit a dimension. A [Block] of rows lies together, four dimensions (a nibble) at a time: 16 bytes
// hold nibble 0 of all 32 rows, the next 16 nibble 1, and so on; byte j of the 16 holds row j in its lower half and row
// j+16 in its upper. A query becomes a table of 16 bytes a nibble, one for each pattern of four bits, so that one shuffle
// instruction looks 32 rows up at once and the query keeps more than its signs. (F. André, A.-M. Kermarrec, N. Le
// Scouarnec: Cache locality is not enough: high-performance nearest neighbor search with product quantization fast scan,
// VLDB 2015.)
package kernel

import (
	"fmt"
	"math/bits"
)

const (
	// Block is how many rows of one-bit codes lie together.
	Block = 32
	// Group is what the dimensions of a one-bit code, and of a table, are a multiple of.
	Group = 64
	// MaxBytes is how many dimensions [DotBytes] takes before its sums could overflow.
	MaxBytes = 1<<17 - 1
)

// Dot is the sum of the products of two vectors of one length.
func Dot(a, b []float32) float32 {
	var out [1]float32
	DotRows(a, b, out[:])
	return out[0]
}

// Squares is the sum of the squared differences of two vectors of one length: their Euclidean distance, squared.
func Squares(a, b []float32) float32 {
	var out [1]float32
	SquaresRows(a, b, out[:])
	return out[0]
}

// Differences is the sum of the absolute differences of two vectors of one length: their Manhattan distance.
func Differences(a, b []float32) float32 {
	var out [1]float32
	DifferencesRows(a, b, out[:])
	return out[0]
}

// DotRows puts the dot product of query and each of len(out) rows into out. The rows lie one behind the other, each as
// long as the query; the same row has the same result, bit for bit, wherever it lies and whatever its neighbours.
func DotRows(query, rows, out []float32) {
	if fits(len(query), len(rows), len(out)) {
		dotRows(query, rows, out)
	} else {
		clear(out)
	}
}

// SquaresRows is as [DotRows], with the squared Euclidean distance.
func SquaresRows(query, rows, out []float32) {
	if fits(len(query), len(rows), len(out)) {
		squaresRows(query, rows, out)
	} else {
		clear(out)
	}
}

// DifferencesRows is as [DotRows], with the Manhattan distance.
func DifferencesRows(query, rows, out []float32) {
	if fits(len(query), len(rows), len(out)) {
		differencesRows(query, rows, out)
	} else {
		clear(out)
	}
}

// Fetch asks the processor to bring a vector into the cache, and does not wait: of several vectors that lie far from one
// another, the next ones are under way while the first is read. It has no effect on anything but time.
func Fetch(vector []float32) {
	if len(vector) > 0 {
		fetch(vector)
	}
}

// DotBytes puts the dot product of query and each of len(out) rows into out, exactly. The rows lie one behind the other,
// each as long as the query, at most [MaxBytes].
func DotBytes(query, rows []int8, out []int32) {
	if len(query) > MaxBytes {
		panic(fmt.Sprintf("kernel: %d dimensions, at most %d", len(query), MaxBytes))
	}
	if fits(len(query), len(rows), len(out)) {
		dotBytes(query, rows, out)
	} else {
		clear(out)
	}
}

// fits tells whether there is anything to compute. It panics where the assembly would read behind a slice.
func fits(dim, have, n int) bool {
	if have < dim*n {
		panic(fmt.Sprintf("kernel: %d rows of %d dimensions in %d values", n, dim, have))
	}
	return dim > 0 && n > 0
}

// PutCode sets the code of one row of a block (see the package comment) to the signs of values: a bit is set where the
// value is not negative. There are as many values as the code has dimensions, a multiple of [Group].
func PutCode(block []byte, row int, values []float32) {
	shift := uint(row / 16 * 4)
	keep := byte(0xf0 >> shift)
	block = block[row%16:]
	for len(values) >= 4 {
		v := (*[4]float32)(values)
		nibble := positive(v[0]) | positive(v[1])<<1 | positive(v[2])<<2 | positive(v[3])<<3
		block[0] = block[0]&keep | nibble<<shift
		values = values[4:]
		if len(values) > 0 {
			block = block[16:]
		}
	}
}

// Sums adds up, for each row of each block that is wanted, the bytes that a table gives for the row's nibbles, and puts
// the 32 sums of a block one behind the other into sums. Bit j of want[i] stands for row j of block i; of a block without
// any the sums are left as they were, of the others all are computed. A table holds 16 bytes a nibble, the codes [Block]
// nibbles of half a byte: len(codes) is len(want) × len(table).
//
// A table must be such that no sum overflows: the largest bytes of the nibbles 0, 2, … 14 of each group of 16 add up to at
// most 255, so do those of the nibbles 1, 3, … 15, and the largest bytes of all to at most 65535.
func Sums(table, codes []byte, want []uint32, sums []int32) {
	if len(table) == 0 || len(table)%(4*Group) != 0 || len(codes) < len(table)*len(want) || len(sums) < Block*len(want) {
		panic(fmt.Sprintf("kernel: %d blocks, a table of %d bytes, %d bytes of codes, %d sums", len(want), len(table), len(codes), len(sums)))
	}
	if len(want) > 0 {
		oneBit(table, codes, want, sums)
	}
}

// AtLeast takes those rows out of want whose estimate factors[i]·(scale·sums[i]+base)+terms[i] is less than floor. An
// estimate that is not a number stays. Bit j of want[i] stands for row 32·i+j; there is a sum, a factor and a term a row.
func AtLeast(sums []int32, factors, terms []float32, scale, base, floor float32, want []uint32) {
	if n := Block * len(want); len(sums) < n || len(factors) < n || len(terms) < n {
		panic(fmt.Sprintf("kernel: %d blocks, %d sums, %d factors, %d terms", len(want), len(sums), len(factors), len(terms)))
	}
	if len(want) > 0 {
		atLeast(sums, factors, terms, scale, base, floor, want)
	}
}

// Hadamard multiplies x with signs, value by value, and then with the Hadamard matrix, in place. The length of x is a
// power of two, 8 at least; the result is √len(x) times as long as x was.
func Hadamard(x, signs []float32) {
	if n := len(x); n < 8 || bits.OnesCount(uint(n)) != 1 || len(signs) < n {
		panic(fmt.Sprintf("kernel: a Hadamard transform of %d values with %d signs", n, len(signs)))
	}
	hadamard(x, signs)
}

// Butterfly replaces a by a+b and b by a-b, two vectors of one length.
func Butterfly(a, b []float32) {
	if len(a) != len(b) {
		panic(fmt.Sprintf("kernel: a butterfly of %d and %d values", len(a), len(b)))
	}
	if len(a) > 0 {
		butterfly(a, b)
	}
}
