package code

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/akinserver/akin/crew"
	"github.com/akinserver/akin/store/local/kernel"
)

// Options are what a search may be told beside its query.
type Options struct {
	// Mask limits what may be found to the rows r with bit r%64 of Mask[r/64] set; nil does not limit.
	Mask []uint64
	// Threads is how many goroutines one search may take. 0 means as many as its size is worth, 4 at most, fewer when other searches
	// of the column run.
	Threads int
	// Exact scans the vectors even where there are codes. The answer is the same but for the rows, fewer than one in some
	// hundreds, that codes may lose.
	Exact bool
}

// Search appends to hits the n rows that are most like the query, best first, and fewer only where there are fewer. Scores are
// exact; of equal ones the lower row is first. Once ctx is done it returns the reason, soon.
func (c *Column) Search(ctx context.Context, hits []Hit, query []float32, n int, o Options) ([]Hit, error) {
	j := c.job(ctx, n, o)
	defer j.release()
	j.ask(query)
	if err := j.run(); err != nil {
		return hits, err
	}
	found, err := j.answer(0)
	if err != nil {
		return hits, err
	}
	return append(hits, found...), nil
}

// together is how many queries share one pass: their tables must stay in the cache beside a piece of the codes.
const together = 16

// SearchAll searches for several queries at once, which costs less than one after the other: they share the way through
// memory. The answers come in the order of the queries.
func (c *Column) SearchAll(ctx context.Context, queries [][]float32, n int, o Options) ([][]Hit, error) {
	answers := make([][]Hit, 0, len(queries))
	for len(queries) > 0 {
		some := queries[:min(together, len(queries))]
		queries = queries[len(some):]
		j := c.job(ctx, n, o)
		for _, q := range some {
			j.ask(q)
		}
		if err := j.run(); err != nil {
			j.release()
			return nil, err
		}
		for i := range some {
			found, err := j.answer(i)
			if err != nil {
				j.release()
				return nil, err
			}
			answers = append(answers, slices.Clone(found))
		}
		j.release()
	}
	return answers, nil
}

// job is a search of one or several queries. It and what belongs to it is used again and again.
type job struct {
	c         *Column
	ctx       context.Context
	n         int
	found     int // rows that are there and in the mask
	mask      []uint64
	masked    bool
	threads   int
	exact     bool
	questions []*question // the first asked are in use
	asked     int
	workers   []*worker
	next      atomic.Int64 // turn
	stopped   atomic.Bool
	scratch   []float32
}

// question is one query of a job.
type question struct {
	vector []float32
	by     []asked       // for each of the column's recipes
	coded  bool          // its numbers are fit for codes
	floor  atomic.Uint32 // bits of the largest score that n rows are known to reach
}

func (c *Column) job(ctx context.Context, n int, o Options) *job {
	j, _ := c.jobs.Get().(*job)
	if j == nil {
		j = &job{c: c}
	}
	j.ctx, j.mask, j.masked, j.threads, j.asked = ctx, o.Mask, o.Mask != nil, o.Threads, 0
	j.found = c.count
	if j.masked {
		j.found = c.within(o.Mask)
	}
	j.n = min(n, j.found)
	j.exact = o.Exact || len(c.recipes) == 0 || c.cheaperExact(j.found, j.n)
	return j
}

// cheaperExact tells that reading the vectors of all that may be found is no more work than looking at their codes: when
// few of them, or few in a block, are left by a mask, or most of them are asked for.
func (c *Column) cheaperExact(found, n int) bool {
	if found <= 1000 || n >= found/8 {
		return true
	}
	return found*200 <= c.size && (c.target == nil || c.target.kind != Bytes)
}

func (j *job) ask(query []float32) {
	if len(query) != j.c.dim {
		panic(fmt.Sprintf("code: a query of %d values in a column of %d", len(query), j.c.dim))
	}
	if j.asked == len(j.questions) {
		j.questions = append(j.questions, &question{})
	}
	q := j.questions[j.asked]
	j.asked++
	q.vector = query
	q.floor.Store(math.Float32bits(float32(math.Inf(-1))))
	q.coded = !j.exact && codable(query)
	if !q.coded {
		return
	}
	for len(q.by) < len(j.c.recipes) {
		q.by = append(q.by, asked{})
	}
	j.scratch = resize(j.scratch, j.c.rotation.dim)
	for i, r := range j.c.recipes {
		q.by[i].ask(r, j.c.norm, query, j.scratch)
	}
}

