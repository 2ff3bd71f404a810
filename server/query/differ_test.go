package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDifferences(t *testing.T) {
	tests := []struct {
		name, seed, match string
		want              []Difference
	}{
		{name: "the same", seed: "大坝在5月完工", match: "大坝5月完工"},
		{name: "another number", seed: "The dam cost 40 million", match: "The dam cost 70 million", want: []Difference{{Numbers, []string{"40"}, []string{"70"}}}},
		{name: "a number that one leaves out", seed: "The dam cost 40 million", match: "The dam was dear"},
		{name: "a denial", seed: "We will build the dam", match: "We won't build the dam", want: []Difference{{Negation, nil, []string{"won't"}}}},
		{name: "a denial in Chinese", seed: "大坝不会修建", match: "大坝将会修建", want: []Difference{{Negation, []string{"不"}, nil}}},
		{name: "words that deny nothing", seed: "不仅南非，未来的大坝也非常不错", match: "不仅南非，未来的大坝也非常不错"},
		{name: "words that hold a character that denies", seed: "不断修建大坝", match: "修建大坝"},
		{name: "both deny", seed: "He never said so", match: "He did not say so"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, differences(tt.seed, tt.match)); diff != "" {
				t.Errorf("%q and %q (-want +got):\n%s", tt.seed, tt.match, diff)
			}
		})
	}
}
