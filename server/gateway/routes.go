package gateway

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/akinserver/akin/server/gateway/recorded"
	"github.com/akinserver/akin/server/observe"
)

// routed answers for paths and methods that are not there as the API does: with JSON, and with what may be asked instead.
type routed struct{ mux *http.ServeMux }

// ServeHTTP answers a request.
func (m routed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := m.mux.Handler(r)
	if pattern != "" {
		observe.Route(r.Context(), pattern)
		if !utf8.ValidString(r.URL.Path) { // protobuf has no other text
			writeError(w, r, invalid("path", "is not UTF-8"))
			return
		}
		m.mux.ServeHTTP(w, r)
		return
	}
	refused := recorded.By(handler, r)
	if refused.Status != http.StatusMethodNotAllowed {
		writeError(w, r, problem(http.StatusNotFound, codes.NotFound, "NOT_FOUND", "nothing is answered at this path: /docs lists what is"))
		return
	}
	allowed := refused.Header.Get("Allow") + ", OPTIONS"
	w.Header().Set("Allow", allowed)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeError(w, r, problem(http.StatusMethodNotAllowed, codes.Unimplemented, "METHOD_NOT_ALLOWED", r.Method+" is not for this path: "+allowed+" are"))
}

// checked refuses parameters that the message of a call does not have, which the runtime would pass over: a filter that is misspelt would be none.
func checked(request proto.Message, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			writeError(w, r, invalid("query", "%v", err))
			return
		}
		for name, values := range query {
			if err := checkParameter(request, name, values, r.PathValue(name) != ""); err != nil {
				writeError(w, r, err)
				return
			}
		}
		r = r.Clone(r.Context())
		r.Header.Del("Content-Type") // there is nothing that has one
		next.ServeHTTP(w, r)
	})
}

func checkParameter(request proto.Message, name string, values []string, inPath bool) error {
	switch {
	case !utf8.ValidString(name) || !utf8.ValidString(strings.Join(values, "")):
		return invalid("query", "is not UTF-8")
	case inPath:
		return invalid(name, "stands in the path already")
	case !hasField(request.ProtoReflect().Descriptor(), strings.Split(name, ".")):
		return invalid(name, "is no parameter of this path: /docs lists them")
	}
	err := runtime.PopulateQueryParameters(request.ProtoReflect().New().Interface(), url.Values{name: values}, utilities.NewDoubleArray(nil))
	if err != nil {
		return invalid(name, "%v", err)
	}
	return nil
}

// hasField tells whether a path of names, as the definitions or as JSON writes them, ends at a field that a parameter can set.
func hasField(m protoreflect.MessageDescriptor, names []string) bool {
	field := fieldNamed(m, names[0])
	switch {
	case field == nil || field.IsMap() || field.IsList() && field.Kind() == protoreflect.MessageKind:
		return false
	case len(names) == 1:
		return field.Kind() != protoreflect.MessageKind
	case field.Kind() != protoreflect.MessageKind:
		return false
	}
	return hasField(field.Message(), names[1:])
}

func fieldNamed(m protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if field := m.Fields().ByName(protoreflect.Name(name)); field != nil {
		return field
	}
	return m.Fields().ByJSONName(name)
}

// posted takes bodies of some types alone. A page of another site can send others without asking beforehand, through the browser of whoever looks at it.
//
// A body has a limit of bytes, unpacked.
func posted(next http.Handler, limit int64, types ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || !slices.Contains(types, kind) {
			w.Header().Set("Accept-Post", strings.Join(types, ", "))
			writeError(w, r, problem(http.StatusUnsupportedMediaType, codes.InvalidArgument, "INVALID_FIELD", "the Content-Type must be "+strings.Join(types, " or ")))
			return
		}
		if r.URL.RawQuery != "" {
			writeError(w, r, invalid("query", "a POST request has no parameters but those in its body"))
			return
		}
		unpacked, err := unpack(w, r, limit)
		if err != nil {
			writeError(w, r, err)
			return
		}
		next.ServeHTTP(w, unpacked)
	})
}

// admitted asks whether the caller may ask at all before a body is read: to unpack and read one costs much, and to send it little.
func (g *Gateway) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), g.opts.Timeout)
		_, _, err := g.stateOf(r.WithContext(ctx))
		cancel()
		if err != nil {
			if r.ProtoMajor == 1 {
				w.Header().Set("Connection", "close") // else net/http waits for the body before it sends the answer
			}
			writeError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// timed bounds how long a call may take, whatever its caller says.
func (g *Gateway) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), g.opts.Timeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// grace is how much longer than a call may take its connection is waited for: a call that takes too long is answered.
const grace = time.Second

// paced bounds how long a request may take to arrive, and its answer to be taken. A stream of articles goes on by itself, line by line.
func (g *Gateway) paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control, now := http.NewResponseController(w), time.Now()
		_ = control.SetReadDeadline(now.Add(g.opts.Timeout + grace)) // net/http's writers can
		_ = control.SetWriteDeadline(now.Add(2*g.opts.Timeout + grace))
		next.ServeHTTP(w, r)
	})
}

// unkept is for answers that nobody may keep.
func unkept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, asGet(r))
	})
}

// deleting has no answer kept that tells of what a request deletes, or may have deleted when it failed.
func (g *Gateway) deleting(next http.Handler) http.Handler {
	if g.opts.Deletions != nil {
		return next // the server tells
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &begun{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if answer.status < http.StatusBadRequest || answer.status >= http.StatusInternalServerError { // else nothing was tried
			g.Deleted(r.PathValue("corpus"), r.URL.Query()["ids"])
		}
	})
}

// asGet makes a GET request of a HEAD request: net/http leaves the body of its answer away.
func asGet(r *http.Request) *http.Request {
	if r.Method != http.MethodHead {
		return r
	}
	r = r.Clone(r.Context())
	r.Method = http.MethodGet
	return r
}
