package encoder

import "sync"

// A term is what texts are compared by. These are the kinds of terms; an embedder gives each kind its share.
type termKind uint8

const (
	single   termKind = iota // a word or a number
	glyphs1                  // one character of a script without spaces
	glyphs2                  // two that stand side by side, or a number and the character after it: 19日
	compound                 // covid-19 as covid19, beside its parts
	words2                   // two words that stand side by side, function words between them left out
	termKinds
)

// term is a term of a text: the units first to last of its scanner.
type term struct {
	hash        uint64
	weight      float32 // how much it tells, 0 to 1
	kind        termKind
	first, last int
}

// terms yields the terms of the text that was scanned, in its order.
func (s *scanner) terms(yield func(term)) {
	before := -1 // the last word that may pair with the next
	for i := range s.units {
		u := &s.units[i]
		if u.before == gap || u.before == dot || u.before == comma || u.before == apostrophe {
			before = -1
		}
		if u.kind == char {
			yield(term{u.hash, u.weight, glyphs1, i, i})
			if i > 0 && u.before == glyph && s.units[i-1].kind != word {
				h := pair(s.units[i-1].hash, u.hash)
				yield(term{h, weightOfPair(&s.units[i-1], u, h), glyphs2, i - 1, i})
			}
			before = -1
			continue
		}
		yield(term{u.hash, u.weight, single, i, i})
		if u.parts > 0 {
			first := i + 1 - int(u.parts)
			yield(term{u.whole, (s.units[first].weight + u.weight) / 2, compound, first, i})
		}
		if u.weight <= functionWeight {
			continue
		}
		if before >= 0 {
			p := &s.units[before]
			yield(term{pair(p.hash, u.hash), (p.weight + u.weight) / 2, words2, before, i})
		}
		before = i
	}
}

// counter counts the terms of one text. It is reused.
type counter struct {
	scanner
	slots []int32 // open addressing by hash: index into terms, plus 1; its length is a power of 2
	found []counted

	places  []uint64  // for lexical: an index above, the bits of a weight below
	telling []float32 // for lexical: how much each place tells
}

type counted struct {
	term
	times uint32
}

var counters = sync.Pool{New: func() any { return new(counter) }}

// count sets c.found to the terms of text whose kind has a share, each once, in the order of their first occurrence.
func (c *counter) count(text string, shares *[termKinds]float32) {
	c.scan(text)
	c.tally(shares)
}

// tally is count, of the text that was scanned.
func (c *counter) tally(shares *[termKinds]float32) {
	clear(c.slots)
	c.found = c.found[:0]
	c.terms(func(t term) {
		if shares[t.kind] > 0 {
			c.add(t)
		}
	})
}

func (c *counter) add(t term) {
	if 4*len(c.found) >= 3*len(c.slots) {
		c.grow()
	}
	mask := uint64(len(c.slots) - 1)
	i := t.hash & mask
	for ; c.slots[i] != 0; i = (i + 1) & mask {
		if f := &c.found[c.slots[i]-1]; f.hash == t.hash {
			f.times++
			f.weight = max(f.weight, t.weight) // united and unit are one term, whichever comes first
			return
		}
	}
	c.found = append(c.found, counted{t, 1})
	c.slots[i] = int32(len(c.found))
}

func (c *counter) grow() {
	c.slots = make([]int32, max(256, 2*len(c.slots)))
	mask := uint64(len(c.slots) - 1)
	for n, f := range c.found {
		i := f.hash & mask
		for c.slots[i] != 0 {
			i = (i + 1) & mask
		}
		c.slots[i] = int32(n + 1)
	}
}
