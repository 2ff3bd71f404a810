// Package embed is the offline stage: articles in, points out.
// It embeds only what it has not embedded before: an unchanged article costs one look-up, an edited one its new passages.
package embed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/embed/statement"
	"github.com/akinserver/akin/store"
)

// Outcome says what became of an article.
type Outcome int

// The outcomes.
const (
	Refused   Outcome = iota // Result.Err says why; what was stored under its id before is untouched
	Written                  // it was new, or differed from what was stored
	Unchanged                // it was stored already, exactly so
)

func (o Outcome) String() string { return [...]string{"refused", "written", "unchanged"}[o] }

// Result is what became of one article.
type Result struct {
	ID      string
	Outcome Outcome
	Err     error // of a refused article: what is wrong with it, or why it could not be embedded
}

// Stage puts articles into a store, and deletes them. It is safe for concurrent use: calls that carry the same id wait for one another.
type Stage struct {
	store    *store.Store
	embedder akin.Embedder
	busy     keys
	families families
}

// New makes a stage that writes the embedder's vectors into a store opened for them.
func New(st *store.Store, embedder akin.Embedder) *Stage {
	return &Stage{store: st, embedder: embedder, families: families{store: st, healed: map[string]bool{}}}
}

// Put writes those of the articles that are new or changed, and returns a result for each, in their order. An article without statements gets those that
// its paragraphs report. Of two articles with one id the first is stored, the second refused.
//
// An error means that nothing more can be written now (the store or the embedder does not answer, the disk is full, the context has ended);
// the results up to then are lost, and putting the same articles again makes it good.
func (s *Stage) Put(ctx context.Context, corpus string, articles []akin.Article) ([]Result, error) {
	return s.put(ctx, corpus, articles, make([]store.Origin, len(articles)))
}

// put is Put of articles with where each was read from.
func (s *Stage) put(ctx context.Context, corpus string, articles []akin.Article, origins []store.Origin) ([]Result, error) {
	documents, results := s.documents(articles, origins)
	held := make([]string, 0, len(documents))
	for _, d := range documents {
		held = append(held, corpus+"\x00"+d.Article.ID)
	}
	if err := s.busy.lock(ctx, held); err != nil {
		return nil, err
	}
	defer s.busy.unlock(held)
	if err := s.families.heal(ctx, corpus); err != nil {
		return nil, err
	}
	changed, moved, err := s.changed(ctx, corpus, documents)
	if err != nil {
		return nil, err
	}
	for _, d := range changed {
		d.layOut()
	}
	if err := s.store.SetOrigins(ctx, corpus, moved); err != nil {
		return nil, err
	}
	if err := s.embed(ctx, corpus, changed); err != nil {
		return nil, err
	}
	var put []store.Document
	for _, d := range changed {
		if d.result.Err == nil {
			d.result.Outcome = Written
			put = append(put, d.Document)
		}
	}
	if err := s.families.put(ctx, corpus, put); err != nil {
		return nil, err
	}
	return results, nil
}

// documents are the articles that can be stored, each once, with their revisions; of the others it says why they are refused. They are not laid out yet: most runs
// find most articles unchanged.
func (s *Stage) documents(articles []akin.Article, origins []store.Origin) ([]*document, []Result) {
	results := make([]Result, len(articles))
	documents := make([]*document, 0, len(articles))
	first := map[string]bool{}
	for i := range articles {
		article := &articles[i]
		results[i].ID = article.ID
		if err := article.Validate(); err != nil {
			results[i].Err = err
			continue
		}
		if first[article.ID] {
			results[i].Err = &akin.InvalidError{Field: "id", Problem: fmt.Sprintf("%q was sent before", article.ID)}
			continue
		}
		first[article.ID] = true
		d := &document{result: &results[i]}
		d.Article, d.Origin = *article, origins[i]
		// Place writes into them, and the caller may send them twice at a time.
		d.Article.Paragraphs, d.Article.Statements = slices.Clone(article.Paragraphs), slices.Clone(article.Statements)
		d.Article.Place()
		d.Revision = s.revision(&d.Article)
		documents = append(documents, d)
	}
	return documents, results
}

// Pending tells how many articles of a corpus are on their way into the store, or out of it, at this moment.
func (s *Stage) Pending(corpus string) int { return s.busy.count(corpus + "\x00") }

// Delete deletes articles with all that belongs to them, and tells which were there.
func (s *Stage) Delete(ctx context.Context, corpus string, ids []string) (deleted, missing []string, err error) {
	held := make([]string, len(ids))
	for i, id := range ids {
		held[i] = corpus + "\x00" + id
	}
	if err := s.busy.lock(ctx, held); err != nil {
		return nil, nil, err
	}
	defer s.busy.unlock(held)
	if err := s.families.heal(ctx, corpus); err != nil {
		return nil, nil, err
	}
	return s.families.delete(ctx, corpus, ids)
}

