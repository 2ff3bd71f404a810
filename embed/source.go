package embed

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/kind"
	"github.com/akinserver/akin/store"
)

// Item is one article as it was read, or why there is none.
type Item struct {
	Where   string       // the file, or file:line
	Origin  store.Origin // of what was read below a folder that was named
	Article akin.Article
	Err     error // ErrSkipped, wrapped, when it is no mistake that there is none
	Bytes   int64 // of the input, up to here
}

// ErrSkipped marks what lies in a folder or an archive and holds no articles: a picture, a redirect.
var ErrSkipped = errors.New("holds no articles")

// Stdin stands for the standard input among the paths of Read.
const Stdin = "-"

// Read yields the articles of files, of folders with all that lies below them in the order of names, and of the standard input. What a file holds is told by its
// content (see kind.Of): pages, JSON Lines, HTML, feeds, and archives of any of these. What cannot be read is yielded as an error, and reading goes on.
//
// The id of an article is what names it for good: its own, in JSON Lines and feeds; the address that an HTML page gives as its canonical one, or that it was
// published at, in a WARC file; else the path of its file below the folder that was named, or its name when it was named itself. A page of text loses
// the ending of its path: news/0001.txt is news/0001. What lies within an archive has the path of both: news.zip!/2014/0001. Packing a file alone does not change
// its id: 0001.txt.gz is 0001, too. An id too long for the store ends in a digest of the whole.
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
			if err != nil || entry.IsDir() || (name != p && !kind.Known(name)) {
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
		return r.stdin(stdin)
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
	return r.file(os.DirFS(cmp.Or(folder, ".")), name, source{where: root, name: name})
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
		case !kind.Known(name):
			goOn = r.fail(where, fmt.Errorf("%w: a file of another kind, by its name", ErrSkipped))
		case endless(files, name):
			goOn = r.fail(where, fmt.Errorf("%w: a pipe, a socket or a device", ErrSkipped))
		default:
			goOn = r.file(files, name, source{where: where, name: below})
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

// endless reports whether a file would be waited for: nobody may ever write into a pipe that lies in a folder. One that is named is read.
func endless(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0
}

func (r *reader) fail(where string, err error) bool {
	// The path is in where, and need not be said twice.
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return r.yield(Item{Where: where, Err: err, Bytes: r.bytes})
}
