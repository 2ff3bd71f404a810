package eval_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server/eval"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store/storetest"
)

// documents of three matters, in two sections, one of them without any; b1 and b2 are the same text.
const documents = `
{"id":"a1","section":"harbour","text":"The ferry to Orrin stops in March, and a tunnel takes its place."}
{"id":"a2","section":"harbour","text":"A tunnel takes the place of the ferry to Orrin from March on."}
{"id":"a3","section":"harbour","text":"The captain of the old ferry to Orrin says farewell to his boat."}
{"id":"b1","section":"field","text":"Late frost killed the plum blossom in the valley of Tessmoor."}
{"id":"b2","section":"field","text":"Late frost killed the plum blossom in the valley of Tessmoor."}
{"id":"b3","section":"field","text":"Plum growers of Tessmoor ask for help after the frost."}
{"id":"c1","text":"Nurses in Halven walk out over night shifts."}
`

func bench(t testing.TB) eval.Bench {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	return eval.Bench{Stage: embed.New(st, embedder), Engine: query.New(st, embedder, query.Options{}), Fingerprint: embed.Fingerprint(embedder)}
}

// set reads one from texts; an empty one is no file.
func set(t testing.TB, queries, qrels, pairs, labels string) eval.Set {
	t.Helper()
	f := eval.Files{Documents: file(t, "docs.jsonl", documents), Labels: labels}
	for text, name := range map[string]*string{queries: &f.Queries, qrels: &f.Qrels, pairs: &f.Pairs} {
		if text != "" {
			*name = file(t, "in", text)
		}
	}
	s, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, s eval.Set, o eval.Options) *eval.Report {
	t.Helper()
	report, err := bench(t).Run(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func value(t testing.TB, r *eval.Report, name string) float64 {
	t.Helper()
	f, ok := r.Figure(name)
	if !ok {
		t.Fatalf("there is no figure %q among %v", name, r.Figures)
	}
	return float64(f.Value)
}

const qrels = `a1 0 a1 2
a1 0 a2 2
a1 0 a3 1
b1 0 b2 2
b1 0 b3 1
b1 0 gone 1
nobody 0 a1 1
c1 0 b1 0
`

func TestDocumentsAsQueries(t *testing.T) {
	for _, unit := range []eval.Unit{eval.Article, eval.Statement} {
		t.Run(string(unit), func(t *testing.T) {
			r := run(t, set(t, "", qrels, "", ""), eval.Options{Unit: unit})
			var ids []string
			for _, q := range r.Queries {
				ids = append(ids, q.ID)
				for _, a := range q.Answers {
					if a.ID == q.ID {
						t.Errorf("%s is its own answer", q.ID)
					}
				}
			}
			if diff := cmp.Diff([]string{"a1", "b1", "c1"}, ids); diff != "" {
				t.Errorf("asked: -want +got\n%s", diff)
			}
			if r.Queries[0].Relevant != 2 || r.Queries[0].Values["ndcg@10"] != 1 {
				t.Errorf("a1: got %+v, want two relevant documents, itself not among them, in the best order", r.Queries[0])
			}
			if got := r.Queries[1].Answers[0].ID; got != "b2" {
				t.Errorf("b1: got %s first, want b2, another print of it", got)
			}
			if got := r.Queries[1].Values["recall@10"]; math.Abs(got-2.0/3) > 1e-9 {
				t.Errorf("b1: got recall %v, want 2 of 3, since a document that is not there counts as not found", got)
			}
			want := eval.Names{Count: 1, First: []string{"gone"}}
			if diff := cmp.Diff(want, r.MissingDocuments); diff != "" {
				t.Errorf("missing documents: -want +got\n%s", diff)
			}
			if r.MissingQueries.Count != 1 || r.WithoutRelevant.Count != 1 {
				t.Errorf("got %d missing queries, %d without relevant documents, want one each", r.MissingQueries.Count, r.WithoutRelevant.Count)
			}
			if got := value(t, r, "mrr"); math.Abs(got-2.0/3) > 1e-9 {
				t.Errorf("got mrr %v, want 2/3: the query without relevant documents counts as 0", got)
			}
		})
	}
}

func TestQueries(t *testing.T) {
	const queries = `{"id":"q1","text":"ferry captain farewell"}
{"id":"q2","title":"Frost","text":"plum blossom"}
{"id":"unjudged","text":"whatever"}`
	r := run(t, set(t, queries, "q1 0 a3 1\nq2 0 b1 1\nq2 0 b2 1\n", "", ""), eval.Options{Settings: eval.Settings{Limit: 2}})
	if len(r.Queries) != 2 || len(r.Queries[1].Answers) != 2 || value(t, r, "mrr") != 1 || value(t, r, "recall@10") != 1 {
		t.Errorf("got %+v and %+v, want all found among two answers", r.Figures, r.Queries)
	}
	filtered := run(t, set(t, queries, "q1 0 a3 1\n", "", ""), eval.Options{Settings: eval.Settings{Filter: akin.Filter{Sections: []string{"field"}}}})
	if q := filtered.Queries[0]; q.FirstRelevant != 0 || q.Values["mrr"] != 0 {
		t.Errorf("got %+v, want nothing found, since the filter leaves it out", q)
	}
}

func TestLabels(t *testing.T) {
	r := run(t, set(t, "", "", "", "section"), eval.Options{})
	if len(r.Queries) != 6 || r.Unlabelled != 1 {
		t.Errorf("got %d asked and %d without label, want 6 and 1", len(r.Queries), r.Unlabelled)
	}
	if got := value(t, r, "recall@10"); got != 1 {
		t.Errorf("got recall %v, want 1: two documents share the label of each", got)
	}
}

// TestVote: the label of most neighbours wins, of equally many that of the nearest; one without a label has no voice.
func TestVote(t *testing.T) {
	r, err := eval.Judge(set(t, "", "", "", "section"), map[string][]eval.Answer{
		"a1": {{ID: "b1"}, {ID: "a2"}, {ID: "a3"}},
		"a2": {{ID: "a1"}, {ID: "b1"}},
		"a3": {{ID: "c1"}, {ID: "a1"}},
		"b1": {{ID: "a1"}, {ID: "b2"}},
		"b2": nil,
	}, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, q := range r.Queries {
		got[q.ID] = q.Values["knn@10"]
	}
	if diff := cmp.Diff(map[string]float64{"a1": 1, "a2": 1, "a3": 1, "b1": 0, "b2": 0, "b3": 0}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

const pairs = `a1	a2	5
a1	a3	3
a1	c1	0
b1	b2	5
b1	b1	5
b1	c1	0
a1	gone	5
`

func TestPairs(t *testing.T) {
	for _, unit := range []eval.Unit{eval.Article, eval.Statement} {
		t.Run(string(unit), func(t *testing.T) {
			r := run(t, set(t, "", "", pairs, ""), eval.Options{Unit: unit})
			score := map[string]float64{}
			for _, p := range r.Pairs {
				score[p.Left+p.Right] = p.Score
			}
			switch {
			case len(r.Pairs) != 6 || r.LeftOut != 1 || r.MissingDocuments.Count != 1:
				t.Errorf("got %d pairs, %d left out, %d missing documents, want 6, 1 and 1", len(r.Pairs), r.LeftOut, r.MissingDocuments.Count)
			case score["b1b1"] != 1:
				t.Errorf("got %v for a document and itself, want 1", score["b1b1"])
			case !(score["a1a2"] > score["a1a3"] && score["a1a3"] > score["a1c1"]):
				t.Errorf("got scores %v, want them in the order of the grades", score)
			case score["a1c1"] > 0.2 || score["b1c1"] > 0.2:
				t.Errorf("got scores %v, want hardly any for what has nothing but the commonest words in common", score)
			case r.Positive != 3:
				t.Errorf("positive from %v, want 3, the lowest grade above 2.5", r.Positive)
			case value(t, r, "auc") != 1 || value(t, r, "ap") != 1 || value(t, r, "f1") != 1 || value(t, r, "map") != 1:
				t.Errorf("got %v, want all positive pairs above all negative ones", r.Figures)
			}
			given := 5.0
			again := run(t, set(t, "", "", pairs, ""), eval.Options{Unit: unit, Positive: &given})
			positive := 0
			for _, b := range again.Bands {
				positive += b.Positive
			}
			if positive != 3 {
				t.Errorf("got %d positive pairs in bands %v, want the 3 of grade 5", positive, again.Bands)
			}
		})
	}
}

// TestGroup: a2 was never compared with a1 by a judge, and is its best match.
func TestGroup(t *testing.T) {
	const judged = `a1	a3	0
a3	a2	1
b1	b3	1
b3	b2	0
`
	r := run(t, set(t, "", "", judged, ""), eval.Options{Group: []string{"section"}})
	// The better half of each group is one match: of harbour a1 with a2, undecided; of field b1 with b2, undecided.
	if got := [2]float64{value(t, r, "map.strict"), value(t, r, "map.relaxed")}; got != [2]float64{0, 1} {
		t.Errorf("got %v strict and relaxed, want 0 and 1", got)
	}
	if len(r.Pairs) != 4 {
		t.Errorf("got %d pairs, want the four that were judged", len(r.Pairs))
	}
	_, err := bench(t).Run(t.Context(), set(t, "", "", "a1\tc1\t1\n", ""), eval.Options{Group: []string{"section"}})
	if invalid, ok := errors.AsType[*akin.InvalidError](err); !ok || !strings.Contains(invalid.Problem, `"c1" has no field "section"`) {
		t.Errorf("got error %v, want one about c1, which has no section", err)
	}
}

func TestFailUnder(t *testing.T) {
	s := set(t, "", "", pairs, "")
	r := run(t, s, eval.Options{FailUnder: map[string]float64{"auc": 1, "spearman": 1.01}})
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "spearman is 0.") || strings.Contains(err.Error(), "auc") {
		t.Errorf("got %v, want an error about spearman alone", err)
	}
	alike := run(t, set(t, "", "", "a1\ta2\t1\nb1\tb2\t1\n", ""), eval.Options{FailUnder: map[string]float64{"auc": 0}})
	if err := alike.Err(); err == nil || !strings.Contains(err.Error(), "auc does not exist") {
		t.Errorf("got %v, want an error about auc, which needs negative pairs", err)
	}
	_, err := bench(t).Run(t.Context(), s, eval.Options{FailUnder: map[string]float64{"ndcg@10": 1}})
	if invalid, ok := errors.AsType[*akin.InvalidError](err); !ok || invalid.Field != "fail_under" {
		t.Errorf("got error %v, want one about a figure that pairs do not have", err)
	}
}

// TestUselessOptions: what would change nothing is refused.
func TestUselessOptions(t *testing.T) {
	grade := 1.0
	for field, o := range map[string]eval.Options{"group": {Group: []string{"section"}}, "positive": {Positive: &grade}} {
		_, err := bench(t).Run(t.Context(), set(t, "", qrels, "", ""), o)
		if invalid, ok := errors.AsType[*akin.InvalidError](err); !ok || invalid.Field != field {
			t.Errorf("%s: got error %v, want one about it, since there are no pairs", field, err)
		}
	}
}

func TestNothingToMeasure(t *testing.T) {
	for name, s := range map[string]eval.Set{
		"no file":        {Documents: set(t, "", qrels, "", "").Documents},
		"no judgement":   {Documents: set(t, "", qrels, "", "").Documents, Qrels: &eval.Qrels{}},
		"other queries":  set(t, "", "x 0 a1 1\n", "", ""),
		"other pairs":    set(t, "", "", "x y 1\n", ""),
		"nobody's label": {Documents: set(t, "", qrels, "", "").Documents, Labels: map[string]string{"a1": "one", "a2": "two"}},
	} {
		if r, err := bench(t).Run(t.Context(), s, eval.Options{}); err == nil {
			t.Errorf("%s: got %v, want an error", name, r.Figures)
		}
	}
	if _, err := (eval.Files{Documents: file(t, "docs", documents), Labels: "colour"}).Read(); err == nil || !strings.Contains(err.Error(), `"colour"`) {
		t.Errorf("got %v, want an error that names the field", err)
	}
}

// TestPrint: the report for people names what is missing, and shows what went wrong.
func TestPrint(t *testing.T) {
	var out bytes.Buffer
	if err := run(t, set(t, "", qrels, "", ""), eval.Options{}).Print(&out, eval.PrintOptions{Worst: 1}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"7 documents, each as one article", "judged queries that are not there, left out: 1 (nobody)", "not found where they are relevant: 1 (gone)",
		"queries without a relevant document, 0 in all figures: 1 (c1)", "ndcg@10 0.0000, 0 relevant: c1: Nurses in Halven",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	out.Reset()
	if err := run(t, set(t, "", "", pairs, ""), eval.Options{}).Print(&out, eval.PrintOptions{Worst: 1, Bands: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pairs of documents that are not there, left out: 1; the documents: 1 (gone)", "A pair is positive from grade 3 on", "SAME_TEXT", "\ngrade "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// TestWithoutTitle: a title that is the query itself is not what finds the document.
func TestWithoutTitle(t *testing.T) {
	f := eval.Files{
		Documents: file(t, "docs", `{"id":"a","title":"Ferry","text":"The boat stops."}`+"\n"+`{"id":"b","title":"Frost","text":"Plums freeze."}`),
		Queries:   file(t, "queries", `{"id":"q","text":"Ferry"}`),
		Qrels:     file(t, "qrels", "q 0 a 1\n"),
	}
	for without, want := range map[bool]float64{false: 1, true: 0} {
		f.WithoutTitle = without
		s, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		if got := value(t, run(t, s, eval.Options{}), "mrr"); got != want {
			t.Errorf("without titles %v: got mrr %v, want %v", without, got, want)
		}
	}
}

// TestBadDate: a date that is none is refused before any work is done.
func TestBadDate(t *testing.T) {
	_, err := bench(t).Run(t.Context(), set(t, "", qrels, "", ""), eval.Options{Settings: eval.Settings{Filter: akin.Filter{PublishedFrom: "2014-02-30"}}})
	if invalid, ok := errors.AsType[*akin.InvalidError](err); !ok || invalid.Field != "published_from" {
		t.Errorf("got error %v, want one about the date", err)
	}
}

// TestSample draws the same queries again.
func TestSample(t *testing.T) {
	o := eval.Options{Sample: 3, Seed: 5}
	ids := func() (ids []string) {
		for _, q := range run(t, set(t, "", "", "", "section"), o).Queries {
			ids = append(ids, q.ID)
		}
		return ids
	}
	one, two := ids(), ids()
	if len(one) != 3 || cmp.Diff(one, two) != "" {
		t.Errorf("got %v, then %v, want the same three", one, two)
	}
}
