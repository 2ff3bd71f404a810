package gateway_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/observe"
)

const relatedPath = tunnelPath + "/related"

// TestKept: an answer is computed once for as long as its corpus stays as it is, however its parameters are spelt, and another one afterwards.
func TestKept(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	first := s.get(t, relatedPath+"?page_size=3&filter.languages=en&filter.languages=zh")
	if got := first.Header.Get("Cache-Status"); first.StatusCode != 200 || got != "akin; fwd=miss" {
		t.Errorf("%d, Cache-Status %q", first.StatusCode, got)
	}
	again := s.get(t, relatedPath+"?filter.languages=en&filter.languages=zh&pageSize=3")
	if got := again.Header.Get("Cache-Status"); string(again.body) != string(first.body) || got != "akin; hit" || s.calls.related.Load() != 1 {
		t.Errorf("Cache-Status %q, %d calls", got, s.calls.related.Load())
	}
	etag := first.Header.Get("ETag")
	if again.Header.Get("ETag") != etag || !strings.HasPrefix(etag, `W/"`) {
		t.Errorf("ETag %q, then %q", etag, again.Header.Get("ETag"))
	}
	for _, other := range []string{"?page_size=4&filter.languages=en&filter.languages=zh", "?page_size=3&filter.languages=en", "?page_size=3&filter.languages=en&filter.languages=zh&diversity=0.5"} {
		if got := s.get(t, relatedPath+other).Header.Get("ETag"); got == etag || got == "" {
			t.Errorf("%s has the ETag %q of another request", other, got)
		}
	}
	if got := s.get(t, "/v1/corpora/other/related?id=varn-tunnel-1"); got.StatusCode != 404 {
		t.Errorf("another corpus: %d\n%s", got.StatusCode, got.body)
	}

	s.put(t, articlesPath, `{"id":"new","title":"The Varn tunnel","paragraphs":[{"text":"The Varn tunnel carries 9,500 vehicles a day, and Owen Marrick said so."}]}`)
	changed := s.get(t, relatedPath+"?page_size=3&filter.languages=en&filter.languages=zh", "If-None-Match", etag)
	if changed.StatusCode != 200 || changed.Header.Get("ETag") == etag {
		t.Errorf("after a change: %d, ETag %q", changed.StatusCode, changed.Header.Get("ETag"))
	}
}

// TestNotModified answers 304 without computing anything, also to a gateway that was started anew.
func TestNotModified(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	etag := s.get(t, relatedPath).Header.Get("ETag")
	s.stop()
	s.serve(t, gateway.Options{})
	before := s.calls.related.Load()
	for _, sent := range []string{etag, `"x", ` + etag, strings.TrimPrefix(etag, "W/")} {
		r := s.get(t, relatedPath, "If-None-Match", sent)
		if r.StatusCode != 304 || len(r.body) > 0 || r.Header.Get("ETag") != etag || !strings.Contains(r.Header.Get("Cache-Control"), "max-age=") {
			t.Errorf("If-None-Match: %s: %d, %v", sent, r.StatusCode, r.Header)
		}
	}
	if after := s.calls.related.Load(); after != before {
		t.Errorf("%d calls were made", after-before)
	}
	if r := s.get(t, relatedPath, "If-None-Match", `W/"another"`); r.StatusCode != 200 {
		t.Errorf("another tag: %d", r.StatusCode)
	}
	s.stop()
	s.serve(t, gateway.Options{Version: "another"})
	if r := s.get(t, relatedPath, "If-None-Match", etag); r.StatusCode != 200 {
		t.Errorf("another version: %d", r.StatusCode)
	}
}

