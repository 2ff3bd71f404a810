package embed

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/store"
)

// Item is one article as it was read, or why there is none.
type Item struct {
	Where   string       // the file, or file:line
	Origin  store.Origin // of what was read below a folder that was named
	Article akin.Article
	Err     error // ErrSkipped when nobody asked for this file to be read
	Bytes   int64 // of the input, up to here
}

// ErrSkipped marks a file of a folder whose name says that it holds no articles.
var ErrSkipped = errors.New("not a .txt, .jsonl, .ndjson or .json file")

// endings of the files that are read when a folder is named. A file that is named itself is read whatever it is called.
var endings = []string{".txt", ".jsonl", ".ndjson", ".json"}

// Stdin stands for the standard input among the paths of Read.
const Stdin = "-"

// Read yields the articles of files, of folders with all that lies below them in the order of names, and of JSON Lines on stdin. What a file holds,
// pages or JSON Lines, is told by its content. A page's id is its path below the folder that was named, or its name when it
// was named itself, without the ending. What cannot be read is yielded as an error, and reading goes on.
func Read(paths []string, stdin io.Reader) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		r := newReader(yield)
		for _, p := range paths {
			if !r.path(p, stdin) {
				return
			}
		}
	}
}

// ReadFS is Read for a folder of a file system.
func ReadFS(files fs.FS, folder string) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		r := reader{yield: yield}
		r.folder(files, folder, "")
	}
}

// Size is the number of bytes that Read will read of files and folders; ok is false when that cannot be told.
func Size(paths []string) (bytes int64, ok bool) {
	for _, p := range paths {
		if p == Stdin {
			return 0, false
		}
		err := filepath.WalkDir(p, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || (name != p && !readable(name)) {
				return nil // Read says what cannot be read
			}
			if info, err := os.Stat(name); err == nil {
				bytes += info.Size()
			}
			return nil
		})
		if err != nil {
			return 0, false
		}
	}
	return bytes, true
}

func readable(name string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name))) && !strings.HasPrefix(filepath.Base(name), ".")
}

type reader struct {
	yield  func(Item) bool
	origin store.Origin    // of what is being read
	only   map[string]bool // files of folders to read; nil for all
	bytes  int64
}

// newReader hands items on with their origins.
func newReader(yield func(Item) bool) *reader {
	r := &reader{}
	r.yield = func(item Item) bool {
		if utf8.ValidString(r.origin.Folder + r.origin.File) { // a store holds no other names
			item.Origin = r.origin
		}
		return yield(item)
	}
	return r
}

// path reports, as all of reader's methods do, whether to go on.
func (r *reader) path(root string, stdin io.Reader) bool {
	r.origin = store.Origin{}
	if root == Stdin {
		return r.lines("stdin", stdin)
	}
	info, err := os.Stat(root)
	if err != nil {
		return r.fail(root, err)
	}
	if info.IsDir() {
		if r.origin.Folder, err = filepath.Abs(root); err != nil {
			return r.fail(root, err)
		}
		return r.folder(os.DirFS(root), ".", root)
	}
	folder, name := filepath.Split(root)
	return r.file(os.DirFS(cmp.Or(folder, ".")), name, root, idOf(name))
}

// folder reads what lies below a folder, whose name for people is shown.
func (r *reader) folder(files fs.FS, folder, shown string) bool {
	goOn := true
	err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
		below, where := strings.TrimPrefix(name, folder+"/"), filepath.Join(shown, filepath.FromSlash(name))
		r.origin.File = below
		switch {
		case err != nil:
			goOn = r.fail(where, err)
		case entry.IsDir(), r.only != nil && !r.only[below]:
			return nil
		case !readable(name):
			goOn = r.fail(where, ErrSkipped)
		default:
			goOn = r.file(files, name, where, idOf(below))
		}
		if !goOn {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return r.fail(shown, err)
	}
	return goOn
}

func idOf(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

func (r *reader) fail(where string, err error) bool {
	// The path is in where, and need not be said twice.
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return r.yield(Item{Where: where, Err: err, Bytes: r.bytes})
}

func (r *reader) file(files fs.FS, name, where, id string) bool {
	f, err := files.Open(name)
	if err != nil {
		return r.fail(where, err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(counter{f, &r.bytes}, 64<<10)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return r.fail(where, err)
	}
	if page.IsJSON(head) {
		return r.lines(where, in)
	}
	article, err := page.Parse(in)
	if err != nil {
		return r.fail(where, err)
	}
	article.ID = id
	article.Place()
	return r.yield(Item{Where: where, Article: article, Bytes: r.bytes})
}

func (r *reader) lines(name string, in io.Reader) bool {
	for line, err := range page.Lines(in) {
		item := Item{Where: fmt.Sprintf("%s:%d", name, line.Number), Article: line.Article, Err: err, Bytes: r.bytes}
		if err != nil {
			item.Where = name // the error begins with the number of the line
		}
		if !r.yield(item) {
			return false
		}
	}
	return true
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
