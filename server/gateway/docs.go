package gateway

import (
	"bytes"
	_ "embed"
	"net/http"
	"time"
)

var (
	//go:embed akin.swagger.yaml
	openAPI []byte
	//go:embed docs.html
	docsHTML []byte
	//go:embed docs.js
	docsScript []byte
	//go:embed docs.css
	docsStyle []byte
)

// static serves what is built in.
func static(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}
