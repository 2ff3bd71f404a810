package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/akinserver/akin"
)

// data is an answer whose list holds what is given.
func data(entries string) handler {
	return func(w http.ResponseWriter, _ *http.Request, _ request) {
		fmt.Fprint(w, `{"object":"list","data":[`+entries+`]}`)
	}
}

func TestRefusesDefectiveAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer handler
		want   string
	}{
		{name: "a vector short", answer: data(`{"index":0,"embedding":[1,2]}`), want: "1 vectors for 2 texts"},
		{name: "a vector too many", answer: data(`{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2]},{"index":2,"embedding":[1,2]}`), want: "3 vectors for 2 texts"},
		{name: "no index, so all are 0", answer: data(`{"embedding":[1,2]},{"embedding":[1,2]}`), want: "index 0 twice"},
		{name: "an index out of range", answer: data(`{"index":1,"embedding":[1,2]},{"index":2,"embedding":[1,2]}`), want: "index 2, but 2 texts were sent"},
		{name: "a negative index", answer: data(`{"index":1,"embedding":[1,2]},{"index":-1,"embedding":[1,2]}`), want: "index -1"},
		{name: "a number beyond float32", answer: data(`{"index":0,"embedding":[1,1e99]},{"index":1,"embedding":[1,2]}`), want: "not one of an embeddings API"},
		{name: "other dimensions", answer: data(`{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]}`), want: "set the dimensions to 3"},
		{name: "dimensions of two kinds", answer: data(`{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2,3]}`), want: "vectors of 2 and of 3 dimensions"},
		{name: "a page of HTML with status 200", answer: says(200, `<html>Welcome!</html>`), want: "is the base URL right?"},
		{name: "an empty body", answer: says(200, ``), want: "is the base URL right?"},
		{name: "base64 that is none", answer: data(`{"index":0,"embedding":"?"},{"index":1,"embedding":"?"}`), want: "not one of an embeddings API"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, _, _ := serve(t, Options{}, tt.answer)
			v, err := e.Embed(t.Context(), akin.Document, []string{"one", "two"})
			if err == nil || v != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, error %v\nwant an error with %q", v, err, tt.want)
			}
			if errors.Is(err, akin.ErrUnavailable) {
				t.Errorf("a server that answers counts as unavailable: %v", err)
			}
		})
	}
}

// An answer whose defect is in one vector costs that text alone, however often it is asked for.
func TestRefusesOneDefectiveVector(t *testing.T) {
	embedding := func(value func(format string) any) handler {
		return func(w http.ResponseWriter, _ *http.Request, q request) {
			var data []map[string]any
			for i, text := range q.Input {
				data = append(data, entry(q, i))
				if strings.Contains(text, "bad") {
					data[i]["embedding"] = value(q.EncodingFormat)
				}
			}
			list(w, data)
		}
	}
	raw := func(base64, floats string) handler {
		return embedding(func(format string) any {
			if format == "base64" {
				return json.RawMessage(base64)
			}
			return json.RawMessage(floats)
		})
	}
	numbers := func(bad string) handler { // of a server that knows nothing else
		return func(w http.ResponseWriter, r *http.Request, q request) {
			q.EncodingFormat = ""
			raw("", bad)(w, r, q)
		}
	}
	nan := encoded([]float32{1, float32(math.NaN())})
	tests := []struct {
		name   string
		answer handler
		want   string
	}{
		{name: "null for a number", answer: numbers(`[1,null]`), want: "null where a number belongs"},
		{name: "null for a vector", answer: raw(`null`, `null`), want: "is empty"},
		{name: "an empty vector", answer: raw(`""`, `[]`), want: "is empty"},
		{name: "a vector of zeros", answer: raw(`"`+encoded([]float32{0, 0})+`"`, `[0,0]`), want: "is zero"},
		{name: "not a number, which base64 can say", answer: raw(`"`+nan+`"`, `[0,0]`), want: "is zero, or not a number"},
		{name: "base64 that ends within a number", answer: raw(`"AACAPwAAgD8AAA=="`, `[0,0]`), want: "ends within a number"},
		{name: "an error with status 200", answer: unless(holds("bad"), says(200, `{"error":{"message":"tensor has the wrong shape"}}`)), want: "with status 200: tensor has the wrong shape"},
		{name: "an error as text with status 200", answer: unless(holds("bad"), says(200, `{"error":"out of memory"}`)), want: "out of memory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, _, _ := serve(t, Options{}, tt.answer)
			got, err := e.Embed(t.Context(), akin.Document, []string{"one", "two", "bad", "four"})
			errs, ok := errors.AsType[akin.TextErrors](err)
			if !ok || len(errs) != 1 || errs[0].Index != 2 || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v\nwant one of text 3, with %q", err, tt.want)
			}
			want := wantVectors([]string{"one", "two", "bad", "four"})
			want[2] = nil
			if diff := diffVectors(want, got); diff != "" {
				t.Errorf("vectors (-want +got):\n%s", diff)
			}
		})
	}
}

