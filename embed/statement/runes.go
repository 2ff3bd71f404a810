package statement

import "unicode/utf8"

// runes is a set of characters of the basic plane. Reading asks such questions of every character of a text.
type runes [1 << 16 / 64]uint64

func (s *runes) has(r rune) bool { return r >= 0 && r < 1<<16 && s[r/64]&(1<<(r%64)) != 0 }

func (s *runes) add(r rune) { s[r/64] |= 1 << (r % 64) }

func runesOf(s string) *runes {
	var m runes
	for _, r := range s {
		m.add(r)
	}
	return &m
}

// byFirst sorts words by their first characters, keeping their order.
func byFirst(words []string) map[rune][]string {
	m := map[rune][]string{}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		m[r] = append(m[r], w)
	}
	return m
}

// byLast sorts words by their last characters, keeping their order.
func byLast(words []string) map[rune][]string {
	m := map[rune][]string{}
	for _, w := range words {
		r, _ := utf8.DecodeLastRuneInString(w)
		m[r] = append(m[r], w)
	}
	return m
}
