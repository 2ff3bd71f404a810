package gateway_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/gateway"
)

const (
	corpusPath   = "/v1/corpora/default"
	articlesPath = corpusPath + "/articles"
	tunnelPath   = articlesPath + "/varn-tunnel-1"
)

// TestEveryCall asks each call of the API as JSON.
func TestEveryCall(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	t.Run("GetCorpus", func(t *testing.T) {
		got := decode[struct {
			Corpus struct{ Name, Revision, Generation string }
		}](t, s.get(t, corpusPath), 200)
		if got.Corpus.Name != "default" || got.Corpus.Revision == "" || got.Corpus.Generation != s.store.Name() {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("GetArticle", func(t *testing.T) {
		got := decode[struct{ Article article }](t, s.get(t, tunnelPath), 200)
		if got.Article.ID != "varn-tunnel-1" || len(got.Article.Paragraphs) == 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("ListArticles, page by page", func(t *testing.T) {
		seen, token := map[string]bool{}, ""
		for {
			got := decode[struct {
				Articles      []article
				NextPageToken string
				TotalSize     string // 64 bits are a string in JSON
			}](t, s.get(t, articlesPath+"?page_size=20&filter.languages=zh&page_token="+token), 200)
			for _, a := range got.Articles {
				seen[a.ID] = true
			}
			if token = got.NextPageToken; token == "" {
				if fmt.Sprint(len(seen)) != got.TotalSize {
					t.Errorf("%d articles on all pages, and %s are said to be there", len(seen), got.TotalSize)
				}
				return
			}
		}
	})
	t.Run("RelatedArticles by id", func(t *testing.T) {
		got := decode[related](t, s.get(t, tunnelPath+"/related?pageSize=2&minBand=BAND_SAME_STORY&filter.languages=en&freshness.halfLifeDays=3650&evidenceSize=-1"), 200)
		if len(got.Matches) != 2 || got.Matches[0].Article.ID != "varn-tunnel-2" || got.Matches[0].Band != "BAND_SAME_STORY" || got.SeedDate != "2014-05-20" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("RelatedArticles, page by page", func(t *testing.T) {
		whole := decode[related](t, s.get(t, tunnelPath+"/related?page_size=6"), 200)
		first := decode[related](t, s.get(t, tunnelPath+"/related?page_size=3"), 200)
		second := decode[related](t, s.get(t, tunnelPath+"/related?page_size=3&page_token="+first.NextPageToken), 200)
		ids := func(r related) (ids []string) {
			for _, m := range r.Matches {
				ids = append(ids, m.Article.ID)
			}
			return ids
		}
		if got := append(ids(first), ids(second)...); len(got) != 6 || !slices.Equal(got, ids(whole)) {
			t.Errorf("got %v, want %v", got, ids(whole))
		}
	})
	t.Run("RelatedArticles by text", func(t *testing.T) {
		got := decode[related](t, s.post(t, corpusPath+"/related", `{"seeds":[{"text":"The ferry is to be replaced by a tunnel."},{"id":"jizhou-bridge-1","negative":true}],"page_size":3}`), 200)
		if len(got.Matches) != 3 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("SimilarStatements by id", func(t *testing.T) {
		got := decode[similar](t, s.get(t, corpusPath+"/statements/jizhou-bridge-1%238/similar?pageSize=1"), 200)
		if len(got.Matches) != 1 || got.Matches[0].Statement.ID != "yuanting-bridge-2#2" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("SimilarStatements by text", func(t *testing.T) {
		got := decode[similar](t, s.post(t, corpusPath+"/similar", `{"seeds":[{"text":"一座桥造得再好，也要有人天天去看它、去听它。"}],"pageSize":1}`), 200)
		if len(got.Matches) != 1 || !strings.Contains(got.Matches[0].Statement.Text, "一座桥造得再好") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("another corpus", func(t *testing.T) {
		decode[refused](t, s.get(t, "/v1/corpora/other/articles/varn-tunnel-1"), 404)
	})
}

// outcome is a line of the answer to lines of articles.
type outcome struct {
	Index   string
	ID      string
	Outcome string
	Refusal struct{ Reason, Field, Message string }
	Error   *refused
}

func outcomes(t *testing.T, body []byte) []outcome {
	t.Helper()
	var list []outcome
	for line := range bytes.Lines(body) {
		var o outcome
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		list = append(list, o)
	}
	return list
}

func (s *site) put(t *testing.T, path, lines string) reply {
	t.Helper()
	return s.ask(t, http.MethodPost, path, lines, "Content-Type", "application/x-ndjson")
}

// TestPutArticles writes, reads by ids that are hard to spell, by address, and deletes.
func TestPutArticles(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	const hard = "新闻/桥 a%2F#1?x=&.."
	line, err := json.Marshal(map[string]any{"id": hard, "title": "A Bridge", "url": "https://bridge.example/a/", "paragraphs": []any{map[string]string{"text": "Mayor Ida Rood said that the bridge at Ellesk was safe again."}}})
	if err != nil {
		t.Fatal(err)
	}
	got := s.put(t, articlesPath, string(line)+"\n\n{\"id\":\"b\",\"texts\":1}\nno JSON\n{\"id\":\"c\",\"paragraphs\":[]}\n"+string(line))
	list := outcomes(t, got.body)
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "application/x-ndjson" || len(list) != 5 {
		t.Fatalf("%d %v\n%s", got.StatusCode, got.Header, got.body)
	}
	for i, want := range []struct{ id, outcome, field string }{
		{hard, "OUTCOME_WRITTEN", ""},
		{"", "OUTCOME_REFUSED", "article"},
		{"", "OUTCOME_REFUSED", "article"},
		{"c", "OUTCOME_REFUSED", "article.paragraphs"},
		{hard, "OUTCOME_UNCHANGED", ""},
	} {
		if o := list[i]; o.ID != want.id || o.Outcome != want.outcome || o.Refusal.Field != want.field || i > 0 && o.Index != fmt.Sprint(i) {
			t.Errorf("line %d: got %+v, want %+v", i, o, want)
		}
	}
	escaped := url.PathEscape(hard)
	if a := decode[struct{ Article article }](t, s.get(t, articlesPath+"/"+escaped), 200); a.Article.ID != hard {
		t.Errorf("got %+v", a)
	}
	if r := decode[related](t, s.get(t, articlesPath+"/"+escaped+"/related?page_size=1"), 200); len(r.Matches) != 1 {
		t.Errorf("got %+v", r)
	}
	if r := decode[related](t, s.get(t, corpusPath+"/related?page_size=1&url="+url.QueryEscape("http://bridge.example/a?utm_source=mail#top")), 200); len(r.Matches) != 1 || r.Matches[0].Article.ID == hard {
		t.Errorf("got %+v", r)
	}
	decode[refused](t, s.get(t, corpusPath+"/related?url=https://bridge.example/b"), 404)
	decode[refused](t, s.get(t, corpusPath+"/related?url=https://bridge.example/a&id=varn-tunnel-1"), 400)
	decode[similar](t, s.get(t, corpusPath+"/statements/"+url.PathEscape(hard+"#1")+"/similar"), 200)
	deleted := decode[struct{ DeletedIDs, MissingIDs []string }](t, s.ask(t, http.MethodDelete, articlesPath+"?ids=nobody&ids="+url.QueryEscape(hard), ""), 200)
	if !slices.Equal(deleted.DeletedIDs, []string{hard}) || !slices.Equal(deleted.MissingIDs, []string{"nobody"}) {
		t.Errorf("got %+v", deleted)
	}
	decode[refused](t, s.get(t, articlesPath+"/"+escaped), 404)
	decode[refused](t, s.put(t, articlesPath, "\n"), 400)
}

// TestPutAsItGoes sees each outcome before the next article is sent.
func TestPutAsItGoes(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	lines, sending := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.address+articlesPath, lines)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	write := func(i int) {
		if _, err := fmt.Fprintf(sending, `{"id":"go-%d","paragraphs":[{"text":"Ferry number %d sails."}]}`+"\n", i, i); err != nil {
			t.Error(err)
		}
	}
	first := make(chan struct{})
	go func() { write(0); close(first) }()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	<-first
	read := bufio.NewScanner(answer.Body)
	for i := range 3 {
		if i > 0 {
			write(i)
		}
		if !read.Scan() || !strings.Contains(read.Text(), fmt.Sprintf("go-%d", i)) {
			t.Fatalf("after article %d: %q, %v", i, read.Text(), read.Err())
		}
	}
	_ = sending.Close()
	if read.Scan() {
		t.Errorf("after the last article: %q", read.Text())
	}
}

// TestRefused holds what is refused, with which status, and that the answer names it.
func TestRefused(t *testing.T) {
	s := start(t, gateway.Options{Body: 200_000}, server.Options{})
	deep := strings.Repeat(`{"filter":`, 40) + strings.Repeat("}", 40)
	tests := []struct {
		name, method, path, body, kind string
		status                         int
		reason, field                  string
	}{
		{"a path that is none", "GET", "/v1/corpora/default/nothing", "", "", 404, "NOT_FOUND", ""},
		{"a path above the root", "GET", "/v1/../../etc/passwd", "", "", 404, "NOT_FOUND", ""},
		{"an article that is not there", "GET", articlesPath + "/nobody", "", "", 404, "NOT_FOUND", ""},
		{"a method that is none", "PUT", tunnelPath, "", "", 405, "METHOD_NOT_ALLOWED", ""},
		{"a misspelt parameter", "GET", tunnelPath + "/related?pagesize=3", "", "", 400, "INVALID_FIELD", "pagesize"},
		{"a misspelt parameter of a filter", "GET", tunnelPath + "/related?filter.langauges=en", "", "", 400, "INVALID_FIELD", "filter.langauges"},
		{"a message as a parameter", "GET", tunnelPath + "/related?filter=x", "", "", 400, "INVALID_FIELD", "filter"},
		{"a list of messages as a parameter", "GET", tunnelPath + "/related?seeds.id=x", "", "", 400, "INVALID_FIELD", "seeds.id"},
		{"a parameter that stands in the path", "GET", tunnelPath + "?corpus=other", "", "", 400, "INVALID_FIELD", "corpus"},
		{"a number that is none", "GET", tunnelPath + "/related?page_size=many", "", "", 400, "INVALID_FIELD", "page_size"},
		{"a number that is too large", "GET", tunnelPath + "/related?page_size=99999999999", "", "", 400, "INVALID_FIELD", "page_size"},
		{"a band that is none", "GET", tunnelPath + "/related?min_band=BAND_LOUD", "", "", 400, "INVALID_FIELD", "min_band"},
		{"a page size below 0", "GET", tunnelPath + "/related?page_size=-1", "", "", 400, "INVALID_FIELD", "page_size"},
		{"a token of another request", "GET", tunnelPath + "/related?page_token=abc", "", "", 400, "INVALID_FIELD", "page_token"},
		{"a percent sign alone", "GET", tunnelPath + "?x=%zz", "", "", 400, "INVALID_FIELD", "query"},
		{"a type that pages may send unasked", "POST", corpusPath + "/related", `{"seeds":[{"id":"varn-tunnel-1"}]}`, "text/plain", 415, "INVALID_FIELD", ""},
		{"articles of such a type", "POST", articlesPath, `{}`, "application/x-www-form-urlencoded", 415, "INVALID_FIELD", ""},
		{"parameters beside a body", "POST", corpusPath + "/related?page_size=1", `{"seeds":[{"id":"varn-tunnel-1"}]}`, "application/json", 400, "INVALID_FIELD", "query"},
		{"no JSON", "POST", corpusPath + "/related", `{"seeds":`, "application/json", 400, "INVALID_FIELD", ""},
		{"a field that is none", "POST", corpusPath + "/related", `{"seed":"x"}`, "application/json", 400, "INVALID_FIELD", ""},
		{"no seeds", "POST", corpusPath + "/related", `{}`, "application/json", 400, "INVALID_FIELD", "seeds"},
		{"a number beyond all", "POST", corpusPath + "/related", `{"pageSize":1e999999999}`, "application/json", 400, "INVALID_FIELD", ""},
		{"a number of many digits", "POST", corpusPath + "/related", `{"pageSize":` + strings.Repeat("9", 100_000) + `}`, "application/json", 400, "INVALID_FIELD", ""},
		{"deep nesting", "POST", corpusPath + "/related", deep, "application/json", 400, "INVALID_FIELD", ""},
		{"brackets without end", "POST", corpusPath + "/related", strings.Repeat("[", 100_000), "application/json", 400, "INVALID_FIELD", ""},
		{"a body that is too large", "POST", corpusPath + "/related", `{"seeds":[{"text":"` + strings.Repeat("x", 200_000) + `"}]}`, "application/json", 413, "TOO_LARGE", ""},
		{"a line that is too large", "POST", articlesPath, `{"id":"` + strings.Repeat("x", 200_001) + `"}`, "application/x-ndjson", 413, "TOO_LARGE", ""},
		{"a seed that is too large", "POST", corpusPath + "/related", `{"seeds":[{"text":"` + strings.Repeat("x", 100_001) + `"}]}`, "application/json", 400, "INVALID_FIELD", "seeds[0].text"},
		{"nothing to delete", "DELETE", articlesPath, "", "", 400, "INVALID_FIELD", "ids"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := s.ask(t, test.method, test.path, test.body, "Content-Type", test.kind)
			got := decode[refused](t, r, test.status)
			if got.Code == 0 || got.Message == "" || len(r.body) > 5000 || len(got.Details) == 0 || got.Details[0].Domain != "akin" || got.Details[0].Reason != test.reason {
				t.Errorf("got %s, want the reason %s", r.body, test.reason)
			}
			field := ""
			if len(got.Details) > 1 {
				field = got.Details[1].FieldViolations[0].Field
			}
			if field != test.field {
				t.Errorf("got the field %q, want %q\n%s", field, test.field, r.body)
			}
			if r.Header.Get("ETag") != "" || !strings.Contains(r.Header.Get("Cache-Control"), "no-store") && test.status != 404 {
				t.Errorf("an error may be kept: %v", r.Header)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	for path, want := range map[string]string{
		tunnelPath:                           "GET, HEAD, OPTIONS",
		articlesPath:                         "DELETE, GET, HEAD, POST, OPTIONS",
		corpusPath + "/related":              "GET, HEAD, POST, OPTIONS",
		corpusPath + "/similar":              "POST, OPTIONS",
		"/healthz":                           "GET, HEAD, OPTIONS",
		corpusPath + "/statements/a/similar": "GET, HEAD, OPTIONS",
		articlesPath + "/" + "a%2Fb/related": "GET, HEAD, OPTIONS",
	} {
		if r := s.ask(t, http.MethodOptions, path, ""); r.StatusCode != 204 || r.Header.Get("Allow") != want || len(r.body) > 0 {
			t.Errorf("OPTIONS %s: %d, Allow %q, want %q", path, r.StatusCode, r.Header.Get("Allow"), want)
		}
		if r := s.ask(t, http.MethodPatch, path, ""); r.StatusCode != 405 || r.Header.Get("Allow") != want {
			t.Errorf("PATCH %s: %d, Allow %q, want %q", path, r.StatusCode, r.Header.Get("Allow"), want)
		}
	}
	for _, path := range []string{tunnelPath, tunnelPath + "/related", corpusPath, "/openapi.yaml", "/docs", "/readyz"} {
		get, head := s.get(t, path), s.ask(t, http.MethodHead, path, "")
		if head.StatusCode != get.StatusCode || len(head.body) > 0 || head.Header.Get("ETag") != get.Header.Get("ETag") || head.ContentLength != int64(len(get.body)) {
			t.Errorf("HEAD %s: %d, %d bytes said, %d sent, ETag %q; GET: %d, %d bytes, ETag %q", path, head.StatusCode, head.ContentLength, len(head.body),
				head.Header.Get("ETag"), get.StatusCode, len(get.body), get.Header.Get("ETag"))
		}
	}
	if r := s.ask(t, http.MethodHead, articlesPath+"/nobody", ""); r.StatusCode != 404 || len(r.body) > 0 {
		t.Errorf("HEAD of nothing: %d, %q", r.StatusCode, r.body)
	}
}

func unpacked(t *testing.T, r reply) []byte {
	t.Helper()
	if r.Header.Get("Content-Encoding") != "gzip" || !slices.Contains(r.Header.Values("Vary"), "Accept-Encoding") {
		t.Fatalf("%s: %v", r.Request.URL, r.Header)
	}
	reader, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGzip(t *testing.T) {
	s := start(t, gateway.Options{Body: 100_000}, server.Options{})
	for _, path := range []string{tunnelPath, tunnelPath + "/related", "/docs.js", "/openapi.yaml"} {
		plain := s.get(t, path)
		if plain.Header.Get("Content-Encoding") != "" || len(plain.body) < 2000 {
			t.Errorf("%s: %v, %d bytes", path, plain.Header, len(plain.body))
		}
		packed := s.get(t, path, "Accept-Encoding", "br, gzip;q=0.5")
		if got := unpacked(t, packed); !bytes.Equal(got, plain.body) || len(packed.body) > len(got)*2/3 {
			t.Errorf("%s: %d bytes of %d, of %d", path, len(packed.body), len(got), len(plain.body))
		}
		if r := s.get(t, path, "Accept-Encoding", "gzip;q=0"); !bytes.Equal(r.body, plain.body) {
			t.Errorf("%s: gzip for a caller who cannot read it", path)
		}
	}
	if r := s.get(t, "/healthz", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Errorf("a short answer is packed: %v", r.Header)
	}
	if r := s.ask(t, http.MethodPost, corpusPath+"/related", `{"seeds":[{"id":"varn-tunnel-1"}]}`, "Content-Type", "application/json", "Accept-Encoding", "gzip"); !json.Valid(unpacked(t, r)) {
		t.Errorf("got %q", r.body)
	}

	pack := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	ask := func(body, coding string) reply {
		return s.ask(t, http.MethodPost, corpusPath+"/related", body, "Content-Type", "application/json", "Content-Encoding", coding)
	}
	decode[related](t, ask(pack(`{"seeds":[{"id":"varn-tunnel-1"}]}`), "gzip"), 200)
	decode[refused](t, ask(pack(`{"seeds":[{"text":"`+strings.Repeat("x", 10<<20)), "gzip"), 413) // 10 kB that unpack to 10 MiB
	decode[refused](t, ask(`{"seeds":[{"id":"varn-tunnel-1"}]}`, "gzip"), 400)
	decode[refused](t, ask(`{}`, "br"), 415)
}

// TestDeadlines: callers may say how long they wait, and the gateway does where they do not.
func TestDeadlines(t *testing.T) {
	s := start(t, gateway.Options{Timeout: 500 * time.Millisecond}, server.Options{})
	hold := make(chan struct{})
	s.calls.hold.Store(&hold)
	began := time.Now()
	for _, headers := range [][]string{{}, {"Grpc-Timeout", "50m"}} {
		got := decode[refused](t, s.get(t, tunnelPath+"/related", headers...), 504)
		if got.Details[0].Reason != "TIMEOUT" {
			t.Errorf("%v: got %+v", headers, got)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("they took %s", took)
	}
	decode[refused](t, s.get(t, tunnelPath+"/related", "Grpc-Timeout", "soon"), 400)
	close(hold)
	s.calls.hold.Store(nil)
	eventually(t, "an answer", func() bool { return s.get(t, tunnelPath+"/related").StatusCode == 200 })
}

// TestSlowBody cuts off who sends a body byte by byte.
func TestSlowBody(t *testing.T) {
	s := start(t, gateway.Options{Timeout: 300 * time.Millisecond}, server.Options{})
	for _, path := range []string{corpusPath + "/related", articlesPath} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		kind := "application/json"
		if path == articlesPath {
			kind = "application/x-ndjson"
		}
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: 100000\r\n\r\n{", path, kind)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		read, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(read), "HTTP/1.1 4") && !strings.HasPrefix(string(read), "HTTP/1.1 5") {
			t.Errorf("%s: %v, %q", path, err, read)
		}
		_ = conn.Close()
	}
}

// TestReady says what is missing, by what the gRPC server says of its health: a process that runs is not enough.
func TestReady(t *testing.T) {
	says := health.NewServer()
	grpcServer := grpc.NewServer()
	healthv1.RegisterHealthServer(grpcServer, says)
	lis := listen(t)
	go func() { _ = grpcServer.Serve(lis) }()
	defer grpcServer.Stop()
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := &site{conn: conn}
	s.serve(t, gateway.Options{})
	type state struct {
		Ready  bool
		Checks map[string]struct {
			OK     bool
			Reason string
		}
	}
	const similarity, articles = "akin.v1.SimilarityService", "akin.v1.ArticleService"
	for _, test := range []struct {
		name    string
		serving map[string]bool
		missing string
		checks  int
	}{
		{"all is well", map[string]bool{"": true, similarity: true, articles: true}, "", 3},
		{"the store is away", map[string]bool{"": true, similarity: false, articles: false}, "store", 2},
		{"another generation is live", map[string]bool{"": true, similarity: true, articles: false}, "generation", 3},
		{"it is told to stop", map[string]bool{"": false, similarity: false, articles: false}, "server", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			for service, serving := range test.serving {
				status := healthv1.HealthCheckResponse_NOT_SERVING
				if serving {
					status = healthv1.HealthCheckResponse_SERVING
				}
				says.SetServingStatus(service, status)
			}
			want := 503
			if test.missing == "" {
				want = 200
			}
			got := decode[state](t, s.get(t, "/readyz"), want)
			if got.Ready != (test.missing == "") || len(got.Checks) != test.checks {
				t.Errorf("got %+v", got)
			}
			for name, c := range got.Checks {
				if c.OK != (name != test.missing) || c.OK != (c.Reason == "") {
					t.Errorf("%s: %+v", name, c)
				}
			}
			decode[map[string]string](t, s.get(t, "/healthz"), 200)
		})
	}
	grpcServer.Stop()
	if got := decode[state](t, s.get(t, "/readyz"), 503); got.Ready || got.Checks["server"].Reason == "" || strings.Contains(got.Checks["server"].Reason, "127.0.0.1") {
		t.Errorf("nobody answers: %+v", got)
	}
	decode[map[string]string](t, s.get(t, "/healthz"), 200)
}

// TestDrain answers a request that is under way when the gateway is told to stop.
func TestDrain(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	hold := make(chan struct{})
	s.calls.hold.Store(&hold)
	answered := make(chan reply, 1)
	go func() { answered <- s.get(t, tunnelPath+"/related") }()
	eventually(t, "the call is under way", func() bool { return s.calls.related.Load() == 1 })
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	eventually(t, "the port is closed", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(hold)
	decode[related](t, <-answered, 200)
	<-stopped
}

// TestHeaders: an id of a request that would spoil a log is replaced, and what only the gateway may say is not taken from outside.
func TestHeaders(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	if r := s.get(t, "/healthz", "X-Request-Id", "mine-1"); r.Header.Get("X-Request-Id") != "mine-1" {
		t.Errorf("got %q", r.Header.Get("X-Request-Id"))
	}
	for _, id := range []string{"", "a b", "a\"b", strings.Repeat("x", 65), "日志"} {
		if got := s.get(t, "/healthz", "X-Request-Id", id).Header.Get("X-Request-Id"); got == id || got == "" {
			t.Errorf("%q: got %q", id, got)
		}
	}
	if got := s.get(t, "/docs").Header; got.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("got %v", got)
	}
}

// TestOpenAPI: every path of the description is answered, by each of its methods.
func TestOpenAPI(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	described := s.get(t, "/openapi.yaml")
	if described.StatusCode != 200 || described.Header.Get("Content-Type") != "application/yaml" {
		t.Fatalf("%d %v", described.StatusCode, described.Header)
	}
	path, n := "", 0
	names := map[string]bool{}
	for line := range strings.Lines(string(described.body)) {
		line = strings.TrimRight(line, "\n:")
		name, named := strings.CutPrefix(line, "      operationId: ")
		switch {
		case named:
			if names[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				t.Errorf("%s: the name %q is none for a client, or another's", path, name)
			}
			names[name] = true
		case strings.HasPrefix(line, "  /"):
			path = strings.NewReplacer("{corpus}", "default", "{id}", "nobody").Replace(strings.TrimSpace(line))
		case path != "" && slices.Contains([]string{"    get", "    post", "    delete", "    put"}, line):
			n++
			method := strings.ToUpper(strings.TrimSpace(line))
			if allowed := s.ask(t, http.MethodOptions, path, "").Header.Get("Allow"); !slices.Contains(strings.Split(allowed, ", "), method) {
				t.Errorf("%s %s is described, and %q are allowed", method, path, allowed)
			}
		}
	}
	if n < 10 || len(names) != n || !names["PutArticles"] {
		t.Errorf("%d calls are described, with the names %v", n, names)
	}
}
