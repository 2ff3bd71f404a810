package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	"github.com/akinserver/akin/server/observe"
)

const requestIDHeader = "X-Request-Id"

// forwarded says under which name a header goes on to the gRPC server; all others end here, so that no caller can pass for the gateway. The runtime itself adds
// authorization, and x-forwarded-for, whose last address is the one that it heard.
func forwarded(header string) (name string, ok bool) {
	switch header {
	case "Origin", "User-Agent":
		return runtime.MetadataPrefix + strings.ToLower(header), true
	case requestIDHeader, "Traceparent", "Tracestate":
		return strings.ToLower(header), true
	}
	return "", false
}

// identified gives every request an id, unless it brings one that can stand in a log, and tells it in the answer.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !observe.IsRequestID(id) {
			id = observe.NewRequestID()
			r = r.Clone(r.Context())
			r.Header.Set(requestIDHeader, id)
		}
		w.Header().Set(requestIDHeader, id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// compact writes JSON without the spaces that protojson varies from build to build.
type compact struct{ runtime.JSONPb }

// Marshal writes a message.
func (c *compact) Marshal(v any) ([]byte, error) {
	spaced, err := c.JSONPb.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(spaced))
	err = json.Compact(&out, spaced)
	return out.Bytes(), err
}
