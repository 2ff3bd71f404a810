package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

const dimensions = 4

// document is an article with vectors that point where the seed says.
func document(id string, seed float32, change func(a *akin.Article)) store.Document {
	a := akin.Article{
		ID:            id,
		Title:         "Title of " + id,
		Subtitle:      "Second line",
		Language:      "en",
		PublishedDate: "2014-05-20",
		Source:        "The Halven Courier",
		Page:          "02",
		Section:       "Home",
		Dateline:      "HALVEN",
		Agency:        "Northern Wire",
		Authors:       []string{"Ruth Adler", "Tom Beck"},
		Keywords:      []string{"tunnel", "19"},
		Captions:      []akin.Caption{{Text: "The tunnel.", Credit: "Anna Bell"}},
		Paragraphs:    []akin.Paragraph{{Text: "First of " + id}, {Text: "临河市长说，会完成的。"}},
		Statements: []akin.Statement{{
			Text: "会完成的。", Speaker: "林远山", Cue: "说", Kind: akin.Indirect, Confidence: 0.9, Paragraph: 1, Start: 6, End: 11,
		}},
		URL:        "https://example.org/" + id,
		Attributes: map[string]string{"site": "Archive"},
	}
	change(&a)
	a.Place()
	d := store.Document{Article: a, Revision: "r1", Sketch: "sketch", Dense: vector(seed), Lexical: words(a.Title), Keys: words(a.Title), Heading: store.Passage{Digest: id + "h", Dense: vector(seed)}}
	for i := range a.Paragraphs {
		d.Paragraphs = append(d.Paragraphs, store.Passage{Digest: fmt.Sprint(id, i), Dense: vector(seed + float32(i))})
	}
	for i := range a.Statements {
		d.Statements = append(d.Statements, store.Passage{Digest: fmt.Sprint(id, "s", i), Dense: vector(seed), Lexical: words(a.Statements[i].Text)})
	}
	return d
}

func vector(seed float32) []float32 {
	v := []float32{1, seed, 0, 0}
	return v
}

func words(text string) akin.SparseVector {
	var v akin.SparseVector
	for _, word := range strings.Fields(text) {
		index := uint32(0)
		for _, r := range word {
			index = index*31 + uint32(r)
		}
		if !slices.Contains(v.Indices, index) {
			v.Indices, v.Values = append(v.Indices, index), append(v.Values, 1)
		}
	}
	slices.Sort(v.Indices)
	return v
}

func same(*akin.Article) {}

