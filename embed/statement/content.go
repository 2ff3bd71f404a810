package statement

import (
	"strings"
)

// content returns the tokens of what is said behind the cue at place v.
func (e *english) content(u []token, v int) (from, to int, ok bool) {
	l := *u[v].lexeme
	to = len(u)
	i := e.skipWhen(u, v+1)
	const farthest = 14 // words between the cue and "that"
	if l.takes&thatClause != 0 {
		for j := v + 1; j < min(len(u), v+1+farthest); j++ {
			t := u[j]
			if t.text == "that" && j+1 < len(u) && (j == v+1 || !u[j-1].is(preposition)) {
				if u[j+1].is(finite) && says[l.takes] {
					return j, to, true // that wasn't the first time
				}
				if u[j+1].text == "," && j+2 < len(u) {
					j++ // that, according to a report,
				}
				return j + 1, to, u[len(u)-1].end-u[j+1].start >= 6 && !u[j+1].is(finite) && u[j+1].text != "because"
			}
			if t.text == "," || t.text == "—" || t.quote != nil && !e.isSpeech(*t.quote) || t.text == "this" && j+1 < len(u) && isTime[u[j+1].text] {
				continue
			}
			if j > v+1 && t.takes&thatClause != 0 && !t.capital() {
				break
			}
			if !t.isWord() || t.is(finite) && !t.capital() || t.text == "and" || t.text == "but" || j > v+1 && t.is(clauseStart) && !u[j-1].is(preposition) {
				break
			}
		}
	}
	if i >= len(u) {
		return 0, 0, false
	}
	if u[i].text == "it" && i+1 < len(u) && u[i+1].text == "clear" {
		i++ // made it clear that
	}
	if l.with != "" && u[i].isWord() {
		for w := range strings.FieldsSeq(l.with) {
			if u[i].text == w && i+2 < len(u) {
				if u[i+1].text == "that" || u[i+1].text == "about" {
					i++ // pointed out that; expressed concern about
				}
				return i + 1, e.nounEnd(u, i+1), true
			}
		}
	}
	told := i
	if l.takes&object != 0 {
		told = e.skipWhom(u, i)
	}
	if l.takes&questions != 0 && told+2 < len(u) && u[told].is(question) {
		return told, to, true
	}
	if l.takes&(questions|object) == questions|object {
		const farthest = 16 // words for whom it is asked: the former secretary of state during a chat if…
		for j := told; j+2 < len(u) && j < told+farthest && u[j].isWord() && u[j].text != "to" && !(u[j].is(finite) && !u[j].capital()); j++ {
			if u[j].text == "if" || u[j].text == "whether" {
				return j, to, true
			}
		}
	}
	if l.takes&infinitive != 0 {
		if at := e.toDo(u, i, l.takes&object != 0); at > 0 {
			if at == i || l.takes&bareClause == 0 {
				at = i
			}
			return at, e.nounEnd(u, at), true
		}
	}
	if l.takes&bareClause != 0 {
		if says[l.takes] {
			told = e.skipPhrase(u, told)
		}
		if e.isClause(u, told, l, v > 0 && (u[v-1].text == "who" || isRelative[u[v-1].text])) {
			return told, to, true
		}
	}
	if l.takes&wording != 0 && (l.takes != wording || l.with == "") && e.isWording(u, i, l) {
		return i, e.nounEnd(u, i), true
	}
	return 0, 0, false
}

// skipWhen returns the place behind words that say when or where something was said.
func (e *english) skipWhen(u []token, i int) int {
	for i < len(u) && u[i].isWord() {
		switch {
		case u[i].is(weekday), adverbial(u[i]), u[i].text == "again", u[i].text == "also", u[i].text == "earlier", u[i].text == "recently", u[i].text == "today", u[i].text == "yesterday":
			i++
		case u[i].text == "on" && i+1 < len(u) && u[i+1].is(weekday):
			i += 2
		case (u[i].text == "last" || u[i].text == "this") && i+1 < len(u) && isTime[u[i+1].text]:
			i += 2
		case (u[i].text == "night" || u[i].text == "morning" || u[i].text == "afternoon" || u[i].text == "evening") && u[i-1].is(weekday):
			i++
		case u[i].text == "in" && i+2 < len(u) && (u[i+1].text == "a" || u[i+1].text == "an") && isOccasion[u[i+2].text]:
			i += 3
		default:
			return i
		}
	}
	return i
}

