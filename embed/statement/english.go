package statement

import (
	"slices"
	"strings"

	"github.com/akinserver/akin"
)

// english reads the English paragraphs of one article, in order.
type english struct {
	names  *names
	parsed map[int]parsed // paragraphs by their numbers

	// Carried from one paragraph to the next.
	open    *speech
	persons []string
	said    *speakerWords // of the report read last
	prior   *speech       // that the last sentence reported: a quotation alone goes on with it

	// The paragraph being read.
	index  int
	text   []rune
	tokens []token
	quotes []quotation
	found  []akin.Statement
	seen   []string // persons the narrator has named in this paragraph
	first  bool     // nothing of this paragraph has been read yet
}

// A parsed paragraph is kept until it is read: the names of an article are gathered from all its text first.
type parsed struct {
	runes  []rune
	tokens []token // words and marks
	quotes []quotation
}

func parse(text string) parsed {
	runes := []rune(text)
	return parsed{runes, tokensOf(runes, text), englishQuotes(runes)}
}

func newEnglish(a akin.Article) *english {
	e := &english{parsed: map[int]parsed{}}
	lines := [][]token{parse(a.Title).tokens, parse(a.Subtitle).tokens}
	for _, k := range a.Keywords {
		lines = append(lines, parse(k).tokens)
	}
	for _, c := range a.Captions {
		lines = append(lines, parse(c.Text).tokens)
	}
	size := 0
	for i, p := range a.Paragraphs {
		if size += len(p.Text); size > maxEvidence {
			break
		}
		if !isChinese(p.Text) {
			e.parsed[i] = parse(p.Text)
			lines = append(lines, e.parsed[i].tokens)
		}
	}
	e.names = newNames(lines)
	for i := range a.Paragraphs {
		if _, ok := e.parsed[i]; ok {
			e.begin(i, "")
			e.meetSpeakers()
		}
	}
	return e
}

// begin takes up a paragraph to read it.
func (e *english) begin(index int, text string) {
	p, ok := e.parsed[index]
	if !ok {
		p = parse(text)
	}
	e.index, e.text, e.tokens, e.quotes, e.found, e.seen = index, p.runes, p.tokens, p.quotes, nil, nil
}

// meetSpeakers learns the names that stand where the speakers of the paragraph are named.
func (e *english) meetSpeakers() {
	if !slices.ContainsFunc(e.tokens, introducesQuote) {
		return
	}
	for _, u := range e.units(0) {
		if len(u) > longestSentence {
			continue
		}
		for i := range u {
			if !introducesQuote(u[i]) {
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

func (e *english) paragraph(index int, text string) []akin.Statement {
	e.begin(index, text)
	delete(e.parsed, index)
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
	if run == nil && e.labelled(start) {
		return e.found
	}
	for i, u := range e.units(start) {
		e.first = i == 0 && run == nil
		run = e.unit(u, run)
		e.meetUnnamed(u)
	}
	if run != nil {
		e.prior = run.after()
	}
	if len(e.seen) > 0 {
		e.persons = e.seen
	}
	return e.found
}

// units parts the paragraph into sentences of tokens; a quotation stays with the words that say whose it is.
func (e *english) units(start int) [][]token {
	tokens := withQuotes(e.tokens, e.quotes, start, len(e.text))
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

// labelled reads a paragraph that opens with its speaker and a colon. CALDER: The piers are finished. is of a transcript,
// and all of it is hers. With small letters it is a headline (Calder: piers are finished), which is the first paragraph
// and has one sentence, unless what she says is quoted.
func (e *english) labelled(start int) bool {
	t := e.tokens
	if len(t) < 3 || start > t[0].start || !t[0].capital() {
		return false
	}
	const longest = 7 // words of a label
	end := runEnd(t, 0)
	if end > longest || end+2 > len(t) || t[end].text != ":" {
		return false
	}
	by := speakerWords{words: t[:end], kind: person}
	kind, last := akin.Indirect, t[end-1].word
	if len(last) > 3 && strings.ToUpper(last) == last {
		kind, by.words = akin.Direct, e.names.inSmall(by.words)
	}
	rest := withQuotes(t, e.quotes, t[end].end, len(e.text))
	if kind == akin.Indirect {
		if e.names.count[last] == 0 || !onlyQuotes(rest) && (e.index > 0 || len(sentenceEnds(e.text, rest)) > 1) {
			return false
		}
		if e.names.byLast(last, "") != "" {
			by.words = t[end-1 : end] // Quarry Owner Ida Holt: in a headline all words have capital letters
		}
	}
	if !e.certain(by.words) {
		return false
	}
	sp := e.speechOf(by, ":")
	if sp.speaker == "" {
		return false
	}
	e.meetWords(by)
	switch {
	case !onlyQuotes(rest):
		e.say(kind, span{t[end].end, len(e.text)}, sp)
	default:
		for _, r := range rest {
			if r.quote != nil {
				e.quote(*r.quote, sp)
			}
		}
	}
	return true
}

// longestSentence is how many tokens a sentence that is read may have: nobody writes longer ones, and the work on a
// sentence grows faster than it.
const longestSentence = 300

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
	if len(u) > longestSentence {
		return nil
	}
	if next, ok := e.direct(u); ok {
		return next
	}
	prior := e.prior
	e.prior = nil
	if e.announcement(u) || e.accordingTo(u) || e.reported(u) {
		return nil
	}
	e.meet(u)
	if onlyQuotes(u) && len(u) > 0 {
		sp := prior
		if sp == nil {
			sp = &speech{first: unknown, then: unknown}
		}
		for _, t := range u {
			if t.quote != nil && e.isSpeech(*t.quote) {
				e.quote(*t.quote, sp)
			}
		}
		if prior != nil {
			return sp
		}
	}
	return nil
}

// after is what a speech is for a quotation alone that follows the sentence that reports it.
func (s *speech) after() *speech {
	rest := s.more()
	rest.then = min(rest.then, later)
	return rest
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

// somebodyElse stands among the persons seen for one whom the narrator does not name.
const somebodyElse = "?"

// meetUnnamed notes that a sentence opens with a person who is not named: an official, one of her neighbours.
func (e *english) meetUnnamed(u []token) {
	if len(u) == 0 || !u[0].is(article) && u[0].text != "one" {
		return
	}
	for _, t := range u[1:min(len(u), 6)] {
		if t.capital() || t.quote != nil || t.takes != 0 || t.text == "," {
			return
		}
		if t.is(personNoun) {
			e.note(somebodyElse)
			return
		}
	}
}

// meet notes the persons that tokens of the narrator name.
func (e *english) meet(tokens []token) {
	for from := 0; from < len(tokens); {
		if !tokens[from].capital() {
			from++
			continue
		}
		to := runEnd(tokens, from)
		e.note(e.names.mention(tokens[from:to], from == 0))
		from = max(to, from+1)
	}
}

// introduce notes whom tokens of reported speech name, for what a last name means further down; they are nobody whom
// the narrator's "he" means.
func (e *english) introduce(tokens []token) {
	for from := 0; from < len(tokens); {
		if !tokens[from].capital() {
			from++
			continue
		}
		to := max(runEnd(tokens, from), from+1)
		if name := e.names.mention(tokens[from:to], from == 0); name != "" {
			e.names.introduce(name)
		}
		from = to
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
	const most = 200 // of whom a pronoun means none anyway
	if len(e.seen) > most || slices.Contains(e.seen, name) {
		return
	}
	e.seen = append(e.seen, name)
	if name != somebodyElse {
		e.names.introduce(name)
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
