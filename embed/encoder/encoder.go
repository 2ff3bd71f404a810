// Package encoder turns texts into vectors: dense ones by an akin.Embedder, sparse ones of words by Lexical.
// Lexical works without its corpus: the store knows how many documents hold a term, and weighs a query's terms by it.
package encoder

import (
	"context"
	"fmt"
	"strings"

	"github.com/akinserver/akin"
)

// Options choose an embedder and hold the options of each.
type Options struct {
	Name    string // one of Names; empty means builtin
	Builtin BuiltinOptions
	OpenAI  OpenAIOptions
}

// Names returns the names that New knows.
func Names() []string { return []string{"builtin", "openai"} }

// New returns the embedder that options name. An error about an option is an *akin.InvalidError.
func New(ctx context.Context, options Options) (akin.Embedder, error) {
	switch options.Name {
	case "", "builtin":
		return as(NewBuiltin(options.Builtin))
	case "openai":
		return as(NewOpenAI(ctx, options.OpenAI))
	}
	return nil, &akin.InvalidError{
		Field:   "embedder",
		Problem: fmt.Sprintf("%q is none of %s", options.Name, strings.Join(Names(), ", ")),
	}
}

// as turns no *T into no akin.Embedder: an interface around a nil pointer is not nil.
func as[E akin.Embedder](e E, err error) (akin.Embedder, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}
