package observe

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// requests are the metrics of a process that answers HTTP.
type requests struct {
	all     *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

// HTTP sees the requests that a handler answers, one handler of a process: it counts them by what they ask and their status, and makes each a span in the trace of its caller, to which the
// calls belong that are made for it. The handler says by Route what a request asks.
func (o *Observer) HTTP(next http.Handler) http.Handler {
	if o == nil {
		return next
	}
	m := requests{
		all:     counter("akin_http_requests_total", "Requests over HTTP that were answered, by what they ask and the status of the answer.", "route", "status"),
		seconds: histogram("akin_http_request_seconds", "How long requests over HTTP took, until their answers were written.", "route"),
	}
	o.registry.MustRegister(m.all, m.seconds)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &request{ResponseWriter: w, route: "other", status: http.StatusOK}
		ctx, span := context.WithValue(r.Context(), requestKey{}, seen), trace.Span(nil)
		if !probes[r.URL.Path] {
			ctx, span = o.tracer.Start(propagator.Extract(ctx, propagation.HeaderCarrier(r.Header)), r.Method, trace.WithSpanKind(trace.SpanKindServer))
			defer span.End()
		}
		r = r.Clone(ctx)
		propagator.Inject(ctx, propagation.HeaderCarrier(r.Header)) // by which it goes on to who is asked
		defer func() {                                              // also when the answer is cut off
			m.all.WithLabelValues(seen.route, strconv.Itoa(seen.status)).Inc()
			m.seconds.WithLabelValues(seen.route).Observe(time.Since(began).Seconds())
			if span == nil {
				return
			}
			span.SetName(seen.route)
			span.SetAttributes(attribute.Int("http.response.status_code", seen.status))
			if seen.status >= http.StatusInternalServerError {
				span.SetStatus(otelcodes.Error, http.StatusText(seen.status))
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// probes are asked again and again, and no traces are made of them.
var probes = map[string]bool{"/healthz": true, "/readyz": true}

type requestKey struct{}

// request is one that is being answered.
type request struct {
	http.ResponseWriter
	route  string
	status int
	told   bool // the status is what the caller was told
}

// WriteHeader notes the status.
func (r *request) WriteHeader(status int) {
	if !r.told && status >= http.StatusOK {
		r.status, r.told = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *request) Write(b []byte) (int, error) {
	r.told = true
	return r.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController what it controls.
func (r *request) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Route says what a request asks: one of a fixed list of patterns, and no path, which callers choose.
func Route(ctx context.Context, pattern string) {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		r.route = pattern
	}
}
