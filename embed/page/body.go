package page

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/name"
)

// pictureGap is the number of blank lines that a picture leaves on a page.
const pictureGap = 3

// readBody shares out what the header and the source line leave: captions with their credits, bylines and the like,
// and the paragraphs of the body.
func readBody(lines []line, a *akin.Article) {
	opening := len(lines) // the line with the dateline
	for i, l := range lines {
		if _, ok := readDateline(l.text); ok {
			opening = i
			break
		}
	}
	pictures := false // above the opening stand captions
	for _, l := range lines[:opening] {
		pictures = pictures || opening < len(lines) && credit(l.text) != ""
	}

	for i, l := range lines {
		above := len(a.Paragraphs) == 0
		ending := i >= len(lines)-4
		gapBelow, creditBelow := 0, ""
		if i+1 < len(lines) {
			gapBelow = lines[i+1].gap
			creditBelow = credit(lines[i+1].text)
		}
		if c := credit(l.text); c != "" && (above || l.gap == 0 || l.indented || ending) {
			addCredit(a, c)
			continue
		}
		if text, c := inlineCredit(l.text); c != "" && (i < opening || !above) {
			a.Captions = append(a.Captions, akin.Caption{Text: text, Credit: c})
			continue
		}
		switch {
		case creditBelow != "" && gapBelow == 0 && i != opening,
			above && i < opening && (pictures || gapBelow >= pictureGap && l.gap >= pictureGap) && byline(l.text) == nil && !isLabel(l):
			a.Captions = append(a.Captions, akin.Caption{Text: l.text})
		case above && i != opening && readAbove(l, a):
		case (above || ending) && i != opening && (readLabel(l, a) || readByline(l, a)):
		default:
			if above {
				d, _ := readDateline(l.text)
				useDateline(d, a)
			}
			a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: l.text})
		}
	}
}

func isLabel(l line) bool {
	var ignored akin.Article
	return readLabel(l, &ignored) || readAbove(l, &ignored)
}

// occasion is the line under the title of a speech: （2014年5月21日，上海）.
var occasion = regexp.MustCompile(`^[（(][\s\p{Z}]*((?:\d{4}|[〇○零一二三四五六七八九]{4})[\s\p{Z}]*年[^（）()]{3,40})[）)]$`)

// readAbove reads a line that can stand only between the date line and the body.
func readAbove(l line, a *akin.Article) bool {
	if m := occasion.FindStringSubmatch(l.text); m != nil {
		SetAttribute(a, Occasion, m[1])
		if at := strings.LastIndexAny(m[1], "，, \u3000"); at >= 0 {
			if place := strings.TrimFunc(strings.TrimLeft(m[1][at:], "，, \u3000"), isSpace); !strings.ContainsAny(place, "0123456789日月") {
				a.Dateline = place
			}
		}
		return true
	}
	if rest := strings.TrimLeft(l.text, "—―-–"); rest != l.text && utf8.RuneCountInString(rest) <= 60 && strings.HasPrefix(l.text, "——") && !strings.HasSuffix(rest, "。") {
		a.Subtitle = strings.TrimSpace(a.Subtitle + " " + l.text)
		return true
	}
	bare := strings.Join(strings.FieldsFunc(l.text, isSpace), "")
	if name.IsChinese(bare) && !notNames[bare] {
		addAuthors(a, []string{bare})
		return true
	}
	return false
}

// notNames are headings above a body that have the shape of a name.
var notNames = map[string]bool{"前言": true, "引言": true, "导语": true, "摘要": true, "开幕词": true, "闭幕词": true, "贺信": true, "祝词": true, "简讯": true, "全文": true, "方案": true, "公告": true, "通告": true, "通知": true, "公报": true, "时评": true}

var (
	chineseByline = regexp.MustCompile(`^[（(]?[\s\p{Z}]*(\p{Han}{0,12}?(?:记者|通讯员|评论员|撰稿人)[^（）()。！？]*?)[\s\p{Z}]*[）)]?$`)
	englishByline = regexp.MustCompile(`^\(?(?:By|BY|Reporting by|Report by)[\s\p{Z}]+([^()]{3,80}?)\)?$`)
	reporterOf    = regexp.MustCompile(`^(\p{Han}{1,10}?(?:社|网|报|台|本报|本刊))(?:特约|特派|驻\p{Han}{1,8}?|见习|实习|首席)*(?:记者|评论员)`)
)

