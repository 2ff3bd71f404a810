package widget_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/akinserver/akin/server/gateway/widget"
)

// TestSize holds what the element costs a reader.
func TestSize(t *testing.T) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(widget.Script)
	w.Close()
	if packed.Len() >= 4096 {
		t.Errorf("akin.js is %d bytes in gzip, want fewer than 4,096", packed.Len())
	}
}

func TestScript(t *testing.T) {
	for path, cached := range map[string]string{"/akin.js": "public, max-age=300, stale-while-revalidate=86400", widget.HashedPath(): "public, max-age=31536000, immutable"} {
		w := answering().get(t, http.MethodGet, path, nil)
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), widget.Script) {
			t.Errorf("%s: %d, %d bytes; want the script", path, w.Code, w.Body.Len())
		}
		sum := sha512.Sum384(w.Body.Bytes())
		if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); widget.Integrity() != want {
			t.Errorf("integrity %s, want %s", widget.Integrity(), want)
		}
		for name, want := range map[string]string{
			"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": cached, "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
		if again := answering().get(t, http.MethodGet, path, http.Header{"If-None-Match": {w.Header().Get("ETag")}}); again.Code != http.StatusNotModified {
			t.Errorf("%s asked again: %d, want 304", path, again.Code)
		}
	}
	var told struct{ Src, Integrity string }
	if err := json.Unmarshal(answering().get(t, http.MethodGet, "/akin.json", nil).Body.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	if told.Src != widget.HashedPath() || told.Integrity != widget.Integrity() {
		t.Errorf("/akin.json says %+v, want %s %s", told, widget.HashedPath(), widget.Integrity())
	}
}

// TestDocs holds the tag in the documentation to the file. After a change of akin.js, its new name and hash go there.
func TestDocs(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/widget.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`src="https://akin.example` + widget.HashedPath() + `"`, `integrity="` + widget.Integrity() + `"`,
		`{"src": "` + widget.HashedPath() + `", "integrity": "` + widget.Integrity() + `"}`,
	} {
		if !bytes.Contains(docs, []byte(want)) {
			t.Errorf("docs/widget.md does not say %s", want)
		}
	}
}
