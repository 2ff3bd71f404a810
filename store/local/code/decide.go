package code

import (
	"context"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/akinserver/akin/crew"
	"github.com/akinserver/akin/store/local/kernel"
)

const (
	sampleRows    = 8192
	sampleQueries = 32
	sampleHits    = 10
	recodeEvery   = 1024    // puts, while chunks are coded in an older way
	soonRecoded   = 4       // chunks that are coded anew at once
	enoughRecall  = .995    //
	mostDoubts    = 1. / 80 // of all rows may be read because of their bits; with more, bytes are faster: callers ask for more than sampleHits, and a read may miss every cache
	mostOfBytes   = 1. / 8  // of all rows may be read because of their bytes; with more, no codes are faster
	mostAlone     = 1. / 12 // of all rows may be read because of their bits, where bytes are no faster than floats
	shift         = .05     // part of the mean squared residual that a new centre must save to be worth new codes
)

// decide finds out, on a sample of the column's own rows, which codes serve it, and how large their errors are.
func (c *Column) decide() {
	c.changes, c.due = 0, c.count
	searches, scanned, rescored := c.searches.Load(), c.scanned.Load(), c.rescored.Load()
	t := c.newTrial(c.sample(sampleRows))
	c.searches.Store(searches) // only those of the caller count
	c.scanned.Store(scanned)
	c.rescored.Store(rescored)
	var best *recipe
	for _, kind := range []Kind{Bits, Bytes} {
		if kind == Bytes && !kernel.Fast() {
			break // products of bytes are no faster than those of floats then
		}
		r := t.try(kind)
		good := r.recall >= enoughRecall
		switch {
		case kind == Bytes:
			good = good && r.doubt <= mostOfBytes
		case kernel.Fast():
			good = good && r.doubt <= mostDoubts
		default:
			good = good && r.doubt <= mostAlone
		}
		if c.forced != nil {
			good = kind == *c.forced
		}
		if good {
			best = r
			break
		}
	}
	c.adopt(best, t.energy)
}

// adopt makes a recipe the one for new codes, unless the present one is as good.
func (c *Column) adopt(r *recipe, energy float64) {
	old := c.target
	if old != nil && r != nil && old.kind == r.kind {
		var moved float64
		for i, x := range r.centre {
			d := float64(x - old.centre[i])
			moved += d * d
		}
		if moved <= shift*energy {
			old.spread, old.recall, old.doubt = max(old.spread, r.spread), r.recall, r.doubt
			return
		}
	}
	if old == nil && r == nil {
		return
	}
	c.target, c.puts = r, 0
	if len(c.chunks) > soonRecoded {
		c.list()
	} else {
		_ = c.recode(context.Background(), 1, nil) // which ends only when it is done
	}
}

// sample returns up to n of the rows that are there, spread over all.
func (c *Column) sample(n int) []int {
	rows := make([]int, 0, min(n, c.count))
	seen, taken := 0, 0
	for row := range c.size {
		if c.live[row/64]>>(row%64)&1 == 0 {
			continue
		}
		// Of the rows so far, as large a part is taken as of all.
		if seen++; seen*min(n, c.count) >= (taken+1)*c.count {
			rows = append(rows, row)
			taken++
		}
	}
	return rows
}

// trial is a sample of rows, and what is known of it exactly.
type trial struct {
	c       *Column
	rows    []int
	centre  []float32
	energy  float64     // mean squared residual
	queries [][]float32 // some of the rows
	floors  []float64   // of each query: the score of the last hit, of all rows
	scores  [][]float32 // of each query with each row
	near    [][]Hit     // the best of these, Row being an index into rows
}

func (c *Column) newTrial(rows []int) *trial {
	t := &trial{c: c, rows: rows}
	t.findCentre()
	for i := range sampleQueries {
		query := slices.Clone(c.vector(rows[(2*i+1)*len(rows)/(2*sampleQueries)]))
		if !codable(query) {
			continue
		}
		hits, _ := c.Search(context.Background(), nil, query, sampleHits, Options{})
		scores, near := make([]float32, len(rows)), top{n: 10 * sampleHits}
		for j, row := range rows {
			scores[j] = c.score(query, c.vector(row))
			near.offer(Hit{j, scores[j]})
		}
		t.queries = append(t.queries, query)
		best, _ := near.sorted(context.Background())
		t.scores, t.near = append(t.scores, scores), append(t.near, best)
		t.floors = append(t.floors, float64(hits[len(hits)-1].Score))
	}
	return t
}

