package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	otelcodes "go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/testdata"
)

// log may be read while it is written.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines are the records of calls.
func (l *log) lines(t *testing.T) (lines []map[string]any) {
	t.Helper()
	for text := range strings.Lines(l.String()) {
		line := map[string]any{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q is not a record: %v", text, err)
		}
		if line["msg"] == "call" {
			lines = append(lines, line)
		}
	}
	return lines
}

// broken is an embedder that fails, once it is told how.
type broken struct {
	akin.Embedder
	with atomic.Pointer[func() error]
}

func (b *broken) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	if with := b.with.Load(); with != nil {
		return nil, (*with)()
	}
	return b.Embedder.Embed(ctx, purpose, texts)
}

type fixture struct {
	articles akinv1.ArticleServiceClient
	similar  akinv1.SimilarityServiceClient
	health   healthv1.HealthClient
	seen     *observe.Observer
	embedder *broken
	log      *log
}

// start serves the sample corpus under an observer.
func start(t *testing.T, opts observe.Options) *fixture {
	t.Helper()
	f := &fixture{log: &log{}}
	opts.Log = observe.NewLog(f.log, true, slog.LevelInfo)
	f.seen = observe.New(opts)
	inner, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.embedder = &broken{Embedder: inner}
	embedder := f.seen.Embedder(f.embedder)
	f.seen.Uses(func() akin.Profile {
		return akin.Profile{Price: 2, Used: akin.Usage{Requests: 7, Failed: 3, Tokens: 500_000}}
	})
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f.seen.Store(db.Stats)
	client, err := db.Client(f.seen.DialOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		t.Fatal(err)
	}
	stage := embed.New(st, embedder)
	if _, err := stage.Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{}); err != nil {
		t.Fatal(err)
	}
	s := server.New(st, stage, query.New(st, embedder, query.Options{Pending: stage.Pending}), server.Options{Log: opts.Log, Observe: f.seen})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, lis) }()
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	f.articles, f.similar, f.health = akinv1.NewArticleServiceClient(conn), akinv1.NewSimilarityServiceClient(conn), healthv1.NewHealthClient(conn)
	t.Cleanup(func() {
		stop()
		if err := errors.Join(conn.Close(), <-served, client.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// await waits until a condition holds: a call's line is written after its caller has the answer.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never %s", what)
}

func id(id string) []*akinv1.Seed { return []*akinv1.Seed{{Origin: &akinv1.Seed_Id{Id: id}}} }

func text(text string) []*akinv1.Seed {
	return []*akinv1.Seed{{Origin: &akinv1.Seed_Text{Text: text}}}
}

// TestCallLeavesALine holds what is told of a call, and what is not.
func TestCallLeavesALine(t *testing.T) {
	f := start(t, observe.Options{Key: func(context.Context) string { return "site-1" }})
	const secret = "The ferry will run until the tunnel opens."
	var header metadata.MD
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "from-the-gateway:1", "authorization", "Bearer hidden",
		"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if _, err := f.similar.SimilarStatements(ctx, &akinv1.SimilarStatementsRequest{Corpus: "default", Seeds: text(secret)}, grpc.Header(&header)); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("x-request-id"); !slices.Equal(got, []string{"from-the-gateway:1"}) {
		t.Errorf("the answer's header has %q", got)
	}
	if _, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: id("nobody")}); status.Code(err) != codes.NotFound {
		t.Fatalf("a seed that is not there: %v", err)
	}
	await(t, "two lines", func() bool { return len(f.log.lines(t)) == 2 })
	lines := f.log.lines(t)
	for key, want := range map[string]any{
		"level": "INFO", "method": "akin.v1.SimilarityService/SimilarStatements", "code": "OK", "corpus": "default", "key": "site-1",
		"request": "from-the-gateway:1", "trace": "0af7651916cd43dd8448eb211c80319c",
	} {
		if lines[0][key] != want {
			t.Errorf("the first line has %s=%v, want %v: %v", key, lines[0][key], want, lines[0])
		}
	}
	if ms, ok := lines[0]["ms"].(float64); !ok || ms <= 0 {
		t.Errorf("the first line says that it took %v ms", lines[0]["ms"])
	}
	if lines[1]["code"] != "NOT_FOUND" || lines[1]["reason"] != "NOT_FOUND" || lines[1]["request"] == "" {
		t.Errorf("the second line is %v", lines[1])
	}
	for _, never := range []string{secret, "ferry", "hidden", "nobody"} {
		if strings.Contains(f.log.String(), never) {
			t.Errorf("the log holds %q:\n%s", never, f.log)
		}
	}
}

