package encoder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/akinserver/akin"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-very-secret-0123456789"

// request is what a test server was asked.
type request struct {
	Input         []string
	Model         string
	Dimensions    int
	Path          string `json:"-"`
	Authorization string `json:"-"`
}

// model is a test server. Its answers are scripted one a request; the last one is given from then on.
type model struct {
	*httptest.Server
	mu       sync.Mutex
	script   []func(http.ResponseWriter, *http.Request, request)
	requests []request
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := request{Path: r.URL.Path, Authorization: r.Header.Get("Authorization")}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	m.requests = append(m.requests, q)
	answer := m.script[min(len(m.requests), len(m.script))-1]
	m.mu.Unlock()
	answer(w, r, q)
}

// serve starts a model, and an embedder of 2 dimensions that asks it and does not wait; it returns the waits it did not.
func serve(t *testing.T, options OpenAIOptions, script ...func(http.ResponseWriter, *http.Request, request)) (*OpenAI, *model, *[]time.Duration) {
	t.Helper()
	m := &model{script: script}
	m.Server = httptest.NewServer(m)
	options.BaseURL, options.Key, options.Dimensions = m.URL+"/v1/", testKey, 2
	o, err := NewOpenAI(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	waits := new([]time.Duration)
	o.wait = func(_ context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return nil
	}
	t.Cleanup(func() {
		o.Close()
		m.Close()
	})
	return o, m, waits
}

// vectorOf is what the test server knows of a text: two texts of other lengths point elsewhere.
func vectorOf(text string) []float32 { return []float32{float32(len(text)), 1} }

func right(w http.ResponseWriter, _ *http.Request, q request) {
	var data []map[string]any
	for i, text := range q.Input {
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": vectorOf(text)})
	}
	json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data, "usage": nil})
}

func reversed(w http.ResponseWriter, _ *http.Request, q request) {
	var data []map[string]any
	for i := len(q.Input) - 1; i >= 0; i-- {
		data = append(data, map[string]any{"index": i, "embedding": vectorOf(q.Input[i])})
	}
	json.NewEncoder(w).Encode(map[string]any{"data": data})
}

