package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/gateway/widget"
	"github.com/akinserver/akin/server/observe"
)

// raw sends bytes as they stand, which Go's client would put right, and reads one answer.
func raw(t *testing.T, address, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return answer, string(body)
}

// TestPathTricks asks, with the key of one corpus, by paths that mean something else to whoever reads them twice, or not closely.
func TestPathTricks(t *testing.T) {
	g := startGuarded(t, server.Options{})
	for _, path := range []string{
		"/v1/corpora/mine/../theirs/articles/a",
		"/v1/corpora/mine/%2e%2e/theirs/articles/a",
		"/v1/corpora/mine/%2E%2E%2Ftheirs/articles/a",
		"/v1/corpora/mine%2F..%2Ftheirs/articles/a",
		"/v1/corpora/mine%00theirs/articles/a",
		"/v1/corpora/theirs%00/articles/a",
		"/v1/corpora/mine/articles/..%2F..%2Ftheirs%2Farticles%2Fa",
		"/v1/corpora/mine/articles/a%00",
		"/v1/corpora/mine/articles/%00",
		"/v1/corpora/mine/articles/a%0d%0aSet-Cookie:%20x=1",
		"/v1/corpora/%0d%0aSet-Cookie:%20x=1/articles/a",
		"/v1//corpora//theirs//articles//a",
		"//v1/corpora/theirs/articles/a",
		"//evil.example/v1/corpora/mine/articles/a",
		"/v1/corpora/theirs/articles/a?corpus=mine",
		"/v1/corpora/mine/articles/a?corpus=theirs",
		"/v1/corpora/mine/articles/a?%63orpus=theirs",
		"/v1/corpora/mine/articles/a;corpus=theirs",
		"/v1/corpora/THEIRS/articles/a",
		"/V1/corpora/theirs/articles/a",
		"/v1/corpora/theirs./articles/a",
		"/v1/corpora/%74%68%65%69%72%73/articles/a",
		"/v1/corpora/%2574heirs/articles/a",
		"/v1/corpora/mine/articles/%c0%ae%c0%ae",
		"/v1/corpora/mine/articles/%ff%fe",
		"/v1/corpora/mine/articles/" + strings.Repeat("a", 8000),
		"/v1/corpora/mine/articles/" + strings.Repeat("%2F", 2000),
		"/..%2f..%2f..%2fetc%2fpasswd",
		"/docs/../../etc/passwd",
		"/docs.js%00.html",
		"http://evil.example/v1/corpora/theirs/articles/a",
	} {
		answer, body := raw(t, g.url, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, g.keys["read mine"]))
		if answer.StatusCode < 300 || answer.StatusCode >= 500 || strings.Contains(body, "ferry of") || strings.Contains(body, "root:") {
			t.Errorf("%s: %s %s", path, answer.Status, body)
		}
		if to := answer.Header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\r\n\\")) {
			t.Errorf("%s leads to %q", path, to)
		}
		if answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, answer.Header)
		}
	}
	for _, request := range []string{
		"GET /v1/corpora/mine/related?id=%ff", "GET /v1/corpora/mine/related?filter.sources=%ff", "GET /v1/corpora/mine/related?%ff=1",
		"DELETE /v1/corpora/mine/articles?ids=%ff", "POST /v1/corpora/%ff/related", "POST /v1/corpora/%ff/articles",
	} {
		answer, body := raw(t, g.url, request+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: Bearer "+g.keys["write mine"]+"\r\n\r\n")
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, "INVALID_FIELD") {
			t.Errorf("%s: %s %s", request, answer.Status, body)
		}
	}
	g.ask(t, "GET", "/v1/corpora/mine/articles/%61", "", "read mine").want(t, "an id that is escaped for no reason", http.StatusOK, "")
}