func (j *job) run() error {
	c := j.c
	if err := j.ctx.Err(); err != nil {
		return err
	}
	defer c.running.Add(-1)
	running := c.running.Add(1)
	c.searches.Add(uint64(j.asked))
	threads := j.threads
	if threads <= 0 {
		threads = min(runtime.GOMAXPROCS(0)/int(running), 4, j.weight()/pieceBytes)
	}
	threads = max(1, min(threads, len(c.chunks)))
	for len(j.workers) < threads {
		j.workers = append(j.workers, &worker{})
	}
	for i, w := range j.workers {
		w.begin(j, i < threads)
	}
	j.next.Store(0)
	j.stopped.Store(false)
	if j.n > 0 {
		if threads == 1 {
			j.workers[0].run()
		} else {
			var all crew.Crew
			for _, w := range j.workers[:threads] {
				all.Run(w.run)
			}
			all.Finish()
		}
	}
	for _, w := range j.workers[:threads] {
		c.scanned.Add(w.scanned)
		c.rescored.Add(w.rescored)
	}
	if j.stopped.Load() {
		return j.ctx.Err()
	}
	return nil
}

// pieceBytes is what a goroutine must have to read to be worth its start: half a millisecond of work.
const pieceBytes = 8 << 20

// weight is about how many bytes the job reads.
func (j *job) weight() int {
	if j.exact {
		return j.c.rowBytes(nil) * j.found * j.asked
	}
	return j.c.rowBytes(j.c.target) * j.c.size * j.asked
}

// rowBytes is what a scan reads of a row that is coded by r, or not at all.
func (c *Column) rowBytes(r *recipe) int {
	switch {
	case r == nil:
		return 4 * c.dim
	case r.kind == Bits:
		return r.rotation.dim/8 + 8
	}
	return r.rotation.dim + 8
}

// answer puts what the workers found for a query into one.
func (j *job) answer(query int) ([]Hit, error) {
	all := &j.workers[0].parts[query].top
	for _, w := range j.workers[1:] {
		if w.busy {
			for _, h := range w.parts[query].top.hits {
				all.offer(h)
			}
		}
	}
	return all.sorted(j.ctx)
}

// release keeps the job for another search, without what is the caller's.
func (j *job) release() {
	j.ctx, j.mask = nil, nil
	for _, q := range j.questions[:j.asked] {
		q.vector = nil
	}
	j.c.jobs.Put(j)
}

