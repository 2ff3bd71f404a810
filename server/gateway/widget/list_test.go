package widget_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/gateway/widget"
)

// api is an API of one answer; it keeps the last question.
type api struct {
	status  int
	header  http.Header
	answer  *akinv1.RelatedArticlesResponse
	request *http.Request
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.request = r
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
		return
	}
	body, err := protojson.Marshal(a.answer)
	if err != nil {
		panic(err)
	}
	w.Write(body)
}

func (a *api) get(t *testing.T, method, target string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	widget.Handler(a).ServeHTTP(w, r)
	return w
}

func answering(articles ...*akinv1.Article) *api {
	response := &akinv1.RelatedArticlesResponse{}
	for _, article := range articles {
		response.Matches = append(response.Matches, &akinv1.ArticleMatch{Article: article})
	}
	return &api{answer: response}
}

func TestList(t *testing.T) {
	a := answering(
		&akinv1.Article{Id: "ferry", Title: "The Last Ferry", Url: "https://courier.example/ferry?a=1&b=2", Language: "en", PublishedDate: "2014-05-20", Source: "The Sound Courier"},
		&akinv1.Article{Id: "untitled", Url: "https://courier.example/untitled"},
		&akinv1.Article{Id: "渔业 1", Title: "雁回湾渔业协定", Language: "zh"},
	)
	w := a.get(t, http.MethodGet, "/v1/corpora/courier/articles/a%2Fb/related.html?link=/read/{id}&heading-level=3&filter.languages=en&key=k", nil)
	want := `<section class="akin-related" aria-label="Related articles">
<h3 lang="en">Related articles</h3>
<ul itemscope itemtype="https://schema.org/ItemList">
<li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem" lang="en">
<meta itemprop="position" content="1">
<a itemprop="url" href="https://courier.example/ferry?a=1&amp;b=2" dir="auto"><span itemprop="name">The Last Ferry</span></a>
<span class="akin-source" dir="auto">The Sound Courier</span>
<time datetime="2014-05-20" lang="en">May 20, 2014</time>
</li>
<li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem" lang="zh">
<meta itemprop="position" content="2">
<a itemprop="url" href="/read/%E6%B8%94%E4%B8%9A%201" dir="auto"><span itemprop="name">雁回湾渔业协定</span></a>
</li>
</ul>
</section>
`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := a.request.URL.String(), "/v1/corpora/courier/articles/a%2Fb/related?evidence_size=-1&filter.languages=en&key=k&min_band=BAND_SAME_TOPIC&page_size=5"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestListInChinese(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"lang=zh-CN", `<h2 lang="zh">相关文章</h2>`},
		{"lang=zh-TW", `<h2 lang="zh-Hant">相關文章</h2>`},
		{"lang=zh&heading=接着读", `<h2>接着读</h2>`},
		{"lang=zh&heading=接着读&heading-level=1", `<h2>接着读</h2>`},
	} {
		got := answering(&akinv1.Article{Id: "1", Title: "标题", PublishedDate: "2016-03-09"}).get(t, http.MethodGet, "/v1/corpora/default/related.html?url=https://x.example/&"+c.query, nil).Body.String()
		for _, want := range []string{c.want, "2016年3月9日"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s\nwant %s", c.query, got, want)
			}
		}
	}
	got := answering(&akinv1.Article{Id: "1", Title: "标题"}).get(t, http.MethodGet, "/v1/corpora/default/related.html?heading=", nil).Body.String()
	if strings.Contains(got, "<h") {
		t.Errorf("an empty heading is shown: %s", got)
	}
}

// What comes from the corpus, or from the address, is text, and leads to http and https addresses alone.
func TestHostileList(t *testing.T) {
	for _, address := range []string{
		"javascript:alert(1)", "JaVa\tScript:alert(1)", " javascript:alert(1)", "\x01javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
		"vbscript:x", "file:///etc/passwd", "http://", "https:opaque", `https://x.example/"onclick="alert(1)`,
	} {
		const tag = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
		w := answering(&akinv1.Article{Id: "1", Title: tag, Url: address, Source: tag, Language: tag, PublishedDate: tag}).get(t, http.MethodGet,
			"/v1/corpora/default/related.html?heading=%3Cscript%3E&lang=%22%3E%3Cscript%3E&link=javascript:alert(1)&heading-level=%3Cscript%3E", nil)
		for n := range parse(t, w.Body).Descendants() {
			if n.Data == "script" || n.Data == "img" {
				t.Errorf("%q: an element %q that the corpus made", address, n.Data)
			}
			for _, attribute := range n.Attr {
				if strings.HasPrefix(attribute.Key, "on") || attribute.Key == "href" && !strings.HasPrefix(attribute.Val, "https://x.example/") {
					t.Errorf("%q: attribute %s=%q", address, attribute.Key, attribute.Val)
				}
			}
		}
	}
}

