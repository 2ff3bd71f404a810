package page_test

import (
	"bytes"
	"errors"
	"math/rand"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
)

// talks is what testdata/talks.txt prints: a page with all the parts that a page can have.
var talks = akin.Article{
	Title:         "林远山同索里亚主席瓦尔金举行会谈",
	Subtitle:      "指出深化港口合作大有可为",
	Language:      "zh",
	PublishedDate: "2012-09-13",
	Source:        "东澜日报",
	Page:          "02",
	Dateline:      "临河",
	Agency:        "远声网",
	Authors:       []string{"宋听泉", "贝文"},
	Keywords:      strings.Fields("林远山 瓦尔金 港口 合作 双方 临河 举行会谈 12 航线 会谈 共同 2031 渔业 码头 通航 贸易 货轮 领港 3 主席"),
	Captions: []akin.Caption{
		{Text: "九月十二日，林远山在临河同索里亚主席瓦尔金举行会谈。这是会谈前，林远山在广场为瓦尔金举行欢迎仪式。", Credit: "远声社记者 章大叙"},
		{Text: "9月12日，林远山同瓦尔金共同出席通航仪式。", Credit: "远声社记者 唐知远"},
	},
	Paragraphs: paragraphs(
		"远声网临河9月12日电 （记者宋听泉、贝文）主席林远山12日在临河同索里亚主席奥列格·瓦尔金举行会谈。双方就港口合作深入交换意见。",
		"林远山表示，当前，两国航运发展顺利。去年我们达成的共识正在落实。双方要落实好“2031年航线”规划。",
		"瓦尔金表示，两国在许多问题上立场一致。索方愿提供有力支持。",
		"双方还就渔业问题交换了意见。",
		"会谈后，瓦尔金在林远山见证下，接受了“海灯奖”。该奖由民间发起，宗旨是弘扬领港精神。",
		"郝明、骆行等参加上述活动。",
	),
	Attributes: map[string]string{page.Site: "远声讲话与报道数据库"},
}

func paragraphs(texts ...string) []akin.Paragraph {
	var a akin.Article
	for _, text := range texts {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: text})
	}
	a.Place()
	return a.Paragraphs
}

func talksPage(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/talks.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parse(t *testing.T, text string) akin.Article {
	t.Helper()
	a, err := page.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, text)
	}
	return a
}

func same(t *testing.T, want, got akin.Article, text string) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s\nof:\n%s", diff, text)
	}
}

func TestPage(t *testing.T) {
	text := talksPage(t)
	same(t, talks, parse(t, text), text)
}

// TestSecondPrint prints the captions and the body again in every way that archives have been seen to.
func TestSecondPrint(t *testing.T) {
	text := talksPage(t)
	source := "《 东澜日报 》（ 2012年09月13日 02 版）"
	first, second, ok := strings.Cut(text, source+"\n")
	if !ok {
		t.Fatal("the page has no source line")
	}
	second = strings.TrimSpace(second)
	rows := []struct {
		name  string
		print func(second string) string
	}{
		{"none", func(string) string { return "" }},
		{"as it is", func(s string) string { return s }},
		{"on one line", squeeze},
		{"wrapped at 7", wrapped(7)},
		{"wrapped at 20", wrapped(20)},
		{"wrapped at 33", wrapped(33)},
		{"a blank line between its lines", func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") }},
		{"cut in the middle", func(s string) string { return string([]rune(s)[:150]) }},
		{"cut in the first caption", func(s string) string { return string([]rune(s)[:16]) }},
		{"cut in the middle of a character", func(s string) string { return s[:301] }},
		{"a sentence a line", func(s string) string { return strings.ReplaceAll(s, "。", "。\n") }},
		{"without the captions", func(s string) string { return s[strings.Index(s, "远声网临河"):] }},
		{"captions behind the body", func(s string) string {
			body := strings.Index(s, "远声网临河")
			return strings.TrimSuffix(s[body:], source) + "\n" + s[:body]
		}},
		{"other spaces and marks", strings.NewReplacer("“", "\"", "”", "\"", "，", ", ").Replace},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			text := first + source + "\n\n" + tt.print(second)
			same(t, talks, parse(t, text), text)
		})
		t.Run(tt.name+", and no source line", func(t *testing.T) {
			print := tt.print(strings.TrimSpace(strings.TrimSuffix(second, source)))
			if n := len([]rune(print)); n > 0 && n < 40 {
				return // so little text may as well be a line of the body
			}
			text := first + "\n" + print
			want := talks
			want.Source, want.Page = "", ""
			same(t, want, parse(t, text), text)
		})
		t.Run(tt.name+", and a source line at its end", func(t *testing.T) {
			print := tt.print(second)
			if !strings.Contains(squeeze(print), squeeze(source)) || strings.HasPrefix(tt.name, "wrapped") {
				return // cut off, or broken in pieces that are no source line any more
			}
			text := first + "\n" + print
			same(t, talks, parse(t, text), text)
		})
	}
}

