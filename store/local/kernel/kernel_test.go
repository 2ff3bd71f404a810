package kernel

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// The tests compare what is exported (the assembly, where it runs) with the plain Go of portable.go, and that with sums in
// float64 that are too simple to be wrong.

// lengths are all up to some multiples of the widest step of a kernel, and some large and odd ones.
func lengths() []int {
	var all []int
	for n := range 140 {
		all = append(all, n)
	}
	return append(all, 255, 256, 257, 383, 384, 385, 767, 768, 1023, 1536, 4099)
}

func TestFloatRows(t *testing.T) {
	tests := []struct {
		name           string
		fast, portable func(query, rows, out []float32)
		term           func(a, b float64) float64
	}{
		{"dot", DotRows, portableDotRows, func(a, b float64) float64 { return a * b }},
		{"squares", SquaresRows, portableSquaresRows, func(a, b float64) float64 { return (a - b) * (a - b) }},
		{"differences", DifferencesRows, portableDifferencesRows, func(a, b float64) float64 { return math.Abs(a - b) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for _, dim := range lengths() {
				n := r.IntN(6)
				// Rows begin anywhere, not only where a register would like them to.
				query, rows := floats(r, dim+3)[r.IntN(4):][:dim], floats(r, n*dim+3)[r.IntN(4):][:n*dim]
				got, plain := dirty(n+1), dirty(n+1)
				test.fast(query, rows, got[:n])
				test.portable(query, rows, plain[:n])
				for i := range n {
					want, size := 0.0, 0.0
					for j, a := range query {
						term := test.term(float64(a), float64(rows[i*dim+j]))
						want, size = want+term, size+math.Abs(term)
					}
					for version, got := range map[string]float32{"fast": got[i], "portable": plain[i]} {
						if math.Abs(float64(got)-want) > size*1e-6 {
							t.Fatalf("%s, %d dimensions, row %d of %d: got %v, want %v", version, dim, i, n, got, want)
						}
					}
				}
				if got[n] != untouched || plain[n] != untouched {
					t.Fatalf("%d dimensions, %d rows: wrote behind the results", dim, n)
				}
			}
		})
	}
}

// TestOneRowIsAsMany holds what the store relies on: a score does not depend on the way to it.
func TestOneRowIsAsMany(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, dim := range lengths() {
		query, rows := floats(r, dim), floats(r, 7*dim)
		one := map[string]func(a, b []float32) float32{"dot": Dot, "squares": Squares, "differences": Differences}
		many := map[string]func(query, rows, out []float32){"dot": DotRows, "squares": SquaresRows, "differences": DifferencesRows}
		for name := range one {
			out := make([]float32, 7)
			many[name](query, rows, out)
			for i, got := range out {
				if want := one[name](query, slices.Clone(rows[i*dim:(i+1)*dim])); got != want {
					t.Fatalf("%s, %d dimensions: row %d of many is %v, alone %v", name, dim, i, got, want)
				}
			}
		}
	}
}

func TestFloatsThatAreNoNumbers(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, dim := range []int{1, 7, 8, 31, 32, 33, 100} {
		for at := range dim {
			for _, bad := range []float32{nan, inf} {
				query, row := slices.Repeat([]float32{1}, dim), slices.Repeat([]float32{2}, dim)
				row[at] = bad
				for name, got := range map[string]float32{"dot": Dot(query, row), "squares": Squares(query, row), "differences": Differences(query, row)} {
					if math.IsNaN(float64(bad)) != math.IsNaN(float64(got)) || bad == inf && got != inf {
						t.Fatalf("%s with %v at %d of %d is %v", name, bad, at, dim, got)
					}
				}
			}
		}
	}
}

func TestDotBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	check := func(query, rows []int8, n int) {
		t.Helper()
		dim := len(query)
		got, plain := make([]int32, n), make([]int32, n)
		DotBytes(query, rows, got)
		portableDotBytes(query, rows, plain)
		for i := range n {
			var want int64
			for j, a := range query {
				want += int64(a) * int64(rows[i*dim+j])
			}
			if int64(got[i]) != want || int64(plain[i]) != want {
				t.Fatalf("%d dimensions, row %d of %d: got %d, portable %d, want %d", dim, i, n, got[i], plain[i], want)
			}
		}
	}
	for _, dim := range lengths() {
		n := r.IntN(6)
		check(signed(r, dim+3)[r.IntN(4):][:dim], signed(r, n*dim+3)[r.IntN(4):][:n*dim], n)
	}
	lowest := slices.Repeat([]int8{-128}, MaxBytes)
	check(lowest, lowest, 1) // the largest sum that there can be
}