func (c *Column) vector(row int) []float32 { return c.rows(row)[:c.dim] }

// findCentre sets the mean, and how far from it the rows are.
func (t *trial) findCentre() {
	c := t.c
	sum, n, squares := make([]float64, c.dim), 0, 0.
	for _, row := range t.rows {
		v := c.vector(row)
		square := float64(kernel.Dot(v, v))
		if !(square <= longest*longest) || square < shortest*shortest {
			continue
		}
		scale := 1.
		if c.distance == Cosine {
			scale = 1 / math.Sqrt(square)
		}
		for i, x := range v {
			sum[i] += float64(x) * scale
		}
		squares += square * scale * scale
		n++
	}
	t.centre = make([]float32, c.dim)
	if n == 0 {
		return
	}
	t.energy = squares / float64(n)
	for i, s := range sum {
		mean := s / float64(n)
		t.centre[i] = float32(mean)
		t.energy -= mean * mean
	}
}

func (c *Column) newRecipe(kind Kind, centre []float32) *recipe {
	return &recipe{
		kind: kind, distance: c.distance, rotation: c.rotation, dim: c.dim, centre: centre, spread: 1,
		length: math.Sqrt(float64(kernel.Dot(centre, centre))), zero: make([]float32, c.rotation.dim),
	}
}

// try codes the sample and asks it the queries.
func (t *trial) try(kind Kind) *recipe {
	r := t.c.newRecipe(kind, t.centre)
	ch := new(memory).chunk(r)
	of := extent{norm: t.c.norm}
	for i, row := range t.rows {
		of.add(ch.put(r, t.c.scratch, i, t.c.vector(row)))
	}
	r.radius, r.widest = of.radius, of.widest
	// Where near rows' errors are larger than expected, bounds become wider; and then they are judged.
	var squares, n float64
	t.ask(&ch, of.norm, func(k int, a *asked, sums []int32) {
		for _, h := range t.near[k] {
			score := float64(h.Score) * a.times
			expected := float64(ch.factor[h.Row]) * a.reach(score) / certain(kind)
			if d := a.estimate(ch.factor[h.Row], ch.term[h.Row], sums[h.Row]) - score; expected > 0 && math.Abs(d) > a.slack {
				squares += d * d / (expected * expected)
				n++
			}
		}
	})
	if n > 0 {
		r.spread = max(1, math.Sqrt(squares/n))
	}
	var found, near, doubts, all float64
	t.ask(&ch, of.norm, func(k int, a *asked, sums []int32) {
		doubtful := func(i int, floor, reach float64) bool {
			return !(a.estimate(ch.factor[i], ch.term[i], sums[i])+float64(ch.factor[i])*reach < floor-a.slack)
		}
		best := t.near[k][:min(sampleHits, len(t.near[k]))]
		floor := float64(best[len(best)-1].Score) * a.times
		reach := a.reach(floor)
		for _, h := range best {
			if near++; doubtful(h.Row, floor, reach) {
				found++
			}
		}
		floor = t.floors[k] * a.times
		reach = a.reach(floor)
		for i := range t.rows {
			if all++; doubtful(i, floor, reach) {
				doubts++
			}
		}
	})
	if r.recall = 1; near > 0 {
		r.recall, r.doubt = found/near, doubts/all
	}
	return r
}

// ask gives do, for each query, what the kernels make of it and the sample's codes.
func (t *trial) ask(ch *chunk, norm float64, do func(query int, a *asked, sums []int32)) {
	a, sums := &asked{}, make([]int32, chunkRows)
	want := slices.Repeat([]uint32{math.MaxUint32}, chunkRows/kernel.Block)
	for k, query := range t.queries {
		a.ask(ch.recipe, norm, query, t.c.scratch)
		if ch.recipe.kind == Bits {
			kernel.Sums(a.table, ch.codes, want, sums)
		} else {
			kernel.DotBytes(a.values, ch.values, sums)
		}
		do(k, a, sums)
	}
}