func squeeze(s string) string { return strings.NewReplacer("\n", "", "　", "", " ", "").Replace(s) }

func wrapped(width int) func(string) string {
	return func(s string) string {
		var out strings.Builder
		for i, r := range []rune(squeeze(s)) {
			if i > 0 && i%width == 0 {
				out.WriteByte('\n')
			}
			out.WriteRune(r)
		}
		return out.String()
	}
}

// TestSecondPrintWrappedAnywhere breaks the second print at places that no one chose.
func TestSecondPrintWrappedAnywhere(t *testing.T) {
	text := talksPage(t)
	first, second, _ := strings.Cut(text, "02 版）\n\n")
	rng := rand.New(rand.NewSource(1))
	for range 200 {
		var out strings.Builder
		for _, r := range second {
			if r == '\n' && rng.Intn(2) == 0 {
				continue
			}
			out.WriteRune(r)
			if rng.Intn(15) == 0 {
				out.WriteByte('\n')
			}
		}
		text := first + "02 版）\n\n" + out.String()
		if got := parse(t, text); !cmp.Equal(talks, got, cmpopts.EquateEmpty()) {
			same(t, talks, got, text)
			return
		}
	}
}

// TestTextBelowTheSourceLine keeps what the first print does not hold.
func TestTextBelowTheSourceLine(t *testing.T) {
	text := talksPage(t) + "\n（责编：方小禾、骆行）\n林远山此前还到访了泊浦港，在码头上同领港员交谈了一个小时。\n"
	want := talks
	want.Paragraphs = append(paragraphs(), talks.Paragraphs...)
	want.Paragraphs = append(want.Paragraphs, akin.Paragraph{Text: "林远山此前还到访了泊浦港，在码头上同领港员交谈了一个小时。"})
	want.Place()
	want.Attributes = map[string]string{page.Site: talks.Attributes[page.Site], page.Editor: "方小禾、骆行"}
	same(t, want, parse(t, text), text)
}

