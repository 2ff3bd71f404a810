package compare

import (
	"math"
	"strings"
	"testing"
)

func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		name, before, after  string
		overlap, correlation float64
	}{
		{"the same", "a b c", "a b c", 1, 1},
		{"the other way round", "a b c", "c b a", 1, -1},
		{"neither finds anything", "", "", 1, math.NaN()},
		{"one match, the same", "a", "a", 1, math.NaN()},
		{"nothing shared", "a b", "c d", 0, -8.0 / 9}, // ranks 1 2 3.5 3.5 and 3.5 3.5 1 2
		{"the shorter is the begin of the longer", "a b c d", "a b", 0.5, 4.5 / math.Sqrt(5*4.5)},
	} {
		overlap, correlation := likeness(strings.Fields(c.before), strings.Fields(c.after))
		if overlap != c.overlap || math.Abs(correlation-c.correlation) > 1e-9 || math.IsNaN(correlation) != math.IsNaN(c.correlation) {
			t.Errorf("%s: overlap %v, correlation %v, want %v and %v", c.name, overlap, correlation, c.overlap, c.correlation)
		}
	}
}
