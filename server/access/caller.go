package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/akinserver/akin"
)

// Errors that callers tell apart with errors.Is.
var (
	ErrUnauthenticated = errors.New("no valid key")
	ErrDenied          = errors.New("the key is not good for this")
)

// Caller is who made a call, by the key that was sent.
type Caller struct {
	Key     string   // its id, for logs; empty where no key is needed
	Scope   Scope    //
	Corpus  string   // the only one that it may know of; empty for all
	Origins []string // of the pages that may call; empty for no limit
	Rate    float64  // calls a second; 0 for what every key may make
}

// Everybody is the caller where no key is needed.
var Everybody = Caller{Scope: Admin}

// May reports, as ErrDenied, that a caller's scope does not reach as far as what is needed, or that the call comes from a page of another origin.
func (c Caller) May(need Scope, origin string) error {
	if c.Scope < need {
		return fmt.Errorf("%w: key %s has the scope %s, and %s is needed", ErrDenied, c.Key, c.Scope, need)
	}
	if len(c.Origins) > 0 && !slices.Contains(c.Origins, origin) {
		return fmt.Errorf("%w: key %s is for other pages than those of %q", ErrDenied, c.Key, origin)
	}
	return nil
}

// MayUse reports, as ErrDenied, that a corpus is not the caller's. It says the same whether that is there or not.
func (c Caller) MayUse(corpus string) error {
	if corpus == "" {
		corpus = akin.DefaultCorpus
	}
	if c.Corpus != "" && c.Corpus != corpus {
		return fmt.Errorf("%w: key %s is not for the corpus %q", ErrDenied, c.Key, corpus)
	}
	return nil
}

type callerKey struct{}

// WithCaller keeps the caller in a context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is the caller that a context keeps.
func CallerOf(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}
