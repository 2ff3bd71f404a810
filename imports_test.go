package akin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/akinserver/akin"

// arrows is the map of the module: each package, and which others of ours it imports. Packages stand in the order of an article's way, so that
// every arrow points to a line above. A new arrow is a line changed here.
var arrows = []struct {
	pkg     string
	imports string
}{
	{".", ""},
	{"proto/akin/v1", ""},
	{"testdata", "."},
	{"filelock", ""},
	{"crew", ""},
	{"config", ""},
	{"embed/language", ""},
	{"embed/name", ""},
	{"embed/han", ""},
	{"embed/family", "embed/han embed/name"},
	{"embed/charset", ""},
	{"embed/page", ". embed/charset embed/language embed/name"},
	{"embed/kind", "embed/charset embed/page"},
	{"embed/archive", "embed/charset"},
	{"embed/markup", ". embed/charset embed/name embed/page"},
	{"embed/feed", ". embed/charset embed/markup embed/name embed/page"},
	{"embed/statement", ". embed/name"},
	{"embed/encoder/openai", "."},
	{"embed/encoder/cache", ". filelock"},
	{"embed/encoder/probe", "."},
	{"embed/encoder/folder", ""},
	{"embed/encoder/safetensors", "embed/encoder/folder"},
	{"embed/encoder/wordpiece", "embed/encoder/folder"},
	{"embed/encoder/bert/kernel", ""},
	{"embed/encoder/bert", ". embed/encoder/bert/kernel embed/encoder/folder embed/encoder/safetensors embed/encoder/wordpiece"},
	{"embed/encoder/static", ". embed/encoder/safetensors embed/encoder/wordpiece"},
	{"embed/encoder", ". embed/encoder/bert embed/encoder/openai embed/encoder/static embed/han"},
	{"store/local/ctxsort", ""},
	{"store/local/kernel", ""},
	{"store/local/code", "crew store/local/ctxsort store/local/kernel"},
	{"store/local/journal", "filelock"},
	{"store/local/posting", ""},
	{"store/local/tokenizer", ""},
	{"store/local", "crew store/local/code store/local/ctxsort store/local/journal store/local/kernel store/local/posting store/local/tokenizer"},
	{"store", "."},
	{"store/storetest", "store store/local"},
	{"embed", ". embed/archive embed/encoder embed/family embed/feed embed/kind embed/markup embed/page embed/statement store"},
	{"server/query", ". crew embed/encoder embed/family embed/language store"},
	{"server/query/measure", ""},
	{"server/query/compare", ". server/query server/query/measure"},
	{"server/generation", ". embed server/query server/query/compare store"},
	{"server/eval", ". embed embed/page server/query server/query/measure"},
	{"server/wire", ". proto/akin/v1"},
	{"server/observe", ". proto/akin/v1 server/query store/local"},
	{"server/load", "proto/akin/v1"},
	{"server/access", ". filelock"},
	{"server/access/tlstest", ""},
	{"server/limit", ""},
	{"server", ". embed proto/akin/v1 server/access server/generation server/limit server/observe server/query server/query/compare server/wire store"},
	{"server/gateway/recorded", ""},
	{"server/gateway/widget", "proto/akin/v1 server/gateway/recorded server/observe"},
	{"server/gateway", "proto/akin/v1 server/gateway/recorded server/observe server/wire"},
	{"cmd/akin", ". config embed embed/encoder embed/encoder/bert embed/encoder/cache embed/encoder/openai embed/encoder/probe embed/page embed/statement proto/akin/v1 server server/access server/eval server/gateway server/gateway/widget server/generation server/limit server/load server/observe server/query server/wire store store/local testdata"},
}

// TestImports holds the direction of imports, and that each package says its job in a sentence of its own.
func TestImports(t *testing.T) {
	rank := map[string]int{}
	for i, a := range arrows {
		rank[a.pkg] = i
	}
	seen := map[string]bool{}
	for _, pkg := range packages(t) {
		seen[pkg.dir] = true
		at, ok := rank[pkg.dir]
		if !ok {
			t.Errorf("package %s is not on the map", pkg.dir)
			continue
		}
		allowed := strings.Fields(arrows[at].imports)
		for _, imported := range pkg.imports {
			if !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s, which the map does not show", pkg.dir, imported)
			}
			if rank[imported] >= at {
				t.Errorf("%s imports %s, which stands further along the way", pkg.dir, imported)
			}
		}
		for _, shown := range allowed {
			if !slices.Contains(pkg.imports, shown) {
				t.Errorf("the map shows that %s imports %s, and it does not", pkg.dir, shown)
			}
		}
		if pkg.docs != 1 && pkg.dir != "proto/akin/v1" {
			t.Errorf("%s: %d files say what the package does, want one", pkg.dir, pkg.docs)
		}
	}
	for _, a := range arrows {
		if !seen[a.pkg] {
			t.Errorf("package %s is on the map, and does not exist", a.pkg)
		}
	}
}

type pkg struct {
	dir     string
	imports []string // of ours, without tests
	docs    int      // files with a package comment
}

func packages(t *testing.T) []pkg {
	t.Helper()
	found := map[string]*pkg{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && name != "." || entry.Name() == "tools") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(name))
		if found[dir] == nil {
			found[dir] = &pkg{dir: dir}
		}
		found[dir].read(file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []pkg
	for _, p := range found {
		list = append(list, *p)
	}
	return list
}

func (p *pkg) read(file *ast.File) {
	if file.Doc != nil && !ast.IsGenerated(file) {
		p.docs++
	}
	for _, i := range file.Imports {
		below, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module)
		if !ours {
			continue
		}
		imported := strings.TrimPrefix(below, "/")
		if imported == "" {
			imported = "."
		}
		if !slices.Contains(p.imports, imported) {
			p.imports = append(p.imports, imported)
		}
	}
}
