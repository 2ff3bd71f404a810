package observe

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/query"
)

// RequestHeader is the metadata that a call's id comes in and goes back in.
const RequestHeader = "x-request-id"

// call is what is known of a call while it goes on.
type call struct {
	id     string
	trace  trace.TraceID
	span   trace.Span // nil without one
	method string     // akin.v1.SimilarityService/RelatedArticles

	mu       sync.Mutex
	corpus   string
	messages int // that came in
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// RequestID is the id of the call that a context belongs to, "" outside of one.
func RequestID(ctx context.Context) string {
	if c := callOf(ctx); c != nil {
		return c.id
	}
	return ""
}

// Answered puts the call's id into the header of its answer.
func Answered(ctx context.Context) {
	if id := RequestID(ctx); id != "" {
		_ = grpc.SetHeader(ctx, metadata.Pairs(RequestHeader, id)) // it fails where the header has gone: the caller does without
	}
}

// incoming is the metadata of a call, as a propagator reads it.
type incoming struct{ context.Context }

func (in incoming) Get(name string) string {
	if values := metadata.ValueFromIncomingContext(in.Context, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (incoming) Set(string, string) {}

func (incoming) Keys() []string { return nil }

// requestID takes the caller's id if nothing but an id can be in it, so that nobody writes into the log what is not there; else it makes one.
func requestID(ctx context.Context) string {
	if id := (incoming{ctx}).Get(RequestHeader); IsRequestID(id) {
		return id
	}
	return NewRequestID()
}

// IsRequestID tells whether a text can be the id of a request.
func IsRequestID(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, idCharacters) == ""
}

// NewRequestID makes an id.
func NewRequestID() string { return rand.Text() }

const (
	maxID        = 64
	idCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:"
	maxCorpus    = 64 // bytes of a name that are logged: no valid one is longer
)

// calls sees each call from its headers to its end. It is a stats handler and no interceptor, since those never see a call whose message is too large or cannot be decoded.
type calls struct{ *Observer }

// TagRPC gives a call its id, and a span in the trace of its caller, if there is one; health checks have none.
func (o calls) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	c := &call{id: requestID(ctx), method: strings.TrimPrefix(info.FullMethodName, "/")}
	ctx = propagator.Extract(ctx, incoming{ctx})
	if !strings.HasPrefix(c.method, healthService) {
		ctx, c.span = o.tracer.Start(ctx, c.method, trace.WithSpanKind(trace.SpanKindServer))
	}
	c.trace = trace.SpanContextFromContext(ctx).TraceID()
	return query.WithStages(context.WithValue(ctx, callKey{}, c), o.stage)
}

// HandleRPC counts, and logs a line when the call has ended.
func (o calls) HandleRPC(ctx context.Context, event stats.RPCStats) {
	c := callOf(ctx)
	switch e := event.(type) {
	case *stats.Begin:
		o.metrics.inFlight.Inc()
	case *stats.InPayload:
		c.received(e.Payload)
	case *stats.OutPayload:
		o.metrics.sent(e.Payload)
	case *stats.End:
		o.metrics.inFlight.Dec()
		took := e.EndTime.Sub(e.BeginTime)
		st := status.Convert(e.Error)
		o.metrics.calls.WithLabelValues(c.method, codeName(st.Code())).Inc()
		o.metrics.callSeconds.WithLabelValues(c.method).Observe(took.Seconds())
		o.line(ctx, c, st, took)
		c.endSpan(st)
	}
}

// TagConn adds nothing.
func (calls) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn counts nothing.
func (calls) HandleConn(context.Context, stats.ConnStats) {}

func (c *call) received(message any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages++
	if m, ok := message.(interface{ GetCorpus() string }); ok && c.corpus == "" {
		c.corpus = strings.Clone(m.GetCorpus()[:min(len(m.GetCorpus()), maxCorpus)])
	}
}

func (c *call) endSpan(st *status.Status) {
	if c.span == nil {
		return
	}
	c.span.SetAttributes(attribute.String("rpc.system", "grpc"), attribute.Int("rpc.grpc.status_code", int(st.Code())), attribute.String("akin.request", c.id))
	if st.Code() != codes.OK {
		c.span.SetStatus(otelcodes.Error, codeName(st.Code())) // not its text, which may name what was asked for
	}
	c.span.End()
}

// line is the one that each call leaves in the log. Of an error it tells the reason, and the text only where that is about what akin itself depends on.
func (o calls) line(ctx context.Context, c *call, st *status.Status, took time.Duration) {
	level := slog.LevelInfo
	switch code := st.Code(); {
	case code == codes.Internal, code == codes.Unknown, code == codes.DataLoss:
		level = slog.LevelError
	case code == codes.Unavailable:
		level = slog.LevelWarn
	case strings.HasPrefix(c.method, healthService):
		level = slog.LevelDebug // or there would be little else
	}
	if !o.log.Enabled(ctx, level) {
		return
	}
	c.mu.Lock()
	corpus, messages := c.corpus, c.messages
	c.mu.Unlock()
	attrs := []slog.Attr{slog.String("method", c.method), slog.String("code", codeName(st.Code())), slog.Float64("ms", float64(took.Microseconds())/1e3)}
	if corpus != "" {
		attrs = append(attrs, slog.String("corpus", corpus))
	}
	if key := o.key(ctx); key != "" {
		attrs = append(attrs, slog.String("key", key))
	}
	if messages > 1 {
		attrs = append(attrs, slog.Int("messages", messages))
	}
	if reason := reasonOf(st); reason != "" {
		attrs = append(attrs, slog.String("reason", reason))
	}
	if st.Code() == codes.Unavailable {
		attrs = append(attrs, slog.String("error", st.Message()))
	}
	o.log.LogAttrs(ctx, level, "call", attrs...)
}

const healthService = "grpc.health.v1.Health/"

var _ healthv1.HealthServer // whose service healthService names

func reasonOf(st *status.Status) string {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// sent counts what became of articles, as their callers are told.
func (m *metrics) sent(message any) {
	switch answer := message.(type) {
	case *akinv1.PutArticlesResponse:
		m.articles.WithLabelValues(strings.ToLower(strings.TrimPrefix(answer.GetOutcome().String(), "OUTCOME_"))).Inc()
	case *akinv1.DeleteArticlesResponse:
		m.articles.WithLabelValues("deleted").Add(float64(len(answer.GetDeletedIds())))
	}
}

// stage begins a stage of a query; what it returns ends it.
func (o *Observer) stage(ctx context.Context, name string) (context.Context, func()) {
	began := time.Now()
	ctx, span := o.tracer.Start(ctx, name)
	return ctx, func() {
		span.End()
		method := ""
		if c := callOf(ctx); c != nil {
			method = c.method
		}
		o.metrics.stageSeconds.WithLabelValues(method, name).Observe(time.Since(began).Seconds())
	}
}

// storeCall measures a call of the store. It is an interceptor, since what the embedded store answers within the process never meets a stats handler.
func (o *Observer) storeCall(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	began := time.Now()
	ctx, span := o.tracer.Start(ctx, strings.TrimPrefix(method, "/"), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	err := invoke(ctx, method, req, reply, conn, opts...)
	if err != nil {
		span.SetStatus(otelcodes.Error, codeName(status.Code(err)))
	}
	o.metrics.storeSeconds.WithLabelValues(strings.TrimPrefix(method, "/qdrant."), codeName(status.Code(err))).Observe(time.Since(began).Seconds())
	return err
}

// codeName is as gRPC's documents write it: NOT_FOUND.
func codeName(code codes.Code) string { return codeNames[min(int(code), len(codeNames)-1)] }

var codeNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED", "OTHER",
}
