package query

import (
	"cmp"
	"slices"

	"github.com/akinserver/akin"
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

// passage is a stretch of text with its vectors.
type passage struct {
	span    Span
	dense   []float32
	words   int               // set by read
	lexical akin.SparseVector // set by read
}

func (p *passage) read() {
	p.lexical, p.words = encoder.LexicalAndWords(p.span.Text)
}

// passagesOf are the heading and the paragraphs of a stored article, or the whole text of a seed that is one.
func passagesOf(a *store.Stored) []passage {
	var out []passage
	a.EachPassage(func(place int, dense []float32) {
		text := heading(&a.Article)
		if place != store.HeadingPlace {
			text = a.Article.Paragraphs[place].Text
		}
		if text != "" {
			out = append(out, passage{span: whole(place, text), dense: dense})
		}
	})
	return out
}

// heading is what a span of paragraph -1 is cut from: the title or, without one, the subtitle.
func heading(a *akin.Article) string { return cmp.Or(a.Title, a.Subtitle) }

// passages are worked out once for all matches.
func (s *seed) passages() []passage {
	if s.article == nil {
		return []passage{{whole(store.HeadingPlace, s.text), s.probe.Dense, s.words, s.lexical}}
	}
	passages := passagesOf(s.article)
	for i := range passages {
		passages[i].read()
	}
	return passages
}

// evidence lists the pairs of passages in which a match agrees with the positive seeds most, each passage once.
func (q *question) evidence(match *store.Stored, n int) []Evidence {
	if n <= 0 {
		return nil
	}
	own := passagesOf(match)
	var pairs []agreement
	for _, i := range q.positive {
		if q.aligned[i] == nil {
			q.aligned[i] = newAligner(q.calibration, q.scales[i], q.seeds[i].passages())
		}
		pairs = append(pairs, q.aligned[i].align(i, own, n)...)
	}
	slices.SortStableFunc(pairs, func(a, b agreement) int { return cmp.Compare(b.value, a.value) })
	type end struct{ seed, passage int }
	usedSeed, usedMatch := map[end]bool{}, map[int]bool{}
	var out []Evidence
	for _, p := range pairs {
		if len(out) == n {
			break
		}
		from := end{p.seed, p.from}
		if usedSeed[from] || usedMatch[p.to] {
			continue
		}
		usedSeed[from], usedMatch[p.to] = true, true
		theirs, ours := &q.aligned[p.seed].passages[p.from], &own[p.to]
		out = append(out, Evidence{
			Seed: q.seeds[p.seed].place, SeedSpan: theirs.span, MatchSpan: ours.span, Similarity: dot(theirs.dense, ours.dense),
			SharedTerms: sharedTerms(ours.span.Text, []string{theirs.span.Text}), Differences: differences(theirs.span.Text, ours.span.Text),
		})
	}
	return out
}

// agreement is a pair of passages that are more alike than any two texts of the corpus.
type agreement struct {
	seed, from, to int
	value          float64
}

// aligner finds the passages of a text that agree with those of a seed.
type aligner struct {
	*calibration
	scale    *scale
	passages []passage
	roots    []float64
	terms    map[uint32][]weighted // lexical term -> passages that hold it
}

type weighted struct {
	passage int
	value   float64 // with its inverse document frequency
}

func newAligner(c *calibration, s *scale, passages []passage) *aligner {
	a := &aligner{calibration: c, scale: s, passages: passages, roots: make([]float64, len(passages)), terms: map[uint32][]weighted{}}
	for i, p := range passages {
		a.roots[i] = c.rootOf(p.lexical)
		for k, index := range p.lexical.Indices {
			a.terms[index] = append(a.terms[index], weighted{i, float64(p.lexical.Values[k]) * c.idf(index)})
		}
	}
	return a
}

// align visits the terms of each passage once, however many passages the seed has. Of many passages it reads those that the dense vectors find nearest, when
// these can be trusted with that.
func (a *aligner) align(seed int, own []passage, n int) []agreement {
	var out []agreement
	products := make([]float64, len(a.passages))
	for _, to := range a.nearest(own, n) {
		p := &own[to]
		if p.words == 0 {
			p.read()
		}
		clear(products)
		for k, index := range p.lexical.Indices {
			for _, w := range a.terms[index] {
				products[w.passage] += w.value * float64(p.lexical.Values[k])
			}
		}
		root := a.rootOf(p.lexical)
		for from := range a.passages {
			lexical := a.scale.alike(products[from], a.roots[from], root)
			value := a.scale.fuse(dot(a.passages[from].dense, p.dense), lexical, a.passages[from].words, p.words).total()
			if value > 0 && (lexical > 0 || a.scale.trust > literalTrust) {
				out = append(out, agreement{seed, from, to, value})
			}
		}
	}
	return out
}

// passagesRead are read for each pair that is asked for.
const passagesRead = 2

// nearest picks the passages that are most alike to any of the seed's.
func (a *aligner) nearest(own []passage, n int) []int {
	order := make([]int, len(own))
	for i := range order {
		order[i] = i
	}
	if len(own) <= passagesRead*n || a.scale.trust < literalTrust {
		return order
	}
	best := make([]float64, len(own))
	for i := range own {
		for j := range a.passages {
			best[i] = max(best[i], dot(own[i].dense, a.passages[j].dense))
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(best[y], best[x]) })
	return order[:passagesRead*n]
}

// dot is the cosine of vectors of unit length.
func dot(a, b []float32) float64 {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	var sums [4]float32 // which need not wait for one another
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		x, y := (*[4]float32)(a), (*[4]float32)(b)
		sums[0] += x[0] * y[0]
		sums[1] += x[1] * y[1]
		sums[2] += x[2] * y[2]
		sums[3] += x[3] * y[3]
	}
	for i := range a {
		sums[0] += a[i] * b[i]
	}
	return float64(sums[0] + sums[1] + sums[2] + sums[3])
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
	var words []string
	for _, t := range shared {
		if len(words) < maxTerms && !slices.Contains(words, t.Text) {
			words = append(words, t.Text)
		}
	}
	return words
}
