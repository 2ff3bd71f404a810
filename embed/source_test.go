package embed_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/akinserver/akin/embed"
)

const (
	goodPage = "题目\n发布时间：2014-05-20\n\n\n临河市政府说，工程下月开工，三年完成。\n\n水库照常供水。\n"
	goodLine = `{"id":"j1","title":"Dam","paragraphs":[{"text":"The dam is safe."}]}`
)

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadNamesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	files := []struct{ name, content, want string }{
		{"a/good.txt", goodPage, "a/good"},
		{"b-empty.txt", " \n\n", "nothing but white space"},
		{"c-binary.txt", "\x7fELF\x00\x01\x02", "not a text"},
		{"d-title.txt", "题目\n发布时间：2014-05-20\n", "no body"},
		{"e-date.txt", strings.Replace(goodPage, "05-20", "02-30", 1), "2014-02-30"},
		{"f-long.txt", strings.Repeat("x", 50<<20), "too large"},
		{"g-bytes.txt", "abc \xff\xfe\xfd def\n", "UTF-8"},
		{"h.jsonl", goodLine + "\n" + `{"id":"j2","paragraphs":[{"text":5}]}` + "\n\n" + strings.Replace(goodLine, "j1", "j3", 1), "j1|line 2: paragraphs[0].text|j3"},
		{"i-long.jsonl", `{"id":"` + strings.Repeat("x", 50<<20) + `"}` + "\n" + strings.Replace(goodLine, "j1", "j4", 1), "line 1|j4"},
		{"j.article", "a golden", embed.ErrSkipped.Error()},
		{".hidden.txt", goodPage, embed.ErrSkipped.Error()},
	}
	want := map[string]string{}
	for _, f := range files {
		write(t, dir, f.name, f.content)
		want[filepath.Join(dir, f.name)] = f.want
	}
	got := map[string][]string{}
	for item := range embed.Read([]string{dir, filepath.Join(dir, "missing.txt")}, nil) {
		file, _, _ := strings.Cut(strings.TrimPrefix(item.Where, dir), ":")
		file = dir + file
		if item.Err != nil {
			got[file] = append(got[file], item.Err.Error())
		} else {
			got[file] = append(got[file], item.Article.ID)
		}
	}
	if text := strings.Join(got[filepath.Join(dir, "missing.txt")], ""); !strings.Contains(text, "no such file") {
		t.Errorf("missing.txt: got %q, want that there is no such file", text)
	}
	for file, texts := range want {
		parts := strings.Split(texts, "|")
		if len(got[file]) != len(parts) {
			t.Errorf("%s: got %q, want %q", file, got[file], parts)
			continue
		}
		for i, part := range parts {
			if !strings.Contains(got[file][i], part) {
				t.Errorf("%s: got %q, want %q", file, got[file][i], part)
			}
		}
	}
}

func TestReadOneFileWhateverItIsCalled(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "page.of.1914", goodPage)
	for item := range embed.Read([]string{filepath.Join(dir, "page.of.1914")}, nil) {
		if item.Err != nil || item.Article.ID != "page.of" {
			t.Errorf("got %q, %v; want the id page.of", item.Article.ID, item.Err)
		}
	}
}

func TestReadStdin(t *testing.T) {
	n := 0
	for item := range embed.Read([]string{embed.Stdin}, strings.NewReader(goodLine)) {
		n++
		if item.Err != nil || item.Where != "stdin:1" || item.Article.ID != "j1" {
			t.Errorf("got %+v", item)
		}
	}
	if n != 1 {
		t.Errorf("got %d items, want 1", n)
	}
}

func TestIngestTwiceWritesOnce(t *testing.T) {
	stage, _, _ := open(t)
	dir := t.TempDir()
	write(t, dir, "one.txt", goodPage)
	write(t, dir, "sub/one.txt", strings.Replace(goodPage, "三年", "两年", 1))
	write(t, dir, "two.jsonl", goodLine+"\n"+goodLine+"\n")
	write(t, dir, "empty.txt", "")
	var refused []string
	ingest := func() embed.Summary {
		t.Helper()
		refused = nil
		sum, err := stage.Ingest(t.Context(), embed.Read([]string{dir}, nil), embed.IngestOptions{
			Report: func(item embed.Item, result embed.Result, _ embed.Summary) {
				if result.Outcome == embed.Refused {
					refused = append(refused, item.Where+": "+result.Err.Error())
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if sum := ingest(); sum.Written != 3 || sum.Unchanged != 0 || sum.Refused != 2 {
		t.Errorf("first: %+v, want 3 written and 2 refused: %q", sum, refused)
	}
	if text := strings.Join(refused, "\n"); !strings.Contains(text, `two.jsonl:2: id: "j1" was read before, from `+filepath.Join(dir, "two.jsonl")+":1") {
		t.Errorf("refused %s, want the second j1 with the place of the first", text)
	}
	if sum := ingest(); sum.Written != 0 || sum.Unchanged != 3 {
		t.Errorf("second: %+v, want all unchanged", sum)
	}
	write(t, dir, "one.txt", strings.Replace(goodPage, "照常供水", "停止供水", 1))
	if sum := ingest(); sum.Written != 1 || sum.Unchanged != 2 {
		t.Errorf("after an edit: %+v, want 1 written", sum)
	}
}

func TestSizeCountsWhatIsRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "one.txt", goodPage)
	write(t, dir, "two.article", "not read")
	if n, ok := embed.Size([]string{dir}); !ok || n != int64(len(goodPage)) {
		t.Errorf("got %d, %v; want %d", n, ok, len(goodPage))
	}
	if _, ok := embed.Size([]string{dir, embed.Stdin}); ok {
		t.Error("the size of stdin is known")
	}
}

func TestErrSkippedIsNoRefusal(t *testing.T) {
	stage, _, _ := open(t)
	dir := t.TempDir()
	write(t, dir, "notes.md", "x")
	sum, err := stage.Ingest(t.Context(), embed.Read([]string{dir}, nil), embed.IngestOptions{
		Report: func(_ embed.Item, result embed.Result, _ embed.Summary) {
			if !errors.Is(result.Err, embed.ErrSkipped) {
				t.Errorf("got %v", result.Err)
			}
		},
	})
	if err != nil || sum.Skipped != 1 || sum.Refused != 0 {
		t.Errorf("%+v (%v), want 1 skipped", sum, err)
	}
}
