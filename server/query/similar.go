package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// StatementMatch is one similar statement.
type StatementMatch struct {
	store.StoredStatement
	Comparison
	SharedTerms      []string
	Differences      []Difference            // from the seed that it resembles most
	OtherOccurrences []store.StoredStatement // the same words in other prints of its article, the earliest first

	hit  store.Hit
	root float64 // of its lexical score against itself, where matches are compared with one another
}

// StatementAnswer is one page of similar statements, best first.
type StatementAnswer struct {
	Matches      []StatementMatch
	More         bool
	MissingSeeds []string
	Shortfalls   []Shortfall // when there are fewer matches than were asked for
	SeedDate     string      // the latest of the positive seeds; empty when none has one
}

// Similar finds the statements that say something like the seeds. What the article of a seed says, and its other prints, never comes back: it
// is what the reader comes from. The same words in another article are the best of matches.
//
// Errors: as Related; and *akin.InvalidError when a speaker scope is asked for and no positive seed is a statement whose speaker is known.
func (e *Engine) Similar(ctx context.Context, r Request) (StatementAnswer, error) {
	q, hits, err := e.similarCandidates(ctx, r)
	if err != nil {
		return StatementAnswer{}, err
	}
	counts := map[Reason]int{MissingSeed: len(q.missing)}
	_, fused := stage(ctx, StageFuse)
	var matches []StatementMatch
	for _, hit := range hits {
		m := StatementMatch{StoredStatement: hit.StoredStatement, hit: hit.Hit, root: q.root(&hit.Hit)}
		m.Scores = q.scores(hit.Hit, hit.Words)
		likeness := m.Scores.likeness()
		switch {
		case !r.EveryPrint && saidBeside(q.seeds, &m):
			counts[Collapsed]++
		case likeness <= 0: // counted as unrelated
		default:
			m.Band = q.statementBand(likeness, &m.StoredStatement)
			m.Scores.TimePart = r.Time.age(likeness, m.PublishedDate, q.reference)
			m.Score = m.Scores.total()
			matches = append(matches, m)
		}
	}
	slices.SortFunc(matches, func(a, b StatementMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Statement.ID, b.Statement.ID))
	})
	if !r.EveryPrint {
		matches = collapseOccurrences(matches, counts)
	}
	matches = arranged(matches, r, counts, func(m *StatementMatch) *Comparison { return &m.Comparison }, func(a, b *StatementMatch) float64 {
		return q.between(a.Language, &a.hit, &b.hit, a.root, b.root, a.Words, b.Words)
	})
	byDate(matches, r.Order)
	answer := StatementAnswer{MissingSeeds: q.missing, SeedDate: q.seedDate}
	answer.Matches, answer.More = page(matches, r.Offset, r.Limit)
	fused()
	_, compared := stage(ctx, StageEvidence)
	for i := range answer.Matches {
		q.compare(&answer.Matches[i])
	}
	compared()
	if len(answer.Matches) < r.Limit {
		ctx, end := stage(ctx, StageShortfall)
		defer end()
		passing, err := e.store.CountStatements(ctx, r.Corpus, q.filter)
		if err != nil {
			return StatementAnswer{}, err
		}
		within := 0 // seeds that pass the filter
		for _, s := range q.seeds {
			if s.statement != nil && passes(s.statement, q.filter) {
				within++
			}
		}
		counts[Filtered] = max(0, q.calibration.total-passing)
		counts[Unrelated] = max(0, passing-within-len(matches)-counts[Collapsed]-counts[BelowBand])
		counts[NotIndexed] = e.options.Pending(r.Corpus)
		answer.Shortfalls = shortfalls(counts)
	}
	return answer, nil
}

// byDate orders matches by their dates, and by score within a day. What has no date comes last.
func byDate(matches []StatementMatch, order Order) {
	if order == ByScore {
		return
	}
	slices.SortStableFunc(matches, func(a, b StatementMatch) int {
		if order == NewestFirst && a.PublishedDate != "" && b.PublishedDate != "" {
			return cmp.Compare(b.PublishedDate, a.PublishedDate)
		}
		return akin.CompareDates(a.PublishedDate, b.PublishedDate)
	})
}

