// Package gateway answers akin's API as JSON over HTTP, by asking a gRPC server that may be in the same process or elsewhere.
// What can be asked by GET is kept for as long as its corpus stays as it is; whoever asks is let in by the gRPC server first, every time.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	goruntime "runtime"
	"runtime/debug"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/observe"
)

// Options of a gateway. The zero value works.
type Options struct {
	Log     *slog.Logger  // slog.Default by default
	Timeout time.Duration // that a call may take, whatever its caller says, and that a line of articles may take to arrive; 1 min by default
	Drain   time.Duration // how long requests in flight may take when Serve ends; 10 s by default
	Body    int64         // bytes of a request, and of one line of articles, unpacked; 16 MiB by default
	Cache   int64         // bytes of answers that are kept; 64 MiB by default, below 0 none
	// Busy is how many answers are made at once when one that was made within a minute is good enough, whatever its corpus has become. It is to be what the server answers at once
	// (server.Limits.AtOnce): with fewer, old answers would be given while the server has places left, as it has many of where it mostly waits for a store elsewhere; with more, callers
	// would wait in its queue first. One for each processor by default, and at least 2.
	Busy int

	Version string // of this program: answers of another one are other answers

	ConnState func(net.Conn, http.ConnState) // is told what the connections of Serve are doing; nobody by default

	// Deletions gives away whom to tell of articles that are deleted. Without it, only those that are deleted through this gateway are known of.
	Deletions func(tell func(corpus string, ids []string))

	Observe *observe.Observer // sees the requests, and the answers that are kept; nobody by default

	// Wrap puts handlers before the API: further paths, keys in URLs, what browsers ask of other origins. It may ask the API by the handler that it is given.
	Wrap func(api http.Handler) http.Handler
}

// Gateway is the HTTP side of the API.
type Gateway struct {
	opts     Options
	handler  http.Handler
	mux      *runtime.ServeMux
	articles akinv1.ArticleServiceClient
	health   healthv1.HealthClient
	kept     *kept
}

// New makes a gateway to the gRPC server at the other end of a connection, which stays the caller's to close.
func New(conn grpc.ClientConnInterface, opts Options) (*Gateway, error) {
	opts.Log = cmp.Or(opts.Log, slog.Default())
	opts.Timeout = cmp.Or(opts.Timeout, time.Minute)
	opts.Drain = cmp.Or(opts.Drain, 10*time.Second)
	opts.Body = cmp.Or(opts.Body, 16<<20)
	opts.Cache = cmp.Or(opts.Cache, 64<<20)
	opts.Busy = cmp.Or(opts.Busy, max(2, goruntime.GOMAXPROCS(0)))
	g := &Gateway{opts: opts, articles: akinv1.NewArticleServiceClient(conn), health: healthv1.NewHealthClient(conn)}
	var err error
	if g.kept, err = newKept(opts.Cache); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if g.kept.answers != nil {
		opts.Observe.Cache("http", g.kept.stats)
	}
	if opts.Deletions != nil {
		opts.Deletions(g.Deleted)
	}
	g.mux = runtime.NewServeMux(
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptReserved), // else an id with an escaped slash is none
		runtime.WithDisablePathLengthFallback(),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler),
		runtime.WithIncomingHeaderMatcher(forwarded),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithErrorHandler(answerError),
		runtime.WithForwardResponseOption(noteLifetime),
	)
	err = errors.Join(
		akinv1.RegisterArticleServiceHandlerClient(context.Background(), g.mux, g.articles),
		akinv1.RegisterSimilarityServiceHandlerClient(context.Background(), g.mux, akinv1.NewSimilarityServiceClient(conn)),
	)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	api := g.routes()
	if opts.Wrap != nil {
		api = opts.Wrap(api)
	}
	g.handler = opts.Observe.HTTP(identified(g.recovered(g.paced(compressed(api)))))
	return g, nil
}

// marshaler refuses fields that are not known, and messages that are nested deeper than any of the API is.
var marshaler = &compact{runtime.JSONPb{UnmarshalOptions: protojson.UnmarshalOptions{RecursionLimit: 16}}}

const listPath = "/v1/corpora/{corpus}/articles"

