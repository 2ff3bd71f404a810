package encoder

import (
	"context"
	"fmt"
	"math"

	"github.com/akinserver/akin"
	"github.com/cespare/xxhash/v2"
)

// builtinVersion changes whenever the vector of any text does: stored vectors of another version are not compared with new ones.
const builtinVersion = 3

// BuiltinOptions are what a Builtin can be told.
type BuiltinOptions struct {
	Dimensions int // 64 to 8192; 0 means 384. Fewer make a smaller store and blur long texts
}

// Builtin embeds texts without any model: terms, weighed by how much they tell, are thrown onto the dimensions by their hashes
// (the hashing trick of Weinberger et al. 2009), so that texts that share telling words come to lie close. It knows no
// synonyms and no translations. It needs no download, learns nothing from a corpus, and makes the same vector everywhere.
type Builtin struct {
	dimensions int
}

// NewBuiltin returns the built-in embedder. The error is an *akin.InvalidError.
func NewBuiltin(options BuiltinOptions) (*Builtin, error) {
	switch d := options.Dimensions; {
	case d == 0:
		return &Builtin{384}, nil
	case d < 64 || d > 8192:
		return nil, &akin.InvalidError{Field: "dimensions", Problem: fmt.Sprintf("%d is not within 64 to 8192", d)}
	}
	return &Builtin{options.Dimensions}, nil
}

// Dimensions is the length of every vector.
func (b *Builtin) Dimensions() int { return b.dimensions }

// Fingerprint is builtin/VERSION/DIMENSIONS.
func (b *Builtin) Fingerprint() string {
	return fmt.Sprintf("builtin/%d/%d", builtinVersion, b.dimensions)
}

// Profile says that its vectors are made of words alone.
func (b *Builtin) Profile() akin.Profile { return akin.Profile{Literal: true} }

// Embed returns one vector a text; both purposes embed alike. It fails only when ctx ends.
func (b *Builtin) Embed(ctx context.Context, _ akin.Purpose, texts []string) ([][]float32, error) {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("embed %d texts: %w", len(texts), err)
		}
		v := make([]float32, b.dimensions)
		c.count(text, &builtinShares)
		for j := range c.found {
			c.project(v, &c.found[j])
		}
		normalise(v)
		vectors[i] = v
	}
	return vectors, nil
}

// The figures below were chosen by measuring on public sets of related articles and alike sentences, Chinese and English.

// builtinShares says how much each kind of term counts.
var builtinShares = [termKinds]float32{single: 1, glyphs1: 0.7, glyphs2: 1, compound: 0.5, words2: 0.3}

const (
	// repeats is by how much a term counts more each time that the number of its occurrences doubles.
	repeats = 0.85
	// places is how many dimensions a term is thrown onto: with one alone, two telling terms that fall together look the same.
	places      = 3
	placeWeight = 0.57735026918962576 // 1/sqrt(places)
	// Pieces of minGram to maxGram letters stand for a word too, so that its other forms come near it.
	minGram, maxGram = 3, 5
	gramShare        = 0.4 // of all pieces of a word that is no longer than longestStemmed, beside the word
)

// project adds a term to v. Products are rounded before they are added: a processor that fuses the two would make other vectors.
func (c *counter) project(v []float32, f *counted) {
	w := f.weight * builtinShares[f.kind] * (1 + float32(repeats*log2(f.times)))
	throw(v, f.hash, w)
	u := &c.units[f.first]
	if f.kind != single || u.kind != word || f.weight <= functionWeight || u.to-u.from > longestStemmed {
		return
	}
	var buf [longestStemmed + 2]byte
	marked := append(append(append(buf[:0], '<'), c.text[u.from:u.to]...), '>')
	n := 0
	for size := minGram; size <= maxGram; size++ {
		n += max(0, len(marked)-size+1)
	}
	if n == 0 {
		return
	}
	w *= gramShare / float32(math.Sqrt(float64(n)))
	for size := minGram; size <= maxGram; size++ {
		for i := 0; i+size <= len(marked); i++ {
			add(v, xxhash.Sum64(marked[i:i+size]), w)
		}
	}
}

// throw adds w to the places of a term.
func throw(v []float32, hash uint64, w float32) {
	w *= placeWeight
	for range places {
		add(v, hash, w)
		hash = mix(hash + 0x9e3779b97f4a7c15)
	}
}

// add adds w, under a sign that is as good as random, to one place of v: what two texts do not share cancels out on average.
func add(v []float32, hash uint64, w float32) {
	if hash&1 != 0 {
		w = -w
	}
	v[(hash>>32)*uint64(len(v))>>32] += w
}

// normalise gives v unit length, and reports false, leaving v alone, when it has none: a zero or not a finite vector.
func normalise(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x) // exact: a product of two float32 fits a float64
	}
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		return false
	}
	length := math.Sqrt(sum)
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return true
}
