//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// Fast tells that the assembly runs.
func Fast() bool { return fast }

// The assembly finds its constants here.
var exponentialTable, normalTable = &exponential[0], &normal[0]

func multiply(out, in Rows, rows int, panel, bias []float32, add bool) {
	if !fast {
		portableMultiply(out, in, rows, panel, bias, add)
		return
	}
	o, a, b, k := &out.Values[0], &in.Values[0], &panel[0], len(panel)/Columns
	var from *float32
	if bias != nil {
		from = &bias[0]
	}
	switch rows {
	case 1:
		multiply1AVX2(o, out.Stride, a, in.Stride, b, k, from, add)
	case 2:
		multiply2AVX2(o, out.Stride, a, in.Stride, b, k, from, add)
	case 3:
		multiply3AVX2(o, out.Stride, a, in.Stride, b, k, from, add)
	case 4:
		multiply4AVX2(o, out.Stride, a, in.Stride, b, k, from, add)
	case 5:
		multiply5AVX2(o, out.Stride, a, in.Stride, b, k, from, add)
	case 6:
		multiply6AVX2(o, out.Stride, a, in.Stride, b, k, from, add)
	}
}

func softmax(scores []float32) {
	if !fast {
		portableSoftmax(scores)
		return
	}
	softmaxAVX2(&scores[0], len(scores), exponentialTable)
}

func gelu(values []float32) {
	if !fast {
		portableGELU(values)
		return
	}
	geluAVX2(&values[0], len(values), normalTable)
}

func normalise(row, scale, shift []float32, epsilon float32) {
	if !fast || len(row)%Lanes != 0 {
		portableNormalise(row, scale, shift, epsilon)
		return
	}
	normaliseAVX2(&row[0], &scale[0], &shift[0], len(row), epsilon, 1/float32(len(row)))
}

// Strides are in values; k is one at least; bias may be nil.

//go:noescape
func multiply1AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)

//go:noescape
func multiply2AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)

//go:noescape
func multiply3AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)

//go:noescape
func multiply4AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)

//go:noescape
func multiply5AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)

//go:noescape
func multiply6AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)

// The numbers of values are multiples of 8, and not zero.

//go:noescape
func softmaxAVX2(scores *float32, n int, constants *eights)

//go:noescape
func geluAVX2(values *float32, n int, constants *eights)

//go:noescape
func normaliseAVX2(row, scale, shift *float32, n int, epsilon, share float32)