func TestParts(t *testing.T) {
	rows := []struct {
		name string
		in   string
		want akin.Article
	}{
		{
			"a refrain is no second print",
			"山歌\n发布时间：2012-09-13\n\n江水长，江水长，船工的号子响四方。\n\n第一段唱的是桥，桥上的人来来往往。\n\n江水长，江水长，船工的号子响四方。\n\n第二段唱的是船，船上的灯忽明忽暗。\n",
			akin.Article{
				Title: "山歌", PublishedDate: "2012-09-13", Language: "zh",
				Paragraphs: paragraphs("江水长，江水长，船工的号子响四方。", "第一段唱的是桥，桥上的人来来往往。", "江水长，江水长，船工的号子响四方。", "第二段唱的是船，船上的灯忽明忽暗。"),
			},
		},
		{
			"a speech: its occasion, its speaker, a salutation",
			"关键词：\n讲话 桥\n\n远声讲话与报道数据库\n\n桥是大家的\n——在大桥通车仪式上的讲话\n发布时间：2012-09-13\n\n（2012年9月12日，临河）\n\n林远山\n\n各位同事，朋友们：\n\n桥通了。谢谢大家！\n\n《 东澜日报 》（ 2012年09月13日 01 版）\n",
			akin.Article{
				Title: "桥是大家的", Subtitle: "——在大桥通车仪式上的讲话", PublishedDate: "2012-09-13", Language: "zh", Source: "东澜日报", Page: "01", Dateline: "临河",
				Authors: []string{"林远山"}, Keywords: []string{"讲话", "桥"}, Paragraphs: paragraphs("各位同事，朋友们：", "桥通了。谢谢大家！"),
				Attributes: map[string]string{page.Site: "远声讲话与报道数据库", page.Occasion: "2012年9月12日，临河"},
			},
		},
		{
			"the date stands in the source line alone",
			"临河大桥通车\n\n本报临河3月5日电（记者 张三山 李四海）临河大桥5日通车，两岸居民在桥上走了一整天。\n\n《 东澜日报 》（ 2012年03月06日 04 版：要闻）\n",
			akin.Article{
				Title: "临河大桥通车", PublishedDate: "2012-03-06", Language: "zh", Source: "东澜日报", Page: "04", Section: "要闻", Dateline: "临河", Agency: "本报",
				Authors: []string{"张三山", "李四海"}, Paragraphs: paragraphs("本报临河3月5日电（记者 张三山 李四海）临河大桥5日通车，两岸居民在桥上走了一整天。"),
			},
		},
		{
			"two sources, two lines of subtitle, a byline of its own, captions behind the body",
			"临河大桥通车\n两岸往来只要五分钟\n轮渡保留一条航线\n发布时间：2012年3月6日 来源：远声网\n\n本报记者 张三山\n\n大桥5日通车，两岸居民在桥上走了一整天。\n\n轮渡保留一条航线，供行人乘坐。\n\n大桥上的第一辆车。\n　　张三山 摄（远声社发）\n\n《 东澜日报 》（ 2012年03月06日 04 版）\n《 临河晚报 》（ 2012年03月06日 01 版）\n",
			akin.Article{
				Title: "临河大桥通车", Subtitle: "两岸往来只要五分钟 轮渡保留一条航线", PublishedDate: "2012-03-06", Language: "zh", Source: "远声网",
				Authors: []string{"张三山"}, Agency: "本报", Captions: []akin.Caption{{Text: "大桥上的第一辆车。", Credit: "张三山（远声社发）"}},
				Paragraphs: paragraphs("大桥5日通车，两岸居民在桥上走了一整天。", "轮渡保留一条航线，供行人乘坐。"),
				Attributes: map[string]string{page.OtherSources: "《 东澜日报 》（ 2012年03月06日 04 版）; 《 临河晚报 》（ 2012年03月06日 01 版）"},
			},
		},
		{
			"an English page",
			"Keywords:\ntunnel, Port of Varn, ferry, 19\n\nSpeeches and Reports Archive\n\nTunnel Opens at Varn\nMayor crosses first\nPublished: 2014-05-20\n\n\nThe first cars leave the tunnel.\n　　Photo by Anna Bell, Northern Wire\n\n\nVARN, May 19 (Northern Wire; by Ruth Adler and Tom Beck) — The tunnel under the harbour was opened on Monday, and the mayor was the first to cross.\n\nThe ferry that it replaces will run for another winter.\n\n( The Halven Courier, May 20, 2014, page 02 )\n\nThe first cars leave the tunnel.\nPhoto by Anna Bell, Northern Wire\nVARN, May 19 (Northern Wire; by Ruth Adler and Tom Beck) — The tunnel under the harbour was\nopened on Monday, and the mayor was the first to cross. The ferry that it repl",
			akin.Article{
				Title: "Tunnel Opens at Varn", Subtitle: "Mayor crosses first", PublishedDate: "2014-05-20", Language: "en", Source: "The Halven Courier", Page: "02",
				Dateline: "VARN", Agency: "Northern Wire", Authors: []string{"Ruth Adler", "Tom Beck"}, Keywords: []string{"tunnel", "Port of Varn", "ferry", "19"},
				Captions:   []akin.Caption{{Text: "The first cars leave the tunnel.", Credit: "Anna Bell, Northern Wire"}},
				Paragraphs: paragraphs("VARN, May 19 (Northern Wire; by Ruth Adler and Tom Beck) — The tunnel under the harbour was opened on Monday, and the mayor was the first to cross.", "The ferry that it replaces will run for another winter."),
				Attributes: map[string]string{page.Site: "Speeches and Reports Archive"},
			},
		},
		{
			"no header at all",
			"大桥5日通车，两岸居民在桥上走了一整天，直到天黑。\n\n轮渡保留一条航线，供行人乘坐，票价不变，班次减半。\n",
			akin.Article{Language: "zh", Paragraphs: paragraphs("大桥5日通车，两岸居民在桥上走了一整天，直到天黑。", "轮渡保留一条航线，供行人乘坐，票价不变，班次减半。")},
		},
		{
			"a paragraph that begins with what somebody photographed is no credit",
			"老照相馆\n发布时间：2012-09-13\n\n周启明十六岁学摄影，在临河拍了一辈子照片。\n\n他最得意的一张，是大桥合龙那天清晨在江堤上拍的。\n",
			akin.Article{Title: "老照相馆", PublishedDate: "2012-09-13", Language: "zh", Paragraphs: paragraphs("周启明十六岁学摄影，在临河拍了一辈子照片。", "他最得意的一张，是大桥合龙那天清晨在江堤上拍的。")},
		},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			same(t, tt.want, parse(t, tt.in), tt.in)
			crlf := strings.ReplaceAll(tt.in, "\n", "\r\n")
			same(t, tt.want, parse(t, "\uFEFF"+crlf), "the same with a byte order mark and CRLF")
		})
	}
}

