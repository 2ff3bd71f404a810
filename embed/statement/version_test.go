package statement_test

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/akinserver/akin/embed/statement"
)

// TestVersionTellsOfEveryChange holds what Version is worth: of an article that a store holds in the same version, the statements are not read again.
func TestVersionTellsOfEveryChange(t *testing.T) {
	const want = "statements/4 d933c125da26aede"
	chinese, english := samples(t)
	articles := append(chinese, english...)
	pages, err := filepath.Glob(filepath.Join(kinds, "*.txt"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in %s: %v", kinds, err)
	}
	for _, path := range pages {
		articles = append(articles, plainPage(t, path))
	}
	sum := sha256.New()
	for _, a := range articles {
		sum.Write([]byte(lines(statement.Split(a))))
	}
	if got := statement.Version + " " + hex.EncodeToString(sum.Sum(nil)[:8]); got != want {
		t.Errorf("got %q, want %q: where other statements are read, Version has to change, and then this test", got, want)
	}
}
