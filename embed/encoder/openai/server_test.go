package openai

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-very-secret-0123456789"

// request is what a test server was asked.
type request struct {
	Input          []string
	Model          string
	Dimensions     int
	EncodingFormat string         `json:"encoding_format"`
	Path           string         `json:"-"`
	Header         http.Header    `json:"-"`
	Fields         map[string]any `json:"-"` // all of the body
}

type handler = func(http.ResponseWriter, *http.Request, request)

// model is a test server. Its answers are scripted one a request; the last one is given from then on.
type model struct {
	*httptest.Server
	mu       sync.Mutex
	script   []handler
	requests []request
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := request{Path: r.URL.RequestURI(), Header: r.Header}
	var body json.RawMessage
	if json.NewDecoder(r.Body).Decode(&body) != nil || json.Unmarshal(body, &q) != nil || json.Unmarshal(body, &q.Fields) != nil {
		http.Error(w, "not a request", http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	m.requests = append(m.requests, q)
	answer := m.script[min(len(m.requests), len(m.script))-1]
	m.mu.Unlock()
	answer(w, r, q)
}

// sent are all texts of all requests so far.
func (m *model) sent() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var texts []string
	for _, r := range m.requests {
		texts = append(texts, r.Input...)
	}
	return texts
}

// serve starts a model, and an embedder of 2 dimensions that asks it one request at a time and does not wait; it returns the waits it did not.
func serve(t *testing.T, options Options, script ...handler) (*Embedder, *model, *[]time.Duration) {
	t.Helper()
	m := &model{script: script}
	m.Server = httptest.NewServer(m)
	options.BaseURL, options.Dimensions = m.URL+"/v1/", 2
	if options.Key == "" && options.KeyFile == "" {
		options.Key = testKey
	}
	if options.Parallel == 0 {
		options.Parallel = 1
	}
	e, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	waits, mu := new([]time.Duration), new(sync.Mutex)
	e.wait = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		if d > 0 {
			*waits = append(*waits, d)
			e.gate.until = time.Time{}
		}
		return ctx.Err()
	}
	t.Cleanup(func() {
		e.Close()
		m.Close()
	})
	return e, m, waits
}

// vectorOf is what the test server knows of a text: texts that differ point elsewhere.
func vectorOf(text string) []float32 {
	angle := 0.0
	for i, b := range []byte(text) {
		angle += float64(b) * math.Sqrt(float64(i+2))
	}
	return []float32{float32(3 * math.Cos(angle)), float32(3 * math.Sin(angle))}
}

func encoded(v []float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// entry is a vector in an answer, in the format that was asked for.
func entry(q request, i int) map[string]any {
	v := vectorOf(q.Input[i])
	if q.EncodingFormat == "base64" {
		return map[string]any{"object": "embedding", "index": i, "embedding": encoded(v)}
	}
	return map[string]any{"object": "embedding", "index": i, "embedding": v}
}

func list(w http.ResponseWriter, data []map[string]any) {
	json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data, "usage": map[string]any{"prompt_tokens": 10 * len(data)}})
}

func right(w http.ResponseWriter, _ *http.Request, q request) {
	var data []map[string]any
	for i := range q.Input {
		data = append(data, entry(q, i))
	}
	list(w, data)
}

// says answers with a status and a body, and headers in pairs.
func says(status int, body string, headers ...string) handler {
	return func(w http.ResponseWriter, _ *http.Request, _ request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// unless answers as bad does where a text of the request is so, and rightly otherwise.
func unless(is func(text string) bool, bad handler) handler {
	return func(w http.ResponseWriter, r *http.Request, q request) {
		for _, text := range q.Input {
			if is(text) {
				bad(w, r, q)
				return
			}
		}
		right(w, r, q)
	}
}

func holds(word string) func(string) bool {
	return func(text string) bool { return strings.Contains(text, word) }
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

func wantVectors(texts []string) [][]float32 {
	var want [][]float32
	for _, text := range texts {
		v := make([]float32, 2)
		if strings.TrimSpace(text) != "" {
			v = vectorOf(text)
			normalise(v)
		}
		want = append(want, v)
	}
	return want
}

func diffVectors(want, got [][]float32) string {
	return cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-6))
}

func checkVectors(t *testing.T, texts []string, got [][]float32) {
	t.Helper()
	if diff := diffVectors(wantVectors(texts), got); diff != "" {
		t.Errorf("vectors of %q (-want +got):\n%s", texts, diff)
	}
}
