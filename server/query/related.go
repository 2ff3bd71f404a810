package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/crew"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/store"
)

// ArticleMatch is one related article.
type ArticleMatch struct {
	Article akin.Article // without paragraphs, captions and statements
	Comparison
	Evidence    []Evidence
	OtherPrints []string // ids of its other prints

	hit  *store.ArticleHit
	root float64 // of its lexical score against itself, where matches are compared with one another
}

// ArticleAnswer is one page of related articles, best first.
type ArticleAnswer struct {
	Matches      []ArticleMatch
	More         bool
	MissingSeeds []string
	Shortfalls   []Shortfall // when there are fewer matches than were asked for
	SeedDate     string      // the latest of the positive seeds; empty when none has one
}

// Related finds the articles that are related to the seeds. The seeds and their other prints never come back.
//
// It makes two calls to the store: one for candidates, one for what an answer shows of its matches. Another call reads seeds first when they decide who can be a candidate
// (Time.Scope without a reference), and two more are made when a seed is not stored.
//
// Errors: akin.ErrNotFound when no positive seed is there, akin.ErrUnavailable when the store or the embedder does not answer.
func (e *Engine) Related(ctx context.Context, r Request) (ArticleAnswer, error) {
	q, hits, err := e.relatedCandidates(ctx, r)
	if err != nil {
		return ArticleAnswer{}, err
	}
	if r.Evidence > 0 && len(hits) > 0 {
		q.reading.Run(func() { q.aligned = q.aligners() })
		defer q.reading.Finish()
	}
	counts := map[Reason]int{MissingSeed: len(q.missing)}
	_, fused := stage(ctx, StageFuse)
	best := q.best(hits)
	matches := make([]ArticleMatch, 0, len(best))
	for _, hit := range best {
		m := ArticleMatch{Article: akin.Article{ID: hit.ID, PublishedDate: hit.PublishedDate}, hit: hit, root: q.root(&hit.Hit)}
		m.Scores = q.scores(hit.Hit, hit.Words)
		sketch, _ := family.Decode(hit.Sketch) // one that cannot be read resembles nothing
		likeness := m.Scores.likeness()
		switch {
		case !r.EveryPrint && q.besideSeed(hit):
			counts[Collapsed]++
		case likeness <= 0: // counted as unrelated
		default:
			m.Band = q.band(likeness, hit, sketch)
			m.Scores.TimePart = r.Time.age(likeness, hit.PublishedDate, q.reference)
			m.Score = m.Scores.total()
			matches = append(matches, m)
		}
	}
	slices.SortFunc(matches, func(a, b ArticleMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Article.ID, b.Article.ID))
	})
	if !r.EveryPrint {
		matches = collapsePrints(matches, counts)
	}
	matches = arranged(matches, r, counts, func(m *ArticleMatch) *Comparison { return &m.Comparison }, func(a, b *ArticleMatch) float64 {
		return q.between(a.hit.Language, &a.hit.Hit, &b.hit.Hit, a.root, b.root, a.hit.Words, b.hit.Words)
	})
	answer := ArticleAnswer{MissingSeeds: q.missing, SeedDate: q.seedDate}
	answer.Matches, answer.More = page(matches, r.Offset, r.Limit)
	fused()
	if answer.Matches, err = e.show(ctx, r, q, answer.Matches); err != nil {
		return ArticleAnswer{}, err
	}
	if len(answer.Matches) < r.Limit {
		ctx, end := stage(ctx, StageShortfall)
		defer end()
		var seeds []string
		for _, s := range q.seeds {
			if s.article != nil && !slices.Contains(seeds, s.ID) {
				seeds = append(seeds, s.ID)
			}
		}
		filter := q.filter
		filter.ExcludedIDs = append(slices.Clone(filter.ExcludedIDs), seeds...)
		passing, err := e.store.CountArticles(ctx, r.Corpus, filter)
		if err != nil {
			return ArticleAnswer{}, err
		}
		counts[Filtered] = max(0, q.calibration.total-len(seeds)-passing)
		counts[Unrelated] = max(0, passing-len(matches)-counts[Collapsed]-counts[BelowBand])
		counts[NotIndexed] = e.options.Pending(r.Corpus)
		answer.Shortfalls = shortfalls(counts)
	}
	return answer, nil
}

// best leaves of several parts of one article the one that is most alike, and out what belongs to a seed.
func (q *question) best(hits []store.ArticleHit) []*store.ArticleHit {
	at := make(map[string]int, len(hits))
	for _, s := range q.seeds {
		if s.article != nil {
			at[s.ID] = -1
		}
	}
	out := make([]*store.ArticleHit, 0, len(hits))
	for i := range hits {
		hit := &hits[i]
		before, seen := at[hit.ID]
		switch {
		case !seen:
			at[hit.ID] = len(out)
			out = append(out, hit)
		case before >= 0 && q.scores(hit.Hit, hit.Words).likeness() > q.scores(out[before].Hit, out[before].Words).likeness():
			out[before] = hit
		}
	}
	return out
}

// question is a request with all that is known of its seeds.
type question struct {
	*scorer
	*calibration
	missing   []string
	filter    akin.Filter // with what the seeds add to it
	reference string      // day
	seedDate  string      // the latest of the positive seeds

	// What the seeds' passages say is worked out while the candidates are put in order and the store reads the matches.
	reading crew.Crew
	aligned []*aligner
}

