package code

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/akinserver/akin/store/local/kernel"
)

// matrix is what a store keeps of a column: rows one behind the other.
type matrix struct {
	dim  int
	data []float32
}

func (m *matrix) row(i int) []float32 { return m.data[i*m.dim : (i+1)*m.dim] }

func (m *matrix) rows(i int) []float32 { return m.data[i*m.dim:] }

func (m *matrix) len() int { return len(m.data) / m.dim }

func newMatrix(n, dim int, fill func(row []float32)) *matrix {
	m := &matrix{dim, make([]float32, n*dim)}
	for i := range n {
		fill(m.row(i))
	}
	return m
}

// column puts all rows of a matrix into a column.
func (m *matrix) column(distance Distance) *Column {
	c := New(m.dim, distance, m.rows)
	for i := range m.len() {
		c.Put(i, m.row(i))
	}
	return c
}

// nearest is what Search should find: a loop over all rows.
func nearest(c *Column, query []float32, n int, mask []uint64) []Hit {
	var all []Hit
	for row := range c.size {
		if c.live[row/64]>>(row%64)&1 == 1 && (mask == nil || row/64 < len(mask) && mask[row/64]>>(row%64)&1 == 1) {
			all = append(all, Hit{row, c.score(query, c.vector(row))})
		}
	}
	slices.SortFunc(all, compareHits)
	return all[:min(n, len(all))]
}

