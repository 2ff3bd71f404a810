package embed_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/store"
)

const otherLine = `{"id":"j2","title":"Ferry","paragraphs":[{"text":"The ferry is old."}]}`

// ids of all articles that are stored, in order.
func ids(t *testing.T, st *store.Store) string {
	t.Helper()
	list, _, err := st.List(t.Context(), "default", akin.Filter{}, 100, "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range list {
		out = append(out, a.ID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestPrune(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string
		err    error
	}{
		{"nothing is gone", func(*testing.T, string) {}, "a j1 j2 sub/b", nil},
		{"a file is gone", func(t *testing.T, dir string) { remove(t, dir, "a.txt") }, "j1 j2 sub/b", nil},
		{"a folder within is gone", func(t *testing.T, dir string) { remove(t, dir, "sub") }, "a j1 j2", nil},
		{"a file stands where a folder was", func(t *testing.T, dir string) { remove(t, dir, "sub"); write(t, dir, "sub", "x") }, "a j1 j2", nil},
		{"a file of lines is gone", func(t *testing.T, dir string) { remove(t, dir, "lines.jsonl") }, "a sub/b", nil},
		{"a line is gone", func(t *testing.T, dir string) { write(t, dir, "lines.jsonl", goodLine) }, "a j1 sub/b", nil},
		{"a line moves to another file", func(t *testing.T, dir string) {
			write(t, dir, "lines.jsonl", goodLine)
			write(t, dir, "more.jsonl", otherLine)
		}, "a j1 j2 sub/b", nil},
		{"a line is gone and another cannot be read", func(t *testing.T, dir string) { write(t, dir, "lines.jsonl", goodLine+"\n{") }, "a j1 j2 sub/b", nil},
		{"a page becomes unreadable", func(t *testing.T, dir string) { write(t, dir, "a.txt", "") }, "a j1 j2 sub/b", nil},
		{"an article becomes one that is refused", func(t *testing.T, dir string) {
			write(t, dir, "lines.jsonl", goodLine+"\n"+strings.Replace(otherLine, `{"id"`, `{"publishedDate":"2020-02-31","id"`, 1))
		}, "a j1 j2 sub/b", nil},
		{"a page is hidden by its name", func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, "a.txt"), filepath.Join(dir, "a.txt.old")); err != nil {
				t.Fatal(err)
			}
		}, "j1 j2 sub/b", nil},
		{"everything is gone", func(t *testing.T, dir string) { remove(t, dir, ".") }, "a j1 j2 sub/b", embed.ErrNothingRead},
		{"everything is unreadable", func(t *testing.T, dir string) {
			remove(t, dir, "sub")
			remove(t, dir, "lines.jsonl")
			write(t, dir, "a.txt", "")
		}, "a j1 j2 sub/b", embed.ErrNothingRead},
	} {
		t.Run(c.name, func(t *testing.T) {
			stage, st, _ := open(t)
			dir := filepath.Join(t.TempDir(), "news")
			write(t, dir, "a.txt", goodPage)
			write(t, dir, "sub/b.txt", goodPage)
			write(t, dir, "lines.jsonl", goodLine+"\n"+otherLine)
			put(t, stage, article("elsewhere", "一段。"))
			run := func() (embed.Summary, error) {
				return stage.Ingest(t.Context(), embed.Read([]string{dir}, nil), embed.IngestOptions{Batch: 2, Prune: []embed.Scope{{Folder: dir}}})
			}
			if _, err := run(); err != nil {
				t.Fatal(err)
			}
			c.change(t, dir)
			sum, err := run()
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			got := strings.Join(strings.Fields(strings.Replace(" "+ids(t, st)+" ", " elsewhere ", " ", 1)), " ")
			if got != c.want || len(strings.Fields(got)) == len(strings.Fields(ids(t, st))) {
				t.Errorf("got %s (%+v)\nwant %s, and elsewhere", ids(t, st), sum, c.want)
			}
		})
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// TestPruneLeavesOtherFolders removes nothing that another folder or another corpus holds.
func TestPruneLeavesOtherFolders(t *testing.T) {
	stage, st, _ := open(t)
	dir := t.TempDir()
	write(t, dir, "one/a.txt", goodPage)
	write(t, dir, "two/b.txt", goodPage)
	write(t, dir, "two/c.txt", goodPage)
	ingest := func(corpus, folder string, prune ...embed.Scope) {
		t.Helper()
		if _, err := stage.Ingest(t.Context(), embed.Read([]string{filepath.Join(dir, folder)}, nil), embed.IngestOptions{Corpus: corpus, Prune: prune}); err != nil {
			t.Fatal(err)
		}
	}
	ingest("default", "one")
	ingest("default", "two")
	ingest("another", "two")
	remove(t, dir, "one/a.txt")
	remove(t, dir, "two/c.txt")
	ingest("default", "two", embed.Scope{Folder: filepath.Join(dir, "two")})
	if got, want := ids(t, st), "a b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n, err := st.CountArticles(t.Context(), "another", akin.Filter{}); err != nil || n != 2 {
		t.Errorf("the other corpus holds %d (%v), want 2", n, err)
	}
}

// TestPlanIsWhatIngestDoes holds what a dry run promises against the run.
func TestPlanIsWhatIngestDoes(t *testing.T) {
	stage, _, embedder := open(t)
	dir := t.TempDir()
	write(t, dir, "a.txt", goodPage)
	write(t, dir, "b.txt", strings.Replace(goodPage, "三年", "五年", 1))
	write(t, dir, "lines.jsonl", goodLine+"\n"+otherLine)
	options := embed.IngestOptions{Prune: []embed.Scope{{Folder: dir}}}
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"into an empty store", func() {}},
		{"once more", func() {}},
		{"after an edit, a deletion and an addition", func() {
			write(t, dir, "a.txt", strings.Replace(goodPage, "照常供水", "停止供水", 1))
			write(t, dir, "c.txt", strings.Replace(goodPage, "三年", "九年", 1))
			remove(t, dir, "lines.jsonl")
			write(t, dir, "d.txt", "")
		}},
	} {
		step.change()
		embedder.texts = nil
		plan, err := stage.Plan(t.Context(), embed.Read([]string{dir}, nil), options, nil)
		if err != nil || len(embedder.texts) > 0 {
			t.Fatalf("%s: %v, with %d texts embedded by the plan", step.name, err, len(embedder.texts))
		}
		sum, err := stage.Ingest(t.Context(), embed.Read([]string{dir}, nil), options)
		if err != nil {
			t.Fatal(err)
		}
		got := [...]int{plan.New + plan.Changed, plan.Unchanged, plan.Refused, plan.Removed, plan.Texts}
		if want := [...]int{sum.Written, sum.Unchanged, sum.Refused, sum.Removed, len(embedder.texts)}; got != want {
			t.Errorf("%s: planned %v, done %v (written, unchanged, refused, removed, texts)", step.name, got, want)
		}
	}
}
