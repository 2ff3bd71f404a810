package encoder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/akinserver/akin"
	"github.com/sashabaranov/go-openai"
)

// openAIVersion changes whenever akin sends a text in another form.
const openAIVersion = 1

// OpenAIOptions say where a model is and how to ask it.
type OpenAIOptions struct {
	BaseURL    string        // of the API, without /embeddings; empty means https://api.openai.com/v1
	Key        string        // sent as a bearer token; empty sends none. It is in no error
	Model      string        // as the server calls it; empty means text-embedding-3-small
	Dimensions int           // asked of the server; 0 asks for none, and takes the model's own
	BatchSize  int           // texts in one request; 0 means 64
	Timeout    time.Duration // of one request, its answer read; 0 means 60 s

	QueryPrefix    string // put before each text to find others by, for models trained so: "query: "
	DocumentPrefix string // put before each text to be found: "passage: "
}

// OpenAI embeds texts through POST BaseURL/embeddings, as spoken by OpenAI, Ollama, vLLM, llama.cpp and Text Embeddings
// Inference. It trusts no answer: a vector that is missing, doubled, of another length, zero or not a number is an error.
type OpenAI struct {
	options    OpenAIOptions
	dimensions int
	client     *openai.Client
	transport  *http.Transport
	wait       func(context.Context, time.Duration) error // tests do not wait
}

const (
	attempts     = 4                      // requests for one batch, the first one among them
	firstWait    = 500 * time.Millisecond // before the second; doubled each time
	longestWait  = 60 * time.Second       // that a server may ask for with Retry-After; beyond it, the batch fails
	answerSlack  = 1 << 20                // bytes of an answer beside its vectors
	answerVector = 256 << 10              // bytes of a vector in an answer: 8,192 dimensions as text
)

// NewOpenAI returns an embedder for the model that options name. Where they leave the dimensions open it asks the server for one
// vector; otherwise it sends nothing. An error about an option is an *akin.InvalidError; see Embed for the others.
func NewOpenAI(ctx context.Context, options OpenAIOptions) (*OpenAI, error) {
	if options.BaseURL == "" {
		options.BaseURL = "https://api.openai.com/v1"
	}
	if options.Model == "" {
		options.Model = string(openai.SmallEmbedding3)
	}
	if options.BatchSize == 0 {
		options.BatchSize = 64
	}
	if options.Timeout == 0 {
		options.Timeout = time.Minute
	}
	options.Key = strings.TrimSpace(options.Key)
	if err := options.validate(); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	config := openai.DefaultConfig(options.Key)
	config.BaseURL = options.BaseURL
	config.HTTPClient = &http.Client{
		Timeout:   options.Timeout,
		Transport: recorder{transport, answerSlack + int64(options.BatchSize)*answerVector},
	}
	o := &OpenAI{options: options, dimensions: options.Dimensions, client: openai.NewClientWithConfig(config), transport: transport, wait: sleep}
	if o.dimensions == 0 {
		probe, err := o.Embed(ctx, akin.Document, []string{"akin"})
		if err != nil {
			o.Close()
			return nil, fmt.Errorf("find the dimensions of a model: %w", err)
		}
		o.dimensions = len(probe[0])
	}
	return o, nil
}

func (o *OpenAIOptions) validate() error {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil: // the parser's message would repeat a password in the URL
		return &akin.InvalidError{Field: "base_url", Problem: "is not a URL"}
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return &akin.InvalidError{Field: "base_url", Problem: fmt.Sprintf("%q does not begin with http:// or https:// and a host", u.Redacted())}
	case u.RawQuery != "" || u.Fragment != "":
		return &akin.InvalidError{Field: "base_url", Problem: "has something after its path"}
	case o.Dimensions < 0:
		return &akin.InvalidError{Field: "dimensions", Problem: fmt.Sprintf("%d is negative", o.Dimensions)}
	case o.BatchSize < 0:
		return &akin.InvalidError{Field: "batch_size", Problem: fmt.Sprintf("%d is negative", o.BatchSize)}
	case o.Timeout < 0:
		return &akin.InvalidError{Field: "timeout", Problem: fmt.Sprintf("%v is negative", o.Timeout)}
	}
	return nil
}

// Dimensions is the length of every vector.
func (o *OpenAI) Dimensions() int { return o.dimensions }

// Fingerprint is openai/VERSION/MODEL/DIMENSIONS, and the prefixes if there are any. It does not tell the server: a model that
// moves to another host stays the same model.
func (o *OpenAI) Fingerprint() string {
	f := fmt.Sprintf("openai/%d/%s/%d", openAIVersion, o.options.Model, o.dimensions)
	prefixes := url.Values{}
	if p := o.options.DocumentPrefix; p != "" {
		prefixes.Set("document", p)
	}
	if p := o.options.QueryPrefix; p != "" {
		prefixes.Set("query", p)
	}
	if len(prefixes) > 0 {
		f += "?" + prefixes.Encode()
	}
	return f
}