// TestInjection writes line feeds and more into what goes into headers of answers, into metadata, and into the log.
func TestInjection(t *testing.T) {
	g := startGuarded(t, server.Options{})
	const forged = "level=ERROR msg=forged"
	for _, headers := range []string{
		"X-Request-Id: a\tb " + forged,
		"X-Request-Id: a\r\n X-Folded: " + forged,
		"X-Request-Id: \"" + forged,
		"X-Request-Id: a\x00b",
		"X-Request-Id: a\nX-Evil: 1",
		"Origin: https://given.example\r\n\tX-Evil: 1",
		"Origin: https://given.example, https://evil.example",
		"Grpc-Metadata-Authorization: Bearer KEY\r\nAuthorization: Bearer x",
		"Grpcgateway-Origin: https://mine.example",
		"Grpc-Metadata-X-Forwarded-For: 127.0.0.1",
		"Traceparent: 00-" + forged + "-01",
		"User-Agent: x\\n" + forged,
		"X-Bad Name: 1",
		": 1",
		"Content-Length: 5\r\nContent-Length: 6",
		"Content-Length: 5\r\nTransfer-Encoding: chunked",
		"Host: evil.example",
		"X-Large: " + strings.Repeat("x", 100_000),
	} {
		headers = strings.ReplaceAll(headers, "KEY", g.keys["read mine"])
		answer, body := raw(t, g.url, "GET /v1/corpora/mine/articles/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+headers+"\r\n\r\n")
		if answer.StatusCode < 400 || answer.StatusCode >= 500 || strings.Contains(body, "ferry of") {
			t.Errorf("%.80q: %s %s", headers, answer.Status, body)
		}
		if answer.Header.Get("X-Evil") != "" || strings.ContainsAny(answer.Header.Get("X-Request-Id"), " \t\"\x00") || strings.Contains(answer.Header.Get("Access-Control-Allow-Origin"), "evil") {
			t.Errorf("%.80q: %v", headers, answer.Header)
		}
	}
	g.ask(t, "GET", "/v1/corpora/%0atime=2026-01-01T00:00:00Z%20"+strings.ReplaceAll(forged, " ", "%20")+"/articles/a", "", "read mine").want(t, "a name of a corpus with a line of the log", http.StatusForbidden, "PERMISSION_DENIED")
	for line := range strings.Lines(g.log.String()) {
		if !strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "time=2026-01-01") || strings.Contains(line, " "+forged) && !strings.Contains(line, `"`) {
			t.Errorf("a line of the log that nobody wrote: %q", line)
		}
	}
}

// TestHostileLines puts articles that are none: each is refused by itself, and the next is taken.
func TestHostileLines(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{})
	lines := []string{
		`{"id":"x","paragraphs":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		`{"id":"x","details":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) + `}`,
		`{"id":"x","paragraphs":[{"text":"Words.","level":1e999999999}]}`,
		`{"id":` + strings.Repeat("9", 100_000) + `}`,
		`{"id":"x","id":"y","paragraphs":[{"text":"Words enough."}]}`,
		`{"id":"x\u0000y","paragraphs":[{"text":"Words enough."}]}`,
		`{"id":"x\ny","paragraphs":[{"text":"Words enough."}]}`,
		`{"id":"\ud800","paragraphs":[{"text":"Words enough."}]}`,
		"\xff\xfe{}",
		`[]`, `null`, `"x"`, `{}`,
	}
	got := outcomes(t, s.put(t, articlesPath, strings.Join(lines, "\n")+"\n"+`{"id":"good","paragraphs":[{"text":"The ferry sails."}]}`).body)
	if len(got) != len(lines)+1 || got[len(lines)].Outcome != "OUTCOME_WRITTEN" {
		t.Fatalf("%d outcomes of %d lines: %+v", len(got), len(lines)+1, got)
	}
	for i, line := range lines {
		if o := got[i]; o.Outcome != "OUTCOME_REFUSED" || o.Refusal.Reason != "INVALID_FIELD" || len(o.Refusal.Message) > 2000 {
			t.Errorf("%.80q: %.1000s", line, fmt.Sprintf("%+v", o))
		}
	}
}

// TestSlowHeaders sends a header a moment, and never the last one.
func TestSlowHeaders(t *testing.T) {
	s := start(t, gateway.Options{Timeout: 300 * time.Millisecond}, server.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.Copy(io.Discard, conn)
	}()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"); err != nil {
		t.Fatal(err)
	}
	late := time.After(patience)
	for i := 0; ; i++ {
		select {
		case <-closed:
			return
		case <-late:
			t.Fatalf("after %d headers more is waited for", i)
		case <-time.After(20 * time.Millisecond):
			_, _ = fmt.Fprintf(conn, "X-%d: x\r\n", i) // it fails when the connection is closed
		}
	}
}

