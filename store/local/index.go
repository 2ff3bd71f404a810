package local

import (
	"cmp"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"
)

// fieldIndex knows which points have which values at one path of the payload. What it says of a condition is what Qdrant
// says with an index of that type, which is not always what it says without one.
type fieldIndex struct {
	path   path
	kind   qdrant.PayloadSchemaType
	params *qdrant.PayloadIndexParams

	present *roaring.Bitmap // points with anything there but null and []
	null    *roaring.Bitmap // points with a null there, by itself or in an array
	indexed *roaring.Bitmap // points with a value of the index's type

	words    map[string]*roaring.Bitmap // keyword, uuid (in its normal form), text (terms)
	integers *ordered[entry[int64]]     // integer, datetime (microseconds)
	floats   *ordered[entry[float64]]   // float
	bools    [2]*roaring.Bitmap         // bool: false, true

	recentIntegers recent[int64]
	recentFloats   recent[float64]
	analyzer       *analyzer // text
}

// entry is one value of one point.
type entry[N int64 | float64] struct {
	value N
	slot  uint32
}

func compareEntries[N int64 | float64](a, b entry[N]) int {
	return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.slot, b.slot))
}

func newFieldIndex(field string, info *qdrant.PayloadSchemaInfo) (*fieldIndex, error) {
	p, err := parsePath(field)
	if err != nil {
		return nil, err
	}
	x := &fieldIndex{
		path: p, kind: info.GetDataType(), params: info.GetParams(),
		present: roaring.New(), null: roaring.New(), indexed: roaring.New(),
	}
	switch x.kind {
	case qdrant.PayloadSchemaType_Keyword, qdrant.PayloadSchemaType_Uuid:
		x.words = map[string]*roaring.Bitmap{}
	case qdrant.PayloadSchemaType_Text:
		x.words = map[string]*roaring.Bitmap{}
		x.analyzer, err = newAnalyzer(x.params.GetTextIndexParams())
	case qdrant.PayloadSchemaType_Integer, qdrant.PayloadSchemaType_Datetime:
		x.integers = newOrdered(compareEntries[int64])
	case qdrant.PayloadSchemaType_Float:
		x.floats = newOrdered(compareEntries[float64])
	case qdrant.PayloadSchemaType_Bool:
		x.bools = [2]*roaring.Bitmap{roaring.New(), roaring.New()}
	}
	return x, err
}

// add takes in what payload has at the path.
func (x *fieldIndex) add(slot uint32, payload document) {
	values := x.path.values(payload)
	if len(values) == 0 {
		return
	}
	present, null := presence(values)
	if present {
		x.present.Add(slot)
	}
	if null {
		x.null.Add(slot)
	}
	x.eachValue(values, func(v any) {
		x.indexed.Add(slot)
		switch v := v.(type) {
		case string:
			b := x.words[v]
			if b == nil {
				b = roaring.New()
				x.words[v] = b
			}
			b.Add(slot)
		case int64:
			x.integers.add(entry[int64]{v, slot})
			x.recentIntegers.add(entry[int64]{v, slot})
		case float64:
			x.floats.add(entry[float64]{v, slot})
			x.recentFloats.add(entry[float64]{v, slot})
		case bool:
			x.bools[boolIndex(v)].Add(slot)
		}
	})
}

