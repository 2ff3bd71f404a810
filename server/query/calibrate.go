package query

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
)

// calibration is what scores mean in one corpus, learnt from pairs of its articles (or statements) drawn by chance.
type calibration struct {
	total  int       // articles (or statements) of the corpus
	writes uint64    // of the store, when total was counted
	asked  time.Time // when total was counted
	count  int       // total when the rest was learnt
	learnt time.Time // when it was
	took   time.Duration

	unasked   bool            // the embedder failed when it was to be asked: it is tried again
	idfs      byTerm[float64] // of the lexical terms that some of the sampled hold
	rarest    float64         // idf of the others
	languages map[string]*scale
	all       *scale // of a language that the sample hardly holds
}

// scale is what scores mean between texts of one language.
type scale struct {
	self    float64 // square root of the lexical score of a typical text against itself
	dense   float64 // median cosine of two texts drawn by chance
	lexical float64 // the same of the root of their lexical similarity
	trust   float64 // of the dense leg, 0 to 1, for texts as long as whole
	brief   float64 // the same for texts as brief as piece
	piece   float64 // words of the median piece that was asked; 0 if none was
	whole   float64 // words of the median text
	literal bool    // the dense leg knows nothing but words
	topic   float64 // likeness from which on two are about one topic
}

type calibrationKey struct {
	corpus     string
	statements bool
}

const (
	sampleSize = 400 // articles or statements; about 80,000 pairs

	// A language with fewer sampled texts is measured with all the others.
	fewTexts = 12

	// enoughPairs count as much as the assumption that two texts have nothing in common, enoughNeighbours as much as half a trust in the dense leg.
	enoughPairs      = 50
	enoughNeighbours = 8

	// A corpus is counted again when this store wrote something or a second has passed, and measured again when it has grown or shrunk by a tenth, or at all and a minute has passed, or
	// a thousand times as long as measuring takes: one that is written to all the time must not keep a processor busy with that.
	countedFor    = time.Second
	measuredFor   = time.Minute
	measuredTimes = 1000
)

// calibration returns what scores mean in a corpus.
func (e *Engine) calibration(ctx context.Context, key calibrationKey) (*calibration, error) {
	e.mu.Lock()
	known := e.calibrations[key]
	e.mu.Unlock()
	now, writes := e.options.Now(), e.store.Writes()
	if known != nil && known.writes == writes && now.Sub(known.asked) < countedFor {
		return known, nil
	}
	ctx, end := stage(ctx, StageCalibrate)
	defer end()
	count, sample := e.store.CountArticles, e.store.SampleArticles
	if key.statements {
		count, sample = e.store.CountStatements, e.store.SampleStatements
	}
	total, err := count(ctx, key.corpus, akin.Filter{})
	if err != nil {
		return nil, err
	}
	if known == nil || stale(known, total, now) {
		known, err = e.measureOnce(ctx, key, known, func() (*calibration, error) {
			samples, err := sample(ctx, key.corpus, sampleSize)
			if err != nil {
				return nil, err
			}
			c, err := calibrate(ctx, samples, total, e.literal, e.asker(key))
			if err != nil {
				return nil, err
			}
			c.learnt, c.took = now, e.options.Now().Sub(now)
			return c, nil
		})
		if err != nil {
			return nil, err
		}
	}
	again := *known
	again.total, again.writes, again.asked = total, writes, now
	e.keep(key, &again)
	return &again, nil
}

// asker is what the dense leg is asked by: nil where it knows nothing but words, or where texts are too brief to take a piece out.
func (e *Engine) asker(key calibrationKey) *asker {
	if e.literal || key.statements {
		return nil
	}
	return &asker{
		read: func(ctx context.Context, ids []string) (map[string]store.Stored, error) {
			return e.store.Articles(ctx, key.corpus, ids, store.Read{Passages: true})
		},
		embed: func(ctx context.Context, texts []string) ([][]float32, error) {
			return e.embedder.Embed(ctx, akin.Query, texts)
		},
	}
}

