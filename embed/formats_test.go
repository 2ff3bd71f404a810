package embed_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/archive"
)

var update = flag.Bool("update", false, "rewrite the golden of testdata/formats")

// TestFormats reads a folder of every format: which articles it holds, under which ids, and what is refused or skipped, with the reason.
func TestFormats(t *testing.T) {
	const folder, golden = "../testdata/formats", "../testdata/formats/items.golden"
	var got strings.Builder
	for item := range embed.Read([]string{folder}, nil) {
		where := filepath.ToSlash(strings.TrimPrefix(item.Where, folder+"/"))
		switch a := item.Article; {
		case errors.Is(item.Err, embed.ErrSkipped) && !strings.Contains(where, "!"):
			// the goldens
		case errors.Is(item.Err, embed.ErrSkipped):
			fmt.Fprintf(&got, "%s\n  skipped: %v\n", where, item.Err)
		case item.Err != nil:
			fmt.Fprintf(&got, "%s\n  refused: %v\n", where, item.Err)
		default:
			if err := a.Validate(); err != nil {
				t.Errorf("%s: %v", where, err)
			}
			fmt.Fprintf(&got, "%s\n  %s | %s | %s | %s | %d paragraphs\n", where, a.ID, a.PublishedDate, a.Source, a.Title, len(a.Paragraphs))
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
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
}

const goodHTML = `<html><head><title>The dam</title>%s</head><body><p>The dam at Ellesk is safe, said the engineer, who had looked at it for three days.</p></body></html>`

// items reads one file, and returns its ids and errors.
func items(t *testing.T, name, content string) []string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, name, content)
	return read(dir)
}

func read(paths ...string) []string {
	var got []string
	for item := range embed.Read(paths, nil) {
		if item.Err != nil {
			got = append(got, "error: "+item.Err.Error())
		} else {
			got = append(got, item.Article.ID)
		}
	}
	return got
}

func TestIDs(t *testing.T) {
	canonical := func(address string) string {
		return fmt.Sprintf(goodHTML, `<link rel="canonical" href="`+address+`">`)
	}
	long := strings.Repeat("long/", 120)
	rows := []struct{ name, file, content, want string }{
		{"a page of text loses its ending", "a/b.txt", goodPage, "a/b"},
		{"a page without an address keeps it, beside a text of the same name", "a/b.html", fmt.Sprintf(goodHTML, ""), "a/b.html"},
		{"the address that a page gives", "b.html", canonical("https://e.example/2014/dam?x=1#top"), "https://e.example/2014/dam?x=1"},
		{"the front page is the address of no article", "b.html", canonical("https://e.example/"), "b.html"},
		{"an address that is none", "b.html", canonical("/2014/dam"), "b.html"},
		{"packing changes nothing", "a/b.txt.gz", gz(t, goodPage), "a/b"},
		{"within an archive", "x.zip", zipOf(t, "a/b.txt", goodPage), "x.zip!/a/b"},
		{"two archives deep", "x.zip", zipOf(t, "y.zip", zipOf(t, "b.html", fmt.Sprintf(goodHTML, ""))), "x.zip!/y.zip!/b.html"},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if got := items(t, tt.file, tt.content); !cmp.Equal([]string{tt.want}, got) {
				t.Errorf("%s: got %q, want %q", tt.file, got, tt.want)
			}
		})
	}
	one, other := items(t, "x.zip", zipOf(t, long+"1.txt", goodPage)), items(t, "x.zip", zipOf(t, long+"2.txt", goodPage))
	if len(one[0]) != akin.MaxIDLength || one[0] == other[0] {
		t.Errorf("long paths gave %q and %q, want two ids of %d bytes", one, other, akin.MaxIDLength)
	}
}

func gz(t *testing.T, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zipOf(t *testing.T, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestKindsAreToldByContent(t *testing.T) {
	rows := []struct{ name, file, content, want string }{
		{"HTML in a text file", "a.txt", fmt.Sprintf(goodHTML, ""), "a.txt"},
		{"a page of text called HTML is HTML without tags", "a.html", "The dam at Ellesk is safe, said the engineer.", "a.html"},
		{"JSON Lines called text", "a.txt", goodLine, "j1"},
		{"a feed called HTML", "a.html", `<?xml version="1.0"?><rss version="2.0"><channel><item><guid>urn:1</guid><description>The dam is safe.</description></item></channel></rss>`, "urn:1"},
		{"XML that is no feed", "a.xml", `<?xml version="1.0"?><urlset><url/></urlset>`, "error: it is an XML file that is neither Atom nor RSS, which akin does not read"},
		{"a JSON array", "a.json", "[\n{\"id\":1},\n{\"id\":2}]", "error: it is a JSON array, not JSON Lines, which akin does not read"},
		{"a PDF file", "a.txt", "%PDF-1.7\n\x00", "error: it is a PDF file, which akin does not read"},
		{"lines that are no JSON", "a.jsonl", "[1]\n", "error: line 1: want one article, a JSON object, got a list"},
		{"a gzip file that is none", "a.gz", goodPage, "a"},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if got := items(t, tt.file, tt.content); !cmp.Equal([]string{tt.want}, got) {
				t.Errorf("%s: got %q, want %q", tt.file, got, tt.want)
			}
		})
	}
}

// TestArchiveGoesOn has a bomb, a cut file and a page that cannot be read between two that can.
func TestArchiveGoesOn(t *testing.T) {
	content := zipOf(t, "1.txt", goodPage, "2.txt", strings.Repeat("\n", 40<<20), "3.txt.gz", gz(t, goodPage)[:40], "4.txt", " ", "5.txt", goodPage)
	got := items(t, "x.zip", content)
	want := []string{"x.zip!/1", archive.ErrBomb.Error(), archive.ErrTruncated.Error(), "white space", "x.zip!/5"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("entry %d: got %q, want %q", i+1, got[i], want[i])
		}
	}
}

func TestArchivesWithinArchivesHaveAnEnd(t *testing.T) {
	content := goodPage
	for range 8 {
		content = gz(t, content)
	}
	if got := items(t, "x.gz", content); len(got) != 1 || !strings.Contains(got[0], "archive within 6 others") {
		t.Errorf("got %q, want an error that counts the archives", got)
	}
}

func TestArchiveOnStdin(t *testing.T) {
	for name, content := range map[string]string{"zip": zipOf(t, "a.txt", goodPage), "gzip": gz(t, goodLine)} {
		var got []string
		for item := range embed.Read([]string{embed.Stdin}, strings.NewReader(content)) {
			if item.Err != nil {
				t.Errorf("%s: %v", name, item.Err)
			}
			got = append(got, item.Article.ID)
		}
		if want := map[string]string{"zip": "stdin!/a", "gzip": "j1"}[name]; !cmp.Equal([]string{want}, got) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestReadingStops leaves off after the first article of an archive.
func TestReadingStops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x.zip", zipOf(t, "y.zip", zipOf(t, "a.txt", goodPage, "b.txt", goodPage)))
	n := 0
	for range embed.Read([]string{dir, dir}, nil) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d items, want 1", n)
	}
}

func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("../testdata/formats/*.*z*")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no archives: %v", err)
	}
	for _, path := range append(paths, "../testdata/formats/atom-xhtml.xml", "../testdata/formats/zh-big5.html") {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for item := range embed.Read([]string{embed.Stdin}, bytes.NewReader(data)) {
			if item.Err != nil {
				continue
			}
			if err := item.Article.Validate(); err != nil {
				t.Errorf("of %q: %v", data, err)
			}
		}
	})
}