// TestFloodOverHTTP sends far more at once than there is room for: each request is answered, or told when to come again, and afterwards everything is as it was.
func TestFloodOverHTTP(t *testing.T) {
	s := start(t, gateway.Options{}, server.Options{Limits: server.Limits{Calls: 1, Queue: 1, Wait: 10 * time.Millisecond}})
	if r := s.get(t, relatedPath); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	var answered, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 300 {
		all.Go(func() {
			switch r := s.get(t, fmt.Sprintf("%s?diversity=0.%03d", relatedPath, i)); {
			case r.StatusCode == http.StatusOK:
				answered.Add(1)
			case r.StatusCode == http.StatusTooManyRequests && r.Header.Get("Retry-After") != "" && r.Header.Get("Cache-Control") == "no-store":
				refused.Add(1)
			default:
				t.Errorf("%d %v %s", r.StatusCode, r.Header, r.body)
			}
			if r := s.get(t, "/healthz"); r.StatusCode != http.StatusOK {
				t.Errorf("/healthz: %d", r.StatusCode)
			}
		})
	}
	all.Wait()
	if answered.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d were answered and %d refused, want some of both", answered.Load(), refused.Load())
	}
	if r := s.get(t, relatedPath+"?page_size=7"); r.StatusCode != http.StatusOK {
		t.Errorf("the request after: %d %s", r.StatusCode, r.body)
	}
}

// TestPanics: a bug ends its request alone, of which the caller learns a number, and the log the rest. An answer that has begun is cut off.
func TestPanics(t *testing.T) {
	log := &lockedBuffer{}
	conn, err := grpc.NewClient("passthrough:///nobody", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	g, err := gateway.New(conn, gateway.Options{Log: slog.New(slog.NewTextHandler(log, nil)), Wrap: func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/bug":
				w.Header().Set("Content-Length", "5")
				panic("secret detail")
			case "/late":
				_, _ = io.WriteString(w, strings.Repeat("a part ", 1000))
				panic("secret detail")
			}
			api.ServeHTTP(w, r)
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(g)
	web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	web.Start()
	defer web.Close()
	s := &site{address: web.URL}
	for _, coding := range []string{"identity", "gzip"} {
		got := decode[refused](t, s.get(t, "/bug", "X-Request-Id", "of-mine", "Accept-Encoding", coding), 500)
		if got.Details[0].Reason != "INTERNAL" || !strings.Contains(got.Message, "of-mine") || strings.Contains(got.Message, "secret") {
			t.Errorf("the caller is told %+v", got)
		}
		if log := log.String(); !strings.Contains(log, "request=of-mine") || !strings.Contains(log, "secret detail") || !strings.Contains(log, "TestPanics") {
			t.Errorf("the log tells %s", log)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+"/late", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", coding)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			continue // it was cut off before its first byte was sent
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err == nil {
			t.Errorf("an answer that was begun ends as if it were whole: %.100q … %.100q", body, body[max(0, len(body)-100):])
		}
	}
	decode[map[string]string](t, s.get(t, "/healthz"), 200)
}

// TestRequestsAreSeen counts requests by what they ask, whatever their paths are.
func TestRequestsAreSeen(t *testing.T) {
	seen := observe.New(observe.Options{})
	s := start(t, gateway.Options{Observe: seen, Wrap: widget.Handler}, server.Options{})
	for _, path := range []string{tunnelPath, tunnelPath, articlesPath + "/nobody", "/nothing", "/v1/" + strings.Repeat("x", 100), relatedPath + ".html", "/demo?article=varn-tunnel-1", "/healthz"} {
		s.get(t, path)
	}
	s.ask(t, http.MethodPatch, tunnelPath, "")
	page := httptest.NewRecorder()
	seen.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	found := 0
	for line := range strings.Lines(page.Body.String()) {
		if strings.HasPrefix(line, "akin_http_requests_total") {
			found++
		}
	}
	want := []string{
		`{route="GET /v1/corpora/{corpus}/articles/{id}",status="200"} 2`, `{route="GET /v1/corpora/{corpus}/articles/{id}",status="404"} 1`, `{route="other",status="404"} 2`,
		`{route="other",status="405"} 1`, `{route="GET /v1/…/related.html",status="200"} 1`, `{route="GET /demo",status="200"} 1`, `{route="GET /healthz",status="200"} 1`,
	}
	for _, line := range want {
		if !strings.Contains(page.Body.String(), "akin_http_requests_total"+line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if found != len(want) {
		t.Errorf("%d counters, want %d", found, len(want))
	}
}
