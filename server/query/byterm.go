package query

// byTerm maps lexical terms to values other than zero. A term is a hash already, and is found in a third of the time that a map takes.
type byTerm[V int32 | float64] struct {
	slots []termValue[V] // open addressing; their number is a power of 2
}

type termValue[V int32 | float64] struct {
	index uint32
	value V
}

// newByTerm makes room for n terms.
func newByTerm[V int32 | float64](n int) byTerm[V] {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return byTerm[V]{make([]termValue[V], size)}
}

// of is the value of a term; 0 where it has none.
func (t byTerm[V]) of(index uint32) V { return t.slot(index).value }

func (t byTerm[V]) put(index uint32, value V) { *t.slot(index) = termValue[V]{index, value} }

func (t byTerm[V]) slot(index uint32) *termValue[V] {
	mask := uint32(len(t.slots) - 1)
	i := index & mask
	for t.slots[i].value != 0 && t.slots[i].index != index {
		i = (i + 1) & mask
	}
	return &t.slots[i]
}