func search(t *testing.T, c *Column, query []float32, n int, o Options) []Hit {
	t.Helper()
	hits, err := c.Search(context.Background(), nil, query, n, o)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// shared counts the hits that are in both, score and all.
func shared(got, want []Hit) int {
	n := 0
	for _, h := range got {
		if slices.Contains(want, h) {
			n++
		}
	}
	return n
}

// shapes are kinds of data that a quantiser may have trouble with.
var shapes = []struct {
	name string
	dim  int
	make func(r *rand.Rand) func(row []float32)
}{
	{"clusters in a subspace, as embeddings are", 384, clusters},
	{"noise, in which all rows are about as far from one another", 128, noise},
	{"a number of dimensions that is no multiple of anything", 101, noise},
	{"every row many times", 96, func(r *rand.Rand) func([]float32) {
		other := newMatrix(300, 96, noise(r))
		return func(row []float32) { copy(row, other.row(r.IntN(300))) }
	}},
	{"three dimensions a hundred times as large as the others", 192, func(r *rand.Rand) func([]float32) {
		fill := noise(r)
		return func(row []float32) {
			fill(row)
			for _, i := range []int{3, 77, 150} {
				row[i] *= 100
			}
		}
	}},
	{"bytes, of which many are 0", 128, func(r *rand.Rand) func([]float32) {
		means := newMatrix(20, 128, func(row []float32) {
			for i := range row {
				row[i] = float32(r.IntN(200) - 60)
			}
		})
		return func(row []float32) {
			for i, mean := range means.row(r.IntN(20)) {
				row[i] = float32(min(255, max(0, int(mean)+r.IntN(60)-30)))
			}
		}
	}},
	{"far from zero, and close together", 128, func(r *rand.Rand) func([]float32) {
		fill := clusters(r)
		return func(row []float32) {
			fill(row)
			for i := range row {
				row[i] = row[i]*20 + 1000
			}
		}
	}},
	{"few values that are not zero", 256, func(r *rand.Rand) func([]float32) {
		return func(row []float32) {
			clear(row)
			for range 4 {
				row[r.IntN(40)*r.IntN(6)] = float32(r.ExpFloat64())
			}
		}
	}},
	{"lengths over many powers of ten", 128, func(r *rand.Rand) func([]float32) {
		fill := clusters(r)
		return func(row []float32) {
			fill(row)
			by := float32(math.Pow(10, 3*r.NormFloat64()))
			for i := range row {
				row[i] *= by
			}
		}
	}},
	{"too small for their squares", 64, func(r *rand.Rand) func([]float32) {
		return func(row []float32) {
			for i := range row {
				row[i] = float32(r.NormFloat64() * 1e-21)
			}
		}
	}},
	{"one row, again and again", 64, func(*rand.Rand) func([]float32) {
		return func(row []float32) {
			for i := range row {
				row[i] = float32(i)
			}
		}
	}},
}

func noise(r *rand.Rand) func([]float32) {
	return func(row []float32) {
		for i := range row {
			row[i] = float32(r.NormFloat64())
		}
	}
}

// clusters makes rows of unit length in 100 clusters of uneven size over a subspace, and some noise.
func clusters(r *rand.Rand) func([]float32) {
	var basis, centres *matrix
	weight := make([]float64, 100)
	for i := range weight {
		weight[i] = r.ExpFloat64()
		if i > 0 {
			weight[i] += weight[i-1]
		}
	}
	return func(row []float32) {
		if basis == nil {
			basis, centres = newMatrix(32, len(row), noise(r)), newMatrix(100, 32, noise(r))
		}
		at, _ := slices.BinarySearch(weight, r.Float64()*weight[99])
		for i := range row {
			row[i] = float32(.35 * r.NormFloat64())
		}
		for i, x := range centres.row(at) {
			x = (x + float32(.9*r.NormFloat64())) / 6
			for j, b := range basis.row(i) {
				row[j] += x * b
			}
		}
		length := float32(math.Sqrt(float64(kernel.Dot(row, row))))
		for i := range row {
			row[i] /= length
		}
	}
}

func TestSearch(t *testing.T) {
	const rows, queries = 7000, 40
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(shape.dim)))
			m := newMatrix(rows+queries, shape.dim, shape.make(r))
			asked := make([][]float32, queries)
			for i := range asked {
				asked[i] = m.row(rows + i)
				if i%4 == 0 {
					asked[i] = m.row(r.IntN(rows))
				}
			}
			stored := &matrix{m.dim, m.data[:rows*m.dim]}
			for _, distance := range []Distance{Dot, Cosine, Euclid, Manhattan} {
				wanted := make([][]Hit, queries)
				for _, kind := range []Kind{Exact, Bits, Bytes} {
					c := New(m.dim, distance, m.rows)
					c.forced = &kind
					for i := range stored.len() {
						c.Put(i, stored.row(i))
					}
					if want := kind; c.Stats().Kind != want && distance != Manhattan && (kernel.Fast() || kind != Bytes) {
						t.Fatalf("%v codes, want %v", c.Stats().Kind, kind)
					}
					found := 0
					for i, query := range asked {
						if kind == Exact {
							wanted[i] = nearest(c, query, 10, nil)
						}
						got, want := search(t, c, query, 10, Options{}), wanted[i]
						if len(got) != len(want) || !slices.IsSortedFunc(got, compareHits) {
							t.Fatalf("%v, %v: query %d: got %v, want %v", distance, kind, i, got, want)
						}
						found += shared(got, want)
					}
					if recall := float64(found) / (10 * queries); recall < .995 || kind == Exact && recall < 1 {
						t.Errorf("%v, %v: recall %.4f: %+v", distance, kind, recall, c.Stats())
					}
				}
			}
		})
	}
}

