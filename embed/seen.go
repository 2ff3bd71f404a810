package embed

import "hash/maphash"

// seen tells texts that were there before from new ones. It keeps 8 bytes of each: of six million texts, two are taken for one with a chance of one in a million.
type seen struct {
	seed  maphash.Seed
	most  int      // texts that are remembered
	slots []uint64 // a power of two of them; 0 is free
	n     int
	over  bool // there were more texts, of which no one was remembered
}

// mostSeen fill 64 MiB, and 96 while the last slots are laid out.
const mostSeen = 6 << 20

func newSeen(most int) *seen {
	return &seen{seed: maphash.MakeSeed(), most: most, slots: make([]uint64, 1<<10)}
}

// before reports whether the text was there before.
func (s *seen) before(text string) bool {
	h := max(maphash.String(s.seed, text), 1)
	at := s.slot(h)
	if s.slots[at] == h {
		return true
	}
	if s.n == s.most {
		s.over = true
		return false
	}
	s.slots[at] = h
	if s.n++; s.n > len(s.slots)/4*3 {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, h := range old {
			if h != 0 {
				s.slots[s.slot(h)] = h
			}
		}
	}
	return false
}

// slot of a hash, or the free one where it belongs.
func (s *seen) slot(h uint64) int {
	at := int(h) & (len(s.slots) - 1)
	for s.slots[at] != 0 && s.slots[at] != h {
		at = (at + 1) & (len(s.slots) - 1)
	}
	return at
}
