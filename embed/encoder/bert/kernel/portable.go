package kernel

import "math"

// eights is a constant in all lanes of a register.
type eights [Lanes]float32

func all(values ...float32) []eights {
	list := make([]eights, len(values))
	for i, v := range values {
		for j := range list[i] {
			list[i][j] = v
		}
	}
	return list
}

// exponential holds the constants of exp(x) = 2^n·exp(r), where n is x/ln 2 rounded and exp(r) = 1+r+r²·p(r). The polynomial was fitted to have
// the least largest error, 3e-9, for r within ±ln(2)/2. ln 2 comes in two parts, the first of so few bits that n times it is exact.
var exponential = all(
	1.44269504, 0.693359375, -0.00021219444, -87, // 1/ln 2, ln 2, and the least x: below it a float32 would lose its precision
	0.0013814613, 0.00836871, 0.04166839, 0.16666521, 0.49999994, 1,
)

// normal holds the constants of erf(x/√2) = x·p(x²)/q(x²) for x within ±5.6, beyond which it is as good as ±1. The two polynomials were fitted to
// have the least largest error, 2e-8 before rounding.
var normal = all(
	5.6, -5.6,
	4.429069e-08, 1.2713065e-05, 0.00034770102, 0.009414516, 0.06875216, 0.79788446,
	1.180213e-06, 7.510187e-05, 0.0019129768, 0.028940074, 0.25283378, 1,
	0.5,
)

// portableMultiply takes two rows and four columns at a time: their eight sums stay in registers, and each value is read for several of them.
func portableMultiply(out, in Rows, rows int, panel, bias []float32, add bool) {
	k := len(panel) / Columns
	for row := 0; row < rows; row += 2 {
		a, b := in.Row(row, k), in.Row(min(row+1, rows-1), k)[:k] // the last row of an odd number is computed twice
		for column := 0; column < Columns; column += 4 {
			var s [4]float32
			copy(s[:], bias[min(column, len(bias)):])
			a0, a1, a2, a3 := s[0], s[1], s[2], s[3]
			b0, b1, b2, b3 := s[0], s[1], s[2], s[3]
			for i, x := range a {
				y, p := b[i], (*[4]float32)(panel[i*Columns+column:])
				a0 += x * p[0]
				a1 += x * p[1]
				a2 += x * p[2]
				a3 += x * p[3]
				b0 += y * p[0]
				b1 += y * p[1]
				b2 += y * p[2]
				b3 += y * p[3]
			}
			if row+1 < rows {
				put(out.Row(row+1, Columns)[column:], [4]float32{b0, b1, b2, b3}, add)
			}
			put(out.Row(row, Columns)[column:], [4]float32{a0, a1, a2, a3}, add)
		}
	}
}

// put sets four values, or adds to them.
func put(to []float32, values [4]float32, add bool) {
	for i, v := range values {
		if add {
			v += to[i]
		}
		to[i] = v
	}
}

func portableExp(x float32) float32 {
	c := exponential
	x = max(x, c[3][0])
	n := float32(math.RoundToEven(float64(x * c[0][0])))
	r := x - n*c[1][0] - n*c[2][0]
	p := c[4][0]
	for _, coefficient := range c[5:] {
		p = p*r + coefficient[0]
	}
	p = p*r + 1
	return math.Float32frombits(math.Float32bits(p) + uint32(int32(n))<<23)
}

func portableSoftmax(scores []float32) {
	highest := scores[0]
	for _, s := range scores {
		highest = max(highest, s)
	}
	var sum float32
	for i, s := range scores {
		scores[i] = portableExp(s - highest)
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
}

func portableGELU(values []float32) {
	c := normal
	for i, v := range values {
		x := min(max(v, c[1][0]), c[0][0])
		u := x * x
		p, q := c[2][0], c[8][0]
		for j := range 5 {
			p = p*u + c[3+j][0]
			q = q*u + c[9+j][0]
		}
		half := v * c[14][0]
		values[i] = half + half*(x*p/q)
	}
}

func portableNormalise(row, scale, shift []float32, epsilon float32) {
	var sum, squares float64 // one sum of so many float32 would lose digits that the eight of a register keep
	for _, x := range row {
		sum += float64(x)
	}
	mean := float32(sum / float64(len(row)))
	for _, x := range row {
		squares += float64(x-mean) * float64(x-mean)
	}
	factor := float32(1 / math.Sqrt(squares/float64(len(row))+float64(epsilon)))
	for i, x := range row {
		row[i] = (x-mean)*factor*scale[i] + shift[i]
	}
}
