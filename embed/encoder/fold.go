package encoder

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class is what a folded rune means to the scanner.
type class uint8

const (
	gap        class = iota // ends whatever stands before it: punctuation, symbols, line feeds
	space                   // parts words that may still belong together
	letter                  // of a script that parts its words with spaces
	digit                   // 0 to 9
	glyph                   // of a script that does not: a term by itself, and with its neighbours
	hyphen                  //
	apostrophe              //
	dot                     // inside 3.5 and U.S.
	comma                   // inside 20,000
	ignored                 // marks and invisible characters: as if they were not there
)

// ascii classes the runes that need no folding but lower case.
var ascii = func() (t [utf8.RuneSelf]class) {
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			t[c] = letter
		case '0' <= c && c <= '9':
			t[c] = digit
		}
	}
	t[' '], t['\t'], t['-'], t['\''], t['.'], t[','] = space, space, hyphen, apostrophe, dot, comma
	return t
}()

// Letters between the first and the last of these are folded by table; the rest are rare enough for the long way.
const (
	firstFolded = 0x00C0 // À
	lastFolded  = 0x052F // the end of Cyrillic
)

var folded = func() (t [lastFolded - firstFolded + 1]string) {
	for i := range t {
		t[i] = fold(string(rune(firstFolded + i)))
	}
	return t
}()

// unfolded holds the letters whose folding Unicode's compatibility forms do not tell.
var unfolded = strings.NewReplacer(
	"ß", "ss", "ẞ", "ss", "ς", "σ", "ı", "i", "ø", "o", "đ", "d", "ł", "l", "æ", "ae", "œ", "oe", "ħ", "h", "ð", "d", "þ", "th",
)

// fold returns text in the form in which terms are compared: compatibility forms and width are undone, case is lowered, and
// the accents of Latin, Greek and Cyrillic letters are taken off, since writers leave them out as often as not.
// It folds one whole normalisation segment at a time.
func fold(text string) string {
	text = strings.Map(func(r rune) rune {
		if 0x0300 <= r && r <= 0x036F {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
	return norm.NFC.String(unfolded.Replace(text))
}

// classOf classes a rune beyond ASCII; r has been folded.
func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		return ascii[r]
	case firstHan <= r && r <= lastHan:
		return glyph
	case 0x3001 <= r && r <= 0x3003, 0x3008 <= r && r <= 0x301F:
		return gap
	case r == '’', r == 'ʼ', r == '‘':
		return apostrophe
	case 0x2010 <= r && r <= 0x2012, r == 0x2212:
		return hyphen
	case r == 0x30FC, unicode.In(r, glyphScripts...): // ー belongs to no script
		return glyph
	case unicode.IsLetter(r):
		return letter
	case unicode.IsDigit(r):
		return letter // digits of other scripts, which compatibility forms leave alone: words, not numbers
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc):
		if r < 0x0590 || 0x1AB0 <= r && r <= 0x1AFF || 0x1DC0 <= r && r <= 0x20FF || 0x3099 <= r && r <= 0x309A || r >= 0xFE00 {
			return ignored // marks on Latin, Greek and Cyrillic letters, on symbols and on kana
		}
		return letter // a vowel sign of an Indic script is part of its word
	case unicode.In(r, unicode.Cf, unicode.Variation_Selector):
		return ignored
	case unicode.Is(unicode.Zs, r):
		return space
	}
	return gap
}

// glyphScripts part their words by nothing, or (Hangul) glue to them what other languages set apart.
var glyphScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}