// document is an article on its way into the store.
type document struct {
	store.Document
	heading string
	stored  bool // another revision of it is in the store
	result  *Result
}

// recipe changes when the same article must give other points.
const recipe = "4"

// Fingerprint names all that decides the vectors of a stage's points, the lexical ones included: what a store is opened for.
func Fingerprint(embedder akin.Embedder) string {
	return embedder.Fingerprint() + "+" + encoder.LexicalFingerprint
}

// layOut works out all of an article's points but for their dense vectors.
func (d *document) layOut() {
	article := &d.Article
	if len(article.Statements) == 0 {
		article.Statements = statement.Split(*article)
		article.Place()
	}
	d.heading = strings.TrimSpace(article.Title + "\n" + article.Subtitle)
	d.Heading.Digest = digest(d.heading)
	texts := make([]string, 0, len(article.Paragraphs))
	for _, p := range article.Paragraphs {
		texts = append(texts, p.Text)
		d.Paragraphs = append(d.Paragraphs, store.Passage{Digest: digest(p.Text)})
	}
	for _, st := range article.Statements {
		w := encoder.Weigh(st.Text)
		d.Statements = append(d.Statements, store.Passage{Digest: digest(st.Text), Lexical: w.Lexical, Words: w.Words})
	}
	body := strings.Join(texts, "\n")
	whole := encoder.Weigh(d.heading + "\n" + body)
	d.Lexical, d.Keys, d.Words = whole.Lexical, whole.Keys, whole.Words
	sketch := family.Of(withoutOpening(body))
	d.Sketch, d.Bands = sketch.Encode(), sketch.Bands()
}

