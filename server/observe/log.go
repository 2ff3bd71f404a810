package observe

import (
	"context"
	"io"
	"log/slog"
)

// NewLog makes the log of a process, a record a line: as JSON, or as text for people. Records that are made within a call carry its ids.
func NewLog(w io.Writer, asJSON bool, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if asJSON {
		return WithIDs(slog.New(slog.NewJSONHandler(w, options)))
	}
	return WithIDs(slog.New(slog.NewTextHandler(w, options)))
}

// WithIDs has a log tell of which call each record is, where the record is made with a call's context.
func WithIDs(log *slog.Logger) *slog.Logger {
	if _, has := log.Handler().(withIDs); has {
		return log
	}
	return slog.New(withIDs{log.Handler()})
}

type withIDs struct{ slog.Handler }

func (h withIDs) Handle(ctx context.Context, r slog.Record) error {
	if c := callOf(ctx); c != nil {
		r.AddAttrs(slog.String("request", c.id))
		if c.trace.IsValid() {
			r.AddAttrs(slog.String("trace", c.trace.String()))
		}
	}
	return h.Handler.Handle(ctx, r)
}

func (h withIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withIDs{h.Handler.WithAttrs(attrs)}
}

func (h withIDs) WithGroup(name string) slog.Handler { return withIDs{h.Handler.WithGroup(name)} }
