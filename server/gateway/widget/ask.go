package widget

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/akinserver/akin/server/gateway/recorded"
)

// refused is an answer of the API other than 200.
type refused struct {
	path   string
	status int
	header http.Header
}

func (r *refused) Error() string {
	return fmt.Sprintf("GET %s: %d %s", r.path, r.status, http.StatusText(r.status))
}

// statusOf is the status that tells why the API did not answer.
func statusOf(err error) int {
	if r, ok := errors.AsType[*refused](err); ok {
		return r.status
	}
	return http.StatusInternalServerError
}

// unwritten are headers of a request that speak of the bytes that its caller wants, which are not those that the API writes here.
var unwritten = []string{"Accept", "Accept-Encoding", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Range"}

// ask puts a question to the API in the name of whoever sent r, decodes the answer into m, and returns its headers. The path is escaped.
// What the API does not answer with 200 is a *refused.
func ask(api http.Handler, r *http.Request, path string, query url.Values, m proto.Message) (http.Header, error) {
	plain, err := url.PathUnescape(path)
	if err != nil {
		return nil, err
	}
	question := r.Clone(r.Context())
	question.Method, question.Body = http.MethodGet, http.NoBody
	question.URL = &url.URL{Path: plain, RawPath: path, RawQuery: query.Encode()}
	question.RequestURI = question.URL.RequestURI()
	for _, name := range unwritten {
		question.Header.Del(name)
	}
	a := recorded.By(api, question)
	if a.Status != http.StatusOK {
		return nil, &refused{path, a.Status, a.Header}
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(a.Body, m); err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	return a.Header, nil
}