// skipPhrase returns the place of the pronoun that begins what is said behind where or for how long: for weeks he….
func (e *english) skipPhrase(u []token, i int) int {
	const longest = 8
	if i >= len(u) || !u[i].is(preposition) || u[i].capital() {
		return i
	}
	for j := i + 1; j+1 < len(u) && j < i+longest && u[j].isWord(); j++ {
		if (u[j].is(heShe) || u[j].text == "they" || u[j].text == "there" || strings.HasPrefix(u[j].text, "he'") || strings.HasPrefix(u[j].text, "she'") || strings.HasPrefix(u[j].text, "he’") || strings.HasPrefix(u[j].text, "she’")) && !u[j-1].is(preposition) {
			return j
		}
	}
	return i
}

// skipWhom returns the place behind the words for whom something is said: reporters, the assembly, Northern Wire.
func (e *english) skipWhom(u []token, i int) int {
	v := i
	if i < len(u) && (u[i].text == "him" || u[i].text == "them" || u[i].text == "me" || u[i].text == "us" || u[i].text == "you") {
		return e.skipWhen(u, i+1)
	}
	if i < len(u) && u[i].is(question) {
		return i
	}
	for i < len(u) && u[i].isWord() && i < v+6 && (i == v || !u[i].is(article) || u[i-1].is(article)) && (u[i].is(article) || !u[i].is(clauseStart) && (u[i].capital() || i == v || u[i-1].is(article))) {
		i++
	}
	return e.skipWhen(u, i)
}

// toDo returns the place of the "to" of what somebody is told or means to do, or 0.
func (e *english) toDo(u []token, i int, object bool) int {
	const farthest = 9
	for j := i; j < min(len(u)-1, i+farthest); j++ {
		if u[j].text == "to" && (j > i || u[j].isWord()) {
			if next := u[j+1]; next.isWord() && !next.is(article|weekday) && !next.capital() && (j == i || object) && !strings.HasSuffix(next.text, "ing") {
				if saysNothing[next.text] && j == i || next.text == "be" && j+2 < len(u) && (u[j+2].text == "named" || u[j+2].text == "identified") {
					return 0 // declined to comment; asked not to be named
				}
				return j
			}
			return 0
		}
		if !object || !u[j].isWord() || u[j].is(finite) && !u[j].capital() || u[j].text == "that" {
			return 0
		}
	}
	return 0
}

// saysNothing are what those decline to do who say nothing.
var saysNothing = set(strings.Fields(`comment say answer respond discuss elaborate speak talk explain`))

// isClause reports whether a clause without "that" begins at place i. Behind a cue that is relative, a verb behind a
// comma is the other clause's: Calder, who found the pot, will have it.
func (e *english) isClause(u []token, i int, l lexeme, relative bool) bool {
	if i+2 >= len(u) && u[len(u)-1].quote == nil || i >= len(u) || !u[i].isWord() && u[i].quote == nil {
		return false
	}
	t := u[i]
	if t.quote != nil {
		return l.takes&quoted != 0 && len(u)-i > 2
	}
	if t.takes&thatClause != 0 && u[i+1].text == "that" {
		return false // letters found on Monday suggest that…
	}
	if (t.text == "it" || t.text == "this" && (!u[i+1].isWord() || u[i+1].is(preposition|weekday))) && !u[i+1].is(finite) && !strings.HasSuffix(u[i+1].text, "s") && !strings.HasSuffix(u[i+1].text, "ed") {
		return false // he said it again
	}
	if !t.capital() && (t.is(preposition) && t.text != "under" && t.text != "despite" && t.text != "during" && t.text != "without" || t.is(conjunction) && !opensClause[t.text] || t.is(auxiliary) && !t.is(article) && !opensClause[t.text] || t.is(finite)) ||
		t.is(weekday) || t.text == "so" || t.text == "nothing" || t.text == "goodbye" || t.text == "yes" {
		return false
	}
	if t.is(clauseStart) && !t.is(article) || says[l.takes] {
		return true
	}
	const farthest = 20
	aside := false
	for j := i + 1; j < min(len(u), i+farthest) && (u[j].isWord() || u[j].text == ","); j++ {
		if aside = aside || u[j].text == ","; aside {
			if u[j].is(finite) && u[j-1].text == "," {
				return !relative // the dam, old as it is, will hold
			}
			continue
		}
		if x := u[j]; !x.capital() && (x.is(finite|past) || x.takes&thatClause != 0 && strings.HasSuffix(x.text, "s") || strings.HasSuffix(x.text, "ed")) {
			return true
		}
	}
	return false
}

