// Package encoder turns texts into vectors: dense ones by an akin.Embedder, sparse ones of words by Lexical.
// Lexical works without its corpus: the store knows how many documents hold a term, and weighs a query's terms by it.
package encoder

import (
	"context"
	"fmt"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder/bert"
	"github.com/akinserver/akin/embed/encoder/openai"
	"github.com/akinserver/akin/embed/encoder/static"
)

// Options choose an embedder and hold the options of each.
type Options struct {
	Name    string // one of Names; empty means builtin
	Builtin BuiltinOptions
	OpenAI  openai.Options
	Model   string // folder of the model of bert and static
	Bert    bert.Options
	Static  static.Options
}

// Kind is a way from text to vector.
type Kind struct {
	Name    string // as New knows it
	Summary string
	Metered bool // its vectors cost money or much time (akin.Profile)
}

// Kinds returns what New can make.
func Kinds() []Kind {
	return []Kind{
		{Name: "builtin", Summary: "words and pieces of words, hashed; no download, no network, Chinese and English alike"},
		{Name: "openai", Summary: "a model behind OpenAI's API, which Azure, Ollama, vLLM, llama.cpp and Text Embeddings Inference speak too", Metered: true},
		{Name: "bert", Summary: "a transformer of BERT's shape inside this process, from its folder as Hugging Face has it", Metered: true},
		{Name: "static", Summary: "a table of vectors and their mean, from the folder of a Model2Vec model"},
	}
}

// Names returns the names that New knows.
func Names() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// New returns the embedder that options name. An error about an option is an *akin.InvalidError.
func New(ctx context.Context, options Options) (akin.Embedder, error) {
	switch options.Name {
	case "", "builtin":
		return as(NewBuiltin(options.Builtin))
	case "openai":
		return as(openai.Open(ctx, options.OpenAI))
	case "bert", "static":
		if options.Model == "" {
			return nil, &akin.InvalidError{Field: "model", Problem: "is empty: " + options.Name + " needs the folder of a model"}
		}
		if options.Name == "bert" {
			return as(bert.Open(options.Model, options.Bert))
		}
		return as(static.Open(options.Model, options.Static))
	}
	return nil, &akin.InvalidError{
		Field:   "embedder",
		Problem: fmt.Sprintf("%q is none of %s", options.Name, strings.Join(Names(), ", ")),
	}
}

// Tokens estimates how many tokens a model reads in a text: see openai.Tokens.
func Tokens(text string) int { return openai.Tokens(text) }

// as turns no *T into no akin.Embedder: an interface around a nil pointer is not nil.
func as[E akin.Embedder](e E, err error) (akin.Embedder, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}
