package embed_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

// watched is an embedder that keeps what it was asked for.
type watched struct {
	akin.Embedder
	mu    sync.Mutex
	texts []string
	calls int

	fail   func(text string) error // for the whole call
	refuse func(text string) error // for the text alone
}

func (w *watched) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	w.mu.Lock()
	w.texts = append(w.texts, texts...)
	w.calls++
	w.mu.Unlock()
	if w.fail != nil {
		for _, text := range texts {
			if err := w.fail(text); err != nil {
				return nil, err
			}
		}
	}
	vectors, err := w.Embedder.Embed(ctx, purpose, texts)
	var errs akin.TextErrors
	for i, text := range texts {
		if w.refuse != nil && w.refuse(text) != nil {
			errs = append(errs, &akin.TextError{Index: i, Err: w.refuse(text)})
			vectors[i] = nil
		}
	}
	if errs != nil {
		return vectors, fmt.Errorf("embed %d texts: %w", len(texts), errs)
	}
	return vectors, err
}

func builtin(t *testing.T) akin.Embedder {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return embedder
}

func (w *watched) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := w.texts
	w.texts = nil
	return texts
}

func open(t *testing.T) (*embed.Stage, *store.Store, *watched) {
	t.Helper()
	embedder := &watched{Embedder: builtin(t)}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	return embed.New(st, embedder), st, embedder
}

func article(id string, paragraphs ...string) akin.Article {
	a := akin.Article{ID: id, Title: "大坝加固", Language: "zh"}
	for _, text := range paragraphs {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: text})
	}
	return a
}

