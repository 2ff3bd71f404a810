package gateway_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

// lockedBuffer may be read while a server writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// guarded is a gateway before a server that needs keys, as akin serve joins them.
type guarded struct {
	seen   *observe.Observer
	url    string
	client *http.Client
	keys   map[string]string
	log    *lockedBuffer
	stage  *embed.Stage
	leave  context.CancelFunc // ends the server alone
}

func startGuarded(t *testing.T, options server.Options) *guarded {
	t.Helper()
	return guard(t, options, bufconn.Listen(1<<20), storetest.Open)
}

// joined runs a test with a gateway in the server's process, and with one that reaches the server over a port: callers must not find a difference.
func joined(t *testing.T, options server.Options, test func(t *testing.T, g *guarded)) {
	t.Run("in one process", func(t *testing.T) { test(t, startGuarded(t, options)) })
	t.Run("apart", func(t *testing.T) {
		options.Limits.Trusted = append(options.Limits.Trusted, netip.MustParsePrefix("127.0.0.0/8"))
		test(t, guard(t, options, listen(t), storetest.Open))
	})
}

// guard has a gateway answer before a server that listens there, over a store that is opened so.
func guard(t *testing.T, options server.Options, lis net.Listener, open func(testing.TB, string, int) *store.Store) *guarded {
	t.Helper()
	g := &guarded{client: http.DefaultClient, keys: map[string]string{}, log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	stage := embed.New(st, embedder)
	g.stage = stage
	for _, corpus := range []string{"mine", "theirs"} {
		article := akin.Article{ID: "a", Title: corpus, Paragraphs: []akin.Paragraph{{Text: "The ferry of " + corpus + " carries forty cars."}}}
		if _, err := stage.Put(t.Context(), corpus, []akin.Article{article}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	for _, k := range []access.Key{
		{Scope: access.Read, Corpus: "mine"},
		{Scope: access.Read, Corpus: "theirs"},
		{Scope: access.Write, Corpus: "mine"},
		{Scope: access.Read, Corpus: "mine", Origins: []string{"https://mine.example"}, Note: "published"},
		{Scope: access.Read, Corpus: "mine", Rate: 0.1, Note: "slow"},
	} {
		key, _, err := access.CreateKey(file, k)
		if err != nil {
			t.Fatal(err)
		}
		g.keys[strings.TrimSpace(k.Scope.String()+" "+k.Corpus+" "+k.Note)] = key
	}
	if options.Keys, err = access.OpenKeys(file, log); err != nil {
		t.Fatal(err)
	}
	options.Log, options.Observe = log, observe.New(observe.Options{Log: log})
	g.seen = options.Observe
	s := server.New(st, stage, query.New(st, embedder, query.Options{Pending: stage.Pending}), options)
	outside := listen(t)
	conn, err := grpc.NewClient("passthrough:///akin", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			if within, ok := lis.(*bufconn.Listener); ok {
				return within.DialContext(ctx)
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", lis.Addr().String())
		}))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := access.Pages(options.Keys, []string{"https://given.example"}, false)
	if err != nil {
		t.Fatal(err)
	}
	web, err := gateway.New(conn, gateway.Options{Log: log, Wrap: pages, Observe: options.Observe})
	if err != nil {
		t.Fatal(err)
	}
	g.url = "http://" + outside.Addr().String()
	if options.TLS != nil {
		outside, g.url = tls.NewListener(outside, options.TLS), "https://"+outside.Addr().String()
	}
	ctx, stop := context.WithCancel(context.Background())
	answering, leave := context.WithCancel(ctx)
	g.leave = leave
	served := make(chan error, 2)
	go func() { served <- s.Serve(answering, lis) }()
	go func() { served <- web.Serve(ctx, outside) }()
	t.Cleanup(func() {
		g.client.CloseIdleConnections()
		stop()
		for range 2 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
		_ = conn.Close()
	})
	return g
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return lis
}

// guardedReply is what a request was answered.
type guardedReply struct {
	status int
	header http.Header
	reason string // of an error
	body   string
}

func (g *guarded) ask(t *testing.T, method, path, body, key string, headers ...string) guardedReply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		secret, ok := g.keys[key]
		if !ok {
			t.Fatalf("there is no key %q", key)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		if strings.HasSuffix(path, "/articles") {
			r.Header.Set("Content-Type", "application/x-ndjson")
		}
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := g.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := guardedReply{status: answer.StatusCode, header: answer.Header, body: string(b)}
	var st struct {
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	if json.Unmarshal(b, &st) == nil && len(st.Details) > 0 {
		out.reason = st.Details[0].Reason
	}
	return out
}

func (r guardedReply) want(t *testing.T, what string, status int, reason string) {
	t.Helper()
	if r.status != status || r.reason != reason {
		t.Errorf("%s: %d %s (%s), want %d %s", what, r.status, r.reason, r.body, status, reason)
	}
}

// paths are all those that answer something of a corpus.
var paths = []struct{ method, path, body string }{
	{"GET", "/v1/corpora/%s", ""},
	{"GET", "/v1/corpora/%s/articles", ""},
	{"GET", "/v1/corpora/%s/articles/a", ""},
	{"HEAD", "/v1/corpora/%s/articles/a", ""},
	{"GET", "/v1/corpora/%s/articles/a/related", ""},
	{"GET", "/v1/corpora/%s/related?id=a", ""},
	{"GET", "/v1/corpora/%s/statements/a%%231/similar", ""},
	{"POST", "/v1/corpora/%s/related", `{"seeds":[{"text":"a ferry"}]}`},
	{"POST", "/v1/corpora/%s/similar", `{"seeds":[{"text":"a ferry"}]}`},
	{"POST", "/v1/corpora/%s/articles", `{"id":"b","paragraphs":[{"text":"Words enough."}]}` + "\n"},
	{"DELETE", "/v1/corpora/%s/articles?ids=a", ""},
}

// TestKeysOverHTTP asks on every path, first as somebody who may, so that what is kept in memory would be there for those who may not.
func TestKeysOverHTTP(t *testing.T) { joined(t, server.Options{}, testKeysOverHTTP) }

func testKeysOverHTTP(t *testing.T, g *guarded) {
	for _, p := range paths {
		mine := fmt.Sprintf(p.path, "mine")
		t.Run(p.method+" "+mine, func(t *testing.T) {
			key := "read mine"
			if p.method == "DELETE" || strings.HasSuffix(p.path, "/articles") && p.method == "POST" {
				key = "write mine"
				g.ask(t, p.method, mine, p.body, "read mine").want(t, "by a key that reads", http.StatusForbidden, "PERMISSION_DENIED")
			}
			etag := ""
			if p.method != "DELETE" {
				answered := g.ask(t, p.method, mine, p.body, key)
				if answered.status == http.StatusUnauthorized || answered.status == http.StatusForbidden {
					t.Errorf("by a key that may: %d %s", answered.status, answered.body)
				}
				etag = answered.header.Get("ETag")
			}
			for who, want := range map[string]int{"": http.StatusUnauthorized, "read theirs": http.StatusForbidden} {
				refused := g.ask(t, p.method, mine, p.body, who, "If-None-Match", etag)
				if refused.status != want {
					t.Errorf("by %q: %d, want %d", who, refused.status, want)
				}
				if strings.Contains(refused.body, "ferry of mine") || strings.Contains(refused.body, "WRITTEN") || refused.header.Get("Etag") != "" {
					t.Errorf("by %q: %v %s", who, refused.header, refused.body)
				}
			}
		})
	}
	g.ask(t, "GET", "/v1/corpora/mine/articles/a", "", "").want(t, "without a key", http.StatusUnauthorized, "UNAUTHENTICATED")
	g.ask(t, "GET", "/v1/corpora/mine/articles/a", "", "read mine").want(t, "the article that nobody was to delete", http.StatusOK, "")
	g.ask(t, "GET", "/v1/corpora/nobodys/articles/a", "", "read mine").want(t, "a corpus that is not there", http.StatusForbidden, "PERMISSION_DENIED")
}

// TestPublishedKeyOverHTTP is what a widget does: its key stands in the URL, and its browser says which page it is on.
func TestPublishedKeyOverHTTP(t *testing.T) { joined(t, server.Options{}, testPublishedKeyOverHTTP) }

func testPublishedKeyOverHTTP(t *testing.T, g *guarded) {
	path := "/v1/corpora/mine/articles/a/related?key=" + g.keys["read mine published"]
	page := func(origin string) guardedReply { return g.ask(t, "GET", path, "", "", "Origin", origin) }
	good := page("https://mine.example")
	good.want(t, "from its page", http.StatusOK, "")
	if got := good.header.Get("Access-Control-Allow-Origin"); got != "https://mine.example" {
		t.Errorf("its page may not read the answer: %q", got)
	}
	for _, origin := range []string{"https://evil.example", "null", "https://given.example"} {
		page(origin).want(t, "from "+origin, http.StatusForbidden, "PERMISSION_DENIED")
	}
	// Errors can be read by pages of allowed origins, and by no others.
	for origin, want := range map[string]string{"https://given.example": "https://given.example", "https://evil.example": ""} {
		for _, path := range []string{"/v1/corpora/mine/articles/a", "/v1/nowhere", "/v1/corpora/theirs/articles/a?key=" + g.keys["read mine"]} {
			got := g.ask(t, "GET", path, "", "", "Origin", origin)
			if got.status < 400 || got.header.Get("Access-Control-Allow-Origin") != want || !slices.Contains(got.header.Values("Vary"), "Origin") {
				t.Errorf("%s from %s: %d, Allow-Origin %q, Vary %q", path, origin, got.status, got.header.Get("Access-Control-Allow-Origin"), got.header.Values("Vary"))
			}
		}
		asked := g.ask(t, "OPTIONS", "/v1/corpora/mine/related", "", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		if asked.status != http.StatusNoContent || asked.header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("asked beforehand from %s: %d %v", origin, asked.status, asked.header)
		}
	}
	if got := g.ask(t, "GET", "/v1/corpora/mine/articles/a", "", "read mine", "X-Request-Id", "of-the-page"); got.header.Get("X-Request-Id") != "of-the-page" {
		t.Errorf("the id of a request: %v", got.header)
	}
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(g.log.String(), "request=of-the-page"); time.Sleep(time.Millisecond) { // which may be written after the answer
		if time.Now().After(deadline) {
			t.Fatalf("the log does not hold the id of a request:\n%s", g.log)
		}
	}
	g.ask(t, "GET", "/v1/corpora/mine/articles/a?key="+g.keys["write mine"], "", "").want(t, "a write key in a URL", http.StatusForbidden, "PERMISSION_DENIED")
	for name, key := range g.keys {
		if strings.Contains(g.log.String(), key) {
			t.Errorf("the log holds the key %s", name)
		}
	}
}

func TestTooManyRequests(t *testing.T) {
	joined(t, server.Options{Limits: server.Limits{AddressRate: 4, Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, testTooManyRequests)
}

func testTooManyRequests(t *testing.T, g *guarded) {
	until := func(what string, ask func() guardedReply) {
		t.Helper()
		for range 20 {
			got := ask()
			if got.status != http.StatusTooManyRequests {
				continue
			}
			if got.reason != "TOO_MANY_CALLS" || got.header.Get("Retry-After") == "" || got.header.Get("Access-Control-Allow-Origin") != "https://given.example" {
				t.Errorf("%s: %s, %v", what, got.body, got.header)
			}
			return
		}
		t.Errorf("%s: 20 requests were let in", what)
	}
	until("by one key", func() guardedReply {
		return g.ask(t, "GET", "/v1/corpora/mine/articles/a", "", "read mine slow", "Origin", "https://given.example")
	})
	until("from one address", func() guardedReply {
		return g.ask(t, "GET", "/v1/corpora/mine/articles/a", "", "", "X-Forwarded-For", "203.0.113.9, 198.51.100.7", "Origin", "https://given.example")
	})
	g.ask(t, "GET", "/v1/corpora/mine/articles/a", "", "read mine", "X-Forwarded-For", "198.51.100.8").want(t, "from another address", http.StatusOK, "")
}

// TestBodiesOfNobody sends bodies that never come, without a key that is good for them: nobody waits.
func TestBodiesOfNobody(t *testing.T) { joined(t, server.Options{}, testBodiesOfNobody) }

func testBodiesOfNobody(t *testing.T, g *guarded) {
	for _, p := range paths {
		if p.method != "POST" {
			continue
		}
		for key, want := range map[string]int{"": http.StatusUnauthorized, "Bearer " + g.keys["read theirs"]: http.StatusForbidden} {
			never, end := io.Pipe()
			r, err := http.NewRequestWithContext(t.Context(), p.method, g.url+fmt.Sprintf(p.path, "mine"), never)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", key)
			began := time.Now()
			answer, err := g.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			end.Close()
			if took := time.Since(began); answer.StatusCode != want || took > 5*time.Second {
				t.Errorf("%s: %d after %s, want %d at once", p.path, answer.StatusCode, took, want)
			}
		}
	}
}
