package measure

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval holds a figure's true value with 95 % confidence.
type Interval struct{ Low, High float64 }

// Samples is how many samples a bootstrap interval is made of.
const Samples = 1000

// Bootstrap is the percentile interval (Efron and Tibshirani, 1993) of a statistic of n independent things: of samples of n of them, drawn with replacement.
// The statistic is given how often the sample holds each. The same seed gives the same interval. Samples of which the statistic is NaN are left out; when
// all are, and when n is below 2, the interval is NaN.
func Bootstrap(n int, seed uint64, statistic func(Weights) float64) Interval {
	if n < 2 {
		return Interval{math.NaN(), math.NaN()}
	}
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	values := make([]float64, 0, Samples)
	w := make(Weights, n)
	for range Samples {
		clear(w)
		for range n {
			w[random.IntN(n)]++
		}
		if v := statistic(w); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return Interval{quantile(values, 0.025), quantile(values, 0.975)}
}

// quantile interpolates between neighbours of sorted values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Wilson is the score interval (Wilson, 1927) of a share of which k of n were seen; unlike a bootstrap it says something when all or none were. NaN of none.
func Wilson(k, n int) Interval {
	const z = 1.959963984540054 // the 97.5 % quantile of the normal distribution
	share, count := float64(k)/float64(n), float64(n)
	middle := (share + z*z/(2*count)) / (1 + z*z/count)
	half := z / (1 + z*z/count) * math.Sqrt(share*(1-share)/count+z*z/(4*count*count))
	return Interval{middle - half, middle + half}
}

// WeightedMean is the mean of values in a bootstrap sample.
func WeightedMean(values []float64, w Weights) float64 {
	var sum, n float64
	for i, v := range values {
		sum, n = sum+w.of(i)*v, n+w.of(i)
	}
	return sum / n
}

// Randomisations is how many random assignments a randomisation test tries where it cannot try all.
const Randomisations = 20_000

// Randomise is the two-sided paired randomisation test (Fisher, 1935; for retrieval Smucker, Allan and Carterette, 2007): how likely a mean difference as
// large as the one seen, or larger, is when each difference might as well have had the other sign. All signs are tried when there are no
// more ways than Randomisations, otherwise so many random ones of the seed. It is 1 when nothing differs.
func Randomise(differences []float64, seed uint64) float64 {
	differs := slices.DeleteFunc(slices.Clone(differences), func(d float64) bool { return d == 0 })
	if len(differs) == 0 {
		return 1
	}
	seen := math.Abs(Mean(differs)) * float64(len(differs)) * (1 - 1e-12) // as large but for rounding counts as equal
	if n := len(differs); n < 63 && 1<<n <= Randomisations {
		as := 0
		for signs := range uint64(1) << n {
			if math.Abs(signed(differs, func() uint64 { return signs })) >= seen {
				as++
			}
		}
		return float64(as) / float64(uint64(1)<<n)
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(differs))))
	as := 0
	for range Randomisations {
		if math.Abs(signed(differs, random.Uint64)) >= seen {
			as++
		}
	}
	return float64(as+1) / float64(Randomisations+1) // the one seen is one of them
}

// signed adds the differences up, those whose bit is set with the other sign. It takes new bits every 64.
func signed(differences []float64, bits func() uint64) float64 {
	var sum float64
	var word uint64
	for i, d := range differences {
		if i%64 == 0 {
			word = bits()
		}
		if word>>(i%64)&1 == 1 {
			d = -d
		}
		sum += d
	}
	return sum
}
