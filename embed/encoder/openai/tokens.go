package openai

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokens estimates how many tokens a text has, rather too many than too few, without the model's own table of them: for three letters of an English
// word, or the rest of it, one; for two characters of Chinese or Japanese three, of Korean five, of an Indian script three; for everything else, digits, marks, and
// letters of other scripts, one each; for emoji, and all beyond the first 65,536 characters of Unicode, three.
//
// On news it comes to 0.9 to 1.9 times what BERT's WordPiece counts, 1.4 in the middle, and to 0.75 to 2.3 times what OpenAI's cl100k_base does, 1.2 in the middle for
// Chinese, 1.5 for English. Where it is too low the server refuses the text, and it is split further.
func Tokens(text string) int {
	halves, word := 0, 0 // in half tokens; letters of the word so far
	for _, r := range text {
		if r < utf8.RuneSelf && unicode.IsLetter(r) {
			if word%3 == 0 {
				halves += 2
			}
			word++
			continue
		}
		word = 0
		halves += halfTokens(r)
	}
	return (halves + 1) / 2
}

func halfTokens(r rune) int {
	switch {
	case r == ' ' || r == '\n' || r == '\r' || r == '\t':
		return 0
	case unicode.Is(unicode.Hangul, r):
		return 5
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana), r >= 0x3000 && r <= 0x303f, r >= 0xff00 && r <= 0xffef, r >= 0x900 && r <= 0xdff:
		return 3
	case r > 0xffff:
		return 6
	}
	return 2
}

// specials are the tokens that a model puts around each text, as BERT's [CLS] and [SEP].
const specials = 2

// split cuts a text into pieces of at most limit tokens, of which the text is the sum: after sentences where it can, else after clauses, else after
// words, else wherever the limit falls.
func split(text string, limit int) []string {
	if len(text) <= limit || Tokens(text) <= limit { // no token is shorter than a byte
		return []string{text}
	}
	return pack(text, limit, []func(string) int{sentence, clause, word, character})
}

// pack fills pieces with as many units as go into each. A unit that is too long for one is cut by the next finer rule.
func pack(text string, limit int, rules []func(string) int) []string {
	var pieces []string
	piece, room := 0, limit // bytes of the piece so far, and what may yet be added
	flush := func() {
		if piece > 0 {
			pieces = append(pieces, text[:piece])
			text = text[piece:]
		}
		piece, room = 0, limit
	}
	for piece < len(text) {
		n := rules[0](text[piece:])
		cost := Tokens(text[piece : piece+n])
		if cost > room {
			flush()
		}
		if cost > limit && len(rules) > 1 {
			pieces = append(pieces, pack(text[:n], limit, rules[1:])...)
			text = text[n:]
			continue
		}
		piece, room = piece+n, room-cost
	}
	flush()
	return pieces
}

// sentence is the length of the first sentence of a text, with the quotation marks and the space after it.
func sentence(text string) int { return unit(text, "。！？!?…\n", ".") }

// clause is the same of a clause.
func clause(text string) int { return unit(text, "，、；：;\n", ",:") }

// word is the same of a word.
func word(text string) int { return unit(text, " \t\n\u3000", "") }

// character is the same of a character.
func character(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	return n
}

// unit is the length of a text up to one of the ends, or up to one of the ends that count only before a space: 3.14 and akin.go are not cut.
func unit(text, ends, spacedEnds string) int {
	for i, r := range text {
		after := i + character(text[i:])
		if !strings.ContainsRune(ends, r) && !strings.ContainsRune(spacedEnds, r) {
			continue
		}
		rest := strings.TrimLeft(text[after:], "。！？!?….”’」』）)\"'")
		body := strings.TrimLeftFunc(rest, unicode.IsSpace)
		if strings.ContainsRune(ends, r) || len(body) < len(rest) {
			return len(text) - len(body)
		}
	}
	return len(text)
}

// halves cuts a text that is too long near its middle, or tells that it is too short for that.
func halves(text string) ([]string, bool) {
	limit := (Tokens(text) + 1) / 2
	if limit < minText {
		return nil, false
	}
	pieces := split(text, limit)
	return pieces, len(pieces) > 1
}
