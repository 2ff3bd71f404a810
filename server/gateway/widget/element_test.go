//go:build browser

package widget_test

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/gateway/widget"
)

// What the newspaper's articles are related to, some of it in another language, or without a source or a date.
var (
	ferry    = &akinv1.Article{Id: "ferry", Title: "The Last Ferry Will Not Be With Us for Ever, Says Mayor Ruth Calder", Url: "https://courier.example/2014/ferry", Language: "en", PublishedDate: "2014-05-20", Source: "The Sound Courier"}
	hopes    = &akinv1.Article{Id: "hopes", Title: "Minister Halves His Hopes for the Varn Tunnel", Url: "https://courier.example/2015/hopes", Language: "en", PublishedDate: "2015-03-11", Source: "The Sound Courier"}
	cracks   = &akinv1.Article{Id: "cracks", Title: "Cracks Close the Ellesk Bridge", Url: "https://courier.example/2019/cracks", Language: "en", PublishedDate: "2019-10-04", Source: "Ellesk Evening Post"}
	chinese  = &akinv1.Article{Id: "渔业/协定", Title: "东澜与维尔坎签署雁回湾渔业协定", Url: "https://courier.example/2016/fishing", Language: "zh", PublishedDate: "2016-03-09", Source: "东澜日报"}
	longest  = &akinv1.Article{Id: "longest", Title: "What Was Said in the Long Night in Which the Council of Varn Voted for a Tunnel, Against a Bridge, and for a Ferry That Nobody Had Asked It to Keep, Word for Word as the Clerk Wrote It Down", Url: "https://courier.example/2009/council", Language: "en", PublishedDate: "2009-09-18", Source: "The Quarterly Gazette of the Harbours, Bridges, Tunnels and Ferries of the Northern Sound"}
	nameless = &akinv1.Article{Id: "nameless", Title: "Who Pays for the Second Winter?", Url: "https://courier.example/2015/winter"}
)

