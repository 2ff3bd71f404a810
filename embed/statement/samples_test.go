package statement_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
)

// samples are the articles of testdata/news, the Chinese and the English ones.
func samples(tb testing.TB) (chinese, english []akin.Article) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(news, "*.txt"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no pages in %s: %v", news, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			tb.Fatal(err)
		}
		a, err := page.Parse(f)
		f.Close()
		if err != nil {
			tb.Fatal(err)
		}
		if a.Language == "en" {
			english = append(english, a)
		} else {
			chinese = append(chinese, a)
		}
	}
	return chinese, english
}
