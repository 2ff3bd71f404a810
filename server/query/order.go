package query

import (
	"math"
	"time"

	"github.com/akinserver/akin"
)

// Time says how the dates of candidates count.
type Time struct {
	// Reference is the reader's now, YYYY-MM-DD. By default it is the latest date of the positive seeds, and today when none has one.
	Reference string
	// HalfLife is after how many days, before or after the reference, a score is worth one half; 0 for no such loss. What has no date is taken to be one half-life away.
	HalfLife float64
	// Scope limits the answer to what was published on an earlier, or on a later day than the reference. What has no date is then left out.
	Scope TimeScope
}

// TimeScope is a side of the reference.
type TimeScope int

// The scopes.
const (
	AnyTime TimeScope = iota
	Older
	Newer
)

// dependsOnSeeds reports whether the seeds have to be read before candidates are looked for.
func (r Request) dependsOnSeeds() bool {
	return r.Time.Scope != AnyTime && r.Time.Reference == "" || r.Speakers != AnySpeaker
}

// reference is the day from which time counts.
func (e *Engine) reference(t Time, seeds []seed) string {
	if t.Reference != "" {
		return t.Reference
	}
	if date := referenceOf(seeds); date != "" {
		return date
	}
	return e.options.Now().UTC().Format(time.DateOnly)
}

// limit adds a scope to a filter.
func (t Time) limit(f akin.Filter, reference string) akin.Filter {
	day, err := time.Parse(time.DateOnly, reference)
	if err != nil {
		return f
	}
	switch t.Scope {
	case Older:
		if f.PublishedBefore == "" || reference < f.PublishedBefore {
			f.PublishedBefore = reference
		}
	case Newer:
		if from := day.AddDate(0, 0, 1).Format(time.DateOnly); from > f.PublishedFrom {
			f.PublishedFrom = from
		}
	}
	return f
}

// age takes from a score what time has taken: 0 or below.
func (t Time) age(likeness float64, date, reference string) float64 {
	if t.HalfLife <= 0 || likeness <= 0 {
		return 0
	}
	halves := 1.0
	day, err := time.Parse(time.DateOnly, date)
	from, err2 := time.Parse(time.DateOnly, reference)
	if err == nil && err2 == nil {
		halves = math.Abs(from.Sub(day).Hours()) / 24 / t.HalfLife
	}
	return likeness * (math.Exp2(-halves) - 1)
}

// arranged leaves out, and counts, what is below the band, and makes what a page shows as diverse as was asked for.
func arranged[T any](matches []T, r Request, counts map[Reason]int, compared func(*T) *Comparison, like func(a, b *T) float64) []T {
	kept := matches[:0]
	for i := range matches {
		if compared(&matches[i]).Band < r.MinBand {
			counts[BelowBand]++
		} else {
			kept = append(kept, matches[i])
		}
	}
	return diverse(kept, r.Offset+r.Limit, r.Diversity, compared, like)
}

// diverse orders the first n of a list, which is ordered by score, by maximal marginal relevance (Carbonell and Goldstein, 1998): next comes what has the
// most of (1 - diversity) x score - diversity x likeness to what it resembles most among those before it. It sets what this takes from each score. The order of the first
// does not depend on n, so that page after page is one list.
func diverse[T any](list []T, n int, diversity float64, compared func(*T) *Comparison, like func(a, b *T) float64) []T {
	n = min(n, len(list))
	if diversity <= 0 || n == 0 {
		return list
	}
	nearest := make([]float64, len(list)) // to those that are placed
	for placed := range n {
		best, most := -1, math.Inf(-1)
		for i := placed; i < len(list); i++ {
			if value := (1-diversity)*compared(&list[i]).Score - diversity*nearest[i]; value > most {
				best, most = i, value
			}
		}
		// What is passed over keeps its order: by score.
		chosen, distance := list[best], nearest[best]
		copy(list[placed+1:best+1], list[placed:best])
		copy(nearest[placed+1:best+1], nearest[placed:best])
		list[placed], nearest[placed] = chosen, distance
		c := compared(&list[placed])
		c.Scores.DiversityPart = most - c.Score
		c.Score = c.Scores.total()
		for i := placed + 1; i < len(list); i++ {
			nearest[i] = max(nearest[i], like(&list[placed], &list[i]))
		}
	}
	return list
}