// recodeSome codes one chunk anew now and then, so that no call to Put has to code them all.
func (c *Column) recodeSome() {
	if c.puts++; c.puts%recodeEvery != 0 {
		return
	}
	for i := range c.chunks {
		if c.chunks[i].recipe != c.target {
			ch := c.memory.chunk(c.target)
			c.replace(i, ch, c.fill(&ch, i, c.scratch))
			c.list()
			return
		}
	}
}

// Recode codes all rows in the way that new ones are, with threads goroutines (0 means one a processor), after it has
// decided anew which way that is. Put does the same little by little; after many puts, and before many searches, it is
// worth a call. When ctx is done, it returns the reason, and the column is as good as before.
func (c *Column) Recode(ctx context.Context, threads int) error {
	return c.recodeAll(ctx, threads, nil)
}

func (c *Column) recodeAll(ctx context.Context, threads int, coded func(rows int)) error {
	if c.rotation == nil || c.count < minRows {
		return ctx.Err()
	}
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	if c.target == nil && c.count > 8*sampleRows {
		// To decide takes some searches. Any codes make them cheaper by more than it takes to make the codes.
		t := &trial{c: c, rows: c.sample(sampleRows)}
		t.findCentre()
		c.target = c.newRecipe(Bits, t.centre)
		if err := c.recode(ctx, threads, coded); err != nil {
			return err
		}
	}
	c.decide()
	return c.recode(ctx, threads, coded)
}

// Load puts all rows r with bit r%64 of live[r/64] set into an empty column, with threads goroutines (0 means one a
// processor). It is the fast way to open a column. When ctx is done, it returns the reason; the rows are there then, and
// only their codes are not. The goroutines call coded, unless it is nil, with how many rows more have codes: each once, or
// twice where the first codes turn out not to serve.
func (c *Column) Load(ctx context.Context, live []uint64, threads int, coded func(rows int)) error {
	if c.size > 0 {
		panic("code: Load into a column with rows")
	}
	for i, w := range live {
		if w != 0 {
			c.grow(i*64 + bits.Len64(w))
			c.count += bits.OnesCount64(w)
		}
	}
	copy(c.live, live)
	c.changes = c.count
	return c.recodeAll(ctx, threads, coded)
}

// recode brings all chunks up to the target.
func (c *Column) recode(ctx context.Context, threads int, coded func(rows int)) error {
	old := 0
	for i := range c.chunks {
		if c.chunks[i].recipe != c.target {
			old++
		}
	}
	if old == 0 {
		c.list()
		return ctx.Err()
	}
	c.memory.reserve(c.target, old)
	var next atomic.Int64
	var lock sync.Mutex
	var all crew.Crew
	for range max(1, min(threads, len(c.chunks))) {
		all.Run(func() {
			scratch := make([]float32, c.rotation.dim)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(c.chunks) {
					return
				}
				if c.chunks[i].recipe == c.target {
					continue
				}
				lock.Lock()
				ch := c.memory.chunk(c.target)
				lock.Unlock()
				of := c.fill(&ch, i, scratch)
				lock.Lock()
				c.replace(i, ch, of)
				lock.Unlock()
				if coded != nil {
					coded(min(chunkRows, c.size-i*chunkRows))
				}
			}
		})
	}
	all.Finish()
	c.list()
	return ctx.Err()
}

// fill codes the rows of the i-th chunk into a new one.
func (c *Column) fill(ch *chunk, i int, scratch []float32) extent {
	var all extent
	if ch.recipe == nil {
		return all
	}
	for at := range min(chunkRows, c.size-i*chunkRows) {
		if row := i*chunkRows + at; c.live[row/64]>>(row%64)&1 == 1 {
			all.add(ch.put(ch.recipe, scratch, at, c.vector(row)))
		}
	}
	return all
}

func (c *Column) replace(i int, ch chunk, of extent) {
	if c.chunks[i] = ch; ch.recipe != nil {
		c.widen(ch.recipe, of)
	}
}

// list notes which recipes are in use.
func (c *Column) list() {
	clear(c.recipes)
	c.recipes = c.recipes[:0]
	note := func(r *recipe) {
		if r != nil && !slices.Contains(c.recipes, r) {
			r.index = len(c.recipes)
			c.recipes = append(c.recipes, r)
		}
	}
	note(c.target)
	for i := range c.chunks {
		note(c.chunks[i].recipe)
	}
}
