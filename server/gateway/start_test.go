package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/maypok86/otter/v2.(*cache[...]).periodicCleanUp"))
}

// site is a gateway on a port, before a server with the sample corpus.
type site struct {
	address string // http://127.0.0.1:…
	conn    *grpc.ClientConn
	store   *store.Store
	stage   *embed.Stage
	server  *server.Server
	calls   calls
	stop    func() // ends Serve, and waits for it
}

// calls counts what the gateway asks over gRPC, and holds it up while a test wants that.
type calls struct {
	corpus, related atomic.Int64
	hold            atomic.Pointer[chan struct{}]
}

func (c *calls) intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	switch method {
	case akinv1.ArticleService_GetCorpus_FullMethodName:
		c.corpus.Add(1)
	case akinv1.SimilarityService_RelatedArticles_FullMethodName:
		c.related.Add(1)
		if hold := c.hold.Load(); hold != nil {
			select {
			case <-*hold:
			case <-ctx.Done():
			}
		}
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// start serves the sample corpus over HTTP.
func start(t *testing.T, opts gateway.Options, serverOpts server.Options) *site {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	s := &site{store: st, stage: embed.New(st, embedder)}
	if _, err := s.stage.Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{}); err != nil {
		t.Fatal(err)
	}
	serverOpts.Log = slog.New(slog.DiscardHandler)
	grpcServer := server.New(st, s.stage, query.New(st, embedder, query.Options{Pending: s.stage.Pending}), serverOpts)
	s.server = grpcServer
	within := bufconn.Listen(1 << 20)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- grpcServer.Serve(ctx, within) }()
	s.conn, err = grpc.NewClient(
		"passthrough:///akin", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(s.calls.intercept),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return within.DialContext(ctx) }),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.conn.Close()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	s.serve(t, opts)
	return s
}

// serve puts a gateway on a port.
func (s *site) serve(t *testing.T, opts gateway.Options) {
	t.Helper()
	opts.Log = slog.New(slog.DiscardHandler)
	g, err := gateway.New(s.conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = "http://" + lis.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx, lis) }()
	s.stop = func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		served <- nil // for whoever stops it again
	}
	t.Cleanup(func() { s.stop() })
}

// reply is an answer that was read.
type reply struct {
	*http.Response
	body []byte
}

// ask sends a request; headers are names and values in turn. It does not unpack gzip by itself.
func (s *site) ask(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{answer, read}
}

func (s *site) get(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	return s.ask(t, http.MethodGet, path, "", headers...)
}

func (s *site) post(t *testing.T, path, body string) reply {
	t.Helper()
	return s.ask(t, http.MethodPost, path, body, "Content-Type", "application/json")
}

// articleList, related, similar and refused are what a client of another language would read.
type (
	article struct {
		ID, Title, PublishedDate, URL string
		Paragraphs                    []struct{ Text string }
	}
	related struct {
		Matches []struct {
			Article article
			Score   float64
			Band    string
		}
		NextPageToken string
		MissingSeeds  []string
		SeedDate      string
	}
	similar struct {
		Matches []struct {
			Statement struct{ ID, Text, Speaker string }
		}
	}
	refused struct {
		Code    int
		Message string
		Details []struct {
			Type            string `json:"@type"`
			Reason, Domain  string
			FieldViolations []struct{ Field, Description string }
		}
	}
)

// decode reads an answer as T, which must have a status.
func decode[T any](t *testing.T, r reply, status int) T {
	t.Helper()
	var v T
	if r.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d\n%s", r.Request.Method, r.Request.URL, r.StatusCode, status, r.body)
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		t.Fatalf("%s: Content-Type %q", r.Request.URL, kind)
	}
	if err := json.NewDecoder(bytes.NewReader(r.body)).Decode(&v); err != nil {
		t.Fatalf("%s: %v\n%s", r.Request.URL, err, r.body)
	}
	return v
}

const patience = 10 * time.Second

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("never: %s", what)
		}
	}
}
