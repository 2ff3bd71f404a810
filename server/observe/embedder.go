package observe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/akinserver/akin"
)

// Embedder is an embedder whose calls are seen. It stands behind caches: what they answer is no call.
func (o *Observer) Embedder(inner akin.Embedder) akin.Embedder {
	if o == nil {
		return inner
	}
	return embedder{inner, o}
}

type embedder struct {
	akin.Embedder
	o *Observer
}

// Profile is the embedder's.
func (e embedder) Profile() akin.Profile { return akin.ProfileOf(e.Embedder) }

// Embed is the embedder's.
func (e embedder) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	return akin.CollectEach(len(texts), func(done func(int, []float32)) error { return e.EmbedEach(ctx, purpose, texts, done) })
}

// EmbedEach is the embedder's.
func (e embedder) EmbedEach(ctx context.Context, purpose akin.Purpose, texts []string, done func(int, []float32)) error {
	name := purposes[purpose]
	ctx, span := e.o.tracer.Start(ctx, "embed", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("akin.purpose", name), attribute.Int("akin.texts", len(texts))))
	defer span.End()
	began := time.Now()
	err := akin.EmbedEach(ctx, e.Embedder, purpose, texts, done)
	result := resultOf(err)
	e.o.metrics.embedSeconds.WithLabelValues(name, result).Observe(time.Since(began).Seconds())
	e.o.metrics.embedTexts.WithLabelValues(name).Add(float64(len(texts)))
	if err != nil {
		span.SetStatus(otelcodes.Error, result) // not its text: what a server says of a text may repeat it
	}
	return err
}

var purposes = map[akin.Purpose]string{akin.Document: "document", akin.Query: "query"}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	if _, some := errors.AsType[akin.TextErrors](err); some {
		return "refused"
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	case errors.Is(err, akin.ErrUnavailable):
		return "unavailable"
	}
	return "failed"
}

// Uses adds what an embedder says it has used to what others have: another generation's embedder may come beside the first.
func (o *Observer) Uses(profile func() akin.Profile) {
	if o != nil {
		o.profiles.add(profile)
	}
}

// profiles are the embedders whose use is told, as one.
type profiles struct {
	mu   sync.Mutex
	list []func() akin.Profile
}

func (p *profiles) add(profile func() akin.Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, profile)
}

var usage = []struct {
	desc *prometheus.Desc
	of   func(akin.Profile) float64
}{
	{describe("akin_embedder_requests_total", "Requests to the embedder's server, failed ones among them."), func(p akin.Profile) float64 { return float64(p.Used.Requests) }},
	{describe("akin_embedder_failed_requests_total", "Of these, those without a right answer: each was tried again, or reported."), func(p akin.Profile) float64 { return float64(p.Used.Failed) }},
	{describe("akin_embedder_texts_total", "Texts, or pieces of long ones, that the embedder's server answered."), func(p akin.Profile) float64 { return float64(p.Used.Texts) }},
	{describe("akin_embedder_tokens_total", "Tokens of all answers, as the server counted them, or estimated where it does not."), func(p akin.Profile) float64 { return float64(p.Used.Tokens) }},
	{describe("akin_embedder_cost_total", "What these tokens cost, in the currency of the price that was set; 0 without one."), func(p akin.Profile) float64 { return float64(p.Used.Tokens) / 1e6 * p.Price }},
	{describe("akin_embedder_cached_texts_total", "Texts whose vector the cache of vectors had."), func(p akin.Profile) float64 { return float64(p.Used.Cached) }},
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe lists the metrics.
func (p *profiles) Describe(out chan<- *prometheus.Desc) {
	for _, u := range usage {
		out <- u.desc
	}
}

// Collect adds up.
func (p *profiles) Collect(out chan<- prometheus.Metric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range usage {
		sum := 0.0
		for _, profile := range p.list {
			sum += u.of(profile())
		}
		out <- prometheus.MustNewConstMetric(u.desc, prometheus.CounterValue, sum)
	}
}
