package statement

import (
	"strings"

	"github.com/akinserver/akin"
)

// english reads the English paragraphs of one article, in order.
type english struct {
	names *names

	// Carried from one paragraph to the next.
	open    *speech
	persons []string

	// The paragraph being read.
	index  int
	text   []rune
	quotes []quotation
	found  []akin.Statement
	seen   []string // persons the narrator has named in this paragraph
	first  bool     // nothing of this paragraph has been read yet
}

func newEnglish(a akin.Article) *english {
	e := &english{names: newNames(evidence(a))}
	for _, p := range a.Paragraphs {
		e.text = []rune(p.Text)
		if len(e.names.speakers) > maxResolved || isChinese(p.Text) {
			continue
		}
		e.quotes = englishQuotes(e.text)
		for _, u := range e.units(0) {
			for i := range u {
				if verbs[u[i].text] == 0 {
					continue
				}
				if by, ok := e.before(u, i); ok {
					e.names.meet(by.words)
				}
				if by, ok := e.behind(u, i); ok {
					e.names.meet(by.words)
				}
			}
		}
	}
	return e
}

func (e *english) paragraph(index int, text string) []akin.Statement {
	e.index, e.text, e.found, e.seen = index, []rune(text), nil, nil
	e.quotes = englishQuotes(e.text)
	var run *speech
	start := span{0, len(e.text)}.trim(e.text).start
	if speech := e.open; speech != nil {
		e.open = nil
		if len(e.quotes) > 0 && e.quotes[0].open == start {
			q := e.quotes[0]
			e.say(akin.Direct, q.inner(), speech)
			if q.close >= len(e.text) {
				e.open = speech
				return e.found
			}
			start, run = q.close+1, speech.more()
		}
	}
	for i, u := range e.units(start) {
		e.first = i == 0 && run == nil
		run = e.unit(u, run)
	}
	if len(e.seen) > 0 {
		e.persons = e.seen
	}
	return e.found
}

// units parts the paragraph into sentences of tokens; a quotation stays with the words that say whose it is.
func (e *english) units(start int) [][]token {
	tokens := tokensOf(e.text, span{start, len(e.text)}, e.quotes)
	var units [][]token
	from := 0
	for _, end := range sentenceEnds(e.text, tokens) {
		if end < len(tokens) && tokens[end-1].quote != nil && e.belongs(tokens[end:]) && !e.announced(tokens[from:end]) {
			continue
		}
		units = append(units, tokens[from:end])
		from = end
	}
	return units
}

