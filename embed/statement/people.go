package statement

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/name"
)

// people knows the persons of one article.
type people struct {
	text     string             // what introduces them
	resolved map[string]subject // by what a report calls them; limits the work on a hostile text
	clauses  map[string]subject // the same by the whole clause
	sorted   []string           // the full names in order, or nil when there are new ones
	full     map[string]bool    // full names of persons met as speakers or behind a title
}

const maxResolved = 5000

func newPeople(text string) *people {
	return &people{text: text, resolved: map[string]subject{}, clauses: map[string]subject{}, full: map[string]bool{}}
}

// holder returns the one person whom the article names with an office, if it names just one.
func (p *people) holder(office string) string {
	if !offices[office] {
		return ""
	}
	found := ""
	for _, full := range p.everybody() {
		if strings.Contains(p.text, full+office) || strings.Contains(p.text, office+full) {
			if found != "" {
				return ""
			}
			found = full
		}
	}
	return found
}

// cutShort returns the name of two characters that a word of three begins with, when the article has it more often
// alone, and the third is what may follow a name: 李强向.
func (p *people) cutShort(words string) string {
	if utf8.RuneCountInString(words) != 3 {
		return ""
	}
	short := prefixOf(words, 2)
	last, _ := utf8.DecodeLastRuneInString(words)
	if !endsLongName(last) && !strings.ContainsRune("充转致作还也又则均", last) || notPeople[short] || badEnd(short) {
		return ""
	}
	if p.counted(short) > p.counted(words) && (p.full[short] || p.introduced(short)) {
		return short
	}
	return ""
}

// introduced reports whether the article somewhere puts a title before a name, or names it among its keywords.
func (p *people) introduced(called string) bool {
	for from := 0; ; {
		i := strings.Index(p.text[from:], called)
		if i < 0 {
			return false
		}
		at := from + i
		if at > 0 && endsTitle(tail(p.text[:at], 12)) {
			return true
		}
		line := p.text[strings.LastIndexByte(p.text[:at], '\n')+1:]
		if line, _, _ := strings.Cut(line, "\n"); line == called {
			return true
		}
		from = at + len(called)
	}
}

// tail returns about the last n bytes of s, in whole characters.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	for len(s) > 0 && !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return s
}

// known reports whether called, which has the shape of a Chinese name, is one: there is more than the shape.
func (p *people) known(called string) bool {
	if notPeople[called] || countries[called] {
		return false
	}
	if p.full[called] {
		return true
	}
	return !badEnd(called) && p.counted(called) > 1 || p.introduced(called)
}

func (p *people) counted(called string) int { return strings.Count(p.text, called) }

// everybody is all the full names, always in the same order: the same article must give the same statements (TestSplitTwice).
func (p *people) everybody() []string {
	if len(p.sorted) != len(p.full) {
		p.sorted = slices.Sorted(maps.Keys(p.full))
	}
	return p.sorted
}

// introduce notes the persons whom the article puts behind a title, and those among its keywords.
func (p *people) introduce(keywords []string) {
	for at := range p.text {
		if at == 0 || !endsTitle(tail(p.text[:at], 12)) {
			continue
		}
		if family := name.Surname(p.text[at:]); family != "" {
			full := p.nameAt(p.text[at:], family)
			if full != "" && !notPeople[full] && !badEnd(full) && !strings.ContainsAny(full, functionWordsHan) && (p.counted(full) > 1 || utf8.RuneCountInString(full) == 3) {
				p.full[full] = true
			}
		}
		if full := foreignAt(p.text[at:]); full != "" {
			p.full[p.canonical(full)] = true
		}
	}
	p.introduceByOffice()
	for _, k := range keywords {
		n := utf8.RuneCountInString(k)
		switch {
		case n < 2 || n > 8 || notPeople[k] || countries[k] || endsTitle(k):
		case p.titled(k) && n <= 4,
			n == 3 && name.IsChinese(k) && !badEnd(k) && p.counted(k) > 1,
			isForeign(k) && p.canonical(k) != k:
			p.full[p.canonical(k)] = true
		}
	}
}

// introduceByOffice notes the persons whom the article calls by a name and the highest offices behind it, before which no place stands: 林远山总理.
func (p *people) introduceByOffice() {
	for _, office := range officeNames {
		for from := 0; ; {
			i := strings.Index(p.text[from:], office)
			if i < 0 {
				break
			}
			before := p.text[:from+i]
			from += i + len(office)
			for _, n := range []int{3 * 3, 2 * 3} {
				if len(before) < n {
					continue
				}
				called := before[len(before)-n:]
				if name.IsChinese(called) && !isForeign(called) && !notPeople[called] && !badEnd(called) && !strings.ContainsAny(called, functionWordsHan) && (n == 9 && name.IsCommonSurname(called) || p.counted(called) > 2 || office == "总书记" && n == 9) {
					p.full[called] = true
					break
				}
			}
		}
	}
}

var officeNames = strings.Fields(`总书记 主席 总理`)

// canonical returns the full form of a name: a foreign one may have been cut short, a Chinese one never is.
func (p *people) canonical(called string) string {
	if isForeign(called) {
		if full := p.whole(called); full != "" {
			return full
		}
	}
	return called
}

