package page

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/name"
)

var (
	keywordLabel = regexp.MustCompile(`^(?i:关键词|关键字|主题词|keywords?|key words|tags)[\s\p{Z}]*[：:][\s\p{Z}]*`)
	dateLabel    = regexp.MustCompile(`^(?i:发布时间|发布日期|发表时间|发表日期|出版日期|日期|时间|published|publication date|date|posted|released)(?:[\s\p{Z}]*[：:][\s\p{Z}]*|[\s\p{Z}]+on[\s\p{Z}]+|[\s\p{Z}]+)`)
	sourceLabel  = regexp.MustCompile(`^[（(]?(?i:文章来源|稿件来源|信息来源|来源|source)[\s\p{Z}]*[：:][\s\p{Z}]*([^）)]+?)[）)]?$`)
	authorLabel  = regexp.MustCompile(`^[（(]?(?i:作者|撰文|author|authors)[\s\p{Z}]*[：:][\s\p{Z}]*([^）)]+?)[）)]?$`)
	sectionLabel = regexp.MustCompile(`^[（(]?(?i:栏目|频道|版面|版块|section|category)[\s\p{Z}]*[：:][\s\p{Z}]*([^）)]+?)[）)]?$`)
	titleLabel   = regexp.MustCompile(`^[（(]?(?i:原标题|原题|original title)[\s\p{Z}]*[：:][\s\p{Z}]*([^）)]+?)[）)]?$`)
	editorLabel  = regexp.MustCompile(`^[（(]?(?i:责任编辑|责编|编辑|编审|审校|校对|editors?|edited by)[\s\p{Z}]*[：:\s\p{Z}][\s\p{Z}]*([^）)]+?)[）)]?$`)
	siteName     = regexp.MustCompile(`(?:数据库|资料库|文库|书库|报道库|档案馆?|频道|专题|[\p{Han}]网|日报|晚报|Archives?|Database|Library|Collection|Online)$`)
)

// maxHeader is the number of lines that are searched for the date line; a header has about ten.
const maxHeader = 40

// readHeader reads what stands above the captions and the body, from the keywords to the date line, and returns the
// lines after it. On a page without a date line the header ends at the first line that can only be body.
func readHeader(lines []line, a *akin.Article) ([]line, error) {
	var groups [][]line // of lines without a blank between
	labelled := false
	i := 0
	for ; i < len(lines) && i < maxHeader; i++ {
		l := lines[i]
		if m := keywordLabel.FindString(l.text); m != "" && len(groups) <= 1 {
			i += readKeywords(l.text[len(m):], lines[i+1:], a)
			labelled = true
			continue
		}
		if isDate, err := readDateLine(l, a); err != nil {
			return nil, err
		} else if isDate {
			readTitles(groups, true, a)
			return lines[i+1:], nil
		}
		if readLabel(l, a) {
			continue
		}
		if isBody(l) {
			break
		}
		if len(groups) == 0 || l.gap > 0 {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], l)
	}

	// Nothing ends the header, so it has one group of titles, below a site if something says that there is one;
	// other short lines are the body's.
	titles := min(1, len(groups))
	if len(groups) > 1 && hasSite(groups, labelled) {
		titles = 2
	}
	readTitles(groups[:titles], labelled, a)
	if titles < len(groups) {
		body := groups[titles][0]
		i = slices.IndexFunc(lines, func(l line) bool { return l.number == body.number })
	}
	return lines[i:], nil
}

// hasSite reports whether the first of several groups is the name of the site: keywords above the titles show that
// the page is printed in full, and otherwise the name itself must look like one.
func hasSite(groups [][]line, labelled bool) bool {
	return len(groups[0]) == 1 && (labelled || siteName.MatchString(groups[0][0].text))
}

// readTitles shares out the groups of lines above the date: site, title, subtitle.
func readTitles(groups [][]line, complete bool, a *akin.Article) {
	if len(groups) > 1 && hasSite(groups, complete) {
		SetAttribute(a, Site, groups[0][0].text)
		groups = groups[1:]
	}
	var subtitle []string
	for _, g := range groups {
		for _, l := range g {
			if a.Title == "" {
				a.Title = l.text
			} else {
				subtitle = append(subtitle, l.text)
			}
		}
	}
	separator := "; " // lines of a Chinese subtitle are set apart by a space
	if strings.ContainsFunc(a.Title, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		separator = " "
	}
	a.Subtitle = strings.Join(subtitle, separator)
}

