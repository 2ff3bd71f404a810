package code

import "unsafe"

// slab hands out memory for codes, in pieces that lie together in large pages, where the system has such. A scan of a
// million rows takes half as long then: with pages of 4 KiB it waits for the table of pages more than for the codes.
type slab[T byte | int8 | float32] struct {
	rest  []T
	taken int
}

const slabBytes = 16 << 20 // what is made ahead, at most

// take returns n values, all 0.
func (s *slab[T]) take(n int) []T {
	if len(s.rest) < n {
		s.make(max(1, min(s.taken/2, slabBytes/s.size())/n) * n)
	}
	piece := s.rest[:n:n]
	s.rest = s.rest[n:]
	s.taken += n
	return piece
}

// reserve makes room for n values that will be taken, and no more.
func (s *slab[T]) reserve(n int) {
	if n > len(s.rest) {
		s.make(n)
	}
}

func (s *slab[T]) make(n int) {
	s.rest = make([]T, n)
	useLargePages(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s.rest))), n*s.size()))
}

func (s *slab[T]) size() int {
	var value T
	return int(unsafe.Sizeof(value))
}

// bytes is what was made and not taken yet.
func (s *slab[T]) bytes() int { return len(s.rest) * s.size() }
