package observe

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Traces sends spans where OpenTelemetry's variables say, by OTLP over HTTP, their default: OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT turns it on, the other
// OTEL_ variables (headers, sampler, service name, …) mean what OpenTelemetry says. Without an endpoint it returns nil, and so it does when OTEL_SDK_DISABLED is true or
// OTEL_TRACES_EXPORTER is none. Errors of sending go to the log, once a minute at most. Shutdown it to send what is left.
func Traces(ctx context.Context, version string, log *slog.Logger) (*sdktrace.TracerProvider, error) {
	if !tracesWanted() {
		return nil, nil
	}
	exporter, err := newExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces, as the OTEL_ variables say: %w", err)
	}
	// Later ones win: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES replace what akin says of itself.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", "akin"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces, as the OTEL_ variables say: %w", err)
	}
	otel.SetErrorHandler(&rareErrors{log: log})
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about)), nil
}

func tracesWanted() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

func newExporter(ctx context.Context) (*otlptrace.Exporter, error) {
	protocol := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	switch protocol {
	case "", "http/protobuf":
		return otlptracehttp.New(ctx)
	}
	return nil, fmt.Errorf("akin does not speak the protocol %q: set http/protobuf, which collectors take on port 4318", protocol)
}

// rareErrors logs what goes wrong with sending: a collector that is away must not fill the log.
type rareErrors struct {
	log  *slog.Logger
	mu   sync.Mutex
	last time.Time
}

// Handle logs an error, if none was logged for a minute.
func (r *rareErrors) Handle(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.last) < time.Minute {
		return
	}
	r.last = time.Now()
	r.log.Warn("traces", "error", err)
}