func TestListOnAnotherOrigin(t *testing.T) {
	akin := answer(t, related(ferry, chinese, nameless))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER/" key="pk_courier" article="a/隧道 1" corpus="courier"
		limit="3" min-band="same-story" exclude="x/1 y" languages="en zh"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")

	type item struct{ Title, Href, Lang, Dir, Source, Date, Shown string }
	got := eval[[]item](b, `[...root.querySelectorAll('ul[part=list] > li[part=item]')].map(li => ({
		title: li.querySelector('a').textContent, href: li.querySelector('a').href, lang: li.lang, dir: li.querySelector('a').dir,
		source: li.querySelector('[part=source]')?.textContent ?? '', date: li.querySelector('time')?.dateTime ?? '', shown: li.querySelector('time')?.textContent ?? '' }))`)
	want := []item{
		{ferry.Title, ferry.Url, "en", "auto", "The Sound Courier", "2014-05-20", "May 20, 2014"},
		{chinese.Title, chinese.Url, "zh", "auto", "东澜日报", "2016-03-09", "Mar 9, 2016"},
		{nameless.Title, nameless.Url, "", "auto", "", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r := b.undisturbed()
	if len(r.Events) != 1 || r.Events[0].Name != "akin-load" || r.Events[0].Detail != 3.0 {
		t.Errorf("events %v, want one akin-load of 3 matches", r.Events)
	}

	query := akin.query(t)
	request := akin.asked()[0]
	if want := "/v1/corpora/courier/articles/a%2F%E9%9A%A7%E9%81%93%201/related"; request.URL.EscapedPath() != want {
		t.Errorf("path %s, want %s", request.URL.EscapedPath(), want)
	}
	if diff := cmp.Diff(map[string][]string{
		"page_size": {"3"}, "evidence_size": {"-1"}, "min_band": {"BAND_SAME_STORY"}, "key": {"pk_courier"},
		"filter.excluded_ids": {"x/1", "y"}, "filter.languages": {"en", "zh"},
	}, map[string][]string(query)); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	if request.Method != http.MethodGet || request.Header.Get("Cookie") != "" || request.Header.Get("Origin") == "" {
		t.Errorf("%s with cookie %q from origin %q, want a GET without cookies that says from where it comes: it needs no preflight",
			request.Method, request.Header.Get("Cookie"), request.Header.Get("Origin"))
	}
}

// The page's canonical address is what is asked about, and weak matches are not asked for, unless the element says otherwise.
func TestDefaults(t *testing.T) {
	akin := answer(t, related(ferry))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	if got, want := akin.asked()[0].URL.Path, "/v1/corpora/default/related"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	if diff := cmp.Diff(map[string][]string{
		"url": {"https://courier.example/2015/tunnel"}, "page_size": {"5"}, "evidence_size": {"-1"}, "min_band": {"BAND_SAME_TOPIC"},
	}, map[string][]string(akin.query(t))); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

// Nothing moves while the script, and then the answer, is on its way in front of the reader, whatever the answer is.
func TestNothingMoves(t *testing.T) {
	fail := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	for _, c := range []struct {
		name, element string
		handler       http.HandlerFunc
		width         int64
	}{
		{"list", `<akin-related server="SERVER" limit="3"></akin-related>`, related(ferry, hopes, cracks), 1280},
		{"list on a phone, with titles of any length", `<akin-related server="SERVER" limit="3"></akin-related>`, related(longest, chinese, nameless), 360},
		{"grid", `<akin-related server="SERVER" limit="3" layout="grid"></akin-related>`, related(longest, chinese, nameless), 1280},
		{"grid on a phone", `<akin-related server="SERVER" limit="2" layout="grid"></akin-related>`, related(longest, ferry), 360},
		{"fewer than there is room for", `<akin-related server="SERVER" limit="3"></akin-related>`, related(ferry), 1280},
		{"none", `<akin-related server="SERVER" limit="3"></akin-related>`, related(), 1280},
		{"none, and the page says so", `<akin-related server="SERVER" limit="3"><p slot="empty">Nothing yet.</p></akin-related>`, related(), 1280},
		{"failure", `<akin-related server="SERVER" limit="3"></akin-related>`, fail, 1280},
		{"what the page holds meanwhile, and then a list", `<akin-related server="SERVER" limit="3"><a href="/">Our front page</a></akin-related>`, related(ferry, hopes, cracks), 1280},
		{"what the page holds, and a failure", `<akin-related server="SERVER" limit="3"><a href="/">Our front page</a></akin-related>`, fail, 1280},
		{"Chinese", `<akin-related server="SERVER" limit="2" lang="zh"></akin-related>`, related(chinese, longest), 360},
	} {
		t.Run(c.name, func(t *testing.T) {
			script, letGo := make(chan struct{}), make(chan struct{})
			akin := answer(t, held(letGo, c.handler))
			b := newTab(t, c.width)
			// The room is kept by the page's style until the element is defined, and by the element from then on (docs/widget.md).
			address := newspaper(t, akin.URL, page{Paragraphs: []string{"A short report."}, Element: template.HTML(c.element)}, script)
			b.begin(address)
			b.wait("document.querySelector('#below')")
			b.frames()
			before := eval[float64](b, "document.querySelector('#below').getBoundingClientRect().top")
			close(script)
			b.wait("root?.querySelector('section').childElementCount")
			b.frames()
			close(letGo)
			b.wait("record.events.length")
			b.undisturbed()
			if after := eval[float64](b, "document.querySelector('#below').getBoundingClientRect().top"); after != before || after > height {
				t.Errorf("what is below stands at %g px, and stood at %g: want it unmoved, and in view", after, before)
			}
		})
	}
}

// An element that a script puts onto the page keeps the room of its list from then on, even while something smaller stands in it.
func TestRoomIsKeptForAList(t *testing.T) {
	letGo := make(chan struct{})
	akin := answer(t, held(letGo, related(longest, longest, longest)))
	b := newTab(t, 360)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<div id="place"></div>`}, nil))
	b.frames()
	eval[bool](b, `document.querySelector('#place').innerHTML = '<akin-related class="bare" server="`+akin.URL+`" limit="3"><a href="/">Our front page</a></akin-related>', true`)
	b.frames()
	eval[bool](b, "record.shift = 0, document.querySelector('akin-related a').checkVisibility()")
	close(letGo)
	b.wait("root.querySelector('ul') && !document.querySelector('akin-related a').checkVisibility()")
	b.undisturbed()
}

// The measure of the tests above finds a shift where there is one.
func TestShiftIsSeen(t *testing.T) {
	b := newTab(t, 1280)
	b.open(newspaper(t, "http://127.0.0.1:1", page{Paragraphs: paragraphs}, nil))
	b.frames()
	eval[bool](b, "document.querySelector('article').prepend(...document.querySelectorAll('footer, #below')), true")
	b.wait("record.shift > 0")
}

// Whatever the server does, the page is whole: it shows what it says for that case, or nothing, and hears of it.
func TestFailures(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, `{"code":14,"message":"away"}`)
		}
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"500", status(http.StatusInternalServerError)},
		{"429", status(http.StatusTooManyRequests)},
		{"401", status(http.StatusUnauthorized)},
		{"not JSON", body("<h1>Welcome to the hotel's network</h1>")},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"matches":[`)
		}},
		{"another shape", body(`{"matches":"many"}`)},
		{"null", body(`null`)},
		{"an origin that the server does not answer to", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Del("Access-Control-Allow-Origin")
			io.WriteString(w, `{}`)
		}},
		{"gone", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			akin := answer(t, c.handler)
			if c.handler == nil {
				akin.Close()
			}
			b := newTab(t, 1280)
			b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<div id="outer"></div>
				<akin-related server="SERVER"><a id="front" href="/">More on our front page</a><p slot="empty">Nothing yet.</p></akin-related>`}, nil))
			b.wait("record.events.length")
			r := b.undisturbed()
			if r.Events[0].Name != "akin-error" || r.Events[0].Detail == "" {
				t.Errorf("event %v, want akin-error with a reason", r.Events[0])
			}
			if !eval[bool](b, "document.querySelector('#front').checkVisibility() && !document.querySelector('[slot=empty]').checkVisibility()") {
				t.Error("what the page holds for this case is not shown")
			}
		})
	}
}

// A server that takes the question and never answers is given up.
func TestNoAnswer(t *testing.T) {
	akin := answer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<script src="/hurry.js"></script><akin-related server="SERVER"><p slot="empty">Nothing yet.</p></akin-related>`}, nil))
	b.wait("record.events.length && document.querySelector('[slot=empty]').checkVisibility()")
	if r := b.undisturbed(); r.Events[0].Name != "akin-error" || r.Events[0].Detail != "no answer within 10 s" {
		t.Errorf("event %v, want an akin-error that says how long it waited", r.Events[0])
	}
}