// opensClause are conjunctions that what is said begins with.
var opensClause = set(strings.Fields(`if while when because although though since unless once even too only just already both`))

// says are what the plainest cues take: behind them any words are a clause.
var says = map[takes]bool{lexicon["said"].takes: true, lexicon["told"].takes: true}

// isWording reports whether words that a cue takes begin at place i: the deal a disgrace.
func (e *english) isWording(u []token, i int, l lexeme) bool {
	if len(u)-i < 3 && u[len(u)-1].quote == nil {
		return false
	}
	t := u[i]
	if t.quote != nil {
		return true
	}
	if t.text == "only" || t.text == "just" {
		t = u[i+1]
	}
	if t.text == "that" && l.takes&thatClause == 0 && !u[i+1].is(finite) {
		return true // dismissed that suggestion
	}
	if !t.isWord() || t.is(preposition|conjunction|auxiliary|finite|weekday) && !t.is(article) && !t.capital() {
		return false
	}
	return true
}

// comma reports whether a token is a comma, or a quotation with one before its closing mark.
func (e *english) comma(t token) bool {
	return t.text == "," || t.quote != nil && t.quote.inner().end > t.quote.inner().start && e.text[t.quote.inner().end-1] == ','
}

// nounEnd returns where words that are no clause end: before a comma that begins another part of the sentence.
func (e *english) nounEnd(u []token, i int) int {
	for j := i + 2; j+1 < len(u); j++ {
		if u[j].text == ";" || u[j].text == "—" {
			return j
		}
		if u[j].quote != nil && e.comma(u[j]) && (strings.HasSuffix(u[j+1].text, "ing") || u[j+1].is(heShe|otherPronoun)) {
			return j + 1
		}
		if u[j].text != "," {
			continue
		}
		next := u[j+1]
		if strings.HasSuffix(next.text, "ing") || next.is(heShe|otherPronoun) || next.is(conjunction) && next.text != "and" && next.text != "or" || next.text == "according" || next.text == "which" {
			return j
		}
		if next.text == "and" && j+2 < len(u) && (u[j+2].is(heShe|otherPronoun) || u[j+2].takes != 0) {
			return j
		}
	}
	return len(u)
}

// closes reports whether a sentence ends at token i but for when and where something was said.
func (e *english) closes(u []token, i int) bool {
	if i+1 < len(u) && u[i].text == "," && u[i+1].quote == nil {
		return true // it is a reminder, he said, that…
	}
	if i < len(u) && u[i].text == ";" {
		return true
	}
	for _, t := range u[min(i, len(u)):] {
		if t.quote != nil || t.text == ":" || t.text == "that" || t.text == ";" {
			return false
		}
	}
	return len(u)-i <= 12
}

// apposed reports whether behind the comma at place i stands who the speaker is, and not more of what was said.
func (e *english) apposed(u []token, i int) bool {
	return i+1 < len(u) && (u[i+1].is(article) && !hasFinite(u[i+1:]) || u[i+1].text == "who" || strings.HasSuffix(u[i+1].text, "ing"))
}

func hasFinite(tokens []token) bool {
	for _, t := range tokens {
		if t.is(finite | past) {
			return true
		}
	}
	return false
}