// says answers with a status and a body, and headers in pairs.
func says(status int, body string, headers ...string) func(http.ResponseWriter, *http.Request, request) {
	return func(w http.ResponseWriter, _ *http.Request, _ request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// hangs gives no answer until the caller has gone.
func hangs(_ http.ResponseWriter, r *http.Request, _ request) { <-r.Context().Done() }

// breaks ends the connection in the middle of an answer.
func breaks(w http.ResponseWriter, _ *http.Request, _ request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"data":[{"index":0,"embed`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func checkVectors(t *testing.T, texts []string, got [][]float32) {
	t.Helper()
	var want [][]float32
	for _, text := range texts {
		v := make([]float32, 2)
		if strings.TrimSpace(text) != "" {
			v = vectorOf(text)
			normalise(v)
		}
		want = append(want, v)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("vectors of %q (-want +got):\n%s", texts, diff)
	}
}

func TestOpenAISends(t *testing.T) {
	o, m, _ := serve(t, OpenAIOptions{Model: "small", BatchSize: 2, QueryPrefix: "query: ", DocumentPrefix: "passage: "}, right)
	if _, err := o.Embed(t.Context(), akin.Document, []string{"a", "", "b", " \n", "c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Embed(t.Context(), akin.Query, []string{"d"}); err != nil {
		t.Fatal(err)
	}
	common := request{Model: "small", Dimensions: 2, Path: "/v1/embeddings", Authorization: "Bearer " + testKey}
	var want []request
	for _, input := range [][]string{{"passage: a", "passage: b"}, {"passage: c"}, {"query: d"}} {
		r := common
		r.Input = input
		want = append(want, r)
	}
	if diff := cmp.Diff(want, m.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestOpenAISendsNothingForNothing(t *testing.T) {
	o, m, _ := serve(t, OpenAIOptions{}, right)
	texts := []string{"", " ", "\u3000\n"}
	got, err := o.Embed(t.Context(), akin.Document, texts)
	if err != nil {
		t.Fatal(err)
	}
	checkVectors(t, texts, got)
	if len(m.requests) > 0 {
		t.Errorf("blank texts were sent: %v", m.requests)
	}
}

// Whatever the order of an answer, no text gets the vector of another.
func TestOpenAIPlacesVectors(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[a-z ]{0,12}`), 1, 9).Draw(rt, "texts")
		size := rapid.IntRange(1, 4).Draw(rt, "batch size")
		order := rapid.Permutation([]int{0, 1, 2, 3}).Draw(rt, "order")
		o, _, _ := serve(t, OpenAIOptions{BatchSize: size}, func(w http.ResponseWriter, _ *http.Request, q request) {
			var data []map[string]any
			for _, i := range order {
				if i < len(q.Input) {
					data = append(data, map[string]any{"index": i, "embedding": vectorOf(q.Input[i])})
				}
			}
			json.NewEncoder(w).Encode(map[string]any{"data": data})
		})
		got, err := o.Embed(context.Background(), akin.Document, texts)
		if err != nil {
			rt.Fatal(err)
		}
		checkVectors(t, texts, got)
	})
}

func TestOpenAIRefusesDefectiveAnswers(t *testing.T) {
	list := func(data string) string { return `{"object":"list","data":[` + data + `]}` }
	tests := []struct{ name, body, want string }{
		{name: "a vector short", body: list(`{"index":0,"embedding":[1,2]}`), want: "1 vectors for 2 texts"},
		{name: "a vector too many", body: list(`{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2]},{"index":2,"embedding":[1,2]}`), want: "3 vectors for 2 texts"},
		{name: "no index, so all are 0", body: list(`{"embedding":[1,2]},{"embedding":[1,2]}`), want: "index 0 twice"},
		{name: "an index out of range", body: list(`{"index":1,"embedding":[1,2]},{"index":2,"embedding":[1,2]}`), want: "index 2, but 2 texts were sent"},
		{name: "a negative index", body: list(`{"index":1,"embedding":[1,2]},{"index":-1,"embedding":[1,2]}`), want: "index -1"},
		{name: "null for a number", body: list(`{"index":0,"embedding":[1,null]},{"index":1,"embedding":[1,2]}`), want: "null"},
		{name: "null for a vector", body: list(`{"index":0,"embedding":null},{"index":1,"embedding":[1,2]}`), want: "vector 0 is empty"},
		{name: "null for an entry", body: list(`null,{"index":1,"embedding":[1,2]}`), want: "vector 0 is empty"},
		{name: "an empty vector", body: list(`{"index":0,"embedding":[]},{"index":1,"embedding":[1,2]}`), want: "vector 0 is empty"},
		{name: "a vector of zeros", body: list(`{"index":0,"embedding":[1,2]},{"index":1,"embedding":[0,0]}`), want: "vector 1 is zero"},
		{name: "a number beyond float32", body: list(`{"index":0,"embedding":[1,1e99]},{"index":1,"embedding":[1,2]}`), want: "not one of an embeddings API"},
		{name: "other dimensions", body: list(`{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]}`), want: "set the dimensions to 3"},
		{name: "an error with status 200", body: `{"error":{"message":"model is loading"}}`, want: "model is loading"},
		{name: "an error as text with status 200", body: `{"error":"out of memory"}`, want: "out of memory"},
		{name: "a page of HTML with status 200", body: `<html>Welcome!</html>`, want: "is the base URL right?"},
		{name: "an empty body", body: ``, want: "is the base URL right?"},
		{name: "base64 where numbers belong", body: list(`{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":"AACAPw=="}`), want: "not one of an embeddings API"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _, _ := serve(t, OpenAIOptions{}, says(http.StatusOK, tt.body))
			v, err := o.Embed(t.Context(), akin.Document, []string{"one", "two"})
			if err == nil || v != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, error %v\nwant an error with %q", v, err, tt.want)
			}
			if errors.Is(err, akin.ErrUnavailable) {
				t.Errorf("a server that answers counts as unavailable: %v", err)
			}
		})
	}
}

func TestOpenAIErrors(t *testing.T) {
	tests := []struct {
		name        string
		answer      func(http.ResponseWriter, *http.Request, request)
		want        string
		unavailable bool
		requests    int
	}{
		{
			name:     "a wrong key",
			answer:   says(401, `{"error":{"message":"Incorrect API key provided: `+testKey+`","type":"x","code":"invalid_api_key"}}`),
			want:     "the server refuses the API key (status 401): set the right one",
			requests: 1,
		},
		{
			name:     "a key without the right",
			answer:   says(403, `{"error":{"message":"key `+testKey+` has no access"}}`),
			want:     "may not use this model (status 403): key [key] has no access",
			requests: 1,
		},
		{
			name:     "no such model, as Ollama says it",
			answer:   says(404, `{"error":{"message":"model \"tiny\" not found, try pulling it first","type":"api_error","param":null,"code":null}}`),
			want:     `check the model's name, and that the base URL ends as the server wants it, mostly in /v1: model "tiny" not found`,
			requests: 1,
		},
		{
			name:     "no such path, as a web server says it",
			answer:   says(404, "404 page\nnot found"),
			want:     "404 page not found",
			requests: 1,
		},
		{
			name:     "a text that is too long",
			answer:   says(400, `{"error":{"message":"maximum context length is 8192 tokens"}}`),
			want:     "the server refuses the request (status 400): maximum context length is 8192 tokens",
			requests: 1,
		},
		{
			name:     "an error with a detail, as FastAPI says it",
			answer:   says(422, `{"detail":"dimensions are not supported"}`),
			want:     "dimensions are not supported",
			requests: 1,
		},
		{
			name:        "an account without money is not asked again",
			answer:      says(429, `{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}`),
			want:        "You exceeded your current quota",
			unavailable: true,
			requests:    1,
		},
		{
			name:        "a server that wants an hour of peace is not waited for",
			answer:      says(429, `{"error":"slow down"}`, "Retry-After", "3600"),
			want:        "it asks to wait for 1h0m0s",
			unavailable: true,
			requests:    1,
		},
		{
			name:        "a server that stays broken",
			answer:      says(502, "<html>Bad Gateway</html>"),
			want:        "status 502: <html>Bad Gateway</html>",
			unavailable: true,
			requests:    attempts,
		},
		{
			name:        "a connection that always breaks",
			answer:      breaks,
			want:        "no connection: unexpected EOF",
			unavailable: true,
			requests:    attempts,
		},
		{
			name:        "no answer in time",
			answer:      hangs,
			want:        "no answer within 20ms",
			unavailable: true,
			requests:    attempts,
		},
		{
			name:     "an answer without end",
			answer:   says(200, strings.Repeat(" ", answerSlack+2*answerVector)),
			want:     "set a smaller batch size",
			requests: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timeout := time.Minute
			if strings.Contains(tt.want, "20ms") {
				timeout = 20 * time.Millisecond
			}
			o, m, waits := serve(t, OpenAIOptions{Timeout: timeout, Model: "tiny", BatchSize: 1}, tt.answer)
			v, err := o.Embed(t.Context(), akin.Document, []string{"one"})
			if err == nil || v != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, error %v\nwant an error with %q", v, err, tt.want)
			}
			if got := errors.Is(err, akin.ErrUnavailable); got != tt.unavailable {
				t.Errorf("unavailable: %v, want %v: %v", got, tt.unavailable, err)
			}
			if got := len(*waits) + 1; got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if strings.Contains(err.Error(), testKey) {
				t.Errorf("the key is in the error: %v", err)
			}
			if errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the request's deadline passes for the caller's: %v", err)
			}
			if where := "embed texts 1 to 1 of 1 with tiny at " + m.URL; !strings.HasPrefix(err.Error(), where) {
				t.Errorf("error %v\ndoes not begin with %q", err, where)
			}
		})
	}
}

