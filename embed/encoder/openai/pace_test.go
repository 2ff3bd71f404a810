package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/akinserver/akin"
)

// wire is a server without a network, for tests that turn the clock.
type wire struct {
	took    time.Duration // of the first answer; the others take twice as long
	slow    time.Duration // more, for each text
	answers func(n int, q request) (status int, header http.Header, body any)

	mu    sync.Mutex
	began []time.Duration // of each request, since the test began
	start time.Time
	now   int // requests under way
	most  int // of now
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var q request
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.began = append(w.began, time.Since(w.start))
	n := len(w.began)
	w.now++
	w.most = max(w.most, w.now)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.now--
		w.mu.Unlock()
	}()
	if err := sleep(r.Context(), w.took*time.Duration(min(n, 2))+w.slow*time.Duration(len(q.Input))); err != nil {
		return nil, err
	}
	status, header, answer := http.StatusOK, http.Header(nil), any(nil)
	if w.answers != nil {
		status, header, answer = w.answers(n, q)
	}
	if status == http.StatusOK && answer == nil {
		var data []map[string]any
		for i := range q.Input {
			data = append(data, entry(q, i))
		}
		answer = map[string]any{"data": data}
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(out)), Request: r}, nil
}

func wired(t *testing.T, w *wire, options Options) *Embedder {
	t.Helper()
	options.Dimensions = 2
	e, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	w.start = time.Now()
	e.http.Transport = recorder{w, answerSlack}
	return e
}

func texts(n int) []string {
	var list []string
	for i := range n {
		list = append(list, "text "+strings.Repeat("a", i))
	}
	return list
}

// once answers the first request so, and all others rightly.
func once(status int, header http.Header) func(int, request) (int, http.Header, any) {
	return func(n int, _ request) (int, http.Header, any) {
		if n > 1 {
			return http.StatusOK, nil, nil
		}
		return status, header, map[string]any{"error": map[string]any{"message": "sorry"}}
	}
}

func TestTriesAgain(t *testing.T) {
	tests := []struct {
		name     string
		answers  func(int, request) (int, http.Header, any)
		from, to time.Duration // of the second request
	}{
		{name: "after 429, when the server says", answers: once(429, http.Header{"Retry-After": {"7"}}), from: 7 * time.Second, to: 7700 * time.Millisecond},
		{name: "after 429, at the time the server says", answers: once(429, http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:00:20 GMT"}}), from: 20 * time.Second, to: 22 * time.Second},
		{name: "after 503, when the server says", answers: once(503, http.Header{"Retry-After": {"1.5"}}), from: 1500 * time.Millisecond, to: 1650 * time.Millisecond},
		{name: "after 500, soon", answers: once(500, nil), from: firstWait, to: firstWait * 3 / 2},
		{name: "after 408, soon", answers: once(408, nil), from: firstWait, to: firstWait * 3 / 2},
		{name: "after a vector short, soon", answers: func(n int, q request) (int, http.Header, any) {
			if n > 1 {
				return 200, nil, nil
			}
			return 200, nil, map[string]any{"data": []map[string]any{entry(q, 0)}}
		}, from: firstWait, to: firstWait * 3 / 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answers: tt.answers}
				e := wired(t, w, Options{})
				got, err := e.Embed(t.Context(), akin.Document, texts(2))
				if err != nil {
					t.Fatal(err)
				}
				checkVectors(t, texts(2), got)
				if len(w.began) != 2 || w.began[1] < tt.from || w.began[1] > tt.to {
					t.Errorf("requests at %v, want the second between %v and %v", w.began, tt.from, tt.to)
				}
			})
		})
	}
}

// A server that needs longer for a batch than it is given gets smaller ones, rather than the same again until patience is over.
func TestAsksSlowServerForLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{slow: 10 * time.Second}
		e := wired(t, w, Options{Timeout: 45 * time.Second, BatchTexts: 16, Parallel: 1})
		got, err := e.Embed(t.Context(), akin.Document, texts(40))
		if err != nil {
			t.Fatal(err)
		}
		checkVectors(t, texts(40), got)
		if n := e.Profile().BatchTexts; n != 4 {
			t.Errorf("the next request may have %d texts, want 4: they take 40 s", n)
		}
		if took := time.Since(w.start); took > 12*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// One answer that never comes does not make all later batches smaller.
func TestForgivesOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		w.answers = func(n int, _ request) (int, http.Header, any) {
			if n%3 == 0 {
				time.Sleep(time.Hour)
			}
			return http.StatusOK, nil, nil
		}
		e := wired(t, w, Options{BatchTexts: 4, Parallel: 1})
		got, err := e.Embed(t.Context(), akin.Document, texts(40))
		if err != nil {
			t.Fatal(err)
		}
		checkVectors(t, texts(40), got)
		if n := e.Profile().BatchTexts; n != 4 {
			t.Errorf("the next request may have %d texts, want 4 as ever", n)
		}
	})
}

func TestGivesUp(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		answer  func(int, request) (int, http.Header, any)
		took    time.Duration
		within  time.Duration
	}{
		{name: "within its patience, however long each answer takes", options: Options{Patience: time.Minute, Timeout: 25 * time.Second}, took: time.Hour, within: 78 * time.Second},
		{name: "after the eighth try, which patience would outlast", options: Options{Patience: time.Hour}, within: 2 * time.Minute, answer: func(int, request) (int, http.Header, any) {
			return 500, nil, nil
		}},
		{name: "at once where the server asks for more than its patience", options: Options{Patience: time.Minute}, within: time.Second, answer: func(int, request) (int, http.Header, any) {
			return 429, http.Header{"Retry-After": {"61"}}, nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answers: tt.answer, took: tt.took}
				e := wired(t, w, tt.options)
				_, err := e.Embed(t.Context(), akin.Document, texts(1))
				if took := time.Since(w.start); !errors.Is(err, akin.ErrUnavailable) || took > tt.within {
					t.Errorf("after %v: error %v\nwant one that is unavailable, within %v", took, err, tt.within)
				}
			})
		})
	}
}

// What one request is told holds for those beside it.
func TestAllWaitWhenOneIsAskedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{took: 100 * time.Millisecond, answers: once(429, http.Header{"Retry-After": {"10"}})}
		e := wired(t, w, Options{Parallel: 2, BatchTexts: 1})
		if _, err := e.Embed(t.Context(), akin.Document, texts(6)); err != nil {
			t.Fatal(err)
		}
		early := 0
		for _, at := range w.began {
			if at < 10*time.Second {
				early++
			}
		}
		if early != 2 || w.most != 2 {
			t.Errorf("requests at %v, want two before the answer and none for 10 s after it", w.began)
		}
	})
}

func TestKeepsRates(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		want    []time.Duration
	}{
		{name: "requests a minute", options: Options{RequestsPerMinute: 30, BatchTexts: 1}, want: []time.Duration{0, 2 * time.Second, 4 * time.Second}},
		// "text", "text a" and "text aa" are estimated as 4, 5 and 5 tokens; a sixth of a minute's are saved up at first.
		{name: "tokens a minute", options: Options{TokensPerMinute: 84, BatchTexts: 3}, want: []time.Duration{0}},
		{name: "tokens beyond those saved up", options: Options{TokensPerMinute: 6, BatchTexts: 1, Parallel: 1}, want: []time.Duration{30 * time.Second, 80 * time.Second, 130 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{}
				e := wired(t, w, tt.options)
				if _, err := e.Embed(t.Context(), akin.Document, texts(3)); err != nil {
					t.Fatal(err)
				}
				for i := range w.began {
					w.began[i] = w.began[i].Round(time.Millisecond)
				}
				if !slices.Equal(w.began, tt.want) {
					t.Errorf("requests at %v, want %v", w.began, tt.want)
				}
			})
		})
	}
}

func TestStopsWithItsContext(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		wire    *wire
	}{
		{name: "while it asks", wire: &wire{took: time.Hour}},
		{name: "while it waits to ask again", wire: &wire{answers: once(429, http.Header{"Retry-After": {"59"}})}},
		{name: "while it waits for its rate", options: Options{RequestsPerMinute: 1, BatchTexts: 1}, wire: &wire{}},
		{name: "while it waits for its turn", options: Options{Parallel: 1}, wire: &wire{took: time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := wired(t, tt.wire, tt.options)
				first, stopFirst := context.WithCancel(t.Context())
				defer stopFirst()
				if tt.options.Parallel == 1 {
					go func() { _, _ = e.Embed(first, akin.Document, texts(1)) }()
					synctest.Wait()
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				v, err := e.Embed(ctx, akin.Document, texts(3))
				if !errors.Is(err, context.DeadlineExceeded) || v != nil || time.Since(tt.wire.start) != 5*time.Second {
					t.Errorf("after %v: got %v, error %v", time.Since(tt.wire.start), v, err)
				}
			})
		})
	}
}
