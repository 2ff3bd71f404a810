package statement

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token of an English text: a word, a mark, or a whole quotation.
type token struct {
	text  string // lower case; of a quotation, nothing
	word  string // as printed, of a word
	start int    // in runes
	end   int
	quote *quotation
	*lexeme
}

func (t token) isWord() bool { return t.word != "" }

// capital reports whether a token is a word with a capital first letter.
func (t token) capital() bool {
	for _, r := range t.word {
		return unicode.IsUpper(r)
	}
	return false
}

// abbreviations end in a full stop without ending a sentence.
var abbreviations = set(strings.Fields(`mr mrs ms dr prof st sr jr messrs mme gen col maj capt lt sgt cpl rev fr hon gov sen rep pres sec amb supt insp det adm cmdr
	jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thurs fri sat sun vs etc e.g i.e cf no nos vol fig p pp inc ltd co corp dept est approx ave blvd rd mt ft a.m p.m
	ala ariz ark calif colo conn del fla ga ill ind kan ky la md mass mich minn miss mo mont neb nev n.h n.j n.m n.y n.c n.d okla ore pa r.i s.c s.d tenn tex vt va wash w.va wis wyo u.s u.k u.n e.u d.c u.s.a ph.d b.a m.a m.d`))

// starters are words that begin a sentence behind an abbreviation that can end one: in the U.S. He said.
var starters = set(strings.Fields(`the he she it they we i this that these those there but and in on at a an his her its their when while after before as if so yet however`))

// tokensOf splits an English text into words and marks. What stands in brackets is left out: it is no part of the
// sentence. source is the text as a string, of which the words are parts.
func tokensOf(text []rune, source string) []token {
	all := make([]token, 0, len(text)/5+2)
	at := 0 // of text[i] in source
	for i := 0; i < len(text); {
		r := text[i]
		end := i + 1
		switch {
		case r == '(' || r == '[':
			// Gov. John Hale (R-OH) said.
			if e := bracketEnd(text, i, len(text)); e > 0 {
				end = e
			} else {
				all = append(all, token{text: source[at : at+1], start: i, end: end, lexeme: &noLexeme})
			}
		case r == '\'' || unicode.IsSpace(r): // half of a '' that opens or closes a quotation
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			end = wordEnd(text, i, len(text))
			word := source[at : at+byteLength(text[i:end])]
			lower := lowered(word)
			all = append(all, token{text: lower, word: word, start: i, end: end, lexeme: lexemeOf(lower)})
		default:
			all = append(all, token{text: source[at : at+utf8.RuneLen(r)], start: i, end: end, lexeme: &noLexeme})
		}
		at += byteLength(text[i:end])
		i = end
	}
	return all
}

func byteLength(text []rune) int {
	n := 0
	for _, r := range text {
		n += utf8.RuneLen(r)
	}
	return n
}

// withQuotes puts the quotations of a text of some length in the place of the tokens within them, from a place on.
func withQuotes(flat []token, quotes []quotation, start, length int) []token {
	if len(quotes) == 0 {
		from, _ := slices.BinarySearchFunc(flat, start, func(t token, place int) int { return t.start - place })
		return flat[from:len(flat):len(flat)]
	}
	all := make([]token, 0, len(flat))
	next := 0
	for i := 0; i < len(flat); {
		for next < len(quotes) && quotes[next].open < start {
			next++
		}
		if next < len(quotes) && quotes[next].open <= flat[i].start {
			q := &quotes[next]
			end := min(q.close+1, length)
			all = append(all, token{start: q.open, end: end, quote: q, lexeme: &noLexeme})
			for i < len(flat) && flat[i].start < end {
				i++
			}
			next++
			continue
		}
		if flat[i].start >= start {
			all = append(all, flat[i])
		}
		i++
	}
	return all
}

// lowered is a word in lower case; most words are already.
func lowered(word string) string {
	for i := range len(word) {
		if c := word[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return strings.ToLower(word)
		}
	}
	return word
}

// bracketEnd returns the place behind the bracket that closes the one at place i, or 0 if that is not near.
func bracketEnd(text []rune, i, limit int) int {
	const farthest = 120
	for j := i + 1; j < min(limit, i+farthest); j++ {
		switch text[j] {
		case closingBracket[text[i]]:
			return j + 1
		case '“', '"', '”':
			return 0
		}
	}
	return 0
}

var closingBracket = map[rune]rune{'(': ')', '[': ']'}

