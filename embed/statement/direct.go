package statement

import (
	"slices"
	"strings"
	"unicode"

	"github.com/akinserver/akin"
)

// belongs reports whether the tokens behind a quotation say whose it is: she said.
func (e *english) belongs(tokens []token) bool {
	if _, ok := e.signature(tokens); ok {
		return true
	}
	const longest = 30
	for i := 0; i < min(len(tokens), longest); i++ {
		t := tokens[i]
		switch {
		case t.takes&quoted != 0 && !strings.HasSuffix(t.text, "ing"):
			if by, ok := e.before(tokens, i); ok && by.from == 0 {
				after := e.skipWhen(tokens, i+1)
				if t.takes&object != 0 && after == i+1 {
					after = e.skipWhom(tokens, after)
				}
				if after >= len(tokens) || !tokens[after].isWord() || tokens[after].is(preposition) {
					return true
				}
			}
			return i == 0
		case t.text == "." || t.quote != nil:
			return false
		}
	}
	return false
}

// announced reports whether words before the last quotation say whose it is.
func (e *english) announced(tokens []token) bool {
	for i := len(tokens) - 2; i >= 0; i-- {
		if tokens[i].takes&quoted != 0 {
			return true
		}
		if tokens[i].quote != nil {
			return false
		}
	}
	return false
}

// signature reads a name behind a dash, under a quotation: “…” — Ruth Calder, the mayor.
func (e *english) signature(tokens []token) (speakerWords, bool) {
	if len(tokens) < 3 || !dashes[tokens[0].text] || !tokens[1].capital() {
		return speakerWords{}, false
	}
	end := runEnd(tokens, 1)
	by := speakerWords{kind: person, words: tokens[1:end]}
	return by, e.certain(by.words) && (end == len(tokens) || tokens[end].text == "," && end+12 > len(tokens) || tokens[end].text == "." && end+1 == len(tokens))
}

var dashes = set(strings.Fields(`— – ― -`))

func onlyQuotes(u []token) bool {
	for _, t := range u {
		if t.isWord() {
			return false
		}
	}
	return true
}

// isSpeech reports whether a quotation is a sentence and no quoted word.
func (e *english) isSpeech(q quotation) bool {
	inner := q.inner().trim(e.text)
	return inner.end-inner.start >= 6 && strings.ContainsRune(".,!?…—", lastMark(e.text, inner))
}

// lastMark is the last character of a quotation, before the marks that close others within it: “She said, ‘Go.’”
func lastMark(text []rune, inner span) rune {
	end := inner.end
	for end > inner.start+1 && (isClosing(text[end-1]) || text[end-1] == '\'' || unicode.IsSpace(text[end-1])) {
		end--
	}
	return text[end-1]
}

// direct reads a sentence with a quotation and words that say whose it is.
func (e *english) direct(u []token) (*speech, bool) {
	for q, t := range u {
		if t.quote == nil {
			continue
		}
		by, verb, ok := e.attributedBehind(u, q)
		part := ok && e.isPart(u, q) // the dam is “a wreck,” she said
		if part && by.from < verb {
			if _, _, told := e.content(u, verb); told && !e.trails(u, verb, verb+1) || e.introduces(u, verb) {
				continue // to a question on “wrecks,” she said the dam was sound
			}
		}
		if !ok {
			by, verb, ok = e.attributedBefore(u, q)
		}
		if !ok {
			continue
		}
		if part || q < verb || !e.reportedBefore(u, &by, verb) {
			e.meet(u[:by.from])
		}
		sp := e.speechOf(by, u[verb].text)
		e.meetWords(by)
		from := 0
		if part {
			e.add(akin.Indirect, span{u[0].start, u[q].end}, sp)
			from = q + 1
		}
		for i, t := range u[from:] {
			i += from
			if t.quote != nil && (i == q || e.isSpeech(*t.quote) && !e.isName(u, i)) {
				e.quote(*t.quote, sp)
			}
		}
		if e.open != nil {
			return nil, true
		}
		e.aside(u, max(q, verb)+1, sp)
		return sp.more(), true
	}
	return nil, false
}

// isPart reports whether the quotation at place q is only a part of what is said: it begins with a small letter, and
// the sentence begins before it.
func (e *english) isPart(u []token, q int) bool {
	inner := u[q].quote.inner().trim(e.text)
	if q == 0 || !u[q-1].isWord() || introducesQuote(u[q-1]) || inner.start >= inner.end || !unicode.IsLower(e.text[inner.start]) {
		return false
	}
	return !slices.ContainsFunc(u[:q], func(t token) bool { return t.quote != nil && e.isSpeech(*t.quote) })
}

// introduces reports whether a quotation of whole sentences follows the cue at place v.
func (e *english) introduces(u []token, v int) bool {
	return v+2 < len(u) && (u[v+1].text == "," || u[v+1].text == ":") && u[v+2].quote != nil && !e.isPart(u, v+2) && e.isSpeech(*u[v+2].quote)
}

// reportedBefore reads what is told in front of the words that introduce a quotation: Asked whether it would hold, she
// said: “…” Where those have no subject of their own, it finds it there: it would, she said, adding: “…”
func (e *english) reportedBefore(u []token, by *speakerWords, verb int) bool {
	end := by.from
	adding := strings.HasSuffix(u[verb].text, "ing") && u[verb-1].text == ","
	if adding || u[verb-1].text == "and" && by.from < verb-1 {
		end, adding = verb-1, true
	}
	if end < 4 || !slices.ContainsFunc(u[:end], func(t token) bool { return t.takes != 0 }) {
		return false
	}
	e.prior = nil
	if !e.reported(u[:end]) {
		return false
	}
	if adding && e.said.kind != someone {
		*by = *e.said
	}
	return true
}

