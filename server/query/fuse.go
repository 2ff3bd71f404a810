package query

import (
	"math"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// Scores are what a score is made of: Score = DensePart + LexicalPart - NegativePart + TimePart + DiversityPart.
type Scores struct {
	Dense         float64 // cosine; the best of the positive seeds
	Lexical       float64 // 0 nothing shared, about 1 the same words; the best of the positive seeds
	DensePart     float64
	LexicalPart   float64
	NegativePart  float64
	TimePart      float64 // 0 or below
	DiversityPart float64 // 0 or below
}

// likeness is the score before time and diversity come in: what a band is given for.
func (s Scores) likeness() float64 { return s.DensePart + s.LexicalPart - s.NegativePart }

func (s Scores) total() float64 { return s.likeness() + s.TimePart + s.DiversityPart }

const (
	// evenWords is the length of a text, in words, at which the dense leg counts as much as the lexical one where both are trusted. Words that two texts share say the
	// more the more words there are, while a model reads a sentence as well as a page. Found on public sets from sentences to long articles (docs/ranking.md).
	evenWords = 25

	// literalTrust is how far the dense leg is trusted when its vectors are made of words alone.
	literalTrust = 0.15

	// seedExponent is how far the seed's own score is held against its score with a candidate: see unit.
	seedExponent = 0.65

	// negativeWeight is how much of the likeness to the negative seeds is taken from the likeness to the positive ones.
	negativeWeight = 0.5
)

// unit is what a lexical score is divided by to be about 1 for the same words, given the score of the seed against itself. The exponent lies between that of the cosine, which suits texts of one
// length, and one, which asks how much of the seed is found.
func (s *scale) unit(self float64) float64 {
	return math.Pow(self, seedExponent) * math.Pow(s.self, 2*(1-seedExponent))
}

// A candidate that is more than containing times as long as the seed cannot resemble it, but can contain it, and has its lexical likeness multiplied by the containerPower-th power of the
// times beyond. That ends at utterly: who asks with a headline is not served by the longest articles. Found on public sets (docs/ranking.md).
const (
	containing     = 12
	containerPower = 0.25
	utterly        = 24
)

// container is what the lexical likeness of a seed and a candidate of so many words is multiplied by.
func container(seed, candidate int) float64 {
	times := float64(candidate) / float64(max(1, seed))
	return math.Pow(min(utterly, max(containing, times))/containing, containerPower)
}

// fused are the parts of one seed's and one candidate's likeness.
type fused struct{ dense, lexical, densePart, lexicalPart float64 }

func (f fused) total() float64 { return f.densePart + f.lexicalPart }

// fuse weighs the two legs by how far each can be trusted, for a pair of texts of so many words.
func (s *scale) fuse(dense, lexical float64, a, b int) fused {
	words := float64(s.decisive(a, b))
	return s.weigh(dense, lexical, s.trusted(words)*evenWords/(evenWords+words))
}

// trusted is how far the dense leg is trusted for texts of so many words: from what the pieces said to what the neighbours said, by the logarithm of the length.
func (s *scale) trusted(words float64) float64 {
	if s.piece == 0 || s.piece >= s.whole {
		return s.trust
	}
	along := min(1, max(0, math.Log(words/s.piece)/math.Log(s.whole/s.piece)))
	return s.brief + (s.trust-s.brief)*along*along*(3-2*along)
}

// decisive is the length that a pair's weights go by: what the shorter text can share decides, but words thrown together blur in the longer one.
func (s *scale) decisive(a, b int) int {
	if s.literal {
		return max(a, b)
	}
	return min(a, b)
}

// weigh gives the dense leg a share of the likeness, and the lexical leg the rest.
func (s *scale) weigh(dense, lexical, weight float64) fused {
	f := fused{dense: dense, lexical: lexical}
	f.densePart = weight * standing(dense, s.dense)
	if s.literal && lexical == 0 {
		f.densePart = min(0, f.densePart) // words that share a place in the vector, not words that are shared
	}
	f.lexicalPart = (1 - weight) * standing(math.Sqrt(lexical), s.lexical)
	return f
}

// standing maps what is usual between any two texts to 0, and sameness to 1.
func standing(similarity, usual float64) float64 {
	return (similarity - usual) / (1 - min(usual, 0.99))
}

// scorer compares candidates with the seeds of one query.
type scorer struct {
	seeds    []seed
	scales   []*scale
	lexicals []float64 // what a lexical score is divided by to be 1 for the seed's own words
	positive []int     // seeds, by the order of Hit.Like
	negative []int
	weight   *float64 // Request.DenseWeight
}

func (c *calibration) scorer(seeds []seed, weight *float64) *scorer {
	s := &scorer{seeds: seeds, weight: weight, scales: make([]*scale, len(seeds)), lexicals: make([]float64, len(seeds))}
	for i := range seeds {
		s.scales[i] = c.scale(seeds[i].language)
		s.lexicals[i] = s.scales[i].unit(c.product(seeds[i].asked, seeds[i].lexical))
		if seeds[i].Negative {
			s.negative = append(s.negative, i)
		} else {
			s.positive = append(s.positive, i)
		}
	}
	return s
}

// fuse compares a candidate of so many words with seed i.
func (s *scorer) fuse(i int, scores store.Scores, words int) fused {
	lexical := 0.0
	if s.lexicals[i] > 0 {
		lexical = max(0, scores.Lexical/s.lexicals[i]) * container(s.seeds[i].words, words)
	}
	if s.weight != nil {
		return s.scales[i].weigh(scores.Dense, lexical, *s.weight)
	}
	return s.scales[i].fuse(scores.Dense, lexical, s.seeds[i].words, words)
}

// scores of a candidate: the mean over the positive seeds, less a part of what the negative seed says that it resembles most.
func (s *scorer) scores(hit store.Hit, words int) Scores {
	var out Scores
	for at, i := range s.positive {
		f := s.fuse(i, hit.Like[at], words)
		out.DensePart += f.densePart / float64(len(s.positive))
		out.LexicalPart += f.lexicalPart / float64(len(s.positive))
		if at == 0 || f.dense > out.Dense {
			out.Dense = f.dense
		}
		out.Lexical = max(out.Lexical, min(1, f.lexical))
	}
	for at, i := range s.negative {
		out.NegativePart = max(out.NegativePart, negativeWeight*s.fuse(i, hit.Unlike[at], words).total())
	}
	return out
}

// band tells what a likeness means for a candidate.
func (s *scorer) band(likeness float64, hit *store.ArticleHit, sketch family.Sketch) akin.Band {
	scale, shortest := s.scales[s.positive[0]], hit.Words
	contradicted := false
	for _, i := range s.positive {
		seed := &s.seeds[i]
		if seed.isPrint(hit.Family, sketch) {
			return akin.SameText
		}
		contradicted = contradicted || seed.sketch.Contradicts(sketch)
		shortest = min(shortest, seed.words)
	}
	return scale.band(likeness, shortest, contradicted)
}

// alike is the lexical likeness of two texts, about 1 for the same words, given their score against each other and the root of each one's against itself.
func (s *scale) alike(product, rootA, rootB float64) float64 {
	if product <= 0 {
		return 0
	}
	return product / (math.Sqrt(rootA*rootB) * s.self)
}

// between compares two candidates with each other, given their roots; their vectors were brought along.
func (c *calibration) between(language string, a, b *store.Hit, rootA, rootB float64, wordsA, wordsB int) float64 {
	s := c.scale(language)
	return s.fuse(cosine(a.Dense, b.Dense), s.alike(c.product(a.Lexical, b.Lexical), rootA, rootB), wordsA, wordsB).total()
}

// root is that of a candidate's lexical score against itself; 0 where its vectors were not brought along.
func (c *calibration) root(h *store.Hit) float64 { return c.rootOf(h.Lexical) }

func (c *calibration) rootOf(v akin.SparseVector) float64 { return math.Sqrt(c.product(v, v)) }
