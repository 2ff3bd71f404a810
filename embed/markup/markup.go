// Package markup reads an HTML page and returns the article on it.
// Most of a page is not the article: menus, teasers and comments are longer than a short report, and are removed before the body is looked for.
package markup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/charset"
	"github.com/akinserver/akin/embed/page"
)

// MaxSize is the size of the largest page that is read, in bytes. As a tree it takes up to a hundred times as much memory.
const MaxSize = akin.MaxTextLength

// Names under which an article's Attributes hold what else a page says, besides those of package page.
const (
	PublishedAt = "published_at" // date and time as printed by the page's metadata
	ModifiedAt  = "modified_at"
)

// Options of Parse. The zero value is for a file of which nothing is known.
type Options struct {
	URL     string // where the page was published; relative addresses on it are resolved against it
	Charset string // declared by the server that sent it
}

// Parse returns the article on the page that r holds: its body as paragraphs of plain text, the rows of a table one a paragraph with " | " between cells,
// and what the page says of it in JSON-LD, in meta elements, and in printed lines (来源：, 责任编辑：, 2014年5月20日, By Ruth Adler). Where they differ,
// they are believed in that order. What it does not say stays empty.
//
// URL is the canonical address that the page gives, or else opts.URL. ID is empty: the caller names the article. Errors are those of page.Parse, or that of r.
func Parse(r io.Reader, opts Options) (akin.Article, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return akin.Article{}, fmt.Errorf("read page: %w", err)
	}
	if len(data) > MaxSize {
		return akin.Article{}, fmt.Errorf("%w: an HTML page of more than %d bytes", page.ErrTooLarge, MaxSize)
	}
	if opts.Charset == "" {
		opts.Charset = declaredCharset(data)
	}
	data, err = charset.Decode(data, charset.Options{Declared: opts.Charset, Markup: true})
	if err != nil {
		return akin.Article{}, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return akin.Article{}, page.ErrEmpty
	}
	doc, err := parse(data)
	if err != nil {
		return akin.Article{}, err
	}
	return read(doc, opts)
}

func parse(data []byte) (*html.Node, error) {
	doc, err := html.Parse(bytes.NewReader(bytes.Map(charset.Printable, data)))
	if err != nil {
		return nil, fmt.Errorf("parse HTML: %w", err) // elements nested 512 deep
	}
	return doc, nil
}

func read(doc *html.Node, opts Options) (akin.Article, error) {
	var a akin.Article
	base, _ := url.Parse(opts.URL)
	m := readMeta(doc)
	m.fill(&a, base)
	remove(doc, isInvisible)
	printed := linesOf(doc) // all lines of the page, menus included
	a.Title = titleOf(doc, &m, a)
	a.Captions = prune(doc)
	m.timed = timeIn(mainOf(doc))
	body := bodyOf(doc, m)
	body = trimBody(body, &a)
	if len(body) == 0 {
		return akin.Article{}, page.ErrNoBody
	}
	readPrinted(printed, body, &a)
	readAuthors(doc, &a)
	for _, b := range body {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: b.text})
	}
	page.ReadOpening(body[0].text, &a)
	finish(&a, m, opts)
	return a, nil
}

// finish sets what follows from the rest.
func finish(a *akin.Article, m meta, opts Options) {
	if a.URL == "" {
		a.URL = opts.URL
	}
	for _, date := range []string{m.timed, dateInURL(a.URL)} {
		if a.PublishedDate == "" {
			a.PublishedDate = date
		}
	}
	if a.Source == "" {
		a.Source = m.site
	} else if m.site != "" && m.site != a.Source {
		page.SetAttribute(a, page.Site, m.site)
	}
	if a.Language = page.LanguageOf(*a); a.Language == "" {
		a.Language = m.language
	}
	a.Place()
}

// Fragment is a piece of HTML, read.
type Fragment struct {
	Paragraphs []string
	Captions   []akin.Caption
}

// ParseFragment reads a piece of HTML that is all body, as feeds have it.
func ParseFragment(text string) (Fragment, error) {
	if len(text) > MaxSize {
		return Fragment{}, fmt.Errorf("%w: HTML of more than %d bytes", page.ErrTooLarge, MaxSize)
	}
	doc, err := parse([]byte(text))
	if err != nil {
		return Fragment{}, err
	}
	remove(doc, isInvisible)
	f := Fragment{Captions: prune(doc)}
	var ignored akin.Article
	for _, b := range trimBody(blocksOf(doc), &ignored) {
		f.Paragraphs = append(f.Paragraphs, b.text)
	}
	return f, nil
}

// declaredCharset looks for a charset in the first bytes, as browsers do.
func declaredCharset(data []byte) string {
	z := html.NewTokenizer(bytes.NewReader(data[:min(len(data), 4096)]))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data != "meta" {
				continue
			}
			n := &html.Node{Attr: t.Attr}
			if c := attr(n, "charset"); c != "" {
				return c
			}
			if _, c, ok := strings.Cut(strings.ToLower(attr(n, "content")), "charset="); ok && strings.EqualFold(attr(n, "http-equiv"), "content-type") {
				return strings.Trim(c, ` "';`)
			}
		}
	}
}

var errNoURL = errors.New("no absolute address")

// absolute resolves an address of the Web against a base that may be nil.
func absolute(base *url.URL, address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, err
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errNoURL
	}
	u.Fragment = ""
	return u, nil
}
