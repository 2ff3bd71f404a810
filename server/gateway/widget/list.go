package widget

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

const (
	jsonPath = "/related"
	listPath = jsonPath + ".html"
)

//go:embed list.html
var listHTML string

var listTemplate = template.Must(template.New("list").Parse(listHTML))

// list writes the answers of the API to what is related as HTML: a fragment that a page includes.
type list struct{ api http.Handler }

// listed is what the template shows.
type listed struct {
	Heading     string
	HeadingLang string // "" for the language of the page that includes it
	Level       string // of the heading; "" for none
	Lang        string // of the dates
	Items       []item
}

type item struct {
	Position                  int
	Title, Link, Lang, Source string
	Date, Day                 string // as data, and for people
}

// ServeHTTP asks what the path asks without ".html". Its parameters are those of the API, with the element's defaults, and those of a look.
// A page that includes an answer shows nothing of one that failed: only its status tells.
func (l list) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	look := takeLook(query)
	for name, value := range map[string]string{"page_size": "5", "evidence_size": "-1", "min_band": akinv1.Band_BAND_SAME_TOPIC.String()} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex") // the page that includes it is what is to be found
	var related akinv1.RelatedArticlesResponse
	answered, err := ask(l.api, r, strings.TrimSuffix(r.URL.EscapedPath(), listPath)+jsonPath, query, &related)
	if err != nil {
		refuse(w, err)
		return
	}
	keep(header, answered)
	var page bytes.Buffer
	if err := listTemplate.Execute(&page, look.listed(related.GetMatches())); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	hash := sha256.Sum256(page.Bytes())
	header.Set("ETag", `"`+hex.EncodeToString(hash[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page.Bytes()))
}

// look is what the parameters lang, heading, heading-level and link say of a list: the same as the element's attributes.
type look struct {
	words          captions
	heading, level string
	headed         bool // a heading, maybe an empty one, is given
	pattern        string
}

// takeLook takes those parameters out of the query: they are none of the API's.
func takeLook(query url.Values) look {
	l := look{words: captionsFor(query.Get("lang")), heading: query.Get("heading"), level: "2", headed: query.Has("heading"), pattern: query.Get("link")}
	if level := query.Get("heading-level"); len(level) == 1 && level >= "2" && level <= "6" {
		l.level = level
	}
	for _, name := range []string{"lang", "heading", "heading-level", "link"} {
		query.Del(name)
	}
	return l
}

func (l look) listed(matches []*akinv1.ArticleMatch) listed {
	shown := listed{Heading: l.words.heading, HeadingLang: l.words.lang, Level: l.level, Lang: l.words.lang}
	switch {
	case l.heading != "":
		shown.Heading, shown.HeadingLang = l.heading, ""
	case l.headed:
		shown.Level = ""
	}
	for _, match := range matches {
		if article := match.GetArticle(); article.GetTitle() != "" {
			shown.Items = append(shown.Items, item{
				Position: len(shown.Items) + 1, Title: article.GetTitle(), Link: link(article, l.pattern), Lang: article.GetLanguage(),
				Source: article.GetSource(), Date: article.GetPublishedDate(), Day: l.words.day(article.GetPublishedDate()),
			})
		}
	}
	return shown
}

// refuse answers with nothing but the status with which the API refused.
func refuse(w http.ResponseWriter, err error) {
	if r, ok := errors.AsType[*refused](err); ok {
		keep(w.Header(), r.header)
	}
	w.WriteHeader(statusOf(err))
}

// keep copies what the API says about an answer that is as true of its other form, beside what others have said already.
func keep(header, answered http.Header) {
	for _, name := range []string{"Access-Control-Allow-Origin", "Age", "Cache-Control", "Retry-After", "Www-Authenticate"} {
		if value := answered.Get(name); value != "" {
			header.Set(name, value)
		}
	}
	for _, value := range answered.Values("Vary") {
		if value != "Accept-Encoding" { // of the JSON
			header.Add("Vary", value)
		}
	}
}

// link is where an article is read: an http or https address, or one of the including page's own site, or "" for nowhere.
func link(article *akinv1.Article, pattern string) string {
	address := cmp.Or(article.GetUrl(), strings.ReplaceAll(pattern, "{id}", escape(article.GetId())))
	parsed, err := url.Parse(address)
	switch {
	case err != nil, parsed.Opaque != "":
		return ""
	case parsed.Scheme == "http" || parsed.Scheme == "https":
		if parsed.Host == "" {
			return ""
		}
		return address
	case parsed.Scheme == "":
		return address
	}
	return ""
}

// escape makes an id part of an address, whether of its path or of its query.
func escape(id string) string {
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}

// captions are the words that are not the corpus's, and how dates are written beside them.
type captions struct {
	lang, heading string
	layout        string // of time.Format
}

func captionsFor(lang string) captions {
	lang = strings.ToLower(lang)
	if lang != "zh" && !strings.HasPrefix(lang, "zh-") {
		return captions{"en", "Related articles", "Jan 2, 2006"}
	}
	for _, traditional := range []string{"hant", "tw", "hk", "mo"} {
		if strings.Contains(lang, traditional) {
			return captions{"zh-Hant", "相關文章", "2006年1月2日"}
		}
	}
	return captions{"zh", "相关文章", "2006年1月2日"}
}

func (c captions) day(date string) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return day.Format(c.layout)
}
