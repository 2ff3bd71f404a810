package statement

import (
	"strings"
)

// A speaker is named by some tokens of a sentence.
type speakerWords struct {
	words    []token // the name with its titles
	kind     subjectKind
	from, to int // of all that belongs to it, in tokens
}

// before reads the speaker in front of the cue at place v.
func (e *english) before(u []token, v int) (speakerWords, bool) {
	i := v - 1
	if v >= 3 && u[i].text == "to" && (u[v-2].text == "on" && strings.HasPrefix(u[v-3].text, "w") || u[v-2].text == "continued") {
		i = v - 3 // went on to say
		if u[v-2].text == "on" {
			i--
		}
	}
	progressive := strings.HasSuffix(u[v].text, "ing")
	for i >= 0 && u[i].isWord() {
		since := u[i].text == "since" && i > 0 && u[i-1].is(auxiliary)                                           // has since said
		between := u[i].is(auxiliary|weekday) && (len(u[i].word) < 4 || strings.ToUpper(u[i].word) != u[i].word) // but not VARN TODAY said
		if !between && !since && !adverbial(u[i]) && !(progressive && isBe[u[i].text]) && !(u[i].text == "on" && u[i+1].is(weekday)) {
			break
		}
		i--
	}
	if i > 1 && isTime[u[i].text] && (u[i-1].text == "last" || u[i-1].text == "this" || u[i-1].text == "past") {
		i -= 2 // Calder, who built the mill, last week said
		if u[i].text == "this" {
			i--
		}
	}
	if i+1 < v && u[i+1].text == "both" && (i < 0 || u[i].is(conjunction) || u[i].text == ",") {
		return speakerWords{kind: someone, from: i + 1, to: i + 2}, true
	}
	if i < 0 {
		return speakerWords{}, false
	}
	t := u[i]
	start := e.clauseStart(u, i)
	switch {
	case t.text == ",":
		if by, ok := e.beforeClause(u, i, isWho); ok {
			return by, true
		}
		if by, ok := e.apposition(u, start, i); ok {
			return by, true
		}
		return e.beforeClause(u, i, isAside)
	case t.text == "—" || t.text == "–" || t.text == "-":
		for i > 1 && u[i-1].text == t.text {
			i-- // --
		}
		for j := i - 1; j > 0; j-- {
			if u[j].text == t.text {
				for j > 1 && u[j-1].text == t.text {
					j--
				}
				from := e.clauseStart(u, j-1)
				for k := j - 1; k > from; k-- {
					if u[k].text == "," {
						from = k + 1 // even so, Gingrich — once the Speaker — said
					}
				}
				return e.phrase(u, from, j) // Gingrich — once the Speaker — said
			}
		}
		return speakerWords{}, false
	case !t.isWord() || t.is(negative) && !t.capital() || t.is(preposition) && !t.capital():
		return speakerWords{}, false
	case t.text == "and" || t.text == "but", i == v-1 && isDeterminer[t.text]:
		return speakerWords{}, false // the report: a noun
	}
	from := i
	for from > start && u[from-1].text != "," {
		from--
	}
	return e.phrase(u, from, i+1)
}

var isDeterminer = set(strings.Fields(`the a an his her their its our my your each every any no this that another`))

var isBe = set(strings.Fields(`is are was were been be`))

// adverbial reports whether a token is an adverb on -ly.
func adverbial(t token) bool {
	return len(t.text) > 4 && strings.HasSuffix(t.text, "ly") && !t.capital()
}

// clauseStart returns where the clause that holds token i begins: behind a mark other than a comma, a conjunction, or
// a quotation of whole sentences.
func (e *english) clauseStart(u []token, i int) int {
	const farthest = 80
	limit := max(0, i-farthest)
	for j := i; j >= limit; j-- {
		t := u[j]
		switch {
		case t.quote != nil:
			if j < i && e.isSpeech(*t.quote) {
				return j + 1
			}
		case !t.isWord():
			if t.text != "," && t.text != "." && t.text != "&" && t.text != "/" && t.text != "$" && t.text != "#" && t.text != "@" {
				return j + 1
			}
		case t.text == "and":
			if j > 0 && (u[j-1].text == "," && i-j > 1 || hasVerb(u[limit:j])) {
				return j + 1
			}
		case t.is(conjunction) && !t.is(preposition):
			return j + 1
		}
	}
	return limit
}

