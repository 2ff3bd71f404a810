package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin/embed/archive"
)

// zeros reads as n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func gzipped(t testing.TB, r io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, files ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, files[i+1].(io.Reader)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// list reads all entries: "name: content", or what is wrong.
func list(entries iter.Seq2[archive.Entry, error]) (got []string, errs []error) {
	for e, err := range entries {
		text := ""
		switch {
		case err != nil:
			text = "error: " + err.Error()
		case e.Skipped != "":
			text = "skipped: " + e.Skipped
		default:
			var data []byte
			if data, err = io.ReadAll(e.Body); err != nil {
				text = "error: " + err.Error()
			} else {
				text = string(data)
			}
		}
		errs = append(errs, err)
		got = append(got, e.Name+": "+text)
	}
	return got, errs
}

func budget(data []byte) *archive.Budget {
	return archive.NewBudget(func() int64 { return int64(len(data)) })
}

func readZip(data []byte) ([]string, []error) {
	return list(budget(data).Zip(bytes.NewReader(data), int64(len(data))))
}

func TestZipBombIsRefusedAndTheRestRead(t *testing.T) {
	data := zipped(t, "first.txt", strings.NewReader("one"), "bomb.txt", zeros(40<<20), "../../last.txt", strings.NewReader("two"))
	got, errs := readZip(data)
	if len(got) != 3 || got[0] != "first.txt: one" || got[2] != "last.txt: two" {
		t.Errorf("got %q, want the files before and after the bomb", got)
	}
	if !errors.Is(errs[1], archive.ErrBomb) {
		t.Errorf("the bomb gave %v, want %v", errs[1], archive.ErrBomb)
	}
}

