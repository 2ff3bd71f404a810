package statement

// A quotation is what stands between a pair of quotation marks that is in no other pair.
type quotation struct {
	open, close int // places of the marks; close is the length of the text if the mark is missing
}

// inner is what a quotation says.
func (q quotation) inner() span { return span{q.open + 1, q.close} }

// closingOf returns the mark that closes what r opens, or 0.
func closingOf(r rune) rune {
	switch r {
	case '“':
		return '”'
	case '‘':
		return '’'
	case '「':
		return '」'
	case '『':
		return '』'
	case '"':
		return '"'
	case '《':
		return '》'
	case '（':
		return '）'
	case '(':
		return ')'
	case '〈':
		return '〉'
	case '【':
		return '】'
	}
	return 0
}

func isClosing(r rune) bool {
	switch r {
	case '”', '’', '」', '』', '》', '）', ')', '〉', '】':
		return true
	}
	return false
}

func isQuote(r rune) bool {
	return r == '“' || r == '‘' || r == '「' || r == '『' || r == '"'
}

// nesting finds the quotations of a Chinese text, and says of each character whether it stands inside marks of any
// kind: quotation marks, brackets, the marks of titles.
func nesting(text []rune) (quotes []quotation, inside []bool) {
	inside = make([]bool, len(text))
	type mark struct {
		r  rune
		at int
	}
	var stack []mark
	for i, r := range text {
		if n := len(stack); n > 0 {
			inside[i] = true
			top := stack[n-1]
			switch {
			case r == closingOf(top.r) || r == top.r && isQuote(r) && i > 0 && endsSpeech(text[i-1]):
				// A second opening mark behind a full stop is a closing one mistyped.
				stack = stack[:n-1]
				if len(stack) == 0 {
					inside[i] = false
					if isQuote(top.r) {
						quotes = append(quotes, quotation{top.at, i})
					}
				}
				continue
			case isClosing(r) && n > 1 && r == closingOf(stack[0].r) && isQuote(stack[0].r):
				// The inner marks were never closed; the outer ones are.
				quotes = append(quotes, quotation{stack[0].at, i})
				stack = stack[:0]
				inside[i] = false
				continue
			}
		}
		// A bracket, or a quotation mark that may be an apostrophe, opens something only if it is closed again.
		if closingOf(r) == 0 || r == '"' && len(stack) > 0 || (!isQuote(r) || r == '‘') && !hasClosing(text[i+1:], closingOf(r)) {
			continue
		}
		stack = append(stack, mark{r, i})
	}
	if len(stack) > 0 && isQuote(stack[0].r) {
		quotes = append(quotes, quotation{stack[0].at, len(text)})
	}
	return quotes, inside
}

// endsSentence reports whether a Chinese sentence can end at r.
func endsSentence(r rune) bool { return r == '。' || r == '！' || r == '？' || r == '!' || r == '?' }

// endsSpeech reports whether r can be the last character of quoted speech.
func endsSpeech(r rune) bool {
	return endsSentence(r) || r == '…' || r == '，' || r == '—' || r == '；'
}

// sentences splits a part of a Chinese text at the ends of its sentences. What stands inside marks of its own stays
// whole, but a sentence that ends within quotation marks ends with them, unless the text goes on behind a comma.
func sentences(text []rune, part span) []span {
	var all []span
	var stack []rune
	start := part.start
	cut := func(end int) {
		if s := (span{start, end}).trim(text); s.hasWords(text) {
			all = append(all, s)
		} else if n := len(all); n > 0 && s.start < s.end {
			all[n-1].end = s.end // marks alone belong to the sentence before
		}
		start = end
	}
	for i := part.start; i < part.end; i++ {
		r := text[i]
		if n := len(stack); n > 0 && r == closingOf(stack[n-1]) {
			stack = stack[:n-1]
			if n == 1 && isQuoteEnd(r) && endsSentence(text[i-1]) && (i+1 >= part.end || !continues(text[i+1])) {
				cut(i + 1)
			}
			continue
		}
		if closingOf(r) != 0 && hasClosing(text[i+1:part.end], closingOf(r)) {
			stack = append(stack, r)
			continue
		}
		if len(stack) > 0 || !endsSentence(r) {
			continue
		}
		for i+1 < part.end && (endsSentence(text[i+1]) || isClosing(text[i+1]) || text[i+1] == '…') {
			i++
		}
		if i+1 < part.end && continues(text[i+1]) {
			continue
		}
		cut(i + 1)
	}
	cut(part.end)
	return all
}

func isQuoteEnd(r rune) bool { return r == '”' || r == '’' || r == '」' || r == '』' || r == '"' }

// continues reports whether a mark at r's place carries a sentence on.
func continues(r rune) bool {
	return r == '，' || r == '、' || r == '；' || r == '：' || r == ',' || r == ';' || r == ':' || isClosing(r)
}

// hasClosing looks for a closing mark nearby: an opening one without it opens nothing.
func hasClosing(text []rune, mark rune) bool {
	const far = 300
	for _, r := range text[:min(len(text), far)] {
		if r == mark {
			return true
		}
	}
	return false
}