func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, dim := range []int{64, 128, 192, 384, 768, 1024, 1536, 4096} {
		for _, blocks := range []int{0, 1, 2, 3, 63, 64, 65, 150} {
			if dim > 384 && blocks > 3 {
				continue
			}
			// Most blocks hold random rows, and some have the patterns that reach the largest sums.
			values := make([][]float32, blocks*Block)
			codes := make([]byte, blocks*Block*dim/8)
			for i := range codes {
				codes[i] = byte(r.Uint32()) // what was there before must not shine through
			}
			for i := range values {
				values[i] = floats(r, dim)
				if i%7 == 0 {
					values[i] = slices.Repeat([]float32{1}, dim)
				}
				PutCode(codes[i/Block*Block*dim/8:], i%Block, values[i])
			}
			table, want := tableFor(r, dim), make([]uint32, blocks)
			for i := range want {
				want[i] = r.Uint32() >> r.IntN(33) // zero now and then
			}
			got, plain := make([]int32, blocks*Block), make([]int32, blocks*Block)
			for i := range got {
				got[i], plain[i] = -1, -1
			}
			Sums(table, codes, want, got)
			portableSums(table, codes, want, plain)
			for i, v := range values {
				expected := sumOf(table, v)
				if want[i/Block] == 0 {
					expected = -1
				}
				if got[i] != expected || plain[i] != expected {
					t.Fatalf("%d dimensions, row %d of %d: got %d, portable %d, want %d", dim, i, len(values), got[i], plain[i], expected)
				}
			}
		}
	}
}

// tableFor makes a random table that is as full as a table may be.
func tableFor(r *rand.Rand, dim int) []byte {
	table := make([]byte, dim*4)
	left := 65535
	for group := 0; group < len(table); group += 4 * Group {
		for odd := range 2 {
			// Eight random shares of 255.
			cuts := []int{0, min(255, left)}
			for range 7 {
				cuts = append(cuts, r.IntN(cuts[1]+1))
			}
			left -= cuts[1]
			slices.Sort(cuts)
			for i := range 8 {
				most := cuts[i+1] - cuts[i]
				nibble := table[group+32*i+16*odd:][:16]
				for j := range nibble {
					nibble[j] = byte(r.IntN(most + 1))
				}
				nibble[15] = byte(most)
			}
		}
	}
	return table
}

func sumOf(table []byte, values []float32) int32 {
	var sum int32
	for i := 0; i < len(values); i += 4 {
		pattern := 0
		for j, v := range values[i : i+4] {
			if v >= 0 {
				pattern |= 1 << j
			}
		}
		sum += int32(table[i*4+pattern])
	}
	return sum
}

func TestAtLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, blocks := range []int{0, 1, 2, 5, 64} {
		for _, floor := range []float32{float32(math.Inf(-1)), -40, 0, 7.5, float32(math.Inf(1))} {
			n := blocks * Block
			sums, factors, terms := make([]int32, n), floats(r, n), floats(r, n)
			for i := range sums {
				sums[i] = int32(r.IntN(1<<17)) - 1<<16
				switch r.IntN(40) {
				case 0:
					factors[i] = float32(math.NaN())
				case 1:
					terms[i] = float32(math.NaN())
				}
			}
			want := make([]uint32, blocks)
			for i := range want {
				want[i] = r.Uint32() >> r.IntN(33)
			}
			got, plain := slices.Clone(want), slices.Clone(want)
			AtLeast(sums, factors, terms, .001, 3, floor, got)
			portableAtLeast(sums, factors, terms, .001, 3, floor, plain)
			for i := range sums {
				estimate := float64(factors[i])*(.001*float64(sums[i])+3) + float64(terms[i])
				if math.Abs(estimate-float64(floor)) < 1e-3 {
					continue // rounding may decide
				}
				stays := want[i/Block]>>(i%Block)&1 == 1 && !(estimate < float64(floor))
				for version, rows := range map[string][]uint32{"fast": got, "portable": plain} {
					if stayed := rows[i/Block]>>(i%Block)&1 == 1; stayed != stays {
						t.Fatalf("%s, row %d of %d: estimate %v against %v: stayed %v, want %v", version, i, n, estimate, floor, stayed, stays)
					}
				}
			}
		}
	}
}

func TestHadamard(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for n := 8; n <= 2048; n *= 2 {
		x, signs := floats(r, n+1)[1:], make([]float32, n)
		for i := range signs {
			signs[i] = float32(r.IntN(2)*2 - 1)
		}
		got, plain := slices.Clone(x), slices.Clone(x)
		Hadamard(got, signs)
		portableHadamard(plain, signs)
		for i := range n {
			var want float64
			for j, v := range x {
				entry := 1 - 2*(bits.OnesCount(uint(i&j))%2)
				want += float64(entry) * float64(signs[j]) * float64(v)
			}
			if math.Abs(float64(got[i])-want) > 1e-4*float64(n) || math.Abs(float64(plain[i])-want) > 1e-4*float64(n) {
				t.Fatalf("%d values: value %d is %v, portable %v, want %v", n, i, got[i], plain[i], want)
			}
		}
	}
}