// foreignAt returns the foreign name in several parts that s begins with.
func foreignAt(s string) string {
	end, dot := 0, 0
	for i, r := range prefixOf(s, 24) {
		if !name.IsDot(r) && !name.IsTransliteration(r) {
			break
		}
		end = i + utf8.RuneLen(r)
		if name.IsDot(r) {
			dot = end
		}
	}
	if n := utf8.RuneCountInString(s[:end]); dot == 0 && n >= 4 && n <= 7 && isForeign(s[:end]) && !endsTitle(s[:end]) && strings.ContainsRune("谴说表指强称在于就对向和与同宣呼警访会当今昨日0123456789", firstRune(s[end:])) {
		return s[:end] // 秘书长古特雷斯谴责
	}
	if dot == 0 || utf8.RuneCountInString(s[dot:end]) < 2 || !name.IsForeign(s[:end]) {
		return ""
	}
	return s[:end]
}

// titled reports whether a title stands before called somewhere.
func (p *people) titled(called string) bool {
	for from := 0; ; {
		i := strings.Index(p.text[from:], called)
		if i < 0 {
			return false
		}
		if at := from + i; at > 0 && endsTitle(tail(p.text[:at], 12)) {
			return true
		}
		from += i + len(called)
	}
}

// whole returns the longest form that the article gives a foreign name in: 奥列格·瓦尔金 for 瓦尔金. When two people
// share the part, it returns "".
func (p *people) whole(called string) string {
	found := called
	for from := 0; ; {
		i := strings.Index(p.text[from:], called)
		if i < 0 {
			return found
		}
		at := from + i
		from = at + len(called)
		before := p.text[:at]
		dot, size := utf8.DecodeLastRuneInString(before)
		if !name.IsDot(dot) {
			continue
		}
		full := foreignTail(before[:len(before)-size]) + string(dot) + called
		switch {
		case strings.HasSuffix(found, full):
		case found == called || strings.HasSuffix(full, found):
			found = full
		default:
			return ""
		}
	}
}

// foreignTail returns the name that s ends in, up to a title or anything that is no part of a name.
func foreignTail(s string) string {
	s = tail(s, 60)
	start := len(s)
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if !name.IsDot(r) && r != '-' && !name.IsTransliteration(r) || endsTitle(s[:start]) && start < len(s) {
			break
		}
		start -= size
	}
	for start < len(s) && hasTitleInside(s[start:]) > 0 {
		start += hasTitleInside(s[start:])
	}
	return s[start:]
}

// hasTitleInside returns where the last title in s ends, or 0.
func hasTitleInside(s string) int {
	end := 0
	for _, t := range titles {
		if i := strings.LastIndex(s, t); i >= 0 && i+len(t) < len(s) {
			end = max(end, i+len(t))
		}
	}
	return end
}

// bySurname returns the one person with this surname that the article names in full, if there is just one.
func (p *people) bySurname(family string) string {
	found := ""
	for _, full := range p.fullNames(family) {
		if found != "" && found != full {
			return ""
		}
		found = full
	}
	return found
}

// fullNames returns the full names that begin with a surname: those met before, and those behind a title.
func (p *people) fullNames(family string) []string {
	seen := map[string]bool{}
	var names []string
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			names = append(names, s)
		}
	}
	for _, full := range p.everybody() {
		if strings.HasPrefix(full, family) && name.IsChinese(full) {
			add(full)
		}
	}
	for from := 0; ; {
		i := strings.Index(p.text[from:], family)
		if i < 0 {
			return names
		}
		at := from + i
		from = at + len(family)
		if at == 0 || !endsTitle(tail(p.text[:at], 12)) {
			continue
		}
		if full := p.nameAt(p.text[at:], family); full != "" {
			add(full)
		}
	}
}

// nameAt returns the Chinese name that s begins with, or "" when it is not clear where the name ends.
func (p *people) nameAt(s, family string) string {
	runes := []rune(prefixOf(s, utf8.RuneCountInString(family)+3))
	n := utf8.RuneCountInString(family)
	if len(runes) >= n+2 {
		three := string(runes[:n+2])
		if p.full[three] {
			return three
		}
		if len(runes) > n+2 && name.IsForeign(three) && name.IsTransliteration(runes[n+2]) {
			return "" // the start of a foreign name
		}
		if times := p.counted(three); times > 1 && name.IsChinese(three) && !notPeople[three] && p.counted(string(runes[:n+1])) == times &&
			(len(runes) == n+2 || endsLongName(runes[n+2]) || p.counted(string(runes[:n+3])) < times) {
			return three
		}
	}
	if len(runes) >= n+3 && endsLongName(runes[n+2]) && name.IsChinese(string(runes[:n+2])) {
		return string(runes[:n+2])
	}
	if len(runes) >= n+2 && endsName(runes[n+1]) && name.IsChinese(string(runes[:n+1])) {
		return string(runes[:n+1])
	}
	return ""
}

// endsName reports whether r commonly follows a name and is seldom part of one.
func endsName(r rune) bool {
	return !unicode.Is(unicode.Han, r) || strings.ContainsRune("在于和与同向对说表指强介称的等及就也还到从将是为会把被让接出主没不未已却则刚很最", r)
}

// endsLongName is endsName for a name of three characters, where less is needed to see that it ends.
func endsLongName(r rune) bool {
	return endsName(r) || strings.ContainsRune("来走去到见参抵站坐看拿带率任做打开并又正先再常每都一三两今昨当日前后上下时曾发获访赴陪邀送给用", r)
}

// byStart returns the one foreign name known so far that begins with a character: 纳扎尔巴耶夫 for 纳氏.
func (p *people) byStart(start string) string {
	found := ""
	for _, full := range p.everybody() {
		if strings.HasPrefix(full, start) && name.IsForeign(full) && utf8.RuneCountInString(full) > 3 {
			if found != "" {
				return ""
			}
			found = full
		}
	}
	return found
}

func prefixOf(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
