package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("a", i)
	}
	return list
}

// TestStallIsSeenByAllThatWaited has a server answer one question at a time, and stall once: what was intended meanwhile waited, too.
func TestStallIsSeenByAllThatWaited(t *testing.T) {
	const stall = 400 * time.Millisecond
	var one sync.Mutex
	first := true
	result, err := Run(t.Context(), ids(10), func(context.Context, string) string {
		one.Lock()
		defer one.Unlock()
		if first {
			first = false
			time.Sleep(stall)
		}
		return OK
	}, Options{Rate: 200, Duration: 800 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(result.OK); n != 160 {
		t.Errorf("%d answers, want 160: the rate must not depend on them", n)
	}
	waited := 0
	for _, took := range result.OK {
		if took > stall/4 {
			waited++
		}
	}
	// Of the 80 that were intended during the stall, three quarters waited for more than a quarter of it.
	if waited < 55 {
		t.Errorf("%d answers tell of the stall, want about 60", waited)
	}
	if most := result.OK.At(1); most < stall || most > 4*stall {
		t.Errorf("the longest took %v, want %v and a little", most, stall)
	}
}

func TestCodesAndWindows(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	var windows []Window
	result, err := Run(t.Context(), ids(10), func(context.Context, string) string {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if asked <= 30 {
			return OK
		}
		return "UNAVAILABLE"
	}, Options{Rate: 200, Duration: 300 * time.Millisecond, Every: 100 * time.Millisecond, Report: func(w Window) { windows = append(windows, w) }})
	if err != nil {
		t.Fatal(err)
	}
	if result.Codes[OK] != 30 || result.Codes["UNAVAILABLE"] != 30 || len(result.Other) != 30 {
		t.Errorf("got %v, want 30 each", result.Codes)
	}
	if len(windows) != 3 || windows[0].Codes[OK] != 20 || windows[2].Codes["UNAVAILABLE"] != 20 || windows[1].Begin != 100*time.Millisecond {
		t.Errorf("the windows are %+v", windows)
	}
	var out strings.Builder
	if err := result.Print(&out); err != nil || !strings.Contains(out.String(), "UNAVAILABLE  30         50.000 %") {
		t.Errorf("printed, with %v:\n%s", err, &out)
	}
}

func TestTooManyWaiting(t *testing.T) {
	release := make(chan struct{})
	time.AfterFunc(300*time.Millisecond, func() { close(release) })
	result, err := Run(t.Context(), ids(1), func(context.Context, string) string {
		<-release
		return OK
	}, Options{Rate: 100, Duration: 200 * time.Millisecond, Waiting: 5})
	if err != nil || result.Codes[OK] != 5 || result.Codes[NotSent] != 15 {
		t.Errorf("got %v, %v; want 5 answers and 15 that were not sent", result.Codes, err)
	}
}

func TestChoice(t *testing.T) {
	c := newChoice(ids(1000), Options{Repeat: .8, Popular: 10})
	counts := map[string]int{}
	for range 4000 {
		counts[c.next()]++
	}
	popular := 0
	for _, id := range c.popular {
		popular += counts[id]
	}
	if popular < 3100 || popular > 3300 {
		t.Errorf("%d of 4000 questions ask about popular articles, want about 3200", popular)
	}
	if len(counts) < 700 || len(counts) > 900 {
		t.Errorf("%d articles were asked about, want about 810", len(counts))
	}
}

func TestNobodyToAskAbout(t *testing.T) {
	if _, err := Run(t.Context(), nil, nil, Options{}); err == nil {
		t.Error("no error")
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		name    string
		matches []match
		want    string
	}{
		{"nothing is related", nil, OK},
		{"matches by their scores", []match{{"b", .5}, {"c", .5}, {"d", .1}}, OK},
		{"the article itself", []match{{"a", .9}}, Wrong},
		{"one twice", []match{{"b", .5}, {"b", .4}}, Wrong},
		{"a weaker one first", []match{{"b", .1}, {"c", .5}}, Wrong},
		{"more than were asked for", []match{{"b", .4}, {"c", .3}, {"d", .2}, {"e", .1}}, Wrong},
		{"a match without an id", []match{{"", .4}}, Wrong},
	} {
		if got := verdict("a", test.matches, 3); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.EscapedPath() {
		case "/v1/corpora/news/articles/2014%2Fbridge/related":
			fmt.Fprint(w, `{"matches":[{"article":{"id":"b"},"score":0.5}]}`)
		case "/v1/corpora/news/articles/busy/related":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/v1/corpora/news/articles/slow/related":
			<-r.Context().Done()
		case "/v1/corpora/news/articles/garbage/related":
			fmt.Fprint(w, "<html>")
		}
	}))
	defer server.Close()
	ask, err := HTTP(server.URL+"/", "k", "news", 10)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := HTTP(server.URL, "", "news", 10)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, test := range []struct {
		got, want string
	}{
		{ask(t.Context(), "2014/bridge"), OK},
		{ask(t.Context(), "busy"), "HTTP 429"},
		{ask(t.Context(), "garbage"), Wrong},
		{ask(short, "slow"), "TIMEOUT"},
		{stranger(t.Context(), "2014/bridge"), "HTTP 401"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	server.Close()
	if got := ask(t.Context(), "busy"); got != "NO_CONNECTION" {
		t.Errorf("a server that is gone: %q", got)
	}
	for _, base := range []string{"127.0.0.1:80", "ftp://x", "http://"} {
		if _, err := HTTP(base, "", "news", 10); err == nil {
			t.Errorf("%q is taken for an address", base)
		}
	}
}

func TestLatenciesAt(t *testing.T) {
	l := Latencies{4, 1, 3, 2}.sorted()
	if l.At(.5) != 2 || l.At(.75) != 3 || l.At(.99) != 4 || l.At(0) != 1 || (Latencies{}).At(.5) != 0 {
		t.Errorf("of %v: %v %v %v %v", l, l.At(.5), l.At(.75), l.At(.99), l.At(0))
	}
}
