package statement

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/akinserver/akin"
)

// chinese reads the Chinese paragraphs of one article, in order.
type chinese struct {
	people *people

	// Carried from one paragraph to the next.
	open    *speech // a quotation that the last paragraph left open, or announced by a colon
	carried *speech // with which the last paragraph ended: one that opens with what is to be done goes on with it
	persons []string

	// The paragraph being read.
	index  int
	text   []rune
	quotes []quotation
	inside []bool
	found  []akin.Statement
	seen   []string // persons the narrator has named in this paragraph
	first  bool     // nothing of this paragraph has been read yet
}

// A speech is what a speaker is saying.
type speech struct {
	speaker    string
	cue        string
	first      float64 // confidence of its first sentence
	then       float64 // and of later ones
	introduced bool    // the first sentence has been read
	title      string  // that stands behind the speaker's name: 总书记
	quotesOnly bool    // its quotation has ended: only further quotations go on with it
}

func (s *speech) confidence() float64 {
	if !s.introduced {
		s.introduced = true
		return s.first
	}
	return s.then
}

func newChinese(a akin.Article) *chinese {
	c := &chinese{people: newPeople(evidence(a))}
	// Whom a pronoun or a surname means can stand further down, so the names of all speakers are gathered first.
	c.people.introduce(a.Keywords)
	for _, p := range a.Paragraphs {
		if len(c.people.clauses) >= maxResolved {
			break
		}
		c.text = []rune(p.Text)
		c.quotes, c.inside = nesting(c.text)
		for _, a := range c.attributions(span{0, len(c.text)}) {
			c.subjectOf(a.words)
		}
	}
	clear(c.people.clauses) // a surname read before its full name was known may mean something now
	clear(c.people.resolved)
	return c
}

// paragraph returns the statements of the next paragraph.
func (c *chinese) paragraph(index int, text string) []akin.Statement {
	c.index, c.text, c.found, c.seen = index, []rune(text), nil, nil
	c.quotes, c.inside = nesting(c.text)

	start := c.continueQuotation()
	run := c.carriedOn() // the speech that goes on sentence by sentence
	for _, unit := range c.units(start) {
		c.first = unit.start == start
		run = c.unit(unit, run)
	}
	if len(c.seen) > 0 {
		c.persons = c.seen
	}
	c.carried = nil
	if run != nil && !run.quotesOnly && run.speaker != "" {
		c.carried = run
	}
	return c.found
}

// carriedOn returns the speech of the paragraph before, if this one goes on with it without saying so: by its words it
// asks for what is to be done, or counts on.
func (c *chinese) carriedOn() *speech {
	const far = 8 // runes that tell
	if c.carried == nil || !demand.MatchString(string(c.text[:min(len(c.text), far)])) {
		return nil
	}
	rest := *c.carried
	rest.then = min(rest.then, later)
	return &rest
}

// demand is how such a paragraph opens.
var demand = regexp.MustCompile(`^[\s\p{Z}]*(?:要[^求闻人]|希望|必须|我们要|双方要|第[二三四五六]，|[二三四五六]是|[二三四五六]要)`)

// continueQuotation reads the quotation at the start of a paragraph that goes on from the paragraph before: each of
// its paragraphs opens with a mark, and the last alone closes it. It returns where the rest of the paragraph begins.
func (c *chinese) continueQuotation() int {
	speech := c.open
	c.open = nil
	start := span{0, len(c.text)}.trim(c.text).start
	if speech == nil || len(c.quotes) == 0 || c.quotes[0].open != start {
		return start
	}
	q := c.quotes[0]
	c.say(akin.Direct, q.inner(), speech)
	if q.close >= len(c.text) {
		c.open = speech
		return len(c.text)
	}
	return q.close + 1
}

// units parts a paragraph into sentences that are read as one: a quotation stays with the words that attribute it.
func (c *chinese) units(start int) []span {
	var units []span
	cut := func(end int) {
		if s := (span{start, end}).trim(c.text); s.start < s.end {
			units = append(units, s)
		}
		start = end
	}
	next := 0 // of c.quotes
	for i := start; i < len(c.text); i++ {
		for next < len(c.quotes) && c.quotes[next].close < i {
			next++
		}
		if next < len(c.quotes) && i == c.quotes[next].close {
			if endsSentence(c.text[i-1]) && !c.goesOn(c.quotes[next], start) {
				cut(i + 1)
			}
			continue
		}
		if c.inside[i] || !endsSentence(c.text[i]) {
			continue
		}
		for i+1 < len(c.text) && (endsSentence(c.text[i+1]) || isClosing(c.text[i+1]) && !c.inside[i+1]) {
			i++
		}
		cut(i + 1)
	}
	cut(len(c.text))
	return units
}