// hasVerb reports whether tokens hold what makes a clause of them.
func hasVerb(tokens []token) bool {
	for i, t := range tokens {
		if !t.capital() && t.isWord() && (t.is(finite|past) || i > 0 && (t.takes&thatClause != 0 || strings.HasSuffix(t.text, "ed"))) {
			return true
		}
	}
	return false
}

// phrase reads the noun phrase of the tokens from and to enclose.
func (e *english) phrase(u []token, from, to int) (speakerWords, bool) {
	for from < to && (u[from].is(conjunction) && !u[from].is(preposition) || u[from].is(auxiliary) && !u[from].is(article) || adverbial(u[from]) || u[from].text == "meanwhile" || u[from].text == "still") {
		from++
	}
	if from >= to {
		return speakerWords{}, false
	}
	t, one := u[from], from == to-1
	switch {
	case u[to-1].is(heShe) && !one && !u[to-2].is(preposition) && !hasVerb(u[from:to-1]):
		return speakerWords{words: u[to-1 : to], kind: heOrShe, from: to - 1, to: to}, true // late on Monday she said
	case t.is(heShe) && one:
		return speakerWords{words: u[from:to], kind: heOrShe, from: from, to: to}, true
	case t.text == "who":
		return e.relative(u, from, to)
	case t.is(otherPronoun):
		return speakerWords{kind: someone, from: from, to: to}, one
	case t.is(noSubject):
		return speakerWords{kind: someone, from: from, to: to}, !one && t.text != "there" && t.text != "what" && (t.text == "those" || !hasVerb(u[from:to]))
	case t.is(preposition) && (!one || !t.capital()):
		if to-from > 2 && (isNumber(u[from+1]) || u[from+1].text == "least" || u[from+1].text == "most") {
			return speakerWords{kind: someone, from: from, to: to}, !hasVerb(u[from:to]) // at least 21,000; about 20 people
		}
		return e.trailingName(u, from, to)
	case !t.isWord():
		return speakerWords{}, false
	}
	head := to
	for k := from + 1; k < to; k++ {
		x := u[k]
		if x.capital() || !x.isWord() {
			continue
		}
		if x.is(preposition) || x.text == "who" || x.text == "which" || x.text == "that" || x.text == "whose" {
			head = k
			break
		}
		if x.takes != 0 && (strings.HasSuffix(x.text, "ed") || x.text == "found") && k+1 < to && u[k+1].is(preposition) {
			head = k // figures reported on Sunday suggest
			break
		}
		if x.is(finite) || x.takes&thatClause != 0 && (strings.HasSuffix(x.text, "ed") || x.takes&bareClause != 0 && x.takes&quoted != 0 && k < to-1) {
			return e.trailingName(u, from, to)
		}
	}
	name := head
	for name > from && (u[name-1].capital() || name < head && u[name-1].is(particle) && name-1 > from && u[name-2].capital()) && !possessive(u[name-1], name == head) {
		name--
	}
	if name < head && name > from+1 && u[name-1].text == "and" && u[name-2].capital() {
		first := name - 2
		for first > from && u[first-1].capital() {
			first--
		}
		if first == from {
			return speakerWords{words: u[first:head], kind: person, from: from, to: to}, true
		}
	}
	if name == head {
		return speakerWords{kind: someone, from: from, to: to}, t.is(article|title) || t.capital() || isNumber(t) || possessive(t, false) || strings.HasSuffix(u[head-1].text, "s") || strings.HasSuffix(u[head-1].text, "ed") && head-from > 1 && strings.HasSuffix(u[head-2].text, "s")
	}
	words, kind := u[name:head], person
	switch {
	case name > from && u[name-1].text == "the":
		kind = body
	case words[0].text == "the" && len(words) > 1:
		if kind = body; isTitle(words[1]) {
			kind, words = person, words[1:]
		}
	}
	return speakerWords{words: words, kind: kind, from: from, to: to}, true
}

func isNumber(t token) bool { return t.word != "" && t.word[0] >= '0' && t.word[0] <= '9' }

// possessive reports whether a word that is not the last of a phrase owns the next: Trump's lawyer.
func possessive(t token, last bool) bool {
	return !last && (strings.HasSuffix(t.text, "'s") || strings.HasSuffix(t.text, "’s") || strings.HasSuffix(t.text, "s'") || strings.HasSuffix(t.text, "s’"))
}