func TestCredits(t *testing.T) {
	rows := []struct{ line, want string }{
		{"　　远声社记者 姚大山摄", "远声社记者 姚大山"},
		{"　　本报记者 姚大山摄影", "本报记者 姚大山"},
		{"　　姚大山 摄（远声社发）", "姚大山（远声社发）"},
		{"　　远声社发（姚大山摄）", "远声社发（姚大山）"},
		{"　　（资料照片）", "资料照片"},
		{"　　图/文 姚大山", "姚大山"},
		{"　　摄影：姚大山", "姚大山"},
		{"　　图片由临河博物馆提供", "临河博物馆"},
		{"　　Photo by Anna Bell, Northern Wire", "Anna Bell, Northern Wire"},
		{"　　Joris Wend/The Varn Mercury", "Joris Wend/The Varn Mercury"},
		{"　　(Photo: National Roads Office)", "National Roads Office"},
		{"　　File photo", "File photo"},
	}
	for _, tt := range rows {
		text := "标题在这里\n发布时间：2012-09-13\n\n\n\n\n老渡口的黄昏。\n" + tt.line + "\n\n\n\n\n本报临河9月12日电 （记者宋听泉）渡口今天关闭，最后一班船在天黑以后靠岸。\n"
		a := parse(t, text)
		want := []akin.Caption{{Text: "老渡口的黄昏。", Credit: tt.want}}
		if !cmp.Equal(want, a.Captions) || len(a.Paragraphs) != 1 {
			t.Errorf("credit line %q: captions %+v and %d paragraphs, want %+v and 1", tt.line, a.Captions, len(a.Paragraphs), want)
		}
	}
}

func TestDatelines(t *testing.T) {
	rows := []struct {
		line          string
		agency, place string
		authors       []string
	}{
		{"人声网上水5月19日电 （记者杜尚山、郝洪）", "人声网", "上水", []string{"杜尚山", "郝洪"}},
		{"人声网上水5月19日电\u00a0（记者杜尚山、郝洪）", "人声网", "上水", []string{"杜尚山", "郝洪"}},
		{"本报临河3月5日电（记者 张三山 李四海）", "本报", "临河", []string{"张三山", "李四海"}},
		{"远声社临河、泊浦5月19日电", "远声社", "临河、泊浦", nil},
		{"据远声社泊浦10月2日电", "远声社", "泊浦", nil},
		{"本报讯 （记者张 三 通讯员李四海）", "本报", "", []string{"张三", "李四海"}},
		{"（本报记者张三山）", "本报", "", []string{"张三山"}},
		{"VARN, May 19 (Northern Wire; by Ruth Adler and Tom Beck) — ", "Northern Wire", "VARN", []string{"Ruth Adler", "Tom Beck"}},
		{"PORT OF VARN, Vessany (Northern Wire) — ", "Northern Wire", "PORT OF VARN, Vessany", nil},
		{"By Joan Pike, VARN, May 19 — ", "", "VARN", []string{"Joan Pike"}},
	}
	for _, tt := range rows {
		rest := "渡口今天关闭，最后一班船在天黑以后靠岸。"
		if strings.HasSuffix(tt.line, "— ") {
			rest = "The ferry was closed today, and the last boat came in after dark."
		}
		a := parse(t, "标题在这里\n发布时间：2012-09-13\n\n"+tt.line+rest+"\n")
		if a.Agency != tt.agency || a.Dateline != tt.place || !cmp.Equal(tt.authors, a.Authors, cmpopts.EquateEmpty()) {
			t.Errorf("%q: agency %q, dateline %q, authors %q; want %q, %q, %q", tt.line, a.Agency, a.Dateline, a.Authors, tt.agency, tt.place, tt.authors)
		}
		if len(a.Paragraphs) != 1 || a.Paragraphs[0].Text != tt.line+rest {
			t.Errorf("%q: paragraphs %+v, want the line as printed", tt.line, a.Paragraphs)
		}
	}
}

