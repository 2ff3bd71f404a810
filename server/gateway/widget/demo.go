package widget

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

var (
	//go:embed demo.html
	demoHTML string
	//go:embed demo.css
	demoCSS []byte

	demoTemplate = template.Must(template.New("demo").Parse(demoHTML))
)

func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(demoCSS))
}

// demo shows an article of a corpus, or its newest one, with the box below it.
type demo struct{ api http.Handler }

// demoPage is what the template shows.
type demoPage struct {
	Corpus, Key, Layout string
	Article             *akinv1.Article
	Newest              []demoLink
	Here, Grid, List    string // addresses of the page: of any article with {id} in the place of its id, of this one in either layout
	Script, Integrity   string
	Server              string
	Problem             string
}

type demoLink struct{ Title, Lang, Date, Address string }

// ServeHTTP takes the parameters corpus ("default"), key (none), article (the newest), and layout ("list").
func (d demo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	corpus := corpus{cmp.Or(query.Get("corpus"), "default"), query.Get("key")}
	shown := demoPage{Corpus: corpus.name, Key: corpus.key, Script: HashedPath(), Integrity: Integrity(), Server: address(r), Layout: "list"}
	if query.Get("layout") == "grid" {
		shown.Layout = "grid"
	}
	status := http.StatusOK
	if err := d.fill(r, corpus, query.Get("article"), &shown); err != nil {
		shown.Problem = err.Error()
		status = statusOf(err)
	}
	var page bytes.Buffer
	if err := demoTemplate.Execute(&page, shown); err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer") // a key may stand in the address
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex")
	header.Set("Cache-Control", "private, no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // who does not read it is gone
}

// fill asks for what the page shows.
func (d demo) fill(r *http.Request, corpus corpus, id string, shown *demoPage) error {
	list, err := newest(d.api, r, corpus)
	if err != nil {
		return err
	}
	for _, article := range list {
		shown.Newest = append(shown.Newest, demoLink{cmp.Or(article.GetTitle(), article.GetId()), article.GetLanguage(), article.GetPublishedDate(), corpus.demo(article.GetId(), shown.Layout)})
	}
	if id == "" && len(list) > 0 {
		id = list[0].GetId()
	}
	if id == "" {
		shown.Problem = fmt.Sprintf("The corpus %q holds no articles yet: akin ingest puts some into it.", corpus.name)
		return nil
	}
	shown.Here = strings.Replace(corpus.demo("{id}", shown.Layout), "%7Bid%7D", "{id}", 1)
	shown.List, shown.Grid = corpus.demo(id, "list"), corpus.demo(id, "grid")
	var article akinv1.GetArticleResponse
	_, err = ask(d.api, r, corpus.path()+"/"+url.PathEscape(id), corpus.query(), &article)
	shown.Article = article.GetArticle()
	return err
}

// demo is the address of the page for an article.
func (c corpus) demo(article, layout string) string {
	query := c.query()
	query.Set("article", article)
	if c.name != "default" {
		query.Set("corpus", c.name)
	}
	if layout != "list" {
		query.Set("layout", layout)
	}
	return "/demo?" + query.Encode()
}

// address is where the caller has reached this server.
func address(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
