package markup_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/markup"
	"github.com/akinserver/akin/embed/page"
)

var update = flag.Bool("update", false, "rewrite the goldens beside the pages of testdata/formats")

const formats = "../../testdata/formats"

func pages(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(formats, "*.html"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pages in %s: %v", formats, err)
	}
	return paths
}

func read(t *testing.T, path string) akin.Article {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := markup.Parse(f, markup.Options{})
	if err != nil {
		t.Fatalf("Parse(%s): %v", path, err)
	}
	return a
}

// TestGoldens holds all that is read of a page, to be looked at beside it.
func TestGoldens(t *testing.T) {
	for _, path := range pages(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".html")
		t.Run(name, func(t *testing.T) {
			a := read(t, path)
			a.ID = name
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
			line, err := page.JSON(a)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, line, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			golden := strings.TrimSuffix(path, ".html") + ".article"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v (go test -update writes it)", err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// TestBodies compares bodies with what the pages were made of, word by word: what is right, missed and extra. The .body files are
// written by hand, not by Parse.
func TestBodies(t *testing.T) {
	var all score
	for _, path := range pages(t) {
		data, err := os.ReadFile(strings.TrimSuffix(path, ".html") + ".body")
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, p := range read(t, path).Paragraphs {
			texts = append(texts, p.Text)
		}
		s := compare(words(string(data)), words(strings.Join(texts, "\n")))
		all.right, all.missed, all.extra = all.right+s.right, all.missed+s.missed, all.extra+s.extra
		t.Logf("%-18s %5d right %4d missed %4d extra", filepath.Base(path), s.right, s.missed, s.extra)
		if s.missed*100 > s.right || s.extra*50 > s.right {
			t.Errorf("%s: %+v, want at most 1 %% missed and 2 %% extra", path, s)
		}
		if want := strings.Count(string(data), "\n"); want != len(texts) {
			t.Errorf("%s: %d paragraphs, want %d:\n%s", path, len(texts), want, strings.Join(texts, "\n"))
		}
	}
	t.Logf("%-18s %5d right %4d missed %4d extra", "all", all.right, all.missed, all.extra)
}

type score struct{ right, missed, extra int }

// compare counts words whatever their order.
func compare(want, got []string) (s score) {
	left := map[string]int{}
	for _, w := range want {
		left[w]++
	}
	for _, w := range got {
		if left[w] > 0 {
			left[w]--
			s.right++
		} else {
			s.extra++
		}
	}
	s.missed = len(want) - s.right
	return s
}

// words are the words of a text, each ideograph one.
func words(text string) []string {
	var out []string
	for field := range strings.FieldsSeq(text) {
		var word strings.Builder
		for _, r := range field {
			switch {
			case unicode.Is(unicode.Han, r):
				out = append(out, string(r))
			case unicode.IsLetter(r) || unicode.IsNumber(r):
				word.WriteRune(r)
			}
		}
		if word.Len() > 0 {
			out = append(out, word.String())
		}
	}
	return out
}