// TestDecision holds which codes the data call for.
func TestDecision(t *testing.T) {
	tests := []struct {
		name string
		rows int
		dim  int
		fill func(r *rand.Rand) func([]float32)
		dist Distance
		want Kind
	}{
		{"embeddings need one bit", 20_000, 384, clusters, Cosine, Bits},
		{"noise needs bytes, for all rows are about as good", 20_000, 96, noise, Euclid, Bytes},
		{"what differs less than a byte can tell needs all there is", 20_000, 64, func(r *rand.Rand) func([]float32) {
			return func(row []float32) {
				noise(r)(row)
				for i := range row {
					row[i] *= .001
				}
				row[r.IntN(4)] += 1000
			}
		}, Euclid, Exact},
		{"few rows are scanned as they are", minRows - 1, 384, clusters, Dot, Exact},
		{"short ones, too", 20_000, minDim - 1, clusters, Dot, Exact},
		{"signs say little of Manhattan distances", 20_000, 96, clusters, Manhattan, Exact},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.want == Bytes && !kernel.Fast() {
				test.want = Exact
			}
			c := newMatrix(test.rows, test.dim, test.fill(rand.New(rand.NewPCG(2, 3)))).column(test.dist)
			s := c.Stats()
			if s.Kind != test.want {
				t.Errorf("%v, want %v: %+v", s.Kind, test.want, s)
			}
			if s.Kind == Exact && s.Bytes > test.rows {
				t.Errorf("%d bytes for no codes", s.Bytes)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	const rows = 4 * chunkRows
	m := newMatrix(rows, 384, clusters(rand.New(rand.NewPCG(4, 5))))
	s := m.column(Dot).Stats()
	if s.Kind != Bits || s.Coded != rows || s.Behind != 0 {
		t.Fatalf("%+v", s)
	}
	if each := float64(s.Bytes) / rows; each > 384/8+8+4 {
		t.Errorf("%.1f bytes a row of 384 dimensions, want 56, the bit that it is there, and little made ahead", each)
	}
}

// TestColumn puts, replaces and removes rows at random, and compares with a loop. The column grows through its decisions, and
// drifts, so that old chunks are coded anew.
func TestColumn(t *testing.T) {
	const dim, most = 128, 36_000
	for _, distance := range []Distance{Dot, Cosine, Euclid} {
		t.Run(distance.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(6, uint64(distance)))
			m := &matrix{dim, make([]float32, most*dim)}
			c := New(dim, distance, m.rows)
			drift, fill := float32(0), clusters(r)
			put := func(i int) {
				fill(m.row(i))
				m.row(i)[0] += drift
				c.Put(i, m.row(i))
			}
			found, all := 0, 0
			for next := 0; next < most; {
				for range 2000 {
					switch {
					case r.IntN(10) == 0:
						c.Remove(r.IntN(most))
					case next > 0 && r.IntN(5) == 0:
						put(r.IntN(next))
					case next < most:
						put(next)
						next++
					}
				}
				drift += .3
				mask := make([]uint64, r.IntN(most/64+3))
				for i := range mask {
					mask[i] = r.Uint64() & r.Uint64()
				}
				for _, o := range []Options{{}, {Mask: mask}, {Threads: 2}} {
					query, n := m.row(r.IntN(next)), 1+r.IntN(30)
					got, want := search(t, c, query, n, o), nearest(c, query, n, o.Mask)
					for _, h := range got {
						if c.live[h.Row/64]>>(h.Row%64)&1 == 0 {
							t.Fatalf("row %d was removed", h.Row)
						}
						if h.Score != c.score(query, m.row(h.Row)) {
							t.Fatalf("row %d has an old score", h.Row)
						}
					}
					if len(got) != len(want) {
						t.Fatalf("%d hits, want %d", len(got), len(want))
					}
					found, all = found+shared(got, want), all+len(want)
				}
			}
			if s := c.Stats(); s.Kind == Exact || s.Rows >= most {
				t.Errorf("the test is not about codes and removals: %+v", s)
			}
			if recall := float64(found) / float64(all); recall < .995 {
				t.Errorf("recall %.4f of %d", recall, all)
			}
		})
	}
}

func TestMasks(t *testing.T) {
	const rows = 12_000
	r := rand.New(rand.NewPCG(7, 8))
	m := newMatrix(rows, 96, clusters(r))
	c := m.column(Dot)
	for _, test := range []struct {
		name string
		in   func(row int) bool
	}{
		{"none", func(int) bool { return false }},
		{"one", func(row int) bool { return row == 7777 }},
		{"a few", func(row int) bool { return row%500 == 3 }},
		{"a tenth", func(row int) bool { return row%10 == 3 }},
		{"the last ones alone", func(row int) bool { return row >= rows-1700 }},
		{"all but one", func(row int) bool { return row != 5 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, words := range []int{rows/64 + 9, rows / 64, 40, 0} { // longer than the column, and shorter
				mask := make([]uint64, words)
				for row := range min(words*64, rows) {
					if test.in(row) {
						mask[row/64] |= 1 << (row % 64)
					}
				}
				for range 5 {
					query := m.row(r.IntN(rows))
					if got, want := search(t, c, query, 10, Options{Mask: mask}), nearest(c, query, 10, mask); !slices.Equal(got, want) {
						t.Fatalf("mask of %d words: got %v, want %v", words, got, want)
					}
				}
			}
		})
	}
}

