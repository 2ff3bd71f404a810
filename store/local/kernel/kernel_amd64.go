//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// Fast tells that the assembly runs.
func Fast() bool { return fast }

func dotRows(query, rows, out []float32) {
	if !fast {
		portableDotRows(query, rows, out)
		return
	}
	dotRowsAVX2(&query[0], &rows[0], len(query), len(out), &out[0])
}

func squaresRows(query, rows, out []float32) {
	if !fast {
		portableSquaresRows(query, rows, out)
		return
	}
	squaresRowsAVX2(&query[0], &rows[0], len(query), len(out), &out[0])
}

func differencesRows(query, rows, out []float32) {
	if !fast {
		portableDifferencesRows(query, rows, out)
		return
	}
	differencesRowsAVX2(&query[0], &rows[0], len(query), len(out), &out[0])
}

func dotBytes(query, rows []int8, out []int32) {
	if !fast {
		portableDotBytes(query, rows, out)
		return
	}
	dotBytesAVX2(&query[0], &rows[0], len(query), len(out), &out[0])
}

func oneBit(table, codes []byte, want []uint32, sums []int32) {
	if !fast {
		portableSums(table, codes, want, sums)
		return
	}
	sumsAVX2(&table[0], &codes[0], len(table)/256, &want[0], len(want), &sums[0])
}

func atLeast(sums []int32, factors, terms []float32, scale, base, floor float32, want []uint32) {
	if !fast {
		portableAtLeast(sums, factors, terms, scale, base, floor, want)
		return
	}
	atLeastAVX2(&sums[0], &factors[0], &terms[0], scale, base, floor, &want[0], len(want))
}

func hadamard(x, signs []float32) {
	if !fast {
		portableHadamard(x, signs)
		return
	}
	hadamardAVX2(&x[0], &signs[0], len(x))
}

func fetch(vector []float32) { prefetch(&vector[0], len(vector)) }

func butterfly(a, b []float32) {
	if !fast {
		portableButterfly(a, b)
		return
	}
	butterflyAVX2(&a[0], &b[0], len(a))
}

// The lengths of all are one at least: of a vector in values, of several in vectors, of codes in groups and blocks.

//go:noescape
func dotRowsAVX2(query, rows *float32, dim, n int, out *float32)

//go:noescape
func squaresRowsAVX2(query, rows *float32, dim, n int, out *float32)

//go:noescape
func differencesRowsAVX2(query, rows *float32, dim, n int, out *float32)

//go:noescape
func dotBytesAVX2(query, rows *int8, dim, n int, out *int32)

//go:noescape
func sumsAVX2(table, codes *byte, groups int, want *uint32, blocks int, sums *int32)

//go:noescape
func atLeastAVX2(sums *int32, factors, terms *float32, scale, base, floor float32, want *uint32, blocks int)

//go:noescape
func hadamardAVX2(x, signs *float32, n int)

// prefetch is part of what every amd64 processor has.
//
//go:noescape
func prefetch(vector *float32, n int)

//go:noescape
func butterflyAVX2(a, b *float32, n int)