// revision is equal for equal articles that are read and embedded by the same embedder in the same way. An article that brings the statements that would be read of it is
// equal to one that brings none: it was in a store before.
func (s *Stage) revision(article *akin.Article) string {
	bare := *article
	bare.Statements = nil
	if len(article.Statements) > 0 {
		bare.Statements = statement.Split(bare)
		bare.Place()
		if slices.Equal(bare.Statements, article.Statements) {
			bare.Statements = nil
		} else {
			bare.Statements = article.Statements
		}
	}
	b, err := json.Marshal(&bare)
	if err != nil {
		panic(err) // an Article holds nothing that JSON cannot (TestPutTwiceEmbedsOnce)
	}
	return digest(recipe + "\n" + statement.Version + "\n" + Fingerprint(s.embedder) + "\n" + string(b))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// changed leaves out what is stored already, exactly so, and tells which of that was read from another place this time. Who brings an article from nowhere
// takes it from no folder.
func (s *Stage) changed(ctx context.Context, corpus string, documents []*document) (changed []*document, moved map[string]store.Origin, err error) {
	ids := make([]string, len(documents))
	for i, d := range documents {
		ids[i] = d.Article.ID
	}
	revisions, err := s.store.Revisions(ctx, corpus, ids)
	if err != nil {
		return nil, nil, err
	}
	moved = map[string]store.Origin{}
	for _, d := range documents {
		revision, stored := revisions[d.Article.ID]
		if revision.Digest == d.Revision {
			d.result.Outcome = Unchanged
			if d.Origin != (store.Origin{}) && d.Origin != revision.Origin {
				moved[d.Article.ID] = d.Origin
			}
			continue
		}
		d.stored = stored
		changed = append(changed, d)
	}
	return changed, moved, nil
}

// embed gives every passage its dense vector, and every document the vector of its whole.
func (s *Stage) embed(ctx context.Context, corpus string, documents []*document) error {
	known, err := s.known(ctx, corpus, documents)
	if err != nil {
		return err
	}
	if err := s.embedTexts(ctx, known, documents); err != nil {
		return err
	}
	for _, d := range documents {
		if d.result.Err == nil {
			d.attach(known, s.embedder.Dimensions())
		}
	}
	return nil
}

// known are the vectors that the store holds of what documents said before they were edited.
func (s *Stage) known(ctx context.Context, corpus string, documents []*document) (map[string][]float32, error) {
	var edited []string
	for _, d := range documents {
		if d.stored {
			edited = append(edited, d.Article.ID)
		}
	}
	return s.store.Vectors(ctx, corpus, edited)
}

// embedTexts adds the vectors of the documents' texts to those that are known. A document with a text that has none is refused for it; the others go on. An error
// concerns everything.
func (s *Stage) embedTexts(ctx context.Context, known map[string][]float32, documents []*document) error {
	refused, err := s.embedAll(ctx, known, documents)
	switch {
	case err == nil:
		for _, d := range documents {
			d.refuse(refused)
		}
		return nil
	case concernsAll(ctx, err):
		return err
	case len(documents) == 1:
		documents[0].result.Err = err
		return nil
	}
	// An embedder that does not say which text it cannot take: the others must not be lost for it.
	for i := range documents {
		if err := s.embedTexts(ctx, known, documents[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// concernsAll tells an error that no other text would avoid.
func concernsAll(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, akin.ErrUnavailable) || errors.Is(err, akin.ErrSetup) || errors.Is(err, akin.ErrMismatch)
}

// embedAll asks for all texts at once, each one time, and tells by their digests which of them the embedder refused.
func (s *Stage) embedAll(ctx context.Context, known map[string][]float32, documents []*document) (refused map[string]error, err error) {
	texts, digests := unknown(known, documents)
	if len(texts) == 0 {
		return nil, nil
	}
	vectors, err := s.embedder.Embed(ctx, akin.Document, texts)
	errs, some := errors.AsType[akin.TextErrors](err)
	if err != nil && !some {
		if len(documents) == 1 {
			return nil, fmt.Errorf("embed article %q: %w: %w", documents[0].Article.ID, akin.ErrEmbedder, err)
		}
		return nil, fmt.Errorf("embed %d articles: %w: %w", len(documents), akin.ErrEmbedder, err)
	}
	refused = map[string]error{}
	for _, e := range errs {
		refused[digests[e.Index]] = e.Err
	}
	for i, d := range digests {
		switch {
		case i < len(vectors) && vectors[i] != nil:
			known[d] = vectors[i]
		case refused[d] == nil:
			refused[d] = errors.New("it gave no vector, and no reason")
		}
	}
	return refused, nil
}

// unknown lists the texts whose vectors are not known, each once, with their digests.
func unknown(known map[string][]float32, documents []*document) (texts, digests []string) {
	asked := map[string]bool{}
	for _, d := range documents {
		d.passages(func(p *store.Passage, _, text string) {
			if known[p.Digest] == nil && !asked[p.Digest] {
				asked[p.Digest] = true
				texts, digests = append(texts, text), append(digests, p.Digest)
			}
		})
	}
	return texts, digests
}

// refuse gives the document the error of its first text that the embedder refused, if there is one.
func (d *document) refuse(refused map[string]error) {
	d.passages(func(p *store.Passage, place, _ string) {
		if err := refused[p.Digest]; err != nil && d.result.Err == nil {
			d.result.Err = fmt.Errorf("embed article %q, %s: %w: %w", d.Article.ID, place, akin.ErrEmbedder, err)
		}
	})
}

// passages visits every passage with its place, as people count, and its text.
func (d *document) passages(visit func(p *store.Passage, place, text string)) {
	if d.heading != "" {
		visit(&d.Heading, "heading", d.heading)
	}
	for i := range d.Paragraphs {
		visit(&d.Paragraphs[i], fmt.Sprintf("paragraph %d", i+1), d.Article.Paragraphs[i].Text)
	}
	for i := range d.Statements {
		visit(&d.Statements[i], fmt.Sprintf("statement %d", i+1), d.Article.Statements[i].Text)
	}
}

// headingWeight is what the heading adds to the vector of the whole, where the body adds one.
const headingWeight = 0.3

// attach places the vectors, and adds those of heading and paragraphs up to the vector of the whole: a paragraph counts by the root of
// its length, so that no long one drowns the others, and none is lost at the end.
func (d *document) attach(vectors map[string][]float32, dimensions int) {
	d.passages(func(p *store.Passage, _, _ string) { p.Dense = vectors[p.Digest] })
	d.Dense = d.sum(0, len(d.Paragraphs), dimensions)
	if d.Words < longWords {
		return
	}
	from, words, text := 0, 0, ""
	for i, p := range d.Article.Paragraphs {
		words += encoder.Words(p.Text)
		text += p.Text + "\n"
		if words < partWords && i+1 < len(d.Article.Paragraphs) {
			continue
		}
		w := encoder.Weigh(d.heading + "\n" + text)
		d.Parts = append(d.Parts, store.Part{Dense: d.sum(from, i+1, dimensions), Lexical: w.Lexical, Keys: w.Keys, Words: words})
		from, words, text = i+1, 0, ""
	}
}

// An article of so many words is found by its parts as well, each of which has about so many.
const (
	longWords = 1500
	partWords = 400
)

// sum is the vector of the heading and some of the paragraphs.
func (d *document) sum(from, to, dimensions int) []float32 {
	body := make([]float64, dimensions)
	for i := from; i < to; i++ {
		add(body, d.Paragraphs[i].Dense, store.ParagraphWeight(d.Article.Paragraphs[i].Text))
	}
	scale(body, 1)
	if d.heading != "" {
		add(body, d.Heading.Dense, headingWeight)
		scale(body, 1)
	}
	out := make([]float32, dimensions)
	for i, x := range body {
		out[i] = float32(x)
	}
	return out
}

func add(sum []float64, v []float32, weight float64) {
	for i, x := range v {
		sum[i] += weight * float64(x)
	}
}

// scale gives v the wanted length; the zero vector stays zero.
func scale(v []float64, length float64) {
	var square float64
	for _, x := range v {
		square += x * x
	}
	if square == 0 {
		return
	}
	for i := range v {
		v[i] *= length / math.Sqrt(square)
	}
}
