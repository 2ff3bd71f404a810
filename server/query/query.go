// Package query turns seeds into matches: candidates from the dense and the lexical leg, fused, grouped, and explained.
// A score says how far two texts stand out from any two of their corpus, so that it means the same whatever embedder made the vectors.
package query

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// Depth is how many candidates each leg brings: an answer, over all its pages, is at most twice as long.
// It does not depend on the page, so that page after page is one list.
const Depth = 256

// Engine answers queries. It is safe for concurrent use.
type Engine struct {
	store    *store.Store
	embedder akin.Embedder

	mu           sync.Mutex
	calibrations map[calibrationKey]*calibration
}

// New makes an engine over a store that holds the embedder's vectors.
func New(st *store.Store, embedder akin.Embedder) *Engine {
	return &Engine{store: st, embedder: embedder, calibrations: map[calibrationKey]*calibration{}}
}

// Request is one query.
type Request struct {
	Corpus   string
	Seeds    []akin.Seed // at least one positive
	Filter   akin.Filter
	Offset   int       // matches to pass over
	Limit    int       // matches to return
	MinBand  akin.Band // weaker ones are left out, and counted
	Evidence int       // pairs of passages a match; statements have none

	// EveryPrint gives each print of a text a place of its own, other prints of the seeds as well: for measuring, where each document is judged by itself.
	EveryPrint bool
}

// Reason says why an answer has fewer matches than were asked for.
type Reason int

// The reasons.
const (
	BelowBand   Reason = iota + 1 // alike, but below MinBand
	Filtered                      // left out by the filter
	Collapsed                     // further prints of a text that is in the answer, or of a seed
	MissingSeed                   // seeds that the corpus does not hold
	Unrelated                     // nothing in them resembles the seeds
)

// Shortfall is how many articles, statements or seeds there are for one reason.
type Shortfall struct {
	Reason Reason
	Count  int
}

// Scores are what a score is made of: Score = DensePart + LexicalPart - NegativePart.
type Scores struct {
	Dense        float64 // cosine
	Lexical      float64 // 0 nothing shared, about 1 the same words
	DensePart    float64
	LexicalPart  float64
	NegativePart float64
}

func (s Scores) total() float64 { return s.DensePart + s.LexicalPart - s.NegativePart }

// Span is a stretch of a text: of a paragraph, or of the heading or a text seed, where Paragraph is -1.
type Span struct {
	Paragraph          int
	Start, End         int // runes
	ByteStart, ByteEnd int
	Text               string
}

func whole(paragraph int, text string) Span {
	return Span{Paragraph: paragraph, End: len([]rune(text)), ByteEnd: len(text), Text: text}
}

// seed is a positive or negative seed, resolved.
type seed struct {
	place    int // in the request
	negative bool
	text     string // of a text seed, or of a statement
	dense    []float32
	lexical  akin.SparseVector // what it searches with
	document akin.SparseVector // what the store would hold of it
	sketch   family.Sketch

	article   *store.Stored          // when it was named by an article's id
	statement *store.StoredStatement // when it was named by a statement's id
}

// lookup fetches what ids name, and returns a func that fills a seed with one of them; it reports false for an id that is not stored.
type lookup func(ids []string) (func(id string, s *seed) bool, error)

