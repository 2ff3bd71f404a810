package recorded_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/akinserver/akin/server/gateway/recorded"
)

func TestBy(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		body    string
	}{
		{"a body in two parts", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a"); fmt.Fprint(w, "b") }, 200, "ab"},
		{"the first status counts", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			w.WriteHeader(200)
			fmt.Fprint(w, "no")
		}, 404, "no"},
		{"a status after the body is too late", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a"); w.WriteHeader(500) }, 200, "a"},
		{"nothing at all", func(http.ResponseWriter, *http.Request) {}, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := recorded.By(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Test", r.URL.Path)
				test.handler(w, r)
			}), httptest.NewRequest(http.MethodGet, "/path", nil))
			if got.Status != test.status || string(got.Body) != test.body || got.Header.Get("X-Test") != "/path" {
				t.Errorf("got %d %q %v", got.Status, got.Body, got.Header)
			}
		})
	}
}
