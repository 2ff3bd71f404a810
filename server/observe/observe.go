// Package observe shows what a server does: a log in which each call has an id, metrics for Prometheus, traces for OpenTelemetry.
// Of what callers send, ids and names of corpora get into any of them, and nothing else: no text, no key, no secret.
package observe

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"
)

// Options of an observer. The zero value works: it counts, and neither logs nor traces.
type Options struct {
	Log    *slog.Logger                     // gets a line for each call; nobody by default
	Traces trace.TracerProvider             // gets a span for each call, stage, embedding and call of the store; nobody by default
	Key    func(ctx context.Context) string // the public name of a caller's key, "" where there is none; no call has one by default
}

// Observer sees the calls of one server, and what they make store and embedder do. It is safe for concurrent use. Nil sees no store, no embedder and no cache.
type Observer struct {
	log      *slog.Logger
	key      func(context.Context) string
	tracer   trace.Tracer
	registry *prometheus.Registry
	metrics  metrics
	profiles profiles
}

// New makes an observer with a registry of its own.
func New(opts Options) *Observer {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Key == nil {
		opts.Key = func(context.Context) string { return "" }
	}
	if opts.Traces == nil {
		opts.Traces = nooptrace.NewTracerProvider()
	}
	o := &Observer{
		log: WithIDs(opts.Log), key: opts.Key, tracer: opts.Traces.Tracer("github.com/akinserver/akin/server/observe"),
		registry: prometheus.NewRegistry(), metrics: newMetrics(),
	}
	o.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return o
}

// propagator reads and writes traceparent and tracestate.
var propagator = propagation.TraceContext{}

// ServerOptions are for the one server whose calls are seen.
func (o *Observer) ServerOptions() []grpc.ServerOption {
	o.registerServer()
	return []grpc.ServerOption{grpc.StatsHandler(calls{o})}
}

// DialOptions are for the connection to the store.
func (o *Observer) DialOptions() []grpc.DialOption {
	if o == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(o.storeCall)}
}
