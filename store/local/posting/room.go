package posting

import (
	"math/bits"
	"unsafe"
)

// room hands out places for entries. What is given back is handed out again to another list that needs as much: lists grow one through the sizes of another.
type room struct {
	pages [][]Entry // of pageSize entries, but for the first, which grows until it has as many
	taken int       // entries of the last page
	free  [sizes][]place
	large [][]Entry // lists that are too long for a page
	spare []place   // in large
}

// place is where entries lie: so many entries behind the begin of the pages or, when there are too many for a page, in large.
type place uint32

const (
	pageSize  = 1 << 16 // entries: half a megabyte
	firstSize = 1 << 6
	mostPaged = pageSize / 16 // entries of a list: what is left at the end of a page is lost
	sizes     = 24            // 2, 3, 4, 6, 8, 12, … mostPaged
)

// sizeOf returns the number of the least size that has room for n entries, 2 or more, and that size.
func sizeOf(n int) (number, size int) {
	power := bits.Len(uint(n - 1)) // 1<<power is no less than n
	if half := 3 << power / 4; power > 1 && n <= half {
		return 2*power - 3, half
	}
	return 2*power - 2, 1 << power
}

// take returns a place with room for n entries at least; one entry needs none.
func (r *room) take(n int) (place, uint32) {
	if n < 2 {
		return 0, 0
	}
	if n > mostPaged {
		return r.takeLarge(n)
	}
	number, size := sizeOf(n)
	if list := r.free[number]; len(list) > 0 {
		r.free[number] = list[:len(list)-1]
		return list[len(list)-1], uint32(size)
	}
	if len(r.pages) == 0 || r.taken+size > len(r.last()) {
		r.grow(size)
	}
	at := (len(r.pages)-1)*pageSize + r.taken
	r.taken += size
	return place(at), uint32(size)
}

func (r *room) last() []Entry { return r.pages[len(r.pages)-1] }

func (r *room) grow(least int) {
	if n := len(r.pages); n == 1 && len(r.pages[0]) < pageSize {
		first := make([]Entry, min(pageSize, max(2*len(r.pages[0]), r.taken+least)))
		copy(first, r.pages[0])
		r.pages[0] = first
		if r.taken+least <= len(first) {
			return
		}
	}
	size := pageSize
	if len(r.pages) == 0 {
		size = max(firstSize, least)
	}
	r.pages, r.taken = append(r.pages, make([]Entry, size)), 0
}

// takeLarge leaves an eighth of what it takes for more.
func (r *room) takeLarge(n int) (place, uint32) {
	entries := make([]Entry, n+n/8)
	if n := len(r.spare); n > 0 {
		at := r.spare[n-1]
		r.spare = r.spare[:n-1]
		r.large[at] = entries
		return at, uint32(len(entries))
	}
	r.large = append(r.large, entries)
	return place(len(r.large) - 1), uint32(len(entries))
}

// at returns the entries at a place of which there are so many.
func (r *room) at(p place, size uint32) []Entry {
	switch {
	case size == 0:
		return nil
	case size > mostPaged:
		return r.large[p]
	}
	from := uint32(p % pageSize)
	return r.pages[p/pageSize][from : from+size : from+size]
}

func (r *room) give(p place, size uint32) {
	switch {
	case size == 0:
	case size > mostPaged:
		r.large[p] = nil
		r.spare = append(r.spare, p)
	default:
		number, _ := sizeOf(int(size))
		r.free[number] = append(r.free[number], p)
	}
}

func (r *room) bytes() int64 {
	entries, places := 0, cap(r.spare)
	for _, p := range r.pages {
		entries += len(p)
	}
	for _, p := range r.large {
		entries += len(p)
	}
	for _, f := range r.free {
		places += cap(f)
	}
	return int64(entries)*int64(unsafe.Sizeof(Entry{})) + int64(places)*int64(unsafe.Sizeof(place(0)))
}
