package query

import (
	"context"
	"math"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
)

// calibration is what scores mean in one corpus, learnt from pairs of its articles (or statements) drawn by chance.
type calibration struct {
	count   int            // of articles (or statements) when it was made
	sampled float64        // of them
	df      map[uint32]int // lexical term -> how many of the sampled hold it

	dense, lexical float64 // median similarity of two of them
	topic, story   float64 // scores from which on two are about one topic, one story
}

type calibrationKey struct {
	corpus     string
	statements bool
}

const (
	sampleSize  = 200 // articles or statements; about 20,000 pairs
	enoughPairs = 50  // count as much as the assumption that two texts have nothing in common

	// How many robust standard deviations (1.4826 x the median absolute deviation; Rousseeuw and Croux, 1993) above the median of pairs drawn by
	// chance a topic and a story begin. Set on the sample corpus; see docs/ranking.md.
	topicDeviations = 2.5
	storyDeviations = 4.5

	// A band needs this score at least, however alike the pairs drawn by chance are to one another.
	leastTopic = 0.1
	leastStory = 0.2
)

// calibration returns what scores mean, and learns it again when the corpus has grown or shrunk by a tenth.
func (e *Engine) calibration(ctx context.Context, key calibrationKey, count int) (*calibration, error) {
	e.mu.Lock()
	known := e.calibrations[key]
	e.mu.Unlock()
	if known != nil && math.Abs(float64(count-known.count)) <= float64(known.count)/10 {
		return known, nil
	}
	sample := e.store.SampleArticles
	if key.statements {
		sample = e.store.SampleStatements
	}
	samples, err := sample(ctx, key.corpus, sampleSize)
	if err != nil {
		return nil, err
	}
	learnt := calibrate(samples, count)
	e.mu.Lock()
	e.calibrations[key] = learnt
	e.mu.Unlock()
	return learnt, nil
}

func calibrate(samples []store.Sample, count int) *calibration {
	c := &calibration{count: count, sampled: float64(len(samples)), df: map[uint32]int{}, topic: leastTopic, story: leastStory}
	for _, s := range samples {
		for _, index := range s.Lexical.Indices {
			c.df[index]++
		}
	}
	selves := make([]float64, len(samples))
	for i, s := range samples {
		selves[i] = c.product(s.Lexical, s.Lexical)
	}
	var dense, lexical []float64
	for i, a := range samples {
		for j, b := range samples[:i] {
			// Two languages have no words in common: their pairs would say that everything else is alike.
			if a.Language != b.Language {
				continue
			}
			dense = append(dense, cosine(a.Dense, b.Dense))
			lexical = append(lexical, ratio(c.product(a.Lexical, b.Lexical), (selves[i]+selves[j])/2))
		}
	}
	if len(dense) == 0 {
		return c
	}
	// A few pairs may well be of one story: what they have in common is not what is usual.
	trust := float64(len(dense)) / float64(len(dense)+enoughPairs)
	c.dense, c.lexical = trust*median(dense), trust*median(lexical)
	scores := make([]float64, len(dense))
	for i := range dense {
		scores[i] = denseWeight*standing(dense[i], c.dense) + (1-denseWeight)*standing(lexical[i], c.lexical)
	}
	middle := median(scores)
	deviations := make([]float64, len(scores))
	for i, s := range scores {
		deviations[i] = math.Abs(s - middle)
	}
	deviation := 1.4826 * median(deviations)
	c.topic = max(leastTopic, trust*(middle+topicDeviations*deviation))
	c.story = max(leastStory, trust*(middle+storyDeviations*deviation))
	return c
}

func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// idf is Qdrant's: ln((N - df + 0.5) / (df + 0.5) + 1). The document frequency is that of the sample, scaled up.
func (c *calibration) idf(index uint32) float64 {
	n := float64(c.count)
	df := float64(c.df[index]) * n / max(1, c.sampled)
	if c.df[index] == 0 {
		df = 1
	}
	return math.Log((n-min(df, n)+0.5)/(df+0.5) + 1)
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

// band tells what a score means; whether two are the same text is not a matter of scores.
func (c *calibration) band(score float64, sameText bool) akin.Band {
	switch {
	case sameText:
		return akin.SameText
	case score >= c.story:
		return akin.SameStory
	case score >= c.topic:
		return akin.SameTopic
	}
	return akin.Weak
}