// remove takes out what add took in of the same payload.
func (x *fieldIndex) remove(slot uint32, payload document) {
	values := x.path.values(payload)
	if len(values) == 0 {
		return
	}
	x.present.Remove(slot)
	x.null.Remove(slot)
	x.indexed.Remove(slot)
	x.eachValue(values, func(v any) {
		switch v := v.(type) {
		case string:
			if b := x.words[v]; b != nil {
				if b.Remove(slot); b.IsEmpty() {
					delete(x.words, v)
				}
			}
		case int64:
			x.integers.remove(entry[int64]{v, slot})
			x.recentIntegers.remove(entry[int64]{v, slot})
		case float64:
			x.floats.remove(entry[float64]{v, slot})
			x.recentFloats.remove(entry[float64]{v, slot})
		case bool:
			x.bools[boolIndex(v)].Remove(slot)
		}
	})
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

// presence tells whether there is anything but nulls and empty arrays, and whether there is a null.
func presence(values []*qdrant.Value) (present, null bool) {
	for _, v := range values {
		if elements, ok := elementsOf(v); ok {
			present = present || len(elements) > 0
			for _, e := range elements {
				null = null || isNull(e)
			}
			continue
		}
		present, null = present || !isNull(v), null || isNull(v)
	}
	return present, null
}

// eachValue calls yield with what the index keeps of the values: strings, int64s, float64s, bools, or geoPoints.
func (x *fieldIndex) eachValue(values []*qdrant.Value, yield func(any)) {
	if x.kind == qdrant.PayloadSchemaType_Text {
		for _, term := range x.analyzer.termsOf(values) {
			yield(term)
		}
		return
	}
	for _, v := range values {
		anyOf(v, func(v *qdrant.Value) bool {
			if one, ok := x.valueOf(v); ok {
				yield(one)
			}
			return false
		})
	}
}

// valueOf returns what the index keeps of a single value.
func (x *fieldIndex) valueOf(v *qdrant.Value) (any, bool) {
	switch x.kind {
	case qdrant.PayloadSchemaType_Keyword:
		if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok {
			return s.StringValue, true
		}
	case qdrant.PayloadSchemaType_Uuid:
		if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok {
			id, err := parseUUID(s.StringValue)
			return id.String(), err == nil
		}
	case qdrant.PayloadSchemaType_Integer:
		if n, ok := v.GetKind().(*qdrant.Value_IntegerValue); ok {
			return n.IntegerValue, true
		}
	case qdrant.PayloadSchemaType_Datetime:
		if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok {
			micros, ok := parseDatetime(s.StringValue)
			return micros, ok
		}
	case qdrant.PayloadSchemaType_Float:
		n, ok := numberOf(v)
		return n, ok
	case qdrant.PayloadSchemaType_Bool:
		if b, ok := v.GetKind().(*qdrant.Value_BoolValue); ok {
			return b.BoolValue, true
		}
	case qdrant.PayloadSchemaType_Geo:
		g, ok := geoOf(v)
		return g, ok && g.valid()
	}
	return nil, false
}

// looksUp and ranges tell what an integer index was made for: both, unless its parameters say otherwise.
func (x *fieldIndex) looksUp() bool {
	p := x.params.GetIntegerIndexParams()
	return x.kind == qdrant.PayloadSchemaType_Integer && (p == nil || p.Lookup == nil || *p.Lookup)
}

func (x *fieldIndex) ranges() bool {
	p := x.params.GetIntegerIndexParams()
	return x.kind == qdrant.PayloadSchemaType_Integer && (p == nil || p.Range == nil || *p.Range)
}

// orders tells whether answers can be ordered by the field.
func (x *fieldIndex) orders() bool {
	return x.ranges() || x.kind == qdrant.PayloadSchemaType_Float || x.kind == qdrant.PayloadSchemaType_Datetime
}

// facets tells whether the values of the field can be counted.
func (x *fieldIndex) facets() bool {
	switch x.kind {
	case qdrant.PayloadSchemaType_Keyword, qdrant.PayloadSchemaType_Uuid, qdrant.PayloadSchemaType_Bool:
		return true
	}
	return x.looksUp()
}

// bounds is an interval of numbers; a nil end is open.
type bounds[N int64 | float64] struct{ gt, gte, lt, lte *N }

func (b bounds[N]) holds(n N) bool {
	return (b.gt == nil || n > *b.gt) && (b.gte == nil || n >= *b.gte) && (b.lt == nil || n < *b.lt) && (b.lte == nil || n <= *b.lte)
}

// walk calls yield with the entries within b, ascending by value.
func walk[N int64 | float64](o *ordered[entry[N]], b bounds[N], lowest N, yield func(entry[N])) {
	from := lowest
	for _, low := range []*N{b.gt, b.gte} {
		if low != nil && *low > from {
			from = *low
		}
	}
	o.from(entry[N]{value: from}, func(e entry[N]) bool {
		if b.lt != nil && e.value >= *b.lt || b.lte != nil && e.value > *b.lte {
			return false
		}
		if b.holds(e.value) {
			yield(e)
		}
		return true
	})
}

// within gathers the points with a value in b.
func within[N int64 | float64](o *ordered[entry[N]], b bounds[N], lowest N) *roaring.Bitmap {
	var slots []uint32
	walk(o, b, lowest, func(e entry[N]) { slots = append(slots, e.slot) })
	return bitmapOf(slots)
}

// bitmapOf makes a set of slots in any order. Many are put into an array of bits first, which is ten times as fast as to sort
// them.
func bitmapOf(slots []uint32) *roaring.Bitmap {
	const many = 4096
	if len(slots) < many {
		slices.Sort(slots)
		return roaring.BitmapOf(slots...)
	}
	bits := make([]uint64, slices.Max(slots)/64+1)
	for _, slot := range slots {
		bits[slot/64] |= 1 << (slot % 64)
	}
	return roaring.FromDense(bits, true)
}

// size returns about how many values there are in b, without looking at them one by one.
func (b bounds[N]) size(o *ordered[entry[N]]) int {
	low, high := 0, o.size
	for _, end := range []*N{b.gt, b.gte} {
		if end != nil {
			low = max(low, o.rank(entry[N]{value: *end}))
		}
	}
	for _, end := range []*N{b.lt, b.lte} {
		if end != nil {
			high = min(high, o.rank(entry[N]{*end, math.MaxUint32}))
		}
	}
	return max(0, high-low)
}

func (x *fieldIndex) withinIntegers(b bounds[int64]) *roaring.Bitmap {
	return x.recentIntegers.of(b, func() *roaring.Bitmap { return within(x.integers, b, math.MinInt64) })
}

func (x *fieldIndex) withinFloats(b bounds[float64]) *roaring.Bitmap {
	return x.recentFloats.of(b, func() *roaring.Bitmap { return within(x.floats, b, math.Inf(-1)) })
}