// unit reads one sentence, and returns the speech that goes on behind it, if one does.
func (c *chinese) unit(u span, run *speech) *speech {
	all := c.attributions(u)
	source := -1 // of the attributions: the paper, or whom the reporter asked
	for i, a := range all {
		if relays[a.cue.word] {
			if source < 0 && relayed.MatchString(a.words) {
				source = i
			}
			continue
		}
		if q, ok := c.quotationBefore(u, a); ok {
			return c.trailing(u, q, a, run)
		}
		s, ok := c.lead(u, a, i, run)
		if !ok {
			continue
		}
		if run != nil && s.kind == someone && partOfSpeech(a.words) && !sideSays(a) {
			break
		}
		sp := c.leading(u, a, s, all[:i])
		if s.kind == someone && !c.first && document.MatchString(a.words) {
			return nil // a report quoted in passing
		}
		return sp
	}
	if source >= 0 {
		if s, ok := c.lead(u, all[source], source, run); ok {
			c.leading(u, all[source], s, all[:source])
			return nil
		}
	}
	if speech := c.asides(u, all, run); speech != nil {
		return nil
	}
	if run != nil && !c.narrated(u, run) {
		c.goOn(u, run)
		return run
	}
	c.meet(u)
	if !c.headed(u) {
		c.standalone(u)
	}
	return nil
}

var (
	// relays are cues of those who pass on what others told them: whom those others told it names.
	relays = set([]string{"报道", "获悉", "了解到"})
	// relayed is how the words before such a cue begin: 据塔斯社, 记者今天从水务局.
	relayed  = regexp.MustCompile(`^(?:另|又)?(?:据[^□]{2,}|(?:本台|本报)?记者[^从]{0,8}从.{2,})`)
	fromWhom = regexp.MustCompile(`^(?:本台|本报)?记者[^从]{0,8}从`)
)

// goOn takes a whole sentence for one of the running speech.
func (c *chinese) goOn(u span, run *speech) {
	if q, ok := c.whole(u); ok {
		c.say(akin.Direct, q.inner(), run)
		return
	}
	if words := c.plain(u); strings.HasPrefix(words, "他") || strings.HasPrefix(words, "她") {
		run.then = min(run.then, later)
	}
	c.say(akin.Indirect, u, run)
}

// more returns what a speech is once its quotation has ended.
func (s *speech) more() *speech {
	rest := *s
	rest.introduced, rest.quotesOnly = true, true
	return &rest
}

// quoted reads the quotations that make up a part of the paragraph, and reports whether it is made up of them: one or
// more, with nothing but marks between and behind.
func (c *chinese) quoted(part span, sp *speech) bool {
	var quotes []quotation
	at := part.start
	for _, q := range c.quotes {
		if q.open < part.start || q.open >= part.end {
			continue
		}
		if (span{at, q.open}).hasWords(c.text) {
			return false
		}
		quotes = append(quotes, q)
		at = min(q.close+1, part.end)
	}
	if len(quotes) == 0 {
		return false
	}
	if rest := (span{at, part.end}); rest.hasWords(c.text) {
		// “A。”B goes on without a mark: the quotation is a word of the sentence, unless it is one itself.
		last := quotes[len(quotes)-1]
		if !endsSpeech(c.text[last.close-1]) {
			return false
		}
		for _, q := range quotes {
			c.say(akin.Direct, q.inner(), sp)
		}
		return true
	}
	for _, q := range quotes {
		c.say(akin.Direct, q.inner(), sp)
		if q.close >= len(c.text) {
			c.open = sp
		}
	}
	return true
}

// hasOthers reports whether a part holds words outside quotations.
func (s span) hasOthers(c *chinese) bool {
	for i := s.start; i < s.end && i < len(c.text); i++ {
		if !c.inside[i] && (unicode.IsLetter(c.text[i]) || unicode.IsNumber(c.text[i])) {
			return true
		}
	}
	return s.start >= s.end
}

