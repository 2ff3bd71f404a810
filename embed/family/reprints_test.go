package family_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/family"
	"github.com/akinserver/akin/testdata"
)

// TestReprints lays reprints and decoys of articles beside the originals. It runs on the sample corpus, and on the file of JSON Lines, packed by gzip or not, that
// AKIN_REPRINTS names; AKIN_REPRINTS_SHOW prints the texts of the pairs that are judged wrongly.
func TestReprints(t *testing.T) {
	type score struct{ right, all int }
	scores := map[string]*score{}
	for n, a := range articles(t) {
		original := family.Read("", a.Body())
		sketch := family.Of(a.Body())
		for _, change := range testdata.Reprints(traditional(t)) {
			print, ok := change.Make(uint64(n), a)
			if !ok {
				continue
			}
			s := scores[change.Name]
			if s == nil {
				s = &score{}
				scores[change.Name] = s
			}
			s.all++
			text := print.Body()
			if got := sketch.Near(family.Of(text)) && original.Compare(family.Read("", text)) == family.Print; got != change.Decoy {
				s.right++
			} else if os.Getenv("AKIN_REPRINTS_SHOW") == change.Name {
				t.Logf("%s: near %v, relation %v\n%s\n%s", a.ID, sketch.Near(family.Of(text)), original.Compare(family.Read("", text)), a.Body(), text)
			}
		}
	}
	for _, change := range testdata.Reprints(traditional(t)) {
		s := scores[change.Name]
		if s == nil {
			continue
		}
		t.Logf("%-20s %5d of %5d", change.Name, s.right, s.all)
	}
}

// articles are those of AKIN_REPRINTS, or the sample's.
func articles(t *testing.T) []akin.Article {
	t.Helper()
	name := os.Getenv("AKIN_REPRINTS")
	if name == "" {
		return slices.Collect(testdata.Generated(40))
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	var list []akin.Article
	for lines.Scan() && len(list) < 1000 {
		var line struct{ ID, Title, Date, Text string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		a := akin.Article{ID: line.ID, Title: line.Title, PublishedDate: line.Date}
		for _, p := range strings.Split(line.Text, "\n") {
			if p = strings.TrimSpace(p); p != "" {
				a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: p})
			}
		}
		if len(a.Paragraphs) > 0 {
			list = append(list, a)
		}
	}
	return list
}

func traditional(t *testing.T) func(string) string {
	t.Helper()
	table, err := os.ReadFile("../han/data/simplified.txt")
	if err != nil {
		t.Fatal(err)
	}
	return testdata.Traditional(string(table))
}
