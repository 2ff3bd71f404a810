package markup_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/markup"
	"github.com/akinserver/akin/embed/page"
)

// body is long enough to be an article's.
const body = "<p>The ferry was old, said the mayor, and the town had waited nine years for the tunnel.</p><p>It opened on Monday, and by noon the queue reached the fish market.</p>"

func parse(t *testing.T, text string, opts markup.Options) akin.Article {
	t.Helper()
	a, err := markup.Parse(strings.NewReader(text), opts)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return a
}

func TestTitles(t *testing.T) {
	rows := []struct{ name, head, heading, want string }{
		{"the heading, which the window's title repeats", "<title>大桥通车--时政--远声网</title>", "<h1>大桥通车</h1>", "大桥通车"},
		{"a site behind bars", "<title>Bridge Opens at Varn | The Varn Mercury</title>", "", "Bridge Opens at Varn"},
		{"site and section behind underlines", "<title>大桥今日正式通车_体育频道_望川导报网</title>", "", "大桥今日正式通车"},
		{"a hyphen within a word", "<title>Twenty-one boats come home</title>", "", "Twenty-one boats come home"},
		{"a dash within a title", "<title>The bridge – a history of ninety years and more of repairs</title>", "", "The bridge – a history of ninety years and more of repairs"},
		{"the site's own heading is not the article's", "<title>Bridge Opens at Varn - Northern Wire</title>", "<h1>Northern Wire</h1><h2>Bridge Opens at Varn</h2>", "Bridge Opens at Varn"},
		{"metadata that the heading does not repeat", `<title>x</title><meta property="og:title" content="Bridge Opens at Varn">`, "<h1>News</h1>", "Bridge Opens at Varn"},
		{"only a heading", "", "<h1>Bridge Opens</h1>", "Bridge Opens"},
		{"nothing", "", "", ""},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if a := parse(t, "<html><head>"+tt.head+"</head><body>"+tt.heading+body, markup.Options{}); a.Title != tt.want {
				t.Errorf("title %q, want %q, of %s %s", a.Title, tt.want, tt.head, tt.heading)
			}
		})
	}
}

func TestPrintedLines(t *testing.T) {
	rows := []struct {
		name, above, below string
		want               akin.Article
	}{
		{
			"labels in elements of their own", "<div><span>2014年05月20日08:12</span><span>来源：<a>东澜日报</a></span><span>作者：丁一帆</span><span>浏览：35</span></div>", "<p>（责任编辑：沈若木）</p>",
			akin.Article{PublishedDate: "2014-05-20", Source: "东澜日报", Authors: []string{"丁一帆"}, Attributes: map[string]string{page.Editor: "沈若木"}},
		},
		{"a source behind a date", "<p>2014-05-20　望川导报</p>", "", akin.Article{PublishedDate: "2014-05-20", Source: "望川导报"}},
		{
			"an English line", "<p>Published: May 20, 2014 | Source: Northern Wire</p><p>By Ruth Adler and Tom Beck</p>", "",
			akin.Article{PublishedDate: "2014-05-20", Source: "Northern Wire", Authors: []string{"Ruth Adler", "Tom Beck"}},
		},
		{"a date that does not exist", "<p>2014-02-30</p>", "", akin.Article{}},
		{"a source below the body", "", "<div>来源：远声社</div>", akin.Article{Source: "远声社"}},
		{"what visitors write names no source", "", "<h3>评论</h3><p>来源：网友</p>", akin.Article{}},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, "<title>大桥通车</title><h1>大桥通车</h1>"+tt.above+"<div>"+body+"</div>"+tt.below, markup.Options{})
			got := akin.Article{PublishedDate: a.PublishedDate, Source: a.Source, Authors: a.Authors, Attributes: a.Attributes}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(a.Paragraphs) != 2 {
				t.Errorf("paragraphs %+v, want the two of the body", a.Paragraphs)
			}
		})
	}
}

