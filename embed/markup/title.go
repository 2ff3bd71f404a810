package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/akinserver/akin"
)

// titleOf chooses the title: the heading of the page that its metadata or its window title confirm, which add the names of site and section to it;
// else the metadata's; else the only heading; else the window's title without what follows the first part that can be one. Where the window's title ends in
// the name of a site, m gets that.
func titleOf(doc *html.Node, m *meta, a akin.Article) string {
	h := headingsOf(doc)
	if m.site == "" {
		m.site = siteIn(h.window)
	}
	best := ""
	for _, text := range slices.Concat(h.first, h.others) {
		if text != m.site && len(text) > len(best) && confirmed(text, append(m.titles, h.window)) {
			best = text
		}
	}
	switch {
	case best != "":
		return best
	case len(m.titles) > 0:
		return withoutSite(m.titles[0], m.site, a.Source)
	case len(h.first) == 1 && h.first[0] != m.site:
		return h.first[0]
	}
	return withoutSite(h.window, m.site, a.Source)
}

type headings struct {
	first, others []string // h1; h2 and h3
	window        string   // title
}

func headingsOf(doc *html.Node) (h headings) {
	for n := range elements(doc) {
		if !is(n, "h1 h2 h3 title") {
			continue
		}
		switch text := textOf(n); {
		case text == "":
		case n.Data == "h1":
			h.first = append(h.first, text)
		case n.Data == "title" && h.window == "":
			h.window = text
		case n.Data != "title" && len(h.others) < 50:
			h.others = append(h.others, text)
		}
	}
	return h
}

// confirmed reports whether a title says what a heading does, with not much more than twice as much around it: a site's name is in its titles, too.
func confirmed(heading string, titles []string) bool {
	h := letters(heading)
	for _, t := range titles {
		if t := letters(t); len(h) >= 4 && strings.Contains(t, h) && len(h)*10 >= len(t)*3 {
			return true
		}
	}
	return false
}

// siteIn is the name of the site that a window's title ends in, or "".
func siteIn(title string) string {
	breaks := titleBreak.FindAllStringIndex(title, -1)
	if len(breaks) == 0 {
		return ""
	}
	site := strings.TrimLeft(title[breaks[len(breaks)-1][0]:], "-–—_|｜»«·•: ")
	if n := utf8.RuneCountInString(site); n < 2 || n > 30 || !siteAtEnd.MatchString(site) || len(site) == len(title) {
		return ""
	}
	return site
}

// letters are the letters and digits of s in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// titleBreak parts a title from the names of section and site behind it. A single hyphen does so only with spaces around it, or before ideographs that end in
// the word for a site.
var (
	titleBreak = regexp.MustCompile(`\s*(?:--+|[|｜_»«]|——|::)\s*|\s+[-–—·•]\s+|\s*[-–—]\s*(?:\p{Han}{0,10}(?:网|網|新闻|新聞|频道|頻道|报|報|在线|中心|门户))$`)
	siteAtEnd  = regexp.MustCompile(`(?i)(?:网|網|新闻|新聞|频道|頻道|报|報|在线|社|中心|\.com|\.cn|\.org|news|times|post|herald|tribune|gazette|journal|courier|online)$`)
)

// withoutSite cuts off parts at the end while what is left is longer than they are, or they are known or look like the name of a site.
func withoutSite(title string, sites ...string) string {
	for {
		breaks := titleBreak.FindAllStringIndex(title, -1)
		if len(breaks) == 0 {
			return title
		}
		last := breaks[len(breaks)-1]
		before, after := strings.TrimSpace(title[:last[0]]), strings.TrimSpace(title[last[0]:])
		after = strings.TrimLeft(after, "-–—_|｜»«·•: ")
		if before == "" {
			return strings.Trim(after, "-_|｜ ")
		}
		known := siteAtEnd.MatchString(after)
		for _, s := range sites {
			known = known || s != "" && strings.EqualFold(after, s)
		}
		if !known && utf8.RuneCountInString(after) >= utf8.RuneCountInString(before) {
			return title
		}
		title = before
	}
}
