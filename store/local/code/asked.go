package code

import (
	"math"

	"github.com/akinserver/akin/store/local/kernel"
)

// How many standard deviations off an estimate may be before a row is lost. The errors of bits are those of a random
// rotation, and near normal.
const (
	certainBits  = 3
	certainBytes = 4
)

func certain(k Kind) float64 {
	if k == Bits {
		return certainBits
	}
	return certainBytes
}

// asked is a query as it is compared with the codes of one recipe.
type asked struct {
	recipe *recipe
	table  []byte // Bits; see the package kernel
	values []int8 // Bytes
	// The estimate of the dot product of a residual in code and the query's residual is scale·sum + base.
	scale, base float32

	times    float64 // what an exact score is multiplied with, to be one of these estimates
	constant float64 // what the estimates of all rows lack
	length   float64 // of the query's residual
	norms    float64 // the squared lengths of the query and of the longest row: what bounds the distance of a dot product
	noise    float64 // standard deviation of the estimate for a row of factor 1, squared, but for what depends on the angle
	slack    float64 // what rounding in float32 may add up to
}

// codable tells whether a query's numbers can be trusted to stay finite.
func codable(query []float32) bool {
	square := float64(kernel.Dot(query, query))
	return square == 0 || square >= shortest*shortest && square <= longest*longest
}

// ask prepares a query. norm is the length of the longest vector that has a code.
func (a *asked) ask(r *recipe, norm float64, query, scratch []float32) {
	a.recipe, a.times = r, 1
	size := math.Sqrt(float64(kernel.Dot(query, query)))
	scale := float32(1)
	switch {
	case size == 0:
	case r.distance == Cosine:
		scale, size = float32(1/size), 1
	case r.distance == Dot && norm > 0:
		// A dot product ranks alike whatever the length of the query, which is made that of the longest row: the bound on
		// the angle is tightest then.
		a.times = norm / size
		scale, size = float32(a.times), norm
	}
	rest := r.residual(scratch, query, scale)
	square := float64(kernel.Dot(rest, rest))
	a.length = math.Sqrt(square)
	if r.distance == Euclid {
		a.constant, a.norms = -square, 0
		a.slack = 4e-6 * (r.radius + a.length) * (r.radius + a.length)
	} else {
		// The query is the centre and the residual, and so is the row: the constant is the centre times the query.
		a.constant = float64(kernel.Dot(rest[:r.dim], r.centre)) + r.length*r.length
		a.norms = size*size + norm*norm
		a.slack = 4e-6 * (r.radius + r.length) * (a.length + r.length)
	}
	r.rotation.apply(rest)
	if r.kind == Bits {
		a.bits(rest)
	} else {
		a.bytes(rest)
	}
}

// bits makes the table: for every pattern of signs of four dimensions the sum of the query's values with these signs, less
// the smallest such sum, in steps of scale.
func (a *asked) bits(rest []float32) {
	nibbles := len(rest) / 4
	a.table = resize(a.table, 16*nibbles)
	var all, fullest float64 // largest entries, all and of one sum that the kernel makes in bytes
	for at := 0; at < len(rest); at += kernel.Group {
		var even, odd float64
		for i := at; i < at+kernel.Group; i += 8 {
			even += float64(magnitude(rest[i : i+4]))
			odd += float64(magnitude(rest[i+4 : i+8]))
		}
		all += even + odd
		fullest = max(fullest, even, odd)
	}
	// Rounding adds a half at most to each of the 8 entries of a sum in bytes, which must stay within 255, and to each of all nibbles.
	step := max(2*fullest/(254-8/2), 2*all/(65535-float64(nibbles)/2))
	turned := float64(a.recipe.rotation.scale)
	a.scale, a.base = float32(step*turned), float32(-all*turned)
	a.noise = a.recipe.spread * a.recipe.spread * step * turned * step * turned * float64(nibbles) / 12
	if step == 0 {
		clear(a.table)
		return
	}
	per := float32(2 / step)
	for i := range nibbles {
		v := (*[4]float32)(rest[4*i:])
		entries := (*[16]byte)(a.table[16*i:])
		// What each dimension adds when its bit is clear, and when it is set.
		var adds [4][2]float32
		for j, x := range v {
			if x >= 0 {
				adds[j][1] = x * per
			} else {
				adds[j][0] = -x * per
			}
		}
		for high := range 4 {
			upper := adds[3][high>>1] + adds[2][high&1] + .5
			entries[4*high] = byte(upper + adds[1][0] + adds[0][0])
			entries[4*high+1] = byte(upper + adds[1][0] + adds[0][1])
			entries[4*high+2] = byte(upper + adds[1][1] + adds[0][0])
			entries[4*high+3] = byte(upper + adds[1][1] + adds[0][1])
		}
	}
}

func magnitude(x []float32) float32 {
	var sum float32
	for _, v := range x {
		sum += max(v, -v)
	}
	return sum
}

func (a *asked) bytes(rest []float32) {
	a.values = resize(a.values, len(rest))
	step := toBytes(a.values, rest) * float64(a.recipe.rotation.scale)
	a.scale, a.base = float32(step), 0
	// Rounding a value to a step is off by step/√12, on either side.
	a.noise = a.recipe.spread * a.recipe.spread * (a.length*a.length + step*step*a.recipe.widest*a.recipe.widest) / 12
}

// reach is how far the estimate of a row of factor 1 may fall short of the row's score, if the score is floor or more.
//
// Of one-bit codes the error is that part of the query which is at a right angle to the row, seen along the part of the code
// that is: the closer a row lies to the query, the smaller. The rows that score floor lie in a ball around the query,
// and the centre sees none of them at a larger angle than the ball's edge.
func (a *asked) reach(floor float64) float64 {
	if a.recipe.kind == Bytes {
		return certainBytes * math.Sqrt(a.noise)
	}
	distance := a.norms - 2*floor // squared
	if a.recipe.distance == Euclid {
		distance = -floor
	}
	side := a.length
	if distance < side*side {
		side = math.Sqrt(max(distance, 0))
	}
	// Of a code of random signs 2/π of the row's square lie along it, the rest is at a right angle.
	side *= a.recipe.spread
	return certainBits * math.Sqrt(side*side*(1-2/math.Pi)+a.noise)
}

// estimate is what the kernel computes, and the constant.
func (a *asked) estimate(factor, term float32, sum int32) float64 {
	return float64(factor)*(float64(a.scale)*float64(sum)+float64(a.base)) + float64(term) + a.constant
}

func resize[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}