// A failure without anything to show in its place shows what the page says when nothing is related, and without that nothing.
func TestFailureShowsSlot(t *testing.T) {
	fail := answer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	b := newTab(t, 1280)
	b.open(newspaper(t, fail.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"><p slot="empty">Nothing yet.</p></akin-related>`}, nil))
	b.wait("record.events.length && document.querySelector('[slot=empty]').checkVisibility()")
	if got := eval[string](b, "root.textContent"); got != "" {
		t.Errorf("it shows %q", got)
	}
}

// Nothing takes no room once it is out of sight.
func TestEmptyGivesUpItsRoom(t *testing.T) {
	akin := answer(t, related())
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: long(), Element: `<akin-related server="SERVER"></akin-related>`}, nil))
	b.frames()
	if n := len(akin.asked()); n != 0 {
		t.Fatalf("asked %d times though it is far below what is seen", n)
	}
	eval[bool](b, "scrollTo(0, element.getBoundingClientRect().top - innerHeight - 500), true")
	b.wait("record.events.length && element.offsetHeight === 0")
	if r := b.undisturbed(); r.Events[0].Name != "akin-load" || r.Events[0].Detail != 0.0 {
		t.Errorf("event %v, want akin-load of 0 matches", r.Events[0])
	}
}

// What comes from the corpus is text, and leads to http and https addresses alone.
func TestHostileArticles(t *testing.T) {
	var hostile []*akinv1.Article
	for _, address := range []string{
		"javascript:record.errors.push('url')", "JaVa\tScript:record.errors.push('url')", "\x01javascript:record.errors.push('url')",
		"data:text/html,<script>opener.record.errors.push('url')</script>", "vbscript:x", "file:///etc/passwd", "blob:https://courier.example/x", "http://", "",
	} {
		hostile = append(hostile, &akinv1.Article{
			Id: "a", Url: address, Language: `"><script>record.errors.push('lang')</script>`, PublishedDate: `2015"><img src=x onerror="record.errors.push('date')">`,
			Title: `<img src=x onerror="record.errors.push('title')"><script>record.errors.push('title')</script>`, Source: `</span><style>*{display:none}</style>`,
		})
	}
	akin := answer(t, related(hostile...))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER" limit="9" heading="<b onclick=x>Read on</b>"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	if got := eval[int](b, "root.querySelectorAll('script, img, style, b, a').length"); got != 0 {
		t.Errorf("%d elements that the corpus made, or links that lead where no link may: %s", got, eval[string](b, "root.innerHTML"))
	}
	if got := eval[int](b, "[...root.querySelectorAll('li')].filter(li => li.textContent.includes('<img src=x')).length"); got != len(hostile) {
		t.Errorf("%d titles are shown as they are, want %d", got, len(hostile))
	}
	eval[bool](b, "root.querySelectorAll('*').forEach(e => e.click()), true")
	b.undisturbed()
}

