package openai

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exchange is one request with what go-openai does not pass on of its answer.
type exchange struct {
	key    string        // sent with the request, hidden in messages
	azure  bool          // whose header for the key is another
	status int           // 0 if there was no answer
	after  time.Duration // Retry-After; 0 if there was none
	moved  string        // Location of a redirection
	body   []byte
	err    error // met while reading the body
}

type exchangeKey struct{}

// recorder signs each request with the key of the *exchange in its context, and writes the answer into it. It reads at most limit bytes.
type recorder struct {
	http.RoundTripper
	limit int64
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	x := req.Context().Value(exchangeKey{}).(*exchange)
	req = req.Clone(req.Context())
	switch {
	case x.azure:
		req.Header.Set("Api-Key", x.key)
	case x.key != "":
		req.Header.Set("Authorization", "Bearer "+x.key)
	}
	res, err := r.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	x.status, x.after, x.moved = res.StatusCode, retryAfter(res.Header, time.Now()), res.Header.Get("Location")
	x.body, x.err = io.ReadAll(http.MaxBytesReader(nil, res.Body, r.limit))
	res.Body.Close()
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(x.body), failing{x.err}))
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

// retryAfter reads when a server wants to be asked again: milliseconds as Azure and OpenAI send them, seconds, or a date. It is 0 where there is nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms, 1e9) * float64(time.Millisecond))
	}
	value := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(value, 64); err == nil && s > 0 {
		return time.Duration(min(s, 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// message is what an answer says about an error, on one line, without the key.
func (x *exchange) message() string {
	var body struct {
		Error   json.RawMessage
		Message string
		Detail  json.RawMessage // a text, or FastAPI's list of defects
	}
	if json.Unmarshal(x.body, &body) != nil {
		return line(string(x.body), x.key)
	}
	var inner struct{ Message string }
	var text, detail string
	switch {
	case json.Unmarshal(body.Error, &text) == nil && text != "":
	case json.Unmarshal(body.Error, &inner) == nil && inner.Message != "":
		text = inner.Message
	case body.Message != "":
		text = body.Message
	case json.Unmarshal(body.Detail, &detail) == nil:
		text = detail
	default:
		text = string(body.Detail)
	}
	return line(text, x.key)
}

// line cuts what a server says to one line that can be shown.
func line(text, key string) string {
	const longest = 300 // bytes
	if key != "" {
		text = strings.ReplaceAll(text, key, "[key]")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// silentDefect names what go-openai reads as a number without a word: null as 0, and base64 that ends within a number as if it ended before.
func (x *exchange) silentDefect(base64 bool) string {
	if !base64 && !bytes.Contains(x.body, []byte("null")) {
		return ""
	}
	var body struct {
		Data []struct{ Embedding json.RawMessage }
	}
	if json.Unmarshal(x.body, &body) != nil {
		return "it cannot be read twice"
	}
	for _, d := range body.Data {
		var text string
		var numbers []*float64
		switch {
		case json.Unmarshal(d.Embedding, &text) == nil:
			if n := len(strings.TrimRight(text, "=")); n*3/4%4 != 0 {
				return "a vector in base64 ends within a number"
			}
		case json.Unmarshal(d.Embedding, &numbers) == nil:
			for _, x := range numbers {
				if x == nil {
					return "it holds null where a number belongs"
				}
			}
		}
	}
	return ""
}
