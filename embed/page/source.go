package page

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/akinserver/akin"
)

// A source line names the newspaper, the date and the page that an article was printed on, below its body:
// 《 人民日报 》（ 2014年05月20日 02 版）, ( The Halven Courier, May 20, 2014, page 02 ).
var (
	chineseSource = regexp.MustCompile(`[（(]?(?:原载|来源[：:]|刊于|摘自)?[\s\p{Z}]*《[\s\p{Z}]*([^《》]{1,40}?)[\s\p{Z}]*》[\s\p{Z}]*[（(][\s\p{Z}]*([^（）()]*?\d[^（）()]*?|[^（）()]*?版)[\s\p{Z}]*[）)][\s\p{Z}]*[）)]?`)
	printedPage   = regexp.MustCompile(`第?[\s\p{Z}]*([0-9A-Za-z]+(?:[\s\p{Z}]*[-—、,，][\s\p{Z}]*[0-9A-Za-z]+)*)[\s\p{Z}]*版[\s\p{Z}]*[：:]?[\s\p{Z}]*(.*)$`)
	englishSource = regexp.MustCompile(`^[(（][\s\p{Z}]*(?:(?i:source|first printed in|from)[\s\p{Z}]*:?[\s\p{Z}]+)?([^()（）]{2,60}?)[\s\p{Z}]*,[\s\p{Z}]*([^()（）]*\d{4}[^()（）]*?)[\s\p{Z}]*[)）]$`)
	englishPage   = regexp.MustCompile(`(?i)\b(?:page|pages|p\.|pp\.|pg\.)[\s\p{Z}]*([0-9A-Za-z]+(?:[\s\p{Z}]*[-–][\s\p{Z}]*[0-9A-Za-z]+)?)[\s\p{Z}]*,?[\s\p{Z}]*(.*)$`)
)

type source struct{ name, date, page, section string }

// sourcesOf returns the sources that a line names, if it names nothing else.
func sourcesOf(l line) ([]source, error) {
	if utf8.RuneCountInString(l.text) > 160 {
		return nil, nil
	}
	var found []source
	rest := strings.TrimFunc(chineseSource.ReplaceAllString(l.text, ""), func(r rune) bool { return isSpace(r) || strings.ContainsRune("、，,;；。", r) })
	if rest == "" {
		for _, m := range chineseSource.FindAllStringSubmatch(l.text, -1) {
			s := source{name: m[1]}
			date, _, to, ok, err := findDate(m[2])
			if err != nil {
				return nil, invalidDate(l.number, err)
			}
			p := printedPage.FindStringSubmatch(m[2][to:])
			if !ok && p == nil {
				return nil, nil // a book and a remark on it
			}
			if s.date = date; p != nil {
				s.page, s.section = p[1], p[2]
			}
			found = append(found, s)
		}
		return found, nil
	}
	if m := englishSource.FindStringSubmatch(l.text); m != nil {
		date, from, to, ok, err := findDate(m[2])
		switch {
		case !ok || from > 0:
			return nil, nil
		case err != nil:
			return nil, invalidDate(l.number, err)
		}
		s := source{name: m[1], date: date}
		if p := englishPage.FindStringSubmatch(m[2][to:]); p != nil {
			s.page, s.section = p[1], p[2]
		}
		found = append(found, s)
	}
	return found, nil
}

// readSources reads the source lines among lines, and returns the others. Below the first source line it leaves out
// the second print of what stands above it, titles in head included.
func readSources(lines, head []line, a *akin.Article) ([]line, error) {
	var above, below, print []line
	printed := false // a source line stands below some text
	for _, l := range lines {
		sources, err := sourcesOf(l)
		if err != nil {
			return nil, err
		}
		switch {
		case sources != nil:
			for _, s := range sources {
				addSource(a, s, l.text)
			}
			printed = printed || len(above) > 0
			print = append(print, l)
		case printed:
			below = append(below, l)
		default:
			above = append(above, l)
		}
	}
	if len(below) > 0 {
		below, _ = notIn(slices.Concat(head, above, print), below)
	}
	return append(above, below...), nil
}

func addSource(a *akin.Article, s source, text string) {
	if a.PublishedDate == "" {
		a.PublishedDate = s.date
	}
	switch {
	case a.Source == "" || a.Source == s.name:
		a.Source = s.name
		if a.Page == "" {
			a.Page = s.page
		}
		if a.Section == "" {
			a.Section = s.section
		}
	default:
		if !strings.Contains(a.Attributes[OtherSources], text) {
			SetAttribute(a, OtherSources, text)
		}
	}
}
