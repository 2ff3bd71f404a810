package statement

import (
	"strings"

	"github.com/akinserver/akin"
)

// A report is what one cue of a sentence says that somebody said, without quoting all of it.
type report struct {
	by       speakerWords
	verb     int // place of the cue
	from, to int // of the content, in tokens
	implied  bool
	around   bool // the cue stands behind or within the content
}

// reported reads a sentence that tells what was said without quoting it, cue by cue. What is said within what somebody
// says is his; but a clause of its own (…, but she said…; …, adding that…) begins a report of its own.
func (e *english) reported(u []token) bool {
	var all []report
	for v, t := range u {
		if t.takes == 0 && !t.is(claimNoun) && t.text != "put" && t.text != "puts" && t.text != "words" || t.quote != nil {
			continue
		}
		n := len(all)
		if n > 0 && v < all[n-1].from {
			continue
		}
		r, ok := e.claim(u, v)
		if !ok {
			r, ok = e.putIt(u, v)
		}
		if !ok {
			r, ok = e.report(u, v, all)
		}
		if !ok {
			continue
		}
		if n > 0 && r.from >= all[n-1].from && v < all[n-1].to {
			end := e.breaks(u, r)
			if r.by.from <= all[n-1].verb && !r.implied && u[r.verb-1].text == "," {
				end = r.verb // the earlier cue stood in an explanation: Mr. Leenders, who estimated…, said
			}
			if end <= all[n-1].from {
				continue
			}
			all[n-1].to = end
		}
		all = append(all, r)
	}
	done := 0
	for _, r := range all {
		if r.to <= r.from || r.from < done {
			continue
		}
		if r.by.from < len(u) && r.by.from > done {
			e.meet(u[done:r.by.from])
		}
		sp := e.speechOf(r.by, u[r.verb].text)
		if r.implied && sp.speaker != "" {
			sp.first = min(sp.first, implied)
		}
		e.meetWords(r.by)
		e.add(akin.Indirect, span{u[r.from].start, u[r.to-1].end}, sp)
		done = r.to
		e.prior = sp.after()
	}
	return done > 0
}

// aside adds what a sentence tells behind a quotation and its speaker: …, she said, adding that….
func (e *english) aside(u []token, from int, sp *speech) {
	for v := from; v+1 < len(u); v++ {
		if u[v].takes&thatClause == 0 || !strings.HasSuffix(u[v].text, "ing") || u[v-1].text != "," {
			continue
		}
		for _, t := range u[v:] {
			if t.quote != nil && e.isSpeech(*t.quote) {
				return
			}
		}
		if at, to, ok := e.content(u, v); ok && to > at {
			e.add(akin.Indirect, span{u[at].start, u[to-1].end}, &speech{speaker: sp.speaker, cue: u[v].text, first: min(sp.first, implied)})
		}
		return
	}
}

// breaks returns the token at which the report before ends, if a report that stands within its words has a clause of
// its own, or 0.
func (e *english) breaks(u []token, r report) int {
	at := r.verb
	if !r.implied {
		at = r.by.from
	}
	if at == 0 {
		return 0
	}
	before := u[at-1]
	switch {
	case r.implied && before.text == ",":
		return at - 1
	case r.implied && before.text == "and" && u[r.verb].takes&quoted != 0 && u[r.verb].takes&thatClause != 0:
		return at - 1
	case before.text == ";":
		return at - 1
	case before.text == "," && introduces[u[0].text] && !r.implied:
		return at - 1 // While she said…, he said….
	case before.is(conjunction) && at > 1 && u[at-2].text == "," && coordinates[before.text]:
		return at - 2
	case coordinates[before.text] && says[u[r.verb].takes]:
		return at - 1
	}
	return 0
}

// naming are cues that name a thing, too: a group called Northern Light. Then what stands before them is no speaker.
var naming = set(strings.Fields(`called dubbed labeled labelled branded`))

var (
	introduces  = set(strings.Fields(`while although though if when as after whereas`))
	coordinates = set(strings.Fields(`and but while though although`))
)

// claim reads a cue that is a noun, or a question whose asker is not told: Ruth Calder's claim that…; asked whether….
func (e *english) claim(u []token, v int) (report, bool) {
	t := u[v]
	r := report{verb: v, from: v + 2, to: len(u), by: speakerWords{kind: someone, from: v}}
	switch {
	case t.is(claimNoun) && v > 0 && v+4 < len(u) && u[v+1].text == "that" && !u[v+2].is(finite):
		owner := v - 1
		for owner > 0 && !possessive(u[owner], false) && !isPossessive[u[owner].text] && v-owner < 4 && u[owner].isWord() {
			owner--
		}
		switch {
		case u[owner].text == "his" || u[owner].text == "her":
			r.by = speakerWords{kind: heOrShe, words: []token{pronounOf(u[owner])}, from: owner}
		case possessive(u[owner], false) && u[owner].capital():
			from := owner
			for from > 0 && u[from-1].capital() {
				from--
			}
			r.by = speakerWords{kind: person, words: u[from : owner+1], from: from}
		case !isPossessive[u[owner].text] && u[v-1].text != "a" && u[v-1].text != "the":
			return report{}, false
		}
		r.to = e.nounEnd(u, r.from)
		return r, true
	case t.text == "asked" && (v == 0 || v < 3 && u[v-1].text == "when"):
		for j := v + 1; j+2 < len(u) && j < v+6 && u[j].isWord(); j++ {
			if u[j].is(question) {
				r.from = j
				for r.to = j + 1; r.to < len(u) && u[r.to].text != ","; r.to++ {
				}
				return r, r.to < len(u)
			}
		}
	}
	return report{}, false
}

