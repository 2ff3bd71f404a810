package statement

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/name"
)

// A subject is what stands where a speaker is named.
type subject struct {
	kind subjectKind
	name string // of a person or a body, canonical
}

type subjectKind int

const (
	nobody  subjectKind = iota // no speaker there
	someone                    // a speaker, but who is not said
	heOrShe                    // 他, 她
	body                       // a ministry, a company
	person
)

// subject reads the words for a speaker: 国家主席习近平, 外交部发言人, 他.
func (p *people) subject(words string) subject {
	words = strings.TrimFunc(words, func(r rune) bool { return unicode.IsSpace(r) || r == '、' || r == '·' })
	if utf8.RuneCountInString(words) > 60 {
		return subject{}
	}
	s, ok := p.resolved[words]
	if !ok && len(p.resolved) < maxResolved {
		s = p.read(words)
		p.resolved[words] = s
		if s.kind == person {
			for n := range strings.SplitSeq(s.name, "、") {
				p.full[n] = true
			}
		}
	}
	return s
}

func (p *people) read(words string) subject {
	switch words {
	case "":
		return subject{}
	case "他", "她", "他本人", "她本人":
		return subject{kind: heOrShe}
	}
	if slices.Contains(generic, words) || strings.HasSuffix(words, "□") && utf8.RuneCountInString(words) < 12 {
		return subject{kind: someone} // 《意见》
	}
	if ministry(words) || words == "党中央" || words == "中共中央" {
		return subject{body, words}
	}
	if side := strings.TrimSuffix(words, "方面"); side != words && isBody(side) && !endsGeneric(side) {
		return subject{body, side}
	}
	if last, _ := utf8.DecodeLastRuneInString(words); (last == '省' || last == '市' || last == '县') && places.MatchString(words) {
		return subject{body, words}
	}
	if s := p.joint(words); s.kind != nobody {
		return s
	}
	if name := p.single(words); name != "" {
		return subject{person, name}
	}
	if of := strings.LastIndex(words, "的"); of > 0 {
		tail := words[of+len("的"):]
		if full := p.single(tail); full != "" && (full != tail || p.known(tail) || isForeign(tail)) {
			return subject{person, full}
		}
	}
	if endsGeneric(words) {
		return subject{kind: someone}
	}
	last, _ := utf8.DecodeLastRuneInString(words)
	for _, t := range titlesEnding[last] {
		if strings.HasSuffix(words, t) {
			if full := p.holder(words); full != "" {
				return subject{person, full}
			}
			return subject{kind: someone} // 外交部发言人, a title without a name
		}
	}
	if countries[words] || isBody(words) {
		return subject{body, words}
	}
	return subject{}
}

