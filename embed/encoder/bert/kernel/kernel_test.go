package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The tests compare what is exported (the assembly, where it runs) and the plain Go of portable.go with float64.

func TestMultiply(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 25} {
		for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 26, 32, 97} {
			for _, columns := range []int{1, 15, 16, 17, 48, 50} {
				for _, variant := range []struct{ bias, add bool }{{}, {true, false}, {false, true}, {true, true}} {
					weights := floats(r, columns*k)
					m := Pack(weights, columns, k)
					in := Rows{floats(r, rows*(k+3)), k + 3}
					before := Rows{floats(r, rows*(m.Columns+5)+1), m.Columns + 5}
					var bias []float32
					if variant.bias {
						bias = append(floats(r, columns), make([]float32, m.Columns-columns)...)
					}
					for name, version := range map[string]func(out Rows){
						"fast":     func(out Rows) { m.Multiply(out, in, rows, bias, variant.add) },
						"portable": func(out Rows) { inGo(m, out, in, rows, bias, variant.add) },
					} {
						out := Rows{slices.Clone(before.Values), before.Stride}
						version(out)
						check := fmt.Sprintf("%s, %d rows, %d values, %d columns, %+v", name, rows, k, columns, variant)
						checkProduct(t, check, out, before, in, rows, columns, k, weights, bias, variant.add)
					}
				}
			}
		}
	}
}

// inGo is Multiply without assembly.
func inGo(m *Matrix, out, in Rows, rows int, bias []float32, add bool) {
	for from := 0; rows > 0 && from < m.Columns; from += Columns {
		var b []float32
		if bias != nil {
			b = bias[from:][:Columns]
		}
		portableMultiply(Rows{out.Values[from:], out.Stride}, in, rows, m.panels[from*m.Rows:][:Columns*m.Rows], b, add)
	}
}

func checkProduct(t *testing.T, name string, out, before, in Rows, rows, columns, k int, weights, bias []float32, add bool) {
	t.Helper()
	touched := map[int]bool{}
	for row := range rows {
		for column := range Pad(columns) {
			at := row*out.Stride + column
			touched[at] = true
			want, size := 0.0, 1.0
			if add {
				want = float64(before.Values[at])
			}
			if bias != nil {
				want += float64(bias[column])
			}
			for i := range k {
				if column < columns {
					term := float64(in.Values[row*in.Stride+i]) * float64(weights[column*k+i])
					want, size = want+term, size+math.Abs(term)
				}
			}
			if got := out.Values[at]; math.Abs(float64(got)-want) > size*1e-6 {
				t.Fatalf("%s: row %d, column %d: got %v, want %v", name, row, column, got, want)
			}
		}
	}
	for at, v := range out.Values {
		if !touched[at] && v != before.Values[at] {
			t.Fatalf("%s: wrote to value %d, which is no part of the result", name, at)
		}
	}
}

// TestRowByItself holds what an embedder relies on: a text's vector does not depend on the texts beside it.
func TestRowByItself(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m := Pack(floats(r, 32*77), 32, 77)
	for rows := 1; rows < 20; rows++ {
		in, out := Rows{floats(r, rows*77), 77}, Rows{make([]float32, rows*32), 32}
		m.Multiply(out, in, rows, nil, false)
		for row := range rows {
			alone := Rows{make([]float32, 32), 32}
			m.Multiply(alone, in.From(row), 1, nil, false)
			if !slices.Equal(alone.Values, out.Row(row, 32)) {
				t.Fatalf("row %d of %d differs from the same row alone", row, rows)
			}
		}
	}
}

func TestSetRow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	weights := floats(r, 23*9)
	want, got := Pack(weights, 23, 9), New(9, 23)
	for i := range 9 {
		row := make([]float32, 23)
		for j := range row {
			row[j] = weights[j*9+i]
		}
		got.SetRow(i, row)
	}
	if !slices.Equal(got.panels, want.panels) {
		t.Fatal("a matrix set by rows differs from the same set by columns")
	}
}

func TestMultiplyRefuses(t *testing.T) {
	m := New(8, 16)
	good := Rows{make([]float32, 32), 16}
	tests := []struct {
		name    string
		out, in Rows
		bias    []float32
	}{
		{"a result that is too short", Rows{make([]float32, 31), 16}, good, nil},
		{"rows that are too short", good, Rows{make([]float32, 23), 16}, nil},
		{"a bias that is too short", good, good, make([]float32, 15)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic, though the assembly would leave the slice")
				}
			}()
			m.Multiply(test.out, test.in, 2, test.bias, false)
		})
	}
}

