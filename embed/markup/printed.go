package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/name"
	"github.com/akinserver/akin/embed/page"
)

// label is a word with a colon behind it, in a line of several: 2014年5月20日 08:12　来源：东澜日报　作者：张三　责任编辑：李四.
var label = regexp.MustCompile(`(?i)(发布时间|发布日期|发表时间|更新时间|日期|时间|文章来源|稿件来源|信息来源|新闻来源|来源|稿源|作者|记者|责任编辑|责编|编辑|编审|审校|校对|字号|浏览(?:次数|量)?|阅读(?:次数|量)?|点击(?:次数|量)?|评论|分享到?|` +
	`發布時間|發表時間|更新時間|時間|來源|記者|責任編輯|編輯|published|posted|updated|source|author|editor|views)[\s]*[：:]`)

// maxLabels is the length of the longest line that can be labels alone, in runes.
const maxLabels = 120

// labelled is a labelled value of a line.
type labelled struct{ label, value string }

// labelsOf takes a line apart: what stands before the first label, and the labels with their values.
func labelsOf(s string) (before string, values []labelled) {
	at := label.FindAllStringSubmatchIndex(s, -1)
	if at == nil {
		return s, nil
	}
	for i, m := range at {
		end := len(s)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		value, _, _ := strings.Cut(trimMarks(s[m[1]:end]), "|")
		values = append(values, labelled{simplify.Replace(strings.ToLower(s[m[2]:m[3]])), trimMarks(value)})
	}
	return s[:at[0][0]], values
}

// simplify turns the traditional characters of labels into simplified ones.
var simplify = strings.NewReplacer("發", "发", "時", "时", "間", "间", "來", "来", "記", "记", "責", "责", "編", "编", "輯", "辑")

func trimMarks(s string) string {
	return strings.Trim(s, " \t|｜/·•-()（）[]【】《》,，;；\u3000\u00a0")
}

// dateWords are what a line of labels has besides labels: dates, times, and the words for them.
var dateWords = regexp.MustCompile(`(?i)\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?|\d{1,2}[:：.]\d{2}(?:[:：.]\d{2})?|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?\s+\d{1,2},?\s+\d{4}|` +
	`\b\d{1,2}\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?,?\s+\d{4}|\b(?:published|updated|posted|last|on|at|am|pm|a\.m\.|p\.m\.|gmt|utc|est|edt|bst|cst)\b|(?:星期|周)[一二三四五六日天]|上午|下午|北京时间|发布|更新`)

// isLabels reports whether a line says when, where and by whom an article was published, and nothing else.
func isLabels(s string) bool {
	if utf8.RuneCountInString(s) > maxLabels {
		return false
	}
	before, values := labelsOf(s)
	rest := trimMarks(dateWords.ReplaceAllString(before, " "))
	if len(values) > 0 {
		for _, v := range values {
			if strings.ContainsAny(v.value, "。！？") || utf8.RuneCountInString(v.value) > 60 {
				return false
			}
		}
		return utf8.RuneCountInString(rest) <= 16
	}
	return rest == "" && strings.ContainsAny(s, "0123456789") || page.DateIn(before) != "" && utf8.RuneCountInString(rest) <= 12 && !strings.ContainsAny(s, "。，！？,;")
}

// readPrinted reads lines of labels around the body from all lines of the page.
func readPrinted(printed, body []block, a *akin.Article) {
	at := func(b block) int {
		text := unspaced(b.text)
		return slices.IndexFunc(printed, func(p block) bool { return len(p.text) >= len(text) && unspaced(p.text) == text })
	}
	first, last := at(body[0]), at(body[len(body)-1])
	if first < 0 {
		first = min(len(printed), 40)
	}
	const above, below = 15, 12
	from := max(0, first-above)
	for i := first - 1; i >= from; i-- {
		if letters(printed[i].text) == letters(a.Title) && a.Title != "" {
			from = i + 1 // what stands above the title is the site's
		}
	}
	for _, b := range printed[from:first] {
		readLine(b.text, a)
	}
	if last < 0 {
		return
	}
	for _, b := range printed[last+1 : min(len(printed), last+1+below)] {
		if endHeading.MatchString(b.text) {
			return
		}
		if !b.links() {
			readEnd(b.text, a)
		}
	}
}

func unspaced(s string) string { return strings.ReplaceAll(s, " ", "") }

