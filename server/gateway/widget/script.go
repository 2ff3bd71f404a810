package widget

import (
	"bytes"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"
)

// Script is the element's file, akin.js. It is written by hand and served as it stands: there is no build step.
//
//go:embed akin.js
var Script []byte

var sum = sha512.Sum384(Script)

// Integrity is what a page writes into the integrity attribute of the script that loads the file.
func Integrity() string {
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// HashedPath is where this version of the file, and never another, is served.
func HashedPath() string {
	return "/akin-" + hex.EncodeToString(sum[:8]) + ".js"
}

// serveScript answers with the file. A page of another origin that checks its hash must be allowed to read it, so anybody is.
func serveScript(cacheControl string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "text/javascript; charset=utf-8")
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", cacheControl)
		header.Set("ETag", `"`+Integrity()+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(Script))
	}
}

// serveIntegrity tells the tag of the file to programs that write pages.
func serveIntegrity(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-cache")
	// A map of two strings is always encoded, and who does not read the answer is gone.
	_ = json.NewEncoder(w).Encode(map[string]string{"src": HashedPath(), "integrity": Integrity()})
}