// TestNumbersThatAreNone holds that a row with NaN or infinities is found where a loop finds it, and spoils no other.
func TestNumbersThatAreNone(t *testing.T) {
	const rows, dim = 8000, 64
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, distance := range []Distance{Dot, Cosine, Euclid} {
		m := newMatrix(rows, dim, clusters(rand.New(rand.NewPCG(9, 10))))
		for i, bad := range []float32{nan, inf, -inf, math.MaxFloat32, 1e25, 1e-30} {
			for k := range 3 {
				m.row(i*1000 + 10*k + 1)[i+k] = bad
			}
		}
		clear(m.row(100))
		c := m.column(distance)
		if c.Stats().Kind == Exact {
			t.Fatalf("the test is not about codes: %+v", c.Stats())
		}
		// As many hits as there are bad rows and some more, so that good ones must be among them.
		for _, query := range [][]float32{m.row(5), m.row(1), m.row(1001), m.row(4001), m.row(5001)} {
			got, want := search(t, c, query, 40, Options{}), nearest(c, query, 40, nil)
			for i := range want {
				// A NaN is not equal to itself.
				if got[i].Row != want[i].Row || math.Float32bits(got[i].Score) != math.Float32bits(want[i].Score) {
					t.Fatalf("%v: hit %d: got %v, want %v", distance, i, got[i], want[i])
				}
			}
		}
	}
}

func TestHowMany(t *testing.T) {
	const rows = 6000
	m := newMatrix(rows, 64, noise(rand.New(rand.NewPCG(11, 12))))
	c := m.column(Euclid)
	for _, n := range []int{-1, 0, 1, 200, rows, rows + 1} {
		if got, want := search(t, c, m.row(9), n, Options{}), nearest(c, m.row(9), max(0, n), nil); !slices.Equal(got, want) {
			t.Errorf("asked for %d: %d hits, want %d", n, len(got), len(want))
		}
	}
	if hits := search(t, New(64, Dot, m.rows), m.row(0), 5, Options{}); len(hits) != 0 {
		t.Errorf("an empty column has %v", hits)
	}
	// What is there before stays.
	hits, _ := c.Search(context.Background(), []Hit{{Row: 3, Score: 3}}, m.row(9), 1, Options{})
	if len(hits) != 2 || hits[0].Row != 3 || hits[1].Row != 9 {
		t.Errorf("appended: %v", hits)
	}
}

// TestTies holds that of equal scores the lower rows are found, and come first, whatever goroutine meets them.
func TestTies(t *testing.T) {
	const rows = 3*chunkRows + 17
	m := newMatrix(rows, 64, func(row []float32) { row[0] = 1 })
	for i := range rows {
		m.row(i)[1] = float32(i / 5 % 3)
	}
	for _, kind := range []Kind{Exact, Bits} {
		c := New(64, Euclid, m.rows)
		c.forced = &kind
		for i := range rows {
			c.Put(i, m.row(i))
		}
		for _, threads := range []int{1, 2, 4} {
			got := search(t, c, m.row(5), 12, Options{Threads: threads})
			want := nearest(c, m.row(5), 12, nil)
			if !slices.Equal(got, want) {
				t.Errorf("%v, %d goroutines: got %v, want %v", kind, threads, got, want)
			}
		}
	}
}