// Articles that have no address of their own get one from the page's pattern.
func TestPatternOfAddresses(t *testing.T) {
	akin := answer(t, related(&akinv1.Article{Id: "渔业/协定 1", Title: "Fishing"}, ferry))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER" link="https://courier.example/read?id={id}"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	got := eval[[]string](b, "[...root.querySelectorAll('a')].map(a => a.href)")
	want := []string{"https://courier.example/read?id=%E6%B8%94%E4%B8%9A%2F%E5%8D%8F%E5%AE%9A%201", ferry.Url}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRemovalCancels(t *testing.T) {
	cancelled := make(chan struct{})
	akin := answer(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(cancelled)
	})
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"></akin-related>`}, nil))
	waitFor(t, "a request", func() bool { return len(akin.asked()) == 1 })
	eval[bool](b, "element.remove(), true")
	select {
	case <-cancelled:
	case <-time.After(5 * time.Second): // sooner than it gives up by itself
		t.Fatal("the request goes on though the element is gone")
	}
	b.frames()
	if r := b.record(); len(r.Events) != 0 || len(r.Errors) != 0 {
		t.Errorf("events %v and errors %q of an element that is gone", r.Events, r.Errors)
	}
}

// An element that is moved, or put back, asks again.
func TestPutBack(t *testing.T) {
	akin := answer(t, related(ferry))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	eval[bool](b, "document.querySelector('main').append(element), true")
	waitFor(t, "a second request", func() bool { return len(akin.asked()) == 2 })
	b.wait("record.events.length === 2 && root.querySelectorAll('ul').length === 1")
}

// Attributes are followed: those that change the answer ask again, once for all that change together; the others draw again.
func TestAttributesAreFollowed(t *testing.T) {
	akin := answer(t, func(w http.ResponseWriter, r *http.Request) {
		related(&akinv1.Article{Id: "x", Title: "Related to " + r.URL.Path, Url: "https://courier.example/", PublishedDate: "2015-03-11"})(w, r)
	})
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER" article="1"></akin-related>`}, nil))
	b.wait("root.querySelector('a')?.textContent === 'Related to /v1/corpora/default/articles/1/related'")
	eval[bool](b, "element.setAttribute('article', '2'), element.setAttribute('limit', '7'), element.setAttribute('key', 'k'), true")
	b.wait("root.querySelector('a')?.textContent === 'Related to /v1/corpora/default/articles/2/related'")
	eval[bool](b, "element.lang = 'zh-CN', element.setAttribute('heading-level', '4'), true")
	b.wait("root.querySelector('h4')?.textContent === '相关文章' && root.querySelector('time').textContent === '2015年3月11日'")
	eval[bool](b, "element.setAttribute('heading', 'Read on'), element.setAttribute('link', '/{id}'), true")
	b.wait("root.querySelector('h4')?.textContent === 'Read on'")
	if got, want := len(akin.asked()), 2; got != want {
		t.Errorf("asked %d times, want %d: once for the page, and once for the three attributes", got, want)
	}
	if query := akin.asked()[1].URL.Query(); query.Get("page_size") != "7" || query.Get("key") != "k" {
		t.Errorf("second query %v, want the new limit and key", query)
	}
	eval[bool](b, "element.refresh(), true")
	waitFor(t, "a third request", func() bool { return len(akin.asked()) == 3 })
}

