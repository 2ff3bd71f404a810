package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/observe"
)

// observeFlags say how what a server does can be seen.
type observeFlags struct {
	LogFormat string     `help:"Write the log as text or as json, a record a line." enum:"text,json" default:"text" group:"Log, metrics, traces"`
	LogLevel  slog.Level `help:"Leave out of the log what is less: debug, info, warn, error. A line for each call is info." default:"info" group:"Log, metrics, traces"`
	Metrics   string     `help:"Address to answer GET /metrics on, for Prometheus. Whoever reaches it can read them. Traces go where the OTEL_ variables say." placeholder:"HOST:PORT" group:"Log, metrics, traces"`
}

func (f observeFlags) log(w io.Writer) *slog.Logger {
	return observe.NewLog(w, f.LogFormat == "json", f.LogLevel)
}

// flushing is how long the last spans may take to be sent.
const flushing = 5 * time.Second

// open makes the observer, and begins to answer for metrics. What it returns ends both, and is called when all that is seen has ended.
func (f observeFlags) open(ctx context.Context, log *slog.Logger) (seen *observe.Observer, end func() error, err error) {
	options := observe.Options{Log: log, Key: func(ctx context.Context) string {
		caller, _ := access.CallerOf(ctx)
		return caller.Key
	}}
	traces, err := observe.Traces(ctx, version(), log)
	if err != nil {
		return nil, nil, err
	}
	end = func() error { return nil }
	if traces != nil {
		options.Traces = traces
		end = func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushing)
			defer cancel()
			if err := traces.Shutdown(ctx); err != nil {
				log.Warn("the last traces were not sent", "error", err) // no reason to say that the server failed
			}
			return nil
		}
	}
	seen = observe.New(options)
	if f.Metrics == "" {
		return seen, end, nil
	}
	lis, err := net.Listen("tcp", f.Metrics)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--metrics: %w", err), end())
	}
	log.Info("serving metrics", "address", "http://"+lis.Addr().String()+"/metrics")
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // they can be read while the server drains
	served := make(chan error, 1)
	go func() { served <- seen.Serve(serving, lis) }()
	flush := end
	return seen, func() error {
		stop()
		return errors.Join(<-served, flush())
	}, nil
}
