// Package recorded has a handler answer into memory instead of to its caller.
package recorded

import "net/http"

// Answer is what a handler has answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// By returns what a handler answers to a request.
func By(handler http.Handler, r *http.Request) *Answer {
	w := &writer{answer: Answer{Header: http.Header{}}}
	handler.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK) // as net/http does for one that has written nothing
	return &w.answer
}

// writer is an http.ResponseWriter. Of headers that are set after the first byte it takes more than net/http does: nobody has seen the others yet.
type writer struct{ answer Answer }

func (w *writer) Header() http.Header { return w.answer.Header }

func (w *writer) WriteHeader(status int) {
	if w.answer.Status == 0 {
		w.answer.Status = status
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.answer.Body = append(w.answer.Body, b...)
	return len(b), nil
}