// isName reports whether the quotation at place q is the name of a thing, such as a book: it follows a word, and its own
// words have capital letters. Said on Varn Radio's “Good Morning.”
func (e *english) isName(u []token, q int) bool {
	if q == 0 || !u[q-1].isWord() || u[q-1].takes != 0 {
		return false
	}
	inner := u[q].quote.inner()
	from, _ := slices.BinarySearchFunc(e.tokens, inner.start, func(t token, place int) int { return t.start - place })
	words := 0
	for _, t := range e.tokens[from:] {
		if t.start >= inner.end {
			break
		}
		if !t.isWord() {
			continue
		}
		if words++; len(t.word) > 3 && !t.capital() || words > 12 {
			return false
		}
	}
	return words > 0
}

// announcement reads a sentence that ends its paragraph with a colon: the quotation it announces is the next one.
func (e *english) announcement(u []token) bool {
	n := len(u) - 1
	if n < 2 || u[n].text != ":" || !(span{u[n].end, len(e.text)}).blank(e.text) {
		return false
	}
	for v := n - 1; v >= max(0, n-14); v-- {
		if u[v].takes&quoted == 0 && !issues(u[v:n]) {
			continue
		}
		if by, ok := e.before(u, v); ok {
			e.meet(u[:by.from])
			e.open = e.speechOf(by, u[v].text)
			e.meetWords(by)
			return true
		}
	}
	return false
}

// attributedBehind reads the words behind the quotation at place q: “…,” said Ruth Calder.
func (e *english) attributedBehind(u []token, q int) (speakerWords, int, bool) {
	if by, ok := e.signature(u[q+1:]); ok && e.isSpeech(*u[q].quote) {
		by.from, by.to = q+1, len(u)
		return by, q + 1, true
	}
	i := q + 1
	if i < len(u) && u[i].text == "," {
		i++
	} else if !e.isSpeech(*u[q].quote) {
		return speakerWords{}, 0, false
	}
	for v := i; v < min(len(u), i+30); v++ {
		if u[v].quote != nil || u[v].text == "." || u[v].text == ";" {
			break
		}
		if !introducesQuote(u[v]) {
			continue
		}
		if v == i && strings.HasSuffix(u[v].text, "ing") {
			break
		}
		if v == i {
			by, ok := e.behind(u, v)
			return by, v, ok
		}
		if by, ok := e.before(u[i:], v-i); ok && by.from == 0 {
			by.from += i
			by.to += i
			return by, v, true
		}
		break
	}
	return speakerWords{}, 0, false
}

// attributedBefore reads the words in front of the quotation at place q: Ruth Calder told reporters: “…”
func (e *english) attributedBefore(u []token, q int) (speakerWords, int, bool) {
	if q > 0 && introducesQuote(u[q-1]) && e.isSpeech(*u[q].quote) {
		by, ok := e.before(u, q-1)
		if !ok && q > 2 && strings.HasSuffix(u[q-1].text, "ing") {
			by, ok = e.opening(u)
		}
		return by, q - 1, ok
	}
	if q < 2 || u[q-1].text != "," && u[q-1].text != ":" {
		return speakerWords{}, 0, false
	}
	const farthest = 14 // words between the verb and the mark
	for v := q - 2; v >= 0 && v >= q-farthest; v-- {
		if u[v].quote != nil {
			break
		}
		if u[v].isWord() && u[v].is(finite) && !u[v].capital() {
			break
		}
		if !introducesQuote(u[v]) && !(u[q-1].text == ":" && issues(u[v:q])) {
			continue
		}
		if by, ok := e.before(u, v); ok {
			return by, v, true
		}
		if strings.HasSuffix(u[v].text, "ing") && v > 1 && (u[v-1].text == "," || u[v-1].text == "by") {
			by, ok := e.opening(u) // She stood up, saying: “…”
			return by, v, ok
		}
		if v > 2 && u[v-1].text == "and" && u[q-1].end == u[v].end+1 {
			by, ok := e.opening(u) // She smiled and said, “…”
			return by, v, ok
		}
		break
	}
	return speakerWords{}, 0, false
}

// issues reports whether tokens tell that a paper was given out: issued a statement.
func issues(tokens []token) bool {
	return issuing[tokens[0].text] && slices.ContainsFunc(tokens[1:], func(t token) bool { return isOccasion[t.text] })
}

var issuing = set(strings.Fields(`issued issues released releases published publishes sent sends gave gives made makes`))

// introducesQuote reports whether a cue stands beside the whole sentences that it reports.
func introducesQuote(t token) bool { return t.takes&quoted != 0 && t.takes&thatClause != 0 }

// quote adds the sentences of a quotation, and leaves it open if its closing mark is missing.
func (e *english) quote(q quotation, sp *speech) {
	e.say(akin.Direct, q.inner(), sp)
	if q.close >= len(e.text) {
		e.open = sp
	}
}

func (e *english) say(kind akin.Kind, part span, sp *speech) {
	for _, s := range englishSentences(e.text, e.tokens, part.trim(e.text)) {
		e.add(kind, s, sp)
	}
}