func TestArticleComesBackWhole(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	want := document("dam/1 水库", 0.5, same)
	if err := st.Put(t.Context(), "default", []store.Document{want}); err != nil {
		t.Fatal(err)
	}
	got, err := st.Articles(t.Context(), "default", []string{"dam/1 水库", "other"}, store.Read{Text: true, Vectors: true, Passages: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("got %d articles, want 1", len(got))
	}
	stored := got["dam/1 水库"]
	if diff := cmp.Diff(want.Article, stored.Article); diff != "" {
		t.Errorf("article (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Lexical, stored.Lexical); diff != "" {
		t.Errorf("lexical vector (-want +got):\n%s", diff)
	}
	if stored.Sketch != want.Sketch {
		t.Errorf("sketch %q, want %q", stored.Sketch, want.Sketch)
	}
	if got, want := stored.Dense[1]/stored.Dense[0], float32(0.5); got-want > 1e-6 || want-got > 1e-6 {
		t.Errorf("dense vector %v, want the direction of %v", stored.Dense, vector(0.5))
	}
}

func TestCorporaAreApart(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	if err := st.Put(t.Context(), "one", []store.Document{document("a", 0, same)}); err != nil {
		t.Fatal(err)
	}
	if err := st.Put(t.Context(), "two", []store.Document{document("a", 1, same), document("b", 1, same)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := st.Delete(t.Context(), "two", []string{"a"}); err != nil {
		t.Fatal(err)
	}
	for corpus, want := range map[string]int{"one": 1, "two": 1, "three": 0} {
		got, err := st.CountArticles(t.Context(), corpus, akin.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("corpus %s has %d articles, want %d", corpus, got, want)
		}
	}
	hits, _, err := st.RelatedArticles(t.Context(), store.Search{Corpus: "one", Like: []store.Probe{{Dense: vector(1)}}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(hits) != 1 || hits[0].ID != "a" {
		t.Errorf("a search of corpus one finds %v", hits)
	}
}

func TestPutAgainLeavesNothingOld(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	if err := st.Put(t.Context(), "default", []store.Document{document("a", 0, same), document("b", 0, same)}); err != nil {
		t.Fatal(err)
	}
	shorter := document("a", 0, func(a *akin.Article) { a.Paragraphs, a.Statements = a.Paragraphs[:1], nil })
	shorter.Revision = "r2"
	if err := st.Put(t.Context(), "default", []store.Document{shorter}); err != nil {
		t.Fatal(err)
	}
	if got, want := places(t, st, "a"), []int{store.HeadingPlace, 0}; !slices.Equal(got, want) {
		t.Errorf("a has vectors for the passages %v, want %v", got, want)
	}
	statements, err := st.Statements(t.Context(), "default", []string{"a#1", "b#1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := statements["a#1"]; ok || len(statements) != 1 {
		t.Errorf("statements %v: want b's alone", statements)
	}
	if n, err := st.CountStatements(t.Context(), "default", akin.Filter{}); err != nil || n != 1 {
		t.Errorf("%d statements (%v), want 1", n, err)
	}
}

// places lists the passages of a stored article that have vectors.
func places(t *testing.T, st *store.Store, id string) []int {
	t.Helper()
	stored, err := st.Articles(t.Context(), "default", []string{id}, store.Read{Text: true, Passages: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	a := stored[id]
	a.EachPassage(func(place int, _ []float32) { list = append(list, place) })
	return list
}

func TestDelete(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	if err := st.Put(t.Context(), "default", []store.Document{document("a", 0, same), document("b", 0, same)}); err != nil {
		t.Fatal(err)
	}
	deleted, missing, err := st.Delete(t.Context(), "default", []string{"a", "x", "a"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(deleted, []string{"a"}) || !slices.Equal(missing, []string{"x"}) {
		t.Errorf("deleted %v, missing %v; want [a] and [x]", deleted, missing)
	}
	if a, b := places(t, st, "a"), places(t, st, "b"); len(a) != 0 || len(b) != 3 {
		t.Errorf("a has vectors for the passages %v, b for %v; want none, and all three", a, b)
	}
	statements, err := st.Statements(t.Context(), "default", []string{"a#1", "b#1"})
	if err != nil || len(statements) != 1 {
		t.Errorf("statements %v (%v), want b's alone", statements, err)
	}
}

func TestFilters(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	err := st.Put(t.Context(), "default", []store.Document{
		document("old", 0, func(a *akin.Article) { a.PublishedDate = "2009-12-31" }),
		document("mid", 0, func(a *akin.Article) { a.PublishedDate, a.Language = "2010-01-01", "zh" }),
		document("new", 0, func(a *akin.Article) {
			a.PublishedDate, a.Source, a.Section = "2010-01-02", "Other", "Abroad"
			a.Keywords = []string{"ferry"}
			a.Statements[0].Speaker = "Ruth Calder"
		}),
		document("undated", 0, func(a *akin.Article) { a.PublishedDate, a.Statements = "", nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		filter akin.Filter
		want   string
	}{
		{"nothing asked", akin.Filter{}, "mid new old undated"},
		{"from a day on", akin.Filter{PublishedFrom: "2010-01-01"}, "mid new"},
		{"before a day", akin.Filter{PublishedBefore: "2010-01-01"}, "old"},
		{"one day", akin.Filter{PublishedFrom: "2010-01-01", PublishedBefore: "2010-01-02"}, "mid"},
		{"a language", akin.Filter{Languages: []string{"zh", "fr"}}, "mid"},
		{"a source", akin.Filter{Sources: []string{"Other"}}, "new"},
		{"a section", akin.Filter{Sections: []string{"Abroad"}}, "new"},
		{"a keyword that is a number", akin.Filter{Keywords: []string{"19"}}, "mid old undated"},
		{"a speaker", akin.Filter{Speakers: []string{"林远山"}}, "mid old"},
		{"not a speaker", akin.Filter{ExcludedSpeakers: []string{"林远山"}}, "new undated"},
		{"not these", akin.Filter{ExcludedIDs: []string{"old", "new"}}, "mid undated"},
		{"two at once", akin.Filter{Sources: []string{"Other"}, Languages: []string{"zh"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			articles, next, err := st.List(t.Context(), "default", test.filter, 10, "")
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, a := range articles {
				ids = append(ids, a.ID)
				if a.Paragraphs != nil || a.Title == "" {
					t.Errorf("%s comes with %d paragraphs and the title %q", a.ID, len(a.Paragraphs), a.Title)
				}
			}
			slices.Sort(ids)
			if got := strings.Join(ids, " "); got != test.want || next != "" {
				t.Errorf("got %q and the token %q, want %q", got, next, test.want)
			}
			if n, err := st.CountArticles(t.Context(), "default", test.filter); err != nil || n != len(ids) {
				t.Errorf("counted %d (%v), listed %d", n, err, len(ids))
			}
		})
	}
}

func TestListPages(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	var documents []store.Document
	for i := range 7 {
		documents = append(documents, document(fmt.Sprint("a", i), 0, same))
	}
	if err := st.Put(t.Context(), "default", documents); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	token, pages := "", 0
	for {
		articles, next, err := st.List(t.Context(), "default", akin.Filter{}, 3, token)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range articles {
			seen[a.ID]++
		}
		if token, pages = next, pages+1; token == "" {
			break
		}
	}
	if len(seen) != 7 || pages != 3 {
		t.Errorf("%d pages hold %v, want 3 and each article once", pages, seen)
	}
}

func TestSearchScoresEveryCandidateByBothVectors(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	err := st.Put(t.Context(), "default", []store.Document{
		document("near", 0, func(a *akin.Article) { a.Title = "nothing shared" }),
		document("words", 9, func(a *akin.Article) { a.Title = "rare term" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	hits, _, err := st.RelatedArticles(t.Context(), store.Search{
		Corpus: "default", Limit: 1,
		Like:   []store.Probe{{Dense: vector(0), Lexical: words("rare term")}},
		Unlike: []store.Probe{{Dense: vector(9)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]store.ArticleHit{}
	for _, h := range hits {
		got[h.ID] = h
	}
	if len(got) != 2 {
		t.Fatalf("got %v, want both", hits)
	}
	near, words := got["near"], got["words"]
	if near.Like[0].Dense < 0.99 || near.Like[0].Lexical != 0 {
		t.Errorf("near: %+v, want a cosine of 1 and no word shared", near.Like)
	}
	if words.Like[0].Dense < 0.1 || words.Like[0].Dense > 0.12 || words.Like[0].Lexical <= 0 {
		t.Errorf("words: %+v, want a cosine of about 0.11 although it is not the nearest, and words shared", words.Like)
	}
	if words.Unlike[0].Dense < 0.99 {
		t.Errorf("words: %+v, want a cosine of 1 to what the search is unlike", words.Unlike)
	}
}

// TestSearchByID holds that a stored article is compared by its own vectors, is no candidate itself, and comes back as what it is.
func TestSearchByID(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	err := st.Put(t.Context(), "default", []store.Document{document("a", 0, same), document("b", 0, same), document("c", 9, same)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		like       []string
		hits, seed string
	}{
		{"one", []string{"a"}, "b c", "a"},
		{"two", []string{"a", "b"}, "c", "a b"},
		{"one that is not stored beside one that is", []string{"x", "a"}, "b c", "a"},
		{"none that is stored", []string{"x"}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			search := store.Search{Corpus: "default", Limit: 10, Passages: true}
			for _, id := range test.like {
				search.Like = append(search.Like, store.Probe{ID: id})
			}
			hits, seeds, err := st.RelatedArticles(t.Context(), search)
			if err != nil {
				t.Fatal(err)
			}
			var found, stored []string
			for _, h := range hits {
				found = append(found, h.ID)
				if h.ID == "b" && h.Like[0].Dense < 0.99 {
					t.Errorf("b: %+v, want a cosine of 1", h.Like)
				}
			}
			for id, s := range seeds {
				stored = append(stored, id)
				passages := 0
				s.EachPassage(func(int, []float32) { passages++ })
				if len(s.Lexical.Indices) == 0 || passages != 3 || s.Article.Title != "Title of "+id {
					t.Errorf("seed %s: %d passages, lexical %v, title %q", id, passages, s.Lexical, s.Article.Title)
				}
			}
			slices.Sort(found)
			slices.Sort(stored)
			if got := strings.Join(found, " "); got != test.hits {
				t.Errorf("found %q, want %q", got, test.hits)
			}
			if got := strings.Join(stored, " "); got != test.seed {
				t.Errorf("seeds %q, want %q", got, test.seed)
			}
		})
	}
}

// TestPassagesOfALongArticle holds that none is without a vector when there are more than a point may hold.
func TestPassagesOfALongArticle(t *testing.T) {
	const dimensions = 1 << 16 // sixteen rows
	st := storetest.Open(t, "test", dimensions)
	d := document("long", 0, func(a *akin.Article) {
		a.Paragraphs, a.Statements = nil, nil
		for i := range 20 {
			a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: fmt.Sprint("paragraph ", i)})
		}
	})
	long := func(seed float32) []float32 { return append(vector(seed), make([]float32, dimensions-4)...) }
	d.Dense, d.Heading.Dense = long(0), long(0)
	for i := range d.Paragraphs {
		d.Paragraphs[i].Dense = long(float32(i))
	}
	if err := st.Put(t.Context(), "default", []store.Document{d}); err != nil {
		t.Fatal(err)
	}
	got := places(t, st, "long")
	if len(got) != 21 || got[0] != store.HeadingPlace || got[20] != 19 {
		t.Errorf("the passages %v have vectors, want the heading and 20 paragraphs", got)
	}
	if vectors, err := st.Vectors(t.Context(), "default", []string{"long"}); err != nil || len(vectors) != 0 {
		t.Errorf("%d vectors of single passages (%v), want none, since they share rows", len(vectors), err)
	}
}

func TestVectorsByDigest(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	if err := st.Put(t.Context(), "default", []store.Document{document("a", 0, same), document("b", 3, same)}); err != nil {
		t.Fatal(err)
	}
	vectors, err := st.Vectors(t.Context(), "default", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for digest := range vectors {
		digests = append(digests, digest)
	}
	if diff := cmp.Diff([]string{"a0", "a1", "ah", "as0"}, digests, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("digests (-want +got):\n%s", diff)
	}
}

func TestStatementIDsThatAreNone(t *testing.T) {
	st := storetest.Open(t, "test", dimensions)
	if err := st.Put(t.Context(), "default", []store.Document{document("a", 0, same)}); err != nil {
		t.Fatal(err)
	}
	got, err := st.Statements(t.Context(), "default", []string{"a#1", "a", "#1", "a#", "a#0", "a#01", "a#-1", "a#99999999999999999999"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got["a#1"].Statement.Text != "会完成的。" || got["a#1"].Title != "Title of a" {
		t.Errorf("got %v, want a#1 alone", got)
	}
}

func TestAnotherEmbedderIsRefused(t *testing.T) {
	client, prefix := storetest.Client(t), storetest.Prefix()
	t.Cleanup(func() { storetest.Drop(t, client, prefix) })
	opts := store.Options{Prefix: prefix, Fingerprint: "one", Dimensions: dimensions}
	for range 2 { // makes it, and finds it
		if _, err := store.Open(t.Context(), client, opts); err != nil {
			t.Fatal(err)
		}
	}
	opts.Fingerprint = "two"
	_, err := store.Open(t.Context(), client, opts)
	if !errors.Is(err, akin.ErrMismatch) || !strings.Contains(err.Error(), `"one"`) || !strings.Contains(err.Error(), `"two"`) {
		t.Errorf("got %v, want an error that names both embedders", err)
	}
}
