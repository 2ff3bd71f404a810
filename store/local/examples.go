package local

import (
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// This file turns the vectors, and the ids that stand for vectors, of a query into a vectorQuery.

// lookup is where the ids of a query get their vectors from: the collection itself, unless the query says another.
type lookup struct {
	c    *collection
	name string // of the vector
	away bool   // another collection than the one that is searched
}

// lookupFor finds the collection of lookup_from. It must already be locked, or be c.
func (q *querying) lookupFor(l *qdrant.LookupLocation, using string) (lookup, error) {
	if l == nil {
		return lookup{c: q.c, name: using}, nil
	}
	c, ok := q.others[l.GetCollectionName()]
	if !ok {
		return lookup{}, notFound("Collection %s not found", l.GetCollectionName())
	}
	name := using
	if l.VectorName != nil {
		name = l.GetVectorName()
	}
	if c.spaces[name] == nil {
		return lookup{}, noVectorName(name)
	}
	return lookup{c: c, name: name, away: c != q.c}, nil
}

// input reads one vector of a query. Of an id it returns the vector of the point; ok = false where the point has none.
func (l lookup) input(in *qdrant.VectorInput) (v vector, ok bool, err error) {
	switch o := in.GetVariant().(type) {
	case *qdrant.VectorInput_Id:
		id, err := parsePointID(o.Id)
		if err != nil {
			return vector{}, false, err
		}
		slot, found := l.c.find(id)
		if !found {
			return vector{}, false, noPoint(id)
		}
		v, ok := l.c.vector(slot, l.name)
		return v, ok, nil
	case *qdrant.VectorInput_Dense:
		return newDense(o.Dense.GetData()), true, nil
	case *qdrant.VectorInput_Sparse:
		v, err = newSparse(o.Sparse.GetIndices(), o.Sparse.GetValues())
		return v, true, err
	case *qdrant.VectorInput_MultiDense:
		v, err = newMultivector(rowsOf(o.MultiDense))
		return v, true, err
	case nil:
		return vector{}, false, invalid("Vector input variant is missing")
	}
	return vector{}, false, unimplemented(noInference)
}

// must is input where a missing vector is an error.
func (l lookup) must(in *qdrant.VectorInput) (vector, error) {
	v, ok, err := l.input(in)
	if err == nil && !ok {
		err = notFound("Vector with name %q for point not found", l.name)
	}
	return v, err
}

// some reads the inputs of a list, and leaves out points without the vector.
func (l lookup) some(list []*qdrant.VectorInput) ([]vector, error) {
	var out []vector
	for _, in := range list {
		v, ok, err := l.input(in)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, v)
		}
	}
	return out, nil
}

// idsIn lists the ids that a query starts from. They are not among its results.
func idsIn(q *qdrant.Query) []*qdrant.PointId {
	var ids []*qdrant.PointId
	add := func(list ...*qdrant.VectorInput) {
		for _, in := range list {
			if id := in.GetId(); id != nil {
				ids = append(ids, id)
			}
		}
	}
	switch v := q.GetVariant().(type) {
	case *qdrant.Query_Nearest:
		add(v.Nearest)
	case *qdrant.Query_NearestWithMmr:
		add(v.NearestWithMmr.GetNearest())
	case *qdrant.Query_Recommend:
		add(v.Recommend.GetPositive()...)
		add(v.Recommend.GetNegative()...)
	case *qdrant.Query_Discover:
		add(v.Discover.GetTarget())
		for _, p := range v.Discover.GetContext().GetPairs() {
			add(p.GetPositive(), p.GetNegative())
		}
	case *qdrant.Query_Context:
		for _, p := range v.Context.GetPairs() {
			add(p.GetPositive(), p.GetNegative())
		}
	}
	return ids
}

func (q *querying) fitted(using string, examples []vector) (*vectorQuery, error) {
	s := q.c.spaces[using]
	if s == nil {
		return nil, noVectorName(using)
	}
	out := &vectorQuery{space: s}
	for _, e := range examples {
		v, err := s.fit(e)
		if err != nil {
			return nil, err
		}
		out.examples = append(out.examples, v)
	}
	return out, nil
}

func (q *querying) nearest(l lookup, using string, in *qdrant.VectorInput) (*vectorQuery, error) {
	v, err := l.must(in)
	if err != nil {
		return nil, err
	}
	return q.fitted(using, []vector{v})
}

func (q *querying) recommend(l lookup, using string, in *qdrant.RecommendInput) (*vectorQuery, error) {
	positive, err := l.some(in.GetPositive())
	if err != nil {
		return nil, err
	}
	negative, err := l.some(in.GetNegative())
	if err != nil {
		return nil, err
	}
	if in.GetStrategy() == qdrant.RecommendStrategy_AverageVector {
		v, err := recommended(positive, negative)
		if err != nil {
			return nil, err
		}
		return q.fitted(using, []vector{v})
	}
	out, err := q.fitted(using, append(append([]vector(nil), positive...), negative...))
	if err != nil {
		return nil, err
	}
	n := len(positive)
	switch in.GetStrategy() {
	case qdrant.RecommendStrategy_BestScore:
		out.combine = func(s []float32) float32 {
			best, worst := largest(s[:n]), largest(s[n:])
			if best > worst {
				return sigmoid(best)
			}
			return -sigmoid(worst)
		}
	case qdrant.RecommendStrategy_SumScores:
		out.combine = func(s []float32) float32 { return sum(s[:n]) - sum(s[n:]) }
	default:
		return nil, invalid("Unknown recommend strategy: %d", in.GetStrategy())
	}
	return out, nil
}

