package generation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

// tapped is an embedder that tells of each call before it answers.
type tapped struct {
	akin.Embedder
	tap func(ctx context.Context, texts []string) error
}

func (e *tapped) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	if err := e.tap(ctx, texts); err != nil {
		return nil, err
	}
	return e.Embedder.Embed(ctx, purpose, texts)
}

func builtin(t *testing.T, dimensions int) akin.Embedder {
	t.Helper()
	e, err := encoder.NewBuiltin(encoder.BuiltinOptions{Dimensions: dimensions})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func article(n int) akin.Article {
	return akin.Article{
		ID: fmt.Sprintf("a%d", n), Title: fmt.Sprintf("Ferry number %d", n), Language: "en", PublishedDate: "2020-01-02",
		Paragraphs: []akin.Paragraph{{Text: fmt.Sprintf("Captain Rood said ferry %d is safe. It was built in %d.", n, 1800+n)}},
	}
}

// live is a generation of n articles.
func live(t *testing.T, n int) *generation.Live {
	t.Helper()
	e := builtin(t, 64)
	g := generation.Of(storetest.Open(t, embed.Fingerprint(e), e.Dimensions()), e)
	for i := range n {
		put(t, g.Stage, article(i))
	}
	return generation.NewLive(g)
}

func put(t *testing.T, stage *embed.Stage, a akin.Article) {
	t.Helper()
	results, err := stage.Put(t.Context(), "default", []akin.Article{a})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
}

func next(t *testing.T, l *generation.Live, e akin.Embedder) *generation.Generation {
	t.Helper()
	st, err := l.Now().Store.Next(t.Context(), embed.Fingerprint(e), e.Dimensions())
	if err != nil {
		t.Fatal(err)
	}
	return generation.Of(st, e)
}

func given(g *generation.Generation) func(context.Context) (*generation.Generation, error) {
	return func(context.Context) (*generation.Generation, error) { return g, nil }
}

func held(t *testing.T, st *store.Store) string {
	t.Helper()
	list, _, err := st.List(t.Context(), "default", akin.Filter{}, 1000, "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range list {
		out = append(out, a.ID+" "+a.Title)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestReindexWhileEverythingGoesOn asks and writes while another generation is made, cut short twice, and put in place: no question fails, no answer is made of both,
// and what was written, changed and deleted meanwhile is as it should be.
func TestReindexWhileEverythingGoesOn(t *testing.T) {
	const n = 150
	l := live(t, n)
	old := l.Now()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group sync.WaitGroup
	asked := 0
	group.Go(func() {
		for ; ctx.Err() == nil; asked++ {
			g := l.Now()
			r := query.Request{Corpus: "default", Seeds: []akin.Seed{{Text: "Captain Rood said ferry 7 is safe."}}, Limit: 5, Evidence: 1}
			if _, err := g.Engine.Related(ctx, r); err != nil && ctx.Err() == nil {
				t.Errorf("a question of generation %s: %v", g.Store.Name(), err)
				return
			}
		}
	})

	// Each cut comes from within the embedder, at a moment in the middle.
	calls := 0
	var mu sync.Mutex
	cut := errors.New("cut short")
	tap := &tapped{Embedder: builtin(t, 128), tap: func(context.Context, []string) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == 5 || calls == 11 {
			return fmt.Errorf("%w: %w", cut, akin.ErrSetup)
		}
		return nil
	}}
	target := next(t, l, tap)
	for range 2 {
		if err := l.Reindex(t.Context(), given(target), generation.Options{Batch: 8}); !errors.Is(err, cut) {
			t.Fatalf("got %v, want that it was cut short", err)
		}
		if l.Now() != old {
			t.Fatal("a generation that is not whole is live")
		}
	}
	// Gone between two tries: what the first try copied must not come back.
	if err := l.Write(func(g *generation.Generation) error {
		_, _, err := g.Stage.Delete(t.Context(), "default", []string{"a0", "a149"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	written := 0
	err := l.Reindex(t.Context(), given(target), generation.Options{Batch: 8, Sample: 20, Report: func(e generation.Event) {
		if e.Progress == nil || e.Progress.Pass > 2 {
			return
		}
		// As a caller would, in the midst of it: a new article, a changed one, a deleted one.
		written++
		changed := article(written)
		changed.Title += " changed"
		if err := l.Write(func(g *generation.Generation) error {
			if _, err := g.Stage.Put(t.Context(), "default", []akin.Article{article(1000 + written), changed}); err != nil {
				return err
			}
			_, _, err := g.Stage.Delete(t.Context(), "default", []string{fmt.Sprintf("a%d", 148-written)})
			return err
		}); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	group.Wait()
	if l.Now() != target {
		t.Error("the new generation is not live")
	}
	if got, want := held(t, target.Store), held(t, old.Store); got != want {
		t.Errorf("the new generation holds\n%s\nthe old one\n%s", got, want)
	}
	if written == 0 || asked == 0 {
		t.Errorf("%d writes and %d questions went on meanwhile", written, asked)
	}
	// The old one answers for whoever has begun with it, and takes nothing more.
	if _, err := old.Engine.Related(t.Context(), query.Request{Corpus: "default", Seeds: []akin.Seed{{Text: "ferry 7"}}, Limit: 5}); err != nil {
		t.Errorf("a question that began before: %v", err)
	}
	if _, err := old.Stage.Put(t.Context(), "default", []akin.Article{article(5000)}); !errors.Is(err, akin.ErrMismatch) {
		t.Errorf("a write into the old generation: %v, want a mismatch", err)
	}
}

// TestReindexedArticlesAreUnchanged: what is ingested again after a reindex is what the reindex wrote.
func TestReindexedArticlesAreUnchanged(t *testing.T) {
	l := live(t, 0)
	full := article(1)
	full.Subtitle, full.Source, full.Page, full.Section, full.Dateline, full.Agency = "Sub", "Gazette", "02", "News", "Varn", "Desk"
	full.Authors, full.Keywords, full.URL = []string{"A. Writer"}, []string{"ferry", "12"}, "https://gazette.example/1"
	full.Captions = []akin.Caption{{Text: "The ferry.", Credit: "B. Painter"}, {Text: "The quay."}}
	full.Attributes = map[string]string{"edition": "late"}
	bare := article(2)
	bare.Title, bare.Language, bare.PublishedDate, bare.Paragraphs = "", "", "", []akin.Paragraph{{Text: "一段。"}}
	put(t, l.Now().Stage, full)
	put(t, l.Now().Stage, bare)
	if err := l.Reindex(t.Context(), given(next(t, l, builtin(t, 128))), generation.Options{}); err != nil {
		t.Fatal(err)
	}
	results, err := l.Now().Stage.Put(t.Context(), "default", []akin.Article{full, bare})
	if err != nil || results[0].Outcome != embed.Unchanged || results[1].Outcome != embed.Unchanged {
		t.Errorf("got %v (%v), want both unchanged", results, err)
	}
}

func TestReindexThatIsRefusedSomething(t *testing.T) {
	l := live(t, 20)
	old := l.Now()
	picky := &tapped{Embedder: builtin(t, 128), tap: func(_ context.Context, texts []string) error {
		if slices.Contains(texts, "Ferry number 7") {
			return errors.New("not to my taste")
		}
		return nil
	}}
	var told []string
	opts := generation.Options{Report: func(e generation.Event) {
		if e.Refused != nil {
			told = append(told, e.Refused.ID)
		}
	}}
	target := next(t, l, picky)
	if err := l.Reindex(t.Context(), given(target), opts); !errors.Is(err, generation.ErrRefused) || l.Now() != old {
		t.Errorf("got %v, want a refusal, and the old generation live", err)
	}
	opts.WithoutRefused = true
	if err := l.Reindex(t.Context(), given(target), opts); err != nil || l.Now() != target {
		t.Errorf("got %v, want the new generation live", err)
	}
	if got, want := strings.Join(told, " "), "a7 a7"; got != want {
		t.Errorf("told of %s, want %s: once each time", got, want)
	}
	if _, err := target.Store.Articles(t.Context(), "default", []string{"a7"}, store.Read{}); err != nil || strings.Contains(held(t, target.Store), "a7 ") {
		t.Errorf("the new generation holds %s (%v), want all but a7", held(t, target.Store), err)
	}
}

func TestReindexBackAndDrop(t *testing.T) {
	l := live(t, 10)
	first := l.Now().Store.Name()
	if err := l.Reindex(t.Context(), given(next(t, l, builtin(t, 128))), generation.Options{KeepLive: true}); err != nil || l.Now().Store.Name() != first {
		t.Errorf("asked to leave the live one where it is: %v, %s is live", err, l.Now().Store.Name())
	}
	if err := l.Reindex(t.Context(), given(next(t, l, builtin(t, 128))), generation.Options{}); err != nil {
		t.Fatal(err)
	}
	second := l.Now().Store.Name()
	put(t, l.Now().Stage, article(100))
	if _, _, err := l.Now().Stage.Delete(t.Context(), "default", []string{"a3"}); err != nil {
		t.Fatal(err)
	}
	want := held(t, l.Now().Store)
	if err := l.Reindex(t.Context(), given(next(t, l, builtin(t, 64))), generation.Options{}); err != nil {
		t.Fatal(err)
	}
	if l.Now().Store.Name() != first || held(t, l.Now().Store) != want {
		t.Errorf("%s holds %s, want %s with %s", l.Now().Store.Name(), held(t, l.Now().Store), first, want)
	}
	if _, err := l.Now().Store.Next(t.Context(), l.Now().Store.Fingerprint(), 64); err == nil {
		t.Error("the live generation can be made anew in place")
	}
	invalid := new(akin.InvalidError)
	if err := l.Drop(t.Context(), first); !errors.As(err, &invalid) {
		t.Errorf("drop the live one: %v, want that it is refused", err)
	}
	if err := l.Drop(t.Context(), "v2_nothing"); !errors.Is(err, akin.ErrNotFound) {
		t.Errorf("drop one that is not there: %v", err)
	}
	if err := l.Drop(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	list, err := l.Now().Store.Generations(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != first || !list[0].Live || list[0].Articles != 10 || list[0].Statements == 0 {
		t.Errorf("left: %+v (%v), want %s alone", list, err, first)
	}
}
