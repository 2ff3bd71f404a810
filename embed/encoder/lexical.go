package encoder

import (
	"math"
	"slices"

	"github.com/akinserver/akin"
)

// LexicalFingerprint names all that decides the vectors of Lexical.
const LexicalFingerprint = "lexical/5"

// BM25 (Robertson et al. 1994) on both sides of a comparison, but for two things. A term also weighs what it tells by itself, so that a corpus of forty
// articles, whose document frequencies say little yet, is searched as well as one of a million. And a vector is divided by a power of its length, which lies
// between BM25's none and the cosine's one: texts of every length can be compared with one another. The figures were chosen on
// public sets of related articles and alike sentences (docs/ranking.md).
const (
	saturation = 1.2  // k1: how soon more occurrences of a term stop counting
	lengthNorm = 0.75 // b: how far the number of its words is held against a text
	// meanLength is a fixed length of text, in words and characters, at which it is not: a mean that follows the corpus would
	// make stored weights wrong with every text added. It is that of a short article.
	meanLength = 150
	// leastWord is what a word weighs at least in a long text, leastStored in one that has hardly a word, and 0.57 at 25 words (sentence sets that): should and
	// not are a tenth of what a sentence says, which the document frequencies damp enough, and the style of an article. Who types a query says what, did and the for the sake of
	// grammar, and a passage that is shown as evidence should share more than these: leastAsked takes the place of leastStored in both.
	leastWord   = 0.15
	leastStored = 1
	leastAsked  = 0.3
	sentence    = 60  // words
	leastGlyph  = 0.4 // of a character that is common in any writing, which is seldom a word by itself
)

// lexicalShares says how much each kind of term counts.
var lexicalShares = [termKinds]float32{single: 1, glyphs1: 1, glyphs2: 1, compound: 0.5, words2: 0}

// lexicalLeast says what a term of each kind weighs that tells nothing by itself, in a text of so many words and characters, given what a word weighs in one that has hardly any. It is made of
// quotients and products that are rounded one by one, whose results are the same on every machine.
func lexicalLeast(units int, inSentence float32) [termKinds]float32 {
	short := sentence / (sentence + float32(units))
	word := leastWord + float32((inSentence-leastWord)*float32(short*short))
	return [termKinds]float32{single: word, glyphs1: leastGlyph, glyphs2: leastGlyph, compound: word}
}

// Lexical returns the sparse vector of a text that is stored, by which it finds others and is found, for a store that multiplies each weight of a query's vector by
// the term's inverse document frequency. A text without any term has an empty vector.
func Lexical(text string) akin.SparseVector {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	c.count(text, &lexicalShares)
	whole, _ := c.lexical(akin.SparseVector{}, 0, leastStored)
	return whole
}

// Weighed is what a text is found by in its words.
type Weighed struct {
	Lexical akin.SparseVector // as the function of that name returns it
	// Keys are of its terms the few that tell most, with the same weights. A search by these alone finds nearly the same texts, and looks at a small part of the lists that a search
	// by all terms of a long text would go through.
	Keys  akin.SparseVector
	Words int // as the function of that name counts them
}

// Weigh takes a text that is stored.
func Weigh(text string) Weighed {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	c.count(text, &lexicalShares)
	whole, keys := c.lexical(akin.SparseVector{}, maxKeys, leastStored)
	return Weighed{whole, keys, c.words()}
}

// Asked is what a text that was typed searches by.
type Asked struct {
	Weighed                   // function words weigh less in it than in a text that is stored
	Stored  akin.SparseVector // what Lexical returns: the vector of a stored text that says the same
}

// Ask takes a text that was typed.
func Ask(text string) Asked {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	c.count(text, &lexicalShares)
	whole, keys := c.lexical(akin.SparseVector{}, maxKeys, leastAsked)
	stored, _ := c.lexical(akin.SparseVector{}, 0, leastStored)
	return Asked{Weighed{whole, keys, c.words()}, stored}
}

// maxKeys are the terms that a long text is searched by.
const maxKeys = 64

// lexical makes the vectors of the text that was counted, the whole one in the given room, as far as that goes.
func (c *counter) lexical(room akin.SparseVector, keys int, inSentence float32) (whole, few akin.SparseVector) {
	norm := float32(saturation) * ((1 - lengthNorm) + lengthNorm*float32(len(c.units))/meanLength)
	c.places, c.telling = c.places[:0], c.telling[:0]
	least := lexicalLeast(len(c.units), inSentence)
	var square float64 // of the length that the vector would have if document frequencies said what the terms tell by themselves
	for i := range c.found {
		f := &c.found[i]
		tf, telling := float32(f.times), max(f.weight, least[f.kind])
		w := lexicalShares[f.kind] * float32(math.Sqrt(float64(telling))) * tf * (saturation + 1) / (tf + norm)
		square += float64(w*telling) * float64(w*telling)
		c.places = append(c.places, uint64(index(f.hash))<<32|uint64(math.Float32bits(w)))
		if keys > 0 {
			c.telling = append(c.telling, w*w*telling)
		}
	}
	if len(c.places) == 0 {
		return akin.SparseVector{}, akin.SparseVector{}
	}
	scale := float32(1 / lengthPower(square))
	if keys > 0 {
		few = sparseOf(akin.SparseVector{}, c.most(keys), scale)
	}
	return sparseOf(room, c.places, scale), few
}

// most returns the n places that tell most.
func (c *counter) most(n int) []uint64 {
	if len(c.places) <= n {
		return slices.Clone(c.places)
	}
	sorted := slices.Clone(c.telling)
	slices.Sort(sorted)
	least := sorted[len(sorted)-n]
	most := make([]uint64, 0, n)
	var last []uint64 // of those that tell as little as any that is taken, the first places are
	for i, telling := range c.telling {
		switch {
		case telling > least:
			most = append(most, c.places[i])
		case telling == least:
			last = append(last, c.places[i])
		}
	}
	slices.Sort(last)
	return append(most, last[:n-len(most)]...)
}

// sparseOf sorts places, and makes a vector of them.
func sparseOf(room akin.SparseVector, places []uint64, scale float32) akin.SparseVector {
	slices.Sort(places)
	v := akin.SparseVector{Indices: room.Indices[:0], Values: room.Values[:0]}
	if cap(v.Indices) < len(places) {
		v = akin.SparseVector{Indices: make([]uint32, 0, len(places)), Values: make([]float32, 0, len(places))}
	}
	for _, p := range places {
		index, w := uint32(p>>32), math.Float32frombits(uint32(p))
		if n := len(v.Indices); n > 0 && v.Indices[n-1] == index { // two terms in one place
			v.Values[n-1] += w
			continue
		}
		v.Indices = append(v.Indices, index)
		v.Values = append(v.Values, w)
	}
	for i := range v.Values {
		v.Values[i] *= scale
	}
	return v
}

// lengthPower is length^0.625 of the square of a length. It is made of square roots alone, whose results are the same on every machine.
func lengthPower(square float64) float64 {
	fourth := math.Sqrt(math.Sqrt(square))
	return fourth * math.Sqrt(math.Sqrt(fourth))
}

// index is the place of a term in a sparse vector.
func index(hash uint64) uint32 { return uint32(hash >> 32) }
