package access_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/akinserver/akin/server/access"
)

// asked answers a request by a handler that fails, as the errors are what pages of other origins are seldom shown.
func asked(t *testing.T, wrap func(http.Handler) http.Handler, method, target string, headers ...string) (*http.Response, *http.Request) {
	t.Helper()
	var seen *http.Request
	handler := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		http.Error(w, "no", http.StatusTooManyRequests)
	}))
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result(), seen
}

func TestCORS(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	create(t, path, access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"https://page.example"}})
	allowed := access.Origins([]string{"https://given.example"}, open(t, path, &bytes.Buffer{}))
	cors := func(next http.Handler) http.Handler { return access.CORS(allowed, next) }
	for origin, want := range map[string]string{
		"https://page.example": "https://page.example", "https://given.example": "https://given.example",
		"https://other.example": "", "null": "", "https://page.example.evil.example": "", "": "", "https://page.example\r\nX-Evil: 1": "",
	} {
		got, seen := asked(t, cors, http.MethodGet, "/v1/x", "Origin", origin)
		if seen == nil || got.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%q: the request was not answered by the handler: %d", origin, got.StatusCode)
		}
		if allow := got.Header.Get("Access-Control-Allow-Origin"); allow != want {
			t.Errorf("%q may read an error: %q, want %q", origin, allow, want)
		}
		if got.Header.Get("Vary") != "Origin" {
			t.Errorf("%q: Vary is %q", origin, got.Header.Values("Vary"))
		}
		if got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q may send cookies", origin)
		}

		got, seen = asked(t, cors, http.MethodOptions, "/v1/x", "Origin", origin, "Access-Control-Request-Method", "POST")
		if seen != nil || got.StatusCode != http.StatusNoContent {
			t.Errorf("%q asks beforehand, and the handler answered: %d", origin, got.StatusCode)
		}
		if got.Header.Get("Access-Control-Allow-Origin") != want || (got.Header.Get("Access-Control-Allow-Methods") != "") != (want != "") {
			t.Errorf("%q asks beforehand, and is told %v", origin, got.Header)
		}
	}
	if _, seen := asked(t, cors, http.MethodOptions, "/v1/x"); seen == nil {
		t.Error("OPTIONS that is no question of a browser was not left to the handler")
	}
}

func TestKeyInURL(t *testing.T) {
	tests := []struct {
		name, target, header string
		uri, want            string
	}{
		{"a key in the URL", "/v1/x?key=akin_a_b&limit=3", "", "/v1/x?limit=3", "URL akin_a_b"},
		{"a key alone in the URL", "/v1/x?key=akin_a_b", "", "/v1/x", "URL akin_a_b"},
		{"two keys in the URL", "/v1/x?key=akin_a_b&key=akin_c_d", "", "/v1/x", "URL akin_a_b"},
		{"a key in both", "/v1/x?key=akin_a_b", "Bearer akin_c_d", "/v1/x", "Bearer akin_c_d"},
		{"no key", "/v1/x?limit=3&keys=1", "", "/v1/x?limit=3&keys=1", ""},
		{"an empty key", "/v1/x?key=", "", "/v1/x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			headers := []string{}
			if tt.header != "" {
				headers = []string{"Authorization", tt.header}
			}
			_, seen := asked(t, access.KeyInURL, http.MethodGet, tt.target, headers...)
			if seen.RequestURI != tt.uri || seen.URL.RequestURI() != tt.uri || seen.Header.Get("Authorization") != tt.want {
				t.Errorf("the handler sees %s (%s) and %q, want %s and %q", seen.RequestURI, seen.URL.RequestURI(), seen.Header.Get("Authorization"), tt.uri, tt.want)
			}
		})
	}
}

func TestLocalHost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	keys := open(t, path, &bytes.Buffer{})
	local := func(next http.Handler) http.Handler { return access.LocalHost(keys, next) }
	for host, want := range map[string]bool{
		"localhost:7412": true, "LOCALHOST": true, "127.0.0.1:7412": true, "127.8.8.8": true, "[::1]:7412": true, "[::1]": true,
		"evil.example:7412": false, "localhost.evil.example": false, "192.0.2.1:7412": false, "": false, "127.0.0.1.evil.example": false,
	} {
		_, seen := asked(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Host = host
				local(next).ServeHTTP(w, r)
			})
		}, http.MethodGet, "/")
		if (seen != nil) != want {
			t.Errorf("%q: let in %v, want %v", host, seen != nil, want)
		}
	}
	create(t, path, access.Key{Scope: access.Admin})
	eventually(t, "with keys any name will do", func() bool {
		_, seen := asked(t, local, http.MethodGet, "http://akin.example/")
		return seen != nil
	})
}

// TestPages holds that all of it is there, in an order in which a refusal can be read.
func TestPages(t *testing.T) {
	keys := open(t, filepath.Join(t.TempDir(), "keys.json"), &bytes.Buffer{})
	pages := func(anyName bool) func(http.Handler) http.Handler {
		wrap, err := access.Pages(keys, []string{"https://given.example"}, anyName)
		if err != nil {
			t.Fatal(err)
		}
		return wrap
	}
	if _, err := access.Pages(keys, []string{"https://given.example/path"}, false); err == nil {
		t.Error("an origin with a path is taken")
	}
	if _, seen := asked(t, pages(false), http.MethodGet, "http://evil.example/v1/x"); seen != nil {
		t.Error("without keys a foreign name is answered")
	}
	got, seen := asked(t, pages(true), http.MethodGet, "http://akin.example/v1/x?key=akin_a_b", "Origin", "https://given.example")
	if seen == nil || seen.URL.RawQuery != "" || seen.Header.Get("Authorization") == "" {
		t.Error("the key in the URL did not reach the API as a header")
	}
	if got.Header.Get("Access-Control-Allow-Origin") != "https://given.example" {
		t.Errorf("a page may not read the answer: %v", got.Header)
	}
}

func TestMayListen(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:7411": true, "[::1]:7411": true, ":7411": false, "0.0.0.0:7411": false, "192.0.2.1:7411": false, "127.0.0.1": false} {
		if err := access.MayListen(address, false); (err == nil) != want {
			t.Errorf("%s: %v, want it let in: %v", address, err, want)
		}
	}
	if err := access.MayListen("0.0.0.0:7411", true); err != nil {
		t.Errorf("where a key is needed: %v", err)
	}
}
