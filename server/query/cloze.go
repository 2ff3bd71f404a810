package query

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
)

// cloze is what the dense leg says when it is asked for articles by a short piece of each: the inverse cloze task of Lee, Chang and Toutanova, "Latent Retrieval for Weakly
// Supervised Open Domain Question Answering" (2019). Of a whole article even a model that does not know its language sees names and figures enough to find its like; of a headline it may see nothing.
type cloze struct {
	beaten []float64 // by each piece: the share of the foreign articles that it finds less alike than the rest of its own
	words  []float64 // of each piece
	failed bool      // there was something to ask, but not by the embedder
}

const (
	// askedMost pieces of a language are asked, askedAtOnce articles read by one call: the passages of a long one take some megabytes.
	askedMost   = 100
	askedAtOnce = 8

	// askedWords is what a paragraph, or a sentence, must have to be asked. What is briefer is often a byline or a date, and tells nothing of its article.
	askedWords = 10

	// askedSentences at most are embedded to be asked, where articles have neither headings nor paragraphs. A call that learns waits so long for that.
	askedSentences = 48
	askedWithin    = 2 * time.Second

	// foreignWords is the lexical cosine below which two articles have nothing to do with each other. Others may be on the same story, or prints of one text, and rightly be found by the piece.
	foreignWords = 0.15

	// enoughAsked pieces count as much as the neighbours' trust.
	enoughAsked = 4

	// The mean share that pieces must beat: with the first the dense leg is not trusted for texts as brief, with the second wholly (docs/ranking.md).
	noneFound = 0.94
	allFound  = 0.975
)

// asker is what the dense leg is asked by.
type asker struct {
	read  func(ctx context.Context, ids []string) (map[string]store.Stored, error) // articles, with their passages
	embed func(ctx context.Context, texts []string) ([][]float32, error)
}

// ask takes a piece out of each of the first articles, and has it find the rest of its own among the others. Where these are of one paragraph without a heading, it is a sentence of it that finds the
// whole: no vector of it is stored, so it is embedded.
func (g *group) ask(ctx context.Context, a *asker) error {
	var sentences []sentence
	asked := g.texts[:min(askedMost, len(g.texts))]
	for from := 0; from < len(asked); from += askedAtOnce {
		part := asked[from:min(from+askedAtOnce, len(asked))]
		ids := make([]string, len(part))
		for i, text := range part {
			ids[i] = text.ID
		}
		articles, err := a.read(ctx, ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			article := articles[id] // empty, if it was deleted meanwhile
			if place, words, ok := pieceOf(article); ok {
				g.note(from+i, parted(article, place), words)
			}
			if text, words, ok := sentenceOf(article); ok && len(sentences) < askedSentences {
				sentences = append(sentences, sentence{from + i, text, words})
			}
		}
	}
	if len(g.cloze.beaten) >= fewTexts || len(sentences) < fewTexts {
		return nil
	}
	return g.askSentences(ctx, a, sentences)
}

func (g *group) askSentences(ctx context.Context, a *asker, sentences []sentence) error {
	texts := make([]string, len(sentences))
	for i, s := range sentences {
		texts[i] = s.text
	}
	within, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	vectors, err := a.embed(within, texts)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		g.cloze.failed = true // who asks by id needs no embedder
		return nil
	}
	for i, s := range sentences {
		g.note(s.of, parts{vectors[i], g.texts[s.of].Dense}, s.words)
	}
	return nil
}

// note has a piece of text i find the rest.
func (g *group) note(i int, p parts, words int) {
	if share, ok := g.beaten(i, p); ok {
		g.cloze.beaten, g.cloze.words = append(g.cloze.beaten, share), append(g.cloze.words, float64(words))
	}
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

// sentence is one of text number of.
type sentence struct {
	of    int
	text  string
	words int
}

// sentenceOf chooses what an article of one paragraph without a heading is asked by: its briefest sentence that tells something, and is a small part of it.
func sentenceOf(s store.Stored) (text string, words int, ok bool) {
	if len(s.Article.Paragraphs) != 1 || heading(&s.Article) != "" {
		return "", 0, false
	}
	var sentences []string
	for rest := s.Article.Paragraphs[0].Text; rest != ""; {
		var one string
		one, rest = cutSentence(rest)
		sentences = append(sentences, one)
	}
	at, words, ok := briefest(sentences)
	if !ok || words*containing > s.Words {
		return "", 0, false
	}
	return sentences[at], words, true
}

// cutSentence cuts a text after its first sentence.
func cutSentence(text string) (sentence, rest string) {
	for at, c := range text {
		after := at + utf8.RuneLen(c)
		if strings.ContainsRune("。！？!?", c) || c == '.' && strings.HasPrefix(text[after:], " ") {
			return text[:after], text[after:]
		}
	}
	return text, ""
}

// pieceOf chooses what an article is asked by, and counts its words: the heading, or where there is none the briefest paragraph that tells something.
func pieceOf(s store.Stored) (place, words int, ok bool) {
	a := &s.Article
	switch {
	case len(a.Paragraphs) == 0:
		return 0, 0, false
	case heading(a) != "":
		return store.HeadingPlace, encoder.Words(a.Title + "\n" + a.Subtitle), true
	case len(a.Paragraphs) == 1: // there would be no rest
		return 0, 0, false
	}
	texts := make([]string, len(a.Paragraphs))
	for i, p := range a.Paragraphs {
		texts[i] = p.Text
	}
	return briefest(texts)
}

// briefest is the place of the first of the briefest texts that tell something, and counts its words.
func briefest(texts []string) (at, words int, ok bool) {
	for i, text := range texts {
		if n := encoder.Words(text); n >= askedWords && (!ok || n < words) {
			at, words, ok = i, n, true
		}
	}
	return at, words, ok
}

// parts are the vectors of a passage and of the paragraphs beside it.
type parts struct{ piece, rest []float32 }

// parted adds the paragraphs up as in the vector of the whole.
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
			weight := float32(store.ParagraphWeight(s.Article.Paragraphs[at].Text))
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
