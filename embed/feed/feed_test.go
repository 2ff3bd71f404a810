package feed_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/feed"
	"github.com/akinserver/akin/embed/page"
)

var update = flag.Bool("update", false, "rewrite the goldens beside the feeds of testdata/formats")

func feeds(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/formats/*.xml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no feeds: %v", err)
	}
	return paths
}

// TestGoldens holds a JSON article a line, or why an entry has none.
func TestGoldens(t *testing.T) {
	for _, path := range feeds(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for a, err := range feed.Articles(bytes.NewReader(data), feed.Options{}) {
				if err != nil {
					fmt.Fprintf(&got, "%v\n", err)
					continue
				}
				line, err := page.JSON(a)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "%s\n", line)
			}
			golden := strings.TrimSuffix(path, ".xml") + ".articles"
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
		})
	}
}

func rss(items string) string {
	return `<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Wire</title><link>http://wire.example/</link>` + items + `</channel></rss>`
}

func one(t *testing.T, text string) akin.Article {
	t.Helper()
	for a, err := range feed.Articles(strings.NewReader(text), feed.Options{}) {
		if err != nil {
			t.Fatalf("%v\nof %s", err, text)
		}
		return a
	}
	t.Fatalf("no entries in %s", text)
	return akin.Article{}
}

func TestIDs(t *testing.T) {
	const text = "<description>The dam is safe.</description>"
	rows := []struct{ name, item, want string }{
		{"a guid that is an address", "<guid>http://wire.example/1</guid><link>http://wire.example/1?from=rss</link>", "http://wire.example/1"},
		{"a guid that is a URN", "<guid isPermaLink='false'>urn:uuid:1</guid>", "urn:uuid:1"},
		{"a number is unique to its feed alone", "<guid isPermaLink='false'>17</guid>", "http://wire.example/#17"},
		{"a number beside an address", "<guid isPermaLink='false'>17</guid><link>http://wire.example/1</link>", "http://wire.example/1"},
		{"nothing", "", ""},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if a := one(t, rss("<item>"+tt.item+text+"</item>")); a.ID != tt.want {
				t.Errorf("id %q, want %q", a.ID, tt.want)
			}
		})
	}
}

func TestEntries(t *testing.T) {
	a := one(t, rss(`<item><guid>urn:1</guid><title>&lt;b&gt;Dam&lt;/b&gt; &amp;amp; ferry</title><pubDate>Tue, 20 May 2014 23:30:00 -0500</pubDate>
		<description>Short.</description><content:encoded><![CDATA[<p>The dam is safe.</p><p>The ferry is old.</p>]]></content:encoded></item>`))
	if a.Title != "Dam & ferry" || a.PublishedDate != "2014-05-20" || len(a.Paragraphs) != 2 || a.Attributes[feed.Extent] != "" {
		t.Errorf("got %+v, want a plain title, the day as printed, and the whole text", a)
	}
	if a := one(t, rss("<item><description>Short.</description></item>")); a.Attributes[feed.Extent] != feed.Summary {
		t.Errorf("attributes %v, want that the text is a summary", a.Attributes)
	}
}

func TestErrors(t *testing.T) {
	rows := []struct {
		name, in string
		want     error
	}{
		{"other XML", "<?xml version='1.0'?><urlset/>", feed.ErrFormat},
		{"nothing", "", feed.ErrFormat},
		{"an entry without text", rss("<item><title>Dam</title></item>"), page.ErrNoBody},
		{"too large", strings.Repeat(" ", feed.MaxSize+1), page.ErrTooLarge},
		{"a picture", "<rss>\x00", page.ErrBinary},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			for a, err := range feed.Articles(strings.NewReader(tt.in), feed.Options{}) {
				if !errors.Is(err, tt.want) {
					t.Errorf("got %+v, %v; want %v", a, err, tt.want)
				}
			}
		})
	}
	for _, err := range feed.Articles(strings.NewReader("<rss><channel><item>"), feed.Options{}) {
		if err == nil {
			t.Error("a feed that is cut short has an article")
		}
	}
}

func FuzzArticles(f *testing.F) {
	for _, path := range feeds(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml"><div>x</div></content></entry></feed>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for a, err := range feed.Articles(bytes.NewReader(data), feed.Options{}) {
			if err != nil {
				continue
			}
			a.ID = "a"
			if err := a.Validate(); err != nil {
				t.Errorf("of %q: %v", data, err)
			}
		}
	})
}
