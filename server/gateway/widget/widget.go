// Package widget serves the related-content box: the <akin-related> element, the same list as HTML for pages without JavaScript, and a page that
// shows both at work.
//
// It asks the HTTP API in front of which it stands as any page would, with the caller's own key: what the API refuses is refused here, and what it counts
// is counted once.
package widget

import (
	"net/http"
	"path"
	"strings"

	"github.com/akinserver/akin/server/observe"
)

// Handler answers for the paths of the box, and leaves all others to api:
//
//	/akin.js, /akin-….js, /akin.json   the element; the same under the name of its hash; both as JSON
//	/v1/…/related.html                 what /v1/…/related answers, as HTML
//	/demo, /demo.css                   articles of a corpus, with the box
func Handler(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /akin.js", serveScript("public, max-age=300, stale-while-revalidate=86400"))
	mux.HandleFunc("GET "+HashedPath(), serveScript("public, max-age=31536000, immutable"))
	mux.HandleFunc("GET /akin.json", serveIntegrity)
	mux.Handle("GET /demo", demo{api})
	mux.HandleFunc("GET /demo.css", serveStyle)
	mux.Handle("/", api)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := "GET /v1/…" + listPath
		if isList(r) {
			list{api}.ServeHTTP(w, r)
		} else {
			mux.ServeHTTP(w, r)
			route = r.Pattern
		}
		if route != "/" { // what it asked of the API was not what it was asked
			observe.Route(r.Context(), route)
		}
	})
}

// isList tells whether a list is asked for. No pattern of a mux says that, since the end of a path counts, and an id may stand before it.
// Paths with empty or dotted steps are left to the mux, which leads to the path without.
func isList(r *http.Request) bool {
	asked := r.URL.EscapedPath()
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.HasPrefix(asked, "/v1/") && strings.HasSuffix(asked, listPath) && path.Clean(asked) == asked
}
