package statement

import (
	"slices"
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
		if v > 0 && t.capital() && !isHeadline(u) || t.text == "think" && v+1 < len(u) && strings.HasPrefix(u[v+1].text, "tank") {
			continue // Hope Hicks, a think tank
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
		if n > 0 && r.around {
			all = append(all[:0], r) // she wants to stay, he said: all of that is his
			continue
		}
		if n > 0 && r.from >= all[n-1].from && v < all[n-1].to {
			end := e.breaks(u, r)
			if at := r.by.from - 1; end == 0 && u[all[n-1].verb].is(attitude) && !t.is(attitude) && at > 0 && at < len(u) && u[at].text == "," {
				end = at // the ferry that they wanted to end, she said…
			}
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
		thinks := u[r.verb].is(attitude)
		if thinks {
			sp.first = min(sp.first, thought)
		}
		e.add(akin.Indirect, span{u[r.from].start, u[r.to-1].end}, sp)
		done = r.to
		e.introduce(u[r.from:r.to])
		e.prior, e.said = sp.after(), &r.by
		if thinks {
			e.prior = nil // a quotation does not go on with what somebody wants
		}
	}
	return done > 0
}

// aside adds what a sentence tells behind a quotation and its speaker: …, she said, adding that….
func (e *english) aside(u []token, from int, sp *speech) {
	for v := from; v+1 < len(u); v++ {
		if u[v].takes == 0 || !strings.HasSuffix(u[v].text, "ing") || u[v-1].text != "," {
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
	case r.implied && before.quote != nil && e.comma(before):
		return at
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

// shows are cues of papers, which say something by any words that follow; persons show other things.
var shows = set(strings.Fields(`show shows showed showing`))

// isPaper reports whether a token names what can show something.
func isPaper(t token) bool { return papers[t.text] }

var (
	papers = set(strings.Fields(`poll polls survey surveys study studies report reports record records data figures numbers number results result research analysis document documents email emails e-mail e-mails
		letter letters test tests statistics count tally audit memo review filings disclosures video videos footage photo photos transcript transcripts forecast forecasts images`))
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
	if ok && v > 0 && strings.HasSuffix(t.text, "ing") && (e.comma(u[v-1]) || dashes[u[v-1].text]) {
		ok = false // the mayor opened the gate of the mill, saying: what stands before the comma is no subject
	}
	if ok && by.from == 1 && u[0].text == "as" && v+3 < len(u) && u[v+1].text == "," && t.takes&quoted != 0 && !t.is(attitude) {
		r.by, r.from = by, v+2 // As the council said, …
		return r, true
	}
	if ok && possessive(u[v-1], false) && canBeNoun(t) {
		return report{}, false // the council's pledge to wait
	}
	if ok && t.is(attitude) && (strings.HasSuffix(t.text, "ed") && strings.ContainsAny(u[v-1].text, "'’") || unasserted(u, by)) {
		return report{}, false
	}
	if ok {
		if r.from, r.to, ok = e.content(u, v); ok && shows[t.text] && u[r.from-1].text != "that" && !slices.ContainsFunc(u[by.from:by.to], isPaper) {
			return report{}, false // the mayor showed restraint, and showed up
		}
		if ok && (!naming[t.text] || strings.Contains(t.with, u[v+1].text) || by.kind != someone || by.to-by.from == 1) {
			r.by = by
			return r, true
		}
		ok = true
	}
	// …, she said. …, said the mayor.
	if (t.takes&quoted != 0 || shows[t.text]) && t.takes&thatClause != 0 && !strings.HasSuffix(t.text, "ing") {
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
		if comma > 0 && u[comma].text == "," {
			end := v + 1
			if !ok {
				if _, _, told := e.content(u, v); told && !says[t.takes] {
					return report{}, false // had, in a letter, asked the court to stay
				}
				by, ok = e.behind(u, v)
				end = by.to
			}
			if ok && e.closes(u, end) {
				if a := e.around(u, by, v, comma, end); len(earlier) == 0 && (comma > 1 || a.to == len(u)) || len(earlier) > 0 && a.to == comma && !earlier[0].around && e.rounds(u, v, comma, end) {
					return a, true
				}
			}
		}
	}
	// The mayor opened the gate, saying that…; the mayor opened the gate and said….
	if v < 2 || ok && !strings.HasSuffix(t.text, "ing") {
		return report{}, false
	}
	before := v - 1 // adverbs stand between
	for before > 1 && (adverbial(u[before]) || u[before].is(auxiliary)) {
		before--
	}
	adds := e.comma(u[v-1]) || dashes[u[v-1].text] || u[v-1].text == "by" || u[v-1].text == "while" ||
		u[v-1].is(auxiliary) && v > 2 && (u[v-2].text == "by" || u[v-2].text == "while" || u[v-2].text == ",")
	joins := u[before].text == "and" || u[before].text == "but"
	if !(adds && strings.HasSuffix(t.text, "ing")) && !(joins && !canBeNoun(t)) {
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

// unasserted reports whether a sentence does not tell what its subject thinks: I know is the narrator's own, and if she
// knew, when she learned only say on what something else depends.
func unasserted(u []token, by speakerWords) bool {
	if by.from >= len(u) {
		return false
	}
	if one := u[by.from].text; by.to-by.from == 1 && (one == "i" || one == "we" || one == "you") {
		return true
	}
	return by.from > 0 && conditions[u[by.from-1].text] || conditions[u[by.from].text]
}

var conditions = set(strings.Fields(`if when whether because after until unless once before`))

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

// rounds reports whether the words from the comma on say whose a whole sentence is that has other cues: she wants to
// stay, he said on Monday.
func (e *english) rounds(u []token, v, comma, end int) bool {
	if canBeNoun(u[v]) || isRelative[u[comma+1].text] || introduces[u[0].text] || u[0].text == "asked" {
		return false
	}
	return e.trails(u, v, end)
}

// trails reports whether nothing but when, where and to whom something was said follows from a place behind the cue v.
func (e *english) trails(u []token, v, end int) bool {
	if u[v].takes&object != 0 {
		end = e.skipWhom(u, end)
	}
	end = e.skipWhen(u, end)
	return end >= len(u) || !u[end].isWord() || u[end].is(preposition)
}

var (
	isTime     = set(strings.Fields(`week month year night morning afternoon evening summer spring fall winter weekend`))
	isOccasion = set(strings.Fields(`statement interview email e-mail letter tweet speech post memo briefing blog report`))
)

// accordingTo reads a sentence with "according to" somebody at its start or its end.
func (e *english) accordingTo(u []token) bool {
	for i := 0; i+2 < len(u); i++ {
		if u[i].text != "according" || u[i+1].text != "to" || i > 1 && u[i-1].text == "," && u[i-2].text == "that" {
			continue
		}
		by, ok := e.behind(u, i+1)
		if !ok {
			by = speakerWords{kind: someone, from: i, to: i + 2}
			for i > 0 && by.to < len(u) && u[by.to].isWord() && u[by.to].text != "who" && (!u[by.to].is(preposition) || u[by.to].capital()) {
				by.to++
			}
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
		if by.to < len(u) && (u[by.to].text == "who" || u[by.to].is(preposition)) {
			for j := by.to; j+1 < len(u) && j < by.to+20 && u[j].quote == nil; j++ {
				if u[j].text == "," {
					if u[j+1].is(finite|auxiliary) && !u[j+1].is(article) {
						by.to = j // the ferry, according to men who know her, is sound
					}
					break
				}
			}
		}
		if goesOn := by.to+3 < len(u) && u[by.to].text == "," && end < i && !e.apposed(u, by.to); end > 2 || end > 0 && goesOn {
			to := u[end-1].end
			if goesOn {
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
