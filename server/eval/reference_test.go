package eval_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/akinserver/akin/server/eval"
)

// TestReference holds the figures of rankings to those of ir-measures (testdata/reference.py): graded and negative grades, tied scores,
// judged documents that are not there, queries without relevant documents and without relevant answers.
func TestReference(t *testing.T) {
	qrels, err := eval.ReadQrels("testdata/reference.qrels")
	if err != nil {
		t.Fatal(err)
	}
	run, err := eval.ReadRun("testdata/reference.run")
	if err != nil {
		t.Fatal(err)
	}
	set := eval.Set{Qrels: qrels}
	for _, id := range qrels.Queries {
		set.Queries = append(set.Queries, eval.Query{ID: id, Text: "a text"})
	}
	report, err := eval.Judge(set, run, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Queries map[string]map[string]float64
		Mean    map[string]float64
	}
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(report.Queries) != len(want.Queries) {
		t.Errorf("got %d queries, want %d", len(report.Queries), len(want.Queries))
	}
	for _, q := range report.Queries {
		for name, w := range want.Queries[q.ID] {
			if got := q.Values[name]; math.Abs(got-w) > 1e-9 {
				t.Errorf("%s of %s: got %v, want %v", name, q.ID, got, w)
			}
		}
	}
	for name, w := range want.Mean {
		if f, ok := report.Figure(name); !ok || math.Abs(float64(f.Value)-w) > 1e-9 {
			t.Errorf("mean %s: got %v, want %v", name, f.Value, w)
		}
	}
	if report.WithoutRelevant.Count != 1 {
		t.Errorf("got %d queries without a relevant document, want 1", report.WithoutRelevant.Count)
	}
}