// belongs reports whether the tokens behind a quotation say whose it is: she said.
func (e *english) belongs(tokens []token) bool {
	const longest = 30
	for i := 0; i < min(len(tokens), longest); i++ {
		t := tokens[i]
		switch {
		case verbs[t.text] > 0:
			if by, ok := e.before(tokens, i); ok && by.from == 0 && i+1 < len(tokens) && !tokens[i+1].isWord() {
				return true
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
		if verbs[tokens[i].text] > 0 {
			return true
		}
		if tokens[i].quote != nil {
			return false
		}
	}
	return false
}

// A speaker is named by some tokens of a sentence.
type speakerWords struct {
	words    []token // the name with its titles
	kind     subjectKind
	from, to int // of all that belongs to it, in tokens
}

// Verbs that report speech, by what may follow them without a mark: words when there is "that" (1), words at once (2).
var verbs = func() map[string]int {
	m := map[string]int{}
	for _, w := range strings.Fields(`added adds noted notes argued argues warned warns announced announces insisted insists stressed stresses explained explains
		claimed claims wrote writes asked asks replied replies answered answers recalled recalls suggested suggests acknowledged acknowledges admitted
		admits conceded concedes declared declares stated confirmed confirms predicted predicts promised promises pledged vowed remarked observed
		commented tweeted continued concluded concludes testified complained complains joked quipped estimated believes believed maintained
		maintains contended contends asserted asserts alleged alleges countered responded emphasised emphasized reiterated cautioned disclosed revealed
		agreed shouted cried whispered muttered laughed recalled repeated reported thinks hopes hoped feared fears advised emailed posted`) {
		m[w] = 1
	}
	for _, w := range strings.Fields(`said says say told tells`) {
		m[w] = 2
	}
	return m
}()

var (
	adverbs   = set(strings.Fields(`also later then once often still now again further recently repeatedly simply once meanwhile only just always earlier today yesterday has had have`))
	weekdays  = set(strings.Fields(`monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december`))
	negatives = set(strings.Fields(`not never didn't don't doesn't didn’t don’t doesn’t cannot can't can’t won't wouldn't to is are was were be been being would could should might may must can will who which that what nobody none`))
	conjuncts = set(strings.Fields(`and but as while though although because yet so or when if where since after before that`))
	pronouns  = set(strings.Fields(`he she`))
	nobodies  = set(strings.Fields(`i we you they it there this these those who which that what`))
	preposed  = set(strings.Fields(`of in at for from with near by to on over under between against about`))
	articles  = set(strings.Fields(`the a an one two three four five six some many several few most all both other another no his her their its our my`))
)

// before reads the speaker in front of the verb at place i.
func (e *english) before(tokens []token, i int) (speakerWords, bool) {
	j := i - 1
	for j >= 0 && tokens[j].isWord() && (adverbs[tokens[j].text] || strings.HasSuffix(tokens[j].text, "ly") && !tokens[j].capital() || weekdays[tokens[j].text] || tokens[j].text == "on" && weekdays[tokens[j+1].text]) {
		j--
	}
	if j < 0 {
		return speakerWords{}, false
	}
	if tokens[j].text == "," {
		return e.apposition(tokens, j)
	}
	return e.phrase(tokens, j)
}

// phrase reads the noun phrase that ends with token j.
func (e *english) phrase(tokens []token, j int) (speakerWords, bool) {
	t := tokens[j]
	if !t.isWord() || negatives[t.text] || preposed[t.text] {
		return speakerWords{}, false
	}
	if pronouns[t.text] {
		return speakerWords{words: tokens[j : j+1], kind: heOrShe, from: j, to: j + 1}, e.opens(tokens, j)
	}
	if nobodies[t.text] {
		return speakerWords{}, false
	}
	from := j + 1
	for from > 0 && tokens[from-1].isWord() && (tokens[from-1].capital() || nameParticles[tokens[from-1].text] && from-1 > 0 && tokens[from-2].capital() && from <= j) {
		from--
	}
	if from <= j && from > 1 && preposed[tokens[from-1].text] && tokens[from-2].capital() {
		// Gov. John Hale of Ohio: the name stands before the place.
		if by, ok := e.phrase(tokens, from-2); ok && by.kind == person {
			if parts, titled, _ := strip(by.words); titled || nameLike(parts) {
				by.to = j + 1
				return by, true
			}
		}
	}
	if from <= j && !(from > 0 && preposed[tokens[from-1].text]) {
		words := tokens[from : j+1]
		start := from
		// "and": two names, or a name behind a clause.
		if start > 1 && tokens[start-1].text == "and" && tokens[start-2].capital() {
			first := start - 2
			for first > 0 && tokens[first-1].capital() {
				first--
			}
			if !(first > 0 && preposed[tokens[first-1].text]) && e.opens(tokens, first) {
				return speakerWords{words: tokens[first : j+1], kind: person, from: first, to: j + 1}, true
			}
		}
		for start > 0 && tokens[start-1].isWord() && !conjuncts[tokens[start-1].text] && start > from-8 && verbs[tokens[start-1].text] == 0 {
			start--
		}
		kind := person
		if from > 0 && tokens[from-1].text == "the" {
			kind = body
		}
		return speakerWords{words: words, kind: kind, from: start, to: j + 1}, e.opens(tokens, start)
	}
	// A noun phrase without a name: the council, two officials, a spokesman for the ministry.
	start := j
	for start > 0 && tokens[start-1].isWord() && !conjuncts[tokens[start-1].text] && start > j-12 {
		start--
	}
	if !e.opens(tokens, start) || !articles[tokens[start].text] && !tokens[start].capital() && !strings.HasSuffix(t.text, "s") {
		return speakerWords{}, false
	}
	return speakerWords{kind: someone, from: start, to: j + 1}, true
}

// opens reports whether a clause begins at token i: at the start, behind a mark or a conjunction.
func (e *english) opens(tokens []token, i int) bool {
	return i == 0 || !tokens[i-1].isWord() || conjuncts[tokens[i-1].text]
}

// apposition reads a speaker with an explanation between commas, the second of which is token j: Ruth Calder, the
// mayor, said; the mayor, Ruth Calder, said.
func (e *english) apposition(tokens []token, j int) (speakerWords, bool) {
	const longest = 30
	for k := j - 1; k > 0 && k > j-longest; k-- {
		if q := tokens[k].quote; q != nil && e.isSpeech(*q) {
			return speakerWords{}, false
		}
		if tokens[k].text != "," {
			continue
		}
		by, ok := e.phrase(tokens, k-1)
		if !ok {
			continue
		}
		if by.kind == person || by.kind == body {
			return by, true
		}
		if k+1 < j {
			if inner, ok := e.phrase(tokens[k+1:j], j-k-2); ok && inner.kind == person && len(inner.words) == j-k-1 {
				return speakerWords{words: inner.words, kind: person, from: by.from, to: j}, true
			}
		}
		return by, by.kind == someone
	}
	return speakerWords{}, false
}

// behind reads the speaker after the verb at place i: said Ruth Calder, the mayor.
func (e *english) behind(tokens []token, i int) (speakerWords, bool) {
	j := i + 1
	if j >= len(tokens) || !tokens[j].isWord() {
		return speakerWords{}, false
	}
	if pronouns[tokens[j].text] {
		return speakerWords{words: tokens[j : j+1], kind: heOrShe, from: i, to: j + 1}, true
	}
	if nobodies[tokens[j].text] {
		return speakerWords{}, false
	}
	kind := person
	from := j
	// Lower-case words before the name: said spokesman Tom Beck, said the mayor, Ruth Calder.
	for from < len(tokens) && tokens[from].isWord() && !tokens[from].capital() && from < j+6 {
		if preposed[tokens[from].text] || conjuncts[tokens[from].text] {
			return speakerWords{kind: someone, from: i, to: from}, articles[tokens[j].text]
		}
		from++
	}
	if from < len(tokens) && from > j && tokens[from].text == "," && from+1 < len(tokens) && tokens[from+1].capital() {
		from++ // said the mayor, Ruth Calder
	}
	to := from
	for to < len(tokens) && tokens[to].isWord() && (tokens[to].capital() || nameParticles[tokens[to].text] && to > from && to+1 < len(tokens) && tokens[to+1].capital() || tokens[to].text == "and" && to > from && to+1 < len(tokens) && tokens[to+1].capital()) && !weekdays[tokens[to].text] {
		to++
	}
	if to == from {
		return speakerWords{kind: someone, from: i, to: from}, from > j && articles[tokens[j].text]
	}
	if from > j && tokens[from-1].text == "the" {
		kind = body
		if to < len(tokens) && tokens[to].isWord() && !preposed[tokens[to].text] && !conjuncts[tokens[to].text] && !adverbs[tokens[to].text] {
			kind = someone // the Halven activist group
		}
	}
	return speakerWords{words: tokens[from:to], kind: kind, from: i, to: to}, true
}

// unit reads one sentence, and returns the speech that goes on behind it.
func (e *english) unit(u []token, run *speech) *speech {
	if run != nil && onlyQuotes(u) {
		for _, t := range u {
			if t.quote != nil {
				e.quote(*t.quote, run)
			}
		}
		return run
	}
	if next, ok := e.direct(u); ok {
		return next
	}
	if e.announcement(u) || e.accordingTo(u) || e.indirect(u) {
		return nil
	}
	e.meet(u)
	if onlyQuotes(u) && len(u) > 0 {
		for _, t := range u {
			if t.quote != nil && e.isSpeech(*t.quote) {
				e.quote(*t.quote, &speech{first: unknown, then: unknown})
			}
		}
	}
	return nil
}

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
	return inner.end-inner.start >= 6 && strings.ContainsRune(".,!?…—", e.text[inner.end-1])
}

// direct reads a sentence with a quotation and words that say whose it is.
func (e *english) direct(u []token) (*speech, bool) {
	for q, t := range u {
		if t.quote == nil {
			continue
		}
		by, verb, ok := e.attributedBehind(u, q)
		if !ok {
			by, verb, ok = e.attributedBefore(u, q)
		}
		if !ok {
			continue
		}
		e.meet(u[:by.from])
		sp := e.speechOf(by, u[verb].text)
		e.meetWords(by)
		for i, t := range u {
			if t.quote != nil && (i == q || e.isSpeech(*t.quote)) {
				e.quote(*t.quote, sp)
			}
		}
		if e.open != nil {
			return nil, true
		}
		return sp.more(), true
	}
	return nil, false
}

// announcement reads a sentence that ends its paragraph with a colon: the quotation it announces is the next one.
func (e *english) announcement(u []token) bool {
	n := len(u) - 1
	if n < 2 || u[n].text != ":" || !(span{u[n].end, len(e.text)}).blank(e.text) {
		return false
	}
	for v := n - 1; v >= max(0, n-14); v-- {
		if verbs[u[v].text] == 0 {
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
		if verbs[u[v].text] == 0 {
			continue
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
	if q > 0 && verbs[u[q-1].text] > 0 && e.isSpeech(*u[q].quote) {
		by, ok := e.before(u, q-1)
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
		if verbs[u[v].text] == 0 {
			continue
		}
		if by, ok := e.before(u, v); ok {
			return by, v, true
		}
	}
	return speakerWords{}, 0, false
}

// indirect reads a sentence that tells what was said without quoting it.
func (e *english) indirect(u []token) bool {
	for v, t := range u {
		strength := verbs[t.text]
		if strength == 0 {
			continue
		}
		by, ok := e.before(u, v)
		if ok {
			if from, ok := e.content(u, v, strength); ok {
				e.sayIndirect(by, t.text, u, u[from].start)
				return true
			}
		}
		// …, she said. …, said the mayor.
		if ok && by.from > 0 && u[by.from-1].text == "," && e.closes(u, v+1) && strength == 2 {
			e.sayAround(by, t.text, u, by.from-1, v+1)
			return true
		}
		if v > 0 && u[v-1].text == "," && strength == 2 {
			if by, ok := e.behind(u, v); ok && e.closes(u, by.to) {
				e.sayAround(by, t.text, u, v-1, by.to)
				return true
			}
		}
	}
	return e.participle(u)
}

// participle reads a speech whose speaker is the subject of the sentence that it hangs on: the mayor opened the gate,
// saying that…; the mayor opened the gate and said….
func (e *english) participle(u []token) bool {
	for v := 2; v < len(u); v++ {
		strength := verbs[u[v].text]
		switch {
		case u[v-1].text == "," && (u[v].text == "saying" || u[v].text == "adding"):
			strength = 2
		case u[v-1].text == "and" && strength > 0:
		default:
			continue
		}
		from, ok := e.content(u, v, strength)
		if !ok {
			continue
		}
		by, ok := e.openingSubject(u)
		if !ok {
			return false
		}
		e.meet(u[:v])
		sp := e.speechOf(by, u[v].text)
		if sp.speaker != "" {
			sp.first = min(sp.first, implied)
		}
		e.add(akin.Indirect, span{u[from].start, u[len(u)-1].end}, sp)
		return true
	}
	return false
}

// openingSubject reads the subject that a sentence opens with: a name, or he or she.
func (e *english) openingSubject(u []token) (speakerWords, bool) {
	if pronouns[u[0].text] {
		return speakerWords{words: u[:1], kind: heOrShe, to: 1}, true
	}
	to := 0
	for to < len(u) && u[to].capital() && !weekdays[u[to].text] {
		to++
	}
	if to == 0 || to >= len(u) || !u[to].isWord() && u[to].text != "," || u[to].text == "and" || preposed[u[to].text] {
		return speakerWords{}, false
	}
	if parts, titled, _ := strip(u[:to]); len(parts) == 0 || !titled && !nameLike(parts) && e.names.byLast(parts[len(parts)-1]) == "" {
		return speakerWords{}, false
	}
	return speakerWords{words: u[:to], kind: person, to: to}, true
}

// content returns the token with which the words of an indirect speech begin, behind the verb at place v.
func (e *english) content(u []token, v, strength int) (int, bool) {
	i := v + 1
	told := u[v].text == "told" || u[v].text == "tells"
	const farthest = 14 // words between the verb and "that"
	for j := i; j < min(len(u), i+farthest); j++ {
		t := u[j]
		if t.text == "that" && j+1 < len(u) && (j == i || !preposed[u[j-1].text]) {
			return j + 1, u[len(u)-1].end-u[j+1].start >= 6 && !finite[u[j+1].text] && u[j+1].text != "because"
		}
		if !t.isWord() || finite[t.text] || t.text == "and" || t.text == "but" || j > i && subjects[t.text] && !preposed[u[j-1].text] {
			break
		}
	}
	if strength < 2 && !(i < len(u) && subjects[u[i].text] && u[i].text != "the") {
		return 0, false
	}
	if told {
		// Whom: reporters, the assembly, Northern Wire.
		for i < len(u) && u[i].isWord() && i < v+6 && (articles[u[i].text] || !subjects[u[i].text] && (u[i].capital() || i == v+1 || articles[u[i-1].text])) {
			i++
		}
	}
	if i+2 < len(u) && (u[i].text == "it" || u[i].text == "this") && !finite[u[i+1].text] && !strings.HasSuffix(u[i+1].text, "s") && !strings.HasSuffix(u[i+1].text, "ed") {
		return 0, false // he said it again
	}
	if i+2 >= len(u) || !u[i].isWord() || preposed[u[i].text] || conjuncts[u[i].text] || adverbs[u[i].text] && u[i].text != "once" || weekdays[u[i].text] || finite[u[i].text] || u[i].text == "so" || u[i].text == "nothing" || u[i].text == "goodbye" || u[i].text == "yes" {
		return 0, false
	}
	return i, true
}

// subjects are words that a reported clause begins with.
var subjects = set(strings.Fields(`he she it they we i you there the this these those his her their its our my a an no`))

// closes reports whether a sentence ends at token i but for when and where something was said.
func (e *english) closes(u []token, i int) bool {
	for _, t := range u[i:] {
		if t.quote != nil || t.text == ":" || t.text == "that" || t.text == ";" {
			return false
		}
	}
	if i < len(u) && u[i].text == "," {
		return true
	}
	return len(u)-i <= 12
}

// sayAround takes a sentence that names its speaker at its end (…, the council said.) or in its middle for what was
// said: at its end the words before are it, and in its middle the whole sentence.
func (e *english) sayAround(by speakerWords, verb string, u []token, comma, end int) {
	if end < len(u) && u[end].text == "," && len(u)-end > 4 && by.kind != someone && !e.apposed(u, end) {
		e.sayIndirectTo(by, verb, u, u[0].start, u[len(u)-1].end)
		return
	}
	e.sayIndirectTo(by, verb, u, u[0].start, u[comma].start)
}

// apposed reports whether behind the comma at place i stands who the speaker is, and not more of what was said.
func (e *english) apposed(u []token, i int) bool {
	return i+1 < len(u) && (articles[u[i+1].text] && !subjectsOfSpeech(u[i+1:]) || u[i+1].text == "who" || u[i+1].text == "adding" || strings.HasSuffix(u[i+1].text, "ing"))
}

// subjectsOfSpeech reports whether tokens hold a verb that makes a sentence of them.
func subjectsOfSpeech(tokens []token) bool {
	for _, t := range tokens {
		if finite[t.text] {
			return true
		}
	}
	return false
}

var finite = set(strings.Fields(`is are was were would will could should had has have must may might can do does did`))

func (e *english) sayIndirect(by speakerWords, verb string, u []token, from int) {
	e.sayIndirectTo(by, verb, u, from, u[len(u)-1].end)
}

func (e *english) sayIndirectTo(by speakerWords, verb string, u []token, from, to int) {
	if by.from < len(u) {
		e.meet(u[:by.from])
	}
	sp := e.speechOf(by, verb)
	e.meetWords(by)
	e.add(akin.Indirect, span{from, to}, sp)
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
						e.sayIndirect(by, "according to", u, u[j+1].start)
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
			by.from = len(u)
			e.sayIndirectTo(by, "according to", u, u[0].start, u[end-1].end)
			return true
		}
	}
	return false
}

// within reports whether the comma at place j only sets off who the speaker is: According to Ruth Calder, the mayor,….
func (e *english) within(u []token, by speakerWords, j int) bool {
	if j != by.to || j+1 >= len(u) || !articles[u[j+1].text] {
		return false
	}
	for k := j + 1; k < min(len(u), j+30); k++ {
		if finite[u[k].text] {
			return false
		}
		if u[k].text == "," {
			return true
		}
	}
	return false
}

// speechOf says who speaks and how sure that is.
func (e *english) speechOf(by speakerWords, verb string) *speech {
	sp := &speech{cue: verb, first: named, then: continued}
	switch by.kind {
	case person, body:
		sp.speaker = e.names.of(by)
	case heOrShe:
		sp.speaker = e.antecedent(by.words[0].text)
		sp.first, sp.then = pronoun, later
	}
	if sp.speaker == "" {
		sp.first, sp.then = unknown, unknown
	}
	return sp
}

// antecedent returns whom he or she means: the one such person that the narrator has named in the paragraph so far, or
// else, if the paragraph opens with the pronoun, in the one above.
func (e *english) antecedent(word string) string {
	persons := e.seen
	if len(persons) == 0 && e.first {
		persons = e.persons
	}
	found := ""
	for _, p := range persons {
		if g := e.names.pronoun[p]; g != "" && g != word {
			continue
		}
		if found != "" {
			return ""
		}
		found = p
	}
	if !e.names.person[found] {
		return ""
	}
	return found
}

// meet notes the persons that tokens of the narrator name.
func (e *english) meet(tokens []token) {
	for from := 0; from < len(tokens); {
		if !tokens[from].capital() {
			from++
			continue
		}
		to := from
		for to < len(tokens) && tokens[to].isWord() && (tokens[to].capital() || nameParticles[tokens[to].text] && to+1 < len(tokens) && tokens[to+1].capital()) {
			to++
		}
		e.note(e.names.mention(tokens[from:to], from == 0))
		from = max(to, from+1)
	}
}

func (e *english) meetWords(by speakerWords) {
	if by.kind == person {
		for n := range strings.SplitSeq(e.names.of(by), " and ") {
			e.note(n)
		}
	}
}

func (e *english) note(name string) {
	if name == "" {
		return
	}
	for _, s := range e.seen {
		if s == name {
			return
		}
	}
	e.seen = append(e.seen, name)
}

// quote adds the sentences of a quotation, and leaves it open if its closing mark is missing.
func (e *english) quote(q quotation, sp *speech) {
	e.say(akin.Direct, q.inner(), sp)
	if q.close >= len(e.text) {
		e.open = sp
	}
}

func (e *english) say(kind akin.Kind, part span, sp *speech) {
	for _, s := range englishSentences(e.text, part.trim(e.text)) {
		e.add(kind, s, sp)
	}
}

func (e *english) add(kind akin.Kind, s span, sp *speech) {
	s = s.trim(e.text)
	if s.end > s.start && strings.ContainsRune(",;", e.text[s.end-1]) && kind == akin.Indirect {
		s.end--
	}
	if n := len(e.found); !s.hasWords(e.text) || n > 0 && s.start < e.found[n-1].End {
		return
	}
	e.found = append(e.found, akin.Statement{
		Text:       string(e.text[s.start:s.end]),
		Speaker:    sp.speaker,
		Cue:        sp.cue,
		Kind:       kind,
		Confidence: sp.confidence(),
		Paragraph:  e.index,
		Start:      s.start,
		End:        s.end,
	})
}
