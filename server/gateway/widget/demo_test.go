package widget_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/gateway/widget"
)

// library answers as the API does to who lists and reads the articles of the corpus "courier" with the key "k"; all its articles are related.
type library struct {
	articles []*akinv1.Article
	calls    int
}

func (l *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.calls++
	if r.URL.Query().Get("key") != "k" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	const path = "/v1/corpora/courier/articles"
	if r.URL.Path == path {
		l.write(w, l.list(r.URL.Query()))
		return
	}
	if strings.HasSuffix(r.URL.Path, "/related") {
		related := &akinv1.RelatedArticlesResponse{}
		for _, article := range l.articles {
			related.Matches = append(related.Matches, &akinv1.ArticleMatch{Article: article})
		}
		l.write(w, related)
		return
	}
	for _, article := range l.articles {
		if r.URL.EscapedPath() == path+"/"+url.PathEscape(article.GetId()) {
			l.write(w, &akinv1.GetArticleResponse{Article: article})
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

func (l *library) list(query url.Values) *akinv1.ListArticlesResponse {
	size, err := strconv.Atoi(query.Get("page_size"))
	if err != nil {
		panic(err)
	}
	list := &akinv1.ListArticlesResponse{}
	for _, article := range l.articles {
		if from := query.Get("filter.published_from"); from != "" && article.GetPublishedDate() < from {
			continue
		}
		if list.TotalSize++; len(list.GetArticles()) < size {
			list.Articles = append(list.Articles, article)
		}
	}
	return list
}

func (l *library) write(w http.ResponseWriter, m proto.Message) {
	b, err := protojson.Marshal(m)
	if err != nil {
		panic(err)
	}
	w.Write(b)
}

func (l *library) demo(t *testing.T, query string) (*html.Node, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	widget.Handler(l).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/demo?"+query, nil))
	return parse(t, w.Body), w
}

func parse(t *testing.T, page io.Reader) *html.Node {
	t.Helper()
	document, err := html.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// elements are those of a name, each as its attributes and its text.
func elements(document *html.Node, name string) []map[string]string {
	var list []map[string]string
	for n := range document.Descendants() {
		if n.Type != html.ElementNode || n.Data != name {
			continue
		}
		found := map[string]string{}
		for _, attribute := range n.Attr {
			found[attribute.Key] = attribute.Val
		}
		for child := range n.Descendants() {
			if child.Type == html.TextNode {
				found["text"] += child.Data
			}
		}
		list = append(list, found)
	}
	return list
}

// The page shows an article with the box below it, in the same corpus and with the same key, and links to others.
func TestDemo(t *testing.T) {
	l := &library{articles: []*akinv1.Article{
		{Id: "old", Title: "Old", PublishedDate: "2014-05-20"},
		{Id: "隧道/1", Title: "<b>Tunnel</b>", Language: "en", PublishedDate: "2015-03-11", Paragraphs: []*akinv1.Paragraph{{Text: "It is open."}}},
		{Id: "undated"},
	}}
	document, w := l.demo(t, "corpus=courier&key=k")
	if got := elements(document, "h1"); len(got) != 1 || got[0]["text"] != "<b>Tunnel</b>" {
		t.Errorf("headings %v, want the newest article's title", got)
	}
	want := []map[string]string{{
		"corpus": "courier", "key": "k", "article": "隧道/1", "layout": "list", "lang": "en", "link": "/demo?article={id}&corpus=courier&key=k",
		"text": "Nothing in this corpus is related to this article.",
	}}
	if diff := cmp.Diff(want, elements(document, "akin-related")); diff != "" {
		t.Errorf("the box (-want +got):\n%s", diff)
	}
	var links []string
	for _, a := range elements(document, "a") {
		links = append(links, a["href"]+" "+a["text"])
	}
	const newest = "/demo?article=%E9%9A%A7%E9%81%93%2F1&corpus=courier&key=k"
	if diff := cmp.Diff([]string{
		newest + " list", newest + "&layout=grid grid",
		newest + " <b>Tunnel</b>", "/demo?article=old&corpus=courier&key=k Old", "/demo?article=undated&corpus=courier&key=k undated",
	}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if script := elements(document, "script"); len(script) != 1 || script[0]["src"] != widget.HashedPath() || script[0]["integrity"] != widget.Integrity() {
		t.Errorf("scripts %v, want the hashed one", script)
	}
	if tag := elements(document, "pre")[0]["text"]; !strings.Contains(tag, widget.Integrity()) || !strings.Contains(tag, "http://example.com"+widget.HashedPath()) {
		t.Errorf("the tag to copy is %s", tag)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; script-src 'self'; style-src 'self'") || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v, want a strict policy, and a key in the address kept from others", w.Header())
	}
}

// Of a corpus of any size, the newest are found in a few questions.
func TestDemoOfManyArticles(t *testing.T) {
	l := &library{}
	day := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3000 {
		l.articles = append(l.articles, &akinv1.Article{Id: fmt.Sprint(i), Title: fmt.Sprint(i), PublishedDate: day.AddDate(0, 0, i*7%3000).Format(time.DateOnly)})
	}
	document, _ := l.demo(t, "corpus=courier&key=k")
	var got []string
	for _, at := range elements(document, "time")[1:] {
		got = append(got, at["datetime"])
	}
	var want []string
	for i := range 20 {
		want = append(want, day.AddDate(0, 0, 2999-i).Format(time.DateOnly))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if l.calls > 20 {
		t.Errorf("%d questions, want no more than it takes to find a day", l.calls)
	}
}

// Where a single day has more articles than are listed at once, some of that day are shown.
func TestDemoOfOneDay(t *testing.T) {
	l := &library{}
	for i := range 300 {
		day := "2014-05-20"
		if i%2 == 0 {
			day = "2015-03-11"
		}
		l.articles = append(l.articles, &akinv1.Article{Id: fmt.Sprint(i), Title: fmt.Sprint(i), PublishedDate: day})
	}
	document, _ := l.demo(t, "corpus=courier&key=k")
	for _, at := range elements(document, "time") {
		if at["datetime"] != "2015-03-11" {
			t.Errorf("an article of %s is listed, want those of the last day", at["datetime"])
		}
	}
}

func TestDemoWithoutDates(t *testing.T) {
	l := &library{}
	for i := range 200 {
		l.articles = append(l.articles, &akinv1.Article{Id: fmt.Sprint(i), Title: fmt.Sprint(i)})
	}
	document, _ := l.demo(t, "corpus=courier&key=k")
	if got := len(elements(document, "li")); got != 20 {
		t.Errorf("%d articles listed, want 20", got)
	}
}

// The page says why there is nothing to show.
func TestDemoRefused(t *testing.T) {
	for _, c := range []struct {
		name, query, want string
		code              int
	}{
		{"no key", "corpus=courier", "GET /v1/corpora/courier/articles: 401 Unauthorized", http.StatusUnauthorized},
		{"no such article", "corpus=courier&key=k&article=none", "GET /v1/corpora/courier/articles/none: 404 Not Found", http.StatusNotFound},
		{"nothing ingested", "corpus=courier&key=k", `The corpus "courier" holds no articles yet: akin ingest puts some into it.`, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			document, w := (&library{}).demo(t, c.query)
			if got := elements(document, "p")[1]["text"]; got != c.want || w.Code != c.code {
				t.Errorf("%d %q, want %d %q", w.Code, got, c.code, c.want)
			}
		})
	}
}

// TestDemoOfHostileArticles shows an article whose every field is a piece of a page: it is text, and nothing else.
func TestDemoOfHostileArticles(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'"`
	l := &library{articles: []*akinv1.Article{{
		Id: evil, Title: evil, Subtitle: evil, Source: evil, Language: evil, PublishedDate: evil, Url: "javascript:alert(1)", Paragraphs: []*akinv1.Paragraph{{Text: evil}},
	}}}
	document, w := l.demo(t, "corpus=courier&key=k&layout="+url.QueryEscape(evil)+"&article="+url.QueryEscape(evil))
	if got := elements(document, "h1"); w.Code != http.StatusOK || len(got) != 1 || got[0]["text"] != evil {
		t.Errorf("%d, headings %v", w.Code, got)
	}
	if scripts := elements(document, "script"); len(scripts) != 1 || scripts[0]["src"] != widget.HashedPath() || len(elements(document, "img")) > 0 {
		t.Errorf("scripts %v, pictures %v", scripts, elements(document, "img"))
	}
	for n := range document.Descendants() {
		for _, attribute := range n.Attr {
			if strings.HasPrefix(attribute.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(attribute.Val)), "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, attribute.Key, attribute.Val)
			}
		}
	}
	document, _ = l.demo(t, "key=k&corpus="+url.QueryEscape(evil))
	if len(elements(document, "script")) != 1 || len(elements(document, "img")) > 0 {
		t.Error("the name of a corpus is taken for a piece of the page")
	}
}
