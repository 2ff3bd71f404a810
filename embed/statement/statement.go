// Package statement finds reported speech in an article: who is said to have said what, word for word or not.
// A Chinese report names its speaker once (X表示，) and lets the speech run on sentence by sentence to the end of the
// paragraph; an English one names the speaker again and again, and mostly after the words.
package statement

import (
	"strings"
	"unicode"

	"github.com/akinserver/akin"
)

// Confidence of a statement is how surely it is the speaker's, judged by how the text ties the two. The steps are
// ours; what they are worth shows in the goldens and on annotated news (see the package's tests).
const (
	named     = 0.95 // a name and a cue next to the words
	continued = 0.9  // a later sentence of the same speech
	bare      = 0.85 // a name and a cue, with nothing to part the cue from the words
	implied   = 0.8  // the subject stands earlier in the sentence
	pronoun   = 0.75 // he, she: the one person spoken of
	later     = 0.7  // a later sentence of a pronoun's speech
	thought   = 0.6  // what somebody is told to think or want: half of it is nobody's words
	unknown   = 0.5  // somebody says so, but who is not certain
)

// Version changes whenever Split reads other statements of any article: what was stored of another version is read anew.
const Version = "statements/4"

// Split returns the statements of an article in the order of its body. One statement is one sentence of reported
// speech, or one sentence inside quotation marks; it begins behind the words that introduce it (X表示，) and leaves
// out the quotation marks around it, and its punctuation is as printed.
//
// Speaker is the full name that the article gives the person anywhere, without titles; of two people who speak as one
// it is both, joined by "、" or " and ". It is empty when the text leaves any doubt who speaks. Statements have no ID:
// Article.Place numbers them.
//
// Split reads Chinese and English, paragraph by paragraph, whichever script has the more words there, and finds
// nothing in other languages.
func Split(a akin.Article) []akin.Statement {
	if a.Language == "ja" || a.Language == "ko" || a.Language == "ru" {
		return nil
	}
	var han *chinese
	var latin *english
	var all []akin.Statement
	for i, p := range a.Paragraphs {
		if len(all) >= akin.MaxStatements {
			return all[:akin.MaxStatements]
		}
		if isChinese(p.Text) {
			if han == nil {
				han = newChinese(a)
			}
			all = append(all, han.paragraph(i, p.Text)...)
			continue
		}
		if latin == nil {
			latin = newEnglish(a)
		}
		all = append(all, latin.paragraph(i, p.Text)...)
	}
	return all[:min(len(all), akin.MaxStatements)]
}

// isChinese reports whether a paragraph has more ideographs than words of letters.
func isChinese(text string) bool {
	ideographs, words, inWord := 0, 0, false
	for _, r := range text {
		const firstHan = 0x2e80
		switch {
		case r < unicode.MaxASCII: // most of an English text
			letter := 'a' <= r|0x20 && r|0x20 <= 'z'
			if letter && !inWord {
				words++
			}
			inWord = letter
		case r >= firstHan && unicode.Is(unicode.Han, r):
			ideographs++
			inWord = false
		case unicode.IsLetter(r):
			if !inWord {
				words++
			}
			inWord = true
		default:
			inWord = false
		}
	}
	return ideographs > 2*words
}

// maxEvidence bounds the text that names are looked up in, in bytes: the start of an article introduces its people.
const maxEvidence = 64 << 10

// evidence is all text of an article that may introduce a person.
func evidence(a akin.Article) string {
	var text strings.Builder
	add := func(s string) {
		if text.Len()+len(s) < maxEvidence {
			text.WriteString(s)
			text.WriteString("\n")
		}
	}
	add(a.Title)
	add(a.Subtitle)
	add(strings.Join(a.Keywords, "\n"))
	for _, c := range a.Captions {
		add(c.Text)
	}
	for _, p := range a.Paragraphs {
		add(p.Text)
	}
	return text.String()
}

// A span is a piece of a paragraph, in runes.
type span struct{ start, end int }

// trim takes white space off both ends of a span.
func (s span) trim(text []rune) span {
	for s.start < s.end && unicode.IsSpace(text[s.start]) {
		s.start++
	}
	for s.end > s.start && unicode.IsSpace(text[s.end-1]) {
		s.end--
	}
	return s
}

// hasWords reports whether a span holds anything but marks.
func (s span) hasWords(text []rune) bool {
	for _, r := range text[s.start:s.end] {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return true
		}
	}
	return false
}

// blank reports whether a span holds white space alone.
func (s span) blank(text []rune) bool {
	s = s.trim(text)
	return s.start >= s.end
}
