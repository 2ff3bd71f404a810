package statement

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/name"
)

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
