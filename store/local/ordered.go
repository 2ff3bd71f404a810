package local

import (
	"slices"
	"sort"
)

// ordered is a sorted set kept as a list of short sorted runs: adding and removing move a few hundred entries at most,
// and walking from anywhere is a walk over arrays.
type ordered[T any] struct {
	compare func(a, b T) int
	runs    [][]T // none is empty
	size    int
}

const runLength = 512 // entries at which a run is split in two

func newOrdered[T any](compare func(a, b T) int) *ordered[T] {
	return &ordered[T]{compare: compare}
}

// run returns the place of the run that x lies in or would lie in.
func (o *ordered[T]) run(x T) int {
	i, found := slices.BinarySearchFunc(o.runs, x, func(run []T, x T) int { return o.compare(run[0], x) })
	if !found && i > 0 {
		i--
	}
	return i
}

func (o *ordered[T]) add(x T) {
	if len(o.runs) == 0 {
		o.runs, o.size = [][]T{{x}}, 1
		return
	}
	r := o.run(x)
	run := o.runs[r]
	i, found := slices.BinarySearchFunc(run, x, o.compare)
	if found {
		return
	}
	run = slices.Insert(run, i, x)
	o.size++
	if len(run) < runLength {
		o.runs[r] = run
		return
	}
	// A run that grows at its end is being filled in order: it is left nearly full.
	at := len(run) / 2
	if i == len(run)-1 && r == len(o.runs)-1 {
		at = len(run) - 1
	}
	o.runs[r] = run[:at:at]
	o.runs = slices.Insert(o.runs, r+1, slices.Clone(run[at:]))
}

func (o *ordered[T]) remove(x T) {
	if len(o.runs) == 0 {
		return
	}
	r := o.run(x)
	i, found := slices.BinarySearchFunc(o.runs[r], x, o.compare)
	if !found {
		return
	}
	o.size--
	if o.runs[r] = slices.Delete(o.runs[r], i, i+1); len(o.runs[r]) == 0 {
		o.runs = slices.Delete(o.runs, r, r+1)
	}
}

// from calls yield with every entry that is not less than x, ascending, until yield returns false.
func (o *ordered[T]) from(x T, yield func(T) bool) {
	if len(o.runs) == 0 {
		return
	}
	r := o.run(x)
	i, _ := slices.BinarySearchFunc(o.runs[r], x, o.compare)
	for ; r < len(o.runs); r, i = r+1, 0 {
		for _, e := range o.runs[r][i:] {
			if !yield(e) {
				return
			}
		}
	}
}

// where calls yield with every entry from the first on that after holds for, ascending, until yield returns false. after has
// to hold for all that follow one that it holds for.
func (o *ordered[T]) where(after func(T) bool, yield func(T) bool) {
	search := func(n int, at func(int) T) int { return sort.Search(n, func(i int) bool { return after(at(i)) }) }
	r := search(len(o.runs), func(i int) T { return o.runs[i][len(o.runs[i])-1] })
	if r == len(o.runs) {
		return
	}
	i := search(len(o.runs[r]), func(i int) T { return o.runs[r][i] })
	for ; r < len(o.runs); r, i = r+1, 0 {
		for _, e := range o.runs[r][i:] {
			if !yield(e) {
				return
			}
		}
	}
}

// all calls yield with every entry, ascending, until yield returns false.
func (o *ordered[T]) all(yield func(T) bool) {
	for _, run := range o.runs {
		for _, e := range run {
			if !yield(e) {
				return
			}
		}
	}
}

// backwardFrom calls yield with every entry that is not greater than x, descending, until yield returns false.
func (o *ordered[T]) backwardFrom(x T, yield func(T) bool) {
	if len(o.runs) == 0 {
		return
	}
	r := o.run(x)
	i, found := slices.BinarySearchFunc(o.runs[r], x, o.compare)
	if found {
		i++
	}
	for {
		for _, e := range slices.Backward(o.runs[r][:i]) {
			if !yield(e) {
				return
			}
		}
		if r--; r < 0 {
			return
		}
		i = len(o.runs[r])
	}
}

// rank returns how many entries are less than x.
func (o *ordered[T]) rank(x T) int {
	if len(o.runs) == 0 {
		return 0
	}
	r := o.run(x)
	n, _ := slices.BinarySearchFunc(o.runs[r], x, o.compare)
	for _, run := range o.runs[:r] {
		n += len(run)
	}
	return n
}
