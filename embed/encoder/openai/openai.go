// Package openai embeds texts through the API that OpenAI made and Azure, Ollama, vLLM, llama.cpp and Text Embeddings Inference speak too.
// It trusts no answer: servers send vectors in another order, too few of them, zeros, and errors under status 200, and say nothing about it.
package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sashabaranov/go-openai"
	"golang.org/x/time/rate"

	"github.com/akinserver/akin"
)

// Embedder asks one model of one server. It is safe for concurrent use, and made by Open.
type Embedder struct {
	options    Options
	dimensions int
	key        *key
	client     *openai.Client
	http       *http.Client
	format     atomic.Int32 // of the vectors in an answer, as far as it is known
	batchTexts atomic.Int32 // texts that the server has been found to take in one request
	timeouts   atomic.Int32 // of batches, since the last answer
	slots      chan struct{}
	requests   *rate.Limiter
	tokens     *rate.Limiter
	gate       gate
	used       usage
	wait       func(context.Context, time.Duration) error // tests do not wait
}

type usage struct{ requests, failed, texts, tokens atomic.Int64 }

const (
	answerSlack  = 1 << 20   // bytes of an answer beside its vectors
	answerVector = 256 << 10 // bytes of a vector in an answer: 8,192 dimensions as text
)

// Open returns an embedder for the model that options name. Where neither they nor the model's name tell its dimensions it asks the server for one vector;
// otherwise it sends nothing. An error about an option is an *akin.InvalidError; see Embed for the others.
func Open(ctx context.Context, options Options) (*Embedder, error) {
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return nil, err
	}
	e := &Embedder{
		options: options, dimensions: options.Dimensions,
		key:      &key{fixed: options.Key, file: options.KeyFile},
		slots:    make(chan struct{}, options.Parallel),
		requests: perMinute(options.RequestsPerMinute, 1),
		tokens:   perMinute(options.TokensPerMinute, max(options.TokensPerMinute/6, 1)),
		wait:     sleep,
	}
	e.batchTexts.Store(int32(min(options.BatchTexts, 1<<20)))
	if _, err := e.key.get(); err != nil {
		return nil, err
	}
	e.http = &http.Client{
		Timeout:       options.Timeout,
		Transport:     recorder{http.DefaultTransport.(*http.Transport).Clone(), answerSlack + int64(options.BatchTexts)*answerVector},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key is for this server alone
	}
	e.client = openai.NewClientWithConfig(e.config())
	if e.dimensions == 0 {
		e.dimensions = models[options.Model].dimensions
	}
	if e.dimensions == 0 {
		probe, err := e.Embed(ctx, akin.Document, []string{control})
		if err != nil {
			e.Close()
			return nil, fmt.Errorf("find the dimensions of a model: %w", err)
		}
		e.dimensions = len(probe[0])
	}
	return e, nil
}

func (e *Embedder) config() openai.ClientConfig {
	config := openai.DefaultConfig("")
	config.BaseURL = e.options.BaseURL
	if e.options.APIVersion != "" {
		config.APIType, config.APIVersion = openai.APITypeAzure, e.options.APIVersion
		config.AzureModelMapperFunc = func(string) string { return url.PathEscape(e.options.Deployment) }
	}
	config.HTTPClient = e.http
	return config
}

// Dimensions is the length of every vector.
func (e *Embedder) Dimensions() int { return e.dimensions }

// Fingerprint names model, dimensions, prefixes, fields and the length at which texts are split. It does not tell the server.
func (e *Embedder) Fingerprint() string { return e.options.fingerprint(e.dimensions) }

// Profile tells limits, cost, and what has been used.
func (e *Embedder) Profile() akin.Profile {
	return akin.Profile{
		TextTokens: e.options.TextTokens, BatchTexts: int(e.batchTexts.Load()), Metered: true, Price: e.options.Price,
		Used: akin.Usage{Requests: e.used.requests.Load(), Failed: e.used.failed.Load(), Texts: e.used.texts.Load(), Tokens: e.used.tokens.Load()},
	}
}

// Close closes connections that wait for a next request. A later Embed opens new ones.
func (e *Embedder) Close() error {
	e.http.Transport.(recorder).RoundTripper.(*http.Transport).CloseIdleConnections()
	return nil
}

// Embed asks for the vectors of texts, in batches. A blank text is not sent, and has the zero vector. A text that is longer than the model reads is split after
// sentences, and has the mean of its pieces' vectors, weighted by their lengths and brought to unit length.
//
// A request that the server had no time for (408, 429, 5xx, no connection, no answer in time) or answered with a defect is made again until
// Options.Patience is over; if it still fails for want of the server, the error is akin.ErrUnavailable. What the server refuses (400, 413, 422) is found by halving the
// batch, and is one of akin.TextErrors. An error that concerns every text is akin.ErrSetup, and says what to change: key, model, URL; or akin.ErrMismatch, if the model has
// other dimensions than it had.
func (e *Embedder) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	return akin.CollectEach(len(texts), func(done func(int, []float32)) error { return e.EmbedEach(ctx, purpose, texts, done) })
}

// EmbedEach is Embed that hands out each vector with the answer that brings it.
func (e *Embedder) EmbedEach(ctx context.Context, purpose akin.Purpose, texts []string, done func(int, []float32)) error {
	if err := e.embedEach(ctx, purpose, texts, done); err != nil {
		return fmt.Errorf("embed %d texts with %s at %s: %w", len(texts), e.options.Model, e.address(), err)
	}
	return nil
}

// address is the base URL without a password.
func (e *Embedder) address() string {
	u, err := url.Parse(e.options.BaseURL)
	if err != nil {
		return "the server"
	}
	return strings.TrimRight(u.Redacted(), "/")
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