// A page that includes the list shows nothing when there is nothing, or no answer; whoever asks learns why from the status.
func TestListOfNothing(t *testing.T) {
	if w := answering().get(t, http.MethodGet, "/v1/corpora/default/related.html", nil); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("none related: %d %q, want 200 and nothing", w.Code, w.Body)
	}
	a := &api{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {"3"}, "Access-Control-Allow-Origin": {"https://courier.example"}, "Content-Length": {"7"}}}
	w := a.get(t, http.MethodGet, "/v1/corpora/default/related.html", nil)
	if w.Code != http.StatusTooManyRequests || w.Body.Len() != 0 || w.Header().Get("Retry-After") != "3" || w.Header().Get("Access-Control-Allow-Origin") != "https://courier.example" {
		t.Errorf("refused: %d %q %v, want 429 and nothing, with what the API says of it", w.Code, w.Body, w.Header())
	}
}

// The list is cached as the JSON is, and has a tag of its own.
func TestListIsCached(t *testing.T) {
	a := answering(&akinv1.Article{Id: "1", Title: "The Last Ferry"})
	a.header = http.Header{"Cache-Control": {"max-age=900"}, "Etag": {`"json"`}, "Vary": {"Origin"}, "Age": {"70"}}
	first := a.get(t, http.MethodGet, "/v1/corpora/default/related.html", http.Header{"If-None-Match": {`"json"`}, "Accept-Encoding": {"gzip"}, "Origin": {"https://courier.example"}})
	tag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || tag == "" || tag == `"json"` || first.Header().Get("Cache-Control") != "max-age=900" || first.Header().Get("Vary") != "Origin" || first.Header().Get("Age") != "70" {
		t.Errorf("%d %v, want 200 with a tag of its own and what the API says of caching", first.Code, first.Header())
	}
	if h := a.request.Header; h.Get("If-None-Match") != "" || h.Get("Accept-Encoding") != "" || h.Get("Origin") == "" {
		t.Errorf("the API is asked with %v, want the caller's headers without those that speak of the bytes", h)
	}
	if again := a.get(t, http.MethodGet, "/v1/corpora/default/related.html", http.Header{"If-None-Match": {tag}}); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("asked again: %d %q, want 304 and nothing", again.Code, again.Body)
	}
	if head := a.get(t, http.MethodHead, "/v1/corpora/default/related.html", nil); head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("ETag") != tag {
		t.Errorf("HEAD: %d %q %v, want what GET says without the list", head.Code, head.Body, head.Header())
	}
}

// What stands around the box has its say about what the answer varies with.
func TestListVaries(t *testing.T) {
	a := answering()
	a.header = http.Header{"Vary": {"Authorization", "Accept-Encoding"}}
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Origin")
	widget.Handler(a).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/corpora/default/related.html", nil))
	if diff := cmp.Diff([]string{"Origin", "Authorization"}, w.Header().Values("Vary")); diff != "" {
		t.Errorf("Vary (-want +got):\n%s", diff)
	}
}

// Paths that lead elsewhere lead nowhere.
func TestListOfStrangePaths(t *testing.T) {
	for _, target := range []string{"//evil.example/v1/related.html", "/v1//corpora/default/related.html", "/v1/corpora/../../related.html", "/v1/corpora/./related.html"} {
		a := answering(&akinv1.Article{Id: "1", Title: "The Last Ferry"})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = target
		w := httptest.NewRecorder()
		widget.Handler(a).ServeHTTP(w, r)
		if to := w.Header().Get("Location"); w.Code/100 != 3 || strings.HasPrefix(to, "//") || a.request != nil {
			t.Errorf("%s: %d to %q, asked %v; want to be led to the path without", target, w.Code, to, a.request)
		}
	}
	// An escaped step is one of an id, and the API's to judge.
	a := answering(&akinv1.Article{Id: "1", Title: "The Last Ferry"})
	a.get(t, http.MethodGet, "/v1/corpora/default/articles/%2e%2e%2f%2e%2e/related.html", nil)
	if got, want := a.request.URL.EscapedPath(), "/v1/corpora/default/articles/%2e%2e%2f%2e%2e/related"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// Everything else is the API's, an article whose id ends as the list's path does included.
func TestOtherPathsAreTheAPIs(t *testing.T) {
	for _, target := range []string{"/v1/corpora/default/articles/x%2Frelated.html", "/v1/corpora/default/related", "/healthz"} {
		a := answering()
		a.get(t, http.MethodGet, target, nil)
		if a.request == nil || a.request.URL.String() != target {
			t.Errorf("%s does not reach the API as it is", target)
		}
	}
}
