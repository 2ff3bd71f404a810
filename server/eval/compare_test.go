package eval_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin/server/eval"
)

// TestRunFile: what was written as a run is judged alike, although other tools order equal scores by id.
func TestRunFile(t *testing.T) {
	s := set(t, "", qrels, "", "")
	r := run(t, s, eval.Options{})
	name := filepath.Join(t.TempDir(), "run")
	var out bytes.Buffer
	if err := r.WriteRun(&out, "akin"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := eval.ReadBefore(name, s, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Figures, again.Figures); diff != "" {
		t.Errorf("-measured +read back\n%s", diff)
	}
	if err := run(t, set(t, "", "", pairs, ""), eval.Options{}).WriteRun(&out, "akin"); err == nil {
		t.Error("pairs were written as a run")
	}
}

// TestCompare: a report that was written as JSON and read again is compared query by query.
func TestCompare(t *testing.T) {
	for name, s := range map[string]eval.Set{"queries": set(t, "", qrels, "", ""), "pairs": set(t, "", "", pairs, "")} {
		t.Run(name, func(t *testing.T) {
			before := run(t, s, eval.Options{})
			b, err := json.Marshal(before)
			if err != nil {
				t.Fatal(err)
			}
			read, err := eval.ReadBefore(file(t, "before.json", string(b)), s, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			now := run(t, s, eval.Options{Unit: eval.Statement})
			same, err := eval.Compare(read, before)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range same.Figures {
				if d.Change != 0 || d.Wins != 0 || d.Losses != 0 || d.P < 1 {
					t.Errorf("with itself: %+v, want no difference", d)
				}
			}
			there, err := eval.Compare(read, now)
			if err != nil {
				t.Fatal(err)
			}
			back, err := eval.Compare(now, read)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range there.Figures {
				if b := back.Figures[i]; b.Wins != d.Losses || b.Losses != d.Wins || b.Ties != d.Ties || math.Abs(float64(b.Change+d.Change)) > 1e-9 {
					t.Errorf("there %+v, back %+v, want the same turned round", d, b)
				}
			}
		})
	}
	queries := run(t, set(t, "", qrels, "", ""), eval.Options{})
	if _, err := eval.Compare(run(t, set(t, "", "", pairs, ""), eval.Options{}), queries); err == nil {
		t.Error("pairs were compared with queries")
	}
}

// TestCompareCounts: of a run that puts one query right and another wrong, each is counted.
func TestCompareCounts(t *testing.T) {
	s := set(t, "", "a1 0 a2 1\nb1 0 b2 1\nc1 0 a1 1\n", "", "")
	judge := func(run string) *eval.Report {
		r, err := eval.ReadBefore(file(t, "run", run), s, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	before := judge("a1 Q0 a2 1 9 x\nb1 Q0 a1 1 9 x\nb1 Q0 b2 2 8 x\nc1 Q0 a1 1 9 x\n")
	now := judge("a1 Q0 b1 1 9 x\nb1 Q0 b2 1 9 x\nc1 Q0 a1 1 9 x\n")
	c, err := eval.Compare(before, now)
	if err != nil {
		t.Fatal(err)
	}
	d := c.Figures[0]
	if d.Name != "ndcg@10" || d.Wins != 1 || d.Losses != 1 || d.Ties != 1 || d.P != 1 {
		t.Errorf("got %+v, want one win, one loss, one tie of ndcg@10", d)
	}
}