func TestGzip(t *testing.T) {
	whole := gzipped(t, strings.NewReader(strings.Repeat("The ferry was old. ", 500)))
	rows := []struct {
		name string
		in   []byte
		want error
	}{
		{"whole", whole, nil},
		{"two pieces", slices.Concat(whole, whole), nil},
		{"cut in the data", whole[:len(whole)/2], archive.ErrTruncated},
		{"cut in the sum", whole[:len(whole)-3], archive.ErrTruncated},
		{"cut in the header", whole[:6], archive.ErrTruncated},
		{"a wrong byte", append(append([]byte{}, whole[:len(whole)-6]...), 1, 2, 3, 4, 5, 6), gzip.ErrChecksum},
		{"a bomb", gzipped(t, zeros(64<<20)), archive.ErrBomb},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			out, err := budget(tt.in).Gzip(bytes.NewReader(tt.in))
			if err == nil {
				_, err = io.Copy(io.Discard, out)
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTar(t *testing.T) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range []tar.Header{{Name: "folder/", Typeflag: tar.TypeDir}, {Name: "folder/\xcd\xfb\xb4\xa8.txt", Size: 3}, {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, {Name: "/last.txt", Size: 3}} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("one")[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := list(budget(out.Bytes()).Tar(bytes.NewReader(out.Bytes())))
	if want := []string{"folder/望川.txt: one", "last.txt: one"}; !cmp.Equal(want, got) {
		t.Errorf("got %q, want %q", got, want)
	}
	_, errs := list(budget(out.Bytes()).Tar(bytes.NewReader(out.Bytes()[:1025])))
	if len(errs) == 0 || !errors.Is(errs[len(errs)-1], archive.ErrTruncated) {
		t.Errorf("of a cut archive: %v, want %v", errs, archive.ErrTruncated)
	}
}

func TestZipNames(t *testing.T) {
	data := zipped(t, "folder/", strings.NewReader(""), `a\b.txt`, strings.NewReader("one"), "\xcd\xfb\xb4\xa8.txt", strings.NewReader("two"), "x\n.txt", strings.NewReader("three"))
	got, _ := readZip(data)
	if want := []string{"a/b.txt: one", "望川.txt: two", "x_.txt: three"}; !cmp.Equal(want, got) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func record(header, block string) string {
	return "WARC/1.0\r\n" + header + fmt.Sprintf("Content-Length: %d\r\n\r\n%s\r\n\r\n", len(block), block)
}

const response = "WARC-Type: response\r\nWARC-Target-URI: <http://a.example/1>\r\nContent-Type: application/http; msgtype=response\r\n"

func TestWARC(t *testing.T) {
	html := func(headers, body string) string {
		return record(response, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gbk\r\n"+headers+"\r\n"+body)
	}
	packed := string(gzipped(t, strings.NewReader("<p>Hello")))
	rows := []struct {
		name string
		in   string
		want []string
	}{
		{"a page", html("", "<p>Hello"), []string{"http://a.example/1: <p>Hello"}},
		{"chunks", html("Transfer-Encoding: chunked\r\n", "5\r\n<p>He\r\n3;x=y\r\nllo\r\n0\r\n\r\n"), []string{"http://a.example/1: <p>Hello"}},
		{"chunks that the crawler undid", html("Transfer-Encoding: chunked\r\n", "<p>Hello"), []string{"http://a.example/1: <p>Hello"}},
		{"packed", html("Content-Encoding: gzip\r\n", packed), []string{"http://a.example/1: <p>Hello"}},
		{"unpacked by the crawler", html("Content-Encoding: gzip\r\n", "<p>Hello"), []string{"http://a.example/1: <p>Hello"}},
		{"packed in a way that is not read", html("Content-Encoding: br\r\n", "\x0b\x02"), []string{`http://a.example/1: error: warc: the page is packed as "br", which akin does not unpack`}},
		{"packed and cut", html("Content-Encoding: gzip\r\n", packed[:20]), []string{"http://a.example/1: error: the gzip data is cut short"}},
		{
			"lines that end with a line feed alone", "WARC/1.1\n" + strings.ReplaceAll(response, "\r\n", "\n") + "Content-Length: 44\n\nHTTP/1.0 200 OK\nContent-Type: text/html\n\n<p>\n\n",
			[]string{"http://a.example/1: <p>"},
		},
		{
			"a picture, a redirect, a request", record(response, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG") + record(response, "HTTP/1.1 302 Found\r\n\r\n") + record("WARC-Type: request\r\n", "GET /"),
			[]string{`http://a.example/1: skipped: a record of type "image/png"`, `http://a.example/1: skipped: an answer with status "302"`},
		},
		{"a header longer than a buffer", html("Set-Cookie: "+strings.Repeat("x", 20_000)+"\r\n", "<p>Hello"), []string{"http://a.example/1: <p>Hello"}},
		{"no HTTP", record(response, "hello") + html("", "<p>Hello"), []string{"http://a.example/1: error: warc: bad record: no HTTP answer", "http://a.example/1: <p>Hello"}},
		{"bytes between records", "rubbish\r\n" + html("", "<p>Hello"), []string{": error: warc: bad record: bytes that belong to none", "http://a.example/1: <p>Hello"}},
		{
			"no length", "WARC/1.0\r\n" + response + "\r\nx\r\n" + html("", "<p>Hello"),
			[]string{`http://a.example/1: error: warc: bad record: Content-Length is ""`, ": error: warc: bad record: bytes that belong to none", "http://a.example/1: <p>Hello"},
		},
		{"a negative length", "WARC/1.0\r\n" + response + "Content-Length: -1\r\n\r\n\r\n", []string{`http://a.example/1: error: warc: bad record: Content-Length is "-1"`}},
		{"cut short", html("", "<p>Hello")[:len(html("", "<p>Hello"))-6], []string{"http://a.example/1: error: the record is cut short: 2 bytes are missing"}},
		{"cut short, and of no use", record("WARC-Type: request\r\nWARC-Target-URI: http://a.example/3\r\n", "GET /3")[:90], []string{"http://a.example/3: error: warc: the record is cut short: 4 bytes are missing"}},
		{"a resource", record("WARC-Type: resource\r\nWARC-Target-URI: http://a.example/2\r\nContent-Type: text/html\r\n", "<p>"), []string{"http://a.example/2: <p>"}},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := list(budget([]byte(tt.in)).WARC(strings.NewReader(tt.in))); !cmp.Equal(tt.want, got) {
				t.Errorf("of %q\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestWARCHeaderIsBounded(t *testing.T) {
	in := "WARC/1.0\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n" + record(response, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>")
	got, _ := list(budget([]byte(in)).WARC(strings.NewReader(in)))
	if n := len(got); n < 2 || !strings.Contains(got[0], "a header of more than") || got[n-1] != "http://a.example/1: <p>" {
		t.Errorf("got %q, want an error and the page", got)
	}
}

func TestSpool(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	data := zipped(t, "a.txt", strings.NewReader("one"))
	var got []string
	err := archive.Spool(bytes.NewReader(data), func(r io.ReaderAt, size int64) { got, _ = list(budget(data).Zip(r, size)) })
	if left, _ := os.ReadDir(os.TempDir()); err != nil || !cmp.Equal([]string{"a.txt: one"}, got) || len(left) != 0 {
		t.Errorf("got %q, %v, and %d files left", got, err, len(left))
	}
}

func FuzzContainers(f *testing.F) {
	f.Add(zipped(f, "a.txt", strings.NewReader("one"), "b/c.txt", strings.NewReader("two")))
	f.Add(gzipped(f, strings.NewReader("one")))
	f.Add([]byte(record(response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n3\r\n<p>\r\n0\r\n\r\n")))
	f.Add([]byte("WARC/1.0\r\nContent-Length: 9223372036854775807\r\nWARC-Type: response\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		size := int64(len(data))
		limit := 200*size + 5<<20
		for name, entries := range map[string]iter.Seq2[archive.Entry, error]{
			"zip": budget(data).Zip(bytes.NewReader(data), size), "tar": budget(data).Tar(bytes.NewReader(data)), "warc": budget(data).WARC(bytes.NewReader(data)),
		} {
			n := 0
			for e, err := range entries {
				if n++; n > len(data)+1 {
					t.Fatalf("%s: more entries than bytes", name)
				}
				if err != nil || e.Skipped != "" {
					continue
				}
				if got, _ := io.Copy(io.Discard, e.Body); got > limit {
					t.Errorf("%s: an entry of %d bytes from %d", name, got, size)
				}
			}
		}
		if out, err := budget(data).Gzip(bytes.NewReader(data)); err == nil {
			if got, _ := io.Copy(io.Discard, out); got > limit {
				t.Errorf("gzip: %d bytes from %d", got, size)
			}
		}
	})
}