// TestTextThatBeginsLikeAPrompt is kept: in the body of a report the words for buttons and notices are words.
func TestTextThatBeginsLikeAPrompt(t *testing.T) {
	for _, text := range []string{
		"本站将于下月启用，乘客可由此换乘三号线。", "收藏家聂长川把编钟捐给了博物馆。", "举报人没有留下姓名。", "关闭老桥的决定是昨天作出的。", "未经许可捕鱼的船有三条。", "分享会定在周六下午。",
		"打印店的老板说，生意少了一半。", "编辑部设在江边。", "上一任市长反对建桥。", "评论家认为他错了。", "记者：您怎么看这座桥？",
		"Copyright cases have doubled in a year.", "Subscribers to the theatre will get their money back.", "Sharing the herring took nine years.", "More in the queue said the same.", "Comments on the plan may be sent until May.",
		"Print shops in Varn are closing.", "Related industries lost 200 jobs.",
	} {
		a := parse(t, "<div>"+body+"<p>"+text+"</p>"+body+"</div>", markup.Options{})
		if len(a.Paragraphs) != 5 || a.Paragraphs[2].Text != text {
			t.Errorf("%q is not in %+v", text, a.Paragraphs)
		}
	}
}

func TestPrompts(t *testing.T) {
	for _, text := range []string{
		"分享到：", "分享到微信朋友圈", "【打印本页】 【关闭窗口】", "扫一扫在手机打开当前页", "长按二维码关注我们", "版权声明：凡本网注明来源的作品，均转载自其它媒体。", "未经书面授权禁止使用", "上一篇：渡口关闭", "（责任编辑：沈若木）", "（完）", "广告",
		"Advertisement", "Copyright 1998 The Hesterhaven Post. All rights reserved.", "Sign up for our newsletter.", "Share this article", "Story continues below advertisement", "5 min read", "© The Wire",
	} {
		a := parse(t, "<div>"+body+"<p>"+text+"</p>"+body+"</div>", markup.Options{})
		if len(a.Paragraphs) != 4 {
			t.Errorf("%q is in %+v", text, a.Paragraphs)
		}
	}
}