// The answer to a question that the page no longer asks never shows, even when it comes last.
func TestLateAnswer(t *testing.T) {
	letGo := make(chan struct{})
	akin := answer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/corpora/default/articles/1/related" {
			held(letGo, related(ferry))(w, r)
			return
		}
		related(cracks)(w, r)
	})
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER" article="1"></akin-related>`}, nil))
	waitFor(t, "a request", func() bool { return len(akin.asked()) == 1 })
	eval[bool](b, "element.setAttribute('article', '2'), true")
	b.wait("root.querySelector('a')")
	close(letGo)
	if r := b.undisturbed(); len(r.Events) != 1 || r.Events[0].Name != "akin-load" {
		t.Errorf("events %v, want one akin-load", r.Events)
	}
	if got := eval[string](b, "root.querySelector('li').textContent"); !strings.HasPrefix(got, cracks.Title) {
		t.Errorf("shows %q, want %q", got, cracks.Title)
	}
}

// The composed event leaves the shadow trees that the element may stand in.
func TestEventLeavesShadowTrees(t *testing.T) {
	akin := answer(t, related(ferry))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<div id="outer"></div>`}, nil))
	eval[bool](b, `document.querySelector('#outer').attachShadow({ mode: 'open' }).append(Object.assign(document.createElement('akin-related'), { id: 'inner' })),
		document.querySelector('#outer').shadowRoot.querySelector('#inner').setAttribute('server', `+asJSON(akin.URL)+`), true`)
	b.wait("record.events.length === 1 && record.events[0].name === 'akin-load'")
}

func TestHeadings(t *testing.T) {
	akin := answer(t, related(ferry))
	for _, c := range []struct{ attributes, want string }{
		{`lang="en-GB"`, `<h2 part="heading" class="heading" lang="en">Related articles</h2>`},
		{`lang="zh-CN" heading-level="3"`, `<h3 part="heading" class="heading" lang="zh">相关文章</h3>`},
		{`lang="zh-Hant-HK"`, `<h2 part="heading" class="heading" lang="zh-Hant">相關文章</h2>`},
		{`lang="fr" heading="À lire aussi" heading-level="9"`, `<h2 part="heading" class="heading">À lire aussi</h2>`},
		{`lang="no_such-language!" heading=""`, ``},
	} {
		b := newTab(t, 1280)
		b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: template.HTML(`<akin-related server="SERVER" ` + c.attributes + `></akin-related>`)}, nil))
		b.wait("root.querySelector('ul')")
		if got := eval[string](b, "root.querySelector('.heading')?.outerHTML ?? ''"); got != c.want {
			t.Errorf("%s: heading %q, want %q", c.attributes, got, c.want)
		}
		b.undisturbed()
	}
}

// The element takes the colours of the page, and every text of it can be read; the list is one for those who do not see it; what has the focus shows it.
func TestAccessible(t *testing.T) {
	akin := answer(t, related(ferry, hopes, longest, chinese, nameless))
	waiting := answer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	empty := answer(t, related())
	for _, c := range []struct {
		name    string
		server  *akinServer
		element string
		ready   string
	}{
		{"list", akin, `<akin-related server="SERVER"></akin-related>`, "root.querySelector('ul')"},
		{"grid", akin, `<akin-related server="SERVER" layout="grid" lang="zh"></akin-related>`, "root.querySelector('ul')"},
		{"no heading", akin, `<akin-related server="SERVER" heading=""></akin-related>`, "root.querySelector('ul')"},
		{"waiting", waiting, `<akin-related server="SERVER"></akin-related>`, "root.querySelector('.bars')"},
		{"nothing", empty, `<akin-related server="SERVER"><p slot="empty">Nothing yet.</p></akin-related>`, "record.events.length"},
	} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{360, 1280} {
				t.Run(fmt.Sprintf("%s, %s, %d", c.name, scheme, width), func(t *testing.T) {
					b := newTab(t, width)
					b.scheme(scheme)
					b.open(newspaper(t, c.server.URL, page{Paragraphs: paragraphs, Element: template.HTML(c.element)}, nil))
					b.wait(c.ready)
					b.undisturbed()
					b.picture(fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(c.name, " ", "-"), scheme, width))
					for _, finding := range b.axe() {
						t.Error(finding)
					}
					if eval[bool](b, "document.documentElement.scrollWidth > innerWidth") {
						t.Error("the page is wider than the window")
					}
				})
			}
		}
	}
}

// axe-core looks into the shadow tree: it finds what is planted there.
func TestAxeSeesTheShadowTree(t *testing.T) {
	akin := answer(t, related(ferry))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	eval[bool](b, "root.querySelector('li').append(document.createElement('img')), true")
	if findings := b.axe(); len(findings) != 1 || !strings.HasPrefix(findings[0], "image-alt") {
		t.Errorf("findings %q, want the image without a text", findings)
	}
}

func TestColoursAreThePages(t *testing.T) {
	akin := answer(t, related(ferry))
	for scheme, want := range map[string]string{"light": "rgb(28, 28, 28)", "dark": "rgb(228, 228, 226)"} {
		b := newTab(t, 1280)
		b.scheme(scheme)
		b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"></akin-related>`}, nil))
		b.wait("root.querySelector('ul')")
		if got := eval[string](b, "getComputedStyle(root.querySelector('a')).color"); got != want {
			t.Errorf("%s: titles are %s, want %s", scheme, got, want)
		}
	}
}