func put(t *testing.T, stage *embed.Stage, articles ...akin.Article) []embed.Result {
	t.Helper()
	results, err := stage.Put(t.Context(), "default", articles)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func outcomes(results []embed.Result) string {
	var words []string
	for _, r := range results {
		words = append(words, r.ID+" "+r.Outcome.String())
	}
	return strings.Join(words, ", ")
}

func TestPutTwiceEmbedsOnce(t *testing.T) {
	stage, _, embedder := open(t)
	a, b := article("a", "临河市长林远山表示，工程下月开工。", "水库照常供水。"), article("b", "渡轮停运三天。")
	if got, want := outcomes(put(t, stage, a, b)), "a written, b written"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	embedder.take()
	if got, want := outcomes(put(t, stage, a, b)), "a unchanged, b unchanged"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if texts := embedder.take(); len(texts) != 0 {
		t.Errorf("the second time it embedded %q", texts)
	}
}

func TestEditEmbedsWhatIsNew(t *testing.T) {
	stage, st, embedder := open(t)
	put(t, stage, article("a", "第一段不变。", "第二段会改。", "第三段会删。"))
	embedder.take()
	put(t, stage, article("a", "第一段不变。", "第二段改了。"))
	if texts := embedder.take(); len(texts) != 1 || texts[0] != "第二段改了。" {
		t.Errorf("embedded %q, want the edited paragraph alone", texts)
	}
	if got := places(t, st, "a"); len(got) != 2 {
		t.Errorf("the paragraphs %v have vectors, want two", got)
	}
}

// places lists the paragraphs of a stored article that have vectors.
func places(t *testing.T, st *store.Store, id string) []int {
	t.Helper()
	stored, err := st.Articles(t.Context(), "default", []string{id}, store.Read{Text: true, Passages: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	a := stored[id]
	a.EachPassage(func(place int, _ []float32) {
		if place != store.HeadingPlace {
			list = append(list, place)
		}
	})
	return list
}

func TestOneBadArticleDoesNotLoseTheOthers(t *testing.T) {
	stage, st, embedder := open(t)
	embedder.fail = func(text string) error {
		if strings.Contains(text, "poison") {
			return errors.New("this text is not to my taste")
		}
		return nil
	}
	results := put(t, stage,
		article("good", "渡轮停运三天。"), article("", "没有编号。"), article("empty"), article("bad", "a poison pill"), article("good", "又一次。"), article("fine", "水库照常供水。"))
	if got, want := outcomes(results), "good written,  refused, empty refused, bad refused, good refused, fine written"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, want := range map[int]string{1: "id", 2: "paragraphs", 3: `embed article "bad"`, 4: `"good" was sent before`} {
		if got := fmt.Sprint(results[i].Err); !strings.Contains(got, want) {
			t.Errorf("result %d: %s, want it to name %s", i, got, want)
		}
	}
	if n, err := st.CountArticles(t.Context(), "default", akin.Filter{}); err != nil || n != 2 {
		t.Errorf("%d articles are stored (%v), want 2", n, err)
	}
}

func TestRefusedArticleKeepsItsOldSelf(t *testing.T) {
	stage, st, embedder := open(t)
	put(t, stage, article("a", "旧的一段。"))
	embedder.fail = func(string) error { return errors.New("no") }
	if got, want := outcomes(put(t, stage, article("a", "新的一段。"))), "a refused"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	got, err := st.Articles(t.Context(), "default", []string{"a"}, store.Read{Text: true, Vectors: true, Passages: true})
	if err != nil || got["a"].Article.Paragraphs[0].Text != "旧的一段。" {
		t.Errorf("stored: %+v (%v), want the old paragraph", got["a"].Article, err)
	}
}

// An embedder that says which texts it cannot take is asked once, and its reasons reach the articles with the place of the text.
func TestRefusedTextsAreNamed(t *testing.T) {
	stage, _, embedder := open(t)
	embedder.refuse = func(text string) error {
		if strings.Contains(text, "poison") {
			return errors.New("not to my taste")
		}
		return nil
	}
	inHeading := article("titled", "渡轮停运三天。")
	inHeading.Title = "poison"
	results := put(t, stage, article("good", "水库照常供水。"), article("bad", "一段。", "a poison pill", "a poison pill"), inHeading, article("same", "a poison pill"), article("fine", "三段。"))
	if got, want := outcomes(results), "good written, bad refused, titled refused, same refused, fine written"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, want := range map[int]string{
		1: `embed article "bad", paragraph 2: the embedder failed: not to my taste`,
		2: `embed article "titled", heading: the embedder failed: not to my taste`,
		3: `embed article "same", paragraph 1: the embedder failed: not to my taste`,
	} {
		if got := fmt.Sprint(results[i].Err); got != want || !errors.Is(results[i].Err, akin.ErrEmbedder) {
			t.Errorf("result %d: %s\nwant %s", i, got, want)
		}
	}
	if calls := embedder.calls; calls != 1 {
		t.Errorf("the embedder was called %d times", calls)
	}
}

// forgetful leaves a text out, and says nothing.
type forgetful struct{ akin.Embedder }

func (f forgetful) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	vectors, err := f.Embedder.Embed(ctx, purpose, texts)
	return vectors[:len(vectors)-1], err
}

func TestTextWithoutAVectorIsNotStored(t *testing.T) {
	st := storetest.Open(t, embed.Fingerprint(builtin(t)), builtin(t).Dimensions())
	results := put(t, embed.New(st, forgetful{builtin(t)}), article("good", "水库照常供水。"), article("last", "一段。", "二段。"))
	if got, want := outcomes(results), "good written, last refused"; got != want || !strings.Contains(fmt.Sprint(results[1].Err), `"last", paragraph 2`) {
		t.Errorf("got %s (%v), want %s", got, results[1].Err, want)
	}
}

func TestEmbedderThatIsNotSetUpStopsEverything(t *testing.T) {
	for _, cause := range []error{akin.ErrSetup, akin.ErrMismatch} {
		stage, _, embedder := open(t)
		embedder.fail = func(string) error { return fmt.Errorf("set a key: %w", cause) }
		_, err := stage.Put(t.Context(), "default", []akin.Article{article("a", "一段。"), article("b", "二段。")})
		if !errors.Is(err, cause) || embedder.calls != 1 {
			t.Errorf("after %d calls: %v, want %v after one", embedder.calls, err, cause)
		}
	}
}

func TestEmbedderThatIsAwayStopsEverything(t *testing.T) {
	stage, _, embedder := open(t)
	embedder.fail = func(string) error { return fmt.Errorf("connection refused: %w", akin.ErrUnavailable) }
	_, err := stage.Put(t.Context(), "default", []akin.Article{article("a", "一段。"), article("b", "二段。")})
	if !errors.Is(err, akin.ErrUnavailable) || !errors.Is(err, akin.ErrEmbedder) {
		t.Errorf("got %v, want one that is unavailable, and the embedder's", err)
	}
}

// The same id from several callers at once ends as one whole article, whichever comes last.
func TestPutsOfOneIDAtOnce(t *testing.T) {
	stage, st, _ := open(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			var paragraphs []string
			for p := range 1 + i%4 {
				paragraphs = append(paragraphs, fmt.Sprintf("版本%d的第%d段。", i, p))
			}
			if _, err := stage.Put(context.Background(), "default", []akin.Article{article("a", paragraphs...)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	stored, err := st.Articles(t.Context(), "default", []string{"a"}, store.Read{Text: true})
	if err != nil {
		t.Fatal(err)
	}
	a := stored["a"].Article
	if got := places(t, st, "a"); len(got) != len(a.Paragraphs) {
		t.Errorf("the paragraphs %v have vectors, the article has %d", got, len(a.Paragraphs))
	}
}

func TestGivenStatementsAreKept(t *testing.T) {
	stage, st, _ := open(t)
	a := article("a", "林远山认为很好。")
	a.Statements = []akin.Statement{{Text: "很好", Speaker: "市长", Start: 5, End: 7}}
	put(t, stage, a)
	got, err := st.Statements(t.Context(), "default", []string{"a#1"})
	if err != nil || got["a#1"].Statement.Speaker != "市长" {
		t.Errorf("got %+v (%v), want the statement that was sent", got["a#1"], err)
	}
}

// TestStoredArticleIsNoChange puts an article again as the store gives it, with the statements that were read of it; then with one less, which is another article.
func TestStoredArticleIsNoChange(t *testing.T) {
	stage, st, _ := open(t)
	a := article("a", "临河市长林远山表示，工程下月开工。水库照常供水。")
	put(t, stage, a)
	stored, err := st.Articles(t.Context(), "default", []string{"a"}, store.Read{Text: true})
	if err != nil {
		t.Fatal(err)
	}
	back := stored["a"].Article
	if len(back.Statements) < 2 {
		t.Fatalf("statements %+v, want two at least", back.Statements)
	}
	if got, want := outcomes(put(t, stage, back)), "a unchanged"; got != want {
		t.Errorf("the stored article: got %s, want %s", got, want)
	}
	back.Statements = back.Statements[:1]
	if got, want := outcomes(put(t, stage, back)), "a written"; got != want {
		t.Errorf("with one statement less: got %s, want %s", got, want)
	}
	if got, want := outcomes(put(t, stage, a)), "a written"; got != want {
		t.Errorf("without statements again: got %s, want %s", got, want)
	}
}
