package query

import (
	"context"
	"math"
	"slices"

	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
)

// cloze is what the dense leg says when it is asked for articles by a short piece of each: the inverse cloze task of Lee, Chang and Toutanova, "Latent Retrieval for Weakly
// Supervised Open Domain Question Answering" (2019). Of a whole article even a model that does not know its language sees names and figures enough to find its like; of a headline it may see nothing.
type cloze struct {
	beaten []float64 // by each piece: the share of the other articles that it finds less alike than the rest of its own
	words  []float64 // of each piece
}

const (
	// askedMost pieces of a language are asked, askedAtOnce articles read by one call: the passages of a long one take some megabytes.
	askedMost   = 100
	askedAtOnce = 8

	// askedWords is what a paragraph must have to be asked. What is briefer is often a byline or a date, and tells nothing of its article.
	askedWords = 10

	// sameWords is the lexical cosine from which on two articles are as good as one text: a piece of one is a piece of the other.
	sameWords = 0.7

	// enoughAsked pieces count as much as the neighbours' trust.
	enoughAsked = 8

	// The mean share that pieces must beat: with the first the dense leg is not trusted for texts as brief, with the second wholly (docs/ranking.md).
	noneFound = 0.93
	allFound  = 0.97
)

// reader reads articles by id, with their passages.
type reader func(ctx context.Context, ids []string) (map[string]store.Stored, error)

// ask takes a piece out of each of the first articles that are no near-copies of others, and has it find the rest.
func (g *group) ask(ctx context.Context, read reader) error {
	var asked []int
	for i := range g.texts {
		if len(asked) < askedMost && !g.copied(i) {
			asked = append(asked, i)
		}
	}
	for part := range slices.Chunk(asked, askedAtOnce) {
		ids := make([]string, len(part))
		for at, i := range part {
			ids[at] = g.texts[i].ID
		}
		articles, err := read(ctx, ids)
		if err != nil {
			return err
		}
		for _, i := range part {
			article := articles[g.texts[i].ID] // none, if it was deleted meanwhile
			place, words, ok := pieceOf(article)
			if !ok {
				continue
			}
			if piece, rest := parted(article, place); piece != nil && rest != nil {
				g.cloze.beaten, g.cloze.words = append(g.cloze.beaten, g.beaten(i, piece, rest)), append(g.cloze.words, float64(words))
			}
		}
	}
	return nil
}

// copied tells whether another text of the group has nearly the same words as text i.
func (g *group) copied(i int) bool {
	for j := range g.texts {
		if j != i && g.dot(max(i, j), min(i, j)) >= sameWords*g.roots[i]*g.roots[j] {
			return true
		}
	}
	return false
}

// beaten is the share of the other texts that a piece of text i finds less alike than the rest of its own.
func (g *group) beaten(i int, piece, rest []float32) float64 {
	own, less := cosine(piece, rest), 0
	for j, other := range g.texts {
		if j != i && cosine(piece, other.Dense) < own {
			less++
		}
	}
	return float64(less) / float64(max(1, len(g.texts)-1))
}

// pieceOf chooses what an article is asked by, and counts its words: the heading, or where there is none the briefest paragraph that tells something.
func pieceOf(s store.Stored) (place, words int, ok bool) {
	a := &s.Article
	if a.Title != "" || a.Subtitle != "" {
		return store.HeadingPlace, encoder.Words(a.Title + "\n" + a.Subtitle), true
	}
	for i, p := range a.Paragraphs {
		if n := encoder.Words(p.Text); n >= askedWords && (!ok || n < words) {
			place, words, ok = i, n, true
		}
	}
	return place, words, ok
}

// parted are the vectors of a passage and of the paragraphs beside it, weighed as in the vector of the whole (embed). Of these a heading is none.
func parted(s store.Stored, place int) (piece, rest []float32) {
	s.EachPassage(func(at int, dense []float32) {
		switch {
		case at == place:
			piece = dense
		case at != store.HeadingPlace:
			weight := float32(math.Sqrt(float64(len(s.Article.Paragraphs[at].Text))))
			if rest == nil {
				rest = make([]float32, len(dense))
			}
			for i, x := range dense {
				rest[i] += weight * x
			}
		}
	})
	return piece, rest
}

// trust in the dense leg for texts as brief as the pieces, given the neighbours' trust, which it never exceeds: few pieces say little against that.
func (c *cloze) trust(neighbours float64) float64 {
	n := float64(len(c.beaten))
	if n == 0 {
		return neighbours
	}
	var sum float64
	for _, share := range c.beaten {
		sum += share
	}
	found := min(1, max(0, (sum/n-noneFound)/(allFound-noneFound)))
	return min(neighbours, (n*found+enoughAsked*neighbours)/(n+enoughAsked))
}
