package eval_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin/server/eval"
)

// file writes a file of the test's own.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadDocuments(t *testing.T) {
	const text = "\ufeff" + `{"id":"a","title":"Ferry","text":"  The ferry stops.\nIt is old.","section":"harbour"}

{"id":7,"title":"A title alone","text":""}
{"_id":"c","headline":"Another"}
`
	documents, err := eval.ReadDocuments(file(t, "docs.jsonl", text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range documents {
		line := d.ID + "|" + d.Title
		for _, p := range d.Paragraphs {
			line += "|" + p.Text
		}
		got = append(got, line)
	}
	want := []string{"a|Ferry|The ferry stops.|It is old.", "7|A title alone|A title alone", "c|Another|Another"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := eval.ReadDocuments(file(t, "docs.jsonl.gz", zipped.String()))
	if err != nil || cmp.Diff(documents, again) != "" {
		t.Errorf("gzipped: %v\n%s", err, cmp.Diff(documents, again))
	}
}

// TestBadLines: a line that cannot be read is named, with what is wrong.
func TestBadLines(t *testing.T) {
	documents := func(name string) error { _, err := eval.ReadDocuments(name); return err }
	qrels := func(name string) error { _, err := eval.ReadQrels(name); return err }
	pairs := func(name string) error { _, err := eval.ReadPairs(name); return err }
	run := func(name string) error { _, err := eval.ReadRun(name); return err }
	for _, c := range []struct {
		name string
		read func(string) error
		text string
		want string
	}{
		{"not JSON", documents, "{\"id\":\"a\",\"text\":\"x\"}\n\noops\n", ":3: not JSON"},
		{"neither body nor title", documents, `{"id":"a","text":" "}`, ":1: paragraphs: the article has no body"},
		{"no id", documents, `{"text":"x"}`, ":1: id: is empty"},
		{"an id twice", documents, "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"a\",\"text\":\"y\"}", `:2: id "a" stands in line 1, too`},
		{"nothing", documents, "\n", "no document"},
		{"half a gzip", documents, "\x1f\x8b\x08", "EOF"},
		{"three columns", qrels, "q 0 d 1\nq 0 d\n", ":2: 3 fields, want 4"},
		{"a word for a grade", qrels, "q\t0\td\thigh\n", `:1: "high" is not a grade`},
		{"not a number for a grade", qrels, "q 0 d NaN\n", `:1: "NaN" is not a grade`},
		{"two grades", qrels, "q 0 d 1\nq 0 d 2\n", `:2: document "d" has grade 2 for query "q", and had 1 before`},
		{"no judgement", qrels, "", "no judgement"},
		{"four columns", pairs, "a b 1 x\n", ":1: 4 fields, want 3"},
		{"an infinite grade", pairs, "a\tb\t+Inf\n", `:1: "+Inf" is not a grade`},
		{"no pair", pairs, " \n", "no judgement"},
		{"five columns", run, "q Q0 d 1 0.5\n", ":1: 5 fields, want 6"},
		{"an answer twice", run, "q Q0 d 1 2 tag\nq Q0 d 2 1 tag\n", `:2: document "d" answers query "q" twice`},
		{"a word for a score", run, "q Q0 d 1 high tag\n", `:1: "high" is not a score`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.read(file(t, "in", c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q: got error %v, want one with %q", c.text, err, c.want)
			}
		})
	}
}

// TestBlanksInIDs: columns that are parted by tabs may hold blanks.
func TestBlanksInIDs(t *testing.T) {
	pairs, err := eval.ReadPairs(file(t, "pairs", "the first\tthe second\t0.5\nc  d 2\n"))
	want := []eval.Pair{{Left: "the first", Right: "the second", Grade: 0.5}, {Left: "c", Right: "d", Grade: 2}}
	if diff := cmp.Diff(want, pairs); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"q 0 d 1\n", "a\tb\t2.5\n", "q Q0 d 1 0.5 tag\n", `{"id":"a","title":"t","text":""}`, `{"id":1,"paragraphs":[""],"headline":"x"}`, "\x1f\x8b\x08\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		name := file(t, "in", string(text))
		if documents, err := eval.ReadDocuments(name); err == nil {
			for i := range documents {
				if err := documents[i].Validate(); err != nil {
					t.Errorf("document %d is not valid: %v", i, err)
				}
			}
		}
		if qrels, err := eval.ReadQrels(name); err == nil && len(qrels.Queries) != len(qrels.Grades) {
			t.Errorf("%d queries in order, and %d with grades", len(qrels.Queries), len(qrels.Grades))
		}
		if pairs, err := eval.ReadPairs(name); (err == nil) != (len(pairs) > 0) {
			t.Errorf("%d pairs with error %v", len(pairs), err)
		}
		if run, err := eval.ReadRun(name); err == nil {
			for query, answers := range run {
				for i := 1; i < len(answers); i++ {
					if answers[i].Score > answers[i-1].Score {
						t.Errorf("query %q: answer %d is better than the one before it", query, i)
					}
				}
			}
		}
	})
}
