package statement_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/embed/statement"
)

var update = flag.Bool("update", false, "rewrite the goldens beside the pages of testdata/news")

const news = "../../testdata/news"

// goldens are pages of different kinds, whose articles and statements lie beside them to be read.
var goldens = []string{
	"bopu-fishing-1",    // two leaders, a foreign name in two parts, a joint statement, a quotation around its speaker
	"qingya-flood-4",    // a quotation over three paragraphs, pronouns, nested marks
	"wangchuan-chess-1", // a portrait: few words of speech among much narration
	"jizhou-hospital-4", // 「」, quotations before and after their speakers, no captions
	"varn-tunnel-1",     // straight quotation marks, titles, the commonest forms of English attribution
	"ellesk-bridge-1",   // indirect speech, a speaker in the middle of a sentence, unnamed officials
	"halven-nurses-4",   // a feature in the first person: pronouns, a quotation over two paragraphs
}

func TestGoldens(t *testing.T) {
	for _, name := range goldens {
		t.Run(name, func(t *testing.T) {
			a := read(t, filepath.Join(news, name+".txt"))
			a.ID = name
			a.Statements = statement.Split(a)
			a.Place()
			if err := a.Validate(); err != nil {
				t.Fatalf("what was read of %s is not valid: %v", name, err)
			}
			golden(t, filepath.Join(news, name+".article"), article(t, a))
			golden(t, filepath.Join(news, name+".statements"), lines(a.Statements))
		})
	}
}

// TestEveryPage reads every page of the sample corpus: none is without a title, a date, a source, a body and speech.
func TestEveryPage(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(news, "*.txt"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in %s: %v", news, err)
	}
	for _, path := range pages {
		t.Run(filepath.Base(path), func(t *testing.T) {
			a := read(t, path)
			a.ID = "page"
			a.Statements = statement.Split(a)
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
			if a.Title == "" || a.PublishedDate == "" || a.Source == "" || a.Page == "" || a.Language == "" || len(a.Keywords) == 0 || a.Attributes[page.Site] == "" {
				t.Errorf("something of the page was not read: %+v", a)
			}
			for _, c := range a.Captions {
				if c.Text == "" || c.Credit == "" {
					t.Errorf("a caption is not whole: %+v", c)
				}
			}
			if n := len(a.Paragraphs); n < 6 || n > 14 {
				t.Errorf("%d paragraphs, want 6 to 14", n)
			}
			if len(a.Statements) < 3 {
				t.Errorf("%d statements, want 3 at least", len(a.Statements))
			}
		})
	}
}

func read(t *testing.T, path string) akin.Article {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := page.Parse(f)
	if err != nil {
		t.Fatalf("parse %s: %v", path, err)
	}
	return a
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// article is the JSON of an article without its statements, which have a file of their own.
func article(t *testing.T, a akin.Article) string {
	t.Helper()
	a.Statements = nil
	data, err := page.JSON(a)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// lines prints statements one a line: speaker | cue | kind | paragraph:start-end | text.
func lines(all []akin.Statement) string {
	var out strings.Builder
	for _, s := range all {
		fmt.Fprintf(&out, "%s | %s | %s | %d:%d-%d | %s\n", s.Speaker, s.Cue, s.Kind, s.Paragraph, s.Start, s.End, s.Text)
	}
	return out.String()
}
