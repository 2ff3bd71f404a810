package local

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"pgregory.net/rapid"

	"github.com/akinserver/akin/store/local/kernel"
)

func TestOrdered(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOrdered(cmp.Compare[int])
		var plain []int
		for range rapid.IntRange(0, 2000).Draw(rt, "operations") {
			x := rand.IntN(3000)
			i, found := slices.BinarySearch(plain, x)
			if rand.IntN(3) > 0 {
				if o.add(x); !found {
					plain = slices.Insert(plain, i, x)
				}
			} else if o.remove(x); found {
				plain = slices.Delete(plain, i, i+1)
			}
		}
		from := rapid.IntRange(-1, 3001).Draw(rt, "from")
		i, found := slices.BinarySearch(plain, from)
		down := slices.Clone(plain[:i])
		if found {
			down = append(down, from)
		}
		slices.Reverse(down)
		for _, row := range []struct {
			name string
			walk func(func(int) bool)
			want []int
		}{
			{"all", o.all, plain},
			{"from", func(yield func(int) bool) { o.from(from, yield) }, plain[i:]},
			{"down from", func(yield func(int) bool) { o.backwardFrom(from, yield) }, down},
		} {
			if got := slices.Collect(row.walk); !slices.Equal(got, row.want) {
				rt.Fatalf("%s %d: want %v, got %v", row.name, from, row.want, got)
			}
		}
	})
}

func TestOrderedKeepsRunsShort(t *testing.T) {
	o := newOrdered(cmp.Compare[int])
	for i := range 10 * runLength {
		o.add(i)
	}
	for _, run := range o.runs {
		if len(run) == 0 || len(run) >= runLength {
			t.Fatalf("a run of %d entries", len(run))
		}
	}
	if len(o.runs) > 11 {
		t.Errorf("%d runs for ten runs full of entries that came in order", len(o.runs))
	}
}

func TestTopKeepsTheBest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newCollection(1, "c", &qdrant.CollectionConfig{})
		scores := rapid.SliceOfN(rapid.SampledFrom([]float32{-1, 0, 0.5, 0.5, 2, float32(math.Inf(1)), float32(math.NaN())}), 0, 40).Draw(rt, "scores")
		var all []hit
		for i, score := range scores {
			c.put(&record{id: numberID(uint64(100 - i))})
			all = append(all, hit{slot: uint32(i), score: score})
		}
		top := c.newTop(t.Context(), rapid.IntRange(0, 50).Draw(rt, "limit"))
		for _, h := range all {
			top.add(h.slot, h.score)
		}
		slices.SortFunc(all, top.compare)
		want := all[:min(len(all), top.limit)]
		got, _ := top.sorted()
		if !slices.EqualFunc(want, got, func(a, b hit) bool { return a.slot == b.slot }) {
			rt.Fatalf("want %v, got %v", want, got)
		}
	})
}

func TestSimilarities(t *testing.T) {
	for _, size := range []int{0, 1, 3, 4, 7, 8, 9, 31, 384} {
		a, b := make([]float32, size), make([]float32, size)
		var product, squares, differences float64
		for i := range a {
			a[i], b[i] = rand.Float32()-0.5, rand.Float32()-0.5
			d := float64(a[i]) - float64(b[i])
			product += float64(a[i]) * float64(b[i])
			squares -= d * d
			differences -= math.Abs(d)
		}
		for _, row := range []struct {
			name string
			of   similarity
			want float64
		}{{"dot", kernel.Dot, product}, {"squares", negatedSquares, squares}, {"differences", negatedDifferences, differences}} {
			if got := float64(row.of(a, b)); math.Abs(got-row.want) > 1e-5*(1+math.Abs(row.want)) {
				t.Errorf("%s of %d: want %v, got %v", row.name, size, row.want, got)
			}
		}
	}
}

func TestRoundToHalf(t *testing.T) {
	for _, row := range []struct{ in, want float32 }{
		{0, 0},
		{1, 1},
		{-2.5, -2.5},
		{65504, 65504},
		{65520, float32(math.Inf(1))},
		{-1e9, float32(math.Inf(-1))},
		{0.1, 0.0999755859375},
		{1 + 1.0/2048, 1},
		{1 + 3.0/2048, 1 + 2.0/1024},
		{6e-8, 5.9604644775390625e-08},
		{2e-8, 0},
		{6.103515625e-05, 6.103515625e-05},
	} {
		if got := roundToHalf(row.in); got != row.want {
			t.Errorf("%v: want %v, got %v", row.in, row.want, got)
		}
	}
}

func TestFitChecksAndRounds(t *testing.T) {
	cosine, half, bytes := qdrant.Distance_Cosine, qdrant.Datatype_Float16, qdrant.Datatype_Uint8
	for _, row := range []struct {
		name  string
		space space
		in    []float32
		want  []float32 // nil: refused
	}{
		{"cosine makes the length 1", space{size: 2, distance: cosine}, []float32{3, 4}, []float32{0.6, 0.8}},
		{"cosine leaves nothing as it is", space{size: 2, distance: cosine}, []float32{0, 0}, []float32{0, 0}},
		{"bytes are cut off", space{size: 3, distance: cosine, datatype: bytes}, []float32{-1, 2.9, 300}, []float32{0, 2, 255}},
		{"halves are rounded", space{size: 1, datatype: half}, []float32{0.1}, []float32{0.0999755859375}},
		{"a wrong size", space{size: 3}, []float32{1, 2}, nil},
		{"not a number", space{size: 1}, []float32{float32(math.NaN())}, nil},
		{"infinity", space{size: 1}, []float32{float32(math.Inf(-1))}, nil},
		{"a dense vector where sparse ones are", space{sparse: true}, []float32{1}, nil},
	} {
		in := slices.Clone(row.in)
		got, err := row.space.fit(newDense(in))
		if (err != nil) != (row.want == nil) || !slices.Equal(got.dense, row.want) {
			t.Errorf("%s: want %v, got %v, %v", row.name, row.want, got.dense, err)
		}
		if !slices.EqualFunc(in, row.in, func(a, b float32) bool { return a == b || a != a }) {
			t.Errorf("%s: the caller's vector was changed", row.name)
		}
	}
}