// resolve finds the seeds that have ids by look, and embeds those that are texts, all in one call each.
// It fails with akin.ErrNotFound when nothing positive is left.
func (e *Engine) resolve(ctx context.Context, r Request, look lookup) ([]seed, []string, error) {
	var ids, texts []string
	for _, s := range r.Seeds {
		if s.ID != "" {
			ids = append(ids, s.ID)
		} else {
			texts = append(texts, s.Text)
		}
	}
	found := func(string, *seed) bool { return false }
	var err error
	if len(ids) > 0 {
		if found, err = look(ids); err != nil {
			return nil, nil, err
		}
	}
	var vectors [][]float32
	if len(texts) > 0 {
		if vectors, err = e.embedder.Embed(ctx, akin.Query, texts); err != nil {
			return nil, nil, fmt.Errorf("embed %d texts: %w: %w", len(texts), akin.ErrEmbedder, err)
		}
	}
	var seeds []seed
	var missing, missingPositive []string
	positive := false
	for i, s := range r.Seeds {
		resolved := seed{place: i, negative: s.Negative}
		if s.ID == "" {
			resolved.text, resolved.dense, vectors = s.Text, vectors[0], vectors[1:]
			resolved.lexical, resolved.document = encoder.LexicalQuery(s.Text), encoder.Lexical(s.Text)
			resolved.sketch = family.Of(s.Text)
		} else if !found(s.ID, &resolved) {
			missing = append(missing, s.ID)
			if !s.Negative {
				missingPositive = append(missingPositive, s.ID)
			}
			continue
		}
		positive = positive || !s.Negative
		seeds = append(seeds, resolved)
	}
	if !positive {
		return nil, nil, fmt.Errorf("seed %q in corpus %q: %w", missingPositive[0], r.Corpus, akin.ErrNotFound)
	}
	return seeds, missing, nil
}

// likeness is what the seeds of one sign have in common: the mean of their vectors.
type likeness struct {
	store.Probe
	self float64 // lexical score of the seeds against themselves
}

func (c *calibration) likeness(seeds []seed, negative bool) likeness {
	var l likeness
	var search, documents []akin.SparseVector
	for _, s := range seeds {
		if s.negative != negative {
			continue
		}
		if l.Dense == nil {
			l.Dense = make([]float32, len(s.dense))
		}
		for i, x := range s.dense {
			l.Dense[i] += x
		}
		search, documents = append(search, s.lexical), append(documents, s.document)
	}
	l.Lexical = mean(search)
	l.self = c.product(l.Lexical, mean(documents))
	return l
}

func mean(vectors []akin.SparseVector) akin.SparseVector {
	if len(vectors) == 1 {
		return vectors[0]
	}
	sums := map[uint32]float32{}
	for _, v := range vectors {
		for i, index := range v.Indices {
			sums[index] += v.Values[i] / float32(len(vectors))
		}
	}
	out := akin.SparseVector{Indices: slices.Sorted(maps.Keys(sums))}
	for _, index := range out.Indices {
		out.Values = append(out.Values, sums[index])
	}
	return out
}

// negativeWeight is how much of the likeness to the negative seeds is taken from the likeness to the positive ones.
const negativeWeight = 0.5

// scores weighs what the store found against what any two texts of the corpus have in common.
func (c *calibration) scores(like, unlike store.Scores, toward, away likeness) Scores {
	s := Scores{Dense: like.Dense, Lexical: ratio(like.Lexical, toward.self)}
	s.DensePart = denseWeight * standing(s.Dense, c.dense)
	s.LexicalPart = (1 - denseWeight) * standing(s.Lexical, c.lexical)
	against := denseWeight*standing(unlike.Dense, c.dense) + (1-denseWeight)*standing(ratio(unlike.Lexical, away.self), c.lexical)
	s.NegativePart = negativeWeight * max(0, against)
	return s
}

// denseWeight is the dense leg's share of a score; the lexical leg has the rest.
const denseWeight = 0.5

// standing maps what is usual between any two to 0, and sameness to 1.
func standing(similarity, usual float64) float64 {
	return (similarity - usual) / (1 - min(usual, 0.99))
}

// ratio is a lexical score as a share of what the probe would score against itself.
func ratio(score, self float64) float64 {
	if self <= 0 {
		return 0
	}
	return min(1, max(0, score/self))
}

// page cuts one page out of a list, and reports whether there is more.
func page[T any](list []T, offset, limit int) ([]T, bool) {
	from := min(offset, len(list))
	to := min(from+limit, len(list))
	return list[from:to], to < len(list)
}

func shortfalls(counts map[Reason]int) []Shortfall {
	var out []Shortfall
	for reason := BelowBand; reason <= Unrelated; reason++ {
		if counts[reason] > 0 {
			out = append(out, Shortfall{reason, counts[reason]})
		}
	}
	return out
}

func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range min(len(a), len(b)) {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return dot / math.Sqrt(aa*bb)
}
