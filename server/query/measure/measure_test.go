package measure_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/akinserver/akin/server/query/measure"
)

const tolerance = 1e-9

func near(a, b float64) bool { return math.Abs(a-b) <= tolerance || math.IsNaN(a) && math.IsNaN(b) }

// TestPairsReference holds the figures of pairs to those of scipy and scikit-learn (testdata/reference.py).
func TestPairsReference(t *testing.T) {
	b, err := os.ReadFile("testdata/pairs.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                           string
		Scores, Grades                 []float64
		Positive                       float64
		Pearson, Spearman, AUC, AP, F1 float64
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p := pairs(c.Scores, c.Grades, c.Positive)
			f1, threshold := p.F1(nil)
			for _, f := range []struct {
				name      string
				got, want float64
			}{
				{"pearson", p.Pearson(nil), c.Pearson},
				{"spearman", p.Spearman(nil), c.Spearman},
				{"auc", p.AUC(nil), c.AUC},
				{"ap", p.AP(nil), c.AP},
				{"f1", f1, c.F1},
				{"f1 at its threshold", f1At(c.Scores, c.Grades, c.Positive, threshold), c.F1},
			} {
				if !near(f.got, f.want) {
					t.Errorf("%s: got %v, want %v", f.name, f.got, f.want)
				}
			}
		})
	}
}

func pairs(scores, grades []float64, positive float64) *measure.Pairs {
	is := make([]bool, len(grades))
	for i, g := range grades {
		is[i] = g >= positive
	}
	return measure.NewPairs(scores, grades, is)
}

func f1At(scores, grades []float64, positive, threshold float64) float64 {
	var hits, taken, positives float64
	for i, s := range scores {
		if s >= threshold {
			taken++
		}
		if grades[i] >= positive {
			positives++
			if s >= threshold {
				hits++
			}
		}
	}
	return 2 * hits / (taken + positives)
}

// TestUndefined: a figure that does not exist is NaN, not 0.
func TestUndefined(t *testing.T) {
	flat := pairs([]float64{1, 1, 1}, []float64{0, 1, 2}, 1)
	alike := pairs([]float64{1, 2, 3}, []float64{4, 4, 4}, 4)
	bad := pairs([]float64{1, 2, 3}, []float64{0, 0, 0}, 1)
	f1, threshold := bad.F1(nil)
	for name, got := range map[string]float64{
		"pearson of equal scores":   flat.Pearson(nil),
		"spearman of equal scores":  flat.Spearman(nil),
		"spearman of equal grades":  alike.Spearman(nil),
		"auc without negatives":     alike.AUC(nil),
		"auc without positives":     bad.AUC(nil),
		"ap without positives":      bad.AP(nil),
		"f1 without positives":      f1,
		"its threshold":             threshold,
		"a mean of nothing":         measure.Mean(nil),
		"an interval of one query":  measure.Bootstrap(1, 1, func(measure.Weights) float64 { return 1 }).Low,
		"an interval of no figures": measure.Bootstrap(5, 1, func(measure.Weights) float64 { return math.NaN() }).High,
		"wilson of none":            measure.Wilson(0, 0).Low,
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: got %v, want NaN", name, got)
		}
	}
}

// TestWeights: a pair that a sample holds twice counts as two pairs would, and one that it does not hold as none.
func TestWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		small := rapid.SliceOfN(rapid.IntRange(0, 4), n, n)
		scores, grades, w := small.Draw(t, "scores"), small.Draw(t, "grades"), small.Draw(t, "weights")
		var x, y, xs, ys []float64
		for i := range n {
			x, y = append(x, float64(scores[i])), append(y, float64(grades[i]))
			for range w[i] {
				xs, ys = append(xs, float64(scores[i])), append(ys, float64(grades[i]))
			}
		}
		weighted, repeated := pairs(x, y, 2), pairs(xs, ys, 2)
		for name, f := range map[string]func(*measure.Pairs, measure.Weights) float64{
			"pearson": (*measure.Pairs).Pearson, "spearman": (*measure.Pairs).Spearman, "auc": (*measure.Pairs).AUC, "ap": (*measure.Pairs).AP,
			"f1": func(p *measure.Pairs, w measure.Weights) float64 { best, _ := p.F1(w); return best },
		} {
			if got, want := f(weighted, w), f(repeated, nil); !near(got, want) {
				t.Errorf("%s: got %v with weights, %v repeated", name, got, want)
			}
		}
	})
}

func TestBootstrap(t *testing.T) {
	values := make([]float64, 400)
	for i := range values {
		values[i] = float64(i % 2) // mean 0.5, standard error 0.025
	}
	mean := func(w measure.Weights) float64 { return measure.WeightedMean(values, w) }
	got := measure.Bootstrap(len(values), 1, mean)
	if got.Low < 0.44 || got.Low > 0.46 || got.High < 0.54 || got.High > 0.56 {
		t.Errorf("got %v, want about 0.451 to 0.549, as the normal distribution has it", got)
	}
	if again := measure.Bootstrap(len(values), 1, mean); again != got {
		t.Errorf("the same seed gave %v, then %v", got, again)
	}
	if other := measure.Bootstrap(len(values), 2, mean); other == got {
		t.Errorf("another seed gave %v as well", other)
	}
}

func TestWilson(t *testing.T) {
	// statsmodels' proportion_confint(k, n, method="wilson").
	for _, c := range []struct {
		name      string
		k, n      int
		low, high float64
	}{
		{"all seen", 10, 10, 0.72246720, 1},
		{"none seen", 0, 10, 0, 0.27753280},
		{"half seen", 50, 100, 0.40383153, 0.59616847},
	} {
		if got := measure.Wilson(c.k, c.n); math.Abs(got.Low-c.low) > 1e-6 || math.Abs(got.High-c.high) > 1e-6 {
			t.Errorf("%s: got %v, want %v to %v", c.name, got, c.low, c.high)
		}
	}
}

func TestRandomise(t *testing.T) {
	many := make([]float64, 200) // 110 better, 90 worse, by the same: a sign test, p 0.1786 by the binomial distribution
	for i := range many {
		many[i] = 1
		if i < 90 {
			many[i] = -1
		}
	}
	for _, c := range []struct {
		name        string
		differences []float64
		low, high   float64
	}{
		{"nothing differs", []float64{0, 0, 0}, 1, 1},
		{"nothing is there", nil, 1, 1},
		{"five of one sign: 2 of 32 ways", []float64{1, 2, 3, 4, 5}, 2.0 / 32, 2.0 / 32},
		{"what does not differ does not count", []float64{1, 0, 2, 3, 0, 4, 5}, 2.0 / 32, 2.0 / 32},
		{"five of one size, one against: 12 of 32 ways", []float64{0.1, 0.1, 0.1, 0.1, -0.1}, 12.0 / 32, 12.0 / 32},
		{"many are drawn by chance", many, 0.165, 0.19},
	} {
		if got := measure.Randomise(c.differences, 1); got < c.low || got > c.high {
			t.Errorf("%s: got p %v, want %v to %v", c.name, got, c.low, c.high)
		}
	}
}
