package statement

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/name"
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

// goesOn reports whether the sentence that a quotation ends goes on behind it: with a comma, or with the words that
// say whose it is, unless words before it have said that already.
func (c *chinese) goesOn(q quotation, start int) bool {
	i := q.close + 1
	for i < len(c.text) && unicode.IsSpace(c.text[i]) {
		i++
	}
	if i >= len(c.text) || continues(c.text[i]) && !c.inside[i] {
		return i < len(c.text)
	}
	if c.announced(q, start) {
		return false
	}
	const farthest = 40 // runes that an attribution has at most
	for end := i; end < min(len(c.text), i+farthest); end++ {
		if r := c.text[end]; !c.inside[end] && (endsSentence(r) || r == '，' || r == '：' || r == ',' || r == ':' || r == '；') || isQuote(r) {
			for _, a := range c.attributions(span{i, end}) {
				if a.end == end || a.object && end-a.end < 12 {
					return true
				}
			}
			return false
		}
	}
	return false
}

// announced reports whether words that end before a quotation say whose it is: 他说：“…”
func (c *chinese) announced(q quotation, start int) bool {
	at := q.open
	for at > start && unicode.IsSpace(c.text[at-1]) {
		at--
	}
	if at == start || !strings.ContainsRune("：:，,", c.text[at-1]) {
		return false
	}
	for _, a := range c.attributions(span{start, at - 1}) {
		if a.end == at-1 || c.text[at-1] == '：' || a.object && c.skipObject(a) == at-1 {
			return true
		}
	}
	return false
}

// An attribution is a cue with the words before it that may name the speaker.
type attribution struct {
	cue        cue
	clause     int // where its clause begins
	start, end int // of the cue
	object     bool
	words      string // of the clause before the cue
}

// longestClause is how many runes a clause may have before its cue and still name its speaker.
const longestClause = 80

// attributions finds the cues of a part of the paragraph, outside quotations and brackets.
func (c *chinese) attributions(part span) []attribution {
	var all []attribution
	clause := part.start
	for i := part.start; i < part.end; i++ {
		if c.inside[i] {
			continue
		}
		r := c.text[i]
		if isQuoteEnd(r) || endsSentence(r) || strings.ContainsRune("，；：,;:", r) {
			clause = i + 1
			continue
		}
		q, ok := cueAt(c.text[:part.end], i)
		if !ok {
			continue
		}
		end := i + len(q.runes)
		if i-clause > longestClause+60 {
			i = end - 1
			continue // no speaker is named that far away
		}
		a := attribution{cue: q, clause: clause, start: i, end: end, words: c.plain(span{max(clause, i-longestClause-20), i})}
		a.object = q.word == "告诉"
		if isNoun(q, a.words) {
			continue
		}
		if q.word == "说" && strings.HasSuffix(a.words, "来") && inGeneral.MatchString(a.words) {
			continue
		}
		all = append(all, a)
		i = end - 1
	}
	return all
}

// inGeneral is what makes an idiom of 来说: 对他来说, 一般来说.
var inGeneral = regexp.MustCompile(`^(?:对|就|从|拿|总|一般|相对|具体|简单|按|严格|目前|长远|整体|通常)`)

