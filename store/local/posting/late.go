package posting

// A vector of words puts its point into hundreds of lists, each of which lies elsewhere in memory. While a folder is read, the entries of many vectors are gathered and
// sorted by list, so that each list is looked up once for all of them, in the order in which the lists lie (BenchmarkPut).

type lateEntry struct {
	key uint32
	Entry
}

type late struct {
	waiting []lateEntry
	spare   []lateEntry // as long
}

// mostLate is how many entries wait at most: 12 MB of them.
const mostLate = 1 << 20

// Defer lets the points that are put come into their lists when Load is called, at the latest; until then Of and Len do not know them, and nothing may be removed. Their
// slots rise.
func (l *Lists) Defer() { l.late = &late{} }

// Load ends what Defer began.
func (l *Lists) Load() {
	l.late.flush(l)
	l.late = nil
}

func (w *late) put(l *Lists, slot uint32, indices []uint32, weights []float32) {
	for i, index := range indices {
		w.waiting = append(w.waiting, lateEntry{keyOf(index), Entry{slot, weights[i]}})
	}
	if len(w.waiting) >= mostLate {
		w.flush(l)
	}
}

func (w *late) flush(l *Lists) {
	w.sort()
	for from := 0; from < len(w.waiting); {
		key, to := w.waiting[from].key, from+1
		for to < len(w.waiting) && w.waiting[to].key == key {
			to++
		}
		of := l.shard(key).list(key)
		l.extend(of, to-from)
		for _, e := range w.waiting[from:to] {
			l.append(of, e.Entry)
		}
		from = to
	}
	w.waiting = w.waiting[:0]
}

// sort sorts by key, and leaves those of one key in their order: a byte of the key at a time, the lowest first.
func (w *late) sort() {
	if len(w.spare) < len(w.waiting) {
		w.spare = make([]lateEntry, cap(w.waiting))
	}
	from, to := w.waiting, w.spare[:len(w.waiting)]
	for shift := 0; shift < 32; shift += 8 {
		var starts [257]int
		for _, e := range from {
			starts[e.key>>shift&0xff+1]++
		}
		for b := range 256 {
			starts[b+1] += starts[b]
		}
		for _, e := range from {
			b := e.key >> shift & 0xff
			to[starts[b]] = e
			starts[b]++
		}
		from, to = to, from
	}
}
