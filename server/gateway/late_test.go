package gateway_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

// TestStoreAway takes the store away, in each way that networks have: what was asked by an id before is answered as it was then, to those who may ask; all else fails soon, and
// nobody is told more than before. When the store is back, nothing is late any more.
func TestStoreAway(t *testing.T) {
	for name, fail := range map[string]func(*storetest.Proxy){"cut off": (*storetest.Proxy).Cut, "silent": (*storetest.Proxy).Silence} {
		t.Run(name, func(t *testing.T) {
			var proxy *storetest.Proxy
			g := guard(t, server.Options{}, listen(t), func(t testing.TB, fingerprint string, dimensions int) (st *store.Store) {
				st, proxy = storetest.OpenApart(t, fingerprint, dimensions, 1500*time.Millisecond)
				return st
			})
			const (
				article = "/v1/corpora/mine/articles/a"
				list    = "/v1/corpora/mine/articles"
			)
			before := map[string]guardedReply{}
			for _, path := range []string{article, article + "/related", list} {
				before[path] = g.ask(t, "GET", path, "", "read mine")
				before[path].want(t, path, http.StatusOK, "")
			}
			g.ask(t, "GET", article+"s", "", "read mine").want(t, "what is not there", http.StatusNotFound, "NOT_FOUND")
			// The corpus changes before the store goes: what was said before is better than nothing.
			if _, err := g.stage.Put(t.Context(), "mine", []akin.Article{{ID: "b", Paragraphs: []akin.Paragraph{{Text: "Another ferry of mine."}}}}); err != nil {
				t.Fatal(err)
			}
			fail(proxy)
			late := func(path, key string, headers ...string) {
				t.Helper()
				got, was := g.ask(t, "GET", path, "", key, headers...), before[path]
				got.want(t, path, http.StatusOK, "")
				age, err := strconv.Atoi(got.header.Get("Age"))
				if got.body != was.body || got.header.Get("ETag") != was.header.Get("ETag") || err != nil ||
					got.header.Get("Cache-Control") != fmt.Sprintf("private, max-age=%d", age+10) || !strings.Contains(got.header.Get("Cache-Status"), "detail=STORE_UNAVAILABLE") {
					t.Errorf("%s: %v %s, before %v %s", path, got.header, got.body, was.header, was.body)
				}
			}
			late(article, "read mine")
			late(article+"/related", "write mine")
			if got := g.ask(t, "GET", article, "", "read mine", "If-None-Match", before[article].header.Get("ETag")); got.status != http.StatusNotModified || got.header.Get("Age") == "" {
				t.Errorf("with a tag: %d %v", got.status, got.header)
			}

			if want := `akin_cache_requests_total{cache="http",found="away"} 3` + "\n"; !strings.Contains(metricsOf(g.seen), want) {
				t.Errorf("the metrics lack %s", want)
			}

			const away = "STORE_UNAVAILABLE"
			for _, test := range []struct {
				name, method, path, body, key string
				status                        int
				reason                        string
			}{
				{"what nobody has asked before", "GET", "/v1/corpora/mine/articles/b", "", "read mine", 503, away},
				{"what was not there", "GET", article + "s", "", "read mine", 503, away},
				{"other parameters", "GET", article + "/related?page_size=3", "", "read mine", 503, away},
				{"a list", "GET", list, "", "read mine", 503, away},
				{"by text", "POST", "/v1/corpora/mine/related", `{"seeds":[{"text":"a ferry"}]}`, "read mine", 503, away},
				{"the same id of another corpus", "GET", "/v1/corpora/theirs/articles/a", "", "read theirs", 503, away},
				{"without a key", "GET", article, "", "", 401, "UNAUTHENTICATED"},
				{"by the key of another corpus", "GET", article, "", "read theirs", 403, "PERMISSION_DENIED"},
				{"by a key for pages, from none", "GET", article, "", "read mine published", 403, "PERMISSION_DENIED"},
			} {
				began := time.Now()
				got := g.ask(t, test.method, test.path, test.body, test.key, "If-None-Match", before[article].header.Get("ETag"))
				got.want(t, test.name, test.status, test.reason)
				if took := time.Since(began); took > patience/2 || strings.Contains(got.body, "ferry of mine") || got.header.Get("ETag") != "" {
					t.Errorf("%s: after %s %v %s", test.name, took, got.header, got.body)
				}
			}

			proxy.Heal()
			eventually(t, "an answer that is not late", func() bool {
				got := g.ask(t, "GET", article, "", "read mine")
				return got.status == http.StatusOK && got.header.Get("Age") == "" && got.header.Get("ETag") != before[article].header.Get("ETag")
			})
			// Without the server nobody knows who may ask: nobody is answered.
			g.leave()
			eventually(t, "the server is gone", func() bool { return g.ask(t, "GET", article, "", "read mine").reason == "SERVER_UNAVAILABLE" })
		})
	}
}