// routes is the table of all paths. What a request asks for over gRPC says which parameters it may have.
func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	for _, get := range []struct {
		path    string
		request proto.Message
	}{
		{listPath, &akinv1.ListArticlesRequest{}},
		{"/v1/corpora/{corpus}/articles/{id}", &akinv1.GetArticleRequest{}},
		{"/v1/corpora/{corpus}/articles/{id}/related", &akinv1.RelatedArticlesRequest{}},
		{"/v1/corpora/{corpus}/related", &akinv1.RelatedArticlesRequest{}},
		{"/v1/corpora/{corpus}/statements/{id}/similar", &akinv1.SimilarStatementsRequest{}},
	} {
		mux.Handle("GET "+get.path, checked(get.request, g.timed(http.HandlerFunc(g.answer))))
	}
	call := g.timed(unkept(g.mux))
	mux.Handle("GET /v1/corpora/{corpus}", checked(&akinv1.GetCorpusRequest{}, call))
	mux.Handle("DELETE /v1/corpora/{corpus}/articles", checked(&akinv1.DeleteArticlesRequest{}, g.deleting(call)))
	mux.Handle("POST /v1/corpora/{corpus}/related", g.admitted(posted(call, g.opts.Body, "application/json")))
	mux.Handle("POST /v1/corpora/{corpus}/similar", g.admitted(posted(call, g.opts.Body, "application/json")))
	mux.Handle("POST /v1/corpora/{corpus}/articles", g.admitted(posted(http.HandlerFunc(g.putArticles), math.MaxInt64, "application/x-ndjson")))
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", g.ready)
	mux.HandleFunc("GET /openapi.yaml", static("application/yaml", openAPI))
	mux.HandleFunc("GET /docs", static("text/html; charset=utf-8", docsHTML))
	mux.HandleFunc("GET /docs.js", static("text/javascript; charset=utf-8", docsScript))
	mux.HandleFunc("GET /docs.css", static("text/css; charset=utf-8", docsStyle))
	return routed{mux}
}

// ServeHTTP answers a request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }

// Limits of a connection.
const (
	headerTime = 10 * time.Second // for a handshake, and for the headers of a request; less where calls may take less
	idleTime   = 2 * time.Minute
	maxHeaders = 16 << 10 // bytes
)

// Serve answers requests on a listener until the context ends: then those in flight are answered, and those that take longer than Options.Drain are cut off.
// It returns nil when it stopped because the context ended.
func (g *Gateway) Serve(ctx context.Context, lis net.Listener) error {
	server := &http.Server{
		Handler: g, ReadHeaderTimeout: min(headerTime, g.opts.Timeout), IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders, ConnState: g.opts.ConnState,
		ErrorLog: slog.NewLogLogger(g.opts.Log.Handler(), slog.LevelDebug), // callers that leave in the middle of something
	}
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.opts.Drain)
		defer cancel()
		if server.Shutdown(patience) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(lis)
	if !stop() {
		<-drained
		return nil
	}
	return fmt.Errorf("serve %s: %w", lis.Addr(), err)
}

// recovered turns a panic into an internal error; the caller is told nothing of it. An answer that has begun is cut off: what came of it is no answer.
func (g *Gateway) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &begun{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // net/http's own way of cutting off
			}
			id := w.Header().Get(requestIDHeader)
			g.opts.Log.ErrorContext(r.Context(), "panic", "request", id, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			if answer.is {
				panic(http.ErrAbortHandler)
			}
			for _, name := range []string{"Content-Encoding", "Content-Length"} {
				w.Header().Del(name) // of the answer that was on its way
			}
			writeError(w, r, problem(http.StatusInternalServerError, codes.Internal, "INTERNAL", "internal error "+id+": the server's log says more"))
		}()
		next.ServeHTTP(answer, r)
	})
}

// begun knows whether an answer has begun, and by which status.
type begun struct {
	http.ResponseWriter
	is     bool
	status int // 0 for what begins without one, which is 200
}

// Unwrap gives http.ResponseController what it controls.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// WriteHeader and Write begin it.
func (b *begun) WriteHeader(status int) {
	b.is, b.status = true, status
	b.ResponseWriter.WriteHeader(status)
}

func (b *begun) Write(p []byte) (int, error) {
	b.is = true
	return b.ResponseWriter.Write(p)
}