var isRelative = set(strings.Fields(`what which that whom`))

// relative reads the name before "who".
func (e *english) relative(u []token, who, to int) (speakerWords, bool) {
	if to-who > 1 {
		return speakerWords{}, false
	}
	end := who
	if end > 0 && u[end-1].text == "," {
		end--
	}
	from := end
	for from > 0 && u[from-1].capital() {
		from--
	}
	by := speakerWords{kind: someone, from: who, to: to}
	if parts, titled, _ := strip(u[from:end]); from < end && (titled || nameLike(parts) || len(parts) == 1 && e.names.byLast(parts[0], "") != "") {
		by.words, by.kind = u[from:end], person
	}
	return by, end > 0
}

// trailingName reads the name, or he or she, that some tokens end with.
func (e *english) trailingName(u []token, from, to int) (speakerWords, bool) {
	if u[to-1].is(heShe) {
		return speakerWords{words: u[to-1 : to], kind: heOrShe, from: to - 1, to: to}, to-1 > from && !u[to-2].is(preposition)
	}
	if u[to-1].is(otherPronoun) && to-1 > from && (isRelative[u[to-2].text] || !u[to-2].is(preposition|conjunction|finite)) {
		return speakerWords{kind: someone, from: to - 1, to: to}, true // the laws that they call a mess
	}
	name := to
	for name > from && u[name-1].capital() && !possessive(u[name-1], name == to) {
		name--
	}
	if name == to || name > from && (u[name-1].is(preposition|article|conjunction) && u[name-1].text != "and") {
		return speakerWords{}, false
	}
	parts, titled, _ := strip(u[name:to])
	if len(parts) == 0 || !titled && !nameLike(parts) && e.names.byLast(parts[len(parts)-1], "") == "" {
		return speakerWords{}, false
	}
	return speakerWords{words: u[name:to], kind: person, from: name, to: to}, true
}

var (
	isWho   = set(strings.Fields(`who whose`))
	isAside = set(strings.Fields(`which while when where as if though although despite after before since`))
)

// beforeClause reads a speaker with a clause of its own between commas, the second of which is token comma, and the
// first word of which is one of some: Calder, who built the mill and kept it, said; Calder, while she was there, said.
func (e *english) beforeClause(u []token, comma int, opens map[string]bool) (speakerWords, bool) {
	const farthest = 40
	for k := comma - 2; k > 1 && k > comma-farthest; k-- {
		if u[k].quote != nil && e.isSpeech(*u[k].quote) || u[k].text == ";" || u[k].text == ":" {
			break
		}
		if !opens[u[k].text] {
			continue
		}
		at := k - 1
		if opens["who"] {
			for at > k-6 && at > 1 && u[at].isWord() && !u[at].is(article) {
				at--
			}
			if u[at].is(article) {
				at-- // Calder of Varn, a Liberal who built the mill, said
			}
		}
		if at > 0 && u[at].text == "," {
			by, ok := e.apposition(u, e.clauseStart(u, at-1), at)
			by.to = comma
			return by, ok
		}
	}
	return speakerWords{}, false
}

// apposition reads a speaker with an explanation between commas, the second of which is token comma: Ruth Calder, the
// mayor, said; the mayor, Ruth Calder, said. A name alone between commas is the speaker wherever it stands.
func (e *english) apposition(u []token, start, comma int) (speakerWords, bool) {
	var parts [][2]int
	for end := comma; end > start && len(parts) < 8; {
		from := end
		for from > start && u[from-1].text != "," {
			if q := u[from-1].quote; q != nil && e.isSpeech(*q) {
				return speakerWords{}, false
			}
			from--
		}
		if from < end {
			parts = append(parts, [2]int{from, end})
		}
		end = from - 1
	}
	for i, p := range parts {
		if by, ok := e.phrase(u, p[0], p[1]); ok && len(by.words) > 0 && by.kind == person && by.words[0].start == u[by.from].start && by.words[len(by.words)-1].end == u[p[1]-1].end && e.certain(by.words) {
			by.to = comma
			for _, p := range parts[i+1:] { // the mayor, Ruth Calder,
				who, ok := e.phrase(u, p[0], p[1])
				if !ok || who.kind != someone || u[p[0]].is(preposition) || hasVerb(u[p[0]:p[1]]) {
					break
				}
				by.from = p[0]
			}
			return by, true
		}
	}
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		if p[1]-p[0] > 1 && u[p[1]-1].is(auxiliary) && u[p[1]-1].is(finite) {
			p[1]-- // the council had, in a letter, asked
		}
		if u[p[0]].is(preposition) || hasVerb(u[p[0]:p[1]]) {
			continue
		}
		if by, ok := e.phrase(u, p[0], p[1]); ok && by.kind != heOrShe {
			by.to = comma
			return by, true
		}
	}
	return speakerWords{}, false
}