// TestBelieved: how long an answer may be kept by others depends on how old its article is, and on what is missing.
func TestBelieved(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	date := func(days int) string { return time.Now().AddDate(0, 0, -days).Format(time.DateOnly) }
	var lines strings.Builder
	for id, published := range map[string]string{"today": date(0), "week": date(7), "months": date(100), "undated": ""} {
		fmt.Fprintf(&lines, `{"id":%q,"published_date":%q,"paragraphs":[{"text":"The Varn tunnel carries 9,500 vehicles a day, said Owen Marrick on the %s."}]}`+"\n", id, published, id)
	}
	if r := s.put(t, articlesPath, lines.String()); r.StatusCode != 200 || strings.Contains(string(r.body), "REFUSED") {
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	for path, seconds := range map[string]int{
		articlesPath + "/today/related":                                300,
		articlesPath + "/today":                                        300,
		articlesPath + "/week/related":                                 3600,
		articlesPath + "/months/related":                               21600,
		articlesPath + "/undated/related":                              900,
		relatedPath:                                                    86400,
		corpusPath + "/statements/varn-tunnel-1%231/similar":           86400,
		relatedPath + "?min_band=BAND_SAME_TEXT&filter.sources=nobody": 60, // empty
		articlesPath: 60,
	} {
		want := fmt.Sprintf("public, max-age=%d, stale-while-revalidate=%d, stale-if-error=86400", seconds, seconds)
		if got := s.get(t, path).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if got := s.get(t, articlesPath+"/nobody/related").Header.Get("Cache-Control"); got != "private, max-age=30" {
		t.Errorf("an article that is not there yet: %s", got)
	}
	if got := s.post(t, corpusPath+"/related", `{"seeds":[{"id":"today"}]}`).Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("by POST: %s", got)
	}
}

// TestOnce: equal requests at the same moment are one call, and a caller who leaves spoils nothing for the others.
func TestOnce(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{Limits: server.Limits{Calls: 64}})
	hold := make(chan struct{})
	s.calls.hold.Store(&hold)
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(leaving, http.MethodGet, s.address+relatedPath, nil)
		if err != nil {
			left <- err
			return
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		left <- err
	}()
	eventually(t, "the first call", func() bool { return s.calls.related.Load() == 1 })
	const others = 20
	var wait sync.WaitGroup
	for range others {
		wait.Go(func() {
			if r := s.get(t, relatedPath); r.StatusCode != 200 || !strings.Contains(string(r.body), "varn-tunnel-2") {
				t.Errorf("%d\n%s", r.StatusCode, r.body)
			}
		})
	}
	eventually(t, "all others wait", func() bool { return s.calls.corpus.Load() == 1+others })
	leave()
	if err := <-left; err == nil {
		t.Error("the caller who left got an answer")
	}
	close(hold)
	wait.Wait()
	if n := s.calls.related.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// TestBusy: while as many answers are made as there is room for, what was said of an article within the last minute is said again, though its corpus has changed; what was never
// said is made, and all is as it should be when there is room again.
func TestBusy(t *testing.T) {
	seen := observe.New(observe.Options{})
	s := start(t, gateway.Options{Busy: 2, Observe: seen}, server.Options{Limits: server.Limits{Calls: 64}})
	before := s.get(t, relatedPath)
	if before.StatusCode != 200 {
		t.Fatalf("%d\n%s", before.StatusCode, before.body)
	}
	if _, err := s.stage.Put(t.Context(), akin.DefaultCorpus, []akin.Article{{ID: "late", Paragraphs: []akin.Paragraph{{Text: "A late ferry."}}}}); err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	s.calls.hold.Store(&hold)
	var wait sync.WaitGroup
	for _, parameter := range []string{"?page_size=3", "?page_size=4"} {
		wait.Go(func() {
			if r := s.get(t, relatedPath+parameter); r.StatusCode != 200 || r.Header.Get("Age") != "" {
				t.Errorf("%s, never asked before: %d %v", parameter, r.StatusCode, r.Header)
			}
		})
	}
	eventually(t, "two answers are made", func() bool { return s.calls.related.Load() == 3 })
	r := s.get(t, relatedPath)
	if r.StatusCode != 200 || string(r.body) != string(before.body) || r.Header.Get("ETag") != before.Header.Get("ETag") || !strings.Contains(r.Header.Get("Cache-Status"), "detail=BUSY") {
		t.Errorf("while they are: %d %v\n%s", r.StatusCode, r.Header, r.body)
	}
	s.calls.hold.Store(nil)
	close(hold)
	wait.Wait()
	if r := s.get(t, relatedPath); r.StatusCode != 200 || r.Header.Get("ETag") == before.Header.Get("ETag") || r.Header.Get("Age") != "" {
		t.Errorf("when there is room again: %d %v", r.StatusCode, r.Header)
	}
	wantFound(t, seen, map[string]int{"busy": 1, "miss": 4})
}

// TestCacheIsBounded asks for more than is kept.
func TestCacheIsBounded(t *testing.T) {
	s := start(t, gateway.Options{Cache: 100_000}, server.Options{})
	total := 0
	for i := range 100 {
		total += len(s.get(t, fmt.Sprintf("%s?diversity=0.%03d", relatedPath, i)).body)
	}
	if total < 1_000_000 {
		t.Fatalf("%d bytes of answers are too few to tell", total)
	}
	hits := 0
	for i := range 100 {
		if strings.HasSuffix(s.get(t, fmt.Sprintf("%s?diversity=0.%03d", relatedPath, i)).Header.Get("Cache-Status"), "hit") {
			hits++
		}
	}
	if hits > 20 {
		t.Errorf("%d of 100 answers, of %d bytes in all, are kept in 100,000 bytes", hits, total)
	}
	s.stop()
	s.serve(t, gateway.Options{Cache: -1})
	for range 2 {
		if got := s.get(t, relatedPath).Header.Get("Cache-Status"); got != "akin; fwd=miss" {
			t.Errorf("without a cache: %s", got)
		}
	}
}

// metricsOf is the page with all metrics.
func metricsOf(seen *observe.Observer) string {
	page := httptest.NewRecorder()
	seen.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return page.Body.String()
}

// wantFound holds how many requests found what in the cache.
func wantFound(t *testing.T, seen *observe.Observer, want map[string]int) {
	t.Helper()
	page := metricsOf(seen)
	for _, found := range []string{"hit", "unchanged", "busy", "away", "miss"} {
		if line := fmt.Sprintf("akin_cache_requests_total{cache=\"http\",found=%q} %d\n", found, want[found]); !strings.Contains(page, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// TestCacheIsSeen reads the metrics of the cache: each request is counted once.
func TestCacheIsSeen(t *testing.T) {
	seen := observe.New(observe.Options{})
	s := start(t, gateway.Options{Observe: seen}, server.Options{})
	var last reply
	for range 3 {
		last = s.get(t, relatedPath)
	}
	body := len(last.body)
	s.get(t, relatedPath, "If-None-Match", last.Header.Get("ETag"))
	s.get(t, relatedPath+"?page_size=1")
	wantFound(t, seen, map[string]int{"hit": 2, "unchanged": 1, "miss": 2})
	page := metricsOf(seen)
	if want := `akin_cache_entries{cache="http"} 2` + "\n"; !strings.Contains(page, want) {
		t.Errorf("the metrics lack %s", want)
	}
	_, after, _ := strings.Cut(page, `akin_cache_bytes{cache="http"} `)
	var size float64
	if _, err := fmt.Sscan(after, &size); err != nil || int(size) < body || int(size) > 4*body {
		t.Errorf("%g bytes, %v; one answer has %d", size, err, body)
	}
	if strings.Contains(page, "akin_ready") {
		t.Error("a process without a server says whether one is ready")
	}
}

// TestKeysAndKeptAnswers: who may not ask gets no answer that is kept for others, and nobody else may keep what a key was needed for.
func TestKeysAndKeptAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	create := func(key access.Key) string {
		secret, _, err := access.CreateKey(path, key)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	reader := create(access.Key{Scope: access.Read, Corpus: akin.DefaultCorpus, Origins: []string{"https://page.example"}})
	other := create(access.Key{Scope: access.Read, Corpus: "other"})
	writer := create(access.Key{Scope: access.Write, Corpus: akin.DefaultCorpus})
	keys, err := access.OpenKeys(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, gateway.Options{Wrap: func(api http.Handler) http.Handler {
		return access.CORS(access.Origins(nil, keys), access.KeyInURL(access.LocalHost(keys, api)))
	}}, server.Options{Keys: keys})
	bearer := func(key string) string { return "Bearer " + key }
	for range 2 { // the second time from memory
		r := s.get(t, relatedPath+"?key="+reader, "Origin", "https://page.example")
		if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Cache-Control"), "private,") || r.Header.Get("Access-Control-Allow-Origin") != "https://page.example" {
			t.Fatalf("%d %v\n%s", r.StatusCode, r.Header, r.body)
		}
		for _, vary := range []string{"Origin", "Authorization"} {
			if !slices.Contains(r.Header.Values("Vary"), vary) {
				t.Errorf("Vary %v, want %s among them", r.Header.Values("Vary"), vary)
			}
		}
	}
	etag := s.get(t, relatedPath, "Authorization", bearer(writer)).Header.Get("ETag")
	if etag == "" || s.calls.related.Load() != 1 {
		t.Errorf("ETag %q, %d calls: two keys of one corpus get one answer", etag, s.calls.related.Load())
	}
	for _, test := range []struct {
		name    string
		headers []string
		status  int
		reason  string
	}{
		{"no key", nil, 401, "UNAUTHENTICATED"},
		{"no key, with a tag", []string{"If-None-Match", etag}, 401, "UNAUTHENTICATED"},
		{"a key that is none", []string{"Authorization", "Bearer akin_x_y"}, 401, "UNAUTHENTICATED"},
		{"the key of another corpus", []string{"Authorization", bearer(other)}, 403, "PERMISSION_DENIED"},
		{"the key of another corpus, with a tag", []string{"Authorization", bearer(other), "If-None-Match", etag}, 403, "PERMISSION_DENIED"},
		{"a page of another origin", []string{"Authorization", bearer(reader), "Origin", "https://other.example"}, 403, "PERMISSION_DENIED"},
		{"the right key, with a tag", []string{"Authorization", bearer(writer), "If-None-Match", etag}, 304, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := s.get(t, relatedPath, test.headers...)
			if test.status == 304 {
				if r.StatusCode != 304 {
					t.Errorf("got %d", r.StatusCode)
				}
				return
			}
			got := decode[refused](t, r, test.status)
			if got.Details[0].Reason != test.reason || strings.Contains(string(r.body), "varn-tunnel-2") {
				t.Errorf("got %s", r.body)
			}
			if (r.Header.Get("WWW-Authenticate") != "") != (test.status == 401) {
				t.Errorf("WWW-Authenticate %q", r.Header.Get("WWW-Authenticate"))
			}
		})
	}
	if n := s.calls.related.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if got := decode[refused](t, s.ask(t, http.MethodPost, articlesPath, `{"id":"x"}`, "Content-Type", "application/x-ndjson", "Authorization", bearer(other)), 403); got.Details[0].Reason != "PERMISSION_DENIED" {
		t.Errorf("got %+v", got)
	}
}

// TestTooManyCalls is refused with 429, and with when to try again; whom the gateway asks for is who is counted.
func TestTooManyCalls(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{Limits: server.Limits{AddressRate: 1, Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	status := map[int]int{}
	var last reply
	for range 10 {
		r := s.get(t, corpusPath, "X-Forwarded-For", "203.0.113.7")
		if status[r.StatusCode]++; r.StatusCode == 429 {
			last = r
		}
	}
	if status[200] == 0 || status[429] == 0 || len(status) != 2 {
		t.Fatalf("statuses %v", status)
	}
	if got := decode[refused](t, last, 429); got.Details[0].Reason != "TOO_MANY_CALLS" || last.Header.Get("Retry-After") == "" {
		t.Errorf("Retry-After %q, %s", last.Header.Get("Retry-After"), last.body)
	}
	if r := s.get(t, corpusPath, "X-Forwarded-For", "203.0.113.8"); r.StatusCode != 200 {
		t.Errorf("another address: %d", r.StatusCode)
	}
}

// TestDeletedIsNotGivenLate deletes an article whose answers are kept, through the gateway and past it: while the server is busy, what tells of it is not given, and what does not still is.
func TestDeletedIsNotGivenLate(t *testing.T) {
	for name, remove := range map[string]func(*testing.T, *site){
		"over HTTP": func(t *testing.T, s *site) {
			if r := s.ask(t, http.MethodDelete, articlesPath+"?ids=varn-tunnel-2", ""); r.StatusCode != 200 {
				t.Fatalf("%d %s", r.StatusCode, r.body)
			}
		},
		"over gRPC": func(t *testing.T, s *site) {
			if _, err := akinv1.NewArticleServiceClient(s.conn).DeleteArticles(t.Context(), &akinv1.DeleteArticlesRequest{Ids: []string{"varn-tunnel-2"}}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, gateway.Options{Busy: 1}, server.Options{Limits: server.Limits{Calls: 64}})
			if name == "over gRPC" {
				s.stop()
				s.serve(t, gateway.Options{Busy: 1, Deletions: s.server.Deletions})
			}
			if r := s.get(t, relatedPath); r.StatusCode != 200 || !strings.Contains(string(r.body), "varn-tunnel-2") {
				t.Fatalf("%d\n%s", r.StatusCode, r.body)
			}
			s.get(t, articlesPath+"/varn-tunnel-1")
			remove(t, s)

			hold := make(chan struct{})
			s.calls.hold.Store(&hold)
			var wait sync.WaitGroup
			wait.Go(func() { s.get(t, relatedPath+"?page_size=3") })
			eventually(t, "an answer is made", func() bool { return s.calls.related.Load() >= 2 })
			if r := s.get(t, articlesPath+"/varn-tunnel-1"); !strings.Contains(r.Header.Get("Cache-Status"), "detail=BUSY") {
				t.Errorf("what tells nothing of it: %v", r.Header)
			}
			var late reply
			wait.Go(func() { late = s.get(t, relatedPath) })
			eventually(t, "another answer is made", func() bool { return s.calls.related.Load() >= 3 })
			s.calls.hold.Store(nil)
			close(hold)
			wait.Wait()
			if late.StatusCode != 200 || strings.Contains(string(late.body), "varn-tunnel-2") || late.Header.Get("Age") != "" {
				t.Errorf("what told of it: %d %v\n%s", late.StatusCode, late.Header, late.body)
			}
		})
	}
}