func TestSearchAll(t *testing.T) {
	const rows = 20_000
	m := newMatrix(rows, 128, clusters(rand.New(rand.NewPCG(13, 14))))
	c := m.column(Cosine)
	var queries [][]float32
	for i := range 2*together + 3 {
		queries = append(queries, m.row(i*111))
	}
	queries = append(queries, make([]float32, 128)) // has no direction, and no codes
	for _, threads := range []int{1, 2} {
		got, err := c.SearchAll(context.Background(), queries, 7, Options{Threads: threads})
		if err != nil || len(got) != len(queries) {
			t.Fatal(len(got), err)
		}
		for i, q := range queries {
			if want := search(t, c, q, 7, Options{}); !slices.Equal(got[i], want) {
				t.Errorf("query %d: got %v, alone %v", i, got[i], want)
			}
		}
	}
}

func TestSearchesAtOnce(t *testing.T) {
	const rows = 20_000
	m := newMatrix(rows, 128, clusters(rand.New(rand.NewPCG(15, 16))))
	c := m.column(Dot)
	var wait sync.WaitGroup
	for k := range 8 {
		wait.Go(func() {
			for i := range 20 {
				query := m.row(k*1000 + i)
				if got, want := search(t, c, query, 5, Options{}), nearest(c, query, 5, nil); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			}
		})
	}
	wait.Wait()
	if n := c.running.Load(); n != 0 {
		t.Errorf("%d searches are said to run", n)
	}
}

func TestLoadIsAsPut(t *testing.T) {
	const rows, dim = 70_000, 128 // so many rows that it codes before it decides, so long ones that it decides for bits
	m := newMatrix(rows, dim, clusters(rand.New(rand.NewPCG(17, 18))))
	c := New(dim, Dot, m.rows)
	live := make([]uint64, rows/64+1)
	for row := range rows {
		if row%7 != 0 {
			live[row/64] |= 1 << (row % 64)
		}
	}
	if err := c.Load(context.Background(), live, 2, nil); err != nil {
		t.Fatal(err)
	}
	if s := c.Stats(); s.Kind != Bits || s.Rows != rows-rows/7 || s.Behind != 0 || s.Coded != rows {
		t.Errorf("%+v", s)
	}
	found := 0
	for i := range 20 {
		found += shared(search(t, c, m.row(i*7), 10, Options{}), nearest(c, m.row(i*7), 10, nil))
	}
	if found < 199 {
		t.Errorf("found %d of 200", found)
	}
	c.Put(0, m.row(0))
	if got := search(t, c, m.row(0), 1, Options{}); got[0].Row != 0 {
		t.Errorf("a row that was put later: %v", got)
	}
}

