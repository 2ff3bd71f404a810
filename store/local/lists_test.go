package local

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/akinserver/akin/store/local/posting"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
)

func TestListsFindWhatOneByOneFinds(t *testing.T) {
	newPoints := func(change func(*rand.Rand, *sparse)) *collection {
		c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {Modifier: qdrant.Modifier_Idf.Enum()}}),
		}})
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 12_000 {
			v := randomSparse(r, 30)
			change(r, &v)
			c.put(&record{
				id: numberID(uint64(i)), payload: qdrant.NewValueMap(map[string]any{"third": i % 3}),
				vectors: map[string]vector{"s": {sparse: v}},
			})
		}
		for i := range 1000 {
			c.remove(numberID(uint64(7 * i)))
		}
		return c
	}
	common := func(r *rand.Rand, v *sparse) { // what nearly every point has, at little weight
		v.indices = append(v.indices, 40_000, 40_001)
		v.values = append(v.values, .1*r.Float32(), 1)
	}
	indexed := func(c *collection) *qdrant.Filter {
		schema := &qdrant.PayloadSchemaInfo{DataType: qdrant.PayloadSchemaType_Integer}
		x, err := newFieldIndex("third", schema)
		if err != nil {
			t.Fatal(err)
		}
		c.setIndex("third", schema, x)
		return &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("third", 1)}}
	}
	for _, row := range []struct {
		name   string
		change func(*rand.Rand, *sparse)
		filter func(*collection) *qdrant.Filter
		query  float32 // weight of the first index
		limit  int
	}{
		{name: "few entries", change: func(*rand.Rand, *sparse) {}, query: 1, limit: 10},
		{name: "frequent words last", change: common, query: 1, limit: 10},
		{name: "with a filter", change: common, filter: indexed, query: 1, limit: 10},
		{name: "more than there are", change: common, query: 1, limit: 20_000},
		{name: "many of one score", change: func(_ *rand.Rand, v *sparse) {
			clear(v.values)
			for i := range v.values {
				v.values[i] = 1
			}
			v.indices, v.values = append(v.indices, 40_000, 40_001), append(v.values, 1, 1)
		}, query: 1, limit: 10},
		{name: "a query that takes from the score", change: common, query: -1, limit: 10},
		{name: "weights that take from the score", change: func(r *rand.Rand, v *sparse) {
			common(r, v)
			for i := range v.values {
				v.values[i] -= .2
			}
		}, query: 1, limit: 10},
		{name: "sums of nothing", change: func(_ *rand.Rand, v *sparse) {
			clear(v.values)
			v.indices, v.values = append(v.indices, 40_000, 40_001), append(v.values, 0, 0)
		}, query: 1, limit: 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newPoints(row.change)
			var filter *qdrant.Filter
			if row.filter != nil {
				filter = row.filter(c)
			}
			cond, err := compileFilter(c, filter)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(3, 4))
			for range 20 {
				query := randomSparse(r, 6)
				query.indices, query.values = append(query.indices, 40_000, 40_001), append(query.values, 1, 1)
				query.values[0] = row.query
				q := &vectorQuery{space: c.spaces["s"], examples: []vector{{sparse: query}}}
				got, err := c.search(t.Context(), q, cond, row.limit, nil)
				if err != nil {
					t.Fatal(err)
				}
				set, rest := c.candidates(cond)
				s := &scan{c: c, ctx: t.Context(), q: q, set: set, rest: rest, top: c.newTop(t.Context(), row.limit)}
				if err := s.sparseOneByOne(c.sparse["s"], c.sparse["s"].weighted(query)); err != nil {
					t.Fatal(err)
				}
				want, _ := s.top.sorted()
				if !slices.Equal(want, got) {
					t.Fatalf("(-one by one +lists):\n%s", gocmp.Diff(want, got, gocmp.AllowUnexported(hit{})))
				}
				if len(want) == 0 {
					continue
				}
				threshold := want[len(want)/2].score
				want = slices.DeleteFunc(want, func(h hit) bool { return h.score <= threshold })
				if got, err := c.search(t.Context(), q, cond, row.limit, &threshold); err != nil || !slices.Equal(want, got) {
					t.Fatalf("above %v: %v (-one by one +lists):\n%s", threshold, err, gocmp.Diff(want, got, gocmp.AllowUnexported(hit{})))
				}
			}
		})
	}
}

func TestTermsMultiplyAsTheirVectorDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	// Steps of 64 hash to the same places, and the last of all indices is one as any other.
	draw := func() (v sparse) {
		for index := uint32(64); index <= 64*60; index += 64 {
			if r.IntN(2) == 0 {
				v.indices, v.values = append(v.indices, index), append(v.values, r.Float32()-.5)
			}
		}
		if r.IntN(2) == 0 {
			v.indices, v.values = append(v.indices, math.MaxUint32), append(v.values, r.Float32())
		}
		return v
	}
	for range 200 {
		query, v := draw(), draw()
		want, wantAny := sparseDot(query, v)
		if got, any := newTerms(query).dot(v); got != want || any != wantAny {
			t.Fatalf("%v by %v: got %v, %t, want %v, %t", query, v, got, any, want, wantAny)
		}
	}
	if _, any := newTerms(sparse{}).dot(draw()); any {
		t.Error("no terms have something in common with a vector")
	}
}

func TestASumIsToldFromNone(t *testing.T) {
	for _, row := range []struct{ weight, by float32 }{{0, 1}, {0, -1}, {float32(math.Copysign(0, -1)), 1}} {
		b := untouched
		b.add([]posting.Entry{{Slot: uint32(len(b)) + 3, Weight: row.weight}}, row.by)
		if b[3] != 0 || math.Float32bits(b[3]) == math.Float32bits(b[4]) {
			t.Errorf("%v times %v leaves no trace", row.weight, row.by)
		}
	}
}