// readKeywords reads keywords from the rest of their label's line, or else from the lines right below it, and returns
// how many of those it took.
func readKeywords(rest string, below []line, a *akin.Article) int {
	n := 0
	if rest == "" {
		for n < len(below) && below[n].gap == 0 && n < 10 {
			rest += " " + below[n].text
			n++
		}
	}
	separator := func(r rune) bool { return strings.ContainsRune(",，、;；|", r) }
	if !strings.ContainsFunc(rest, separator) {
		separator = isSpace
	}
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(rest, separator) {
		if word = strings.TrimFunc(word, isSpace); word != "" && !seen[word] {
			seen[word] = true
			a.Keywords = append(a.Keywords, word)
		}
	}
	return n
}

// readDateLine reads a line that says when the page was published: labelled, or nothing but a date. What stands after
// the date on it is the source.
func readDateLine(l line, a *akin.Article) (bool, error) {
	rest := dateLabel.ReplaceAllString(l.text, "")
	labelled := rest != l.text
	if utf8.RuneCountInString(l.text) > 100 {
		return false, nil
	}
	date, from, to, found, err := findDate(rest)
	switch {
	case !found:
		// "发布时间：" with nothing behind it, or a word that is no date, ends the header all the same.
		return dateLabel.MatchString(l.text+" ") && strings.ContainsAny(l.text, "：:") && !strings.ContainsAny(rest, "0123456789"), nil
	case from > 0 || !labelled && strings.TrimLeft(rest[max(to, from):], " 0123456789:：") != "":
		return false, nil
	case err != nil:
		return true, invalidDate(l.number, err)
	}
	a.PublishedDate = date
	after := strings.TrimLeft(rest[to:], " \u3000T0123456789:：")
	if m := sourceLabel.FindStringSubmatch(after); m != nil {
		setSource(a, m[1])
	}
	return true, nil
}

// readLabel reads a line of the form "label: value" and reports whether l is one.
func readLabel(l line, a *akin.Article) bool {
	if utf8.RuneCountInString(l.text) > 80 {
		return false
	}
	if m := sourceLabel.FindStringSubmatch(l.text); m != nil {
		setSource(a, m[1])
		return true
	}
	if m := sectionLabel.FindStringSubmatch(l.text); m != nil {
		a.Section = m[1]
		return true
	}
	if m := titleLabel.FindStringSubmatch(l.text); m != nil {
		SetAttribute(a, OriginalTitle, m[1])
		return true
	}
	if m := authorLabel.FindStringSubmatch(l.text); m != nil {
		if names := name.List(m[1]); names != nil {
			addAuthors(a, names)
			return true
		}
	}
	return readEditor(l, a)
}

func readEditor(l line, a *akin.Article) bool {
	m := editorLabel.FindStringSubmatch(l.text)
	if m == nil || utf8.RuneCountInString(l.text) > 40 || name.List(strings.NewReplacer("责编", "、", "编辑", "、", "：", "、", ":", "、").Replace(m[1])) == nil {
		return false
	}
	SetAttribute(a, Editor, m[1])
	return true
}

// isBody reports whether l can be neither site nor title: an opening with dateline, or a long line that ends a sentence.
func isBody(l line) bool {
	if _, ok := readDateline(l.text); ok {
		return true
	}
	if credit(l.text) != "" || occasion.MatchString(l.text) || byline(l.text) != nil {
		return true
	}
	width := 0
	for _, r := range l.text {
		width++
		if r >= 0x1100 {
			width++
		}
	}
	last, _ := utf8.DecodeLastRuneInString(l.text)
	return width > 200 || width > 40 && strings.ContainsRune("。.；;：:，,", last) || unicode.IsLower(firstRune(l.text)) && width > 80 || strings.ContainsRune("：，,", last)
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func setSource(a *akin.Article, s string) {
	s = strings.Trim(strings.TrimFunc(s, isSpace), "《》")
	if a.Source == "" {
		a.Source = strings.TrimFunc(s, isSpace)
	} else if a.Source != s {
		SetAttribute(a, OtherSources, s)
	}
}

func addAuthors(a *akin.Article, names []string) {
	for _, n := range names {
		known := false
		for _, old := range a.Authors {
			known = known || old == n
		}
		if !known {
			a.Authors = append(a.Authors, n)
		}
	}
}