func TestGeo(t *testing.T) {
	square := []geoPoint{{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}}
	hole := []geoPoint{{4, 4}, {6, 4}, {6, 6}, {4, 6}, {4, 4}}
	for _, row := range []struct {
		name string
		p    geoPoint
		want bool
	}{
		{"inside", geoPoint{2, 3}, true},
		{"in the hole", geoPoint{5, 5}, false},
		{"on the edge of the hole", geoPoint{4, 5}, false},
		{"on the edge", geoPoint{0, 5}, false},
		{"on a corner", geoPoint{10, 10}, false},
		{"outside", geoPoint{11, 5}, false},
		{"level with a corner", geoPoint{-1, 0}, false},
	} {
		if got := row.p.inPolygon(square, [][]geoPoint{hole}); got != row.want {
			t.Errorf("%s: want %v, got %v", row.name, row.want, got)
		}
	}
	if d := (geoPoint{0, 0}).distance(geoPoint{0, 1}); math.Abs(d-111195.08) > 0.1 {
		t.Errorf("a degree of latitude: got %v m", d)
	}
	if d := (geoPoint{179.5, 0}).distance(geoPoint{-179.5, 0}); math.Abs(d-111195.08) > 0.1 {
		t.Errorf("a degree across the antimeridian: got %v m", d)
	}
}

func TestTokenizers(t *testing.T) {
	for _, row := range []struct {
		name        string
		params      *qdrant.TextIndexParams
		text        string
		want, query []string // query nil: as want
	}{
		{"words", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Word}, "The OLD mill, 1890-ish", []string{"the", "old", "mill", "1890", "ish"}, nil},
		{"words keep an unspaced run whole", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Word}, "科学院在 河边", []string{"科学院在", "河边"}, nil},
		{"whitespace keeps marks", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Whitespace, Lowercase: qdrant.PtrOf(false)}, "The OLD mill, now", []string{"The", "OLD", "mill,", "now"}, nil},
		{"prefixes", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Prefix, MinTokenLen: qdrant.PtrOf(uint64(2)), MaxTokenLen: qdrant.PtrOf(uint64(3))}, "Mill by", []string{"mi", "mil", "by"}, []string{"mil", "by"}},
		{"lengths and stopwords", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Word, MinTokenLen: qdrant.PtrOf(uint64(3)), MaxTokenLen: qdrant.PtrOf(uint64(4)), Stopwords: &qdrant.StopwordsSet{Custom: []string{"The"}}}, "the old mill by rivers", []string{"old", "mill"}, nil},
		{"marks come off letters", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Word, AsciiFolding: qdrant.PtrOf(true)}, "Émile naïve", []string{"emile", "naive"}, nil},
		{"multilingual pairs", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Multilingual}, "科学院 2024 Émile", []string{"科学", "学院", "emile"}, nil},
		{"multilingual joins what is written together", &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Multilingual}, "第3届ABC杯が", []string{"第", "届", "abc", "杯が"}, nil},
	} {
		a, err := newAnalyzer(row.params)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.document(row.text); !slices.Equal(got, row.want) {
			t.Errorf("%s: want %q, got %q", row.name, row.want, got)
		}
		if row.query == nil {
			row.query = row.want
		}
		if got := a.query(row.text); !slices.Equal(got, row.query) {
			t.Errorf("%s, as a query: want %q, got %q", row.name, row.query, got)
		}
	}
}

// countdown is a context that ends when it has been looked at so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestAScanEndsWithItsContext(t *testing.T) {
	c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 1, Distance: qdrant.Distance_Dot})}})
	for i := range 5 * checkEvery {
		c.put(&record{id: numberID(uint64(i)), vectors: map[string]vector{"": newDense([]float32{1})}, payload: qdrant.NewValueMap(map[string]any{"n": i})})
	}
	unindexed, err := compileFilter(c, &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("n", -1)}})
	if err != nil {
		t.Fatal(err)
	}
	query := &vectorQuery{space: c.spaces[""], examples: []vector{newDense([]float32{1})}}
	for name, scan := range map[string]func(context.Context) error{
		"search":           func(ctx context.Context) error { _, err := c.search(ctx, query, everything{}, 3, nil); return err },
		"search, filtered": func(ctx context.Context) error { _, err := c.search(ctx, query, unindexed, 3, nil); return err },
		"scroll":           func(ctx context.Context) error { _, err := c.page(ctx, unindexed, pointID{}, 3); return err },
		"count, or delete by filter": func(ctx context.Context) error {
			return c.each(ctx, unindexed, func(uint32) bool { return true })
		},
	} {
		if err := scan(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ctx := &countdown{t.Context(), 1}
		if err := scan(ctx); err == nil {
			t.Errorf("%s went on to its end although its context had ended", name)
		} else if ctx.left < -3 {
			t.Errorf("%s went on after it saw the end of its context", name)
		}
	}
}
