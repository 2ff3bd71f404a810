package encoder

import (
	"unicode/utf8"

	"github.com/akinserver/akin/embed/han"
	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/unicode/norm"
)

// kind tells what a unit is made of.
type kind uint8

const (
	word   kind = iota // letters, or letters and digits
	number             // digits
	char               // one character of a script without spaces
)

// unit is one word, number or character of a text.
type unit struct {
	hash       uint64  // of its folded text
	from, to   int32   // its folded text: scanner.text[from:to]
	start, end int32   // in the text, in runes
	whole      uint64  // hash of the compound whose last part it is
	parts      uint8   // units in that compound; 0 if it ends none
	weight     float32 // how much it tells, 0 to 1: see prior
	kind       kind
	before     class // what parts it from the unit before: space, hyphen, glyph (nothing), or another
}

// scanner turns a text into units. It is reused, so that a text costs no allocation once its buffers have grown.
type scanner struct {
	text  []byte // folded letters and digits, one after the other
	atoms []atom
	units []unit
}

// atom is a longest run of letters or of digits, or one character.
type atom struct {
	from, to   int32 // scanner.text[from:to]
	start, end int32 // in the text, in runes
	class      class // letter, digit or glyph
	before     class // what parts it from the atom before; glyph if nothing does
	upper      bool  // has no small letter
}

// scan sets s.units to the units of text, in its order. Invalid UTF-8 parts words.
func (s *scanner) scan(text string) {
	s.text, s.atoms, s.units = s.text[:0], s.atoms[:0], s.units[:0]
	s.split(text)
	for i := 0; i < len(s.atoms); {
		i = s.join(i)
	}
}

// split sets s.atoms.
func (s *scanner) split(text string) {
	w := splitter{scanner: s, before: gap}
	for i, at := 0, int32(0); i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			n := w.ascii(text[i:], at)
			i, at = i+n, at+int32(n)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case firstHan <= r && r <= lastHan:
			w.glyph(text[i:i+size], at, at+1)
			i, at = i+size, at+1
		case r == 0xFF0C: // a full-width comma parts clauses, never the thousands of a number
			w.part(gap)
			i, at = i+size, at+1
		case 0xFF01 <= r && r <= 0xFF5E: // full-width ASCII
			w.ascii(string(r-0xFF01+'!'), at)
			i, at = i+size, at+1
		case firstFolded <= r && r <= lastFolded:
			w.letters(folded[r-firstFolded], at, at+1)
			i, at = i+size, at+1
		case r == utf8.RuneError && size == 1:
			w.part(gap)
			i, at = i+1, at+1
		case plainGlyph(r) && !joins(text[i+size:]):
			w.glyph(text[i:i+size], at, at+1)
			i, at = i+size, at+1
		case 0x2010 <= r && r <= 0x2027 || 0x3001 <= r && r <= 0x3003 || 0x3008 <= r && r <= 0x3011: // quotes, dashes, brackets
			w.part(classOf(r))
			i, at = i+size, at+1
		default:
			n := segment(text[i:])
			end := at + int32(utf8.RuneCountInString(text[i:i+n]))
			w.letters(fold(text[i:i+n]), at, end)
			i, at = i+n, end
		}
	}
}

// plainGlyph reports whether r, with no mark after it, is its own folding.
func plainGlyph(r rune) bool {
	return 0x3041 <= r && r <= 0x3096 || 0x30A1 <= r && r <= 0x30FA || r == 0x30FC || 0xAC00 <= r && r <= 0xD7A3
}

// joins reports whether text begins with something that melts into a kana or a Hangul syllable before it.
func joins(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return 0x1100 <= r && r <= 0x11FF || 0x3099 <= r && r <= 0x309C || 0xFF9E <= r && r <= 0xFF9F
}

