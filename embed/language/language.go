// Package language tells the language of a text from its letters and commonest words.
// It names a language only when the text leaves no doubt, and otherwise says nothing: a short Latin text
// stays without a language, since "in", "was" and "of" are words of several.
package language

import (
	"strings"
	"unicode"
)

// Of returns the BCP 47 primary tag of text's language: "zh", "ja", "ko", "ru" or "en", and "" for every other
// and for a text too short to be sure of.
func Of(text string) string {
	c := count(text)
	ideographic := c.han + c.kana
	// A Latin word carries about as much as two ideographs, so letters are weighed four to one.
	switch other := (c.latin + c.cyrillic) / 4; {
	case c.hangul > ideographic && c.hangul > other:
		return "ko"
	case ideographic > other && ideographic >= 2:
		// Japanese has kana between its ideographs everywhere; Chinese at most quotes a word of it.
		if c.kana*10 >= ideographic {
			return "ja"
		}
		return "zh"
	case c.cyrillic > c.latin:
		if c.russian && !c.otherCyrillic {
			return "ru"
		}
	case english(text):
		return "en"
	}
	return ""
}

type letters struct {
	han, kana, hangul, cyrillic, latin int
	russian                            bool // letters that Bulgarian, Serbian and Ukrainian lack
	otherCyrillic                      bool // letters that Russian lacks
}

func count(text string) letters {
	var c letters
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				c.latin++
			}
		case unicode.Is(unicode.Han, r):
			c.han++
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			c.kana++
		case unicode.Is(unicode.Hangul, r):
			c.hangul++
		case unicode.Is(unicode.Cyrillic, r):
			c.cyrillic++
			switch lower := unicode.ToLower(r); {
			case strings.ContainsRune("ыэё", lower):
				c.russian = true
			case (lower < 'а' || lower > 'я') && lower != 'ё':
				c.otherCyrillic = true
			}
		case unicode.Is(unicode.Latin, r):
			c.latin++
		}
	}
	return c
}

// functionWords are words that every English text is full of and that no other language shares.
var functionWords = map[string]bool{
	"the": true, "and": true, "that": true, "with": true, "for": true, "from": true, "this": true, "have": true,
	"has": true, "were": true, "are": true, "which": true, "their": true, "by": true, "been": true, "would": true,
	"said": true, "they": true, "it": true, "its": true, "had": true, "will": true, "to": true,
}

// english reports whether at least three function words stand in text, and one word in ten is one.
func english(text string) bool {
	words, hits, seen := 0, 0, map[string]bool{}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		words++
		if word = strings.ToLower(word); functionWords[word] {
			hits++
			seen[word] = true
		}
	}
	return len(seen) >= 3 && hits*10 >= words
}
