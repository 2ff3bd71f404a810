// Package archive opens what holds files: zip, tar, gzip, bzip2 and WARC.
// What a container says of sizes is never believed: a budget stops whatever unpacks to far more than it is packed in,
// and the entries after it are still read.
package archive

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/akinserver/akin/embed/charset"
)

// Why an entry cannot be read. Readers return them wrapped, met with errors.Is.
var (
	ErrBomb      = errors.New("unpacks to far more than any text does")
	ErrTruncated = errors.New("is cut short")
	ErrTooLarge  = errors.New("too large")
)

// MaxSpool is the size of the largest zip archive within another archive, in bytes: it is copied to a temporary file first.
const MaxSpool = 4 << 30

// maxEntries bounds a zip archive's directory, which is held in memory: some 300 bytes an entry.
const maxEntries = 2 << 20

// Entry is a file within a container.
type Entry struct {
	Name    string    // its path within, with slashes; of a WARC record its URI
	Body    io.Reader // to be read before the next entry is asked for
	Charset string    // declared by the server that sent it
	Web     bool      // a record of the Web: Name is where the page is published
	Skipped string    // why the entry holds no article and is no mistake: "a picture"; Body is nil
}

// Zip yields the files of a zip archive in the order of its directory. An error with an entry concerns that entry alone.
func (b *Budget) Zip(r io.ReaderAt, size int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if n, err := zipEntries(r, size); err == nil && n > maxEntries {
			yield(Entry{}, fmt.Errorf("zip: %w: %d entries, at most %d", ErrTooLarge, n, maxEntries))
			return
		}
		archive, err := zip.NewReader(r, size)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, f := range archive.File {
			if strings.HasSuffix(f.Name, "/") {
				continue
			}
			if !b.zipped(f, size, yield) {
				return
			}
		}
	}
}

func (b *Budget) zipped(f *zip.File, size int64, yield func(Entry, error) bool) bool {
	entry := Entry{Name: cleanName(f.Name, f.NonUTF8)}
	if f.Flags&1 != 0 {
		return yield(entry, errors.New("zip: it is encrypted"))
	}
	body, err := f.Open()
	if err != nil {
		return yield(entry, err)
	}
	defer body.Close()
	packed := min(int64(min(f.CompressedSize64, 1<<62)), size)
	entry.Body = b.guard("zip", body, func() int64 { return packed })
	return yield(entry, nil)
}

// cleanName is the name of an entry as a path with slashes. Old archives have names in the encoding of their maker's country.
func cleanName(name string, old bool) string {
	if old {
		text, err := charset.Decode([]byte(name), charset.Options{})
		if err != nil {
			text, _ = charmap.CodePage437.NewDecoder().Bytes([]byte(name)) // what zip was made with, in which every byte is a character
		}
		name = string(text)
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
}

// Spool copies a zip archive that comes as a stream to a temporary file, calls use on it and removes it.
func Spool(r io.Reader, use func(r io.ReaderAt, size int64)) (err error) {
	file, err := os.CreateTemp("", "akin-*.zip")
	if err != nil {
		return fmt.Errorf("make room for a zip archive within another: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	size, err := io.Copy(file, io.LimitReader(r, MaxSpool+1))
	switch {
	case err != nil:
		return err
	case size > MaxSpool:
		return fmt.Errorf("%w: a zip archive of more than %d bytes within another", ErrTooLarge, int64(MaxSpool))
	}
	use(file, size)
	return nil
}

// Tar yields the regular files of a tar archive. An error ends it.
func (b *Budget) Tar(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		in := &counter{r: r}
		archive := tar.NewReader(in)
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Entry{}, cutShort("tar", err))
				return
			}
			if header.Typeflag != tar.TypeReg {
				continue
			}
			// A sparse file has holes, which unpack from nothing.
			began := in.n
			entry := Entry{Name: cleanName(header.Name, true), Body: b.guard("tar", archive, func() int64 { return in.n - began })}
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// Gzip unpacks a file, of one piece or several.
func (b *Budget) Gzip(r io.Reader) (io.Reader, error) {
	in := &counter{r: r}
	out, err := gzip.NewReader(bufio.NewReader(in))
	if err != nil {
		return nil, cutShort("gzip", err)
	}
	return b.guard("gzip", out, func() int64 { return in.n }), nil
}

// Bzip2 unpacks a file.
func (b *Budget) Bzip2(r io.Reader) io.Reader {
	in := &counter{r: r}
	return b.guard("bzip2", bzip2.NewReader(bufio.NewReader(in)), func() int64 { return in.n })
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// cutShort names what ended too early.
func cutShort(format string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("the %s data %w", format, ErrTruncated)
	}
	return fmt.Errorf("%s: %w", format, err)
}