func TestRequestIDsThatAreNone(t *testing.T) {
	f := start(t, observe.Options{})
	for name, sent := range map[string]string{
		"a space": "a b", "a quote": `a"b`, "what looks like a field": "a=b", "a long one": strings.Repeat("x", 65), "an empty one": "",
	} {
		t.Run(name, func(t *testing.T) {
			var header metadata.MD
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", sent)
			if _, err := f.articles.GetArticle(ctx, &akinv1.GetArticleRequest{Id: "varn-tunnel-1"}, grpc.Header(&header)); err != nil {
				t.Fatal(err)
			}
			if got := header.Get("x-request-id"); len(got) != 1 || got[0] == sent || len(got[0]) != 26 {
				t.Errorf("%q became %q, want an id that the server made", sent, got)
			}
		})
	}
}

// TestInternalErrorLeadsToItsLines follows an id from the caller to all that the log says of the call.
func TestInternalErrorLeadsToItsLines(t *testing.T) {
	f := start(t, observe.Options{})
	f.embedder.with.Store(new(func() error { return errors.New("nobody knows what went wrong") }))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "call-7")
	_, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Seeds: text("A tunnel.")})
	if status.Code(err) != codes.FailedPrecondition {
		t.Fatalf("an embedder that fails: %v", err)
	}
	f.embedder.with.Store(new(func() error { panic("out of order") }))
	_, err = f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Seeds: text("A tunnel.")})
	if status.Code(err) != codes.Internal {
		t.Fatalf("an embedder that panics: %v", err)
	}
	await(t, "the line of an error", func() bool { return strings.Contains(f.log.String(), `"level":"ERROR","msg":"call"`) })
	told := 0
	for text := range strings.Lines(f.log.String()) {
		if strings.Contains(text, `"level":"ERROR"`) {
			told++
			if !strings.Contains(text, `"request":"call-7"`) {
				t.Errorf("a line of the call does not tell its id: %s", text)
			}
		}
	}
	if told != 2 {
		t.Errorf("%d lines of errors, want the panic's and the call's:\n%s", told, f.log)
	}
}

