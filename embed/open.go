package embed

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/archive"
	"github.com/akinserver/akin/embed/feed"
	"github.com/akinserver/akin/embed/kind"
	"github.com/akinserver/akin/embed/markup"
	"github.com/akinserver/akin/embed/page"
)

// maxDepth is how deep archives may lie in archives; each packing counts, so that a tar.gz is two.
const maxDepth = 6

// source is where something that is being read comes from.
type source struct {
	where   string // for people
	name    string // below the folder that was named: its ending tells its kind where its content does not, and it is the id of last resort
	packed  string // the name before unpacking took its ending off; the files within an archive stand below this one
	address string // where it was published
	charset string // declared by the server that sent it
	depth   int    // archives that it lies in
	budget  *archive.Budget
}

// in is the source of an entry of an archive.
func (s source) in(e archive.Entry) source {
	inner := s
	inner.where, inner.name, inner.packed = s.where+"!/"+e.Name, cmp.Or(s.packed, s.name)+"!/"+e.Name, ""
	if e.Web {
		inner.address = e.Name
	}
	inner.charset, inner.depth = e.Charset, s.depth+1
	return inner
}

// unpacked is the source of what a packed file holds: without the ending that says so.
func (s source) unpacked() source {
	s.packed = cmp.Or(s.packed, s.name)
	ending := path.Ext(s.name)
	switch strings.ToLower(ending) {
	case ".gz", ".bz2":
		s.name = strings.TrimSuffix(s.name, ending)
	case ".tgz", ".tbz2":
		s.name = strings.TrimSuffix(s.name, ending) + ".tar"
	}
	s.depth++
	return s
}

// hint is the name that may tell the kind of a file.
func (s source) hint() string {
	if s.address != "" {
		return "page.html" // WARC entries are those that a server called HTML or XML
	}
	return s.name
}