// Close closes connections that wait for a next request. A later Embed opens new ones.
func (o *OpenAI) Close() { o.transport.CloseIdleConnections() }

// Embed asks for the vectors of texts, batch after batch. A blank text is not sent, and has the zero vector.
//
// A request that the server had no time for (408, 429, 5xx, no connection, no answer in time) or answered with a defect is made
// again, up to 4 times in all; if it still fails for want of the server, the error is akin.ErrUnavailable. Any other error says
// what to change: key, model, dimensions, or the text.
func (o *OpenAI) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	prefix := o.options.DocumentPrefix
	if purpose == akin.Query {
		prefix = o.options.QueryPrefix
	}
	vectors := make([][]float32, len(texts))
	var batch []string
	var at []int // index into texts of each text in batch
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		found, err := o.embed(ctx, batch)
		if err != nil {
			return fmt.Errorf("embed texts %d to %d of %d with %s at %s: %w",
				at[0]+1, at[len(at)-1]+1, len(texts), o.options.Model, o.address(), err)
		}
		for i, v := range found {
			vectors[at[i]] = v
		}
		batch, at = batch[:0], at[:0]
		return nil
	}
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		batch, at = append(batch, prefix+text), append(at, i)
		if len(batch) == o.options.BatchSize {
			if err := send(); err != nil {
				return nil, err
			}
		}
	}
	if err := send(); err != nil {
		return nil, err
	}
	for i := range vectors {
		if vectors[i] == nil {
			vectors[i] = make([]float32, o.dimensions)
		}
	}
	return vectors, nil
}

// embed asks for one batch until it has its vectors, or nothing more can be hoped for.
func (o *OpenAI) embed(ctx context.Context, texts []string) ([][]float32, error) {
	for attempt := 1; ; attempt++ {
		vectors, err := o.ask(ctx, texts)
		if err == nil {
			return vectors, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var f *failure
		if !errors.As(err, &f) || !f.again || attempt == attempts {
			return nil, err
		}
		pause := f.after
		if pause == 0 {
			pause = firstWait << (attempt - 1)
			pause += rand.N(pause / 2) // so that many callers do not come back all at once
		}
		if pause > longestWait {
			return nil, fmt.Errorf("it asks to wait for %v: %w", pause, err)
		}
		if err := o.wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// failure is a request without its vectors.
type failure struct {
	problem string
	cause   error         // akin.ErrUnavailable or nil
	again   bool          // whether the same request may fare better later
	after   time.Duration // when, if the server said so
}

func (f *failure) Error() string {
	if f.cause != nil {
		return f.problem + ": " + f.cause.Error()
	}
	return f.problem
}

func (f *failure) Unwrap() error { return f.cause }

// ask makes one request.
func (o *OpenAI) ask(ctx context.Context, texts []string) ([][]float32, error) {
	var a answer
	ctx = context.WithValue(ctx, answerKey{}, &a)
	res, err := o.client.CreateEmbeddings(ctx, openai.EmbeddingRequestStrings{
		Input:      texts,
		Model:      openai.EmbeddingModel(o.options.Model),
		Dimensions: o.options.Dimensions,
	})
	if err != nil || a.status != http.StatusOK {
		return nil, o.failed(&a, err)
	}
	vectors, err := o.check(&a, res.Data, len(texts))
	if err != nil {
		return nil, err
	}
	return vectors, nil
}

// check places the vectors of an answer by their indices, in unit length.
func (o *OpenAI) check(a *answer, data []openai.Embedding, want int) ([][]float32, error) {
	defect := func(format string, args ...any) error {
		return &failure{problem: "the answer is defective: " + fmt.Sprintf(format, args...), again: true}
	}
	if len(data) != want {
		if m := a.message(o.options.Key); len(data) == 0 && m != "" {
			return nil, &failure{problem: "the server says, with status 200: " + m, again: true}
		}
		return nil, defect("%d vectors for %d texts", len(data), want)
	}
	if a.holdsNull() {
		return nil, defect("it holds null where a number belongs")
	}
	vectors := make([][]float32, want)
	for _, d := range data {
		switch {
		case d.Index < 0 || d.Index >= want:
			return nil, defect("index %d, but %d texts were sent", d.Index, want)
		case vectors[d.Index] != nil:
			return nil, defect("index %d twice", d.Index)
		case len(d.Embedding) == 0:
			return nil, defect("vector %d is empty", d.Index)
		case o.dimensions != 0 && len(d.Embedding) != o.dimensions:
			return nil, &failure{problem: fmt.Sprintf("the model gives vectors of %d dimensions, not %d: set the dimensions to %d, or to 0 for the model's own",
				len(d.Embedding), o.dimensions, len(d.Embedding))}
		case len(d.Embedding) != len(data[0].Embedding):
			return nil, defect("vectors of %d and of %d dimensions", len(data[0].Embedding), len(d.Embedding))
		case !normalise(d.Embedding):
			return nil, defect("vector %d is zero", d.Index)
		}
		vectors[d.Index] = d.Embedding
	}
	return vectors, nil
}

// failed says what went wrong with a request, and whether it is worth another try.
func (o *OpenAI) failed(a *answer, err error) error {
	said := a.message(o.options.Key)
	if said != "" {
		said = ": " + said
	}
	var tooLarge *http.MaxBytesError
	switch s := a.status; {
	case errors.As(err, &tooLarge):
		return &failure{problem: fmt.Sprintf("the answer is larger than %d bytes: set a smaller batch size", tooLarge.Limit)}
	case s == 0:
		return &failure{problem: o.unreached(err), cause: akin.ErrUnavailable, again: true}
	case s == http.StatusUnauthorized: // what the server says often holds a part of the key
		if o.options.Key == "" {
			return &failure{problem: "the server wants an API key (status 401): set one"}
		}
		return &failure{problem: "the server refuses the API key (status 401): set the right one"}
	case s == http.StatusForbidden:
		return &failure{problem: "the API key may not use this model (status 403)" + said}
	case s == http.StatusNotFound:
		return &failure{problem: "no such model or no such path (status 404): check the model's name, and that the base URL ends as the server wants it, mostly in /v1" + said}
	case s == http.StatusTooManyRequests:
		spent := strings.Contains(string(a.body), "insufficient_quota") // waiting does not pay a bill
		return &failure{problem: "the server is asked too often (status 429)" + said, cause: akin.ErrUnavailable, again: !spent, after: a.after}
	case s == http.StatusRequestTimeout, s >= 500:
		return &failure{problem: fmt.Sprintf("status %d", s) + said, cause: akin.ErrUnavailable, again: true, after: a.after}
	case s == http.StatusOK && a.err != nil: // cut off in the middle
		return &failure{problem: o.unreached(a.err), cause: akin.ErrUnavailable, again: true}
	case s == http.StatusOK:
		return &failure{problem: "the answer is not one of an embeddings API: is the base URL right?" + said, again: true}
	}
	return &failure{problem: fmt.Sprintf("the server refuses the request (status %d)", a.status) + said}
}

// unreached words an error of the connection. It is worded rather than wrapped: its deadline is not the caller's.
func (o *OpenAI) unreached(err error) string {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Sprintf("no answer within %v", o.options.Timeout)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // it names the URL, as Embed does
	}
	return fmt.Sprintf("no connection: %v", err)
}

// address is the base URL without a password.
func (o *OpenAI) address() string {
	u, err := url.Parse(o.options.BaseURL)
	if err != nil {
		return "the server"
	}
	return u.Redacted()
}

// answer is what go-openai does not pass on of an answer.
type answer struct {
	status int           // 0 if there was none
	after  time.Duration // Retry-After; 0 if there was none
	body   []byte        //
	err    error         // met while reading the body
}

type answerKey struct{}

// recorder writes each answer into the *answer in the request's context. It reads at most limit bytes of it.
type recorder struct {
	http.RoundTripper
	limit int64
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, r.limit))
	res.Body.Close()
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	if a, ok := req.Context().Value(answerKey{}).(*answer); ok {
		*a = answer{status: res.StatusCode, after: retryAfter(res.Header.Get("Retry-After"), time.Now()), body: body, err: err}
	}
	return res, nil
}

