package code

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/akinserver/akin/store/local/kernel"
)

// rotation turns vectors in a way that is drawn once, the same for every column of a length. It spreads what a vector has
// in a few dimensions over all of them, so that the signs say about as much of every vector, and errors behave as the
// theory expects whatever the data.
//
// Random signs and a Hadamard transform, several times, are as good as a random rotation and need n·log n steps. The transform
// has a power of two of values: of other lengths it takes the first values and then the last ones, so that none is left
// as it was, and a butterfly between the two halves evens out what both or only one of them reached.
type rotation struct {
	dim   int              // of what is turned: that of the vectors, filled up with zeros to a multiple of kernel.Group
	width int              // of a transform
	signs [turns][]float32 // as large as makes a transform keep lengths
	scale float32          // what makes all of it keep lengths
}

const turns = 4

func newRotation(dim int) *rotation {
	dim = (dim + kernel.Group - 1) / kernel.Group * kernel.Group
	r := &rotation{dim: dim, width: 1 << (bits.Len(uint(dim)) - 1)}
	random := rand.New(rand.NewPCG(0x616b696e, uint64(dim)))
	for i := range r.signs {
		r.signs[i] = make([]float32, r.width)
		for j := range r.signs[i] {
			r.signs[i][j] = float32(random.IntN(2)*2-1) / float32(math.Sqrt(float64(r.width)))
		}
	}
	r.scale = 1
	if r.width < dim {
		r.scale = 1. / (1 << (turns / 4)) // a butterfly makes vectors √2 times as long
	}
	return r
}

// apply turns x in place. It makes x longer, by 1/scale, and leaves it to the caller to take that back.
func (r *rotation) apply(x []float32) {
	for i, signs := range r.signs {
		if i%2 == 0 {
			kernel.Hadamard(x[:r.width], signs)
			continue
		}
		kernel.Hadamard(x[r.dim-r.width:], signs)
		if r.width < r.dim {
			kernel.Butterfly(x[:r.dim/2], x[r.dim/2:])
		}
	}
}