func (r *reader) file(files fs.FS, name string, src source) bool {
	f, err := files.Open(name)
	if err != nil {
		return r.fail(src.where, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return r.fail(src.where, err)
	}
	began := r.bytes
	src.budget = archive.NewBudget(func() int64 { return r.bytes - began })
	in := bufio.NewReaderSize(counter{f, &r.bytes}, 64<<10)
	head, err := in.Peek(kind.HeadSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return r.fail(src.where, err)
	}
	if random, ok := f.(io.ReaderAt); ok && kind.Of(head, src.hint()) == kind.Zip {
		src.budget = archive.NewBudget(func() int64 { return info.Size() })
		return r.entries(src, src.budget.Zip(counterAt{random, &r.bytes}, info.Size()))
	}
	return r.content(in, src)
}

// stdin reads the standard input: JSON Lines, unless it is something else that shows by its content.
func (r *reader) stdin(stdin io.Reader) bool {
	src := source{where: "stdin", name: "stdin", budget: archive.NewBudget(func() int64 { return r.bytes })}
	in := bufio.NewReaderSize(counter{stdin, &r.bytes}, 64<<10)
	head, _ := in.Peek(kind.HeadSize)
	if kind.Of(head, "") == kind.Page {
		return r.lines(src, in)
	}
	return r.content(in, src)
}

// content reads what a file holds, or an entry of an archive.
func (r *reader) content(in *bufio.Reader, src source) bool {
	head, _ := in.Peek(kind.HeadSize) // an error comes again where the rest is read
	is := kind.Of(head, src.hint())
	if is.Holds() && src.depth >= maxDepth {
		return r.fail(src.where, fmt.Errorf("an archive within %d others", src.depth))
	}
	switch is {
	case kind.Gzip:
		out, err := src.budget.Gzip(in)
		if err != nil {
			return r.fail(src.where, err)
		}
		return r.content(bufio.NewReader(out), src.unpacked())
	case kind.Bzip2:
		return r.content(bufio.NewReader(src.budget.Bzip2(in)), src.unpacked())
	case kind.Tar:
		return r.entries(src, src.budget.Tar(in))
	case kind.WARC:
		return r.entries(src, src.budget.WARC(in))
	case kind.Zip:
		return r.spooled(in, src)
	case kind.Foreign:
		err := fmt.Errorf("it is %s, which akin does not read", kind.Name(head))
		if src.depth > 0 {
			err = fmt.Errorf("%w: %w", ErrSkipped, err)
		}
		return r.fail(src.where, err)
	case kind.Lines:
		return r.lines(src, in)
	case kind.Feed:
		return r.feed(src, in)
	case kind.HTML:
		a, err := markup.Parse(in, markup.Options{URL: src.address, Charset: src.charset})
		return r.article(src, a, cmp.Or(a.URL, src.name), err)
	}
	a, err := page.Parse(in)
	return r.article(src, a, strings.TrimSuffix(src.name, path.Ext(src.name)), err)
}

// spooled reads a zip archive that comes as a stream.
func (r *reader) spooled(in io.Reader, src source) bool {
	goOn := true
	err := archive.Spool(in, func(zip io.ReaderAt, size int64) { goOn = r.entries(src, src.budget.Zip(zip, size)) })
	if err != nil && goOn {
		return r.fail(src.where, err)
	}
	return goOn
}

func (r *reader) entries(src source, entries iter.Seq2[archive.Entry, error]) bool {
	for entry, err := range entries {
		inner := src.in(entry)
		goOn := true
		switch {
		case err != nil && entry.Name == "":
			goOn = r.fail(src.where, err)
		case err != nil:
			goOn = r.fail(inner.where, err)
		case entry.Skipped != "":
			goOn = r.fail(inner.where, fmt.Errorf("%w: %s", ErrSkipped, entry.Skipped))
		case !entry.Web && !kind.Known(entry.Name):
			goOn = r.fail(inner.where, fmt.Errorf("%w: a file of another kind, by its name", ErrSkipped))
		default:
			goOn = r.content(bufio.NewReaderSize(entry.Body, 8<<10), inner)
		}
		if !goOn {
			return false
		}
	}
	return true
}

// article yields the only article of a file.
func (r *reader) article(src source, a akin.Article, id string, err error) bool {
	if err != nil {
		return r.fail(src.where, err)
	}
	a.ID = fit(id)
	a.Place()
	return r.yield(Item{Where: src.where, Article: a, Bytes: r.bytes})
}

func (r *reader) feed(src source, in io.Reader) bool {
	n := 0
	for a, err := range feed.Articles(in, feed.Options{Charset: src.charset}) {
		n++
		if err != nil {
			if !r.fail(src.where, err) {
				return false
			}
			continue
		}
		id := a.ID
		if id == "" {
			// A place in a feed is no name: the newest entry comes first.
			id = src.name + "#" + digest(cmp.Or(a.Title, a.Paragraphs[0].Text))[:16]
		}
		inner := src
		inner.where = fmt.Sprintf("%s:%d", src.where, n)
		if !r.article(inner, a, id, nil) {
			return false
		}
	}
	return true
}

func (r *reader) lines(src source, in io.Reader) bool {
	for line, err := range page.Lines(in) {
		item := Item{Where: fmt.Sprintf("%s:%d", src.where, line.Number), Article: line.Article, Err: err, Bytes: r.bytes}
		if err != nil {
			item.Where = src.where // the error begins with the number of the line
		}
		if !r.yield(item) {
			return false
		}
	}
	return true
}

// fit shortens an id that is too long for the store, so that it stays one of its own.
func fit(id string) string {
	if len(id) <= akin.MaxIDLength {
		return id
	}
	end := "~" + digest(id)[:16]
	return strings.ToValidUTF8(id[:akin.MaxIDLength-len(end)], "") + end
}

// counter counts what is read through it.
type counter struct {
	io.Reader
	bytes *int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.bytes += int64(n)
	return n, err
}

// counterAt is counter for what is read here and there.
type counterAt struct {
	io.ReaderAt
	bytes *int64
}

func (c counterAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	*c.bytes += int64(n)
	return n, err
}
