package query

import (
	"math"
	"testing"

	"github.com/akinserver/akin/store"
)

func TestContainer(t *testing.T) {
	tests := []struct {
		name            string
		seed, candidate int
		want            float64
	}{
		{name: "texts of one length", seed: 200, candidate: 200, want: 1},
		{name: "a candidate that is briefer", seed: 200, candidate: 5, want: 1},
		{name: "a candidate that is longer, but can still resemble the seed", seed: 20, candidate: 240, want: 1},
		{name: "one that can but contain it", seed: 20, candidate: 360, want: math.Pow(1.5, 0.25)},
		{name: "a headline's article", seed: 10, candidate: 240, want: math.Pow(2, 0.25)},
		{name: "one that is longer still", seed: 10, candidate: 5000, want: math.Pow(2, 0.25)},
		{name: "a seed without words", seed: 0, candidate: 3, want: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := container(tt.seed, tt.candidate); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("container(%d, %d) = %v, want %v", tt.seed, tt.candidate, got, tt.want)
			}
		})
	}
}

// TestContainedSeed holds that the factor reaches the lexical part, and only beyond texts that can resemble the seed.
func TestContainedSeed(t *testing.T) {
	s := &scorer{seeds: []seed{{words: 20}}, scales: []*scale{{self: 1}}, lexicals: []float64{1}}
	scores := store.Scores{Lexical: 0.25}
	near, far := s.fuse(0, scores, 100).lexicalPart, s.fuse(0, scores, 1000).lexicalPart
	if near != 0.5 || math.Abs(far-math.Pow(2, 0.125)*0.5) > 1e-12 {
		t.Errorf("a candidate of 100 words has %v, one of 1000 has %v; want 0.5 and %v", near, far, math.Pow(2, 0.125)*0.5)
	}
}

// TestDecisiveLength holds that a model's vectors are weighed by the shorter text, and hashed words by the longer one.
func TestDecisiveLength(t *testing.T) {
	model, literal := &scale{trust: 1}, &scale{trust: 1, literal: true}
	if got, want := model.fuse(1, 1, 25, 225).densePart, 0.5; got != want {
		t.Errorf("the dense part of a model is %v, want %v", got, want)
	}
	if got, want := literal.fuse(1, 1, 25, 225).densePart, 0.1; math.Abs(got-want) > 1e-12 {
		t.Errorf("the dense part of hashed words is %v, want %v", got, want)
	}
}

// TestTrustedByLength holds that the trust goes from that of the asked pieces to that of the articles.
func TestTrustedByLength(t *testing.T) {
	s := &scale{trust: 0.9, brief: 0.1, piece: 10, whole: 160}
	last := 0.0
	for _, tt := range []struct{ words, want float64 }{{0, 0.1}, {10, 0.1}, {20, 0.225}, {40, 0.5}, {80, 0.775}, {160, 0.9}, {5000, 0.9}} {
		got := s.trusted(tt.words)
		if math.Abs(got-tt.want) > 1e-12 || got < last {
			t.Errorf("texts of %v words are trusted %v, want %v", tt.words, got, tt.want)
		}
		last = got
	}
	for _, s := range []*scale{{trust: 0.9, whole: 160}, {trust: 0.9, brief: 0.1, piece: 30, whole: 30}} {
		if got := s.trusted(30); got != 0.9 {
			t.Errorf("%+v trusts %v, want .9: nothing brief was asked", *s, got)
		}
	}
}