// putIt reads how somebody says something: as Ruth Calder put it; in Ruth Calder's words.
func (e *english) putIt(u []token, v int) (report, bool) {
	r := report{verb: v, to: len(u), around: true}
	start, end := 0, v+1 // of the words that name the speaker
	switch t := u[v]; {
	case (t.text == "put" || t.text == "puts") && v > 1 && v+1 < len(u) && u[v+1].text == "it":
		by, ok := e.before(u, v)
		if !ok || by.from == 0 || u[by.from-1].text != "as" {
			return report{}, false
		}
		r.by, start, end = by, by.from-1, v+2
	case t.text == "words" && v > 1 && possessive(u[v-1], false) && u[v-1].capital():
		from := v - 1
		for from > 0 && u[from-1].capital() && u[from-1].text != "in" {
			from--
		}
		if from == 0 || u[from-1].text != "in" {
			return report{}, false
		}
		r.by, start = speakerWords{kind: person, words: u[from:v], from: from, to: v}, from-1
	default:
		return report{}, false
	}
	r.by.from = len(u)
	switch {
	case start == 0 && end+2 < len(u) && u[end].text == ",":
		r.from = end + 1
		return r, true
	case start > 2 && u[start-1].text == ",":
		r.to = start - 1
		return r, true
	}
	return report{}, false
}

var isPossessive = set(strings.Fields(`his her their its our my`))

// pronounOf is he or she, for his or her.
func pronounOf(t token) token {
	if t.text == "her" {
		t.text = "she"
	} else {
		t.text = "he"
	}
	return t
}

// report reads the cue at place v.
func (e *english) report(u []token, v int, earlier []report) (report, bool) {
	t := u[v]
	r := report{verb: v, to: len(u)}
	by, ok := e.before(u, v)
	if ok {
		if r.from, r.to, ok = e.content(u, v); ok && (!naming[t.text] || strings.Contains(t.with, u[v+1].text) || by.kind != someone || by.to-by.from == 1) {
			r.by = by
			return r, true
		}
		ok = true
	}
	// …, she said. …, said the mayor.
	if t.takes&quoted != 0 && t.takes&thatClause != 0 && len(earlier) == 0 {
		comma := v - 1
		if ok {
			comma = by.from - 1
		}
		if ok && u[v-1].text == "who" {
			return report{}, false
		}
		if ok && comma > 2 && u[comma].text == "as" && u[comma-1].text == "," {
			comma-- // …, as the council said.
		}
		if comma > 1 && u[comma].text == "," {
			end := v + 1
			if !ok {
				by, ok = e.behind(u, v)
				end = by.to
			}
			if ok && e.closes(u, end) {
				return e.around(u, by, v, comma, end), true
			}
		}
	}
	// The mayor opened the gate, saying that…; the mayor opened the gate and said….
	if v < 2 || ok && !strings.HasSuffix(t.text, "ing") {
		return report{}, false
	}
	if !(strings.HasSuffix(t.text, "ing") && (u[v-1].text == "," || u[v-1].text == "by" || u[v-1].text == "while" || u[v-1].is(auxiliary) && v > 2 && (u[v-2].text == "by" || u[v-2].text == "while" || u[v-2].text == ",")) || (u[v-1].text == "and" || u[v-1].is(auxiliary) && u[v-2].text == "and" || u[v-1].text == "but") && !canBeNoun(t)) {
		return report{}, false
	}
	if r.from, r.to, ok = e.content(u, v); !ok {
		return report{}, false
	}
	r.implied = true
	if n := len(earlier); n > 0 {
		r.by = earlier[n-1].by
		return r, true
	}
	if r.by, ok = e.opening(u); !ok {
		r.by = speakerWords{kind: someone}
	}
	return r, true
}

// canBeNoun reports whether a cue behind "and" may be a noun: speeches and promises.
func canBeNoun(t token) bool {
	return !strings.HasSuffix(t.text, "ed") && !says[t.takes] && t.text != "wrote" && t.text != "found"
}