func TestSoftmax(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for n := 8; n <= 520; n += 8 {
		for _, spread := range []float32{0.01, 1, 30, 1e4} {
			scores := floats(r, n)
			for i := range scores {
				scores[i] = scores[i]*spread + 5
			}
			for i := n - r.IntN(8); i < n; i++ {
				scores[i] = float32(math.Inf(-1))
			}
			want, sum := make([]float64, n), 0.0
			highest := float64(slices.Max(scores))
			for i, s := range scores {
				want[i] = math.Exp(float64(s) - highest)
				sum += want[i]
			}
			got, plain := slices.Clone(scores), slices.Clone(scores)
			Softmax(got)
			portableSoftmax(plain)
			for i := range want {
				for version, got := range map[string]float32{"fast": got[i], "portable": plain[i]} {
					// What is subtracted from a score has its own rounding, which exp makes larger.
					tolerance := 2e-6 + 2e-7*min(highest-float64(scores[i]), 100)
					if share := want[i] / sum; math.Abs(float64(got)-share) > share*tolerance+1e-30 {
						t.Fatalf("%s, %d scores within %v: score %v became %v, want %v", version, n, spread, scores[i], got, share)
					}
				}
			}
		}
	}
}

func TestGELU(t *testing.T) {
	var values []float32
	for x := float32(-12); x <= 12; x += 1.0 / 512 {
		values = append(values, x)
	}
	values = append(values, 0, 1e-30, -1e-30, 1e4, -1e4, 3e38, -3e38)
	for len(values)%Lanes != 0 {
		values = append(values, 0)
	}
	got, plain := slices.Clone(values), slices.Clone(values)
	GELU(got)
	portableGELU(plain)
	for i, v := range values {
		x := float64(v)
		want := x / 2 * (1 + math.Erf(x/math.Sqrt2))
		for version, got := range map[string]float32{"fast": got[i], "portable": plain[i]} {
			if math.Abs(float64(got)-want) > 5e-7*math.Max(1, math.Abs(x)) {
				t.Errorf("%s: GELU(%v) = %v, want %v", version, v, got, want)
			}
		}
	}
}

func TestNormalise(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{1, 7, 8, 16, 30, 32, 312, 384, 768, 1024} {
		for _, offset := range []float32{0, 3, -100} {
			row, scale, shift := floats(r, n), floats(r, n), floats(r, n)
			var mean, variance float64
			for i := range row {
				row[i] += offset
				mean += float64(row[i]) / float64(n)
			}
			for _, x := range row {
				variance += (float64(x) - mean) * (float64(x) - mean) / float64(n)
			}
			got, plain := slices.Clone(row), slices.Clone(row)
			Normalise(got, scale, shift, 1e-5)
			portableNormalise(plain, scale, shift, 1e-5)
			for i, x := range row {
				want := (float64(x)-mean)/math.Sqrt(variance+1e-5)*float64(scale[i]) + float64(shift[i])
				for version, got := range map[string]float32{"fast": got[i], "portable": plain[i]} {
					if math.Abs(float64(got)-want) > 2e-4 {
						t.Fatalf("%s, %d values about %v: %v became %v, want %v", version, n, offset, x, got, want)
					}
				}
			}
		}
	}
}

// TestNotANumber holds that what is no number comes out as none, so that an embedder can notice it.
func TestNotANumber(t *testing.T) {
	nan := float32(math.NaN())
	for at := range 16 {
		values := make([]float32, 16)
		values[at] = nan
		GELU(values)
		if !math.IsNaN(float64(values[at])) {
			t.Errorf("GELU made %v of no number", values[at])
		}
		in, out := Rows{make([]float32, 16), 16}, Rows{make([]float32, 16), 16}
		in.Values[at] = nan
		New(16, 16).Multiply(out, in, 1, nil, false)
		if !math.IsNaN(float64(out.Values[at])) {
			t.Errorf("a product with no number is %v", out.Values[at])
		}
	}
}

func BenchmarkMultiply(b *testing.B) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, size := range []struct{ rows, k, columns int }{{96, 384, 1152}, {96, 1536, 384}, {18, 384, 1536}} {
		b.Run(fmt.Sprintf("%dx%dx%d", size.rows, size.k, size.columns), func(b *testing.B) {
			m := Pack(floats(r, size.columns*size.k), size.columns, size.k)
			in, out := Rows{floats(r, size.rows*size.k), size.k}, Rows{make([]float32, size.rows*size.columns), size.columns}
			for b.Loop() {
				m.Multiply(out, in, size.rows, nil, false)
			}
			b.ReportMetric(2*float64(size.rows*size.k*size.columns)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkGELU(b *testing.B) {
	values := floats(rand.New(rand.NewPCG(13, 14)), 1536)
	for b.Loop() {
		GELU(values)
	}
}

func BenchmarkSoftmax(b *testing.B) {
	values := floats(rand.New(rand.NewPCG(15, 16)), 128)
	for b.Loop() {
		Softmax(values)
	}
}

func floats(r *rand.Rand, n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(r.NormFloat64())
	}
	return list
}