func TestMetadata(t *testing.T) {
	const ld = `<script type="application/ld+json">%s</script>`
	rows := []struct {
		name, head string
		want       akin.Article
	}{
		{
			"JSON-LD before meta elements", fmt.Sprintf(ld, `{"@type":["NewsArticle"],"datePublished":"2014-05-20","author":"Ruth Adler"}`) + `<meta name="date" content="2013-01-01"><meta name="author" content="x">`,
			akin.Article{PublishedDate: "2014-05-20", Authors: []string{"Ruth Adler"}},
		},
		{
			"JSON-LD in a list, with a line break in a string", fmt.Sprintf(ld, "[{\"@type\":\"WebSite\",\"name\":\"Wire\"},{\"@type\":\"Article\",\"articleSection\":\"Home\nnews\"}]"),
			akin.Article{Section: "Home news", Source: "Wire"},
		},
		{"JSON-LD that is broken", fmt.Sprintf(ld, `{"@type":"NewsArticle",`) + `<meta itemprop="datePublished" content="2014-05-20">`, akin.Article{PublishedDate: "2014-05-20"}},
		{"an author that is an address", `<meta property="article:author" content="https://wire.example/adler">`, akin.Article{}},
		{"a source with its label", `<meta name="source" content="来源：东澜日报">`, akin.Article{Source: "东澜日报"}},
		{
			"a reprint names where it is from and where it stands", `<meta name="source" content="东澜日报"><meta property="og:site_name" content="远声网">`,
			akin.Article{Source: "东澜日报", Attributes: map[string]string{page.Site: "远声网"}},
		},
		{"a date in the address", `<link rel="canonical" href="https://wire.example/2014/0520/c1-2.html">`, akin.Article{PublishedDate: "2014-05-20", URL: "https://wire.example/2014/0520/c1-2.html"}},
		{
			"a time with the date", `<meta property="article:published_time" content="2014-05-20T23:30:00-05:00">`,
			akin.Article{PublishedDate: "2014-05-20", Attributes: map[string]string{markup.PublishedAt: "2014-05-20T23:30:00-05:00"}},
		},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, "<html><head>"+tt.head+"</head><body>"+body, markup.Options{})
			a.Paragraphs, a.Language = nil, ""
			if diff := cmp.Diff(tt.want, a, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFigures(t *testing.T) {
	rows := []struct {
		name, in   string
		captions   []akin.Caption
		paragraphs int // besides those of the body
	}{
		{"a credit of its own", `<figure><img><figcaption>The old ferry.<span class="credit">Photo: Anna Bell</span></figcaption></figure>`, []akin.Caption{{Text: "The old ferry.", Credit: "Anna Bell"}}, 0},
		{"a credit on the next line", "<figure><img><figcaption>老渡口的黄昏。<br>远声社记者 韩可 摄</figcaption></figure>", []akin.Caption{{Text: "老渡口的黄昏。", Credit: "远声社记者 韩可"}}, 0},
		{"a table in a figure is text", "<figure><table><tr><td>Varn</td><td>9</td></tr><tr><td>Ellesk</td><td>7</td></tr></table><figcaption>Boats by port.</figcaption></figure>", []akin.Caption{{Text: "Boats by port."}}, 2},
		{"a centred line below a picture", `<p><img></p><p style="text-align: center">老渡口的黄昏。</p>`, []akin.Caption{{Text: "老渡口的黄昏。"}}, 0},
		{"a paragraph below a picture is none", "<p><img></p><p>The ferry goes no more, and nobody misses it.</p>", nil, 1},
		{"a picture without words", "<figure><img></figure>", nil, 0},
		{"the same picture twice", "<figure><img><figcaption>The ferry.</figcaption></figure><figure><img><figcaption>The ferry.</figcaption></figure>", []akin.Caption{{Text: "The ferry."}}, 0},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, "<div>"+body+tt.in+body+"</div>", markup.Options{})
			if !cmp.Equal(tt.captions, a.Captions) || len(a.Paragraphs) != 4+tt.paragraphs {
				t.Errorf("captions %+v and %d paragraphs, want %+v and %d", a.Captions, len(a.Paragraphs), tt.captions, 4+tt.paragraphs)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	a := parse(t, `<link rel="canonical" href="/dam?x=1">`+body, markup.Options{URL: "http://wire.example/a/b"})
	if want := "http://wire.example/dam?x=1"; a.URL != want {
		t.Errorf("address %q, want %q", a.URL, want)
	}
	if a = parse(t, body, markup.Options{URL: "http://wire.example/a/b"}); a.URL != "http://wire.example/a/b" {
		t.Errorf("address %q, want that of the record", a.URL)
	}
}

func TestErrors(t *testing.T) {
	rows := []struct {
		name, in string
		want     error
	}{
		{"nothing", " \n", page.ErrEmpty},
		{"no body", "<title>Bridge</title><nav><a href=x>Home</a></nav>", page.ErrNoBody},
		{"a list of links", "<ul><li><a href=1>The first of the stories</a></li><li><a href=2>The second of the stories</a></li></ul>", page.ErrNoBody},
		{"a picture", "\x89PNG\x00", page.ErrBinary},
		{"too large", strings.Repeat("a", markup.MaxSize+1), page.ErrTooLarge},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if a, err := markup.Parse(strings.NewReader(tt.in), markup.Options{}); !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v; want %v", a, err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range pages(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "")
	}
	f.Add([]byte(`<script type="application/ld+json">{"@type":"Article","author":{"@id":"a"}}</script><p>x`), "http://a.example/")
	f.Fuzz(func(t *testing.T, data []byte, address string) {
		a, err := markup.Parse(strings.NewReader(string(data)), markup.Options{URL: address})
		if err != nil {
			return
		}
		a.ID, a.URL = "a", ""
		if err := a.Validate(); err != nil {
			t.Errorf("Parse(%q) is not valid: %v", data, err)
		}
	})
}