// measureOnce has one call of several measure a corpus. The others go on with what was known before, or wait if nothing was: measuring takes a processor for a moment, and many calls may find
// at once that it is time (TestOneMeasuresForAll).
func (e *Engine) measureOnce(ctx context.Context, key calibrationKey, known *calibration, measure func() (*calibration, error)) (*calibration, error) {
	for {
		e.mu.Lock()
		if latest := e.calibrations[key]; latest != nil && (known == nil || latest.learnt.After(known.learnt)) {
			e.mu.Unlock()
			return latest, nil // another one was done before this one began
		}
		other, busy := e.measuring[key]
		if !busy {
			done := make(chan struct{})
			e.measuring[key] = done
			e.mu.Unlock()
			defer func() {
				e.mu.Lock()
				delete(e.measuring, key)
				e.mu.Unlock()
				close(done)
			}()
			c, err := measure()
			if err == nil {
				e.keep(key, c)
			}
			return c, err
		}
		e.mu.Unlock()
		if known != nil {
			return known, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		// Where the other one failed, this one measures.
	}
}

// keep never puts an older measurement in the place of a newer one.
func (e *Engine) keep(key calibrationKey, c *calibration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if before := e.calibrations[key]; before == nil || !before.learnt.After(c.learnt) {
		e.calibrations[key] = c
	}
}

func stale(c *calibration, total int, now time.Time) bool {
	if total == c.count && !c.unasked {
		return false
	}
	return math.Abs(float64(total-c.count)) > float64(c.count)/10 || now.Sub(c.learnt) > max(measuredFor, measuredTimes*c.took)
}

// calibrate measures the sampled texts; the asker is nil where the dense leg is not to be asked.
func calibrate(ctx context.Context, samples []store.Sample, count int, literal bool, asker *asker) (*calibration, error) {
	c := &calibration{count: count, rarest: inverseFrequency(count, 1), languages: map[string]*scale{}}
	languages, holders := map[string][]store.Sample{}, map[uint32]float64{}
	for _, s := range samples {
		for _, index := range s.Lexical.Indices {
			holders[index]++
		}
		languages[s.Language] = append(languages[s.Language], s)
	}
	c.idfs = newByTerm[float64](len(holders))
	for index, n := range holders {
		c.idfs.put(index, inverseFrequency(count, n*float64(count)/float64(len(samples)))) // scaled up to all
	}
	// Two languages have no words in common: their pairs would say that everything else is alike.
	var groups []*group
	for language, texts := range languages {
		g := c.group(texts)
		groups = append(groups, g)
		if len(texts) < fewTexts {
			continue
		}
		if asker != nil {
			if err := g.ask(ctx, asker); err != nil {
				return nil, err
			}
			c.unasked = c.unasked || g.cloze.failed
		}
		c.languages[language] = c.measure([]*group{g}, literal)
	}
	if len(groups) == 1 && len(c.languages) == 1 {
		c.all = c.languages[samples[0].Language]
	} else {
		c.all = c.measure(groups, literal)
	}
	return c, nil
}

// group is the sampled texts of one language.
type group struct {
	texts []store.Sample
	roots []float64              // root of each one's lexical score against itself
	dot   func(i, j int) float64 // lexical score of text i and an earlier one
	cloze cloze
}

func (c *calibration) group(texts []store.Sample) *group {
	g := &group{texts: texts, roots: make([]float64, len(texts)), dot: c.dots(texts)}
	for i, t := range texts {
		g.roots[i] = c.rootOf(t.Lexical)
	}
	return g
}

func (c *calibration) scale(language string) *scale {
	if s := c.languages[language]; s != nil {
		return s
	}
	return c.all
}

// measure compares the texts of each group with one another.
func (c *calibration) measure(groups []*group, literal bool) *scale {
	s := &scale{self: 1, literal: literal}
	var selves []float64
	for _, g := range groups {
		selves = append(selves, g.roots...)
	}
	slices.Sort(selves)
	if self := quantile(selves, 0.5); self > 0 {
		s.self = self
	}
	var m measured
	var pieces cloze
	var words []float64
	for _, g := range groups {
		m.add(s, g)
		pieces.beaten, pieces.words = append(pieces.beaten, g.cloze.beaten...), append(pieces.words, g.cloze.words...)
		for _, text := range g.texts {
			words = append(words, float64(text.Words))
		}
	}
	s.trust = m.trust()
	if literal {
		s.trust = literalTrust
	}
	s.brief, s.piece, s.whole = pieces.trust(s.trust), quantile(sorted(pieces.words), 0.5), quantile(sorted(words), 0.5)
	n := float64(len(m.dense))
	known := n / (n + enoughPairs)
	s.dense, s.lexical = known*quantile(sorted(m.dense), 0.5), known*quantile(sorted(m.lexical), 0.5)
	likeness := make([]float64, len(m.dense))
	for i := range likeness {
		likeness[i] = s.fuse(m.dense[i], m.lexical[i]*m.lexical[i], m.words[i], m.words[i]).total()
	}
	s.topic = min(mostTopic, max(leastTopic, known*(topicDeviations*deviation(likeness))))
	return s
}

// deviation is the robust standard deviation of values.
func deviation(values []float64) float64 {
	middle := quantile(sorted(values), 0.5)
	away := make([]float64, len(values))
	for i, v := range values {
		away[i] = math.Abs(v - middle)
	}
	return 1.4826 * quantile(sorted(away), 0.5)
}

// measured is what pairs drawn by chance have in common.
type measured struct {
	dense, lexical []float64 // of every pair; the lexical similarity's square root
	words          []int     // by which the pair is weighed: scale.decisive
	nearest        []nearest // of each text, the one that shares most words with it
}

type nearest struct{ lexical, dense float64 }

func (m *measured) add(s *scale, g *group) {
	best := make([]nearest, len(g.texts))
	for i, a := range g.texts {
		for j, b := range g.texts[:i] {
			dense, lexical := cosine(a.Dense, b.Dense), math.Sqrt(s.alike(g.dot(i, j), g.roots[i], g.roots[j]))
			m.dense, m.lexical, m.words = append(m.dense, dense), append(m.lexical, lexical), append(m.words, s.decisive(a.Words, b.Words))
			for _, k := range [2]int{i, j} {
				if lexical > best[k].lexical {
					best[k] = nearest{lexical, dense}
				}
			}
		}
	}
	for _, n := range best {
		if n.lexical > 0 {
			m.nearest = append(m.nearest, n)
		}
	}
}

// trust asks the dense leg whether it, too, finds those pairs alike that share most words. A model that knows the language puts them above nearly all other pairs; one that
// does not, hardly above the middle.
func (m *measured) trust() float64 {
	slices.SortFunc(m.nearest, func(a, b nearest) int { return cmp.Compare(b.lexical, a.lexical) })
	strongest := m.nearest[:min(len(m.nearest), max(enoughNeighbours, len(m.nearest)/4))]
	if len(strongest) == 0 {
		return 0.5
	}
	dense := sorted(m.dense)
	var sum float64
	for _, n := range strongest {
		at, _ := slices.BinarySearch(dense, n.dense)
		sum += float64(at) / float64(len(dense))
	}
	n := float64(len(strongest))
	agreement := min(1, max(0, (sum/n-noAgreement)/(fullAgreement-noAgreement)))
	return (n*agreement + enoughNeighbours*0.5) / (n + enoughNeighbours)
}

// The share of pairs drawn by chance that the dense leg must find less alike than those that share most words: with the first it is not trusted at all, with the second
// wholly.
const (
	noAgreement   = 0.90
	fullAgreement = 0.96
)

func sorted(values []float64) []float64 {
	out := slices.Clone(values)
	slices.Sort(out)
	return out
}

// quantile of sorted values; 0 of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// inverseFrequency is Qdrant's: ln((N - df + 0.5) / (df + 0.5) + 1).
func inverseFrequency(count int, df float64) float64 {
	n := float64(count)
	return math.Log((n-min(df, n)+0.5)/(df+0.5) + 1)
}

// idf of a term is that of the sample.
func (c *calibration) idf(index uint32) float64 {
	if idf := c.idfs.of(index); idf != 0 {
		return idf
	}
	return c.rarest
}

// product is the lexical score of one text against another.
func (c *calibration) product(a, b akin.SparseVector) float64 {
	var sum float64
	for i, j := 0, 0; i < len(a.Indices) && j < len(b.Indices); {
		switch {
		case a.Indices[i] < b.Indices[j]:
			i++
		case a.Indices[i] > b.Indices[j]:
			j++
		default:
			sum += float64(a.Values[i]) * float64(b.Values[j]) * c.idf(a.Indices[i])
			i, j = i+1, j+1
		}
	}
	return sum
}

// dots makes the lexical scores of all pairs of texts in one pass over their terms.
func (c *calibration) dots(texts []store.Sample) func(i, j int) float64 {
	type weight struct {
		text  int
		value float64
	}
	terms := map[uint32][]weight{}
	for i, t := range texts {
		for k, index := range t.Lexical.Indices {
			terms[index] = append(terms[index], weight{i, float64(t.Lexical.Values[k])})
		}
	}
	n := len(texts)
	sums := make([]float64, n*n)
	// In the order of the texts' own terms, so that the sums are the same each time.
	for i, t := range texts {
		row := sums[i*n : i*n+i]
		for k, index := range t.Lexical.Indices {
			value := float64(t.Lexical.Values[k]) * c.idf(index)
			for _, w := range terms[index] {
				if w.text >= i {
					break
				}
				row[w.text] += value * w.value
			}
		}
	}
	return func(i, j int) float64 { return sums[i*n+j] }
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
