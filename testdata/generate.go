package testdata

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/akinserver/akin"
)

// Generated yields n articles of ten paragraphs and about 1,500 characters each, always the same ones, for measuring at sizes that no sample has. Words are
// as frequent as in a language (Zipf), some twenty articles tell one story and share its rare words, every tenth story is in Chinese characters, and every
// article quotes a speaker twice. They say nothing.
func Generated(n int) iter.Seq[akin.Article] {
	return func(yield func(akin.Article) bool) {
		for i := range n {
			if !yield(generated(i)) {
				return
			}
		}
	}
}

// The proportions of generated articles.
const (
	storySize      = 20
	vocabulary     = 60_000
	storyWords     = 40
	paragraphs     = 10
	paragraphRunes = 150
)

func generated(i int) akin.Article {
	// The articles of a story lie far apart, as they do in an archive.
	story := i / storySize
	own := rand.New(rand.NewPCG(1, uint64(i)))
	shared := rand.New(rand.NewPCG(2, uint64(story)))
	words := english
	if story%10 == 0 {
		words = chinese
	}
	var telling []string
	for range storyWords {
		telling = append(telling, words.word(2_000+shared.IntN(vocabulary-2_000)))
	}
	speaker := words.name(shared.IntN(5_000))
	a := akin.Article{
		ID: fmt.Sprintf("generated/%07d", i), Language: words.language, Source: fmt.Sprintf("Source %d", own.IntN(50)),
		Title:         words.text(own, telling, 40),
		PublishedDate: time.Date(1990, 1, 1+own.IntN(12_000), 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
	}
	for p := range paragraphs {
		text := words.text(own, telling, paragraphRunes)
		if p%5 == 2 {
			text = fmt.Sprintf(words.quote, speaker, words.text(own, telling, paragraphRunes-20))
		}
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: text})
	}
	a.Place()
	return a
}

// script makes words by their rank.
type script struct {
	language, between, end, quote string
	word                          func(rank int) string
	name                          func(n int) string
}

var english = script{
	language: "en", between: " ", end: ".", quote: "%s said that %s",
	word: func(rank int) string { return syllables(rank+30, "bdfgklmnprstvz", "aeiou") },
	name: func(n int) string {
		return strings.ToUpper(syllables(n+100, "BDFGKLMNPRSTVZ", "aeiou")[:1]) + syllables(n+100, "bdfgklmnprstvz", "aeiou")[1:] + " Merrow"
	},
}

var chinese = script{
	language: "zh", end: "。", quote: "%s表示，%s",
	word: func(rank int) string { return glyphs(rank, 2) },
	name: func(n int) string { return "林" + glyphs(n, 2) },
}

func syllables(n int, consonants, vowels string) string {
	var out strings.Builder
	for n > 0 {
		pair := n % (len(consonants) * len(vowels))
		out.WriteByte(consonants[pair/len(vowels)])
		out.WriteByte(vowels[pair%len(vowels)])
		n /= len(consonants) * len(vowels)
	}
	return out.String()
}

func glyphs(n, length int) string {
	const first, count = 0x4E00, 4_000
	mixed := uint64(n+1) * 0x9e3779b97f4a7c15
	out := make([]rune, length)
	for i := range out {
		out[i] = rune(first + mixed>>40%count)
		mixed *= 0x9e3779b97f4a7c15
	}
	return string(out)
}

// text is of about so many runes: one word in five is one of the telling ones, the others are as common as their rank says.
func (s script) text(r *rand.Rand, telling []string, runes int) string {
	var out strings.Builder
	for n := 0; n < runes; {
		word := s.word(int(math.Exp(r.Float64()*math.Log(vocabulary))) - 1)
		if r.IntN(5) == 0 {
			word = telling[r.IntN(len(telling))]
		}
		if n > 0 {
			out.WriteString(s.between)
		}
		out.WriteString(word)
		n += len([]rune(word)) + len(s.between)
	}
	return out.String() + s.end
}
