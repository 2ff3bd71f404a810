package local

import (
	"context"
	"math"

	"github.com/qdrant/go-client/qdrant"
)

// ordered returns the points that a condition holds for in the order of a field. A point with several values comes once a
// value; one without any does not come. Points of one value come in the order in which the store keeps them.
func (c *collection) ordered(ctx context.Context, by *qdrant.OrderBy, cond condition, limit int) ([]hit, error) {
	p, err := parsePath(by.GetKey())
	if err != nil {
		return nil, err
	}
	x := c.indexOn(p)
	if x == nil || !x.orders() {
		return nil, invalid("Wrong input: No range index for `order_by` key: `%s`. Please create one to use `order_by`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions", p.text)
	}
	from, whole, err := startFrom(by)
	if err != nil {
		return nil, err
	}
	set, err := c.matching(ctx, cond)
	if err != nil {
		return nil, err
	}
	w := &orderWalk{ctx: ctx, wanted: set.Contains, limit: limit}
	down := by.GetDirection() == qdrant.Direction_Desc
	if x.floats != nil {
		walkOrder(x.floats, w, down, from, math.Inf(-1), math.Inf(1), func(v float64) *qdrant.OrderValue {
			return &qdrant.OrderValue{Variant: &qdrant.OrderValue_Float{Float: v}}
		})
	} else {
		walkOrder(x.integers, w, down, whole, math.MinInt64, math.MaxInt64, func(v int64) *qdrant.OrderValue {
			return &qdrant.OrderValue{Variant: &qdrant.OrderValue_Int{Int: v}}
		})
	}
	return w.hits, w.err
}

// startFrom returns the value to begin at, as a float64 and as an int64 of the field's unit, or nils.
func startFrom(by *qdrant.OrderBy) (*float64, *int64, error) {
	switch v := by.GetStartFrom().GetValue().(type) {
	case *qdrant.StartFrom_Float:
		return &v.Float, truncated(&v.Float), nil
	case *qdrant.StartFrom_Integer:
		f := float64(v.Integer)
		return &f, &v.Integer, nil
	case *qdrant.StartFrom_Timestamp:
		micros := microsOf(v.Timestamp)
		f := float64(micros)
		return &f, &micros, nil
	case *qdrant.StartFrom_Datetime:
		micros, ok := parseDatetime(v.Datetime)
		if !ok {
			return nil, nil, invalid("Unable to parse datetime: %s", v.Datetime)
		}
		f := float64(micros)
		return &f, &micros, nil
	}
	return nil, nil, nil
}

// orderWalk gathers hits until there are enough.
type orderWalk struct {
	ctx    context.Context
	wanted func(slot uint32) bool
	limit  int
	passed int
	hits   []hit
	err    error
}

func (w *orderWalk) step(slot uint32, value func() *qdrant.OrderValue) bool {
	if w.passed++; w.passed%checkEvery == 0 {
		if w.err = cancelled(w.ctx); w.err != nil {
			return false
		}
	}
	if w.wanted(slot) {
		w.hits = append(w.hits, hit{slot: slot, score: 1, order: value(), plain: true})
	}
	return len(w.hits) < w.limit
}

func walkOrder[N int64 | float64](o *ordered[entry[N]], w *orderWalk, down bool, from *N, lowest, highest N, value func(N) *qdrant.OrderValue) {
	if w.limit == 0 {
		return
	}
	visit := func(e entry[N]) bool {
		return w.step(e.slot, func() *qdrant.OrderValue { return value(e.value) })
	}
	if down {
		first := entry[N]{highest, math.MaxUint32}
		if from != nil {
			first.value = *from
		}
		o.backwardFrom(first, visit)
		return
	}
	first := entry[N]{lowest, 0}
	if from != nil {
		first.value = *from
	}
	o.from(first, visit)
}