// relatedCandidates resolves the seeds and finds the candidates.
func (e *Engine) relatedCandidates(ctx context.Context, r Request) (*question, []store.ArticleHit, error) {
	seeds, err := e.seeds(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	c, err := e.calibration(ctx, calibrationKey{corpus: r.Corpus})
	if err != nil {
		return nil, nil, err
	}
	q := &question{calibration: c, filter: r.Filter}
	if r.dependsOnSeeds() {
		if seeds, err = e.readArticles(ctx, r, seeds, q); err != nil {
			return nil, nil, err
		}
		q.filter = r.Time.limit(r.Filter, e.reference(r.Time, seeds))
	} else {
		q.filter = r.Time.limit(r.Filter, r.Time.Reference)
	}
	search := e.search(r, q, seeds)
	if e.literal && r.DenseWeight == nil && len(r.Filter.IDs) == 0 {
		for i := range search.Like {
			search.Like[i].LexicalOnly = search.Like[i].ID != ""
		}
	}
	search.Passages = r.Evidence > 0
	searching, end := stage(ctx, StageCandidates)
	hits, stored, err := e.store.RelatedArticles(searching, search)
	end()
	if err != nil {
		return nil, nil, err
	}
	if seeds, err = q.settle(r.Corpus, seeds, completed(stored, (*seed).foundArticle)); err != nil {
		return nil, nil, err
	}
	q.reference, q.seedDate = e.reference(r.Time, seeds), referenceOf(seeds)
	q.scorer = c.scorer(seeds, r.DenseWeight)
	return q, hits, nil
}

// readArticles reads the seeds that are articles before the search.
func (e *Engine) readArticles(ctx context.Context, r Request, seeds []seed, q *question) ([]seed, error) {
	ctx, end := stage(ctx, StageSeeds)
	defer end()
	stored, err := e.store.Articles(ctx, r.Corpus, idsOf(seeds), store.Read{Vectors: true, Passages: r.Evidence > 0})
	if err != nil {
		return nil, err
	}
	return q.settle(r.Corpus, seeds, completed(stored, (*seed).foundArticle))
}

func idsOf(seeds []seed) []string {
	var ids []string
	for _, s := range seeds {
		if s.ID != "" {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// show reads what an answer shows of its matches; what was deleted meanwhile is left out. Of several prints the earliest that the filter lets pass is shown, and the others are listed.
func (e *Engine) show(ctx context.Context, r Request, q *question, matches []ArticleMatch) ([]ArticleMatch, error) {
	if len(matches) == 0 {
		return nil, nil
	}
	ctx, end := stage(ctx, StageEvidence)
	defer end()
	ids := make([]string, len(matches))
	var families []string
	for i, m := range matches {
		ids[i] = m.Article.ID
		if m.hit.Family != "" && !r.EveryPrint {
			families = append(families, m.hit.Family)
		}
	}
	read := store.Read{Passages: r.Evidence > 0}
	gathered, err := e.store.Gather(ctx, r.Corpus, q.filter, ids, families, read)
	if err != nil {
		return nil, err
	}
	var unread []string // the filter lets pass neither the first print nor one that was found
	for i := range matches {
		m := &matches[i]
		m.stand(gathered.Prints[m.hit.Family])
		if _, ok := gathered.Articles[m.Article.ID]; !ok {
			unread = append(unread, m.Article.ID)
		}
	}
	more, err := e.store.Articles(ctx, r.Corpus, unread, read)
	if err != nil {
		return nil, err
	}
	maps.Copy(gathered.Articles, more)
	shown, texts := make([]ArticleMatch, 0, len(matches)), make([]store.Stored, 0, len(matches))
	for _, m := range matches {
		s, ok := gathered.Articles[m.Article.ID]
		if !ok {
			continue
		}
		m.Article = s.Article
		m.Article.Paragraphs = nil
		shown, texts = append(shown, m), append(texts, s)
	}
	if r.Evidence > 0 {
		q.reading.Finish()
		for i, evidence := range q.evidence(q.aligned, texts, r.Evidence) {
			shown[i].Evidence = evidence
		}
	}
	return shown, nil
}

// stand has the earliest of a family stand for all.
func (m *ArticleMatch) stand(prints []store.Print) {
	if len(prints) == 0 {
		return // printed once, or deleted meanwhile
	}
	m.Article.ID = prints[0].ID
	for _, p := range prints[1:] {
		m.OtherPrints = append(m.OtherPrints, p.ID)
	}
	slices.Sort(m.OtherPrints)
}

// isPrint reports whether a candidate is a print of the seed's text: it belongs to the family of an article; of a text that is not stored, only its sketch is known.
func (s *seed) isPrint(family string, sketch family.Sketch) bool {
	if s.article != nil {
		return sameFamily(s.article.Family, family)
	}
	return s.sketch.Same(sketch)
}

func sameFamily(a, b string) bool { return a != "" && a == b }

// besideSeed reports whether a candidate is another print of an article among the seeds. A text that is a seed is something else: whoever brings it may well ask where it was printed.
func (q *question) besideSeed(hit *store.ArticleHit) bool {
	return slices.ContainsFunc(q.seeds, func(s seed) bool { return s.article != nil && sameFamily(s.article.Family, hit.Family) })
}

// collapsePrints keeps one of several prints of a text: the earliest, at the place of the best.
func collapsePrints(matches []ArticleMatch, counts map[Reason]int) []ArticleMatch {
	at := map[string]int{}
	out := matches[:0]
	for _, m := range matches {
		i, seen := at[m.hit.Family]
		if !seen || m.hit.Family == "" {
			at[m.hit.Family] = len(out)
			out = append(out, m)
			continue
		}
		counts[Collapsed]++
		if a, b := &m.Article, &out[i].Article; cmp.Or(akin.CompareDates(a.PublishedDate, b.PublishedDate), cmp.Compare(a.ID, b.ID)) < 0 {
			out[i].Article = m.Article
		}
	}
	return out
}