func TestOpenAITriesAgain(t *testing.T) {
	tests := []struct {
		name  string
		first func(http.ResponseWriter, *http.Request, request)
		wait  time.Duration // 0: about firstWait
	}{
		{name: "after 429, when the server says", first: says(429, `{"error":{"message":"slow down"}}`, "Retry-After", "7"), wait: 7 * time.Second},
		{name: "after 500", first: says(500, `{"error":{"message":"sorry"}}`)},
		{name: "after 503, when the server says", first: says(503, "", "Retry-After", "1.5"), wait: 1500 * time.Millisecond},
		{name: "after a vector short", first: says(200, `{"data":[{"index":0,"embedding":[1,2]}]}`)},
		{name: "after a broken connection", first: breaks},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, m, waits := serve(t, OpenAIOptions{}, tt.first, reversed)
			texts := []string{"one", "three"}
			got, err := o.Embed(t.Context(), akin.Document, texts)
			if err != nil {
				t.Fatal(err)
			}
			checkVectors(t, texts, got)
			if len(m.requests) != 2 || len(*waits) != 1 {
				t.Fatalf("%d requests after waits %v", len(m.requests), *waits)
			}
			if w := (*waits)[0]; tt.wait != 0 && w != tt.wait || tt.wait == 0 && (w < firstWait || w > 2*firstWait) {
				t.Errorf("waited %v, want %v", w, tt.wait)
			}
		})
	}
}

func TestOpenAIStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o, _, _ := serve(t, OpenAIOptions{}, func(w http.ResponseWriter, r *http.Request, q request) {
		cancel()
		hangs(w, r, q)
	})
	if v, err := o.Embed(ctx, akin.Document, []string{"one"}); !errors.Is(err, context.Canceled) || v != nil {
		t.Errorf("got %v, error %v", v, err)
	}
}

func TestOpenAIStopsWaitingWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o, _, _ := serve(t, OpenAIOptions{}, says(429, "", "Retry-After", "59"))
	o.wait = func(ctx context.Context, d time.Duration) error {
		cancel()
		return sleep(ctx, d)
	}
	if v, err := o.Embed(ctx, akin.Document, []string{"one"}); !errors.Is(err, context.Canceled) || v != nil {
		t.Errorf("got %v, error %v", v, err)
	}
}

func TestOpenAINobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	o, err := NewOpenAI(t.Context(), OpenAIOptions{BaseURL: "http://user:hidden@" + address + "/v1", Dimensions: 2})
	if err != nil {
		t.Fatal(err)
	}
	o.wait = func(context.Context, time.Duration) error { return nil }
	_, err = o.Embed(t.Context(), akin.Document, []string{"one"})
	if !errors.Is(err, akin.ErrUnavailable) || !strings.Contains(err.Error(), address) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v\nwant one that is unavailable and names %s, but not the password", err, address)
	}
}

func TestOpenAIFindsDimensions(t *testing.T) {
	m := &model{script: []func(http.ResponseWriter, *http.Request, request){right}}
	m.Server = httptest.NewServer(m)
	defer m.Close()
	o, err := NewOpenAI(t.Context(), OpenAIOptions{BaseURL: m.URL, Model: "small"})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Dimensions() != 2 || o.Fingerprint() != "openai/1/small/2" {
		t.Errorf("%d dimensions, fingerprint %s", o.Dimensions(), o.Fingerprint())
	}
	if len(m.requests) != 1 || m.requests[0].Dimensions != 0 || m.requests[0].Authorization != "" {
		t.Errorf("requests: %+v", m.requests)
	}
}

func TestOpenAIFingerprintTellsPrefixes(t *testing.T) {
	o, _, _ := serve(t, OpenAIOptions{Model: "e5", QueryPrefix: "query: ", DocumentPrefix: "passage: "}, right)
	if got, want := o.Fingerprint(), "openai/1/e5/2?document=passage%3A+&query=query%3A+"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOpenAIOptions(t *testing.T) {
	tests := []struct {
		name, field string
		options     OpenAIOptions
	}{
		{name: "a host without a scheme", field: "base_url", options: OpenAIOptions{BaseURL: "localhost:11434/v1"}},
		{name: "a URL that is none", field: "base_url", options: OpenAIOptions{BaseURL: "http://user:hidden@%zz"}},
		{name: "a path after which nothing can stand", field: "base_url", options: OpenAIOptions{BaseURL: "http://a/v1?key=hidden"}},
		{name: "negative dimensions", field: "dimensions", options: OpenAIOptions{Dimensions: -1}},
		{name: "a negative batch", field: "batch_size", options: OpenAIOptions{BatchSize: -1}},
		{name: "a negative timeout", field: "timeout", options: OpenAIOptions{Timeout: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewOpenAI(t.Context(), tt.options)
			if invalid := (*akin.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != tt.field {
				t.Fatalf("error %v, want one about %s", err, tt.field)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("a secret is in the error: %v", err)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2031, 5, 19, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, value string
		want        time.Duration
	}{
		{name: "none", value: "", want: 0},
		{name: "seconds", value: "20", want: 20 * time.Second},
		{name: "a fraction", value: "0.25", want: 250 * time.Millisecond},
		{name: "a date", value: "Mon, 19 May 2031 12:00:30 GMT", want: 30 * time.Second},
		{name: "a date that has passed", value: "Mon, 19 May 2031 11:00:00 GMT", want: 0},
		{name: "a negative number", value: "-3", want: 0},
		{name: "no number at all", value: "soon", want: 0},
		{name: "NaN", value: "NaN", want: 0},
		{name: "more than a duration holds", value: "1e300", want: 1e6 * time.Second},
	}
	for _, tt := range tests {
		if got := retryAfter(tt.value, now); got != tt.want {
			t.Errorf("%s: retryAfter(%q) = %v, want %v", tt.name, tt.value, got, tt.want)
		}
	}
}