// whole returns the quotation that a sentence consists of.
func (c *chinese) whole(u span) (quotation, bool) {
	for _, q := range c.quotes {
		if q.open == u.start {
			return q, !(span{min(q.close+1, u.end), u.end}).hasWords(c.text)
		}
	}
	return quotation{}, false
}

// say adds the sentences of a part as statements.
func (c *chinese) say(kind akin.Kind, part span, sp *speech) {
	for _, s := range sentences(c.text, part.trim(c.text)) {
		if n := len(c.found); n > 0 && s.start < c.found[n-1].End {
			continue
		}
		c.found = append(c.found, akin.Statement{
			Text:       string(c.text[s.start:s.end]),
			Speaker:    sp.speaker,
			Cue:        sp.cue,
			Kind:       kind,
			Confidence: sp.confidence(),
			Paragraph:  c.index,
			Start:      s.start,
			End:        s.end,
		})
	}
}

// speechOf says who speaks and how sure that is.
func (c *chinese) speechOf(s subject, cue, words string) *speech {
	sp := &speech{cue: cue}
	switch s.kind {
	case person, body:
		sp.speaker, sp.first, sp.then = s.name, named, continued
		if _, behind, ok := strings.Cut(words, s.name); ok {
			for _, t := range titles {
				if len(t) > len("主席") && len(t) > len(sp.title) && strings.HasPrefix(behind, t) {
					sp.title = t
				}
			}
		}
		if s.kind == body {
			sp.then = implied // what follows a ministry's words is the writer's as often as not
		}
	case heOrShe:
		if sp.speaker = c.antecedent(); sp.speaker != "" {
			sp.first, sp.then = pronoun, later
		}
	}
	if sp.speaker == "" {
		sp.first, sp.then = unknown, unknown
	}
	return sp
}

// antecedent returns whom a pronoun means: the one person that the narrator has named in this paragraph before it, or
// else, if the paragraph opens with the pronoun, the one named in the paragraph above.
func (c *chinese) antecedent() string {
	persons := c.seen
	if c.first {
		persons = c.persons
	}
	if len(persons) == 1 {
		return persons[0]
	}
	return ""
}

// meet notes the persons that the narrator names in a part of the paragraph.
func (c *chinese) meet(part span) {
	words := c.plain(part)
	for _, n := range c.people.mentioned(words) {
		known := false
		for _, s := range c.seen {
			known = known || s == n
		}
		if !known {
			c.seen = append(c.seen, n)
		}
	}
}

var (
	// narration is how a sentence opens that the narrator and not the speaker says.
	narration = regexp.MustCompile(`^(?:会谈[前后]|会见[前后]|会后|会前|随后|之后|此后|当[天日晚]|据悉|据了解|据介绍|据统计|另据|据[^，。]{2,30}报道|目前记者|记者|双方还就|双方就|双方共同|双方签署|两国元首|两位领导人|会议[^，。]{0,6}(?:由|于|结束|闭幕|开幕)|会上|仪式[前后]|签字[前后]|当地时间|截至目前|图为|\d{1,2}日，|\d{1,2}日(?:上午|下午|晚|凌晨|清晨|傍晚|夜|一早|中午)|\d{1,2}月\d{1,2}日[，上下晚凌清]|\d{4}年\d{1,2}月(?:\d{1,2}日)?[，单]|近来因)`)
	// narrates are the characters that narration begins with.
	narrates = runesOf("会随之此当据另目记双两仪签截图近0123456789")
	// thisIs is how a writer tells what a report of a body means.
	thisIs = regexp.MustCompile(`^这(?:也)?是[^。]{2,40}(?:以来|首次|第[一二三四五六七八九十\d]+次)`)
	// heSaid is how a sentence opens that tells of a third person: the speaker, unless the speech has named another.
	heSaid = regexp.MustCompile(`^[他她][^们]`)
	// scene is what a narrator says of a meeting, never a speaker of it.
	scene = regexp.MustCompile(`(?:交换了意见|参加会[见谈]|参加上述活动|出席(?:上述)?活动|会见时在座|出席仪式|回答了[^，。]*提问|还介绍了|(?:暂未|未作|没有|尚未|未予)[^，。]{0,12}(?:回应|确认|置评|表态)|共同见证了|见证了[^，。]*签署|合影留念|发表声明|拒绝(?:对此)?(?:发表)?(?:置)?评论?|于\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?(?:成立|生效|签署|启动|去世|独立)|有\d+个成员)`)
)