// joint reads two or more persons joined by 和 or 、. When the first of the parts is no person, the last alone may
// be: in 党组成员、副主任赵某某 two offices are joined, not two people.
func (p *people) joint(words string) subject {
	parts := strings.FieldsFunc(words, func(r rune) bool { return r == '、' })
	last := parts[len(parts)-1]
	for _, and := range []string{"以及", "和", "与", "及", "同"} {
		a, b, ok := strings.Cut(last, and)
		if !ok || a == "" || b == "" {
			continue
		}
		if whole := p.single(last); whole == "" || !strings.Contains(whole, and) && p.single(a) != "" && p.single(b) != "" {
			parts = append(parts[:len(parts)-1:len(parts)-1], a, b)
			break
		}
	}
	if len(parts) < 2 {
		return subject{}
	}
	var names []string
	for _, part := range parts {
		if name := p.single(part); name != "" {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == len(parts):
		return subject{person, strings.Join(names, "、")}
	case len(names) == 1 && p.single(parts[len(parts)-1]) != "" && strings.Contains(words, "、"):
		return subject{person, names[0]}
	}
	return subject{kind: someone}
}

// single returns the full name of the one person that words name, or "".
func (p *people) single(words string) string {
	if words == "" {
		return ""
	}
	// A title behind the name: 习近平主席, 林市长.
	if name := p.beforeTitle(words); name != "" {
		return name
	}
	n := utf8.RuneCountInString(words)
	if n <= 4 && p.full[words] {
		return p.canonical(words)
	}
	if n <= 3 && name.IsChinese(words) {
		if short := p.cutShort(words); short != "" {
			return short
		}
		if p.introduced(words) {
			return words
		}
		if p.known(words) && n > 1 {
			return words
		}
	}
	// A title before it: 国家主席习近平. The last title whose rest is a name.
	for at := len(words); at > 0; {
		_, size := utf8.DecodeLastRuneInString(words[:at])
		at -= size
		head, tail := words[:at], words[at:]
		if head == "" || !endsTitle(head) || longWords.has(firstRune(tail)) && strings.HasSuffix(head, "长") && !isOffice(head) {
			continue
		}
		if full := p.called(tail, true); full != "" {
			return full
		}
	}
	// A place of work before it: 水务局周启明.
	if n > 4 && len(words) > 3*len("王") {
		head, tail := words[:len(words)-3*len("王")], words[len(words)-3*len("王"):]
		if name.IsChinese(tail) && name.IsCommonSurname(tail) && !notPeople[tail] && !badEnd(tail) && endsBody(head) {
			return tail
		}
	}
	return p.called(words, false)
}

// beforeTitle returns the full name of a person with the title behind the name.
func (p *people) beforeTitle(words string) string {
	best := ""
	last, _ := utf8.DecodeLastRuneInString(words)
	for _, t := range titlesEnding[last] {
		if len(t) > len(best) && len(words) > len(t) && strings.HasSuffix(words, t) {
			best = t
		}
	}
	if best == "" {
		return ""
	}
	head := strings.TrimSuffix(words, best)
	head = strings.TrimSuffix(strings.TrimSuffix(head, "副"), "总")
	if head == "" {
		return ""
	}
	if name.Surname(head) == head {
		return p.bySurname(head)
	}
	switch {
	case notPeople[head] || countries[head]:
	case p.full[head]:
		return p.canonical(head)
	case name.IsChinese(head):
		// 柏林市长 is the mayor of a town; a name of three characters is hardly ever one.
		if utf8.RuneCountInString(head) == 3 && !badEnd(head) && !strings.ContainsAny(head, functionWordsHan) || p.titled(head) {
			return head
		}
	case isForeign(head):
		if honorifics[best] || p.titled(head) {
			return p.whole(head)
		}
	default:
		if full := p.single(head); full != "" && full != head || p.full[full] {
			return full // 哈萨克斯坦总统纳扎尔巴耶夫阁下
		}
	}
	return ""
}

// called returns the full name for what a person is called: a full name, a part of a foreign one, 老周.
func (p *people) called(words string, titled bool) string {
	n := utf8.RuneCountInString(words)
	switch {
	case n < 2 || !titled && endsTitle(words) || notPeople[words] || countries[words] || strings.ContainsAny(words, functionWordsHan):
		return ""
	case n == 3 && notPeople[prefixOf(words, 2)]:
		return ""
	case strings.HasSuffix(words, "某") || strings.HasSuffix(words, "某某"):
		if name.Surname(words) != "" && n <= 4 {
			return words
		}
		return ""
	case n == 2 && (strings.HasPrefix(words, "老") || strings.HasPrefix(words, "小") || strings.HasPrefix(words, "阿")):
		if rest := words[len("老"):]; name.Surname(rest) == rest {
			return p.bySurname(rest)
		}
		return ""
	case n == 2 && strings.HasSuffix(words, "氏"):
		return p.byStart(strings.TrimSuffix(words, "氏"))
	case name.IsChinese(words):
		if short := p.cutShort(words); short != "" {
			return short
		}
		if titled && n <= 4 && (n == 3 || !badEnd(words) || p.counted(words) > 1) || p.known(words) {
			return words
		}
		if !titled && n == 3 && !badEnd(words) && !isForeign(words) && name.IsCommonSurname(words) {
			return words
		}
		fallthrough
	default:
		if isForeign(words) && (titled || n >= 3 || p.introduced(words)) {
			return p.whole(words)
		}
	}
	return ""
}
