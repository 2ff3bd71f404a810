package embed

import (
	"maps"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

// TestFamiliesAfterAKill leaves a deletion and a write as a kill does before the families are settled; whatever is put next makes them good.
func TestFamiliesAfterAKill(t *testing.T) {
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, Fingerprint(embedder), embedder.Dimensions())
	put := func(articles ...akin.Article) {
		t.Helper()
		if _, err := New(st, embedder).Put(t.Context(), "default", articles); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, want map[string]string) {
		t.Helper()
		prints, err := st.Prints(t.Context(), "default", []string{"earlier", "a", "b", "c"})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for id, p := range prints {
			got[id] = p.Family
		}
		if !maps.Equal(got, want) {
			t.Fatalf("%s: got %v, want %v", when, got, want)
		}
	}
	printed := func(id, date string) akin.Article {
		return akin.Article{ID: id, PublishedDate: date, Paragraphs: []akin.Paragraph{{
			Text: "临河市政府宣布，青石水库大坝加固工程将于6月3日开工，总投资4.2亿元。市长林远山说，工程完成后，下游三个县的12万居民将不再受汛期威胁。",
		}}}
	}
	other := akin.Article{ID: "other", Paragraphs: []akin.Paragraph{{Text: "渡轮停运三天。"}}}
	put(printed("a", "2002-01-01"), printed("b", "2003-01-01"), printed("c", "2004-01-01"))
	check("at first", map[string]string{"a": "a", "b": "a", "c": "a"})

	prints, err := st.Prints(t.Context(), "default", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Unsettle(t.Context(), "default", []string{"a"}, []string{prints["a"].Sketch}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := st.Delete(t.Context(), "default", []string{"a"}); err != nil {
		t.Fatal(err)
	}
	check("when killed after a deletion", map[string]string{"b": "a", "c": "a"})
	put(other)
	check("after that", map[string]string{"b": "b", "c": "b"})

	killed := New(st, embedder)
	documents, _ := killed.documents([]akin.Article{printed("earlier", "2001-01-01")}, make([]store.Origin, 1))
	documents[0].layOut()
	if err := killed.embed(t.Context(), "default", documents); err != nil {
		t.Fatal(err)
	}
	if err := st.Put(t.Context(), "default", []store.Document{documents[0].Document}); err != nil {
		t.Fatal(err)
	}
	check("when killed after a write", map[string]string{"earlier": "", "b": "b", "c": "b"})
	put(other)
	check("after that", map[string]string{"earlier": "earlier", "b": "earlier", "c": "earlier"})
}
