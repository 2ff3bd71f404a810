//go:build !amd64 || purego

package kernel

// Fast tells that the assembly runs.
func Fast() bool { return false }

func dotRows(query, rows, out []float32)         { portableDotRows(query, rows, out) }
func squaresRows(query, rows, out []float32)     { portableSquaresRows(query, rows, out) }
func differencesRows(query, rows, out []float32) { portableDifferencesRows(query, rows, out) }
func dotBytes(query, rows []int8, out []int32)   { portableDotBytes(query, rows, out) }
func hadamard(x, signs []float32)                { portableHadamard(x, signs) }
func butterfly(a, b []float32)                   { portableButterfly(a, b) }

func fetch([]float32) {}

func oneBit(table, codes []byte, want []uint32, sums []int32) {
	portableSums(table, codes, want, sums)
}

func atLeast(sums []int32, factors, terms []float32, scale, base, floor float32, want []uint32) {
	portableAtLeast(sums, factors, terms, scale, base, floor, want)
}
