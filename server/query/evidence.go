package query

import (
	"cmp"
	"slices"
	"sync"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/crew"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
)

// Evidence is one pair of passages that agree.
type Evidence struct {
	Seed        int // in the request
	SeedSpan    Span
	MatchSpan   Span
	Similarity  float64 // cosine of the passages' vectors
	SharedTerms []string
	Differences []Difference
}

// passage is a stretch of text with its vector.
type passage struct {
	place   int
	text    string
	dense   []float32
	reading *encoder.Reading // set by read, as are words and lexical
	words   int
	lexical akin.SparseVector
}

func (p *passage) read() {
	if p.reading == nil {
		p.reading = encoder.Read(p.text)
		p.lexical, p.words = p.reading.Lexical(), p.reading.Words()
	}
}

func (p *passage) span() Span { return whole(p.place, p.text) }

// closeAll gives back what was read.
func closeAll(passages []passage) {
	for i := range passages {
		if r := passages[i].reading; r != nil {
			r.Close()
		}
	}
}

// passagesOf are the heading and the paragraphs of a stored article.
func passagesOf(a *store.Stored) []passage {
	out := make([]passage, 0, 1+len(a.Article.Paragraphs))
	a.EachPassage(func(place int, dense []float32) {
		text := heading(&a.Article)
		if place != store.HeadingPlace {
			text = a.Article.Paragraphs[place].Text
		}
		if text != "" {
			out = append(out, passage{place: place, text: text, dense: dense})
		}
	})
	return out
}

// heading is what a span of paragraph -1 is cut from: the title or, without one, the subtitle.
func heading(a *akin.Article) string { return cmp.Or(a.Title, a.Subtitle) }

// passages are those of a seed's article, or the whole text of one that is a text.
func (s *seed) passages() []passage {
	if s.article == nil {
		return []passage{{place: store.HeadingPlace, text: s.text, dense: s.probe.Dense}}
	}
	return passagesOf(s.article)
}

// aligners of the positive seeds: what their passages say is worked out once for all matches.
func (q *question) aligners() []*aligner {
	seeds := make([]*aligner, len(q.seeds))
	for _, i := range q.positive {
		seeds[i] = newAligner(q.calibration, q.scales[i], q.seeds[i].passages())
	}
	return seeds
}

// evidence lists for each match the n pairs of passages in which it agrees with the positive seeds most, each passage once.
func (q *question) evidence(seeds []*aligner, matches []store.Stored, n int) [][]Evidence {
	out := make([][]Evidence, len(matches))
	crew.Each(len(matches), func(i int) { out[i] = q.agreeing(seeds, &matches[i], n) })
	for _, i := range q.positive {
		closeAll(seeds[i].passages)
	}
	return out
}

func (q *question) agreeing(seeds []*aligner, match *store.Stored, n int) []Evidence {
	own := passagesOf(match)
	defer closeAll(own)
	var pairs []agreement
	for _, i := range q.positive {
		pairs = seeds[i].align(pairs, i, own, n)
	}
	slices.SortStableFunc(pairs, func(a, b agreement) int { return cmp.Compare(b.value, a.value) })
	var taken []agreement
	var out []Evidence
	for _, p := range pairs {
		if len(out) == n {
			break
		}
		if slices.ContainsFunc(taken, p.overlaps) {
			continue
		}
		taken = append(taken, p)
		theirs, ours := &seeds[p.seed].passages[p.from], &own[p.to]
		out = append(out, Evidence{
			Seed: q.seeds[p.seed].place, SeedSpan: theirs.span(), MatchSpan: ours.span(), Similarity: p.cosine,
			SharedTerms: written(ours.reading.Shared(theirs.reading, maxTerms)), Differences: seeds[p.seed].facts[p.from]().differences(factsOf(ours.text)),
		})
	}
	return out
}

// agreement is a pair of passages that are more alike than any two texts of the corpus.
type agreement struct {
	seed, from, to int
	cosine, value  float64
}

func (p agreement) overlaps(o agreement) bool {
	return p.to == o.to || p.seed == o.seed && p.from == o.from
}

// aligner finds the passages of a text that agree with those of a seed. Several texts may be compared at once.
type aligner struct {
	*calibration
	scale    *scale
	passages []passage
	roots    []float64
	facts    []func() facts // of each passage
	holders  byTerm[int32]  // lexical term -> the last of the passages that hold it, in held, plus 1
	held     []holding
}

type holding struct {
	passage, before int32   // the one before in held, plus 1
	value           float64 // with its inverse document frequency
}