func largest(s []float32) float32 {
	best := float32(math.Inf(-1))
	for _, x := range s {
		best = max(best, x)
	}
	return best
}

func sum(s []float32) (total float32) {
	for _, x := range s {
		total += x
	}
	return total
}

// flat squeezes any number into −1 to 1.
func flat(x float32) float32 { return x / (1 + abs32(x)) }

// sigmoid squeezes any number into 0 to 1.
func sigmoid(x float32) float32 { return 0.5 * (flat(x) + 1) }

func (q *querying) discover(l lookup, using string, in *qdrant.DiscoverInput) (*vectorQuery, error) {
	if in.GetTarget() == nil {
		return nil, invalid("DiscoverInput is missing target")
	}
	if in.GetContext() == nil {
		return nil, invalid("DiscoverInput is missing context")
	}
	target, err := l.must(in.GetTarget())
	if err != nil {
		return nil, err
	}
	pairs, err := l.pairs(in.GetContext().GetPairs())
	if err != nil {
		return nil, err
	}
	out, err := q.fitted(using, append([]vector{target}, pairs...))
	if err != nil {
		return nil, err
	}
	out.combine = func(s []float32) float32 {
		score := sigmoid(s[0])
		for i := 1; i < len(s); i += 2 {
			switch {
			case s[i] > s[i+1]:
				score++
			case s[i] < s[i+1]:
				score--
			}
		}
		return score
	}
	return out, nil
}

func (q *querying) context(l lookup, using string, in *qdrant.ContextInput) (*vectorQuery, error) {
	pairs, err := l.pairs(in.GetPairs())
	if err != nil {
		return nil, err
	}
	out, err := q.fitted(using, pairs)
	if err != nil {
		return nil, err
	}
	const margin = 1.1920929e-07 // the epsilon of a float32
	out.combine = func(s []float32) (score float32) {
		for i := 0; i < len(s); i += 2 {
			score += flat(min(s[i]-s[i+1]-margin, 0))
		}
		return score
	}
	return out, nil
}

// pairs reads the pairs of a context: positive, negative, positive, negative …
func (l lookup) pairs(list []*qdrant.ContextInputPair) ([]vector, error) {
	var out []vector
	for _, p := range list {
		for _, in := range []*qdrant.VectorInput{p.GetPositive(), p.GetNegative()} {
			v, err := l.must(in)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// recommended is the vector that the average strategy searches with: the average of the positives or, with negatives,
// twice that less the average of the negatives.
func recommended(positive, negative []vector) (vector, error) {
	if len(positive) == 0 {
		return vector{}, invalid("Wrong input: Positive vectors should not be empty with `average` strategy")
	}
	plus, err := average(positive)
	if err != nil || len(negative) == 0 {
		return plus, err
	}
	minus, err := average(negative)
	if err != nil {
		return vector{}, err
	}
	switch {
	case plus.isSparse() != minus.isSparse():
		return vector{}, errConversion
	case plus.isSparse():
		return vector{sparse: mix(mix(plus.sparse, plus.sparse, 1), minus.sparse, -1)}, nil
	case plus.multi || minus.multi: // rows stay apart: the negatives' count against
		out := vector{dense: slices.Clone(plus.dense), rows: plus.rows + minus.rows, multi: true}
		for _, x := range minus.dense {
			out.dense = append(out.dense, -x)
		}
		return out, nil
	case len(plus.dense) != len(minus.dense):
		return vector{}, invalid("Wrong input: Vector dimension error: expected dim: %d, got %d", len(plus.dense), len(minus.dense))
	}
	out := newDense(make([]float32, len(plus.dense)))
	for i, x := range plus.dense {
		out.dense[i] = x + x - minus.dense[i]
	}
	return out, nil
}

// average of dense or sparse vectors; the rows of multivectors are put together.
func average(list []vector) (vector, error) {
	first := list[0]
	out := vector{dense: slices.Clone(first.dense), rows: first.rows, multi: first.multi, sparse: first.sparse}
	for _, v := range list[1:] {
		switch {
		case v.isSparse() != first.isSparse():
			return vector{}, errConversion
		case v.isSparse():
			out.sparse = mix(out.sparse, v.sparse, 1)
		case v.multi || out.multi:
			out.dense, out.rows, out.multi = append(out.dense, v.dense...), out.rows+v.rows, true
		case len(v.dense) != len(first.dense):
			return vector{}, invalid("Wrong input: Vector dimension error: expected dim: %d, got %d", len(first.dense), len(v.dense))
		default:
			for i, x := range v.dense {
				out.dense[i] += x
			}
		}
	}
	if out.multi {
		return out, nil
	}
	n := float32(len(list))
	for i := range out.dense {
		out.dense[i] /= n
	}
	out.values = slices.Clone(out.values)
	for i := range out.values {
		out.values[i] /= n
	}
	return out, nil
}

// mix returns a + f·b.
func mix(a, b sparse, f float32) sparse {
	var out sparse
	add := func(index uint32, value float32) {
		out.indices, out.values = append(out.indices, index), append(out.values, value)
	}
	i, j := 0, 0
	for i < len(a.indices) || j < len(b.indices) {
		switch {
		case j == len(b.indices) || i < len(a.indices) && a.indices[i] < b.indices[j]:
			add(a.indices[i], a.values[i])
			i++
		case i == len(a.indices) || b.indices[j] < a.indices[i]:
			add(b.indices[j], f*b.values[j])
			j++
		default:
			add(a.indices[i], a.values[i]+f*b.values[j])
			i, j = i+1, j+1
		}
	}
	return out
}
