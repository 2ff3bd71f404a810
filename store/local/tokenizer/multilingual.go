package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The multilingual tokenizer does what the library charabia 0.9.7 does with the features that Qdrant builds it with. A text
// is cut into runs of one script, a run at separators into pieces, and a piece of Chinese into the words of a dictionary.
// There is no dictionary of Japanese or Thai here: of those, every two neighbours are a token.

func multilingual(text string, yield func(string)) {
	if mostlyJapanese(text) {
		eachPiece(text, func(piece string) { cutJapanese(piece, yield) })
		return
	}
	eachRun(text, func(s script, run string) {
		cut := cutterOf(s, run)
		eachPiece(run, func(piece string) {
			cut(piece, func(word string) {
				if word = normalize(word, s); strings.ContainsFunc(word, alphabetic) {
					yield(word)
				}
			})
		})
	})
}

// eachRun yields runs of one script. What belongs to no script belongs to the run before it.
func eachRun(text string, yield func(script, string)) {
	start, current := 0, other
	for i, r := range text {
		s := scriptOf(r)
		if s == other || s == current {
			continue
		}
		if current != other {
			yield(current, text[start:i])
			start = i
		}
		current = s
	}
	yield(current, text[start:])
}

// eachPiece yields what stands between separators.
func eachPiece(run string, yield func(string)) {
	for piece := range strings.FieldsFuncSeq(run, separator) {
		yield(piece)
	}
}

// mathematical are the signs of Unicode's class Sm that separate.
var mathematical = table('+', '+', '±', '±', '×', '×', '÷', '÷', 0x2212, 0x2225, 0x2227, 0x228D, 0x228F, 0x22FF)

// inside are spaces and punctuation that do not separate: among them the no-break spaces and hyphens.
const inside = "\u00A0\u037E\u0387\u061D\u066B\u066C\u0F0C\u1B7D\u1B7E\u2000\u2001\u2011\u2028\u202F\u205F\u2329\u232A"

func separator(r rune) bool {
	switch {
	case r == 0 || r == '\t' || r == '\n' || r == '\r' || r == '`' || r == 0x200C:
		return true
	case r >= 0x2E53 && r <= 0x2E5D || strings.ContainsRune(inside, r):
		return false
	}
	return unicode.In(r, unicode.P, unicode.Zs, unicode.Zp, mathematical)
}

// cutterOf returns what cuts the pieces of a run into words.
func cutterOf(s script, run string) func(piece string, yield func(string)) {
	switch s {
	case chinese:
		if !japanese(run) {
			return cutChinese
		}
	case thai:
		return pairs
	case arabicScript:
		return cutArabic
	}
	return func(piece string, yield func(string)) { yield(piece) }
}

// cutArabic cuts off the article.
func cutArabic(piece string, yield func(string)) {
	for _, article := range []string{"ال", "أل", "إل", "آل", "ٱل"} {
		if noun, ok := strings.CutPrefix(piece, article); ok && noun != "" {
			yield(article)
			yield(noun)
			return
		}
	}
	yield(piece)
}

// normalize makes the forms of a word equal: composed and decomposed, of two widths, with marks and, in scripts that have
// them, capital letters.
func normalize(word string, s script) string {
	if s == latin && isASCII(word) {
		return strings.ToLower(word)
	}
	word = norm.NFKD.String(word)
	unmarked := s == latin || s == greek || s == arabicScript || s == hebrew || s == thai
	word = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || unmarked && unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, word)
	switch s {
	case latin:
		return ligatures.Replace(strings.ToLower(word))
	case greek:
		word = strings.ToLower(word)
		if stem, ok := strings.CutSuffix(word, "ς"); ok {
			return stem + "σ"
		}
	case cyrillic, georgian, armenian:
		return strings.ToLower(word)
	case arabicScript:
		return arabicLetters.Replace(word)
	}
	return word
}

var (
	ligatures     = strings.NewReplacer("œ", "oe", "æ", "ae")
	arabicLetters = strings.NewReplacer("ـ", "", "أ", "ا", "إ", "ا", "آ", "ا", "ٱ", "ا", "ى", "ي", "ة", "ه")
)

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// pairs yields every two neighbours of a run, or the one character that it is.
func pairs(run string, yield func(string)) {
	runes := []rune(run)
	if len(runes) == 1 {
		yield(run)
		return
	}
	for i := range runes[1:] {
		yield(string(runes[i : i+2]))
	}
}

// cutJapanese cuts a piece of a text that is Japanese as a whole. Qdrant leaves the forms of its words as they are.
func cutJapanese(piece string, yield func(string)) {
	eachRun(piece, func(s script, part string) {
		switch {
		case s == chinese:
			pairs(part, yield)
		case strings.ContainsFunc(part, alphabetic):
			yield(part)
		}
	})
}

// characters yields the single characters of what is cut into neighbours, so that one alone is found as well.
func characters(text string, yield func(string)) {
	whole := mostlyJapanese(text)
	eachRun(text, func(s script, run string) {
		if s != thai && (s != chinese || !whole) {
			return
		}
		for _, r := range run {
			if scriptOf(r) == s {
				yield(string(r))
			}
		}
	})
}
