package gateway

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
)

// packable is how long an answer is at least that is compressed, in bytes.
const packable = 1024

// takesGzip tells whether a caller reads gzip.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, err := mime.ParseMediaType("x/" + strings.TrimSpace(coding))
		if err != nil || name != "x/gzip" && name != "x/*" {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		return err != nil || q > 0
	}
	return false
}

// compressed compresses the answers that are worth it and are not compressed yet. A stream of lines goes out as it comes.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takesGzip(r) {
			next.ServeHTTP(w, r)
			return
		}
		p := &packing{ResponseWriter: w}
		next.ServeHTTP(p, r)
		p.close()
	})
}

// text are the types that become shorter.
var text = map[string]bool{
	"application/json": true, "application/yaml": true, "application/javascript": true, "text/javascript": true, "text/html": true, "text/css": true, "text/plain": true, "image/svg+xml": true,
}

var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// packing holds back the first bytes of an answer, until it is clear whether it is worth compressing.
type packing struct {
	http.ResponseWriter
	status int
	held   []byte
	plain  bool // it goes out as it is
	packer *gzip.Writer
}

// Unwrap gives http.ResponseController what it controls.
func (p *packing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader holds the status back as well, unless it is clear already.
func (p *packing) WriteHeader(status int) {
	if p.status != 0 {
		return
	}
	p.status = status
	h := p.Header()
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	short := false
	if length, err := strconv.Atoi(h.Get("Content-Length")); err == nil {
		short = length < packable
	}
	if err != nil || !text[kind] || short || h.Get("Content-Encoding") != "" || h.Get("Content-Range") != "" || status == http.StatusNotModified || status == http.StatusNoContent {
		p.plain = true
		p.ResponseWriter.WriteHeader(status)
	}
}

func (p *packing) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	switch {
	case p.plain:
		return p.ResponseWriter.Write(b)
	case p.packer != nil:
		return p.packer.Write(b)
	}
	p.held = append(p.held, b...)
	if len(p.held) < packable {
		return len(b), nil
	}
	h := p.Header()
	h.Del("Content-Length")
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("ETag", "W/"+tag) // other bytes that say the same
	}
	p.ResponseWriter.WriteHeader(p.status)
	p.packer = packers.Get().(*gzip.Writer)
	p.packer.Reset(p.ResponseWriter)
	if _, err := p.packer.Write(p.held); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (p *packing) close() {
	switch {
	case p.packer != nil:
		_ = p.packer.Close() // who does not read it is gone
		packers.Put(p.packer)
	case p.status != 0 && !p.plain:
		p.ResponseWriter.WriteHeader(p.status)
		_, _ = p.ResponseWriter.Write(p.held)
	}
}

// body is what a request holds, unpacked, up to a limit.
type body struct {
	io.Reader
	closer   io.Closer
	limit    int64 // bytes
	read     int64
	tooLarge bool
}

// Read reads on, up to the limit.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	if b.read > b.limit {
		b.tooLarge = true
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// Close closes what arrives.
func (b *body) Close() error { return b.closer.Close() }

// unpack bounds the body of a request, and unpacks it where it is compressed.
func unpack(w http.ResponseWriter, r *http.Request, limit int64) (*http.Request, error) {
	b := &body{Reader: r.Body, closer: r.Body, limit: limit}
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip":
		unpacker, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, problem(http.StatusBadRequest, codes.InvalidArgument, "INVALID_FIELD", "the body is not gzip, as Content-Encoding says")
		}
		b.Reader = unpacker
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return nil, problem(http.StatusUnsupportedMediaType, codes.InvalidArgument, "INVALID_FIELD", "the Content-Encoding may be gzip, or none")
	}
	r = r.WithContext(r.Context())
	r.Body = b
	return r, nil
}
