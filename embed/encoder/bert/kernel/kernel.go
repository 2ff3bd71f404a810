// Package kernel holds the inner loops of a transformer: products of matrices, softmax, GELU and layer normalisation, on float32.
// A caller cannot tell which of two versions runs, AVX2 assembly or plain Go, but by the clock and by the last bits of a value. In both, a row's
// result does not depend on the rows beside it, to the last bit. The build tag purego leaves the assembly out.
package kernel

import "fmt"

const (
	// Lanes is what the lengths of rows are a multiple of, where a function says so.
	Lanes = 8
	// Columns is how many columns of a [Matrix] lie together, and what their number is a multiple of.
	Columns = 16
	// tile is how many rows of the left side go through the innermost loop together.
	tile = 6
)

// Matrix is the right side of a product. Its columns lie in panels of [Columns]: the values that the innermost loop wants next lie next.
type Matrix struct {
	Rows, Columns int // Columns as padded with zeros
	panels        []float32
}

// Pack makes a matrix of the weights of a linear layer as models store them: one row an output, each as long as the input.
func Pack(weights []float32, outputs, inputs int) *Matrix {
	m := New(inputs, outputs)
	for i := range outputs {
		m.SetColumn(i, weights[i*inputs:(i+1)*inputs])
	}
	return m
}

// New returns a matrix of zeros.
func New(rows, columns int) *Matrix {
	m := &Matrix{}
	m.Reset(make([]float32, rows*Pad(columns)), rows, columns)
	return m
}

// Pad rounds a number of columns up to what a [Matrix] holds.
func Pad(columns int) int { return (columns + Columns - 1) / Columns * Columns }

// Reset makes m a matrix of another size whose values lie in memory, which holds rows × Pad(columns) of them and keeps what it holds.
func (m *Matrix) Reset(memory []float32, rows, columns int) {
	m.Rows, m.Columns = rows, Pad(columns)
	m.panels = memory[:m.Rows*m.Columns]
}

// SetColumn sets one column.
func (m *Matrix) SetColumn(column int, values []float32) {
	panel := m.panels[column/Columns*Columns*m.Rows:][column%Columns:]
	for i, v := range values[:m.Rows] {
		panel[i*Columns] = v
	}
}

// SetRow sets the first len(values) columns of one row.
func (m *Matrix) SetRow(row int, values []float32) {
	for from := 0; from < len(values); from += Columns {
		copy(m.panels[from*m.Rows+row*Columns:][:Columns], values[from:min(from+Columns, len(values))])
	}
}

// Rows is a number of rows of which each begins stride values behind the one before.
type Rows struct {
	Values []float32
	Stride int
}

// From returns the rows from one on.
func (r Rows) From(row int) Rows { return Rows{r.Values[row*r.Stride:], r.Stride} }

// Row returns the first n values of a row.
func (r Rows) Row(row, n int) []float32 { return r.Values[row*r.Stride:][:n:n] }

// Multiply sets out to in·m + bias, or adds that to it where add is true. There are n rows of as many values as m has rows, and n of as many as
// it has columns; a bias has as many as it has columns, or is nil.
func (m *Matrix) Multiply(out, in Rows, n int, bias []float32, add bool) {
	if n == 0 || m.Columns == 0 {
		return
	}
	if len(in.Values) < (n-1)*in.Stride+m.Rows || len(out.Values) < (n-1)*out.Stride+m.Columns || bias != nil && len(bias) < m.Columns || m.Rows < 1 {
		panic(fmt.Sprintf("kernel: %d rows of %d values in %d, %d apart, times %d columns, into %d, %d apart, with a bias of %d",
			n, m.Rows, len(in.Values), in.Stride, m.Columns, len(out.Values), out.Stride, len(bias)))
	}
	for from := 0; from < m.Columns; from += Columns {
		panel := m.panels[from*m.Rows:][:Columns*m.Rows]
		var b []float32
		if bias != nil {
			b = bias[from:][:Columns]
		}
		for row := 0; row < n; {
			rows := min(tile, n-row)
			if left := n - row; tile < left && left < 2*tile {
				rows = (left + 1) / 2 // two middling tiles are faster than a full and a narrow one
			}
			multiply(Rows{out.Values[row*out.Stride+from:], out.Stride}, in.From(row), rows, panel, b, add)
			row += rows
		}
	}
}

// Softmax turns scores into shares that add up to 1. Their number is a multiple of [Lanes]; -Inf scores nothing, or next to it.
func Softmax(scores []float32) {
	if len(scores)%Lanes != 0 {
		panic(fmt.Sprintf("kernel: softmax of %d scores", len(scores)))
	}
	if len(scores) > 0 {
		softmax(scores)
	}
}

// GELU replaces each x by x·Φ(x), where Φ is the normal distribution: x/2·(1+erf(x/√2)) (Hendrycks and Gimpel: Gaussian Error Linear Units, 2016).
// The error of erf is below 5e-7. The number of values is a multiple of [Lanes].
func GELU(values []float32) {
	if len(values)%Lanes != 0 {
		panic(fmt.Sprintf("kernel: GELU of %d values", len(values)))
	}
	if len(values) > 0 {
		gelu(values)
	}
}

// Normalise gives a row the mean 0 and the variance 1, and then scale and shift (Ba, Kiros and Hinton: Layer Normalization, 2016).
func Normalise(row, scale, shift []float32, epsilon float32) {
	if len(scale) != len(row) || len(shift) != len(row) {
		panic(fmt.Sprintf("kernel: %d values, %d scales, %d shifts", len(row), len(scale), len(shift)))
	}
	if len(row) > 0 {
		normalise(row, scale, shift, epsilon)
	}
}
