package markup

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/name"
	"github.com/akinserver/akin/embed/page"
)

// meta is what a page says of its article to machines: each field the first that is there, of JSON-LD, then of meta elements.
type meta struct {
	titles    []string
	subtitle  string
	published string // as printed
	modified  string
	timed     string // the first date of a time element beside the body
	source    string // who wrote it, where that is said apart from the site
	site      string
	section   string
	authors   []string
	keywords  []string
	address   []string // canonical ones
	editor    string
	body      string // the article's text, on a few pages
	language  string
}

// maxNamed bounds the meta elements of one name that are read.
const maxNamed = 100

func readMeta(doc *html.Node) meta {
	var m meta
	named := map[string][]string{}
	for n := range elements(doc) {
		if attr(n, "itemprop") == "headline" && n.Data != "meta" {
			m.titles = append(m.titles, textOf(n))
		}
		switch n.Data {
		case "html":
			m.language = primaryTag(attr(n, "lang"))
		case "meta":
			text := flow(attr(n, "content"))
			for _, key := range []string{attr(n, "name"), attr(n, "property"), attr(n, "itemprop")} {
				if key != "" && text != "" && len(named[strings.ToLower(key)]) < maxNamed {
					named[strings.ToLower(key)] = append(named[strings.ToLower(key)], text)
				}
			}
		case "link":
			if slices.Contains(strings.Fields(strings.ToLower(attr(n, "rel"))), "canonical") {
				m.address = append(m.address, attr(n, "href"))
			}
		case "script":
			if strings.EqualFold(attr(n, "type"), "application/ld+json") && n.FirstChild != nil {
				m.readJSONLD(n.FirstChild.Data)
			}
		case "time":
			if has(n, "pubdate") || attr(n, "itemprop") == "datePublished" {
				named["time"] = append(named["time"], attr(n, "datetime"))
			}
		}
	}
	m.readNamed(named)
	return m
}

// readNamed fills what JSON-LD leaves open from meta elements, under the names that publishers give them.
func (m *meta) readNamed(named map[string][]string) {
	first := func(old string, names ...string) string {
		for _, name := range names {
			if old == "" && len(named[name]) > 0 {
				old = named[name][0]
			}
		}
		return old
	}
	m.titles = append(m.titles, named["og:title"]...)
	m.titles = append(m.titles, named["twitter:title"]...)
	m.published = first(m.published, "article:published_time", "datepublished", "publishdate", "pubdate", "publish_date", "publication_date", "article:published",
		"og:published_time", "time", "sailthru.date", "parsely-pub-date", "dc.date.issued", "dcterms.created", "dc.date", "dcterms.date", "weibo:article:create_at", "date")
	m.modified = first(m.modified, "article:modified_time", "datemodified", "og:updated_time", "lastmodified")
	m.source = first(m.source, "contentsource", "article:source", "mediaid")
	if s := first("", "source"); m.source == "" && !strings.Contains(s, "://") {
		m.source = s
	}
	m.site = first(m.site, "og:site_name", "application-name", "sitename")
	m.section = first(m.section, "article:section", "columnname", "parsely-section", "section")
	m.editor = first(m.editor, "editor")
	m.address = append(m.address, named["og:url"]...)
	if len(m.authors) == 0 {
		for _, key := range []string{"article:author", "author", "parsely-author", "dc.creator", "byl"} {
			for _, text := range named[key] {
				m.authors = append(m.authors, authorsIn(text)...)
			}
		}
	}
	m.keywords = append(m.keywords, named["article:tag"]...)
	if len(m.keywords) == 0 {
		m.keywords = splitWords(first("", "news_keywords", "keywords"))
	}
}

// authorsIn takes a list of authors apart; an address or a handle is none.
func authorsIn(s string) []string {
	s = strings.TrimSpace(s)
	if rest, ok := cutFold(s, "by "); ok {
		s = rest
	}
	if s == "" || strings.ContainsAny(s, "/@") {
		return nil
	}
	if names := name.List(s); names != nil {
		return names
	}
	if len(s) > 60 {
		return nil
	}
	return []string{s} // a desk: "Staff writers"
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func splitWords(s string) []string {
	separator := func(r rune) bool { return strings.ContainsRune(",，、;；|", r) }
	if !strings.ContainsFunc(s, separator) && strings.ContainsFunc(s, wide) {
		separator = func(r rune) bool { return r == ' ' }
	}
	var words []string
	for word := range strings.FieldsFuncSeq(s, separator) {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// primaryTag is the first part of a language tag.
func primaryTag(tag string) string {
	tag, _, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	if len(tag) < 2 || len(tag) > 3 || strings.ContainsFunc(tag, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return ""
	}
	return tag
}

// fill sets what the metadata says of the article, but for its title, which the page must confirm.
func (m meta) fill(a *akin.Article, base *url.URL) {
	a.Subtitle, a.Section = m.subtitle, m.section
	a.Source = m.source
	if _, values := labelsOf(m.source); len(values) > 0 { // "来源：东澜日报"
		a.Source = values[0].value
	}
	a.PublishedDate = page.DateIn(m.published)
	if strings.ContainsRune(m.published, ':') && a.PublishedDate != "" {
		page.SetAttribute(a, PublishedAt, m.published)
	}
	page.SetAttribute(a, ModifiedAt, m.modified)
	page.SetAttribute(a, page.Editor, m.editor)
	for _, author := range m.authors {
		if author != m.site && author != m.source && !slices.Contains(a.Authors, author) {
			a.Authors = append(a.Authors, author)
		}
	}
	a.Keywords = m.keywords
	for _, address := range m.address {
		u, err := absolute(base, address)
		if err == nil && (u.Path != "" && u.Path != "/" || u.RawQuery != "") { // some sites give their front page on every page
			a.URL = u.String()
			break
		}
	}
}

// timeIn is the date of the first time element that has one.
func timeIn(n *html.Node) string {
	for e := range elements(n) {
		if e.Data == "time" {
			if date := page.DateIn(attr(e, "datetime")); date != "" {
				return date
			}
		}
	}
	return ""
}
