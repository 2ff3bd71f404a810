package statement

import (
	"strings"
	"unicode"
)

// A token of an English text: a word, a mark, or a whole quotation.
type token struct {
	text  string // lower case; of a quotation, nothing
	word  string // as printed, of a word
	start int    // in runes
	end   int
	quote *quotation
	lexeme
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

// tokensOf splits an English text into tokens; each of the quotations is one.
func tokensOf(text []rune, part span, quotes []quotation) []token {
	var all []token
	next := 0
	for i := part.start; i < part.end; {
		for next < len(quotes) && quotes[next].open < i {
			next++
		}
		if next < len(quotes) && quotes[next].open == i {
			q := quotes[next]
			end := min(q.close+1, part.end)
			all = append(all, token{start: i, end: end, quote: &quotes[next]})
			i = end
			continue
		}
		r := text[i]
		if unicode.IsSpace(r) {
			i++
			continue
		}
		if r == '(' || r == '[' {
			// What stands in brackets is no part of the sentence: Gov. John Hale (R-OH) said.
			if end := bracketEnd(text, i, part.end); end > 0 {
				i = end
				continue
			}
		}
		if r == '\'' {
			i++ // half of a '' that opens or closes a quotation
			continue
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			all = append(all, token{text: string(r), start: i, end: i + 1})
			i++
			continue
		}
		end := wordEnd(text, i, part.end)
		word := string(text[i:end])
		lower := strings.ToLower(word)
		all = append(all, token{text: lower, word: word, start: i, end: end, lexeme: lexicon[lower]})
		i = end
	}
	return all
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
	single := true
	for i, r := range text {
		if r == '“' || r == '"' || doubled(text, i) {
			single = false
		}
	}
	open := -1
	for i, r := range text {
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
			if inner.end <= inner.start || !strings.ContainsRune(".!?", text[inner.end-1]) || !begins(tokens[i+1]) {
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

// englishSentences splits a part of an English text at the ends of its sentences.
func englishSentences(text []rune, part span) []span {
	tokens := tokensOf(text, part, nil)
	var all []span
	from := 0
	for _, end := range sentenceEnds(text, tokens) {
		// A closing mark behind the full stop belongs to it.
		to := tokens[end-1].end
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