func TestBadPages(t *testing.T) {
	var invalid *akin.InvalidError
	rows := []struct {
		name string
		in   string
		want error
		says string
	}{
		{"nothing", "", page.ErrEmpty, ""},
		{"white space", " \n\u3000\r\n\uFEFF\n", page.ErrEmpty, ""},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", page.ErrBinary, "byte 8"},
		{"control characters", strings.Repeat("a\x01\x02", 50), page.ErrBinary, ""},
		{"a wrong byte in UTF-8", "大桥5日通车，两岸居民在桥上走了\xff一整天。", page.ErrEncoding, "byte 46 (0xff)"},
		{"Latin-1", "Le pont a \xe9t\xe9 ouvert, et la mairesse a parl\xe9 la premi\xe8re.", page.ErrEncoding, ""},
		{"UTF-16 with half a title", "\xff\xfeT\x00i", page.ErrNoBody, ""},
		{"only a title", "关键词：\n桥\n\n远声讲话与报道数据库\n\n大桥通车\n发布时间：2012-09-13\n", page.ErrNoBody, ""},
		{"too large", strings.Repeat("桥", page.MaxSize/3+1), page.ErrTooLarge, "16777216 bytes"},
		{"a date line that does not exist", "大桥通车\n发布时间：2014-02-30\n\n大桥通车了。\n", nil, `line 2: published_date: "2014-02-30" is not a date that exists`},
		{"a source line with such a date", "大桥通车\n\n大桥5日通车，两岸居民在桥上走了一整天。\n\n《 东澜日报 》（ 2014年13月01日 02 版）\n", nil, "line 5: published_date"},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			a, err := page.Parse(strings.NewReader(tt.in))
			switch {
			case err == nil:
				t.Fatalf("Parse gave %+v, want an error", a)
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("error %q, want %q", err, tt.want)
			case tt.want == nil && !errors.As(err, &invalid):
				t.Errorf("error %q, want an *akin.InvalidError", err)
			case !strings.Contains(err.Error(), tt.says):
				t.Errorf("error %q does not say %q", err, tt.says)
			}
		})
	}
}

func TestReaderError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := page.Parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestGB18030(t *testing.T) {
	text := talksPage(t)
	data, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := page.Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	same(t, talks, got, text)
	got, err = page.Parse(bytes.NewReader(data[:len(data)-9])) // within a character of the second print
	if err != nil {
		t.Fatal(err)
	}
	same(t, talks, got, "the same, cut off")
}

func FuzzParse(f *testing.F) {
	f.Add(talksPage(f))
	for _, path := range []string{"varn-tunnel-1", "qingya-flood-4", "wangchuan-bells-2"} {
		data, err := os.ReadFile("../../testdata/news/" + path + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, text := range []string{"关键词：", "关键词：\n\n", "发布时间：2012-09-13", "《a》（1版）", "（记者）", "a\n　　摄", "\xbd\xa1\xbd", "\xe5", "a\n\na\n\na", "(a, 2012)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := page.Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		a.ID = "a"
		if err := a.Validate(); err != nil {
			t.Fatalf("Parse(%q) is not valid: %v", text, err)
		}
		placed := a
		placed.Paragraphs = append([]akin.Paragraph(nil), a.Paragraphs...)
		placed.Place()
		if !cmp.Equal(placed, a) {
			t.Fatalf("Parse(%q): offsets %+v, want %+v", text, a.Paragraphs, placed.Paragraphs)
		}
	})
}
