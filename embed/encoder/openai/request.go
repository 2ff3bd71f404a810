package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/sashabaranov/go-openai"

	"github.com/akinserver/akin"
)

// failure is a request without its vectors.
type failure struct {
	problem string
	cause   error         // akin.ErrUnavailable, akin.ErrSetup, akin.ErrMismatch or nil
	tries   int           // that may fail so before it counts; 0 and 1 mean that the same request cannot fare better
	after   time.Duration // when the server wants the next one, if it says so
	text    bool          // it may be for one text alone
	long    bool          // and for its length
	slow    bool          // the answer took too long, as that to fewer texts may not
}

func (f *failure) Error() string {
	if f.cause != nil {
		return f.problem + ": " + f.cause.Error()
	}
	return f.problem
}

func (f *failure) Unwrap() error { return f.cause }

// How often a request may fail so.
const (
	triesAway   = 8 // the server has no time, or cannot be reached
	triesDefect = 4 // its answer is defective
)

// insist asks until there is an answer, or nothing more can be hoped for before a time.
//
// It is a loop of its own rather than a library's around http.RoundTripper: half of what is worth another try shows only in the decoded answer, and what one request
// learns of Retry-After holds for all.
func (e *Embedder) insist(ctx context.Context, form Form, texts []string, until time.Time) ([][]float32, error) {
	failures := map[int]int{} // by how many of their kind are too many
	for tries := 1; ; tries++ {
		vectors, err := e.ask(ctx, form, texts)
		if err == nil {
			e.timeouts.Store(0)
			return vectors, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		f, ok := errors.AsType[*failure](err)
		if !ok || f.slow && len(texts) > 1 {
			return nil, err
		}
		if failures[f.tries]++; failures[f.tries] >= f.tries {
			return nil, err
		}
		pause := pauseBefore(tries, f.after)
		if time.Now().Add(pause).After(until) {
			if f.after > 0 {
				return nil, fmt.Errorf("it asks to wait for %v: %w", f.after, err)
			}
			return nil, fmt.Errorf("tried %d times within %v: %w", tries, e.options.Patience, err)
		}
		if f.after > 0 {
			e.gate.close(pause)
		}
		if err := e.wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// The formats of vectors in answers. Base64 is asked for first: it is a third of the size, and exact.
const (
	formatUntried int32 = iota // nothing but an answer shows whether a server knows it
	formatBase64
	formatFloats
)

// ask makes one request, and a second one where the server cannot give vectors in the format of the first.
func (e *Embedder) ask(ctx context.Context, form Form, texts []string) ([][]float32, error) {
	format := e.format.Load()
	vectors, err := e.askIn(ctx, format, form, texts)
	other, retry := otherFormat(format, err)
	if !retry {
		if err == nil && format == formatUntried {
			e.format.CompareAndSwap(formatUntried, formatBase64)
		}
		return vectors, err
	}
	again, failed := e.askIn(ctx, other, form, texts)
	if failed != nil {
		return nil, failed
	}
	e.format.Store(other)
	return again, nil
}

// otherFormat tells whether an error comes of the format, and which is to be tried instead.
func otherFormat(format int32, err error) (int32, bool) {
	if wrong, ok := errors.AsType[*wrongFormat](err); ok {
		if format == formatFloats && wrong.got == "string" {
			return formatBase64, true
		}
		return formatFloats, format != formatFloats && wrong.got == "array"
	}
	f, ok := errors.AsType[*failure](err)
	return formatFloats, ok && format == formatUntried && f.text && !f.long
}

// wrongFormat is a vector in another format than asked for.
type wrongFormat struct {
	got string // "string" or "array"
	*failure
}

func (w *wrongFormat) Unwrap() error { return w.failure }

// askIn makes one request.
func (e *Embedder) askIn(ctx context.Context, format int32, form Form, texts []string) (vectors [][]float32, err error) {
	secret, err := e.key.get()
	if err != nil {
		return nil, err
	}
	estimate := 0
	for _, text := range texts {
		estimate += Tokens(text) + specials
	}
	end, err := e.turn(ctx, estimate)
	if err != nil {
		return nil, err
	}
	defer end()
	request := openai.EmbeddingRequestStrings{
		Input: texts, Model: openai.EmbeddingModel(e.options.Model), Dimensions: e.options.Dimensions, ExtraBody: form.Fields,
	}
	if format != formatFloats {
		request.EncodingFormat = openai.EmbeddingEncodingFormatBase64
	}
	x := exchange{key: secret, azure: e.options.APIVersion != ""}
	e.used.requests.Add(1)
	defer func() {
		if err != nil {
			e.used.failed.Add(1)
		}
	}()
	res, err := e.client.CreateEmbeddings(context.WithValue(ctx, exchangeKey{}, &x), request)
	if err != nil || x.status != http.StatusOK {
		return nil, e.failed(&x, err)
	}
	if n := res.Usage.PromptTokens; n > 0 {
		estimate = n
	}
	e.used.tokens.Add(int64(estimate)) // a defective answer is paid, too
	vectors, err = e.check(&x, res.Data, len(texts), format != formatFloats)
	if err != nil {
		return nil, err
	}
	e.used.texts.Add(int64(len(texts)))
	return vectors, nil
}

// check places the vectors of an answer by their indices, in unit length.
func (e *Embedder) check(x *exchange, data []openai.Embedding, want int, base64 bool) ([][]float32, error) {
	defect := func(format string, args ...any) *failure {
		return &failure{problem: "the answer is defective: " + fmt.Sprintf(format, args...), tries: triesDefect}
	}
	ofText := func(f *failure) *failure {
		f.text = true
		return f
	}
	if len(data) != want {
		if m := x.message(); len(data) == 0 && m != "" {
			return nil, saidUnder200(m)
		}
		return nil, defect("%d vectors for %d texts", len(data), want)
	}
	if what := x.silentDefect(base64); what != "" {
		return nil, ofText(defect("%s", what))
	}
	vectors := make([][]float32, want)
	for _, d := range data {
		switch {
		case d.Index < 0 || d.Index >= want:
			return nil, defect("index %d, but %d texts were sent", d.Index, want)
		case vectors[d.Index] != nil:
			return nil, defect("index %d twice", d.Index)
		case len(d.Embedding) == 0:
			return nil, ofText(defect("vector %d is empty", d.Index))
		case len(d.Embedding) != len(data[0].Embedding):
			return nil, defect("vectors of %d and of %d dimensions", len(data[0].Embedding), len(d.Embedding))
		case e.dimensions != 0 && len(d.Embedding) != e.dimensions:
			return nil, e.otherDimensions(len(d.Embedding))
		case !normalise(d.Embedding):
			return nil, ofText(defect("vector %d is zero, or not a number", d.Index))
		}
		vectors[d.Index] = d.Embedding
	}
	return vectors, nil
}

// noTime matches what servers say when another moment would do.
var noTime = regexp.MustCompile(`(?i)rate.?limit|too many requests|overload|unavailable|busy|time.?out|timed out|loading|capacity|try again`)

// saidUnder200 is an error that hides in an answer.
func saidUnder200(message string) error {
	f := &failure{problem: "the server says, with status 200: " + message, tries: triesDefect, text: true, long: tooLong.MatchString(message)}
	if !f.long && noTime.MatchString(message) {
		f.cause, f.tries, f.text = akin.ErrUnavailable, triesAway, false
	}
	return f
}

// otherDimensions is another model under the same name, or one that does not do as it was told.
func (e *Embedder) otherDimensions(got int) error {
	f := &failure{cause: akin.ErrMismatch, problem: fmt.Sprintf("the model gives vectors of %d dimensions, not %d as before", got, e.dimensions)}
	if e.options.Dimensions != 0 {
		f.cause, f.problem = akin.ErrSetup, fmt.Sprintf("the model gives vectors of %d dimensions, not %d: set the dimensions to %[1]d, or to 0 for the model's own", got, e.dimensions)
	}
	return f
}

// normalise gives v unit length, unless it is zero or holds what is not a number.
func normalise(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return false
	}
	length := math.Sqrt(sum)
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return true
}

// tooLong matches what servers say of texts that the model cannot read whole, as OpenAI, vLLM, TEI, Ollama and llama.cpp do.
var tooLong = regexp.MustCompile(`(?i)context (length|size|window)|input length|sequence length|too (long|large)|(less|fewer|more) than \d+ tokens|max\w*[^.]{0,40} tokens|tokens[^.]{0,40}(exceed|maximum|limit)|exceed\w*[^.]{0,40} tokens`)

// failed says what went wrong with a request, and whether it is worth another try.
func (e *Embedder) failed(x *exchange, err error) error {
	m := x.message()
	said := m
	if said != "" {
		said = ": " + said
	}
	setup := func(problem string) error { return &failure{problem: problem, cause: akin.ErrSetup} }
	var tooLarge *http.MaxBytesError
	switch s := x.status; {
	case errors.As(err, &tooLarge):
		return setup(fmt.Sprintf("the answer is larger than %d bytes: set a smaller batch size", tooLarge.Limit))
	case s == 0:
		return e.unreached(err)
	case s >= 300 && s < 400:
		return setup(fmt.Sprintf("the server sends elsewhere (status %d), where the key does not go by itself: set the base URL to what answers, under %s", s, target(x.moved)))
	case s == http.StatusUnauthorized: // what the server says often holds a part of the key
		if x.key == "" {
			return setup("the server wants an API key (status 401): set one")
		}
		return setup("the server refuses the API key (status 401): set the right one")
	case s == http.StatusForbidden:
		return setup("the API key may not use this model (status 403): use another key or model" + said)
	case s == http.StatusNotFound:
		return setup("no such model or no such path (status 404): check the model's name, and that the base URL ends as the server wants it, mostly in /v1" + said)
	case s == http.StatusTooManyRequests:
		f := &failure{problem: "the server is asked too often (status 429)" + said, cause: akin.ErrUnavailable, tries: triesAway, after: x.after}
		if strings.Contains(string(x.body), "insufficient_quota") { // waiting does not pay a bill
			f.tries = 1
		}
		return f
	case s == http.StatusBadRequest, s == http.StatusRequestEntityTooLarge, s == http.StatusUnprocessableEntity, s >= 500 && tooLong.MatchString(m):
		return &failure{problem: fmt.Sprintf("the server refuses it (status %d)", s) + said, text: true, long: s == http.StatusRequestEntityTooLarge || tooLong.MatchString(m)}
	case s == http.StatusRequestTimeout, s >= 500:
		return &failure{problem: fmt.Sprintf("status %d", s) + said, cause: akin.ErrUnavailable, tries: triesAway, after: x.after}
	case s == http.StatusOK && x.err != nil: // cut off in the middle
		return e.unreached(x.err)
	case s == http.StatusOK:
		return undecoded(err, said)
	}
	return setup(fmt.Sprintf("the server refuses the request (status %d)", x.status) + said)
}

// undecoded is an answer that is not what go-openai reads.
func undecoded(err error, said string) error {
	f := &failure{problem: "the answer is not one of an embeddings API: is the base URL right?" + said, tries: triesDefect}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && strings.HasSuffix(t.Field, "embedding") && (t.Value == "array" || t.Value == "string") {
		return &wrongFormat{t.Value, f}
	}
	return f
}

// target is where a redirection leads, without what may be secret in it.
func target(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return "another path"
	}
	return u.Scheme + "://" + u.Host
}

// unreached is an error of the connection. It is worded rather than wrapped: its deadline is not the caller's.
func (e *Embedder) unreached(err error) error {
	f := &failure{cause: akin.ErrUnavailable, tries: triesAway}
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		f.problem, f.slow = fmt.Sprintf("no answer within %v", e.options.Timeout), true
		return f
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // it names the URL, as EmbedEach does
	}
	f.problem = fmt.Sprintf("no connection: %v", err)
	return f
}
