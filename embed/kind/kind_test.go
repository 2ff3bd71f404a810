package kind_test

import (
	"strings"
	"testing"

	"github.com/akinserver/akin/embed/kind"
)

func TestOf(t *testing.T) {
	rows := []struct {
		name, head, file string
		want             kind.Kind
	}{
		{"text", "关键词：\n大桥\n", "a.txt", kind.Page},
		{"text that begins with a book's title", "<<大桥>>的故事", "a.txt", kind.Page},
		{"nothing", "", "a.txt", kind.Page},
		{"HTML behind a comment", "\ufeff\n<!-- saved from x --><!DOCTYPE html>", "a", kind.HTML},
		{"XHTML", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"><html>`, "a.xml", kind.HTML},
		{"HTML in capitals", "<HTML><HEAD>", "a.txt", kind.HTML},
		{"HTML in UTF-16", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", "a.txt", kind.HTML},
		{"no tags in a file called HTML", "大桥通车了。", "a.HTM", kind.HTML},
		{"RSS", `<?xml version="1.0"?> <!-- x --> <rss version="2.0">`, "a.html", kind.Feed},
		{"RSS 1.0", `<rdf:RDF xmlns="http://purl.org/rss/1.0/">`, "a", kind.Feed},
		{"Atom with a prefix", "<atom:feed xmlns:atom='x'>", "a", kind.Feed},
		{"other XML", "<?xml version='1.0'?><svg>", "a", kind.Foreign},
		{"JSON Lines", "\n{\"id\":1}", "a.txt", kind.Lines},
		{"no JSON in a file called JSON Lines", "id,title", "a.jsonl", kind.Lines},
		{"a JSON array", "[\n  {\"id\": 1}", "a.json", kind.Foreign},
		{"a text in brackets", "[东澜日报] 大桥通车了。", "a.txt", kind.Page},
		{"gzip", "\x1f\x8b\x08", "a.txt", kind.Gzip},
		{"bzip2", "BZh91AY&SY\x00\x00", "a", kind.Bzip2},
		{"a text that begins like bzip2", "BZh is a bus line.", "a.txt", kind.Page},
		{"zip", "PK\x03\x04", "a", kind.Zip},
		{"an empty zip", "PK\x05\x06", "a", kind.Zip},
		{"tar", strings.Repeat("\x00", 257) + "ustar", "a", kind.Tar},
		{"WARC", "WARC/1.1\r\n", "a", kind.WARC},
		{"PDF", "%PDF-1.4", "a.txt", kind.Foreign},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if got := kind.Of([]byte(tt.head), tt.file); got != tt.want {
				t.Errorf("Of(%q, %q) = %d, want %d", tt.head, tt.file, got, tt.want)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	for name, want := range map[string]bool{"a.txt": true, "b/A.HTML": true, "c.warc.gz": true, "d.tgz": true, "e.png": false, ".f.txt": false, "g": false} {
		if got := kind.Known(name); got != want {
			t.Errorf("Known(%q) = %v, want %v", name, got, want)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte("<?xml?><!-- x --><rss>"), "a.xml")
	f.Add([]byte("\xff\xfe<\x00"), "")
	f.Fuzz(func(t *testing.T, head []byte, name string) {
		if k := kind.Of(head, name); k == kind.Foreign && kind.Name(head) == "" {
			t.Errorf("Of(%q) is foreign and has no name", head)
		}
	})
}