type reporters struct {
	names  []string
	agency string
}

// byline reads a line that says nothing but who wrote the article, or returns nil.
func byline(s string) *reporters {
	if utf8.RuneCountInString(s) > 80 {
		return nil
	}
	if m := chineseByline.FindStringSubmatch(s); m != nil {
		if names := name.List(m[1]); names != nil {
			r := &reporters{names: names}
			if m := reporterOf.FindStringSubmatch(m[1]); m != nil {
				r.agency = m[1]
			}
			return r
		}
	}
	if m := englishByline.FindStringSubmatch(s); m != nil && !strings.HasSuffix(s, ".") {
		r := englishReporters("by " + m[1])
		if r.names != nil {
			return &r
		}
	}
	return nil
}

func readByline(l line, a *akin.Article) bool {
	r := byline(l.text)
	if r == nil {
		return false
	}
	addAuthors(a, r.names)
	if a.Agency == "" {
		a.Agency = r.agency
	}
	return true
}

// credit returns who made the picture if s is a line that credits one, as printed but for the words for making it:
// "新华社记者 姚大伟摄", "Photo by Anna Bell, Northern Wire". Otherwise it returns "".
func credit(s string) string {
	if n := utf8.RuneCountInString(s); n > 70 || n < 2 {
		return ""
	}
	inner := s
	if open, _ := utf8.DecodeRuneInString(s); open == '（' || open == '(' || open == '[' {
		if last, n := utf8.DecodeLastRuneInString(s); last == '）' || last == ')' || last == ']' {
			inner = strings.TrimFunc(s[utf8.RuneLen(open):len(s)-n], isSpace)
		}
	}
	for _, form := range creditForms {
		if m := form.FindStringSubmatch(inner); m != nil {
			parts := m[1:]
			return strings.TrimFunc(strings.Join(parts, ""), isSpace)
		}
	}
	return ""
}

var creditForms = []*regexp.Regexp{
	// 新华社记者 姚大伟摄, 韩可 摄（远声社发）, 张三/摄
	regexp.MustCompile(`^([^。！？，：:]{2,30}?)[\s\p{Z}]*[/／]?[\s\p{Z}]*(?:摄影|摄制|摄)(?:报道)?[\s\p{Z}]*([（(][^（）()。]{2,16}[）)])?$`),
	// 远声社发（汤守业摄）
	regexp.MustCompile(`^(\p{Han}{1,10}发[\s\p{Z}]*[（(][^（）()。]{2,20}?)[\s\p{Z}]*(?:摄影|摄)([）)])$`),
	regexp.MustCompile(`^(\p{Han}{1,8}(?:社|网|报|台)发)$`),
	// 摄影：张三, 图/文 张三, 图片来源：某网
	regexp.MustCompile(`^(?:摄影|摄|图/文|文/图|图文|图片|图|照片|供图|制图|绘图|图片来源|照片来源|图源)[\s\p{Z}]*[：:/／\s\p{Z}][\s\p{Z}]*([^。！？，]{2,30})$`),
	regexp.MustCompile(`^(?:图片|照片|图)[\s\p{Z}]*由[\s\p{Z}]*([^。！？，]{2,30}?)[\s\p{Z}]*(?:提供|供图|拍摄)$`),
	regexp.MustCompile(`^([^。！？，：:]{2,20}?)[\s\p{Z}]*(?:供图|制图|绘|图/文|文/图|图)$`),
	regexp.MustCompile(`^((?:资料|档案|历史)(?:照片|图片|图)|影像中国|视觉中国)$`),
	regexp.MustCompile(`^(?i:photo(?:graph)?s?|pictures?|images?|illustrations?|graphics?|photo credits?|credits?)(?i:[\s\p{Z}]*:[\s\p{Z}]*|[\s\p{Z}]+(?:by|courtesy of|from)[\s\p{Z}]+)([^.!?]{2,60}\.?)$`),
	regexp.MustCompile(`^((?i:file (?:photo(?:graph)?|picture)|courtesy of [^.!?]{2,50}))$`),
	regexp.MustCompile(`^((?:[A-Z][\p{L}'’.-]+ ){1,3}[A-Z][\p{L}'’-]+[\s\p{Z}]*/[\s\p{Z}]*(?:The )?[A-Z][^.!?/]{1,40})$`),
}

