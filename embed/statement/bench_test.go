package statement_test

import (
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/statement"
)

// BenchmarkSplit reads the sample corpus, and texts made to be slow to read.
func BenchmarkSplit(b *testing.B) {
	chinese, english := samples(b)
	for _, tt := range []struct {
		name     string
		articles []akin.Article
	}{
		{"chinese", chinese},
		{"english", english},
		{"hostile/说", hostile(strings.Repeat("说", 200_000/3))},
		{"hostile/他说，", hostile(strings.Repeat("他说，", 200_000/9))},
		{"hostile/opening marks", hostile(strings.Repeat("“", 200_000/3))},
		{"hostile/marks", hostile(strings.Repeat("“”", 200_000/6))},
		{"hostile/quotations", hostile(strings.Repeat("“是。”他说。", 200_000/21))},
		{"hostile/straight marks", hostile(strings.Repeat(`"`, 200_000))},
		{"hostile/said", hostile(strings.Repeat("said ", 200_000/5))},
		{"hostile/names", hostile(strings.Repeat("Ruth Calder said ", 200_000/17))},
		{"hostile/brackets", hostile(strings.Repeat("（", 200_000/3))},
		{"hostile/surnames", hostile(strings.Repeat("局长王", 200_000/9))},
		{"hostile/letters", hostile(strings.Repeat("a", 200_000))},
		{"hostile/one paragraph", hostile(long(chinese, 1_000_000))},
		{"hostile/one English paragraph", hostile(long(english, 1_000_000))},
	} {
		b.Run(tt.name, func(b *testing.B) {
			size := 0
			for _, a := range tt.articles {
				for _, p := range a.Paragraphs {
					size += len(p.Text)
				}
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, a := range tt.articles {
					statement.Split(a)
				}
			}
		})
	}
}

// hostile is an article of one paragraph.
func hostile(text string) []akin.Article {
	return []akin.Article{{ID: "hostile", Paragraphs: []akin.Paragraph{{Text: text}}}}
}

// long lays the paragraphs of articles end to end until they have a number of bytes.
func long(articles []akin.Article, size int) string {
	var text strings.Builder
	for {
		for _, a := range articles {
			for _, p := range a.Paragraphs {
				if text.Len() >= size {
					return text.String()
				}
				text.WriteString(p.Text)
				text.WriteString(" ")
			}
		}
	}
}
