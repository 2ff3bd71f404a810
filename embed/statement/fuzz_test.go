package statement_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/embed/statement"
)

// FuzzSplit holds for every text: statements are in order, do not overlap, and each is exactly its span.
func FuzzSplit(f *testing.F) {
	pages, err := filepath.Glob(filepath.Join(news, "*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range pages {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if a, err := page.Parse(strings.NewReader(string(data))); err == nil {
			for _, p := range a.Paragraphs {
				f.Add(p.Text)
			}
		}
	}
	for _, text := range []string{
		"他说：“", "”他说，“", "说", "：“‘”’", "“，”他说，“，”他说。", "（说（说（说，", "said", "“,” said", `" said "" said "`, "'' said ''", "Mr. said that", "，，说，，表示，",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip("paragraphs are valid UTF-8")
		}
		a := akin.Article{ID: "a"}
		for line := range strings.SplitSeq(text, "\n") {
			if strings.TrimSpace(line) != "" {
				a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: line})
			}
		}
		if len(a.Paragraphs) == 0 {
			t.Skip("nothing to read")
		}
		a.Statements = statement.Split(a)
		if err := a.Validate(); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		last := akin.Statement{Paragraph: -1}
		for _, s := range a.Statements {
			if s.Paragraph < last.Paragraph || s.Paragraph == last.Paragraph && s.Start < last.End {
				t.Fatalf("%q: %+v comes after %+v", text, s, last)
			}
			last = s
		}
	})
}
