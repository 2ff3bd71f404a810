package encoder

import (
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/google/go-cmp/cmp"
)

// score is what a store says of a query and a document before it knows how rare the terms are.
func score(query, document akin.SparseVector) (sum float32) {
	for i, index := range query.Indices {
		if j, found := slices.BinarySearch(document.Indices, index); found {
			sum += query.Values[i] * document.Values[j]
		}
	}
	return sum
}

func TestLexicalFinds(t *testing.T) {
	tests := []struct{ name, query, near, far string }{
		{
			name:  "two rare words over many common ones, before document frequencies damp these further",
			query: "what did the minister say about the dredger of Ostby",
			near:  "Ostby resigned over the dredger",
			far:   "what the mayor did say about the glacier",
		},
		{
			name:  "compounds with and without their hyphen",
			query: "followup on Covid19",
			near:  "a follow-up, and Covid-19",
			far:   "a following of coverage",
		},
		{
			name:  "characters in their order",
			query: "国会",
			near:  "国会",
			far:   "会国",
		},
		{
			name:  "the shorter of two that hold it",
			query: "dredger",
			near:  "the dredger sank",
			far:   "the dredger sank while eleven sailors from three islands watched and one of them wrote a song",
		},
		{
			name:  "more occurrences",
			query: "dredger",
			near:  "the dredger, the dredger",
			far:   "the dredger, the glacier",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := Ask(tt.query).Lexical
			if near, far := score(q, Lexical(tt.near)), score(q, Lexical(tt.far)); near <= far {
				t.Errorf("query %q\nnear  %.3f %q\nfar   %.3f %q", tt.query, near, tt.near, far, tt.far)
			}
		})
	}
}

// TestLexicalOfTwiceTheText holds that a text said twice is hardly more alike to itself than said once.
func TestLexicalOfTwiceTheText(t *testing.T) {
	for _, text := range []string{report, reportZH} {
		once, twice := Lexical(text), Lexical(text+"\n"+text)
		if same, other := score(once, once), score(once, twice); other < 0.9*same || other > 1.3*same {
			t.Errorf("a text scores %.2f against itself, and %.2f against itself said twice", same, other)
		}
	}
}

func TestKeys(t *testing.T) {
	long := strings.Repeat(report+reportZH, 3)
	w := Weigh(long)
	if diff := cmp.Diff(Lexical(long), w.Lexical); diff != "" {
		t.Errorf("Weigh makes another vector than Lexical (-want +got):\n%s", diff)
	}
	if len(w.Keys.Indices) != maxKeys || len(w.Lexical.Indices) <= maxKeys {
		t.Fatalf("%d keys of %d terms, want %d", len(w.Keys.Indices), len(w.Lexical.Indices), maxKeys)
	}
	for i, index := range w.Keys.Indices {
		j, found := slices.BinarySearch(w.Lexical.Indices, index)
		if !found || w.Lexical.Values[j] != w.Keys.Values[i] {
			t.Errorf("key %d weighs %v, which is not its weight in the whole", index, w.Keys.Values[i])
		}
	}
	the := Lexical("the").Indices[0]
	if _, found := slices.BinarySearch(w.Keys.Indices, the); found {
		t.Error("the is among the keys of a long report")
	}
	if w := Weigh("dredger"); !cmp.Equal(w.Lexical, w.Keys) {
		t.Errorf("the keys of one word are %v, want the word", w.Keys)
	}
}

// TestAsked holds that function words tell less in a text that is typed, and that the same text is recognised all the same.
func TestAsked(t *testing.T) {
	const text = "what did the minister say about the dredger"
	asked, stored := Ask(text), Lexical(text)
	if diff := cmp.Diff(stored, asked.Stored); diff != "" {
		t.Errorf("Stored is another vector than Lexical (-want +got):\n%s", diff)
	}
	if words := Words(text); asked.Words != words {
		t.Errorf("%d words, want %d", asked.Words, words)
	}
	share := func(v akin.SparseVector, word string) float32 {
		return score(v, Lexical(word)) / score(v, Lexical("dredger"))
	}
	for _, word := range []string{"what", "did", "the"} {
		if a, s := share(asked.Lexical, word), share(stored, word); a >= s {
			t.Errorf("%q tells %.2f of what dredger does where it is asked, %.2f where it is stored", word, a, s)
		}
	}
}

// TestScripts holds that a text says the same in traditional and in simplified characters.
func TestScripts(t *testing.T) {
	traditional, simplified := Lexical("雲河大橋將於5月關閉，市長趙若蘭說"), Lexical("云河大桥将于5月关闭，市长赵若兰说")
	if diff := cmp.Diff(simplified, traditional); diff != "" {
		t.Errorf("(-simplified +traditional):\n%s", diff)
	}
}

func TestLexicalOfNothingIsEmpty(t *testing.T) {
	for _, text := range []string{"", " \n", "……！", "\xff"} {
		if v := Lexical(text); len(v.Indices) != 0 || len(v.Values) != 0 {
			t.Errorf("Lexical(%q) = %v", text, v)
		}
	}
}

func TestTerms(t *testing.T) {
	got := Terms("云 5月，Ｏ’Neil's G-20")
	type term struct {
		Text       string
		Start, End int
	}
	want := []term{
		{"云", 0, 1},
		{"5", 2, 3},
		{"月", 3, 4},
		{"5月", 2, 4},
		{"Ｏ", 5, 6},
		{"Neil", 7, 11},
		{"G", 14, 15},
		{"20", 16, 18},
		{"G-20", 14, 18},
	}
	var terms []term
	for _, g := range got {
		terms = append(terms, term{g.Text, g.Start, g.End})
	}
	if diff := cmp.Diff(want, terms); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