// scrape reads metrics as Prometheus would: names with their labels, and values; of a histogram its count.
func scrape(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			values[strings.TrimSuffix(name+" "+strings.Join(labels, " "), " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	f := start(t, observe.Options{})
	f.seen.Cache("http", func() observe.CacheStats {
		return observe.CacheStats{Requests: map[string]uint64{"hit": 4, "miss": 1}, Entries: 1, Bytes: 99}
	})
	f.seen.Connections("grpc", func() (int, uint64, uint64) { return 7, 5, 3 })
	related := &akinv1.RelatedArticlesRequest{Seeds: text("A tunnel under the fjord."), PageSize: 2}
	for range 3 {
		if _, err := f.similar.RelatedArticles(t.Context(), related); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 { // names of corpora are the callers' to choose: they are no labels
		_, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Corpus: fmt.Sprint("c", i), Seeds: id("nobody")})
		if status.Code(err) != codes.NotFound {
			t.Fatal(err)
		}
	}
	stream, err := f.articles.PutArticles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []*akinv1.Article{{Id: "new", Paragraphs: []*akinv1.Paragraph{{Text: "A bridge."}}}, {Id: "bad"}} {
		if err := stream.Send(&akinv1.PutArticlesRequest{Article: a}); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = stream.Recv()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if _, err := f.articles.DeleteArticles(t.Context(), &akinv1.DeleteArticlesRequest{Ids: []string{"new", "nobody"}}); err != nil {
		t.Fatal(err)
	}
	const method = "method=akin.v1.SimilarityService/RelatedArticles"
	await(t, "the end of all calls", func() bool { return scrape(t, f.seen.Handler())["akin_calls_in_flight"] == 0 })
	got := scrape(t, f.seen.Handler())
	for name, want := range map[string]float64{
		"akin_calls_total code=OK " + method:                       3,
		"akin_calls_total code=NOT_FOUND " + method:                20,
		"akin_call_seconds " + method:                              23,
		"akin_query_stage_seconds " + method + " stage=embed":      3,
		"akin_query_stage_seconds " + method + " stage=candidates": 23,
		"akin_query_stage_seconds " + method + " stage=fuse":       3,
		"akin_query_stage_seconds " + method + " stage=evidence":   3,
		"akin_embedder_call_seconds purpose=query result=ok":       3,
		"akin_articles_total outcome=written":                      1,
		"akin_articles_total outcome=refused":                      1,
		"akin_articles_total outcome=deleted":                      1,
		"akin_embedder_requests_total":                             7,
		"akin_embedder_failed_requests_total":                      3,
		"akin_embedder_cost_total":                                 1,
		"akin_cache_requests_total cache=http found=hit":           4,
		"akin_ready": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, begin := range []string{"akin_store_points collection=akin_articles_", "akin_store_memory_bytes collection=akin_articles_", "akin_store_call_seconds kind=query_batch", "akin_store_request_seconds code=OK method=Points/QueryBatch", "go_goroutines", "process_cpu_seconds_total"} {
		if !slices.ContainsFunc(slices.Collect(keys(got)), func(name string) bool { return strings.HasPrefix(name, begin) && got[name] > 0 }) {
			t.Errorf("nothing above zero begins with %q", begin)
		}
	}
	if series := len(got); series > 400 {
		t.Errorf("%d series: are all labels bounded?", series)
	}
}

func keys(m map[string]float64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestNativeHistograms asks in the format in which Prometheus reads them.
func TestNativeHistograms(t *testing.T) {
	f := start(t, observe.Options{})
	if _, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: "varn-tunnel-1"}); err != nil {
		t.Fatal(err)
	}
	await(t, "a duration in native buckets", func() bool {
		request, recorder := httptest.NewRequest(http.MethodGet, "/metrics", nil), httptest.NewRecorder()
		request.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
		f.seen.Handler().ServeHTTP(recorder, request)
		decoder := expfmt.NewDecoder(recorder.Body, expfmt.NewFormat(expfmt.TypeProtoDelim))
		for {
			var family dto.MetricFamily
			if err := decoder.Decode(&family); err != nil {
				return false
			}
			if family.GetName() == "akin_call_seconds" {
				return len(family.GetMetric()[0].GetHistogram().GetPositiveSpan()) > 0
			}
		}
	})
}

func TestServeAnswersMetricsAlone(t *testing.T) {
	seen := observe.New(observe.Options{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- seen.Serve(ctx, lis) }()
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/": http.StatusNotFound, "/debug/pprof/": http.StatusNotFound} {
		response, err := http.Get("http://" + lis.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestTraceGoesThroughAll follows the trace of a caller to the embedder and the store.
func TestTraceGoesThroughAll(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	f := start(t, observe.Options{Traces: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))})
	const trace = "0af7651916cd43dd8448eb211c80319c"
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	if _, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Seeds: text("A tunnel."), PageSize: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.health.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	await(t, "the call's own span", func() bool {
		clear(names)
		for _, s := range spans.Ended() {
			if s.SpanContext().TraceID().String() == trace {
				names[s.Name()]++
			}
		}
		return names["akin.v1.SimilarityService/RelatedArticles"] == 1
	})
	// The stage and what the embedder does in it bear one name.
	if names["embed"] != 2 || names["candidates"] != 1 || names["qdrant.Points/QueryBatch"] == 0 {
		t.Errorf("the trace has %v", names)
	}
	for _, s := range spans.Ended() {
		if strings.HasPrefix(s.Name(), "grpc.health") {
			t.Error("health checks are traced")
		}
		for _, a := range s.Attributes() {
			if strings.Contains(a.Value.String(), "tunnel") {
				t.Errorf("span %s tells of a text: %v", s.Name(), a)
			}
		}
	}
}

// TestHTTPIsTraced: a request is a span in its caller's trace, who is asked for it is told of that span, and nothing in it tells what was asked for.
func TestHTTPIsTraced(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	seen := observe.New(observe.Options{Traces: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))})
	told := ""
	handler := seen.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = r.Header.Get("Traceparent")
		observe.Route(r.Context(), "GET /v1/{id}")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for _, path := range []string{"/v1/tunnel", "/healthz"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if len(spans.Ended()) != 1 {
			t.Fatalf("after %s there are %d spans", path, len(spans.Ended()))
		}
		if path == "/healthz" {
			break
		}
		span := spans.Ended()[0]
		if own := span.SpanContext(); own.TraceID().String() != trace || span.Parent().SpanID().String() != "b7ad6b7169203331" || told != "00-"+trace+"-"+own.SpanID().String()+"-01" {
			t.Errorf("the span is %v below %v, and told was %s", own, span.Parent(), told)
		}
		if span.Name() != "GET /v1/{id}" || span.Status().Code != otelcodes.Error || strings.Contains(fmt.Sprint(span.Attributes()), "tunnel") {
			t.Errorf("%s %v %v", span.Name(), span.Status(), span.Attributes())
		}
	}
}

func TestTracesGoWhereTheVariablesSay(t *testing.T) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"} {
		t.Setenv(name, "")
	}
	nobody := slog.New(slog.DiscardHandler)
	if traces, err := observe.Traces(t.Context(), "v1", nobody); traces != nil || err != nil {
		t.Fatalf("without variables: %v, %v", traces, err)
	}
	received := make(chan string, 8)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- r.URL.Path + " " + string(body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	traces, err := observe.Traces(t.Context(), "v1.2.3", nobody)
	if err != nil {
		t.Fatal(err)
	}
	_, span := traces.Tracer("test").Start(t.Context(), "a span of the test")
	span.End()
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-received; !strings.HasPrefix(got, "/v1/traces ") || !strings.Contains(got, "a span of the test") || !strings.Contains(got, "v1.2.3") {
		t.Errorf("the collector received %q", got)
	}
	for name, value := range map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "none"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if traces, err := observe.Traces(t.Context(), "v1", nobody); traces != nil || err != nil {
				t.Errorf("got %v, %v", traces, err)
			}
		})
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	if _, err := observe.Traces(t.Context(), "v1", nobody); err == nil || !strings.Contains(err.Error(), "http/json") {
		t.Errorf("a protocol that akin does not speak: %v", err)
	}
}
