package statement_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/statement"
)

const kinds = "../../testdata/statements"

// TestKinds reads a page for every kind of reported speech that the reader knows, and of narration that it must leave
// alone. Beside each page lie the truth, written by hand (speaker | text, no speaker where the page leaves it open), and
// what the reader makes of it, with the counts; the totals of all pages are printed.
func TestKinds(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(kinds, "*.txt"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in %s: %v", kinds, err)
	}
	var total counts
	for _, path := range pages {
		base := strings.TrimSuffix(path, ".txt")
		t.Run(filepath.Base(base), func(t *testing.T) {
			a := plainPage(t, path)
			a.Statements = statement.Split(a)
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
			truth, err := os.ReadFile(base + ".truth")
			if err != nil {
				t.Fatal(err)
			}
			c := count(string(truth), a.Statements)
			total = total.plus(c)
			golden(t, base+".statements", lines(a.Statements)+c.String()+"\n")
		})
	}
	t.Logf("all %d pages: %v", len(pages), total)
	if total.wrong > 0 || total.invented > 0 {
		t.Errorf("%d statements with a wrong speaker, %d that are none; want none of either", total.wrong, total.invented)
	}
}

// plainPage is a page of a title and one paragraph a line.
func plainPage(t *testing.T, path string) akin.Article {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	title, body, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	a := akin.Article{ID: filepath.Base(path), Title: title}
	for line := range strings.SplitSeq(body, "\n") {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: line})
	}
	return a
}

// counts are of the statements of a page: with the right speaker, or rightly without one; with a wrong one; without
// the one that the page names; missed; and found where there are none.
type counts struct{ right, wrong, unknown, missed, invented int }

func (c counts) plus(o counts) counts {
	return counts{c.right + o.right, c.wrong + o.wrong, c.unknown + o.unknown, c.missed + o.missed, c.invented + o.invented}
}

func (c counts) String() string {
	return fmt.Sprintf("right %d, wrong %d, unknown %d, missed %d, invented %d", c.right, c.wrong, c.unknown, c.missed, c.invented)
}

func count(truth string, found []akin.Statement) counts {
	speakers := map[string]string{}
	for line := range strings.Lines(truth) {
		speaker, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
		speakers[text] = strings.TrimSpace(speaker)
	}
	var c counts
	for _, s := range found {
		speaker, ok := speakers[s.Text]
		switch {
		case !ok:
			c.invented++
			continue
		case s.Speaker == speaker:
			c.right++
		case s.Speaker == "":
			c.unknown++
		default:
			c.wrong++
		}
		delete(speakers, s.Text)
	}
	c.missed = len(speakers)
	return c
}