// failing is the end of a body: an error, or the usual one.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// retryAfter reads the header of that name: seconds, or a date. It is 0 where there is none.
func retryAfter(value string, now time.Time) time.Duration {
	if s, err := strconv.ParseFloat(value, 64); err == nil && s > 0 {
		return time.Duration(min(s, 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// message is what an answer says about an error, on one line, without the key.
func (a *answer) message(key string) string {
	var body struct {
		Error   json.RawMessage
		Message string
		Detail  string
	}
	if json.Unmarshal(a.body, &body) != nil {
		return line(string(a.body), key)
	}
	var inner struct{ Message string }
	var text string
	switch {
	case json.Unmarshal(body.Error, &text) == nil && text != "":
	case json.Unmarshal(body.Error, &inner) == nil && inner.Message != "":
		text = inner.Message
	case body.Message != "":
		text = body.Message
	default:
		text = body.Detail
	}
	return line(text, key)
}

// line cuts what a server says to one line that can be shown.
func line(text, key string) string {
	const longest = 300 // bytes
	if key != "" {
		text = strings.ReplaceAll(text, key, "[key]")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// holdsNull reports whether a vector of the answer holds null, which the JSON decoder reads as 0.
func (a *answer) holdsNull() bool {
	if !bytes.Contains(a.body, []byte("null")) {
		return false
	}
	var body struct {
		Data []struct{ Embedding []*float64 }
	}
	if json.Unmarshal(a.body, &body) != nil {
		return true
	}
	for _, d := range body.Data {
		for _, x := range d.Embedding {
			if x == nil {
				return true
			}
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
