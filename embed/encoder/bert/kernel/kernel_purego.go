//go:build !amd64 || purego

package kernel

// Fast tells that the assembly runs.
func Fast() bool { return false }

func multiply(out, in Rows, rows int, panel, bias []float32, add bool) {
	portableMultiply(out, in, rows, panel, bias, add)
}

func softmax(scores []float32) { portableSoftmax(scores) }
func gelu(values []float32)    { portableGELU(values) }
func normalise(row, scale, shift []float32, epsilon float32) {
	portableNormalise(row, scale, shift, epsilon)
}
