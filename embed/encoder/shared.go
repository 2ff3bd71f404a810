package encoder

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Span is a stretch of a text, in runes, End exclusive.
type Span struct {
	Start, End int
}

// Term is one term of a text: a word, a number, a character, two characters side by side, or a compound.
type Term struct {
	Index  uint32  // its place in the vectors of Lexical
	Text   string  // as it stands in the text
	Weight float32 // how much it tells by itself, 0 to 1
	Span
}

// Terms returns the terms of text that Lexical weighs, in order, each as often as it occurs.
func Terms(text string) []Term {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	c.scan(text)
	var terms []Term
	cut, least := cutter{text: text}, lexicalLeast(len(c.units), leastStored)
	c.terms(func(t term) {
		if lexicalShares[t.kind] == 0 {
			return
		}
		span := c.span(t.first, t.last)
		terms = append(terms, Term{index(t.hash), cut.cut(span), max(t.weight, least[t.kind]), span})
	})
	return terms
}

// SharedTerm is a word, a name or a short phrase that stands in two texts.
type SharedTerm struct {
	Text   string  // as it first stands in the first text
	Weight float32 // how much it tells; above 0, only to be compared with that of other shared terms
	A, B   []Span  // where it stands in either text, at most 16 places each
}

// The longest phrases that count as one shared term: names and titles fit, whole clauses do not.
const (
	longestPhrase = 4   // words
	longestRun    = 12  // characters
	longestPlaces = 16  // of a term in a text
	phraseWeight  = 0.5 // a word that weighs less begins no phrase and joins none
)

// Shared returns the terms that a and b share, most telling first: words and figures, words that stand side by side in both as one
// phrase, and the longest runs of characters that stand in both. Function words and single characters are left out.
// It returns at most limit terms; 0 means all.
func Shared(a, b string, limit int) []SharedTerm {
	x, y := Read(a), Read(b)
	defer x.Close()
	defer y.Close()
	return x.Shared(y, limit)
}

// Shared is the function of that name, for texts that were read.
func (r *Reading) Shared(other *Reading, limit int) []SharedTerm {
	other.index()
	m := matcher{a: r, b: other}
	cut := cutter{text: r.text}
	var shared []SharedTerm
	known := map[uint64]int{} // hash of a phrase -> index into shared
	for i := 0; i < len(m.a.units); {
		n := m.longest(i)
		if n == 0 {
			i++
			continue
		}
		key := uint64(n)
		for _, u := range m.a.units[i : i+n] {
			key = pair(key, u.hash)
		}
		span := m.a.span(i, i+n-1)
		k, seen := known[key]
		if !seen {
			k = len(shared)
			known[key] = k
			s := SharedTerm{Text: cut.cut(span), Weight: m.weight(i, n), B: make([]Span, len(m.found))}
			for at, j := range m.found {
				s.B[at] = m.b.span(int(j), int(j)+n-1)
			}
			shared = append(shared, s)
		}
		if s := &shared[k]; len(s.A) < longestPlaces {
			s.A = append(s.A, span)
		}
		i += n
	}
	slices.SortStableFunc(shared, func(a, b SharedTerm) int { return cmp.Compare(b.Weight, a.Weight) })
	if limit > 0 && len(shared) > limit {
		shared = shared[:limit:limit]
	}
	return shared
}

// matcher finds the units of one text in another.
type matcher struct {
	a, b  *Reading
	found []int32 // by longest, where in b
	space [longestPlaces]int32
}

// longest returns how many units from unit i of a on make one term that stands in b; 0 if none.
func (m *matcher) longest(i int) (n int) {
	u := &m.a.units[i]
	if u.empty() {
		return 0
	}
	m.found = m.space[:0]
	j := m.b.first(u.hash)
	for range 4 * longestPlaces {
		if j < 0 {
			break
		}
		k := m.run(i, int(j))
		for k > 0 && m.a.units[i+k-1].empty() {
			k--
		}
		if k > n {
			n, m.found = k, m.found[:0]
		}
		if k == n && k > 0 && len(m.found) < longestPlaces {
			m.found = append(m.found, j)
		}
		j = m.b.next[j]
	}
	if n == 1 && (u.kind == char || u.kind == number && u.to-u.from < 2) {
		return 0
	}
	return n
}

// run returns how many units from a[i] and b[j] on are the same and make one phrase.
func (m *matcher) run(i, j int) int {
	a, b := m.a.units[i:], m.b.units[j:]
	if a[0].kind == word {
		n := 1
		for a[0].weight >= phraseWeight && n < min(longestPhrase, len(a), len(b)) && a[n].hash == b[n].hash && a[n].kind == word &&
			a[n].weight >= phraseWeight && beside(a[n].before) && beside(b[n].before) {
			n++
		}
		return n
	}
	n := 1
	for n < min(longestRun, len(a), len(b)) && a[n].hash == b[n].hash && a[n].kind != word && a[n].before == glyph && b[n].before == glyph {
		n++
	}
	return n
}

// beside reports whether units that c parts may be one phrase.
func beside(c class) bool { return c == space || c == hyphen || c == glyph }

// weight of the n units of a from i on: that of their first three at most, so that a phrase does not win by its length alone.
func (m *matcher) weight(i, n int) float32 {
	units := m.a.units[i : i+n]
	if n == 2 && units[1].kind == char {
		return weightOfPair(&units[0], &units[1], pair(units[0].hash, units[1].hash))
	}
	var w float32
	for _, u := range units[:min(n, 3)] {
		if u.kind == char {
			w += u.weight / 2
		} else {
			w += u.weight
		}
	}
	return w
}

// empty reports whether u alone is nothing that two texts can be said to share.
func (u *unit) empty() bool {
	if u.kind == char {
		return emptyChars[u.hash]
	}
	return u.weight <= functionWeight
}

// emptyChars never begin or end a shared run. Characters that also begin names (以 in 以色列) are none of them.
var emptyChars = func() map[uint64]bool {
	t := map[uint64]bool{}
	for _, r := range "的了着是在也就都而但或这那他她它们我你您及与這們與" {
		t[mix(uint64(r))] = true
	}
	return t
}()

func (s *scanner) span(first, last int) Span {
	return Span{int(s.units[first].start), int(s.units[last].end)}
}

// cutter cuts spans out of a text. It remembers where it was, since spans come mostly in order.
type cutter struct {
	text        string
	rune, place int // text[place:] begins with the rune of that number
}

func (c *cutter) cut(s Span) string {
	if s.Start < c.rune {
		c.rune, c.place = 0, 0
	}
	c.skip(s.Start)
	place := c.place
	r, p := c.rune, c.place
	c.skip(s.End)
	end := c.place
	c.rune, c.place = r, p
	return c.text[place:end]
}

func (c *cutter) skip(to int) {
	for c.rune < to {
		_, n := utf8.DecodeRuneInString(c.text[c.place:])
		c.rune, c.place = c.rune+1, c.place+n
	}
}
