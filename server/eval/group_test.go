package eval

import (
	"math"
	"testing"

	"github.com/akinserver/akin/server/query/measure"
)

// TestMeanBest: half of each group is set aside by score, and the rest has an average precision by the groups' own order.
func TestMeanBest(t *testing.T) {
	best := []bestMatch{
		{group: 0, score: 0.2, verdict: positive}, // set aside with the next two
		{group: 0, score: 0.1, verdict: positive},
		{group: 0, score: 0.3, verdict: negative},
		{group: 0, score: 0.9, verdict: positive},
		{group: 0, score: 0.7, verdict: positive},
		{group: 0, score: 0.8, verdict: undecided},
		{group: 1, score: 0.5, verdict: negative},
		{group: 1, score: 0.4, verdict: positive}, // set aside
		{group: 2, score: 0.4, verdict: positive}, // half of one is none: this group says nothing
	}
	twice := measure.Weights{1, 1, 1, 1, 1, 1, 0, 2, 0}
	for _, c := range []struct {
		name    string
		w       measure.Weights
		lenient bool
		want    float64
	}{
		{"strict: right, wrong, right and a group with none right", nil, false, ((1+2.0/3)/2 + 0) / 2},
		{"relaxed: the undecided one is right", nil, true, (1 + 0) / 2.0},
		{"a sample that holds one match twice and some not at all", twice, true, (1 + 1) / 2.0},
	} {
		if got := meanBest(best, 3, c.w, c.lenient); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