// turn is the i-th chunk to be looked at. The chunks that lie next to one another often hold what was put at one time, and is
// alike: a walk in large steps meets good hits early, wherever they lie, and the floor they set saves work in the rest.
func (j *job) turn(i int) int {
	n := len(j.c.chunks)
	step := n*5/8 | 1
	for gcd(step, n) != 1 {
		step += 2
	}
	return i * step % n
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// worker is one goroutine's part of a job.
type worker struct {
	job      *job
	busy     bool
	parts    []part // a query each
	recipe   *recipe
	want     [tileBlocks]uint32
	left     [tileBlocks]uint32
	sums     [tileBlocks * kernel.Block]int32
	scores   [kernel.Block]float32
	scanned  uint64
	rescored uint64
	ahead    [8]int32 // rows to be read soon
	waiting  int      // of these
	read     int      // vectors since the last look at the context
}

// part is what a worker knows of one query.
type part struct {
	top    top
	doubts []doubt
}

// doubt is a row that may be among the best, less likely so than those that were looked at at once.
type doubt struct {
	row              int32
	estimate, factor float32
}

const (
	tileBlocks = 64       // blocks between two looks at the context
	readsALook = 64       // vectors between two, each of which the disk may have to bring
	tileBytes  = 96 << 10 // of codes, which several queries find in the cache
	manyDoubts = 4096
)

func (w *worker) begin(j *job, busy bool) {
	w.job, w.busy, w.recipe, w.scanned, w.rescored, w.read, w.waiting = j, busy, nil, 0, 0, 0, 0
	if !busy {
		return
	}
	for len(w.parts) < j.asked {
		w.parts = append(w.parts, part{})
	}
	for i := range w.parts[:j.asked] {
		w.parts[i].top.reset(j.n)
		w.parts[i].doubts = w.parts[i].doubts[:0]
	}
}

func (w *worker) run() {
	j := w.job
	for {
		i := int(j.next.Add(1)) - 1
		if i >= len(j.c.chunks) {
			break
		}
		if !w.chunk(j.turn(i)) {
			return
		}
	}
	w.settleAll()
}

// goesOn tells whether the caller still waits.
func (w *worker) goesOn() bool {
	if !w.job.stopped.Load() && w.job.ctx.Err() != nil {
		w.job.stopped.Store(true)
	}
	return !w.job.stopped.Load()
}

// chunk looks at the rows of a chunk, a tile at a time. It returns false when the search has ended.
func (w *worker) chunk(i int) bool {
	c, ch := w.job.c, &w.job.c.chunks[i]
	if ch.recipe != w.recipe && ch.recipe != nil {
		if !w.settleAll() {
			return false
		}
		w.recipe = ch.recipe
	}
	tile := max(1, min(tileBlocks, tileBytes/(kernel.Block*c.rowBytes(ch.recipe))))
	first := i * (chunkRows / kernel.Block)
	last := min(first+chunkRows/kernel.Block, (c.size+kernel.Block-1)/kernel.Block)
	for at := first; at < last; at += tile {
		want := w.want[:min(tile, last-at)]
		var some uint32
		for b := range want {
			want[b] = c.wanted(at+b, w.job.mask, w.job.masked)
			some |= want[b]
		}
		if some == 0 {
			continue
		}
		if !w.goesOn() {
			return false
		}
		for k, q := range w.job.questions[:w.job.asked] {
			p, on := &w.parts[k], false
			if ch.recipe == nil || !q.coded {
				on = w.exact(q, p, at, want)
			} else {
				on = w.coded(q, p, ch, at, at-first, want)
			}
			if !on {
				return false
			}
		}
	}
	return true
}

// exact scores the wanted rows of the blocks from first on.
func (w *worker) exact(q *question, p *part, first int, want []uint32) bool {
	c := w.job.c
	for b, rows := range want {
		for row := (first + b) * kernel.Block; rows != 0; {
			skip := bits.TrailingZeros32(rows)
			rows >>= skip
			row += skip
			if bits.OnesCount32(rows) < 8 {
				if !w.soon(q, p, row) {
					return false
				}
				rows >>= 1
				row++
				continue
			}
			// Rows in between that are not wanted cost less than an end and a new beginning.
			vectors := c.rows(row)
			n := min(bits.Len32(rows), len(vectors)/c.dim)
			scores := w.scores[:n]
			c.scores(q.vector, vectors[:n*c.dim], scores)
			for i, score := range scores {
				if rows>>i&1 == 1 {
					w.offer(q, p, Hit{row + i, score})
				}
			}
			rows = uint32(uint64(rows) >> n)
			row += n
		}
	}
	return w.now(q, p)
}

// coded looks at the codes of the blocks from first on, the at-th and following of their chunk.
func (w *worker) coded(q *question, p *part, ch *chunk, first, at int, want []uint32) bool {
	a := &q.by[ch.recipe.index]
	n := len(want) * kernel.Block
	sums, left := w.sums[:n], w.left[:len(want)]
	factor, term := ch.factor[at*kernel.Block:][:n], ch.term[at*kernel.Block:][:n]
	copy(left, want)
	if ch.recipe.kind == Bits {
		kernel.Sums(a.table, ch.codes[at*len(a.table):], left, sums)
	} else {
		dotWanted(a.values, ch.values[at*kernel.Block*len(a.values):], left, sums)
	}
	floor, bound, reach := w.bounds(q, p, a)
	kernel.AtLeast(sums, factor, term, a.scale, a.base+float32(reach), bound, left)
	w.scanned += uint64(n)
	for b, rows := range left {
		for ; rows != 0; rows &= rows - 1 {
			i := b*kernel.Block + bits.TrailingZeros32(rows)
			row := first*kernel.Block + i
			estimate := a.estimate(factor[i], term[i], sums[i])
			// What looks like a hit is read at once: the sooner the floor rises, the less is left in doubt.
			if estimate < floor {
				p.doubts = append(p.doubts, doubt{int32(row), float32(estimate), factor[i]})
				continue
			}
			w.rescored++
			if !w.look(q, p, row) {
				return false
			}
			floor = w.floor(q, p) * a.times
		}
	}
	if len(p.doubts) > manyDoubts {
		return w.review(q, p)
	}
	return true
}

// dotWanted multiplies the wanted rows, one by one where they are few.
func dotWanted(query, values []int8, want []uint32, sums []int32) {
	for b, rows := range want {
		of, into := values[b*kernel.Block*len(query):], sums[b*kernel.Block:][:kernel.Block]
		if bits.OnesCount32(rows) >= 8 {
			kernel.DotBytes(query, of, into)
			continue
		}
		for ; rows != 0; rows &= rows - 1 {
			i := bits.TrailingZeros32(rows)
			kernel.DotBytes(query, of[i*len(query):], into[i:i+1])
		}
	}
}

// floor is the score that a row must reach to be among the best, as far as is known.
func (w *worker) floor(q *question, p *part) float64 {
	return float64(max(p.top.floor(), math.Float32frombits(q.floor.Load())))
}

// bounds are the floor in the terms of estimates, the floor for what the kernel compares, and how far an estimate of
// factor 1 may be below it.
func (w *worker) bounds(q *question, p *part, a *asked) (floor float64, bound float32, reach float64) {
	floor = w.floor(q, p) * a.times
	return floor, float32(floor - a.slack - a.constant), a.reach(floor)
}

// look reads the vector of a row.
func (w *worker) look(q *question, p *part, row int) bool {
	c := w.job.c
	w.offer(q, p, Hit{row, c.score(q.vector, c.vector(row))})
	if w.read++; w.read%readsALook == 0 {
		return w.goesOn()
	}
	return true
}

// soon reads the vector of a row a little later, together with some others, whose ways through memory overlap then.
func (w *worker) soon(q *question, p *part, row int) bool {
	kernel.Fetch(w.job.c.vector(row))
	w.ahead[w.waiting] = int32(row)
	if w.waiting++; w.waiting == len(w.ahead) {
		return w.now(q, p)
	}
	return true
}

// now reads the vectors that were to be read soon.
func (w *worker) now(q *question, p *part) bool {
	rows := w.ahead[:w.waiting]
	w.waiting = 0
	for _, row := range rows {
		if !w.look(q, p, int(row)) {
			return false
		}
	}
	return true
}

func (w *worker) offer(q *question, p *part, h Hit) {
	if !p.top.offer(h) {
		return
	}
	floor := p.top.floor()
	for {
		known := q.floor.Load()
		if !(floor > math.Float32frombits(known)) || q.floor.CompareAndSwap(known, math.Float32bits(floor)) {
			return
		}
	}
}

// review forgets the doubts that the floor has settled by now, and settles all when they stay many.
func (w *worker) review(q *question, p *part) bool {
	a := &q.by[w.recipe.index]
	kept := p.doubts[:0]
	bound, reach := w.bar(q, p, a)
	for _, d := range p.doubts {
		if !(float64(d.estimate)+float64(d.factor)*reach < bound) {
			kept = append(kept, d)
		}
	}
	p.doubts = kept
	if len(kept) > manyDoubts/2 {
		return w.settle(q, p)
	}
	return true
}

// bar is what the estimate of a doubt and its factor times reach must come to.
func (w *worker) bar(q *question, p *part, a *asked) (bound, reach float64) {
	floor := w.floor(q, p) * a.times
	return floor - a.slack, a.reach(floor)
}

// settle reads the vectors of the rows that are still in doubt.
func (w *worker) settle(q *question, p *part) bool {
	if len(p.doubts) == 0 {
		return true
	}
	a := &q.by[w.recipe.index]
	bound, reach := w.bar(q, p, a)
	known := w.floor(q, p)
	for _, d := range p.doubts {
		if float64(d.estimate)+float64(d.factor)*reach < bound {
			continue
		}
		w.rescored++
		if !w.soon(q, p, int(d.row)) {
			return false
		}
		if floor := w.floor(q, p); floor != known {
			known = floor
			bound, reach = w.bar(q, p, a)
		}
	}
	p.doubts = p.doubts[:0]
	return w.now(q, p)
}

func (w *worker) settleAll() bool {
	for k, q := range w.job.questions[:w.job.asked] {
		if !w.settle(q, &w.parts[k]) {
			return false
		}
	}
	return true
}
