package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/embed/encoder/bert"
	"github.com/akinserver/akin/embed/encoder/cache"
	"github.com/akinserver/akin/embed/encoder/openai"
	"github.com/akinserver/akin/embed/encoder/probe"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/store"
)

// embedderFlags say what turns texts into vectors.
type embedderFlags struct {
	Embedder       string `help:"What turns texts into vectors: builtin, openai for any server with OpenAI's /v1/embeddings, or a model in this process: bert, static." enum:"builtin,openai,bert,static" default:"builtin" group:"Embedder"`
	DocumentPrefix string `help:"Put before each text that is to be found, as some models of openai and bert want it." group:"Embedder"`
	QueryPrefix    string `help:"Put before each text that is to find others, as some models of openai and bert want it." group:"Embedder"`
	modelFlags
	openaiFlags
	cacheFlags
}

// modelFlags are of the embedders that compute in this process.
type modelFlags struct {
	Model        string `help:"Folder of the model, as Hugging Face has it." placeholder:"DIR" group:"Embedder bert, static"`
	ModelPooling string `help:"How tokens become a vector: mean or cls; by default what the folder says." enum:",mean,cls" default:"" group:"Embedder bert, static"`
	ModelWindow  int    `help:"Tokens that are embedded in one piece; 0 means what the folder says." default:"0" group:"Embedder bert, static"`
	ModelThreads int    `help:"Processors that a model of bert computes on; 0 means all." default:"0" group:"Embedder bert, static"`
}

type openaiFlags struct {
	OpenaiURL         string        `help:"Base URL of the server. Its key is read from OPENAI_API_KEY." default:"https://api.openai.com/v1" placeholder:"URL" name:"openai-url" group:"Embedder openai"`
	OpenaiKeyFile     string        `help:"File to read the key from, again whenever it has changed." placeholder:"FILE" group:"Embedder openai"`
	OpenaiModel       string        `help:"Name of its model." default:"text-embedding-3-small" group:"Embedder openai"`
	OpenaiDimensions  int           `help:"Dimensions to ask for; 0 leaves it to the model." default:"0" group:"Embedder openai"`
	OpenaiAPIVersion  string        `help:"Version of Azure's API; makes the server an Azure resource." name:"openai-api-version" placeholder:"YYYY-MM-DD" group:"Embedder openai"`
	OpenaiDeployment  string        `help:"What the model is deployed as on Azure; its name, if left out." group:"Embedder openai"`
	OpenaiTextTokens  int           `help:"Tokens of the longest text that the model reads, beyond which a text is split; 0 means 8191 for OpenAI's models, 512 for others." default:"0" group:"Embedder openai"`
	OpenaiBatch       int           `help:"Texts a request, at most." default:"64" group:"Embedder openai"`
	OpenaiBatchTokens int           `help:"Tokens a request, at most, as estimated." default:"100000" group:"Embedder openai"`
	OpenaiRPM         int           `help:"Requests a minute, at most; 0 for no limit but the server's." name:"openai-rpm" default:"0" group:"Embedder openai"`
	OpenaiTPM         int           `help:"Tokens a minute, at most, as estimated; 0 for no limit but the server's." name:"openai-tpm" default:"0" group:"Embedder openai"`
	OpenaiParallel    int           `help:"Requests at a time." default:"2" group:"Embedder openai"`
	OpenaiTimeout     time.Duration `help:"Longest time for one request." default:"60s" group:"Embedder openai"`
	OpenaiPatience    time.Duration `help:"Longest time for one batch, with waiting and trying again." default:"3m" group:"Embedder openai"`
	OpenaiPrice       float64       `help:"Price of a million tokens, to tell what an ingest has cost." default:"0" group:"Embedder openai"`
	DocumentFields    string        `help:"Added to requests for texts that are to be found: {\"input_type\": \"passage\"}." placeholder:"JSON" group:"Embedder openai"`
	QueryFields       string        `help:"Added to requests for texts that are to find others." placeholder:"JSON" group:"Embedder openai"`
}

