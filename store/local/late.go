package local

// A vector of words puts its point into hundreds of lists, each of which lies elsewhere in memory. While a folder is read, the entries of many vectors are gathered and
// sorted by list, so that each list is looked up once for all of them: that takes two fifths of the time (BenchmarkLoadPostings).

// latePosting is an entry of a list that is not there yet.
type latePosting struct {
	index, slot uint32
	weight      float32
}

type latePostings struct {
	waiting []latePosting
	spare   []latePosting // as long
}

// mostLate is how many entries wait at most: 12 MB of them.
const mostLate = 1 << 20

// deferPostings leaves the vectors to come out of the lists until loadPostings. Their slots rise.
func (c *sparseColumn) deferPostings() { c.late = &latePostings{} }

func (c *sparseColumn) loadPostings() {
	c.late.flush(c)
	c.late = nil
}

func (l *latePostings) add(c *sparseColumn, slot uint32, v sparse) {
	for i, index := range v.indices {
		l.waiting = append(l.waiting, latePosting{index, slot, v.values[i]})
	}
	if len(l.waiting) >= mostLate {
		l.flush(c)
	}
}

func (l *latePostings) flush(c *sparseColumn) {
	l.sort()
	for from := 0; from < len(l.waiting); {
		to := from + 1
		for to < len(l.waiting) && l.waiting[to].index == l.waiting[from].index {
			to++
		}
		p := c.posting(l.waiting[from].index)
		for _, e := range l.waiting[from:to] {
			p.slots, p.weights = append(p.slots, e.slot), append(p.weights, e.weight)
		}
		from = to
	}
	l.waiting = l.waiting[:0]
}

// sort sorts by index, and leaves those of one index in their order: a byte of the index at a time, the lowest first.
func (l *latePostings) sort() {
	if len(l.spare) < len(l.waiting) {
		l.spare = make([]latePosting, cap(l.waiting))
	}
	from, to := l.waiting, l.spare[:len(l.waiting)]
	for shift := 0; shift < 32; shift += 8 {
		var starts [257]int
		for _, e := range from {
			starts[e.index>>shift&0xff+1]++
		}
		for b := range 256 {
			starts[b+1] += starts[b]
		}
		for _, e := range from {
			b := e.index >> shift & 0xff
			to[starts[b]] = e
			starts[b]++
		}
		from, to = to, from
	}
}