// plain returns the words of a part, without what stands in brackets, and with one sign for each quotation.
func (c *chinese) plain(part span) string {
	var out strings.Builder
	for i := part.start; i < part.end; i++ {
		switch r := c.text[i]; {
		case !c.inside[i] && (r == '（' || r == '(' || isQuote(r) || r == '《'):
			if r != '（' && r != '(' {
				out.WriteRune('□')
			}
		case c.inside[i] || isClosing(r):
		default:
			out.WriteRune(r)
		}
	}
	return strings.TrimSpace(out.String())
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
		if run != nil && s.kind == someone && partOfSpeech(a.words) {
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

// headed reads a line like a headline, which names its speaker before a colon: 水务局：水位正在下降.
func (c *chinese) headed(u span) bool {
	const longest = 20
	if !c.first {
		return false
	}
	for i := u.start; i < min(u.end, u.start+longest); i++ {
		switch r := c.text[i]; {
		case isQuote(r) || endsSentence(r) || r == '，' || r == '、':
			return false
		case r == '：' || r == ':':
			s := c.people.subject(string(c.text[u.start:i]))
			rest := span{i + 1, u.end}.trim(c.text)
			if s.kind != body && (s.kind != person || !c.people.full[s.name]) || !rest.hasWords(c.text) || isQuote(c.text[rest.start]) || rest.end-rest.start < 6 {
				return false
			}
			c.say(akin.Indirect, rest, &speech{speaker: s.name, cue: string(r), first: bare, then: bare})
			return true
		}
	}
	return false
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

// lead reads who speaks in an attribution, and reports whether words of speech follow it.
func (c *chinese) lead(u span, a attribution, nth int, run *speech) (subject, bool) {
	after := a.end
	if a.object || a.cue.after == mark {
		after = c.skipObject(a)
	}
	marked := after >= u.end || strings.ContainsRune("，：,:", c.text[after]) || isQuote(c.text[after])
	if !marked && (a.cue.after == mark || after != a.end) {
		return subject{}, false
	}
	if after >= u.end || !(span{after, u.end}).hasWords(c.text) {
		// Nothing follows in this sentence: only a colon announces something behind it.
		if after >= u.end || c.text[after] != '：' && c.text[after] != ':' || u.end < len(c.text) {
			return subject{}, false
		}
	}
	words := a.words
	if relays[a.cue.word] {
		words = fromWhom.ReplaceAllString(words, "")
	}
	s := c.subjectOf(words)
	switch {
	case s.kind == nobody && relays[a.cue.word]:
		return subject{kind: someone}, marked
	case !marked && s.kind == someone && a.clause == u.start && a.cue.word == "称":
		return s, true // 对方还称击退了进攻
	case s.kind == nobody && marked && a.start > a.clause && c.text[after] == '：' && after+1 < u.end && isQuote(c.text[after+1]) && len([]rune(a.words)) <= 20:
		return subject{kind: someone}, true // words in quotation marks behind a colon are somebody's
	case s.kind == nobody:
		return subject{}, false
	case !marked && (s.kind == someone || run != nil && s.kind == body):
		return subject{}, false
	}
	return s, true
}

// skipObject returns the place behind whom a speaker speaks to, or behind the few words before a colon: 告诉记者，
// 讲述那一夜：. If there is no mark behind them it returns the end of the cue.
func (c *chinese) skipObject(a attribution) int {
	const longest = 14
	for i := a.end; i < min(len(c.text), a.end+longest); i++ {
		r := c.text[i]
		switch {
		case r == '：' || r == ':':
			return i
		case (r == '，' || r == ',' || isQuote(r)) && (a.object || i == a.end):
			return i
		case r == '，' || r == '；' || endsSentence(r) || isQuote(r):
			return a.end
		}
	}
	return a.end
}

// leading reads the speech behind an attribution.
func (c *chinese) leading(u span, a attribution, s subject, earlier []attribution) *speech {
	c.meet(span{u.start, a.start})
	sp := c.speechOf(s, a.cue.word, a.words)
	from := a.end
	if a.object || a.cue.after == mark {
		from = c.skipObject(a)
	}
	separator := rune(0)
	for from < u.end && (unicode.IsSpace(c.text[from]) || strings.ContainsRune("，：,:", c.text[from])) {
		if separator == 0 && !unicode.IsSpace(c.text[from]) {
			separator = c.text[from]
		}
		from++
	}
	if from >= u.end {
		c.open = sp // a colon ends the paragraph
		return nil
	}
	content := span{from, u.end}
	if separator == 0 && !isQuote(c.text[from]) {
		sp.first = min(sp.first, bare)
	}
	if isQuote(c.text[from]) && c.quoted(content, sp) {
		if c.open == nil {
			return sp.more()
		}
		return nil
	}
	c.say(akin.Indirect, content, sp)
	if separator == 0 || per(a.words) {
		return nil
	}
	return sp
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

// quotationBefore returns the quotation that ends right before an attribution: “…，”他说.
func (c *chinese) quotationBefore(u span, a attribution) (quotation, bool) {
	end := a.clause
	for end > u.start && (unicode.IsSpace(c.text[end-1]) || c.text[end-1] == '，' || c.text[end-1] == ',') {
		end--
	}
	for _, q := range c.quotes {
		if q.close != end-1 || q.open < u.start || q.close <= q.open+1 {
			continue
		}
		comma := end < a.clause // the comma stands outside: “…”，他说。
		own := endsSpeech(c.text[q.close-1]) || q.open == u.start
		if comma && (q.open != u.start || q.close-q.open < 6) || !own {
			return q, false
		}
		after := a.end
		if a.object {
			after = c.skipObject(a)
			if after == a.end {
				after = c.objectEnd(a, u)
			}
		}
		if after < u.end && !strings.ContainsRune("，：。！,:；", c.text[after]) && !isQuote(c.text[after]) {
			return q, false
		}
		return q, c.subjectOf(a.words).kind != nobody || a.words != ""
	}
	return quotation{}, false
}

func (c *chinese) objectEnd(a attribution, u span) int {
	for i := a.end; i < min(u.end, a.end+14); i++ {
		if strings.ContainsRune("。！，：", c.text[i]) {
			return i
		}
	}
	return a.end
}

// trailing reads a quotation, the attribution behind it, and what of the speech may follow that.
func (c *chinese) trailing(u span, q quotation, a attribution, run *speech) *speech {
	c.meet(span{u.start, a.start})
	c.meet(span{a.clause, a.start})
	sp := c.speechOf(c.subjectOf(a.words), a.cue.word, a.words)
	// Quotations right before this one in the paragraph were waiting for the name.
	for i := len(c.found) - 1; i >= 0 && c.found[i].Cue == "" && c.found[i].Speaker == "" && !(span{c.found[i].End, q.open}).hasOthers(c); i-- {
		c.found[i].Speaker, c.found[i].Cue, c.found[i].Confidence = sp.speaker, sp.cue, min(sp.first, continued)
	}
	c.say(akin.Direct, q.inner(), sp)
	from := a.end
	if a.object {
		from = c.objectEnd(a, u)
	}
	separator := false
	for from < u.end && (unicode.IsSpace(c.text[from]) || strings.ContainsRune("，：,:；", c.text[from])) {
		separator = true
		from++
	}
	rest := span{from, u.end}
	if !rest.hasWords(c.text) {
		return sp.more()
	}
	if isQuote(c.text[from]) && c.quoted(rest, sp) {
		if c.open != nil {
			return nil
		}
		return sp.more()
	}
	if separator && sp.speaker != "" && a.cue.word != "告诉" {
		// “A，”他说，B。 The rest is his too, in the writer's words — unless it says what he did meanwhile.
		words := c.plain(span{from, min(u.end, from+2)})
		if !strings.HasPrefix(words, "他") && !strings.HasPrefix(words, "一边") && !strings.HasPrefix(words, "手") {
			c.say(akin.Indirect, rest, &speech{speaker: sp.speaker, cue: sp.cue, first: implied, then: implied})
		}
	}
	return sp.more()
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

// asides reads a cue without a subject of its own, whose subject opens the sentence: 某某祝贺…，表示愿….
func (c *chinese) asides(u span, all []attribution, run *speech) *speech {
	for _, a := range all {
		if a.cue.after != any || a.clause == u.start || !elliptic[a.words] {
			continue
		}
		speaker := c.opening(u)
		if speaker == "" || run != nil && speaker != run.speaker {
			return nil
		}
		from := a.end
		for from < u.end && (unicode.IsSpace(c.text[from]) || c.text[from] == '，') {
			from++
		}
		if !(span{from, u.end}).hasWords(c.text) {
			return nil
		}
		c.meet(span{u.start, a.start})
		sp := &speech{speaker: speaker, cue: a.cue.word, first: implied, then: implied}
		c.say(akin.Indirect, span{from, u.end}, sp)
		return sp
	}
	return nil
}

// elliptic are the words that a clause without a subject may begin with.
var elliptic = set([]string{"", "并", "并且", "还", "同时", "也", "但", "但是", "又", "并再次", "并多次", "一再", "并对此"})

// opening returns the person that a sentence begins with, if it is one that the article names elsewhere too.
func (c *chinese) opening(u span) string {
	words := []rune(c.plain(span{u.start, min(u.end, u.start+30)}))
	for n := min(len(words)-1, 24); n >= 2; n-- {
		head := string(words[:n])
		if name.IsChinese(head) || name.IsForeign(head) || endsTitle(prefixOf(head, n-2)) || endsTitle(prefixOf(head, n-3)) {
			if s := c.people.subject(head); s.kind == person && c.people.full[s.name] && !strings.Contains(s.name, "、") && c.people.counted(s.name) > 1 {
				return s.name
			}
		}
	}
	return ""
}

// standalone reads a sentence that is one quotation and nothing else. Whose it is the sentence does not say: it goes on
// with a quotation before it, or waits for a name behind it.
func (c *chinese) standalone(u span) {
	q, ok := c.whole(u)
	if !ok || !endsSpeech(c.text[max(q.close-1, q.open)]) || q.close-q.open < 6 {
		return
	}
	sp := &speech{first: unknown, then: unknown}
	c.say(akin.Direct, q.inner(), sp)
	if q.close >= len(c.text) {
		c.open = sp
	}
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

// partOfSpeech reports whether the subject of a clause is one that a speaker uses in a speech.
func partOfSpeech(words string) bool {
	words = strings.TrimLeft(words, "但而且也")
	for _, w := range []string{"我们", "我", "咱们", "你们", "你", "大家", "人们", "有人", "双方", "各方", "中方", "我方", "俄方", "两国", "他们", "谁"} {
		if strings.HasPrefix(words, w) {
			return true
		}
	}
	return false
}

func per(words string) bool {
	return strings.HasPrefix(words, "据") || strings.HasPrefix(words, "按")
}

// document is how the words for a paper end.
var document = regexp.MustCompile(`(?:报告|规划|意见|方案|文件|纲要|通知|法规|条例)(?:中|里|明确|还|也)?$`)

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

// narrated reports whether the narrator takes over from a running speech in a sentence.
func (c *chinese) narrated(u span, run *speech) bool {
	if run.quotesOnly {
		_, ok := c.whole(u)
		return !ok
	}
	words := c.plain(u)
	if narrates.has(firstRune(words)) && narration.MatchString(words) || strings.ContainsAny(words, "见议席提绍应署影明评于员认表") && scene.MatchString(words) {
		return true
	}
	if heSaid.MatchString(words) && !c.spokeOf(run) {
		return true
	}
	if run.then == implied && thisIs.MatchString(words) {
		return true
	}
	if run.title != "" && strings.Contains(words, run.title) {
		return true
	}
	if run.speaker != "" {
		for n := range strings.SplitSeq(run.speaker, "、") {
			if strings.Contains(words, n) {
				return true // nobody speaks of himself by his full name
			}
			if dot := strings.LastIndexFunc(n, name.IsDot); dot >= 0 && strings.HasPrefix(words, strings.TrimLeftFunc(n[dot:], name.IsDot)) {
				return true
			}
		}
	}
	return false
}

// spokeOf reports whether the last sentence of a speech names somebody else.
func (c *chinese) spokeOf(run *speech) bool {
	if len(c.found) == 0 {
		return false
	}
	for _, n := range c.people.mentioned(c.found[len(c.found)-1].Text) {
		if n != run.speaker {
			return true
		}
	}
	return false
}