// around takes a sentence that names its speaker at its end (…, the council said.) or in its middle for what was said:
// at its end the words before are it, and in its middle the whole sentence.
func (e *english) around(u []token, by speakerWords, verb, comma, end int) report {
	r := report{by: by, verb: verb, to: comma, around: true}
	if end < len(u) && u[end].text == "," && len(u)-end > 4 && !e.apposed(u, end) {
		r.to = len(u)
	}
	r.by.from = len(u)
	return r
}

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
				return j + 1, to, u[len(u)-1].end-u[j+1].start >= 6 && !u[j+1].is(finite) && u[j+1].text != "because"
			}
			if t.text == "," || t.text == "—" || t.text == "this" && j+1 < len(u) && isTime[u[j+1].text] {
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
		for j := told; j+2 < len(u) && j < told+farthest && u[j].isWord() && !(u[j].is(finite) && !u[j].capital()); j++ {
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
		if e.isClause(u, told, l) {
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

var (
	isTime     = set(strings.Fields(`week month year night morning afternoon evening summer spring fall winter weekend`))
	isOccasion = set(strings.Fields(`statement interview email e-mail letter tweet speech post memo briefing blog report`))
)

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

// isClause reports whether a clause without "that" begins at place i.
func (e *english) isClause(u []token, i int, l lexeme) bool {
	if i+2 >= len(u) || !u[i].isWord() && u[i].quote == nil {
		return false
	}
	t := u[i]
	if t.quote != nil {
		return l.takes&quoted != 0 && len(u)-i > 2
	}
	if (t.text == "it" || t.text == "this") && !u[i+1].is(finite) && !strings.HasSuffix(u[i+1].text, "s") && !strings.HasSuffix(u[i+1].text, "ed") {
		return false // he said it again
	}
	if !t.capital() && (t.is(preposition) && t.text != "under" && t.text != "despite" && t.text != "during" && t.text != "without" || t.is(conjunction) && !opensClause[t.text] || t.is(auxiliary) && !t.is(article) && !opensClause[t.text] || t.is(finite)) ||
		t.is(weekday) || t.text == "so" || t.text == "nothing" || t.text == "goodbye" || t.text == "yes" {
		return false
	}
	if t.is(clauseStart) && !t.is(article) || says[l.takes] {
		return true
	}
	const farthest = 12
	for j := i + 1; j < min(len(u), i+farthest) && u[j].isWord(); j++ {
		if x := u[j]; !x.capital() && (x.is(finite) || x.takes&thatClause != 0 && strings.HasSuffix(x.text, "s") || strings.HasSuffix(x.text, "ed")) {
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
	if len(u)-i < 3 {
		return false
	}
	t := u[i]
	if t.quote != nil {
		return true
	}
	if !t.isWord() || t.is(preposition|conjunction|auxiliary|finite|weekday) && !t.is(article) && !t.capital() {
		return false
	}
	return true
}

// nounEnd returns where words that are no clause end: before a comma that begins another part of the sentence.
func (e *english) nounEnd(u []token, i int) int {
	for j := i + 2; j+1 < len(u); j++ {
		if u[j].text == ";" || u[j].text == "—" {
			return j
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
		if t.is(finite) {
			return true
		}
	}
	return false
}

// accordingTo reads a sentence with "according to" somebody at its start or its end.
func (e *english) accordingTo(u []token) bool {
	for i := 0; i+2 < len(u); i++ {
		if u[i].text != "according" || u[i+1].text != "to" {
			continue
		}
		by, ok := e.behind(u, i+1)
		if !ok {
			by = speakerWords{kind: someone, from: i, to: i + 2}
		}
		if i == 0 {
			for j := by.to; j < len(u); j++ {
				if u[j].text == "," && !e.within(u, by, j) {
					if j+2 < len(u) {
						e.tell(by, u, u[j+1].start, u[len(u)-1].end)
						return true
					}
				}
			}
			return false
		}
		end := i
		if u[i-1].text == "," {
			end--
		}
		if end > 2 {
			to := u[end-1].end
			if by.to+3 < len(u) && u[by.to].text == "," && end < i && !e.apposed(u, by.to) {
				to = u[len(u)-1].end // the ferry, according to Odo Lisk, will stop
			}
			by.from = len(u)
			e.tell(by, u, u[0].start, to)
			return true
		}
	}
	return false
}

// tell adds what is so according to somebody.
func (e *english) tell(by speakerWords, u []token, from, to int) {
	if by.from < len(u) {
		e.meet(u[:by.from])
	}
	sp := e.speechOf(by, "according to")
	e.meetWords(by)
	e.add(akin.Indirect, span{from, to}, sp)
}

// within reports whether the comma at place j only sets off who the speaker is: According to Ruth Calder, the mayor,….
func (e *english) within(u []token, by speakerWords, j int) bool {
	if j != by.to || j+1 >= len(u) || !u[j+1].is(article) {
		return false
	}
	for k := j + 1; k < min(len(u), j+30); k++ {
		if u[k].is(finite) {
			return false
		}
		if u[k].text == "," {
			return true
		}
	}
	return false
}
