package query

import (
	"math"

	"github.com/akinserver/akin"
)

// The likeness from which on two texts tell one story depends on how much they say: two reports that share a third of what they could share tell of one event, two
// sentences do so only when they share nearly all. The figures were set on public sets of judged pairs, from sentences to long
// articles, so that nine in ten of the pairs above are of one story, whatever the embedder (docs/ranking.md).
const (
	longStory    = 0.34 // likeness that long articles must reach
	briefStory   = 0.88 // likeness that texts of up to briefWords must reach
	briefWords   = 80
	storyDecline = 90 // words beyond briefWords by which the two differ by 1/e of what they did
)

// A topic begins so many robust standard deviations (1.4826 x the median absolute deviation; Rousseeuw and Croux, 1993) above the median of pairs drawn by chance,
// within these limits: some of those pairs may well be of one topic.
const (
	topicDeviations = 3
	leastTopic      = 0.10
	mostTopic       = 0.22
)

// story is the likeness that texts must reach, of which the shorter has so many words.
func (s *scale) story(words int) float64 {
	beyond := float64(max(0, words-briefWords))
	return max(longStory+(briefStory-longStory)*math.Exp(-beyond/storyDecline), 1.1*s.topic)
}

// figuresDecide is the length, in words, up to which different figures in the same place make two stories: two days' weather. A longer report with another figure
// may well be a later one of the same event.
const figuresDecide = 200

// band tells what a likeness means.
func (s *scale) band(likeness float64, words int, contradicted bool) akin.Band {
	switch {
	case likeness >= s.story(words) && !(contradicted && words <= figuresDecide):
		return akin.SameStory
	case likeness >= s.topic:
		return akin.SameTopic
	}
	return akin.Weak
}
