// Package query turns seeds into matches: candidates from the dense and the lexical leg, fused, grouped, ordered, and explained.
// How far a leg is trusted is learnt from the corpus itself, so that a model that does not know its language cannot spoil an answer.
package query

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/embed/language"
	"github.com/akinserver/akin/store"
)

// Depth is how many candidates each leg of each positive seed brings: an answer, over all its pages, is at most twice as long for one seed.
// It does not depend on the page, so that page after page is one list.
const Depth = 128

// literalDepth is how many candidates the dense leg brings when its vectors are made of words alone: the lexical leg finds the same. Texts of a sentence are also found by
// pieces of their words; a stored article has words enough, and brings none.
const literalDepth = 32

func (e *Engine) denseDepth() int {
	if e.literal {
		return literalDepth
	}
	return Depth
}

// Engine answers queries. It is safe for concurrent use.
type Engine struct {
	store    *store.Store
	embedder akin.Embedder
	literal  bool // the embedder knows nothing but words
	options  Options

	mu           sync.Mutex
	calibrations map[calibrationKey]*calibration
	measuring    map[calibrationKey]chan struct{} // closed when it is done
}

// Options of an engine.
type Options struct {
	// Pending tells how many articles of a corpus are on their way into the store; none by default.
	Pending func(corpus string) int
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// New makes an engine over a store that holds the embedder's vectors.
func New(st *store.Store, embedder akin.Embedder, options Options) *Engine {
	if options.Pending == nil {
		options.Pending = func(string) int { return 0 }
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Engine{store: st, embedder: embedder, literal: akin.ProfileOf(embedder).Literal, options: options, calibrations: map[calibrationKey]*calibration{}, measuring: map[calibrationKey]chan struct{}{}}
}

// Warm learns what scores mean in a corpus, so that the first questions about it need not wait for that.
func (e *Engine) Warm(ctx context.Context, corpus string) error {
	for _, statements := range []bool{false, true} {
		if _, err := e.calibration(ctx, calibrationKey{corpus, statements}); err != nil {
			return err
		}
	}
	return nil
}

// Request is one query.
type Request struct {
	Corpus    string
	Seeds     []akin.Seed // at least one positive
	Filter    akin.Filter
	Offset    int       // matches to pass over
	Limit     int       // matches to return
	MinBand   akin.Band // weaker ones are left out, and counted
	Evidence  int       // pairs of passages a match; statements have none
	Time      Time
	Diversity float64 // 0 orders by score alone; 1 puts what differs most from all before it next

	// Of statements.
	Speakers SpeakerScope
	Order    Order

	// EveryPrint gives each print of a text a place of its own, other prints of the seeds as well: for measuring, where each document is judged by itself.
	EveryPrint bool
	// DenseWeight is the dense leg's share of a score, 0 to 1, whatever the corpus says: for measuring. Nil leaves it to the corpus.
	DenseWeight *float64
}

// SpeakerScope limits whose statements can be an answer, as seen from the positive seeds that are statements.
type SpeakerScope int

// The scopes.
const (
	AnySpeaker    SpeakerScope = iota
	SameSpeaker                // whoever made a seed's statement
	OtherSpeakers              // anybody else
)

// Order says by what matches are ordered.
type Order int

// The orders. By date, the matches are those that are best by score, up to the depth of the search.
const (
	ByScore Order = iota
	OldestFirst
	NewestFirst
)

// Reason says why an answer has fewer matches than were asked for.
type Reason int

// The reasons.
const (
	BelowBand   Reason = iota + 1 // alike, but below MinBand
	Filtered                      // left out by the filter, a time scope or a speaker scope
	Collapsed                     // further prints of a text that is in the answer, or of a seed
	MissingSeed                   // seeds that the corpus does not hold
	Unrelated                     // nothing in them resembles the seeds
	NotIndexed                    // on their way into the store
)

// Shortfall is how many articles, statements or seeds there are for one reason.
type Shortfall struct {
	Reason Reason
	Count  int
}

// Span is a stretch of a text: of a paragraph, or of the heading or a text seed, where Paragraph is -1.
type Span struct {
	Paragraph          int
	Start, End         int // runes
	ByteStart, ByteEnd int
	Text               string
}

func whole(paragraph int, text string) Span {
	return Span{Paragraph: paragraph, End: len([]rune(text)), ByteEnd: len(text), Text: text}
}

// seed is a positive or negative seed.
type seed struct {
	akin.Seed
	place int // in the request
	probe store.Probe

	// Known of a text at once, of an id when it was found.
	found    bool
	text     string // of a text, or of a statement
	language string
	date     string
	words    int
	asked    akin.SparseVector // what it is searched by
	lexical  akin.SparseVector // of a stored text that says the same; of one that is stored, what it is searched by
	sketch   family.Sketch

	article   *store.Stored          // when it was named by an article's id
	statement *store.StoredStatement // when it was named by a statement's id
}

// seeds embeds those of a request that are texts, in one call.
func (e *Engine) seeds(ctx context.Context, r Request) ([]seed, error) {
	var texts []string
	for _, s := range r.Seeds {
		if s.ID == "" {
			texts = append(texts, s.Text)
		}
	}
	var vectors [][]float32
	if len(texts) > 0 {
		embedding, end := stage(ctx, StageEmbed)
		var err error
		vectors, err = e.embedder.Embed(embedding, akin.Query, texts)
		end()
		if err != nil {
			return nil, fmt.Errorf("embed %d texts: %w: %w", len(texts), akin.ErrEmbedder, err)
		}
	}
	seeds := make([]seed, len(r.Seeds))
	for i, s := range r.Seeds {
		seeds[i] = seed{Seed: s, place: i, probe: store.Probe{ID: s.ID}}
		if s.ID == "" {
			t := &seeds[i]
			asked := encoder.Ask(s.Text)
			t.found, t.text, t.language, t.words = true, s.Text, language.Of(s.Text), asked.Words
			t.asked, t.lexical = asked.Lexical, asked.Stored
			t.sketch = family.Of(s.Text)
			t.probe, vectors = store.Probe{Dense: vectors[0], Lexical: asked.Lexical, Keys: asked.Keys}, vectors[1:]
		}
	}
	return seeds, nil
}

// completed fills seeds with what was read of them, by their ids.
func completed[T any](stored map[string]T, complete func(*seed, T)) func(*seed) {
	return func(s *seed) {
		if v, ok := stored[s.ID]; ok {
			complete(s, v)
		}
	}
}

func (s *seed) foundArticle(a store.Stored) {
	s.found, s.article, s.language, s.date = true, &a, a.Article.Language, a.Article.PublishedDate
	s.words, s.asked, s.lexical = a.Words, a.Lexical, a.Lexical
	s.sketch, _ = family.Decode(a.Sketch) // one that cannot be read resembles nothing
}

func (s *seed) foundStatement(st store.StoredStatement) {
	s.found, s.statement, s.text, s.language, s.date = true, &st, st.Statement.Text, st.Language, st.PublishedDate
	s.words, s.asked, s.lexical = st.Words, st.Lexical, st.Lexical
}

// probes splits the seeds into those that candidates should resemble and those that they should not.
func probes(seeds []seed) (like, unlike []store.Probe) {
	for _, s := range seeds {
		if s.Negative {
			unlike = append(unlike, s.probe)
		} else {
			like = append(like, s.probe)
		}
	}
	return like, unlike
}

// settle completes the seeds that are ids, leaves out those that are not stored, and lists them as missing. It fails with akin.ErrNotFound when nothing
// positive is left.
func (q *question) settle(corpus string, seeds []seed, complete func(*seed)) (found []seed, err error) {
	positive, first := false, "" // positive that is missing
	for _, s := range seeds {
		if !s.found {
			complete(&s)
		}
		if s.found {
			found = append(found, s)
			positive = positive || !s.Negative
			continue
		}
		q.missing = append(q.missing, s.ID)
		if !s.Negative {
			first = cmp.Or(first, s.ID)
		}
	}
	if !positive {
		return nil, fmt.Errorf("seed %q in corpus %q: %w", first, corpus, akin.ErrNotFound)
	}
	return found, nil
}

// search asks for the candidates of seeds.
func (e *Engine) search(r Request, q *question, seeds []seed) store.Search {
	listed := len(r.Filter.IDs)
	search := store.Search{
		Corpus: r.Corpus, Filter: q.filter, Limit: max(Depth, listed), Dense: max(e.denseDepth(), listed), Vectors: r.Diversity > 0,
	}
	search.Like, search.Unlike = probes(seeds)
	return search
}

// page cuts one page out of a list, and reports whether there is more.
func page[T any](list []T, offset, limit int) ([]T, bool) {
	from := min(offset, len(list))
	to := min(from+limit, len(list))
	return list[from:to], to < len(list)
}

func shortfalls(counts map[Reason]int) []Shortfall {
	var out []Shortfall
	for reason := BelowBand; reason <= NotIndexed; reason++ {
		if counts[reason] > 0 {
			out = append(out, Shortfall{reason, counts[reason]})
		}
	}
	return out
}

// referenceOf is the latest date of the positive seeds; "" when none has one.
func referenceOf(seeds []seed) string {
	latest := ""
	for _, s := range seeds {
		if !s.Negative {
			latest = max(latest, s.date)
		}
	}
	return latest
}