// wordEnd returns the end of the word that begins at i: letters, digits, what joins them, and the full stop of an
// abbreviation or an initial.
func wordEnd(text []rune, i, limit int) int {
	end := i
	for end < limit {
		r := text[end]
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			end++
			continue
		}
		inner := end+1 < limit && (unicode.IsLetter(text[end+1]) || unicode.IsDigit(text[end+1]))
		if inner && (r == '\'' || r == '’' || r == '-' || r == '.' || r == ',' && unicode.IsDigit(text[end-1]) && unicode.IsDigit(text[end+1])) {
			end++
			continue
		}
		break
	}
	if end < limit && text[end] == '.' {
		word := strings.ToLower(string(text[i:end]))
		initial := end-i == 1 && unicode.IsUpper(text[i])
		if dash := strings.LastIndexByte(word, '-'); dash > 0 && end+1 < limit {
			word = word[dash+1:] // of a member of a party: R-Ky.
		}
		if initial || abbreviations[word] && end+1 < limit || strings.Contains(word, ".") && !strings.ContainsFunc(word, unicode.IsDigit) && len(word) <= 6 {
			end++
		}
	}
	return end
}

// englishQuotes finds the quotations of an English text: between “ and ”, between straight marks, and between single
// ones where a text has no others. One that is not closed reaches to the end.
func englishQuotes(text []rune) []quotation {
	var quotes []quotation
	single, any := true, false
	for i, r := range text {
		switch r {
		case '“', '”', '"', '‘':
			any = true
			single = single && r == '‘'
		case '\'':
			if doubled(text, i) {
				any, single = true, false
			}
		}
	}
	if !any {
		return nil
	}
	open := -1
	for i, r := range text {
		switch r {
		case '“', '”', '"', '‘', '’', '\'':
		default:
			continue
		}
		before := i == 0 || unicode.IsSpace(text[i-1]) || strings.ContainsRune("(—–-[", text[i-1])
		behind := i+1 == len(text) || !unicode.IsLetter(text[i+1]) && !unicode.IsDigit(text[i+1])
		switch {
		case doubled(text, i) && open < 0:
			open = i + 1
		case doubled(text, i) && open != i && text[open] == '\'':
			quotes = append(quotes, quotation{open, i})
			open = -1
		case r == '\'':
		case open < 0 && (r == '“' || r == '"' && (before || i+1 < len(text) && !unicode.IsSpace(text[i+1]))):
			open = i
		case open < 0 && r == '”' && before && i+1 < len(text) && unicode.IsLetter(text[i+1]): // mistyped
			open = i
		case open < 0 && single && r == '‘' && before:
			open = i
		case open >= 0 && (r == '”' || r == '"') && text[open] != '‘',
			open >= 0 && text[open] == '‘' && r == '’' && behind && i > 0 && strings.ContainsRune(",.!?…", text[i-1]):
			quotes = append(quotes, quotation{open, i})
			open = -1
		}
	}
	if open >= 0 && text[open] != '‘' {
		quotes = append(quotes, quotation{open, len(text)})
	}
	return quotes
}

// doubled reports whether at place i stand two straight single marks for a double one, as some archives print them.
func doubled(text []rune, i int) bool {
	return i+1 < len(text) && text[i] == '\'' && text[i+1] == '\'' && (i == 0 || text[i-1] != '\'')
}

// sentenceEnds returns, of the tokens of an English text, the number of tokens up to the end of each sentence.
func sentenceEnds(text []rune, tokens []token) []int {
	var ends []int
	for i, t := range tokens {
		last := i+1 == len(tokens)
		switch {
		case last:
		case t.quote != nil:
			inner := t.quote.inner()
			if inner.end <= inner.start || !strings.ContainsRune(".!?", lastMark(text, inner)) || !begins(tokens[i+1]) {
				continue
			}
		case t.text == "." || t.text == "!" || t.text == "?":
			if !begins(tokens[i+1]) {
				continue
			}
		case t.isWord() && strings.HasSuffix(t.text, ".") && len(t.text) > 2 && !lexicon[strings.TrimSuffix(t.text, ".")].is(title):
			if !tokens[i+1].capital() || !starters[tokens[i+1].text] {
				continue
			}
		default:
			continue
		}
		ends = append(ends, i+1)
	}
	return ends
}

// begins reports whether a sentence can begin with a token.
func begins(t token) bool {
	if t.quote != nil {
		return true
	}
	if t.isWord() {
		return t.capital() || unicode.IsDigit([]rune(t.word)[0])
	}
	return t.text == "(" || t.text == "[" || t.text == "‘" || t.text == "—" || t.text == "“" || t.text == "\""
}

// englishSentences splits a part of an English text at the ends of its sentences. flat are the tokens of the text.
func englishSentences(text []rune, flat []token, part span) []span {
	before := func(t token, place int) int { return t.start - place }
	from, _ := slices.BinarySearchFunc(flat, part.start, before)
	to, _ := slices.BinarySearchFunc(flat, part.end, before)
	tokens := flat[from:to]
	var all []span
	from = 0
	for _, end := range sentenceEnds(text, tokens) {
		// A closing mark behind the full stop belongs to it.
		to := min(tokens[end-1].end, part.end)
		for to < part.end && (isClosing(text[to]) || text[to] == '"' || text[to] == '\'') {
			to++
		}
		if s := (span{tokens[from].start, to}).trim(text); s.hasWords(text) {
			all = append(all, s)
		}
		from = end
	}
	return all
}
