//go:build browser

// These tests open pages in a real Chromium. tools/check-widget.sh installs what they need and runs them: under the tag, a browser that is missing is a failure.

package widget_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"google.golang.org/protobuf/encoding/protojson"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/gateway/widget"
)

// height of the window, in pixels.
const height = 1600

// patience is how long a test waits for something that happens within a second on a machine with nothing else to do.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.cancel != nil {
		browser.cancel()
		os.RemoveAll(browser.profile)
	}
	os.Exit(code)
}

// browser is the one process that all tests share; each has a context of its own in it, with its own cache.
var browser struct {
	start   sync.Once
	ctx     context.Context
	cancel  context.CancelFunc
	profile string
	err     error
}

func startBrowser() {
	if browser.profile, browser.err = os.MkdirTemp("", "akin-chromium"); browser.err != nil {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(browser.profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	if path := os.Getenv("AKIN_CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	browser.ctx, browser.cancel = ctx, func() { closeBrowser(); stop() }
	browser.err = chromedp.Do(ctx)
}

// tab is one page in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func newTab(t *testing.T, width int64) tab {
	t.Helper()
	browser.start.Do(startBrowser)
	if browser.err != nil {
		t.Fatalf("Chromium does not start (apt-get install chromium, or name it in AKIN_CHROMIUM): %v", browser.err)
	}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	ctx, cancelTime := context.WithTimeout(ctx, 3*patience)
	t.Cleanup(func() { cancelTime(); cancel() })
	b := tab{t, ctx}
	b.do(chromedp.EmulateViewport(width, height))
	return b
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// begin opens a page without waiting until all of it is there.
func (b tab) begin(address string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, cdppage.Navigate, cdppage.NavigateParams{URL: address}); err != nil {
		b.t.Fatal(err)
	}
}

// scheme is what the reader's system asks for: "light" or "dark".
func (b tab) scheme(value string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// eval is the value of a JavaScript expression in which "root" is the element's shadow root.
func eval[T any](b tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T]("{ const element = document.querySelector('akin-related'), root = element?.shadowRoot; "+expression+" }", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// wait waits until an expression is true.
func (b tab) wait(expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); !eval[bool](b, "!!("+expression+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not true within %s: %s\nrecord: %s\nshadow root: %s", patience, expression,
				eval[string](b, "JSON.stringify(window.record ?? null)"), eval[string](b, "root?.innerHTML ?? 'none'"))
		}
	}
}

// frames waits until the browser has painted what was changed, and measured how it moved.
func (b tab) frames() {
	b.t.Helper()
	eval[bool](b, "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true), 100))))")
}

// record is what testdata/record.js notes of a page.
type record struct {
	Shift      float64
	Violations []string
	Errors     []string
	Events     []struct {
		Name   string
		Detail any
	}
}

func (b tab) record() record {
	b.t.Helper()
	return eval[record](b, "window.record")
}

// undisturbed is the record of a page on which nothing moved, nothing was refused and nothing was thrown.
func (b tab) undisturbed() record {
	b.t.Helper()
	b.frames()
	r := b.record()
	if r.Shift != 0 {
		b.t.Errorf("layout shift %g, want 0", r.Shift)
	}
	if len(r.Violations) > 0 || len(r.Errors) > 0 {
		b.t.Errorf("violations of the page's policy: %q, errors: %q; want none", r.Violations, r.Errors)
	}
	return r
}

// page is a page of the newspaper.
type page struct {
	Lang, Dir  string
	Script     string
	Paragraphs []string
	Element    template.HTML
}

var paragraphs = []string{
	"The tunnel under Varn harbour was opened on Wednesday, nine years after the first barge was towed out to dig. Mayor Ruth Calder walked through it with the oldest ferryman.",
	"“A town that lived by its boats will not forget them in one morning,” she said. The ferries run through the first winter, and nobody has said who pays for the second.",
	"The toll is eleven crowns a car. Those who dug the tunnel pass free of charge until they retire, as they were promised when the water came in.",
}

// long is enough paragraphs to have what follows far below what is seen.
func long() []string {
	var list []string
	for range 12 {
		list = append(list, paragraphs...)
	}
	return list
}

// newspaper serves a page on an origin of its own, under a policy that allows scripts and styles from there alone, and calls to the given server.
// The page "/" loads the script from the newspaper; "/akin.js" may be held up.
func newspaper(t *testing.T, akin string, p page, holdScript <-chan struct{}) string {
	t.Helper()
	if p.Lang == "" {
		p.Lang = "en"
	}
	if p.Script == "" {
		p.Script = "/akin.js"
	}
	p.Element = template.HTML(strings.ReplaceAll(string(p.Element), "SERVER", akin))
	var html bytes.Buffer
	if err := template.Must(template.ParseFiles("testdata/page.html")).Execute(&html, p); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "+akin)
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Set-Cookie", "reader=1") // which a browser would send to any port of this host
		w.Write(html.Bytes())
	})
	mux.HandleFunc("GET /akin.js", func(w http.ResponseWriter, r *http.Request) {
		if holdScript != nil {
			select {
			case <-holdScript:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(widget.Script)
	})
	mux.Handle("GET /", http.FileServer(http.Dir("testdata")))
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site.URL + "/"
}

// akinServer is an akin server of one answer, that notes what it is asked.
type akinServer struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

func answer(t *testing.T, handler http.HandlerFunc) *akinServer {
	t.Helper()
	a := &akinServer{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.requests = append(a.requests, r)
		a.mu.Unlock()
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Vary", "Origin")
		w.Header().Set("Content-Type", "application/json")
		handler(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *akinServer) asked() []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*http.Request(nil), a.requests...)
}

// query is the parameters of the only request.
func (a *akinServer) query(t *testing.T) url.Values {
	t.Helper()
	all := a.asked()
	if len(all) != 1 {
		t.Fatalf("%d requests, want 1: %v", len(all), all)
	}
	return all[0].URL.Query()
}

func related(articles ...*akinv1.Article) http.HandlerFunc {
	response := &akinv1.RelatedArticlesResponse{}
	for _, article := range articles {
		response.Matches = append(response.Matches, &akinv1.ArticleMatch{Article: article, Band: akinv1.Band_BAND_SAME_STORY})
	}
	body, err := protojson.Marshal(response)
	if err != nil {
		panic(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) { w.Write(body) }
}

// held answers when it is let go.
func held(letGo <-chan struct{}, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-letGo:
			handler(w, r)
		case <-r.Context().Done():
		}
	}
}

// axe is what axe-core finds wrong with the page, each as "rule: what is wrong: where".
func (b tab) axe() []string {
	b.t.Helper()
	path := os.Getenv("AKIN_AXE")
	source, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatalf("AKIN_AXE must name the axe.min.js of npm's axe-core (tools/check-widget.sh does it): %v", err)
	}
	b.do(chromedp.Evaluate[chromedp.Void](string(source)))
	return eval[[]string](b, `axe.run({ resultTypes: ['violations', 'incomplete'] }).then(result =>
		result.violations.flatMap(rule => rule.nodes.map(node => rule.id + ': ' + node.failureSummary + ': ' + node.target.join(' > '))))`)
}

// picture writes a picture of the whole page into the folder that AKIN_PICTURES names.
func (b tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("AKIN_PICTURES")
	if folder == "" {
		return
	}
	size := eval[[]int64](b, "[innerWidth, document.documentElement.scrollHeight]")
	b.do(chromedp.EmulateViewport(size[0], size[1]))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func asJSON(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(b)
}