// trailingCredit is a credit that ends the line of its caption.
var trailingCredit = regexp.MustCompile(`[。！？.）)][\s\p{Z}]*([（(]?(?:\p{Han}{0,12}记者[\s\p{Z}]*[^。！？，（）()]{2,12}?(?:摄影|摄)|[（(][^。！？，（）()]{2,20}(?:摄影|摄|供图)|\p{Han}{1,8}发[（(][^。！？，（）()]{2,12}摄[）)]|\((?:Photo|File photo)[^()]*)[）)]?)$`)

// inlineCredit takes a caption and the credit at the end of the same line apart.
func inlineCredit(s string) (text, by string) {
	if utf8.RuneCountInString(s) > 300 {
		return "", ""
	}
	m := trailingCredit.FindStringSubmatchIndex(s)
	if m == nil {
		return "", ""
	}
	return strings.TrimFunc(s[:m[2]], isSpace), credit(s[m[2]:m[3]])
}

// addCredit gives a credit to the caption above it.
func addCredit(a *akin.Article, by string) {
	if n := len(a.Captions); n > 0 && a.Captions[n-1].Credit == "" {
		a.Captions[n-1].Credit = by
		return
	}
	a.Captions = append(a.Captions, akin.Caption{Credit: by})
}

// A dateline opens a report: 人民网上海5月19日电 （记者杜尚泽、郝洪）, VARN, May 19 (Northern Wire; by Ruth Adler) —.
type dateline struct {
	place, agency string
	authors       []string
}

var (
	chineseDateline = regexp.MustCompile(`^(?:本[报网刊台社]讯[\s\p{Z}]*)?据?[\s\p{Z}]*([\p{Han}、·]{0,24}?)[\s\p{Z}]*(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日[\s\p{Z}]*(?:电|讯|专电|消息|综合电|特稿)[\s\p{Z}]*(.*)$`)
	plainDateline   = regexp.MustCompile(`^(\p{Han}{1,8}?[报网刊台社])[\s\p{Z}]*(?:讯|消息)[\s\p{Z}：:]*(.*)$`)
	quotedPaper     = regexp.MustCompile(`^(?:本[报网刊台社]讯[\s\p{Z}]*)?据[\s\p{Z}]*《([^《》]{2,20})》[\s\p{Z}]*(?:\d{1,2}月)?(?:\d{1,2}日)?[\s\p{Z}]*(?:报道|消息|讯|电)[\s\p{Z}]*([（(].*)$`)
	parenthesis     = regexp.MustCompile(`^[（(]([^（）()]{2,80})[）)]`)
	openReporters   = regexp.MustCompile(`^((?:\p{Han}{0,10})记者[\s\p{Z}]*[^，。：:（）()]{2,30}?)[\s\p{Z}]*(?:报道|综合报道)?[：:]`)
	englishDateline = regexp.MustCompile(`^(?:By ([^,—]{3,60}?), )?(\p{Lu}[\p{Lu}'’. -]{2,40}(?:, \p{Lu}[\p{L}. ]{2,30})??)(?:, ` + months + ` \d{1,2}(?:, \d{4})?)?[\s\p{Z}]*(?:[(（]([^()（）]{2,100})[)）])?[\s\p{Z}]*(?:—|–|--)[\s\p{Z}]*\S`)
)

// readDateline reads the opening of a first paragraph; ok is false if there is no dateline. A byline alone, in
// parentheses, counts as one.
func readDateline(s string) (d dateline, ok bool) {
	s = prefixOf(s, 240)
	if m := chineseDateline.FindStringSubmatch(s); m != nil && (m[1] != "" || reportersIn(m[2]) != "") {
		d.agency, d.place = splitAgency(m[1])
		d.authors = chineseReporters(m[2])
		return d, d.agency != "" || d.place != ""
	}
	if m := quotedPaper.FindStringSubmatch(s); m != nil {
		d.agency = m[1]
		d.authors = chineseReporters(m[2])
		return d, d.authors != nil
	}
	if m := plainDateline.FindStringSubmatch(s); m != nil {
		d.agency = m[1]
		d.authors = chineseReporters(m[2])
		return d, true
	}
	if in := reportersIn(s); in != "" {
		d.authors = name.List(in)
		if m := reporterOf.FindStringSubmatch(in); m != nil {
			d.agency = m[1]
		}
		return d, d.authors != nil
	}
	if m := englishDateline.FindStringSubmatch(s); m != nil {
		d.place = strings.TrimSpace(m[2])
		if m[4] != "" {
			r := englishReporters(m[4])
			d.authors, d.agency = r.names, r.agency
		}
		if m[1] != "" {
			d.authors = append(name.List(m[1]), d.authors...)
		}
		return d, true
	}
	return d, false
}

