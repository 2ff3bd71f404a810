package encoder

import (
	"math"
	"slices"

	"github.com/akinserver/akin"
)

// LexicalFingerprint names all that decides the vectors of Lexical and LexicalQuery.
const LexicalFingerprint = "lexical/1"

// BM25 (Robertson et al. 1994), but that a term also weighs what it tells by itself, on either side, so that a corpus of forty
// articles, whose document frequencies say little yet, is searched as well as one of a million.
const (
	saturation = 1.2  // k1: how soon more occurrences of a term stop counting
	lengthNorm = 0.75 // b: how far the length of a text is held against it
	// meanLength is a fixed length of text, in words and characters, at which neither is: a mean that follows the corpus would
	// make stored weights wrong with every text added. It lies between that of a paragraph and that of a short article.
	meanLength = 128
	// leastWeight is what a function word weighs here: the document frequencies damp it as well.
	leastWeight = 0.15
)

// lexicalShares says how much each kind of term counts.
var lexicalShares = [termKinds]float32{single: 1, glyphs1: 0.75, glyphs2: 1, compound: 0.5, words2: 0}

// Lexical returns the sparse vector by which a document is found, for a store that multiplies each weight of a query's vector by
// the term's inverse document frequency. A text without any term has an empty vector.
func Lexical(text string) akin.SparseVector { return lexical(text, true) }

// LexicalQuery returns the sparse vector that finds documents like text: Lexical, but that its length is not held against it.
func LexicalQuery(text string) akin.SparseVector { return lexical(text, false) }

func lexical(text string, document bool) akin.SparseVector {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	c.count(text)
	norm := float32(saturation)
	if document {
		norm *= (1 - lengthNorm) + lengthNorm*float32(len(c.units))/meanLength
	}
	c.places = c.places[:0]
	for i := range c.found {
		f := &c.found[i]
		if share := lexicalShares[f.kind]; share > 0 {
			tf := float32(f.times)
			w := max(f.weight, leastWeight) * share * tf * (saturation + 1) / (tf + norm)
			c.places = append(c.places, uint64(index(f.hash))<<32|uint64(math.Float32bits(w)))
		}
	}
	if len(c.places) == 0 {
		return akin.SparseVector{}
	}
	slices.Sort(c.places)
	v := akin.SparseVector{Indices: make([]uint32, 0, len(c.places)), Values: make([]float32, 0, len(c.places))}
	for _, p := range c.places {
		index, w := uint32(p>>32), math.Float32frombits(uint32(p))
		if n := len(v.Indices); n > 0 && v.Indices[n-1] == index { // two terms in one place
			v.Values[n-1] += w
			continue
		}
		v.Indices = append(v.Indices, index)
		v.Values = append(v.Values, w)
	}
	return v
}

// index is the place of a term in a sparse vector.
func index(hash uint64) uint32 { return uint32(hash >> 32) }
