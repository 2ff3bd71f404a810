package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
)

// maxHead bounds the header of a record, and of the HTTP message in it, in bytes.
const maxHead = 64 << 10

// WARC yields the pages and feeds among the records of a WARC file (ISO 28500), unpacked. Records that are no answers of a
// server are left out; answers that hold no article are yielded as skipped. What cannot be read of a record is an error with
// its URI, and the records after it follow; what stands between records is one error, and the next record is looked for.
func (b *Budget) WARC(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := warc{in: bufio.NewReader(r), budget: b}
		for {
			header, err := w.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				if !yield(Entry{}, fmt.Errorf("warc: %w", err)) || !errors.Is(err, errRecord) {
					return
				}
				continue
			}
			goOn, err := w.record(header, yield)
			if err != nil {
				yield(Entry{Name: uriOf(header), Web: true}, fmt.Errorf("warc: %w", err))
			}
			if !goOn || err != nil {
				return
			}
		}
	}
}

// errRecord is wrapped by what is wrong with one record alone.
var errRecord = errors.New("bad record")

type warc struct {
	in     *bufio.Reader
	budget *Budget
	begun  bool // the line that opens the next record has been read
}

// next goes to the next record and returns its header.
func (w *warc) next() (textproto.MIMEHeader, error) {
	if w.begun {
		w.begun = false
		return readHead(w.in)
	}
	strange := false // something stands before the record
	for {
		line, err := w.in.ReadSlice('\n')
		blank := len(bytes.TrimSpace(line)) == 0
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && (strange || !blank) {
				return nil, fmt.Errorf("the file %w, or ends with what is no record", ErrTruncated)
			}
			return nil, err
		}
		begins := bytes.HasPrefix(line, []byte("WARC/"))
		switch {
		case begins && strange:
			w.begun = true
			return nil, fmt.Errorf("%w: bytes that belong to none", errRecord)
		case begins:
			return readHead(w.in)
		}
		strange = strange || !blank
	}
}

// readHead reads lines of the form "name: value" up to an empty one.
func readHead(in *bufio.Reader) (textproto.MIMEHeader, error) {
	header, left := textproto.MIMEHeader{}, maxHead
	for {
		line, err := readLine(in, &left)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("a header %w", ErrTruncated)
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return header, nil
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

// readLine reads a line of a header, of which left bytes may still come. A line may be longer than a reader's buffer: cookies are.
func readLine(in *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch *left -= len(part); {
		case *left < 0:
			return "", fmt.Errorf("%w: a header of more than %d bytes", errRecord, maxHead)
		case err == nil:
			return strings.TrimRight(string(line), "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

func uriOf(header textproto.MIMEHeader) string {
	return strings.Trim(header.Get("WARC-Target-URI"), "<>")
}

// record yields what a record holds, and reads it to its end. Only an error of the file itself is returned.
func (w *warc) record(header textproto.MIMEHeader, yield func(Entry, error) bool) (goOn bool, err error) {
	size, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	entry := Entry{Name: uriOf(header), Web: true}
	if err != nil || size < 0 {
		return yield(entry, fmt.Errorf("warc: %w: Content-Length is %q", errRecord, header.Get("Content-Length"))), nil
	}
	block := &block{in: w.in, left: size}
	goOn = true
	switch kind := header.Get("WARC-Type"); {
	case kind == "revisit":
		entry.Skipped = "a revisit: the page was the same as before"
		goOn = yield(entry, nil)
	case kind == "resource" || kind == "response" && !strings.HasPrefix(header.Get("Content-Type"), "application/http"):
		goOn = w.payload(entry, header, block, yield)
	case kind == "response":
		goOn = w.response(entry, block, yield)
	}
	if !goOn || block.failed { // whoever read the page knows why
		return false, nil
	}
	_, err = io.Copy(io.Discard, block)
	return err == nil, err
}

// block reads so many bytes, and fails where there are fewer: half a page is none.
type block struct {
	in     io.Reader
	left   int64
	failed bool
}

func (b *block) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && b.left == 0:
		err = nil
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("the record %w: %d bytes are missing", ErrTruncated, b.left)
	}
	b.failed = err != nil
	return n, err
}

// response reads an answer of a server.
func (w *warc) response(entry Entry, block io.Reader, yield func(Entry, error) bool) bool {
	in := bufio.NewReader(block)
	line, err := in.ReadSlice('\n')
	fields := bytes.Fields(line)
	if err != nil || len(fields) < 2 || !bytes.HasPrefix(fields[0], []byte("HTTP/")) {
		return yield(entry, fmt.Errorf("warc: %w: no HTTP answer", errRecord))
	}
	if status := string(fields[1]); status != "200" {
		entry.Skipped = "an answer with status " + strconv.QuoteToASCII(status)
		return yield(entry, nil)
	}
	header, err := readHead(in)
	if err != nil {
		return yield(entry, fmt.Errorf("warc: HTTP: %w", err))
	}
	return w.payload(entry, header, in, yield)
}

// payload unpacks a page that came with an HTTP header. Crawlers often store it unpacked with the header as it was, so that only
// what the bytes confirm is undone.
func (w *warc) payload(entry Entry, header textproto.MIMEHeader, block io.Reader, yield func(Entry, error) bool) bool {
	media, params, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if media != "" && !isText(media) {
		entry.Skipped = "a record of type " + strconv.QuoteToASCII(media)
		return yield(entry, nil)
	}
	entry.Charset = params["charset"]
	in := bufio.NewReader(block)
	if strings.EqualFold(header.Get("Transfer-Encoding"), "chunked") && beginsChunk(in) {
		in = bufio.NewReader(httputil.NewChunkedReader(in))
	}
	coding := strings.ToLower(header.Get("Content-Encoding"))
	head, _ := in.Peek(2)
	switch {
	case bytes.Equal(head, []byte("\x1f\x8b")):
		out, err := w.budget.Gzip(in)
		if err != nil {
			return yield(entry, err)
		}
		entry.Body = out
	case coding == "br" || coding == "zstd" || coding == "deflate" || coding == "compress":
		return yield(entry, fmt.Errorf("warc: the page is packed as %q, which akin does not unpack", coding))
	default:
		entry.Body = in
	}
	return yield(entry, nil)
}

func isText(media string) bool {
	switch media {
	case "text/html", "application/xhtml+xml", "text/xml", "application/xml", "application/rss+xml", "application/atom+xml", "application/rdf+xml":
		return true
	}
	return false
}

// beginsChunk reports whether a line with a hexadecimal number is next.
func beginsChunk(in *bufio.Reader) bool {
	head, _ := in.Peek(18)
	line, _, ok := bytes.Cut(head, []byte("\n"))
	size, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
	_, err := strconv.ParseUint(size, 16, 64)
	return ok && err == nil
}
