package widget_test

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/gateway/widget"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

// pageAddress is where one article of the corpus is published; those of the sample have no address.
const pageAddress = "https://courier.example/2014/council-sits"

// published is that article. Its id holds what needs escaping.
const published = `{"id": "courier/隧道 1", "title": "The Council of Varn Sits Until Morning Over Its Tunnel", "url": "` + pageAddress + `", "language": "en", "date": "2014-05-21",
	"text": "The council of Varn sat until morning over the toll of the harbour tunnel, and over the ferry that it is to replace."}`

// sample is a gateway to the sample corpus, with the box. Keys may be nil, for a server that asks nobody for one.
func sample(t *testing.T, keys *access.Keys) http.Handler {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	stage := embed.New(st, embedder)
	page := fstest.MapFS{"page.jsonl": {Data: []byte(strings.ReplaceAll(published, "\n", ""))}}
	for _, source := range []iter.Seq[embed.Item]{embed.ReadFS(testdata.News, "news"), embed.ReadFS(page, ".")} {
		if _, err := stage.Ingest(t.Context(), source, embed.IngestOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- server.New(st, stage, query.New(st, embedder, query.Options{Pending: stage.Pending}), server.Options{Drain: 5 * time.Second, Keys: keys}).Serve(ctx, lis)
	}()
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		stop()
		<-served
	})
	pages, err := access.Pages(keys, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(conn, gateway.Options{Wrap: func(api http.Handler) http.Handler { return widget.Handler(pages(api)) }})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "localhost" // by another name nobody is answered where no key is needed
	h.ServeHTTP(w, r)
	return w
}

// newKey makes a key that reads the corpus, for pages of some origins, and returns the keys and it.
func newKey(t *testing.T, origins ...string) (*access.Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	key, _, err := access.CreateKey(path, access.Key{Scope: access.Read, Corpus: akin.DefaultCorpus, Origins: origins})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := access.OpenKeys(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return keys, key
}

// The list holds what the JSON holds, by id and by address.
func TestListOfTheSampleCorpus(t *testing.T) {
	h := sample(t, nil)
	for _, c := range []struct{ name, path, query string }{
		{"by id", "/v1/corpora/default/articles/varn-tunnel-1/related", ""},
		{"by an id that is escaped", "/v1/corpora/default/articles/courier%2F%E9%9A%A7%E9%81%93%201/related", ""},
		{"by address", "/v1/corpora/default/related", "url=" + pageAddress + "&"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(t, h, c.path+"?"+c.query+"page_size=5&min_band=BAND_SAME_TOPIC")
			var answer struct {
				Matches []struct{ Article struct{ ID, Title string } }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Matches) == 0 {
				t.Fatalf("%d %s: %v", w.Code, w.Body, err)
			}
			var want, got []string
			for _, match := range answer.Matches {
				want = append(want, match.Article.Title)
			}
			w = get(t, h, c.path+".html?"+c.query+"link=/read/{id}")
			for _, a := range elements(parse(t, w.Body), "a") {
				got = append(got, a["text"])
			}
			if diff := cmp.Diff(want, got); w.Code != http.StatusOK || diff != "" {
				t.Errorf("%d (-JSON +HTML):\n%s", w.Code, diff)
			}
		})
	}
	for _, path := range []string{"/v1/corpora/default/articles/nobody/related.html", "/v1/corpora/default/related.html?url=https://courier.example/none"} {
		if w := get(t, h, path); w.Code != http.StatusNotFound || w.Body.Len() != 0 {
			t.Errorf("%s: %d %q, want 404 and nothing", path, w.Code, w.Body)
		}
	}
}

// Where keys are needed, the list and the page need one, in the URL; what they are made of does not.
func TestKeys(t *testing.T) {
	keys, key := newKey(t)
	h := sample(t, keys)
	const list = "/v1/corpora/default/articles/varn-tunnel-1/related.html"
	for _, c := range []struct {
		target string
		code   int
	}{
		{list, http.StatusUnauthorized},
		{list + "?key=akin_wrong_wrong", http.StatusUnauthorized},
		{list + "?key=" + key, http.StatusOK},
		{"/v1/corpora/other/articles/varn-tunnel-1/related.html?key=" + key, http.StatusForbidden},
		{"/demo", http.StatusUnauthorized},
		{"/demo?corpus=other&key=" + key, http.StatusForbidden},
		{"/demo?key=" + key, http.StatusOK},
		{"/akin.js", http.StatusOK},
		{widget.HashedPath(), http.StatusOK},
		{"/akin.json", http.StatusOK},
		{"/demo.css", http.StatusOK},
	} {
		w := get(t, h, c.target)
		if w.Code != c.code {
			t.Errorf("%s: %d, want %d", c.target, w.Code, c.code)
		}
		if c.code != http.StatusOK && strings.Contains(w.Body.String(), "Marrick") {
			t.Errorf("%s: what it refuses it shows: %s", c.target, w.Body)
		}
	}
	if got := elements(parse(t, get(t, h, "/demo?key="+key).Body), "akin-related")[0]["key"]; got != key {
		t.Errorf("the box on the page has the key %q, want that of the page", got)
	}
}

// A page of a key's origin may read the list by script, refusals and all; one of another may not.
func TestListOfAnotherOrigin(t *testing.T) {
	keys, key := newKey(t, "https://courier.example")
	h := sample(t, keys)
	for _, c := range []struct {
		origin, key, allowed string
		code                 int
	}{
		{"https://courier.example", key, "https://courier.example", http.StatusOK},
		{"https://courier.example", "", "https://courier.example", http.StatusUnauthorized},
		{"https://other.example", key, "", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/corpora/default/articles/varn-tunnel-1/related.html?key="+c.key, nil)
		r.Header.Set("Origin", c.origin)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != c.code || got != c.allowed || !slices.Contains(w.Header().Values("Vary"), "Origin") {
			t.Errorf("%s with key %q: %d for %q, varying with %q; want %d for %q, varying with the origin", c.origin, c.key, w.Code, got, w.Header().Values("Vary"), c.code, c.allowed)
		}
	}
}

func TestDemoOfTheSampleCorpus(t *testing.T) {
	h := sample(t, nil)
	document := parse(t, get(t, h, "/demo").Body)
	if got := len(elements(document, "li")); got != 20 {
		t.Errorf("%d articles are listed, want 20", got)
	}
	if got, newest := elements(document, "akin-related")[0]["article"], elements(document, "time")[0]["datetime"]; got == "" || newest < "2020" {
		t.Errorf("the box is about %q of %s, want the newest article", got, newest)
	}
	document = parse(t, get(t, h, "/demo?article=courier%2F%E9%9A%A7%E9%81%93+1").Body)
	if got := elements(document, "h1")[0]["text"]; got != "The Council of Varn Sits Until Morning Over Its Tunnel" {
		t.Errorf("shows %q", got)
	}
}
