package encoder

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestShared(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       []string // the most telling first
	}{
		{
			name: "names stay whole",
			a:    "the harbour of Ostby was closed by Ann Brennick",
			b:    "Ann Brennick reopened it on Ostby's day",
			want: []string{"Ann Brennick", "Ostby"},
		},
		{
			name: "words that stand apart in one of them are no phrase",
			a:    "dredger captain",
			b:    "the captain, the dredger",
			want: []string{"dredger", "captain"},
		},
		{
			name: "other forms are the same word, and read as in the first text",
			a:    "two Ferries sank",
			b:    "a ferry burned",
			want: []string{"Ferries"},
		},
		{
			name: "function words alone are nothing",
			a:    "it was what he had been with",
			b:    "what had he been with, and was it",
			want: nil,
		},
		{
			name: "Chinese names come out as runs, without the characters that hold the sentence together",
			a:    "赵若兰的云河大桥",
			b:    "云河大桥上，赵若兰的车",
			want: []string{"赵若兰", "云河大桥"},
		},
		{
			name: "a single shared character is nothing",
			a:    "桥墩",
			b:    "大桥",
			want: nil,
		},
		{
			name: "dates in Chinese",
			a:    "5月19日开工",
			b:    "于5月19日竣工",
			want: []string{"5月19日"},
		},
		{
			name: "figures however they are written",
			a:    "20,000 guests",
			b:    "２００００人",
			want: []string{"20,000"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range Shared(tt.a, tt.b, 0) {
				got = append(got, s.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Shared(%q, %q) (-want +got):\n%s", tt.a, tt.b, diff)
			}
		})
	}
}

func TestSharedSpans(t *testing.T) {
	a, b := "Ostby: the mayor of Ostby", "云河 Ostby，Ｏstby"
	got := Shared(a, b, 1)
	want := []SharedTerm{{Text: "Ostby", Weight: 1, A: []Span{{0, 5}, {20, 25}}, B: []Span{{3, 8}, {9, 14}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Shared(%q, %q) (-want +got):\n%s", a, b, diff)
	}
}

func TestSharedLimit(t *testing.T) {
	if got := Shared("dredger, glacier, harbour", "glacier; dredger; harbour", 2); len(got) != 2 {
		t.Errorf("got %d terms, want 2: %v", len(got), got)
	}
}

// FuzzShared holds as well that the terms of a line do not depend on the line before it.
func FuzzShared(f *testing.F) {
	for i, s := range seeds {
		f.Add(s, seeds[(i+1)%len(seeds)])
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		together := Lexical(a + "\n" + b).Indices
		apart := slices.Concat(Lexical(a).Indices, Lexical(b).Indices)
		slices.Sort(apart)
		if diff := cmp.Diff(slices.Compact(apart), together, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("lines %q and %q have other terms together than apart (-apart +together):\n%s", a, b, diff)
		}
		runes := []rune(a)
		last := float32(1e9)
		for _, s := range Shared(a, b, 0) {
			if len(s.A) == 0 || len(s.B) == 0 || !(s.Weight > 0) || s.Weight > last {
				t.Fatalf("Shared(%q, %q): %+v after weight %v", a, b, s, last)
			}
			last = s.Weight
			if got := string(runes[s.A[0].Start:s.A[0].End]); got != string([]rune(s.Text)) {
				t.Fatalf("Shared(%q, %q): %q, but its span says %q", a, b, s.Text, got)
			}
			for _, span := range s.B {
				if span.Start >= span.End || span.End > len([]rune(b)) {
					t.Fatalf("Shared(%q, %q): span %v", a, b, span)
				}
			}
		}
	})
}
