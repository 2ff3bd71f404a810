package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// StatementMatch is one similar statement.
type StatementMatch struct {
	store.StoredStatement
	Score            float64
	Band             akin.Band
	Scores           Scores
	SharedTerms      []string
	OtherOccurrences []store.StoredStatement // the same words in other prints of its article, the earliest first

	sketch family.Sketch // of its article
}

// StatementAnswer is one page of similar statements, best first.
type StatementAnswer struct {
	Matches      []StatementMatch
	More         bool
	MissingSeeds []string
	Shortfalls   []Shortfall // when there are fewer matches than were asked for
}

// Similar finds the statements that say something like the seeds. What the article of a seed says, and its other prints, never comes back: it
// is what the reader comes from. The same words in another article are the best of matches.
//
// Errors: as Related.
func (e *Engine) Similar(ctx context.Context, r Request) (StatementAnswer, error) {
	seeds, missing, err := e.resolve(ctx, r, e.statementSeeds(ctx, r.Corpus))
	if err != nil {
		return StatementAnswer{}, err
	}
	total, err := e.store.CountStatements(ctx, r.Corpus, akin.Filter{})
	if err != nil {
		return StatementAnswer{}, err
	}
	c, err := e.calibration(ctx, calibrationKey{corpus: r.Corpus, statements: true}, total)
	if err != nil {
		return StatementAnswer{}, err
	}
	toward, away := c.likeness(seeds, false), c.likeness(seeds, true)
	hits, err := e.store.SimilarStatements(ctx, store.Search{Corpus: r.Corpus, Like: toward.Probe, Unlike: away.Probe, Filter: r.Filter, Limit: Depth})
	if err != nil {
		return StatementAnswer{}, err
	}
	sketches, err := e.sketches(ctx, r.Corpus, seeds, hits)
	if err != nil {
		return StatementAnswer{}, err
	}
	for i := range seeds {
		if st := seeds[i].statement; st != nil {
			seeds[i].sketch = sketches[st.ArticleID]
		}
	}
	counts := map[Reason]int{MissingSeed: len(missing)}
	within := 0 // seeds that pass the filter
	var matches []StatementMatch
	for _, hit := range hits {
		m := StatementMatch{StoredStatement: hit.StoredStatement, Scores: c.scores(hit.Like, hit.Unlike, toward, away)}
		m.sketch = sketches[m.ArticleID]
		m.Score = m.Scores.total()
		switch {
		case isSeedStatement(seeds, m.Statement.ID):
			within++
		case !r.EveryPrint && besideSeed(seeds, &m):
			counts[Collapsed]++
		case m.Score <= 0: // counted as unrelated
		default:
			m.Band = c.band(m.Score, saysTheSame(seeds, m.Statement.Text))
			matches = append(matches, m)
		}
	}
	slices.SortFunc(matches, func(a, b StatementMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Statement.ID, b.Statement.ID))
	})
	if !r.EveryPrint {
		matches = collapseOccurrences(matches, counts)
	}
	matches = slices.DeleteFunc(matches, func(m StatementMatch) bool {
		if m.Band < r.MinBand {
			counts[BelowBand]++
			return true
		}
		return false
	})
	answer := StatementAnswer{MissingSeeds: missing}
	answer.Matches, answer.More = page(matches, r.Offset, r.Limit)
	for i := range answer.Matches {
		m := &answer.Matches[i]
		m.SharedTerms = sharedTerms(m.Statement.Text, positiveTexts(seeds))
	}
	if len(answer.Matches) < r.Limit {
		passing, err := e.store.CountStatements(ctx, r.Corpus, r.Filter)
		if err != nil {
			return StatementAnswer{}, err
		}
		counts[Filtered] = total - passing
		counts[Unrelated] = max(0, passing-within-len(matches)-counts[Collapsed]-counts[BelowBand])
		answer.Shortfalls = shortfalls(counts)
	}
	return answer, nil
}

// statementSeeds looks seeds up that are named by a statement's id.
func (e *Engine) statementSeeds(ctx context.Context, corpus string) lookup {
	return func(ids []string) (func(string, *seed) bool, error) {
		statements, err := e.store.Statements(ctx, corpus, ids)
		return func(id string, s *seed) bool {
			st, ok := statements[id]
			if !ok {
				return false
			}
			s.statement, s.text, s.dense, s.lexical, s.document = &st, st.Statement.Text, st.Dense, st.Lexical, st.Lexical
			return true
		}, err
	}
}

// sketches fetches those of the articles in which seeds and hits stand.
func (e *Engine) sketches(ctx context.Context, corpus string, seeds []seed, hits []store.StatementHit) (map[string]family.Sketch, error) {
	ids := map[string]bool{}
	for _, s := range seeds {
		if s.statement != nil {
			ids[s.statement.ArticleID] = true
		}
	}
	for _, h := range hits {
		ids[h.ArticleID] = true
	}
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	encoded, err := e.store.Sketches(ctx, corpus, list)
	if err != nil {
		return nil, err
	}
	sketches := make(map[string]family.Sketch, len(encoded))
	for id, text := range encoded {
		sketches[id], _ = family.Decode(text) // one that cannot be read resembles nothing
	}
	return sketches, nil
}

func isSeedStatement(seeds []seed, id string) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool { return s.statement != nil && s.statement.Statement.ID == id })
}

// besideSeed reports whether a statement stands in the article of a seed, or in another print of it.
func besideSeed(seeds []seed, m *StatementMatch) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool {
		return s.statement != nil && (s.statement.ArticleID == m.ArticleID || s.sketch.Same(m.sketch))
	})
}

func saysTheSame(seeds []seed, text string) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool { return !s.negative && family.SameWords(s.text, text) })
}

// collapseOccurrences counts the same words in several prints of one article once: as they first stood, at the place of the best.
func collapseOccurrences(matches []StatementMatch, counts map[Reason]int) []StatementMatch {
	var groups [][]StatementMatch
next:
	for _, m := range matches {
		for i, group := range groups {
			o := group[0]
			if (o.ArticleID == m.ArticleID || o.sketch.Same(m.sketch)) && family.SameWords(o.Statement.Text, m.Statement.Text) {
				groups[i] = append(group, m)
				counts[Collapsed]++
				continue next
			}
		}
		groups = append(groups, []StatementMatch{m})
	}
	out := make([]StatementMatch, len(groups))
	for i, group := range groups {
		best := group[0]
		slices.SortFunc(group, func(a, b StatementMatch) int {
			return cmp.Or(earlier(a.PublishedDate, b.PublishedDate), cmp.Compare(a.Statement.ID, b.Statement.ID))
		})
		first := group[0]
		for _, other := range group[1:] {
			first.OtherOccurrences = append(first.OtherOccurrences, other.StoredStatement)
		}
		first.Score, first.Scores, first.Band = best.Score, best.Scores, best.Band
		out[i] = first
	}
	return out
}

func positiveTexts(seeds []seed) []string {
	var texts []string
	for _, s := range seeds {
		if !s.negative {
			texts = append(texts, s.text)
		}
	}
	return texts
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