func TestLoadThatIsCancelled(t *testing.T) {
	const rows = 12_000
	m := newMatrix(rows, 64, clusters(rand.New(rand.NewPCG(19, 20))))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := New(64, Dot, m.rows)
	live := slices.Repeat([]uint64{math.MaxUint64}, rows/64)
	if err := c.Load(ctx, live, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	query := m.row(33)
	if got, want := search(t, c, query, 10, Options{}), nearest(c, query, 10, nil); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestCancel counts what a search reads after its context has ended.
func TestCancel(t *testing.T) {
	const rows = 5 * chunkRows
	m := newMatrix(rows, 64, noise(rand.New(rand.NewPCG(21, 22))))
	for _, test := range []struct {
		name string
		n    int
		o    Options
	}{
		{"a scan of the vectors", 10, Options{Threads: 1, Exact: true}},
		{"a scan of the codes, of which most are in doubt", rows / 10, Options{Threads: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			read, after := 0, -1
			c := New(64, Dot, func(row int) []float32 {
				if read++; after >= 0 && read == after {
					cancel()
				}
				return m.rows(row)
			})
			kind := Bits
			c.forced = &kind
			for i := range rows {
				c.Put(i, m.row(i))
			}
			read, after = 0, 100
			if _, err := c.Search(ctx, nil, m.row(0), test.n, test.o); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if read > after+chunkRows {
				t.Errorf("%d reads after the end", read-after)
			}
			if _, err := c.SearchAll(ctx, [][]float32{m.row(0)}, test.n, test.o); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v of several", err)
			}
			if got := search(t, c, m.row(0), 3, Options{}); !slices.Equal(got, nearest(c, m.row(0), 3, nil)) {
				t.Errorf("the next search finds %v", got)
			}
		})
	}
}

// TestReach compares estimates with scores: no more of them may fall short than the bound is meant to let through.
func TestReach(t *testing.T) {
	const rows, queries = 6000, 20
	for _, shape := range shapes {
		for _, distance := range []Distance{Dot, Euclid} {
			for _, kind := range []Kind{Bits, Bytes} {
				r := rand.New(rand.NewPCG(25, 26))
				m := newMatrix(rows, shape.dim, shape.make(r))
				c := New(m.dim, distance, m.rows)
				c.forced = &kind
				if err := c.Load(context.Background(), slices.Repeat([]uint64{math.MaxUint64}, rows/64), 2, nil); err != nil {
					t.Fatal(err)
				}
				if c.target == nil || m.row(0)[0] != 0 && math.Abs(float64(m.row(0)[0])) < shortest {
					continue
				}
				a, sums := &asked{}, make([]int32, chunkRows)
				want := slices.Repeat([]uint32{math.MaxUint32}, chunkRows/kernel.Block)
				short, all := 0, 0
				for i := range queries {
					query := m.row(i * 100)
					a.ask(c.target, c.norm, query, c.scratch)
					ch := &c.chunks[0]
					if kind == Bits {
						kernel.Sums(a.table, ch.codes, want, sums)
					} else {
						kernel.DotBytes(a.values, ch.values, sums)
					}
					for row := range c.count {
						score := float64(c.score(query, m.row(row))) * a.times
						all++
						if a.estimate(ch.factor[row], ch.term[row], sums[row])+float64(ch.factor[row])*a.reach(score) < score-a.slack {
							short++
						}
					}
				}
				if part := float64(short) / float64(all); part > .004 {
					t.Errorf("%s, %v, %v: %.4f of the estimates fall short by more than the bound", shape.name, distance, kind, part)
				}
			}
		}
	}
}

func TestRotation(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for _, dim := range []int{64, 100, 192, 300, 384, 448, 768, 1536} {
		turn := newRotation(dim)
		turned := func(x []float32) []float32 {
			out := make([]float32, turn.dim)
			copy(out, x)
			turn.apply(out)
			for i := range out {
				out[i] *= turn.scale
			}
			return out
		}
		a, b := make([]float32, dim), make([]float32, dim)
		noise(r)(a)
		noise(r)(b)
		if got, want := kernel.Dot(turned(a), turned(b)), kernel.Dot(a, b); math.Abs(float64(got-want)) > 1e-3 {
			t.Errorf("%d dimensions: dot product %v became %v", dim, want, got)
		}
		for range 20 {
			one := make([]float32, dim)
			one[r.IntN(dim)] = 1
			var largest float32
			for _, x := range turned(one) {
				largest = max(largest, x, -x)
			}
			if spread := float64(largest) * math.Sqrt(float64(turn.dim)); spread > 6 {
				t.Errorf("%d dimensions: of a vector in one dimension, one of %.1f times the mean is left", dim, spread)
			}
		}
	}
}

// FuzzTable holds that no query makes a table whose sums overflow in the kernel.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 0, 128, 63, 0, 0, 128, 191}, uint8(0))
	f.Add([]byte{255, 255, 127, 127}, uint8(1))
	f.Add([]byte{0, 0, 0, 0, 1, 0, 0, 0}, uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, distance uint8) {
		query := make([]float32, 128)
		for i := range query {
			if len(raw) >= 4 {
				query[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw))
				raw = raw[4:]
			}
		}
		if !codable(query) {
			return
		}
		c := New(128, Distance(distance%3), nil)
		a := &asked{}
		a.ask(c.newRecipe(Bits, make([]float32, 128)), 1, query, c.scratch)
		for group := 0; group < len(a.table); group += 256 {
			for odd := range 2 {
				sum := 0
				for i := range 8 {
					sum += int(slices.Max(a.table[group+32*i+16*odd:][:16]))
				}
				if sum > 255 {
					t.Fatalf("a sum of bytes may come to %d", sum)
				}
			}
		}
	})
}