type cacheFlags struct {
	Cache     string   `help:"Folder of vectors that were paid for, shared by all runs; by default akin in the user's folder for caches. Of no use to builtin." placeholder:"DIR" group:"Cache of vectors"`
	CacheSize byteSize `help:"What that folder may take." default:"4GiB" group:"Cache of vectors"`
	NoCache   bool     `help:"Keep no vectors but those in the store." group:"Cache of vectors"`
}

// embedding is an embedder with what stands around it.
type embedding struct {
	akin.Embedder
	guard *probe.Guard // nil where no other model can come to answer under the same name
	close func() error
}

// Profile is the embedder's.
func (e *embedding) Profile() akin.Profile { return akin.ProfileOf(e.Embedder) }

// Kept is the cache's, where there is one.
func (e *embedding) Kept(texts []string) []bool {
	if k, ok := e.Embedder.(akin.Keeper); ok {
		return k.Kept(texts)
	}
	return nil
}

// open makes the embedder; one whose vectors cost something is guarded against a change of its model, and kept from asking twice. Nobody need see it.
func (f embedderFlags) open(ctx context.Context, log *slog.Logger, seen *observe.Observer) (*embedding, error) {
	options, err := f.options()
	if err != nil {
		return nil, err
	}
	inner, err := encoder.New(ctx, options)
	if err != nil {
		return nil, named(err)
	}
	e := &embedding{Embedder: inner, close: func() error { return nil }}
	if c, ok := inner.(io.Closer); ok {
		e.close = c.Close
	}
	e.Embedder = seen.Embedder(inner)
	seen.Uses(e.Profile)
	if !akin.ProfileOf(inner).Metered {
		return e, nil
	}
	e.guard = probe.New(e.Embedder)
	e.Embedder = e.guard
	if err := f.addCache(e, log); err != nil {
		return nil, errors.Join(named(err), e.close())
	}
	return e, nil
}

func (f embedderFlags) options() (encoder.Options, error) {
	o := encoder.Options{Name: f.Embedder, OpenAI: openai.Options{
		BaseURL: f.OpenaiURL, KeyFile: f.OpenaiKeyFile, Model: f.OpenaiModel, Dimensions: f.OpenaiDimensions,
		APIVersion: f.OpenaiAPIVersion, Deployment: f.OpenaiDeployment,
		Documents:  openai.Form{Prefix: f.DocumentPrefix},
		Queries:    openai.Form{Prefix: f.QueryPrefix},
		TextTokens: f.OpenaiTextTokens, BatchTexts: f.OpenaiBatch, BatchTokens: f.OpenaiBatchTokens,
		RequestsPerMinute: f.OpenaiRPM, TokensPerMinute: f.OpenaiTPM, Parallel: f.OpenaiParallel,
		Timeout: f.OpenaiTimeout, Patience: f.OpenaiPatience, Price: f.OpenaiPrice,
	}}
	o.Model = f.Model
	o.Bert = bert.Options{
		DocumentPrefix: f.DocumentPrefix, QueryPrefix: f.QueryPrefix, Pooling: f.ModelPooling, Window: f.ModelWindow, Threads: f.ModelThreads,
	}
	if f.OpenaiKeyFile == "" {
		o.OpenAI.Key = os.Getenv("OPENAI_API_KEY")
	}
	for _, fields := range []struct {
		flag, text string
		into       *map[string]any
	}{{"document-fields", f.DocumentFields, &o.OpenAI.Documents.Fields}, {"query-fields", f.QueryFields, &o.OpenAI.Queries.Fields}} {
		if fields.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(fields.text), fields.into); err != nil {
			return o, fmt.Errorf("--%s: %q is not an object of JSON: %w", fields.flag, fields.text, err)
		}
	}
	return o, nil
}

