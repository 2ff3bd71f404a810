package query_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const rankFolder = "../../testdata/rank"

// sample opens a store with the sample corpus in it, and an engine over it.
func sample(t testing.TB) (*query.Engine, *store.Store) {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	sum, err := embed.New(st, embedder).Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Refused > 0 || sum.Written < 40 {
		t.Fatalf("ingest of the sample corpus: %+v, want at least 40 written and none refused", sum)
	}
	return query.New(st, embedder, query.Options{}), st
}

// rows of all tables of a name, one a language.
func rows(t *testing.T, name string) [][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(rankFolder, name+".*.tsv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables %s: %v", name, err)
	}
	var all [][]string
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		in := csv.NewReader(f)
		in.Comma, in.LazyQuotes = '\t', true
		table, err := in.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, table[1:]...)
	}
	return all
}

type judged struct{ story, role, of string }

func stories(t *testing.T) map[string]judged {
	t.Helper()
	out := map[string]judged{}
	for _, row := range rows(t, "stories") {
		out[row[1]] = judged{row[0], row[2], row[3]}
	}
	return out
}

// print is the id of the article that an article reprints, or its own.
func (j judged) print(id string) string {
	if j.of != "" {
		return j.of
	}
	return id
}

// golden compares lines with a file, or rewrites it.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	file := filepath.Join(rankFolder, name)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (rewrite it with -update, and read the difference):\n%s", name, difference(string(want), got))
	}
}

func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for _, line := range a {
		if !slices.Contains(b, line) {
			out = append(out, "- "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			out = append(out, "+ "+line)
		}
	}
	return strings.Join(out, "\n")
}

// TestFirstRelated holds what stands first for every article of the sample corpus: one of its own story, and no print of itself.
func TestFirstRelated(t *testing.T) {
	engine, _ := sample(t)
	judgements := stories(t)
	var ids, lines []string
	for id := range judgements {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	right := 0
	for _, id := range ids {
		answer, err := engine.Related(t.Context(), query.Request{Corpus: akin.DefaultCorpus, Seeds: []akin.Seed{{ID: id}}, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Matches) == 0 {
			lines = append(lines, "MISS\t"+id+"\tnothing")
			continue
		}
		for _, m := range answer.Matches {
			if judgements[m.Article.ID].print(m.Article.ID) == judgements[id].print(id) {
				t.Errorf("%s: its own print %s is in the answer", id, m.Article.ID)
			}
		}
		first := answer.Matches[0]
		verdict := "MISS"
		if judgements[first.Article.ID].story == judgements[id].story {
			verdict, right = "ok", right+1
		}
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s", verdict, id, first.Article.ID, first.Band))
	}
	golden(t, "related.golden", lines)
	if float64(right) < 0.9*float64(len(ids)) {
		t.Errorf("%d of %d articles have one of their own story first, want at least nine in ten", right, len(ids))
	}
}

// TestEvidence holds the passages in which every article of the sample corpus agrees with the two that stand first, with their likeness, what they share and in what they differ.
func TestEvidence(t *testing.T) {
	engine, _ := sample(t)
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(stories(t))) {
		answer, err := engine.Related(t.Context(), query.Request{Corpus: akin.DefaultCorpus, Seeds: []akin.Seed{{ID: id}}, Limit: 2, Evidence: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.Matches {
			for _, e := range m.Evidence {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%.7f\t%s\t%+v", id, place(e.SeedSpan), m.Article.ID, place(e.MatchSpan), e.Similarity, strings.Join(e.SharedTerms, ", "), e.Differences))
			}
		}
	}
	golden(t, "evidence.golden", lines)
}

func place(s query.Span) string {
	return fmt.Sprintf("%d:%d-%d,%d-%d", s.Paragraph, s.Start, s.End, s.ByteStart, s.ByteEnd)
}

// TestPairedStatement holds what stands first for every statement of a pair: the other one, or the same in another print.
func TestPairedStatement(t *testing.T) {
	engine, st := sample(t)
	judgements := stories(t)
	var lines []string
	asked, right := 0, 0
	for _, row := range rows(t, "statements") {
		for _, pair := range [][4]string{{row[0], row[1], row[2], row[3]}, {row[2], row[3], row[0], row[1]}} {
			asked++
			request := query.Request{Corpus: akin.DefaultCorpus, Limit: 3}
			id := statementID(t, st, pair[0], pair[1])
			if id == "" {
				lines = append(lines, fmt.Sprintf("MISS\t%s\t%s\tno statement holds: %s", row[4], pair[0], pair[1]))
				continue
			}
			request.Seeds = []akin.Seed{{ID: id}}
			answer, err := engine.Similar(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			verdict, found := "MISS", "nothing"
			if len(answer.Matches) > 0 {
				first := answer.Matches[0]
				found = first.Statement.ID
				if judgements[first.ArticleID].print(first.ArticleID) == judgements[pair[2]].print(pair[2]) && overlaps(first.Statement.Text, pair[3]) {
					verdict, right = "ok", right+1
				}
			}
			lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s", verdict, row[4], id, found))
		}
	}
	golden(t, "similar.golden", lines)
	if float64(right) < 0.9*float64(asked) {
		t.Errorf("%d of %d statements have their pair first, want at least nine in ten", right, asked)
	}
}

// statementID finds the statement of an article that holds a text.
func statementID(t *testing.T, st *store.Store, article, text string) string {
	t.Helper()
	articles, err := st.Articles(t.Context(), akin.DefaultCorpus, []string{article}, store.Read{Text: true, Vectors: true, Passages: true})
	if err != nil {
		t.Fatal(err)
	}
	a := articles[article].Article
	for _, s := range a.Statements {
		if overlaps(s.Text, text) {
			return s.ID
		}
	}
	return ""
}

// overlaps reports whether one of two texts holds the other, but for the marks around it.
func overlaps(a, b string) bool {
	const marks = " ,.;:!?\"'“”‘’「」，。；：！？"
	a, b = strings.Trim(a, marks), strings.Trim(b, marks)
	return strings.Contains(a, b) || strings.Contains(b, a)
}