func TestButterfly(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, n := range lengths() {
		a, b := floats(r, n), floats(r, n)
		gotA, gotB := slices.Clone(a), slices.Clone(b)
		Butterfly(gotA, gotB)
		for i := range n {
			if gotA[i] != a[i]+b[i] || gotB[i] != a[i]-b[i] {
				t.Fatalf("%d values: %v and %v became %v and %v", n, a[i], b[i], gotA[i], gotB[i])
			}
		}
	}
}

// TestSlicesThatAreTooShort must panic, and not read behind a slice.
func TestSlicesThatAreTooShort(t *testing.T) {
	tests := []struct {
		name string
		call func()
	}{
		{"fewer rows than results", func() { DotRows(make([]float32, 8), make([]float32, 15), make([]float32, 2)) }},
		{"a shorter second vector", func() { Squares(make([]float32, 8), make([]float32, 7)) }},
		{"bytes that could overflow", func() { DotBytes(make([]int8, MaxBytes+1), make([]int8, MaxBytes+1), make([]int32, 1)) }},
		{"a table of half a group", func() { Sums(make([]byte, 128), make([]byte, 1024), make([]uint32, 1), make([]int32, 32)) }},
		{"fewer codes than blocks", func() { Sums(make([]byte, 256), make([]byte, 511), make([]uint32, 2), make([]int32, 64)) }},
		{"fewer sums than blocks", func() { Sums(make([]byte, 256), make([]byte, 512), make([]uint32, 2), make([]int32, 63)) }},
		{"fewer factors than rows", func() {
			AtLeast(make([]int32, 32), make([]float32, 31), make([]float32, 32), 1, 0, 0, make([]uint32, 1))
		}},
		{"a transform of 12 values", func() { Hadamard(make([]float32, 12), make([]float32, 12)) }},
		{"a butterfly of two lengths", func() { Butterfly(make([]float32, 3), make([]float32, 2)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			test.call()
		})
	}
}

const untouched = 12345

func dirty(n int) []float32 { return slices.Repeat([]float32{untouched}, n) }

func floats(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

func signed(r *rand.Rand, n int) []int8 {
	out := make([]int8, n)
	for i := range out {
		out[i] = int8(r.Uint32())
	}
	return out
}

// The benchmarks read 384-dimensional rows that fit into the second level of the cache, and rows that fit into none.

var sizes = []struct {
	name string
	rows int
}{{"cached", 384}, {"memory", 200_000}}

func BenchmarkFloatRows(b *testing.B) {
	const dim = 384
	for name, rows := range map[string]func(query, rows, out []float32){"dot": DotRows, "squares": SquaresRows, "differences": DifferencesRows, "portableDot": portableDotRows} {
		for _, size := range sizes {
			b.Run(name+"/"+size.name, func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				query, data, out := floats(r, dim), floats(r, dim*size.rows), make([]float32, size.rows)
				b.SetBytes(int64(4 * len(data)))
				for b.Loop() {
					rows(query, data, out)
				}
				perRow(b, size.rows)
			})
		}
	}
}

func BenchmarkDotBytes(b *testing.B) {
	const dim = 384
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			query, data, out := signed(r, dim), signed(r, dim*size.rows), make([]int32, size.rows)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				DotBytes(query, data, out)
			}
			perRow(b, size.rows)
		})
	}
}

func BenchmarkSums(b *testing.B) {
	const dim = 384
	for name, sum := range map[string]func(table, codes []byte, want []uint32, sums []int32){"fast": Sums, "portable": portableSums} {
		for _, rows := range []int{2048, 1_000_000} {
			b.Run(fmt.Sprint(name, "/", rows), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				table, codes, sums := tableFor(r, dim), make([]byte, rows*dim/8), make([]int32, 2048)
				for i := range codes {
					codes[i] = byte(r.Uint32())
				}
				want := slices.Repeat([]uint32{1}, 64)
				b.SetBytes(int64(len(codes)))
				for b.Loop() {
					for c := codes; len(c) > 0; {
						n := min(len(c), 2048*dim/8)
						sum(table, c[:n], want[:n/(Block*dim/8)], sums)
						c = c[n:]
					}
				}
				perRow(b, rows)
			})
		}
	}
}

func BenchmarkAtLeast(b *testing.B) {
	const rows = 2048
	r := rand.New(rand.NewPCG(1, 2))
	sums, factors, terms, want := make([]int32, rows), floats(r, rows), floats(r, rows), make([]uint32, rows/Block)
	for b.Loop() {
		for i := range want {
			want[i] = math.MaxUint32
		}
		AtLeast(sums, factors, terms, 1, 0, 3, want)
	}
	perRow(b, rows)
}

func BenchmarkHadamard(b *testing.B) {
	for _, n := range []int{256, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, signs := make([]float32, n), slices.Repeat([]float32{1}, n)
			for b.Loop() {
				Hadamard(x, signs)
			}
		})
	}
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}