// addCache puts the cache before the embedder. One that nobody asked for is left out where it cannot be.
func (f cacheFlags) addCache(e *embedding, log *slog.Logger) error {
	if f.NoCache {
		return nil
	}
	dir := f.Cache
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			log.Warn("no cache of vectors: name a folder by --cache, or say --no-cache", "error", err)
			return nil
		}
		dir = filepath.Join(base, "akin")
	}
	c, err := cache.Open(dir, e.Embedder, cache.Options{Size: int64(f.CacheSize), Log: log})
	if _, invalid := errors.AsType[*akin.InvalidError](err); err != nil && f.Cache == "" && !invalid {
		log.Warn("no cache of vectors: name another folder by --cache, or say --no-cache", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	e.guard.Keep(c, "the cache of vectors", fmt.Sprintf("bring the model back that made its vectors, give the new one another --cache, or delete %s", c.Dir()))
	inner := e.close
	e.Embedder, e.close = c, func() error { return errors.Join(c.Close(), inner()) }
	return nil
}

// keepWith has the store tell which model made its vectors.
func (e *embedding) keepWith(st *store.Store, where string) {
	if e.guard != nil {
		e.guard.Keep(st, "the store in "+where, "bring the model back that made its vectors, or ingest into another --data or --prefix")
	}
}

// check looks whether the model is the one that made the vectors in store and cache. A server that does not answer is looked at again before it is asked for vectors.
func (e *embedding) check(ctx context.Context, log *slog.Logger) error {
	if e.guard == nil {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := e.guard.Check(short)
	if err != nil && ctx.Err() == nil && (short.Err() != nil || errors.Is(err, akin.ErrUnavailable)) {
		log.Warn("the embedder does not answer yet", "error", err)
		return nil
	}
	return err
}

// named puts the flag's name before an error about an option.
func named(err error) error {
	if invalid, ok := errors.AsType[*akin.InvalidError](err); ok {
		return fmt.Errorf("--%s: %s", flagOf[invalid.Field], invalid.Problem)
	}
	return err
}

// flagOf an encoder's option.
var flagOf = map[string]string{
	"embedder": "embedder", "base_url": "openai-url", "key": "openai-key-file (or OPENAI_API_KEY)", "key_file": "openai-key-file", "dimensions": "openai-dimensions",
	"text_tokens": "openai-text-tokens", "batch_texts": "openai-batch", "batch_tokens": "openai-batch-tokens", "requests_per_minute": "openai-rpm",
	"tokens_per_minute": "openai-tpm", "parallel": "openai-parallel", "timeout": "openai-timeout", "patience": "openai-patience", "price": "openai-price",
	"model": "model", "pooling": "model-pooling", "window": "model-window", "threads": "model-threads", "document_fields": "document-fields", "query_fields": "query-fields", "cache_size": "cache-size",
}

// bill tells what embedding has cost, nothing where it cost nothing.
func bill(p akin.Profile) string {
	if !p.Metered {
		return ""
	}
	text := fmt.Sprintf("embedder: %d texts and %d tokens in %d requests, %d texts from the cache", p.Used.Texts, p.Used.Tokens, p.Used.Requests, p.Used.Cached)
	if p.Price > 0 {
		text += fmt.Sprintf(", cost %.4g", float64(p.Used.Tokens)/1e6*p.Price)
	}
	return text
}

// byteSize is a number of bytes, with a unit or without: 4GiB, 500MB, 100000000.
type byteSize int64

var byteUnits = []struct {
	name string
	size float64
}{
	{"kib", 1 << 10},
	{"mib", 1 << 20},
	{"gib", 1 << 30},
	{"tib", 1 << 40},
	{"kb", 1e3},
	{"mb", 1e6},
	{"gb", 1e9},
	{"tb", 1e12},
	{"k", 1 << 10},
	{"m", 1 << 20},
	{"g", 1 << 30},
	{"t", 1 << 40},
	{"b", 1},
	{"", 1},
}

// UnmarshalText reads what a user types.
func (b *byteSize) UnmarshalText(text []byte) error {
	number := strings.ToLower(strings.TrimSpace(string(text)))
	for _, u := range byteUnits {
		value, ok := strings.CutSuffix(number, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(n >= 0 && n*u.size < 1<<62) { // NaN is neither
			break
		}
		*b = byteSize(n * u.size)
		return nil
	}
	return fmt.Errorf("%q is not a size: write 500MB, 4GiB or a number of bytes", text)
}
