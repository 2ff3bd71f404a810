package openai

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/akinserver/akin"
)

func TestSends(t *testing.T) {
	e, m, _ := serve(t, Options{
		Model: "small", BatchTexts: 2,
		Documents: Form{Prefix: "passage: ", Fields: map[string]any{"task": "retrieval.passage"}},
		Queries:   Form{Prefix: "query: ", Fields: map[string]any{"task": "retrieval.query"}},
	}, right)
	if _, err := e.Embed(t.Context(), akin.Document, []string{"a", "", "b", " \n", "c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Embed(t.Context(), akin.Query, []string{"d"}); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		input []string
		task  string
	}{
		{[]string{"passage: a", "passage: b"}, "retrieval.passage"},
		{[]string{"passage: c"}, "retrieval.passage"},
		{[]string{"query: d"}, "retrieval.query"},
	}
	if len(m.requests) != len(want) {
		t.Fatalf("%d requests, want %d", len(m.requests), len(want))
	}
	for i, r := range m.requests {
		if !slices.Equal(r.Input, want[i].input) || r.Fields["task"] != want[i].task {
			t.Errorf("request %d: %q for %v, want %q for %q", i, r.Input, r.Fields["task"], want[i].input, want[i].task)
		}
		if r.Model != "small" || r.Dimensions != 2 || r.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer "+testKey {
			t.Errorf("request %d: %+v", i, r)
		}
	}
	if used := e.Profile().Used; used != (akin.Usage{Requests: 3, Texts: 4, Tokens: 40}) {
		t.Errorf("used: %+v", used)
	}
}

func TestSendsNothingForNothing(t *testing.T) {
	e, m, _ := serve(t, Options{}, right)
	texts := []string{"", " ", "\u3000\n"}
	got, err := e.Embed(t.Context(), akin.Document, texts)
	if err != nil {
		t.Fatal(err)
	}
	checkVectors(t, texts, got)
	if len(m.requests) > 0 {
		t.Errorf("blank texts were sent: %v", m.requests)
	}
}

func TestBatchesByTokens(t *testing.T) {
	e, m, _ := serve(t, Options{BatchTokens: 16}, right)
	texts := []string{"ab cd ef gh", "ab cd ef gh", "ab cd", "ab cd ef gh ij kl mn op qr st uv wx", "ab"}
	got, err := e.Embed(t.Context(), akin.Document, texts)
	if err != nil {
		t.Fatal(err)
	}
	checkVectors(t, texts, got)
	var sizes []int
	for _, r := range m.requests {
		sizes = append(sizes, len(r.Input))
	}
	if want := []int{3, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("texts a request: %v, want %v: the long one goes alone", sizes, want)
	}
}

