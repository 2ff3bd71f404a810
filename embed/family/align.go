package family

import (
	"cmp"
	"slices"
)

const (
	seed      = 3  // tokens that two texts must share to be laid side by side there
	mostPlace = 8  // at which a seed of one text is looked for in the other
	mostGap   = 40 // tokens between two shared runs that are laid side by side one by one
)

// run is a stretch of tokens that two texts share.
type run struct{ a, b, n int }

// align lays two texts side by side: the runs that both share, in the order of both, as many tokens as can be.
func align(a, b []token) []run {
	chain := heaviest(sharedRuns(a, b))
	var out []run
	add := func(r run) {
		if last := len(out) - 1; last >= 0 && out[last].a+out[last].n == r.a && out[last].b+out[last].n == r.b {
			out[last].n += r.n
		} else {
			out = append(out, r)
		}
	}
	endA, endB := 0, 0
	for _, r := range append(chain, run{a: len(a), b: len(b)}) {
		if gapA, gapB := a[endA:r.a], b[endB:r.b]; len(gapA) <= mostGap && len(gapB) <= mostGap {
			for _, g := range common1(gapA, gapB) {
				add(run{endA + g.a, endB + g.b, g.n})
			}
		}
		if r.n > 0 {
			add(r)
		}
		endA, endB = r.a+r.n, r.b+r.n
	}
	return out
}

// sharedRuns finds, from the begin of a to its end, the longest run of b that goes on as a does.
func sharedRuns(a, b []token) []run {
	at := make(map[uint64][]int, len(b))
	for j := 0; j+seed <= len(b); j++ {
		if h := hashOf(b[j : j+seed]); len(at[h]) < mostPlace {
			at[h] = append(at[h], j)
		}
	}
	var runs []run
	expected := 0
	for i := 0; i+seed <= len(a); {
		best := run{}
		for _, j := range at[hashOf(a[i:i+seed])] {
			r := run{i, j, length(a[i:], b[j:])}
			if r.n < seed {
				continue
			}
			if c := cmp.Or(cmp.Compare(r.n, best.n), -cmp.Compare(distance(r.b, expected), distance(best.b, expected))); best.n == 0 || c > 0 {
				best = r
			}
		}
		if best.n == 0 {
			i++
			continue
		}
		runs = append(runs, best)
		i, expected = best.a+best.n, best.b+best.n
	}
	return runs
}

func hashOf(tokens []token) uint64 {
	h := uint64(0)
	for _, t := range tokens {
		h = h*0x9e3779b97f4a7c15 + t.hash
	}
	return h
}

func length(a, b []token) int {
	n := 0
	for n < len(a) && n < len(b) && a[n].hash == b[n].hash {
		n++
	}
	return n
}

func distance(a, b int) int { return max(a-b, b-a) }

// heaviest picks of runs in the order of a those that stand in the order of b, too, and hold most tokens. Where two overlap in b, the later gives way.
func heaviest(runs []run) []run {
	// By where they end in b: the best chain that ends at or before a place is a prefix maximum (P. Fenwick, 1994).
	ends := make([]int, len(runs))
	for i, r := range runs {
		ends[i] = r.b + r.n
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	tree := make([]int, len(ends)+1) // 1 + the run that the best chain ends with
	weight, before := make([]int, len(runs)), make([]int, len(runs))
	better := func(x, y int) int { // of two, each 1 + a run, or 0
		if y == 0 || x != 0 && weight[x-1] >= weight[y-1] {
			return x
		}
		return y
	}
	last := 0
	for i, r := range runs {
		best := 0
		place, exact := slices.BinarySearch(ends, r.b)
		if exact {
			place++
		}
		for k := place; k > 0; k -= k & -k {
			best = better(best, tree[k])
		}
		before[i], weight[i] = best, r.n
		if best > 0 {
			weight[i] += weight[best-1]
		}
		place, _ = slices.BinarySearch(ends, r.b+r.n)
		for k := place + 1; k < len(tree); k += k & -k {
			tree[k] = better(tree[k], i+1)
		}
		last = better(last, i+1)
	}
	var chain []run
	for ; last > 0; last = before[last-1] {
		chain = append(chain, runs[last-1])
	}
	slices.Reverse(chain)
	return chain
}

// common1 are the tokens that two short stretches share in order, most of them that can be.
func common1(a, b []token) []run {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	var most [mostGap + 1][mostGap + 1]uint8 // of a from i and b from j
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i].hash == b[j].hash {
				most[i][j] = most[i+1][j+1] + 1
			} else {
				most[i][j] = max(most[i+1][j], most[i][j+1])
			}
		}
	}
	var out []run
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].hash == b[j].hash:
			out = append(out, run{i, j, 1})
			i, j = i+1, j+1
		case most[i+1][j] >= most[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
