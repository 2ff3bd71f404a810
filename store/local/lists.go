package local

import (
	"cmp"
	"slices"
)

// A search for a sparse vector adds up, over the lists of the query's indices, the scores of the points in them. The lists
// that can add most come first. Once the best points so far are ahead of all that the lists to come could give to a point
// that is in none of the others, those lists, which are the long ones of frequent words, are not walked any more.
// (H. Turtle, J. Flood: Query evaluation: strategies and optimizations, IPM 1995.)

// weightedList is a list and what the query multiplies its weights with.
type weightedList struct {
	*posting
	by    float32
	bound float64 // no point gets more out of the list
}

// lists returns the lists of a query, and their lengths added up. growing tells that no list takes from a score.
func (c *sparseColumn) lists(query sparse) (lists []weightedList, total int, growing bool) {
	growing = true
	for i, index := range query.indices {
		p := c.postings[index]
		if p == nil {
			continue
		}
		by := query.values[i]
		growing = growing && by >= 0 && !p.negative
		lists = append(lists, weightedList{p, by, float64(by) * float64(p.largest)})
		total += len(p.slots)
	}
	return lists, total, growing
}

// sums adds up scores by slot. It is used again and again: only what was touched has to be cleared.
type sums struct {
	scores  []float32 // 0 but where touched
	seen    []uint64  // a bit a slot
	touched []uint32
}

func (c *sparseColumn) takeSums() *sums {
	s, _ := c.free.Get().(*sums)
	if s == nil {
		s = &sums{}
	}
	if n := len(c.vectors); len(s.scores) < n {
		s.scores, s.seen = make([]float32, n+n/8), make([]uint64, (n+n/8+63)/64)
	}
	return s
}

func (c *sparseColumn) giveSums(s *sums) {
	for _, slot := range s.touched {
		s.scores[slot], s.seen[slot/64] = 0, 0
	}
	s.touched = s.touched[:0]
	c.free.Put(s)
}

func (s *sums) add(l weightedList, from, to int) {
	weights := l.weights[from:to]
	for i, slot := range l.slots[from:to] {
		if bit := uint64(1) << (slot % 64); s.seen[slot/64]&bit == 0 {
			s.seen[slot/64] |= bit
			s.touched = append(s.touched, slot)
		}
		s.scores[slot] += l.by * weights[i]
	}
}

const walkedAtOnce = 4096 // postings between two looks at the context: some microseconds

// add walks a list.
func (s *scan) add(to *sums, l weightedList) error {
	for from := 0; from < len(l.slots); from += walkedAtOnce {
		if err := cancelled(s.ctx); err != nil {
			return err
		}
		to.add(l, from, min(from+walkedAtOnce, len(l.slots)))
	}
	return nil
}

// sparse finds the best of the points that have any of the query's indices. Others are no hits.
func (s *scan) sparse(col *sparseColumn) error {
	query := col.weighted(s.q.examples[0].sparse)
	lists, total, growing := col.lists(query)
	n := s.set.GetCardinality()
	if n < uint64(total/8) {
		return s.sparseOneByOne(col, query)
	}
	sums := col.takeSums()
	defer col.giveSums(sums)
	all := n == s.c.live.GetCardinality()
	if growing && s.rest == nil && total >= manyPostings {
		return s.longLists(col, query, lists, sums, all)
	}
	for _, l := range lists {
		if err := s.add(sums, l); err != nil {
			return err
		}
	}
	for _, slot := range sums.touched {
		if err := s.pause(1); err != nil {
			return err
		}
		if all || s.set.Contains(slot) {
			s.offer(slot, sums.scores[slot])
		}
	}
	return nil
}

// sparseOneByOne compares every candidate.
func (s *scan) sparseOneByOne(col *sparseColumn, query sparse) error {
	it := s.set.Iterator()
	for it.HasNext() {
		if err := s.pause(1); err != nil {
			return err
		}
		slot := it.Next()
		if v, ok := col.of(slot); ok {
			if score, ok := sparseDot(query, v); ok {
				s.offer(slot, score)
			}
		}
	}
	return nil
}

const (
	manyPostings = 8192     // fewer are walked without thinking
	postingsADot = 64       // one comparison of two vectors takes about as long as a walk over so many postings
	rounding     = 1. / 1e5 // part of a score that the order of additions may make
)

// longLists walks lists for as long as that is cheaper than to compare the points that may still be among the best.
func (s *scan) longLists(col *sparseColumn, query sparse, lists []weightedList, sums *sums, all bool) error {
	slices.SortStableFunc(lists, func(a, b weightedList) int { return cmp.Compare(b.bound, a.bound) })
	open, postings := 0., 0 // in the lists to come
	for _, l := range lists {
		open += l.bound
		postings += len(l.slots)
	}
	var hopeful []uint32
	walked := 0
	for i, l := range lists {
		// The bar costs a look at every point so far.
		if postings > 2*len(sums.touched) && i > 0 {
			bar := s.bar(sums, all) * (1 - rounding)
			if open*(1+rounding) < bar {
				if hopeful = s.hopeful(sums, all, bar-open); len(hopeful)*postingsADot < postings {
					break
				}
			}
		}
		if err := s.add(sums, l); err != nil {
			return err
		}
		walked++
		open -= l.bound
		postings -= len(l.slots)
	}
	if walked == len(lists) {
		hopeful = s.hopeful(sums, all, s.bar(sums, all)*(1-rounding))
	}
	// The order of the lists has no say in the score.
	for _, slot := range hopeful {
		if err := s.pause(1); err != nil {
			return err
		}
		v, _ := col.of(slot)
		score, _ := sparseDot(query, v)
		s.offer(slot, score)
	}
	return nil
}

// bar is the least of the best sums of the candidates, as many as are asked for; 0 while there are fewer.
func (s *scan) bar(sums *sums, all bool) float64 {
	heap := make([]float32, 0, min(s.top.limit, len(sums.touched)))
	for _, slot := range sums.touched {
		score := sums.scores[slot]
		if len(heap) == s.top.limit && score <= heap[0] || !all && !s.set.Contains(slot) {
			continue
		}
		if len(heap) < s.top.limit {
			heap = append(heap, score)
			for i := len(heap) - 1; i > 0 && heap[i] < heap[(i-1)/2]; i = (i - 1) / 2 {
				heap[i], heap[(i-1)/2] = heap[(i-1)/2], heap[i]
			}
			continue
		}
		heap[0] = score
		for i := 0; ; {
			least := i
			for child := 2*i + 1; child <= 2*i+2 && child < len(heap); child++ {
				if heap[child] < heap[least] {
					least = child
				}
			}
			if least == i {
				break
			}
			heap[i], heap[least] = heap[least], heap[i]
			i = least
		}
	}
	if len(heap) < s.top.limit || len(heap) == 0 {
		return 0
	}
	return float64(heap[0])
}

// hopeful lists the candidates with a sum of at least least.
func (s *scan) hopeful(sums *sums, all bool, least float64) []uint32 {
	var out []uint32
	for _, slot := range sums.touched {
		if float64(sums.scores[slot]) >= least && (all || s.set.Contains(slot)) {
			out = append(out, slot)
		}
	}
	return out
}