// The page styles what is in the element by its parts and variables.
func TestStyledByThePage(t *testing.T) {
	akin := answer(t, related(ferry))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related id="styled" server="SERVER" layout="grid"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	got := eval[[]string](b, `[getComputedStyle(root.querySelector('h2')).borderTopColor, getComputedStyle(root.querySelector('a')).fontWeight, getComputedStyle(root.querySelector('li')).borderTopColor]`)
	if diff := cmp.Diff([]string{"rgb(1, 2, 3)", "400", "rgb(4, 5, 6)"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFocusIsSeen(t *testing.T) {
	akin := answer(t, related(ferry, hopes))
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab))
	if got := eval[string](b, "root.activeElement?.textContent ?? 'nothing'"); got != hopes.Title {
		t.Fatalf("the focus is on %q, want the second title", got)
	}
	if got := eval[string](b, "getComputedStyle(root.activeElement, '::after').outline"); got != "rgb(28, 28, 28) solid 3px" {
		t.Errorf("outline of what has the focus: %s", got)
	}
	b.picture("focus")
}

func TestRightToLeft(t *testing.T) {
	akin := answer(t, related(&akinv1.Article{Id: "1", Title: "افتتاح نفق ميناء وارن بعد تسع سنوات", Url: "https://courier.example/ar", Language: "ar", PublishedDate: "2015-03-11", Source: "جريدة المضيق"}, ferry))
	for _, layout := range []string{"list", "grid"} {
		b := newTab(t, 1280)
		b.open(newspaper(t, akin.URL, page{Lang: "ar", Dir: "rtl", Paragraphs: []string{"افتُتح النفق يوم الأربعاء."}, Element: template.HTML(`<akin-related server="SERVER" heading="اقرأ أيضا" layout="` + layout + `"></akin-related>`)}, nil))
		b.wait("root.querySelector('ul')")
		// Titles of either direction begin at the right edge, and the date stands to the left of the source.
		got := eval[[]bool](b, `[...root.querySelectorAll('li')].map(li => {
			const range = document.createRange()
			range.selectNodeContents(li.querySelector('a'))
			const text = range.getBoundingClientRect(), box = li.querySelector('a').getBoundingClientRect()
			return box.right - text.right < 2 && box.left < text.left && li.querySelector('time').getBoundingClientRect().right < li.querySelector('.source').getBoundingClientRect().left + 1
		})`)
		if diff := cmp.Diff([]bool{true, true}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", layout, diff)
		}
		directions := eval[[]string](b, "[...root.querySelectorAll('.title, .source')].map(e => getComputedStyle(e).direction)")
		if diff := cmp.Diff([]string{"rtl", "rtl", "ltr", "ltr"}, directions); diff != "" {
			t.Errorf("%s: directions of titles and sources (-want +got):\n%s", layout, diff)
		}
		b.undisturbed()
		b.picture("rtl-" + layout)
	}
}

// The page in the documentation works as it stands there, hash and all, once the server has its name.
func TestPageToCopy(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/widget.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(docs), "```html\n")
	source, _, _ := strings.Cut(rest, "```")
	a := answering(ferry, hopes)
	a.header = http.Header{"Access-Control-Allow-Origin": {"*"}}
	akin := httptest.NewServer(http.StripPrefix("/akin", widget.Handler(a))) // as behind a proxy that serves other things too
	t.Cleanup(akin.Close)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, strings.ReplaceAll(source, "https://akin.example", akin.URL+"/akin"))
	}))
	t.Cleanup(site.Close)
	b := newTab(t, 1280)
	b.open(site.URL)
	b.wait("root?.querySelectorAll('li').length === 2")
	if got := eval[string](b, "document.querySelector('script').integrity"); got != widget.Integrity() {
		t.Errorf("integrity %q, want %q", got, widget.Integrity())
	}
}