// A server that gives such answers to everything is not one that refuses texts.
func TestRefusesServerThatAnswersErrorsToAll(t *testing.T) {
	for _, answer := range []handler{says(200, `{"error":{"message":"no such tensor"}}`), says(400, `{"error":{"message":"no more"}}`), data(`{"index":0,"embedding":null}`)} {
		e, _, _ := serve(t, Options{}, answer)
		v, err := e.Embed(t.Context(), akin.Document, []string{"one"})
		if v != nil || !errors.Is(err, akin.ErrSetup) || isTextErrors(err) {
			t.Errorf("got %v, error %v\nwant akin.ErrSetup, and nothing about a text", v, err)
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name     string
		answer   handler
		want     string
		is       error
		requests int
	}{
		{
			name:     "a wrong key",
			answer:   says(401, `{"error":{"message":"Incorrect API key provided: `+testKey+`","type":"x","code":"invalid_api_key"}}`),
			want:     "the server refuses the API key (status 401): set the right one",
			is:       akin.ErrSetup,
			requests: 1,
		},
		{
			name:     "a key without the right",
			answer:   says(403, `{"error":{"message":"key `+testKey+` has no access"}}`),
			want:     "may not use this model (status 403): use another key or model: key [key] has no access",
			is:       akin.ErrSetup,
			requests: 1,
		},
		{
			name:     "no such model, as Ollama says it",
			answer:   says(404, `{"error":{"message":"model \"tiny\" not found, try pulling it first","type":"api_error","param":null,"code":null}}`),
			want:     `check the model's name, and that the base URL ends as the server wants it, mostly in /v1: model "tiny" not found`,
			is:       akin.ErrSetup,
			requests: 1,
		},
		{
			name:     "no such path, as a web server says it",
			answer:   says(404, "404 page\nnot found"),
			want:     "404 page not found",
			is:       akin.ErrSetup,
			requests: 1,
		},
		{
			name:     "a server that sends elsewhere does not get the key there",
			answer:   says(307, "", "Location", "http://192.0.2.1/v1/embeddings?secret"),
			want:     "set the base URL to what answers, under http://192.0.2.1:",
			is:       akin.ErrSetup,
			requests: 1,
		},
		{
			name:     "a method that is not allowed",
			answer:   says(405, "no"),
			want:     "the server refuses the request (status 405): no",
			is:       akin.ErrSetup,
			requests: 1,
		},
		{
			name:     "an account without money is not asked again",
			answer:   says(429, `{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}`),
			want:     "You exceeded your current quota",
			is:       akin.ErrUnavailable,
			requests: 1,
		},
		{
			name:     "a server that wants an hour of peace is not waited for",
			answer:   says(429, `{"error":"slow down"}`, "Retry-After", "3600"),
			want:     "it asks to wait for 1h0m0s",
			is:       akin.ErrUnavailable,
			requests: 1,
		},
		{
			name:     "a server that stays broken",
			answer:   says(502, "<html>Bad Gateway</html>"),
			want:     "status 502: <html>Bad Gateway</html>",
			is:       akin.ErrUnavailable,
			requests: triesAway,
		},
		{
			name:     "a server that is not there yet, which says so with status 200",
			answer:   says(200, `{"error":{"message":"model is loading"}}`),
			want:     "with status 200: model is loading",
			is:       akin.ErrUnavailable,
			requests: triesAway,
		},
		{
			name:     "a server that gives up",
			answer:   says(408, ""),
			want:     "status 408",
			is:       akin.ErrUnavailable,
			requests: triesAway,
		},
		{
			name:     "a connection that always breaks",
			answer:   breaks,
			want:     "no connection: unexpected EOF",
			is:       akin.ErrUnavailable,
			requests: triesAway,
		},
		{
			name:     "no answer in time",
			answer:   hangs,
			want:     "no answer within 20ms",
			is:       akin.ErrUnavailable,
			requests: triesAway,
		},
		{
			name:     "an answer without end",
			answer:   says(200, strings.Repeat(" ", answerSlack+2*answerVector)),
			want:     "set a smaller batch size",
			is:       akin.ErrSetup,
			requests: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timeout := time.Minute
			if strings.Contains(tt.want, "20ms") {
				timeout = 20 * time.Millisecond
			}
			e, m, _ := serve(t, Options{Timeout: timeout, Model: "tiny", BatchTexts: 1}, tt.answer)
			v, err := e.Embed(t.Context(), akin.Document, []string{"one"})
			if err == nil || v != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, error %v\nwant an error with %q", v, err, tt.want)
			}
			if !errors.Is(err, tt.is) {
				t.Errorf("error %v\nwant one that is %q", err, tt.is)
			}
			if isTextErrors(err) {
				t.Errorf("the text counts as refused: %v", err)
			}
			if got := len(m.sent()); got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if strings.Contains(err.Error(), testKey) || strings.Contains(err.Error(), "secret") {
				t.Errorf("a secret is in the error: %v", err)
			}
			if errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the request's deadline passes for the caller's: %v", err)
			}
			if where := "embed 1 texts with tiny at " + m.URL; !strings.HasPrefix(err.Error(), where) {
				t.Errorf("error %v\ndoes not begin with %q", err, where)
			}
		})
	}
}

func TestWantsKey(t *testing.T) {
	e, _, _ := serve(t, Options{}, says(401, "who are you?"))
	e.key.fixed = ""
	if _, err := e.Embed(t.Context(), akin.Document, []string{"one"}); !errors.Is(err, akin.ErrSetup) || !strings.Contains(err.Error(), "wants an API key") {
		t.Errorf("error %v", err)
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
		if got := retryAfter(http.Header{"Retry-After": {tt.value}}, now); got != tt.want {
			t.Errorf("%s: retryAfter(%q) = %v, want %v", tt.name, tt.value, got, tt.want)
		}
	}
	both := http.Header{"Retry-After": {"1"}, "Retry-After-Ms": {"120"}}
	if got := retryAfter(both, now); got != 120*time.Millisecond {
		t.Errorf("the finer header says 120 ms, got %v", got)
	}
}

func isTextErrors(err error) bool {
	_, ok := errors.AsType[akin.TextErrors](err)
	return ok
}