// readLine reads a line between title and body.
func readLine(s string, a *akin.Article) {
	if utf8.RuneCountInString(s) > maxLabels {
		return
	}
	before, values := labelsOf(s)
	if a.PublishedDate == "" {
		a.PublishedDate = page.DateIn(before)
	}
	for _, v := range values {
		readValue(v, a)
	}
	rest := trimMarks(dateWords.ReplaceAllString(before, " "))
	if len(values) == 0 && len(a.Authors) == 0 {
		page.ReadByline(strings.Replace(rest, "記者", "记者", 1), a)
		readTraditional(rest, a)
	}
	// "2014年05月20日08:12 东澜日报": the name behind a date is the source.
	if a.Source == "" && page.DateIn(before) != "" && utf8.RuneCountInString(rest) <= 12 && siteAtEnd.MatchString(rest) {
		a.Source = rest
	}
}

// traditionalByline is how papers in traditional characters sign: 記者溫一帆／遠汀報導.
var traditionalByline = regexp.MustCompile(`記者\s*(\p{Han}{2,4}(?:、\p{Han}{2,4})*)\s*[／/]\s*\p{Han}{0,6}(?:報導|報道)`)

func readTraditional(s string, a *akin.Article) {
	if m := traditionalByline.FindStringSubmatch(s); m != nil {
		a.Authors = name.List(m[1])
	}
}

// readEnd reads a line below the body: its editors, its source.
func readEnd(s string, a *akin.Article) {
	if utf8.RuneCountInString(s) > maxLabels {
		return
	}
	_, values := labelsOf(s)
	for _, v := range values {
		if v.label != "作者" && v.label != "记者" && v.label != "author" || len(a.Authors) == 0 {
			readValue(v, a)
		}
	}
}

func readEditor(s string, a *akin.Article) { readEnd(s, a) }

// readValue sets what a label says, unless the page has said it better.
func readValue(v labelled, a *akin.Article) {
	value := v.value
	if value == "" || utf8.RuneCountInString(value) > 60 {
		return
	}
	switch v.label {
	case "发布时间", "发布日期", "发表时间", "日期", "时间", "published", "posted":
		if a.PublishedDate == "" {
			a.PublishedDate = page.DateIn(value)
		}
	case "文章来源", "稿件来源", "信息来源", "新闻来源", "来源", "稿源", "source":
		if strings.ContainsFunc(value, wide) {
			value, _, _ = strings.Cut(value, " ") // what follows is a date or a count
		}
		if value = trimMarks(value); a.Source == "" {
			a.Source = value
		}
	case "作者", "记者", "author":
		for _, n := range name.List(value) {
			if !slices.Contains(a.Authors, n) {
				a.Authors = append(a.Authors, n)
			}
		}
	case "责任编辑", "责编", "编辑", "编审", "editor":
		if names := name.List(value); names != nil && a.Attributes[page.Editor] == "" {
			page.SetAttribute(a, page.Editor, value)
		}
	}
}

// readAuthors looks for elements that name an author, where nothing has named one yet.
func readAuthors(doc *html.Node, a *akin.Article) {
	for n := range elements(doc) {
		if len(a.Authors) > 0 {
			return
		}
		byClass := slices.ContainsFunc(classes(n), func(w string) bool { return w == "byline" || w == "author" })
		if attr(n, "rel") != "author" && attr(n, "itemprop") != "author" && !byClass {
			continue
		}
		text := textOf(n)
		if utf8.RuneCountInString(text) > 60 {
			continue
		}
		if _, values := labelsOf(text); len(values) > 0 {
			readLine(text, a)
			continue
		}
		if readTraditional(text, a); len(a.Authors) == 0 {
			text, _ = cutFold(text, "by ")
			a.Authors = name.List(text)
		}
	}
}

// urlDate is a date in the path of an address: /2014/05/20/, /2014-05/20/, /20140520/, /t20140520_1.html.
var urlDate = regexp.MustCompile(`[/_t](20\d\d|19\d\d)[-/_]?(0[1-9]|1[0-2])[-/_]?([0-2]\d|3[01])(?:[/_.-]|$)`)

func dateInURL(address string) string {
	m := urlDate.FindStringSubmatch(address)
	if m == nil {
		return ""
	}
	return page.DateIn(m[1] + "-" + m[2] + "-" + m[3])
}