func newAligner(c *calibration, s *scale, passages []passage) *aligner {
	a := &aligner{calibration: c, scale: s, passages: passages, roots: make([]float64, len(passages)), facts: make([]func() facts, len(passages))}
	terms := 0
	for i := range passages {
		p := &passages[i]
		p.read()
		terms += len(p.lexical.Indices)
		a.roots[i] = c.rootOf(p.lexical)
		a.facts[i] = sync.OnceValue(func() facts { return factsOf(p.text) })
	}
	a.holders, a.held = newByTerm[int32](terms), make([]holding, 0, terms)
	for i := range passages {
		lexical := passages[i].lexical
		for k, index := range lexical.Indices {
			a.held = append(a.held, holding{int32(i), a.holders.of(index), float64(lexical.Values[k]) * c.idf(index)})
			a.holders.put(index, int32(len(a.held)))
		}
	}
	return a
}

// align adds the pairs of a seed's and a text's passages that agree. Of many passages it reads those that the dense vectors find nearest, when these can be trusted with that.
func (a *aligner) align(pairs []agreement, seed int, own []passage, n int) []agreement {
	if len(a.passages) == 0 {
		return pairs
	}
	products := make([]float64, len(a.passages))
	pairs = slices.Grow(pairs, min(len(own), passagesRead*n)*len(a.passages))
	if len(own) <= passagesRead*n || a.scale.trust < literalTrust {
		cosines := make([]float64, len(a.passages))
		for to := range own {
			a.cosines(own[to].dense, cosines)
			pairs = a.compare(pairs, seed, to, &own[to], cosines, products)
		}
		return pairs
	}
	for _, near := range a.nearest(own, passagesRead*n) {
		pairs = a.compare(pairs, seed, near.to, &own[near.to], near.cosines, products)
	}
	return pairs
}

// compare visits the terms of a passage once, however many passages the seed has.
func (a *aligner) compare(pairs []agreement, seed, to int, p *passage, cosines, products []float64) []agreement {
	p.read()
	clear(products)
	for k, index := range p.lexical.Indices {
		value := float64(p.lexical.Values[k])
		for at := a.holders.of(index); at > 0; {
			h := &a.held[at-1]
			products[h.passage] += h.value * value
			at = h.before
		}
	}
	root := a.rootOf(p.lexical)
	for from := range a.passages {
		lexical := a.scale.alike(products[from], a.roots[from], root)
		value := a.scale.fuse(cosines[from], lexical, a.passages[from].words, p.words).total()
		if value > 0 && (lexical > 0 || a.scale.trust > literalTrust) {
			pairs = append(pairs, agreement{seed, from, to, cosines[from], value})
		}
	}
	return pairs
}

// passagesRead are read for each pair that is asked for.
const passagesRead = 2

// near is a passage that resembles one of the seed's.
type near struct {
	to      int
	best    float64
	cosines []float64 // with each of the seed's
}

// nearest picks the n passages that are most alike to any of the seed's, the most alike first.
func (a *aligner) nearest(own []passage, n int) []near {
	best := make([]near, 0, n+1)
	rows := make([]float64, (n+1)*len(a.passages))
	var row []float64
	for to := range own {
		if len(best) < n || row == nil {
			row, rows = rows[:len(a.passages)], rows[len(a.passages):]
		}
		a.cosines(own[to].dense, row)
		p := near{to, max(0, slices.Max(row)), row}
		at := len(best)
		for at > 0 && best[at-1].best < p.best {
			at--
		}
		best = slices.Insert(best, at, p)
		row = nil
		if len(best) > n {
			row, best = best[n].cosines, best[:n]
		}
	}
	return best
}

// cosines are those of a vector and each of the seed's passages'.
func (a *aligner) cosines(v []float32, out []float64) {
	for i := range a.passages {
		out[i] = dot(v, a.passages[i].dense)
	}
}

// dot is the cosine of vectors of unit length.
func dot(a, b []float32) float64 {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	var s0, s1, s2, s3 float32 // which need not wait for one another
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return float64(s0 + s1 + s2 + s3)
}

// maxTerms are shown of what two texts share.
const maxTerms = 12

// sharedTerms are the terms of a text that one of the others holds, too, as the text writes them: the most telling first.
func sharedTerms(text string, others []string) []string {
	var shared []encoder.SharedTerm
	for _, other := range others {
		shared = append(shared, encoder.Shared(text, other, maxTerms)...)
	}
	slices.SortStableFunc(shared, func(a, b encoder.SharedTerm) int { return cmp.Compare(b.Weight, a.Weight) })
	return written(shared)
}

// written are the first terms as the text writes them, each way once.
func written(shared []encoder.SharedTerm) []string {
	var words []string
	for _, t := range shared {
		if len(words) < maxTerms && !slices.Contains(words, t.Text) {
			words = append(words, t.Text)
		}
	}
	return words
}
