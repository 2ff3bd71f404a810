package kernel

import "math"

// positive is 1 where x is not negative. It looks at the sign alone, without a branch: signs of vectors are as good as random.
func positive(x float32) byte { return byte(^math.Float32bits(x) >> 31) }

// The float loops have several sums, so that the processor need not wait for one addition to begin the next.

func portableDotRows(query, rows, out []float32) {
	for i := range out {
		var s0, s1, s2, s3 float32
		a, b := query, rows[i*len(query):][:len(query)]
		for len(a) >= 8 {
			x, y := (*[8]float32)(a), (*[8]float32)(b)
			s0 += x[0]*y[0] + x[4]*y[4]
			s1 += x[1]*y[1] + x[5]*y[5]
			s2 += x[2]*y[2] + x[6]*y[6]
			s3 += x[3]*y[3] + x[7]*y[7]
			a, b = a[8:], b[8:]
		}
		for j, x := range a {
			s0 += x * b[j]
		}
		out[i] = s0 + s1 + (s2 + s3)
	}
}

func portableSquaresRows(query, rows, out []float32) {
	for i := range out {
		var s0, s1, s2, s3 float32
		a, b := query, rows[i*len(query):][:len(query)]
		for len(a) >= 4 {
			x, y := (*[4]float32)(a), (*[4]float32)(b)
			d0, d1, d2, d3 := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
			s0 += d0 * d0
			s1 += d1 * d1
			s2 += d2 * d2
			s3 += d3 * d3
			a, b = a[4:], b[4:]
		}
		for j, x := range a {
			d := x - b[j]
			s0 += d * d
		}
		out[i] = s0 + s1 + (s2 + s3)
	}
}

func portableDifferencesRows(query, rows, out []float32) {
	for i := range out {
		var s0, s1, s2, s3 float32
		a, b := query, rows[i*len(query):][:len(query)]
		for len(a) >= 4 {
			x, y := (*[4]float32)(a), (*[4]float32)(b)
			s0 += abs(x[0] - y[0])
			s1 += abs(x[1] - y[1])
			s2 += abs(x[2] - y[2])
			s3 += abs(x[3] - y[3])
			a, b = a[4:], b[4:]
		}
		for j, x := range a {
			s0 += abs(x - b[j])
		}
		out[i] = s0 + s1 + (s2 + s3)
	}
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func portableDotBytes(query, rows []int8, out []int32) {
	for i := range out {
		var s0, s1 int32
		a, b := query, rows[i*len(query):][:len(query)]
		for len(a) >= 4 {
			x, y := (*[4]int8)(a), (*[4]int8)(b)
			s0 += int32(x[0])*int32(y[0]) + int32(x[2])*int32(y[2])
			s1 += int32(x[1])*int32(y[1]) + int32(x[3])*int32(y[3])
			a, b = a[4:], b[4:]
		}
		for j, x := range a {
			s0 += int32(x) * int32(b[j])
		}
		out[i] = s0 + s1
	}
}

// portableSums takes nibble after nibble, each through some blocks: a byte of the codes then looks up both its rows at
// once, in a table of 256 sums of two, which stays in the first level of the cache.
func portableSums(table, codes []byte, want []uint32, sums []int32) {
	const some = 64
	for len(want) > some {
		portableSums(table, codes[:some*len(table)], want[:some], sums[:some*Block])
		codes, want, sums = codes[some*len(table):], want[some:], sums[some*Block:]
	}
	var pairs [some][Block / 2]uint32 // the sum of row j below that of row j+16
	for at := 0; at < len(table); at += 16 {
		var both [256]uint32
		of := (*[16]byte)(table[at:])
		for high := range 16 {
			for low := range 16 {
				both[high<<4|low] = uint32(of[high])<<16 | uint32(of[low])
			}
		}
		for i, w := range want {
			if w == 0 {
				continue
			}
			nibbles, into := (*[16]byte)(codes[i*len(table)+at:]), &pairs[i]
			for j, b := range nibbles {
				into[j] += both[b]
			}
		}
	}
	for i, w := range want {
		if w == 0 {
			continue
		}
		of := (*[Block]int32)(sums[i*Block:])
		for j, pair := range pairs[i] {
			of[j], of[j+16] = int32(pair&0xffff), int32(pair>>16)
		}
	}
}

func portableAtLeast(sums []int32, factors, terms []float32, scale, base, floor float32, want []uint32) {
	for i, w := range want {
		if w == 0 {
			continue
		}
		s, f, t := (*[Block]int32)(sums[i*Block:]), (*[Block]float32)(factors[i*Block:]), (*[Block]float32)(terms[i*Block:])
		var less uint32
		for j, sum := range s {
			if f[j]*(scale*float32(sum)+base)+t[j] < floor {
				less |= 1 << j
			}
		}
		want[i] = w &^ less
	}
}

func portableHadamard(x, signs []float32) {
	for i := range x {
		x[i] *= signs[i]
	}
	for h := 1; h < len(x); h *= 2 {
		for i := 0; i < len(x); i += 2 * h {
			portableButterfly(x[i:i+h], x[i+h:i+2*h])
		}
	}
}

func portableButterfly(a, b []float32) {
	b = b[:len(a)]
	for i, x := range a {
		y := b[i]
		a[i], b[i] = x+y, x-y
	}
}
