package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
)

// Evidence is one pair of passages that agree.
type Evidence struct {
	Seed        int // in the request
	SeedSpan    Span
	MatchSpan   Span
	Similarity  float64 // cosine of the passages' vectors
	SharedTerms []string
}

// passage is a stretch of text with its vector.
type passage struct {
	span   Span
	vector []float32
}

// explain gives each match the pairs of passages in which it agrees with the positive seeds most.
func (e *Engine) explain(ctx context.Context, r Request, seeds []seed, matches []ArticleMatch, c *calibration) error {
	if r.Evidence <= 0 || len(matches) == 0 {
		return nil
	}
	ids := make([]string, len(matches))
	for i, m := range matches {
		ids[i] = m.Article.ID
	}
	articles, err := e.store.Articles(ctx, r.Corpus, ids)
	if err != nil {
		return err
	}
	var places []store.Place
	for _, a := range articles {
		places = append(places, placesOf(&a.Article)...)
	}
	for _, s := range seeds {
		if s.article != nil && !s.negative {
			places = append(places, placesOf(&s.article.Article)...)
		}
	}
	vectors, err := e.store.Passages(ctx, r.Corpus, places)
	if err != nil {
		return err
	}
	for i := range matches {
		stored, ok := articles[matches[i].Article.ID]
		if !ok {
			continue // deleted meanwhile
		}
		own := passagesOf(&stored.Article, vectors)
		for _, s := range seeds {
			if s.negative {
				continue
			}
			theirs := []passage{{whole(store.HeadingPlace, s.text), s.dense}}
			if s.article != nil {
				theirs = passagesOf(&s.article.Article, vectors)
			}
			matches[i].Evidence = append(matches[i].Evidence, c.agree(s.place, theirs, own)...)
		}
		matches[i].Evidence = best(matches[i].Evidence, r.Evidence)
		for j := range matches[i].Evidence {
			ev := &matches[i].Evidence[j]
			ev.SharedTerms = sharedTerms(ev.MatchSpan.Text, []string{ev.SeedSpan.Text})
		}
	}
	return nil
}

func placesOf(a *akin.Article) []store.Place {
	places := []store.Place{{Article: a.ID, Paragraph: store.HeadingPlace}}
	for i := range a.Paragraphs {
		places = append(places, store.Place{Article: a.ID, Paragraph: i})
	}
	return places
}

func passagesOf(a *akin.Article, vectors map[store.Place][]float32) []passage {
	var out []passage
	for _, place := range placesOf(a) {
		v, ok := vectors[place]
		if !ok {
			continue
		}
		text := a.Title
		if place.Paragraph != store.HeadingPlace {
			text = a.Paragraphs[place.Paragraph].Text
		}
		if text != "" {
			out = append(out, passage{whole(place.Paragraph, text), v})
		}
	}
	return out
}

// agree pairs the passages that are more alike than any two articles of the corpus.
func (c *calibration) agree(seed int, theirs, own []passage) []Evidence {
	var pairs []Evidence
	for _, a := range theirs {
		for _, b := range own {
			if similarity := cosine(a.vector, b.vector); similarity > max(0, c.dense) {
				pairs = append(pairs, Evidence{Seed: seed, SeedSpan: a.span, MatchSpan: b.span, Similarity: similarity})
			}
		}
	}
	return pairs
}

// best takes the most alike pairs first, and each passage once.
func best(pairs []Evidence, n int) []Evidence {
	slices.SortStableFunc(pairs, func(a, b Evidence) int { return cmp.Compare(b.Similarity, a.Similarity) })
	type end struct{ seed, paragraph int }
	usedSeed, usedMatch := map[end]bool{}, map[int]bool{}
	var out []Evidence
	for _, p := range pairs {
		from := end{p.Seed, p.SeedSpan.Paragraph}
		if len(out) == n || usedSeed[from] || usedMatch[p.MatchSpan.Paragraph] {
			continue
		}
		usedSeed[from], usedMatch[p.MatchSpan.Paragraph] = true, true
		out = append(out, p)
	}
	return out
}