// The whole way: an article of the sample corpus, found by the address of a page of another origin, and its list in a browser.
func TestSampleInBrowser(t *testing.T) {
	akin := answer(t, sample(t, nil).ServeHTTP)
	b := newTab(t, 1280)
	b.open(newspaper(t, akin.URL, page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER" url="` + pageAddress + `?utm_source=letter" link="https://courier.example/{id}"></akin-related>`}, nil))
	b.wait("root.querySelector('ul')")
	if got := eval[[]string](b, "[...root.querySelectorAll('a')].map(a => a.href)"); !slices.Contains(got, "https://courier.example/varn-tunnel-1") {
		t.Errorf("related to the council's night over the tunnel: %q; want varn-tunnel-1 among them", got)
	}
	b.undisturbed()

	b.open(akin.URL + "/demo?article=varn-tunnel-1")
	b.wait("root.querySelector('ul')")
	for _, finding := range b.axe() {
		t.Error(finding)
	}
	b.picture("demo-sample")
}

// A page of the key's origin reads with it, and learns of a refusal; a page of another origin reads nothing, though it has the key.
func TestKeyOfOneOrigin(t *testing.T) {
	akin := httptest.NewUnstartedServer(nil)
	address := "http://" + akin.Listener.Addr().String()
	element := page{Paragraphs: paragraphs, Element: `<akin-related server="SERVER" article="varn-tunnel-1"></akin-related>`}
	courier, other := newspaper(t, address, element, nil), newspaper(t, address, element, nil)
	keys, key := newKey(t, strings.TrimSuffix(courier, "/"))
	akin.Config.Handler = sample(t, keys)
	akin.Start()
	t.Cleanup(akin.Close)

	b := newTab(t, 1280)
	b.open(courier)
	b.wait("record.events.length === 1")
	if got := b.record().Events[0]; got.Name != "akin-error" || got.Detail != "the server answers 401" {
		t.Errorf("without a key: %v, want to be told of the 401", got)
	}
	eval[bool](b, "element.setAttribute('key', "+asJSON(key)+"), true")
	b.wait("root.querySelectorAll('li').length === 5")

	b.open(other)
	b.wait("record.events.length === 1")
	eval[bool](b, "element.setAttribute('key', "+asJSON(key)+"), true")
	b.wait("record.events.length === 2")
	if got := b.record().Events[1]; got.Name != "akin-error" || got.Detail != "Failed to fetch" || eval[bool](b, "!!root.querySelector('li')") {
		t.Errorf("a page of another origin with the key: %v, want that it reads nothing", got)
	}
}

// The demo page works under its own policy, and reads well.
func TestDemoInBrowser(t *testing.T) {
	l := &library{articles: []*akinv1.Article{ferry, hopes, cracks, longest, chinese}}
	ferry := proto.CloneOf(ferry)
	ferry.Id, ferry.Subtitle, ferry.PublishedDate = "tunnel", "Mayor says ferries will run through the first winter", "2020-05-13"
	for _, text := range paragraphs {
		ferry.Paragraphs = append(ferry.Paragraphs, &akinv1.Paragraph{Text: text})
	}
	l.articles = append(l.articles, ferry)
	server := httptest.NewServer(widget.Handler(l))
	t.Cleanup(server.Close)
	for _, layout := range []string{"list", "grid"} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{360, 1280} {
				t.Run(fmt.Sprintf("%s, %s, %d", layout, scheme, width), func(t *testing.T) {
					b := newTab(t, width)
					b.scheme(scheme)
					b.open(server.URL + "/demo?corpus=courier&key=k&layout=" + layout)
					b.wait("root?.querySelectorAll('li').length > 4")
					b.picture(fmt.Sprintf("demo-%s-%s-%d", layout, scheme, width))
					for _, finding := range b.axe() {
						t.Error(finding)
					}
					if eval[bool](b, "document.documentElement.scrollWidth > innerWidth") {
						t.Error("the page is wider than the window")
					}
				})
			}
		}
	}
}

func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s within %s", what, patience)
		}
	}
}
