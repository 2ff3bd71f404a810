// Package ctxsort sorts long lists for as long as somebody waits for the result.
// A million hits take the standard library a tenth of a second, in which it looks at no context.
package ctxsort

import (
	"context"
	"slices"
)

// runLength is how many elements are sorted, or merged, between two looks at the context: less than a millisecond of work.
const runLength = 4096

// Sort sorts a list in place, and elements that compare as equal in any order. Once ctx is done it returns the reason, soon,
// and the list is good for nothing. A list that is longer than 4,096 takes as much memory again.
func Sort[T any](ctx context.Context, list []T, compare func(a, b T) int) error {
	for run := range slices.Chunk(list, runLength) {
		if err := ctx.Err(); err != nil {
			return err
		}
		slices.SortFunc(run, compare)
	}
	if len(list) <= runLength {
		return nil
	}
	from, to := list, make([]T, len(list))
	for width := runLength; width < len(list); width *= 2 {
		for low := 0; low < len(list); low += 2 * width {
			middle, high := min(low+width, len(list)), min(low+2*width, len(list))
			if err := merge(ctx, to[low:high], from[low:middle], from[middle:high], compare); err != nil {
				return err
			}
		}
		from, to = to, from
	}
	if &from[0] != &list[0] {
		copy(list, from)
	}
	return nil
}

func merge[T any](ctx context.Context, to, a, b []T, compare func(a, b T) int) error {
	for i := range to {
		if i%runLength == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if len(b) == 0 || len(a) > 0 && compare(a[0], b[0]) <= 0 {
			to[i], a = a[0], a[1:]
		} else {
			to[i], b = b[0], b[1:]
		}
	}
	return nil
}