func useDateline(d dateline, a *akin.Article) {
	if d.place != "" {
		a.Dateline = d.place
	}
	if d.agency != "" {
		a.Agency = d.agency
	}
	addAuthors(a, d.authors)
}

// reportersIn returns what stands in the parentheses that s opens with, if it is about reporters.
func reportersIn(s string) string {
	m := parenthesis.FindStringSubmatch(s)
	if m == nil || !strings.Contains(m[1], "记者") && !strings.Contains(m[1], "通讯员") && !strings.Contains(m[1], "评论员") {
		return ""
	}
	return m[1]
}

func chineseReporters(s string) []string {
	in := reportersIn(s)
	if in == "" {
		m := openReporters.FindStringSubmatch(s)
		if m == nil {
			return nil
		}
		in = m[1]
	}
	return name.List(in)
}

// agencyEnd is where the name of an agency or newspaper ends.
var agencyEnd = []string{"通讯社", "电视台", "报社", "社", "网", "报", "刊", "台"}

// splitAgency takes "人民网上海" apart: who filed the report, and from where.
func splitAgency(s string) (agency, place string) {
	best := -1
	for _, end := range agencyEnd {
		for from := 0; ; {
			i := strings.Index(s[from:], end)
			if i < 0 {
				break
			}
			at := from + i + len(end)
			// 中国网络电视台: the 网 in it ends nothing.
			if next := s[at:]; !strings.HasPrefix(next, "络") && !strings.HasPrefix(next, "社") && !strings.HasPrefix(next, "报") {
				if best < 0 || at < best {
					best = at
				}
				break
			}
			from = at
		}
	}
	if best <= 0 || utf8.RuneCountInString(s[:best]) < 2 {
		return "", s
	}
	return s[:best], s[best:]
}

var (
	reporterWords = regexp.MustCompile(`(?i)^(?:(?:reporting |reported |report )?(?:by|from)[\s\p{Z}]+)?(?:our[\s\p{Z}]+(?:own[\s\p{Z}]+)?(?:\w+[\s\p{Z}]+)?(?:reporters?|correspondents?)[\s\p{Z}]+)?`)
	reportingEnd  = regexp.MustCompile(`(?i)[\s\p{Z}]+(?:reporting|reports)$`)
)

// englishReporters reads what an English dateline has in parentheses: the agency, and people introduced by "by".
func englishReporters(s string) reporters {
	var r reporters
	for part := range strings.SplitSeq(s, ";") {
		part = strings.TrimSpace(part)
		people := strings.TrimSpace(reportingEnd.ReplaceAllString(reporterWords.ReplaceAllString(part, ""), ""))
		if people == part {
			if r.agency == "" && part != "" && unicode.IsUpper(firstRune(part)) {
				r.agency = part
			}
			continue
		}
		// "by Ruth Adler and Tom Beck, Northern Wire": the last of the list is no person if "and" came before it.
		if and := strings.LastIndex(people, " and "); and >= 0 {
			if comma := strings.Index(people[and:], ", "); comma >= 0 {
				r.agency = strings.TrimSpace(people[and+comma+1:])
				people = people[:and+comma]
			}
		} else if before, after, ok := strings.Cut(people, ", "); ok && !strings.Contains(after, ",") {
			people, r.agency = before, after
		}
		r.names = append(r.names, name.List(people)...)
	}
	return r
}

// prefixOf returns the first n characters of s, or all of it.
func prefixOf(s string, n int) string {
	if p := prefix(s, n); p != "" {
		return p
	}
	return s
}
