package query

import (
	"context"
	"math"

	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
)

// cloze is what the dense leg says when it is asked for articles by a short piece of each: the inverse cloze task of Lee, Chang and Toutanova, "Latent Retrieval for Weakly
// Supervised Open Domain Question Answering" (2019). Of a whole article even a model that does not know its language sees names and figures enough to find its like; of a headline it may see nothing.
type cloze struct {
	beaten []float64 // by each piece: the share of the foreign articles that it finds less alike than the rest of its own
	words  []float64 // of each piece
}

const (
	// askedMost pieces of a language are asked, askedAtOnce articles read by one call: the passages of a long one take some megabytes.
	askedMost   = 100
	askedAtOnce = 8

	// askedWords is what a paragraph must have to be asked. What is briefer is often a byline or a date, and tells nothing of its article.
	askedWords = 10

	// foreignWords is the lexical cosine below which two articles have nothing to do with each other. Others may be on the same story, or prints of one text, and rightly be found by the piece.
	foreignWords = 0.15

	// enoughAsked pieces count as much as the neighbours' trust.
	enoughAsked = 4

	// The mean share that pieces must beat: with the first the dense leg is not trusted for texts as brief, with the second wholly (docs/ranking.md).
	noneFound = 0.94
	allFound  = 0.975
)

// reader reads articles by id, with their passages.
type reader func(ctx context.Context, ids []string) (map[string]store.Stored, error)

// ask takes a piece out of each of the first articles, and has it find the rest of its own among the others.
func (g *group) ask(ctx context.Context, read reader) error {
	asked := g.texts[:min(askedMost, len(g.texts))]
	for from := 0; from < len(asked); from += askedAtOnce {
		part := asked[from:min(from+askedAtOnce, len(asked))]
		ids := make([]string, len(part))
		for i, text := range part {
			ids[i] = text.ID
		}
		articles, err := read(ctx, ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			article := articles[id] // empty, if it was deleted meanwhile
			place, words, ok := pieceOf(article)
			if !ok {
				continue
			}
			if share, ok := g.beaten(from+i, parted(article, place)); ok {
				g.cloze.beaten, g.cloze.words = append(g.cloze.beaten, share), append(g.cloze.words, float64(words))
			}
		}
	}
	return nil
}

// beaten is the share of the foreign texts that a piece of text i finds less alike than the rest of its own; it is not known where there is no rest, or hardly a foreign text.
func (g *group) beaten(i int, p parts) (share float64, ok bool) {
	own, less, foreign := cosine(p.piece, p.rest), 0, 0
	for j, other := range g.texts {
		if j == i || g.dot(max(i, j), min(i, j)) >= foreignWords*g.roots[i]*g.roots[j] {
			continue
		}
		foreign++
		if cosine(p.piece, other.Dense) < own {
			less++
		}
	}
	if p.rest == nil || foreign < fewTexts {
		return 0, false
	}
	return float64(less) / float64(foreign), true
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

// parts are the vectors of a passage and of the paragraphs beside it.
type parts struct{ piece, rest []float32 }

// parted weighs the paragraphs as in the vector of the whole (embed).
func parted(s store.Stored, place int) parts {
	var p parts
	s.EachPassage(func(at int, dense []float32) {
		switch {
		case at == place:
			p.piece = dense
		case at != store.HeadingPlace:
			if p.rest == nil {
				p.rest = make([]float32, len(dense))
			}
			weight := float32(math.Sqrt(float64(len(s.Article.Paragraphs[at].Text))))
			for i, x := range dense {
				p.rest[i] += weight * x
			}
		}
	})
	return p
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