// similarCandidates resolves the seeds and finds the candidates.
func (e *Engine) similarCandidates(ctx context.Context, r Request) (*question, []store.StatementHit, error) {
	seeds, err := e.seeds(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	c, err := e.calibration(ctx, calibrationKey{corpus: r.Corpus, statements: true})
	if err != nil {
		return nil, nil, err
	}
	q := &question{calibration: c, filter: r.Filter}
	if r.dependsOnSeeds() {
		if seeds, err = e.readStatements(ctx, r, seeds, q); err != nil {
			return nil, nil, err
		}
		q.filter = r.Time.limit(r.Filter, e.reference(r.Time, seeds))
		if q.filter, err = r.Speakers.limit(q.filter, seeds); err != nil {
			return nil, nil, err
		}
	} else {
		q.filter = r.Time.limit(r.Filter, r.Time.Reference)
	}
	searching, end := stage(ctx, StageCandidates)
	hits, stored, err := e.store.SimilarStatements(searching, e.search(r, q, seeds))
	end()
	if err != nil {
		return nil, nil, err
	}
	if seeds, err = q.settle(r.Corpus, seeds, completed(stored, (*seed).foundStatement)); err != nil {
		return nil, nil, err
	}
	q.reference, q.seedDate = e.reference(r.Time, seeds), referenceOf(seeds)
	q.scorer = c.scorer(seeds, r.DenseWeight)
	return q, hits, nil
}

// readStatements reads the seeds that are statements before the search.
func (e *Engine) readStatements(ctx context.Context, r Request, seeds []seed, q *question) ([]seed, error) {
	ctx, end := stage(ctx, StageSeeds)
	defer end()
	stored, err := e.store.Statements(ctx, r.Corpus, idsOf(seeds))
	if err != nil {
		return nil, err
	}
	return q.settle(r.Corpus, seeds, completed(stored, (*seed).foundStatement))
}

// limit adds a scope to a filter.
func (scope SpeakerScope) limit(f akin.Filter, seeds []seed) (akin.Filter, error) {
	if scope == AnySpeaker {
		return f, nil
	}
	var speakers []string
	for _, s := range seeds {
		if !s.Negative && s.statement != nil && s.statement.Statement.Speaker != "" {
			speakers = append(speakers, s.statement.Statement.Speaker)
		}
	}
	switch {
	case len(speakers) == 0:
		return f, &akin.InvalidError{Field: "speaker_scope", Problem: "needs a positive seed that is a statement whose speaker is known"}
	case scope == OtherSpeakers:
		f.ExcludedSpeakers = append(slices.Clone(f.ExcludedSpeakers), speakers...)
	case len(f.Speakers) > 0:
		f.Speakers = slices.DeleteFunc(slices.Clone(f.Speakers), func(name string) bool { return !slices.Contains(speakers, name) })
		if len(f.Speakers) == 0 {
			return f, &akin.InvalidError{Field: "speaker_scope", Problem: "leaves none of the filter's speakers"}
		}
	default:
		f.Speakers = speakers
	}
	return f, nil
}

// passes reports whether a filter lets a statement through, as the store would.
func passes(s *store.StoredStatement, f akin.Filter) bool {
	oneOf := func(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }
	return oneOf(f.IDs, s.ArticleID) && oneOf(f.Languages, s.Language) && oneOf(f.Sections, s.Section) && oneOf(f.Sources, s.Source) &&
		oneOf(f.Speakers, s.Statement.Speaker) && !slices.Contains(f.ExcludedSpeakers, s.Statement.Speaker) && !slices.Contains(f.ExcludedIDs, s.ArticleID) &&
		(f.Kind == "" || f.Kind == s.Statement.Kind) &&
		(len(f.Keywords) == 0 || slices.ContainsFunc(s.Keywords, func(k string) bool { return slices.Contains(f.Keywords, k) })) &&
		(f.PublishedFrom == "" || s.PublishedDate >= f.PublishedFrom) && (f.PublishedBefore == "" || s.PublishedDate != "" && s.PublishedDate < f.PublishedBefore)
}

// statementBand is band, but for what makes two statements one: their words, not their articles.
func (q *question) statementBand(likeness float64, st *store.StoredStatement) akin.Band {
	contradicted, shortest := false, st.Words
	for _, i := range q.positive {
		s := &q.seeds[i]
		differ := len(differences(s.text, st.Statement.Text)) > 0
		if !differ && family.SameWords(s.text, st.Statement.Text) {
			return akin.SameText
		}
		contradicted = contradicted || differ
		shortest = min(shortest, s.words)
	}
	return q.scales[q.positive[0]].band(likeness, shortest, contradicted)
}

// compare says what a statement shares with the seeds, and in what it differs from the one that it resembles most.
func (q *question) compare(m *StatementMatch) {
	var texts []string
	for _, i := range q.positive {
		texts = append(texts, q.seeds[i].text)
	}
	m.SharedTerms = sharedTerms(m.Statement.Text, texts)
	nearest, most := q.positive[0], -1.0
	for at, i := range q.positive {
		if f := q.fuse(i, m.hit.Like[at], m.Words).total(); f > most {
			nearest, most = i, f
		}
	}
	m.Differences = differences(q.seeds[nearest].text, m.Statement.Text)
}

// saidBeside reports whether a statement stands in the article of a seed, or in another print of it.
func saidBeside(seeds []seed, m *StatementMatch) bool {
	return slices.ContainsFunc(seeds, func(s seed) bool {
		return s.statement != nil && (s.statement.ArticleID == m.ArticleID || sameFamily(s.statement.Family, m.Family))
	})
}

// collapseOccurrences counts the same words in several prints of one article once: as they first stood, at the place of the best.
func collapseOccurrences(matches []StatementMatch, counts map[Reason]int) []StatementMatch {
	var groups [][]StatementMatch
next:
	for _, m := range matches {
		for i, group := range groups {
			o := group[0]
			if (o.ArticleID == m.ArticleID || sameFamily(o.Family, m.Family)) && family.SameWords(o.Statement.Text, m.Statement.Text) {
				groups[i] = append(group, m)
				counts[Collapsed]++
				continue next
			}
		}
		groups = append(groups, []StatementMatch{m})
	}
	out := make([]StatementMatch, len(groups))
	for i, group := range groups {
		best := group[0].Comparison
		slices.SortFunc(group, func(a, b StatementMatch) int {
			return cmp.Or(akin.CompareDates(a.PublishedDate, b.PublishedDate), cmp.Compare(a.Statement.ID, b.Statement.ID))
		})
		first := group[0]
		for _, other := range group[1:] {
			first.OtherOccurrences = append(first.OtherOccurrences, other.StoredStatement)
		}
		first.Comparison = best
		out[i] = first
	}
	return out
}