// segment returns the length in bytes of the shortest prefix that is normalised by itself; at least one rune, at most 128 bytes,
// so that a text made of marks alone does not become one segment.
func segment(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	n := norm.NFKC.NextBoundaryInString(text[:min(len(text), 128)], true)
	n = max(n, size)
	for n > size && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// splitter is the state of split.
type splitter struct {
	*scanner
	before class // what has been seen since the last atom; glyph if nothing
	open   bool  // the last atom may grow
}

// ascii takes the letters, the digits or the one sign that a text of ASCII begins with, and returns how many characters that are.
func (w *splitter) ascii(text string, start int32) int {
	class := ascii[text[0]]
	if class != letter && class != digit {
		w.part(class)
		return 1
	}
	n, small := 1, byte(0)
	for ; n < len(text) && text[n] < utf8.RuneSelf && ascii[text[n]] == class; n++ {
	}
	w.grow(class, start, start+int32(n), true)
	from := len(w.text)
	w.text = append(w.text, text[:n]...)
	if class == letter {
		for i := from; i < len(w.text); i++ {
			small |= w.text[i]
			w.text[i] |= 0x20
		}
	}
	a := &w.atoms[len(w.atoms)-1]
	a.to, a.upper = a.to+int32(n), a.upper && small&0x20 == 0
	return n
}

// letters takes a folded segment.
func (w *splitter) letters(text string, start, end int32) {
	for i, r := range text {
		size := utf8.RuneLen(r)
		switch class := classOf(r); class {
		case letter, digit:
			w.grow(class, start, end, false)
			w.text = append(w.text, text[i:i+size]...)
			w.atoms[len(w.atoms)-1].to += int32(size)
		case glyph:
			w.glyph(text[i:i+size], start, end)
		case ignored:
		default:
			w.part(class)
		}
	}
}

// glyph takes one character of a script without spaces.
func (w *splitter) glyph(text string, start, end int32) {
	w.begin(glyph, start, end)
	w.text = append(w.text, text...)
	w.atoms[len(w.atoms)-1].to += int32(len(text))
	w.open = false
}

func (w *splitter) grow(class class, start, end int32, upper bool) {
	if w.open && w.atoms[len(w.atoms)-1].class == class {
		a := &w.atoms[len(w.atoms)-1]
		a.end, a.upper = end, a.upper && upper
		return
	}
	w.begin(class, start, end)
	w.atoms[len(w.atoms)-1].upper = upper
	w.open = true
}

func (w *splitter) begin(class class, start, end int32) {
	if w.before == dot {
		w.text = append(w.text, '.') // so that 3.5 and U.S. are one stretch of text
	}
	n := int32(len(w.text))
	w.atoms = append(w.atoms, atom{from: n, to: n, start: start, end: end, class: class, before: w.before})
	w.before = glyph
}

// part notes what stands after the last atom. Two signs in a row part for good, spaces around one sign do not count as signs.
func (w *splitter) part(class class) {
	w.open = false
	switch {
	case w.before == glyph:
		w.before = class
	case w.before == space && class == space:
	default:
		w.before = gap
	}
}

// join makes the units of the atoms from i on that belong together, and returns the index of the first that does not.
func (s *scanner) join(i int) int {
	if s.atoms[i].class == glyph {
		s.add(char, i, i)
		return i + 1
	}
	// A compound is a chain of letters and digits with hyphens or nothing in between: its parts are units, and so is the whole.
	first, n := len(s.units), i
	for parts := 0; ; parts++ {
		n = s.part(n)
		if n == len(s.atoms) || s.atoms[n].class == glyph || (s.atoms[n].before != hyphen && s.atoms[n].before != glyph) {
			break
		}
		if parts > 2 { // a chain of more is a list, an address or a serial number
			break
		}
	}
	if z := len(s.units) - 1; z > first {
		s.units[z].parts = uint8(z - first + 1)
		text := s.text[s.atoms[i].from:s.atoms[n-1].to]
		s.units[z].whole = hashOfStem(text, xxhash.Sum64(text), 1)
	}
	return n
}

// part makes one unit that begins with atom i, and returns the index of the atom after it.
func (s *scanner) part(i int) int {
	a, n := s.atoms, i+1
	next := func(before, class class) bool {
		return n < len(a) && a[n].before == before && a[n].class == class
	}
	length := func(i int) int32 { return a[i].to - a[i].from }
	if a[i].class == digit {
		switch {
		case length(i) <= 3 && next(comma, digit) && length(n) == 3: // 20,000
			for next(comma, digit) && length(n) == 3 {
				n++
			}
		case next(dot, digit) && (n+1 == len(a) || a[n+1].before != dot || a[n+1].class != digit): // 3.5, but no part of 20.5.2014
			if i == 0 || a[i].before != dot || a[i-1].class != digit {
				n++
			}
		}
		s.add(number, i, n-1)
		return n
	}
	if length(i) == 1 && next(dot, letter) && length(n) == 1 { // U.S.
		for next(dot, letter) && length(n) == 1 {
			n++
		}
		s.add(word, i, n-1)
		return n
	}
	if next(apostrophe, letter) {
		switch string(s.text[a[n].from:a[n].to]) {
		case "t": // don't
			s.add(word, i, n)
			return n + 1
		case "s", "d", "m", "ll", "re", "ve": // what is left says the same
			s.add(word, i, i)
			return n + 1
		}
	}
	s.add(word, i, i)
	return n
}

// add makes one unit of the atoms first to last.
func (s *scanner) add(kind kind, first, last int) {
	a, z := &s.atoms[first], &s.atoms[last]
	s.units = append(s.units, unit{from: a.from, to: z.to, start: a.start, end: z.end, kind: kind, before: a.before})
	u := &s.units[len(s.units)-1]
	switch kind {
	case char:
		r, _ := utf8.DecodeRune(s.text[u.from:u.to])
		r = han.Simplify(r)
		u.hash, u.weight = mix(uint64(r)), weightOfChar(r)
	case number:
		for u.from+1 < u.to && s.text[u.from] == '0' && s.text[u.from+1] != '.' {
			u.from++ // 05 is 5
		}
		text := s.text[u.from:u.to]
		u.hash, u.weight = xxhash.Sum64(text), weightOfNumber(text)
	case word:
		if first < last && z.before == dot {
			s.initials(u)
		} else if u.to-u.from == 2 && a.upper && string(s.text[u.from:u.to]) == "us" {
			u.from, u.to = s.keep("u.s")
		}
		text := s.text[u.from:u.to]
		h := xxhash.Sum64(text)
		u.weight = weightOfWord(h, len(text))
		u.hash = hashOfStem(text, h, u.weight)
	}
}

// initials sets a unit like U.N. to what it is without its dots: un. The country keeps them, or it would be the pronoun.
func (s *scanner) initials(u *unit) {
	if string(s.text[u.from:u.to]) == "u.s" {
		return
	}
	n := int32(len(s.text))
	for _, c := range s.text[u.from:u.to] {
		if c != '.' {
			s.text = append(s.text, c)
		}
	}
	u.from, u.to = n, int32(len(s.text))
}

// keep puts a text after all folded text.
func (s *scanner) keep(text string) (from, to int32) {
	from = int32(len(s.text))
	s.text = append(s.text, text...)
	return from, int32(len(s.text))
}

// mix spreads the bits of x over all 64 (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// pair is the hash of b after a.
func pair(a, b uint64) uint64 { return mix(a*0x9e3779b97f4a7c15 + b) }
