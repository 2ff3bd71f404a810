package store_test

import (
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

func TestPublishedAt(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t, "fingerprint", dimensions)
	at := func(id, url string) store.Document { return document(id, 1, func(a *akin.Article) { a.URL = url }) }
	if err := st.Put(t.Context(), "default", []store.Document{
		at("ferry", "http://Courier.example/2014/ferry/?utm_source=feed#top"),
		at("tunnel", "https://courier.example/show?page=2&id=7"),
		at("桥", "https://courier.example/新闻/桥.html"),
		at("root", "https://front.example"),
		at("nowhere", ""),
	}); err != nil {
		t.Fatal(err)
	}
	if err := st.Put(t.Context(), "other", []store.Document{at("elsewhere", "https://courier.example/elsewhere")}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, url, want string }{
		{"another scheme, no slash, no parameters", "https://courier.example/2014/ferry", "ferry"},
		{"other marks of a visit", "https://courier.example/2014/ferry/?fbclid=1&UTM_Campaign=2", "ferry"},
		{"the scheme's port", "http://courier.example:80/2014/ferry", "ferry"},
		{"another port", "http://courier.example:8080/2014/ferry", ""},
		{"letters of a path are told apart", "https://courier.example/2014/Ferry", ""},
		{"parameters in another order", "https://courier.example/show?id=7&page=2", "tunnel"},
		{"another parameter", "https://courier.example/show?id=8&page=2", ""},
		{"escaped", "https://courier.example/%E6%96%B0%E9%97%BB/%E6%A1%A5.html", "桥"},
		{"a host alone", "https://front.example/", "root"},
		{"another corpus", "https://courier.example/elsewhere", ""},
		{"no address of a page", "javascript:alert(1)", ""},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := st.PublishedAt(t.Context(), "default", test.url)
			if err != nil || got != test.want {
				t.Errorf("%s: got %q, %v, want %q", test.url, got, err, test.want)
			}
		})
	}
}

func TestCorpusRevision(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t, "fingerprint", dimensions)
	seen := map[string]string{}
	step := func(name string, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		revision, err := st.CorpusRevision(t.Context(), "default")
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[revision]; ok {
			t.Errorf("after %s the revision is %q, as after %s", name, revision, before)
		}
		seen[revision] = name
	}
	put := func(corpus string) func() error {
		return func() error { return st.Put(t.Context(), corpus, []store.Document{document("a", 1, same)}) }
	}
	step("nothing", func() error { return nil })
	step("a put", put("default"))
	step("another put", put("default"))
	step("a deletion", func() error {
		_, _, err := st.Delete(t.Context(), "default", []string{"a"})
		return err
	})
	before, err := st.CorpusRevision(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	if err := put("other")(); err != nil {
		t.Fatal(err)
	}
	if after, err := st.CorpusRevision(t.Context(), "default"); err != nil || after != before {
		t.Errorf("a put into another corpus made %q of %q (%v)", after, before, err)
	}
	if n, err := st.CountArticles(t.Context(), "default", akin.Filter{}); err != nil || n != 0 {
		t.Errorf("an empty corpus has %d articles (%v): its revision is none", n, err)
	}
}