// certain reports whether words are a name beyond doubt.
func (e *english) certain(words []token) bool {
	for _, w := range conjoined(words) {
		parts, titled, _ := strip(w)
		if !nameLike(parts) && (len(parts) != 1 || !titled && e.names.byLast(parts[0], "") == "") {
			return false
		}
	}
	return true
}

// behind reads the speaker after the cue at place v: said Ruth Calder, the mayor; said the mayor, Ruth Calder.
func (e *english) behind(u []token, v int) (speakerWords, bool) {
	from := v + 1
	if from >= len(u) || !u[from].isWord() || u[from].is(weekday|preposition) && !u[from].capital() {
		return speakerWords{}, false
	}
	to := from
	for to < len(u) && to < from+12 && u[to].isWord() && !u[to].is(weekday) {
		t := u[to]
		if !t.capital() && to > from && (t.is(preposition|finite|auxiliary) && !t.is(article) || t.is(conjunction) && (t.text != "and" || to+1 < len(u) && !u[to+1].capital()) || t.text == "who" || t.text == "last" || adverbial(t)) {
			break
		}
		to++
	}
	by, ok := e.phrase(u, from, to)
	if !ok || by.from != from || u[from].is(noSubject) && !u[from].is(article) {
		return speakerWords{}, false
	}
	if by.kind == someone && to+1 < len(u) && u[to].text == "," && u[to+1].capital() {
		if end := runEnd(u, to+1); e.certain(u[to+1:end]) && (end == len(u) || !u[end].isWord()) {
			return speakerWords{words: u[to+1 : end], kind: person, from: v, to: end}, true
		}
	}
	by.from, by.to = v, to
	return by, true
}

// opening reads the subject of a sentence: the words before its first verb, behind those that say when or where.
func (e *english) opening(u []token) (speakerWords, bool) {
	from := 0
	for i, t := range u[:min(len(u), 10)] {
		if t.text == "—" || t.text == "–" || t.text == "-" {
			from = i + 1 // behind a dateline: VARN —
		}
	}
	if from >= len(u) {
		return speakerWords{}, false
	}
	if u[0].text == "asked" || u[0].is(preposition) || u[0].is(conjunction) && u[0].text != "and" && u[0].text != "but" && u[0].text != "yet" || strings.HasSuffix(u[0].text, "ing") {
		for i, t := range u[:min(len(u), 30)] {
			if t.text != "," {
				continue
			}
			from = i + 1
			if end := runEnd(u, from); end == from || u[min(end, len(u)-1)].text != "," || e.certain(u[from:end]) {
				if from < len(u) && !u[from].is(preposition) {
					break
				}
			}
		}
	}
	for from+1 < len(u) && (u[from].text == "and" || u[from].text == "but" || u[from].text == "yet" || u[from].text == "then") {
		from++
	}
	if from >= len(u) {
		return speakerWords{}, false
	}
	to := from
	for to < len(u) && to < from+14 && u[to].isWord() && (to == from || u[to].capital() || !(u[to].is(finite|auxiliary) || u[to].takes != 0 || strings.HasSuffix(u[to].text, "ed") || adverbial(u[to]) || u[to].is(preposition) || u[to].text == "who")) {
		to++
	}
	if to > from && to-from < 6 && !u[to-1].capital() && to < len(u) && u[from].capital() && !u[from].is(article|notName) {
		if end := runEnd(u, from); e.certain(u[from:end]) && !possessive(u[end-1], false) {
			to = end // a name and a verb that is not known
		}
	}
	if u[from].is(heShe) {
		return speakerWords{words: u[from : from+1], kind: heOrShe, from: from, to: from + 1}, true
	}
	return e.phrase(u, from, to)
}
