package access

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// CORS lets pages of allowed origins read the answers of a handler, errors and all: without that a page cannot tell a refusal from a broken line. It answers what browsers ask
// beforehand by itself. No cookie is ever of use here, so that none is asked for.
func CORS(allowed func(origin string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin") // also without one: an answer that is kept for one page must not be shown to another
		origin := r.Header.Get("Origin")
		good := origin != "" && allowed(origin)
		if good {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
			h.Set("Timing-Allow-Origin", origin)
		}
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Add("Vary", "Access-Control-Request-Method")
		h.Add("Vary", "Access-Control-Request-Headers")
		if good {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match")
			h.Set("Access-Control-Max-Age", "7200") // s; what Chromium remembers at most
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// Origins returns who may read answers: pages of the origins given, and of those that a key is for. Keys may be nil.
func Origins(given []string, keys *Keys) func(origin string) bool {
	return func(origin string) bool {
		return slices.Contains(given, origin) || keys != nil && keys.HasOrigin(origin)
	}
}

// KeyInURL takes a key out of the URL of a request, where the tag of a page has it, and brings it as a header does: so that no log and no cache sees it there. Only read keys are
// good in a URL, since URLs are written down in many places, and one in the header goes before it.
func KeyInURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if key := query.Get("key"); query.Has("key") {
			r = r.Clone(r.Context())
			query.Del("key")
			r.URL.RawQuery = query.Encode()
			r.RequestURI = r.URL.RequestURI()
			if r.Header.Get("Authorization") == "" && key != "" {
				r.Header.Set("Authorization", schemeURL+" "+key)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// LocalHost refuses requests by a name that is not this machine's own. Where nobody needs a key, and only this machine reaches the server, a page of another site could else
// point its own name here, and read everything through its visitor's browser.
func LocalHost(keys *Keys, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (keys == nil || !keys.Required()) && !isLocal(r.Host) {
			http.Error(w, "without keys this server answers to localhost alone", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// Pages returns what pages of other origins need, and must not get, to stand before an HTTP API: CORS for the origins given and those of the keys, keys in URLs and, unless it may
// be reached by any name, the names of this machine alone while nobody needs a key.
func Pages(keys *Keys, origins []string, anyName bool) (func(api http.Handler) http.Handler, error) {
	for _, origin := range origins {
		if err := ValidateOrigin(origin); err != nil {
			return nil, err
		}
	}
	return func(api http.Handler) http.Handler {
		api = CORS(Origins(origins, keys), KeyInURL(api))
		if anyName {
			return api
		}
		return LocalHost(keys, api)
	}, nil
}
