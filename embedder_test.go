package akin_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akinserver/akin"
)

// answers is an embedder that says what it is told to.
type answers struct {
	vectors [][]float32
	err     error
}

func (answers) Fingerprint() string { return "answers" }
func (answers) Dimensions() int     { return 1 }

func (a answers) Embed(context.Context, akin.Purpose, []string) ([][]float32, error) {
	return a.vectors, a.err
}

func TestEmbedEach(t *testing.T) {
	some := fmt.Errorf("embed: %w", akin.TextErrors{{Index: 1, Err: errors.New("no")}})
	tests := []struct {
		name string
		answers
		want    map[int][]float32
		collect [][]float32
	}{
		{name: "all", answers: answers{vectors: [][]float32{{1}, {2}}}, want: map[int][]float32{0: {1}, 1: {2}}, collect: [][]float32{{1}, {2}}},
		{name: "all but a text that is refused", answers: answers{[][]float32{{1}, nil}, some}, want: map[int][]float32{0: {1}}, collect: [][]float32{{1}, nil}},
		{name: "none", answers: answers{err: akin.ErrUnavailable}, want: map[int][]float32{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := map[int][]float32{}
			collected, err := akin.CollectEach(2, func(done func(int, []float32)) error {
				return akin.EmbedEach(t.Context(), tt.answers, akin.Document, []string{"a", "b"}, func(i int, v []float32) {
					got[i] = v
					done(i, v)
				})
			})
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got) + cmp.Diff(tt.collect, collected); diff != "" {
				t.Errorf("vectors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextErrors(t *testing.T) {
	cause := errors.New("too loud")
	one := akin.TextErrors{{Index: 6, Err: cause}}
	if got := one.Error(); got != "text 7: too loud" || !errors.Is(one, cause) {
		t.Errorf("one: %s", got)
	}
	two := append(one, &akin.TextError{Index: 8, Err: errors.New("too long")})
	if got := two.Error(); got != "2 texts cannot be embedded, the first of them: text 7: too loud" {
		t.Errorf("two: %s", got)
	}
	if e, ok := errors.AsType[*akin.TextError](fmt.Errorf("embed: %w", two)); !ok || e.Index != 6 {
		t.Errorf("as one: %v", e)
	}
}
