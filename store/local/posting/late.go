package posting

// A vector of words puts its point into hundreds of lists, each of which lies elsewhere in memory. While a folder is read, the entries of many vectors wait shard by
// shard; those of one are entered together, into lists that stay in the processor's cache meanwhile (BenchmarkPut).

type late [shards][]lateEntry

type lateEntry struct {
	key uint32
	Entry
}

// mostLate is how many entries of a shard wait at most: 12 MB of all shards.
const mostLate = 1 << 12

// Defer lets the points that are put come into their lists when Load is called, at the latest; until then Of and Len do not know them, and nothing may be removed. Their
// slots rise.
func (l *Lists) Defer() { l.late = new(late) }

// Load ends what Defer began.
func (l *Lists) Load() {
	for i, waiting := range l.late {
		l.enter(&l.shards[i], waiting)
	}
	l.late = nil
}

func (l *Lists) putLate(slot uint32, indices []uint32, weights []float32) {
	for i, index := range indices {
		key := keyOf(index)
		shard := key >> (32 - shardBits)
		waiting := append(l.late[shard], lateEntry{key, Entry{slot, weights[i]}})
		if len(waiting) == mostLate {
			l.enter(&l.shards[shard], waiting)
			waiting = waiting[:0]
		}
		l.late[shard] = waiting
	}
}

func (l *Lists) enter(s *shard, waiting []lateEntry) {
	for _, e := range waiting {
		l.append(s.list(e.key), e.Entry)
	}
}