// Whatever the order of an answer, the sizes of batches and the number of requests at a time, no text gets the vector of another.
func TestPlacesVectors(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[a-z ]{0,12}`), 1, 30).Draw(rt, "texts")
		options := Options{
			BatchTexts: rapid.IntRange(1, 8).Draw(rt, "texts a batch"), BatchTokens: rapid.IntRange(1, 20).Draw(rt, "tokens a batch"),
			Parallel: rapid.IntRange(1, 4).Draw(rt, "parallel"),
		}
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7}).Draw(rt, "order")
		asFloats := rapid.Bool().Draw(rt, "the server knows floats alone")
		e, _, _ := serve(t, options, func(w http.ResponseWriter, _ *http.Request, q request) {
			if asFloats {
				q.EncodingFormat = ""
			}
			var data []map[string]any
			for _, i := range order {
				if i < len(q.Input) {
					data = append(data, entry(q, i))
				}
			}
			list(w, data)
		})
		got, err := e.Embed(context.Background(), akin.Document, texts)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := diffVectors(wantVectors(texts), got); diff != "" {
			rt.Fatalf("vectors of %q (-want +got):\n%s", texts, diff)
		}
	})
}

func TestHandsOutEachAnswer(t *testing.T) {
	e, _, _ := serve(t, Options{BatchTexts: 1}, right, right, says(401, ""))
	var got []int
	err := e.EmbedEach(t.Context(), akin.Document, []string{"one", "two", "three", "four"}, func(i int, v []float32) {
		if diff := diffVectors(wantVectors([]string{[]string{"one", "two", "three", "four"}[i]}), [][]float32{v}); diff != "" {
			t.Errorf("text %d: %s", i, diff)
		}
		got = append(got, i)
	})
	if !errors.Is(err, akin.ErrSetup) || !slices.Equal(got, []int{0, 1}) {
		t.Errorf("handed out %v, error %v", got, err)
	}
}

func TestFormats(t *testing.T) {
	asked := func(m *model) string {
		var formats []string
		for _, r := range m.requests {
			formats = append(formats, r.EncodingFormat)
		}
		return strings.Join(formats, ",")
	}
	floatsOnly := func(w http.ResponseWriter, r *http.Request, q request) {
		q.EncodingFormat = ""
		right(w, r, q)
	}
	base64Only := func(w http.ResponseWriter, r *http.Request, q request) {
		q.EncodingFormat = "base64"
		right(w, r, q)
	}
	strict := func(w http.ResponseWriter, r *http.Request, q request) {
		if q.EncodingFormat != "" {
			says(422, `{"detail":[{"msg":"extra fields not permitted: encoding_format"}]}`)(w, r, q)
			return
		}
		right(w, r, q)
	}
	tests := []struct {
		name   string
		script []handler
		want   string // formats asked for, in three calls
	}{
		{name: "base64 is asked for first", script: []handler{right}, want: "base64,base64,base64"},
		{name: "a server that sends numbers all the same is asked for numbers from then on", script: []handler{floatsOnly}, want: "base64,,,"},
		{name: "a server that refuses the field is not sent it again", script: []handler{strict}, want: "base64,,,"},
		{name: "a server that has changed is followed", script: []handler{floatsOnly, floatsOnly, base64Only}, want: "base64,,,base64,base64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, m, waits := serve(t, Options{}, tt.script...)
			for range 3 {
				texts := []string{"one", "two"}
				got, err := e.Embed(t.Context(), akin.Document, texts)
				if err != nil {
					t.Fatal(err)
				}
				checkVectors(t, texts, got)
			}
			if got := asked(m); got != tt.want || len(*waits) > 0 {
				t.Errorf("asked for %q after waits %v, want %q and none", got, *waits, tt.want)
			}
		})
	}
}

func TestAzure(t *testing.T) {
	m := &model{script: []handler{right}}
	m.Server = httptest.NewServer(m)
	defer m.Close()
	tests := []struct {
		name    string
		options Options
	}{
		{name: "by options", options: Options{BaseURL: m.URL, APIVersion: "2024-10-21", Deployment: "news-small"}},
		{name: "by the URL that Azure shows", options: Options{BaseURL: m.URL + "/openai/deployments/news-small/embeddings?api-version=2024-10-21"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m.requests = nil
			tt.options.Key, tt.options.Dimensions = testKey, 2
			e, err := Open(t.Context(), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if _, err := e.Embed(t.Context(), akin.Document, []string{"one"}); err != nil {
				t.Fatal(err)
			}
			r := m.requests[0]
			if want := "/openai/deployments/news-small/embeddings?api-version=2024-10-21"; r.Path != want {
				t.Errorf("asked %s, want %s", r.Path, want)
			}
			if r.Header.Get("Api-Key") != testKey || r.Header.Get("Authorization") != "" {
				t.Errorf("headers %v, want the key as api-key alone", r.Header)
			}
		})
	}
}

func TestKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	write := func(text string, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if at := time.Now().Add(-age); os.Chtimes(file, at, at) != nil {
			t.Fatal("no times")
		}
	}
	if _, err := Open(t.Context(), Options{KeyFile: file}); !strings.Contains(errorOf(err), "key_file") {
		t.Errorf("no file: error %v", err)
	}
	for _, bad := range []string{" \n", "two\nlines", strings.Repeat("x", longestKey+1)} {
		write(bad, 0)
		if _, err := Open(t.Context(), Options{KeyFile: file}); !strings.Contains(errorOf(err), "key_file") || strings.Contains(errorOf(err), "two") {
			t.Errorf("a file of %d bytes: error %v", len(bad), err)
		}
	}
	write("first\n", time.Hour)
	e, m, _ := serve(t, Options{KeyFile: file}, right)
	ask := func(want string) {
		t.Helper()
		if _, err := e.Embed(t.Context(), akin.Document, []string{"one"}); err != nil {
			t.Fatal(err)
		}
		if got := m.requests[len(m.requests)-1].Header.Get("Authorization"); got != "Bearer "+want {
			t.Errorf("sent %q, want the key %q", got, want)
		}
	}
	ask("first")
	write("second", 0)
	ask("second")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	ask("second")
}

func errorOf(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	e, err := Open(t.Context(), Options{BaseURL: "http://user:hidden@" + address + "/v1", Dimensions: 2})
	if err != nil {
		t.Fatal(err)
	}
	e.wait = func(context.Context, time.Duration) error { return nil }
	_, err = e.Embed(t.Context(), akin.Document, []string{"one"})
	if !errors.Is(err, akin.ErrUnavailable) || !strings.Contains(err.Error(), address) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v\nwant one that is unavailable and names %s, but not the password", err, address)
	}
}

func TestFindsDimensions(t *testing.T) {
	m := &model{script: []handler{right}}
	m.Server = httptest.NewServer(m)
	defer m.Close()
	e, err := Open(t.Context(), Options{BaseURL: m.URL, Model: "small"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Dimensions() != 2 || e.Fingerprint() != "openai/2/small/2?tokens=512" {
		t.Errorf("%d dimensions, fingerprint %s", e.Dimensions(), e.Fingerprint())
	}
	if len(m.requests) != 1 || m.requests[0].Dimensions != 0 || m.requests[0].Header.Get("Authorization") != "" {
		t.Errorf("requests: %+v", m.requests)
	}
	m.script = []handler{data(`{"index":0,"embedding":[1,2,3]}`)}
	if _, err := e.Embed(t.Context(), akin.Document, []string{"one"}); !errors.Is(err, akin.ErrMismatch) || !strings.Contains(err.Error(), "3 dimensions, not 2 as before") {
		t.Errorf("other dimensions than before: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	e5 := Options{Model: "e5", Dimensions: 2, Documents: Form{Prefix: "passage: "}, Queries: Form{Prefix: "query: ", Fields: map[string]any{"b": 1, "a": "x"}}}
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{name: "a model of OpenAI's has its own limits", options: Options{}, want: "openai/2/text-embedding-3-small/1536?tokens=8191"},
		{name: "prefixes and fields", options: e5, want: "openai/2/e5/2?document=passage%3A+&query=query%3A+&query_fields=%7B%22a%22%3A%22x%22%2C%22b%22%3A1%7D&tokens=512"},
		{
			name: "a deployment", options: Options{APIVersion: "1", Deployment: "mine", BaseURL: "https://x.openai.azure.com"},
			want: "openai/2/text-embedding-3-small@mine/1536?tokens=8191",
		},
		{name: "another server is the same model", options: Options{BaseURL: "http://10.0.0.1/v1"}, want: "openai/2/text-embedding-3-small/1536?tokens=8191"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Open(t.Context(), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, e.Fingerprint()); diff != "" {
				t.Errorf("fingerprint (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name, field string
		options     Options
	}{
		{name: "a host without a scheme", field: "base_url", options: Options{BaseURL: "localhost:11434/v1"}},
		{name: "a URL that is none", field: "base_url", options: Options{BaseURL: "http://user:hidden@%zz"}},
		{name: "a path after which nothing can stand", field: "base_url", options: Options{BaseURL: "http://a/v1?key=hidden"}},
		{name: "a key of two lines", field: "key", options: Options{Key: "hidden\nhidden"}},
		{name: "negative dimensions", field: "dimensions", options: Options{Dimensions: -1}},
		{name: "a negative batch", field: "batch_texts", options: Options{BatchTexts: -1}},
		{name: "a negative rate", field: "requests_per_minute", options: Options{RequestsPerMinute: -1}},
		{name: "a negative timeout", field: "timeout", options: Options{Timeout: -1}},
		{name: "a negative price", field: "price", options: Options{Price: -1}},
		{name: "a field that is akin's own", field: "query_fields", options: Options{Queries: Form{Fields: map[string]any{"input": "x"}}}},
		{name: "a prefix as long as the text", field: "text_tokens", options: Options{TextTokens: 20, Documents: Form{Prefix: "one two three four five"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.options)
			if invalid, ok := errors.AsType[*akin.InvalidError](err); !ok || invalid.Field != tt.field {
				t.Fatalf("error %v, want one about %s", err, tt.field)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("a secret is in the error: %v", err)
			}
		})
	}
}
