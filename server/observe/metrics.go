package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are those that are counted as things happen; what store, embedder and caches count themselves is read when it is asked for.
// Labels take values from lists that akin knows: no caller can make a new one.
type metrics struct {
	calls        *prometheus.CounterVec
	callSeconds  *prometheus.HistogramVec
	inFlight     prometheus.Gauge
	stageSeconds *prometheus.HistogramVec
	articles     *prometheus.CounterVec
	storeSeconds *prometheus.HistogramVec
	embedSeconds *prometheus.HistogramVec
	embedTexts   *prometheus.CounterVec
	ready        prometheus.Gauge
}

func newMetrics() metrics {
	return metrics{
		calls:        counter("akin_calls_total", "Calls that have ended, by method and code.", "method", "code"),
		callSeconds:  histogram("akin_call_seconds", "How long calls took, streams from their beginning to their end.", "method"),
		inFlight:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "akin_calls_in_flight", Help: "Calls that have not ended."}),
		stageSeconds: histogram("akin_query_stage_seconds", "How long the stages of queries took.", "method", "stage"),
		articles:     counter("akin_articles_total", "Articles that callers sent or deleted, by what became of them: written, unchanged, refused, deleted.", "outcome"),
		storeSeconds: histogram("akin_store_request_seconds", "How long the store took to answer, as seen by its client.", "method", "code"),
		embedSeconds: histogram("akin_embedder_call_seconds", "How long the embedder took for the texts of one call, with waiting and trying again, by purpose and result: ok, refused, unavailable, cancelled, failed.", "purpose", "result"),
		embedTexts:   counter("akin_embedder_asked_texts_total", "Texts that the embedder was given: those that no cache had.", "purpose"),
		ready:        prometheus.NewGauge(prometheus.GaugeOpts{Name: "akin_ready", Help: "1 when the server can answer: the store is reached, its generation is there, and the server is not about to stop."}),
	}
}

// registerServer registers what there is to tell of a server; a process without one tells nothing of it.
func (o *Observer) registerServer() {
	m := &o.metrics
	o.registry.MustRegister(m.calls, m.callSeconds, m.inFlight, m.stageSeconds, m.articles, m.storeSeconds, m.embedSeconds, m.embedTexts, m.ready, &o.profiles)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// bounds of classic histograms, in seconds; a server that reads native ones sees durations to a tenth.
var bounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: bounds,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}, labels)
}

// Ready tells whether the server can answer.
func (o *Observer) Ready(is bool) {
	o.metrics.ready.Set(0)
	if is {
		o.metrics.ready.Set(1)
	}
}

// Handler answers with all metrics, in the format that is asked for.
func (o *Observer) Handler() http.Handler {
	return promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{Registry: o.registry, ErrorLog: slog.NewLogLogger(o.log.Handler(), slog.LevelError), MaxRequestsInFlight: 4})
}

// Serve answers /metrics on a listener until the context ends. It returns nil then.
func (o *Observer) Serve(ctx context.Context, lis net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", o.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		server.Close()
	})
	err := server.Serve(lis)
	if !stop() {
		<-closed
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics on %s: %w", lis.Addr(), err)
	}
	return nil
}
