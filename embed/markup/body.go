package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
)

// maxElements bounds the pages that are given to the readability algorithm, whose time grows faster than the page.
const maxElements = 50_000

// enough is the length, in runes, of what the readability algorithm finds that is not asked whether it is all.
const enough = 600

// bodyOf finds the blocks of the body. An element that the page itself names as the body is it; the readability algorithm, which weighs paragraphs, finds the
// others; where it finds little, and less than half of what runs on the page's main element, that one is taken whole: short posts, pages of line breaks.
func bodyOf(doc *html.Node, m meta) []block {
	if named := namedBody(doc); named != nil {
		if blocks := blocksOf(named); runes(blocks) >= 60 {
			return blocks
		}
	}
	main := blocksOf(mainOf(doc))
	found := readable(doc)
	if n := runes(found); n >= enough || n*2 >= runes(main) && n > 0 {
		return found
	}
	if told := lines(m.body); runes(told) > runes(main) {
		return told
	}
	return main
}

// lines are the blocks of a plain text.
func lines(text string) []block {
	var blocks []block
	for line := range strings.SplitSeq(text, "\n") {
		if line = flow(line); line != "" {
			blocks = append(blocks, block{text: line, tag: "p"})
		}
	}
	return blocks
}

// runes counts the text of blocks that is not links.
func runes(blocks []block) int {
	n := 0
	for _, b := range blocks {
		n += b.runes() - b.linked
	}
	return n
}

// bodyNames are classes and ids that publishing systems give to the element of the body and to nothing else.
var bodyNames = wordSet(`article-body articlebody article_body article-content article_content articlecontent story-body storybody post-content entry-content
	artibody trs_editor rm_txt_con j-article-content content_area text_area zhengwen td-post-content article__body story-content cmp-text article-text text_con
	main_article news_txt newstext articletext contenttxt text-content field-name-body amp-article-body`)

// namedBody returns the only element that says it holds the body, or nil: with several, which live blogs have, none of them is all.
func namedBody(doc *html.Node) *html.Node {
	var found *html.Node
	for n := range elements(doc) {
		if attr(n, "itemprop") != "articleBody" && !bodyNames[strings.ToLower(attr(n, "id"))] &&
			!slices.ContainsFunc(strings.Fields(strings.ToLower(attr(n, "class"))), func(c string) bool { return bodyNames[c] }) {
			continue
		}
		if found == nil {
			found = n
		} else if !within(n, found) {
			return nil
		}
	}
	return found
}

func within(n, outer *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == outer {
			return true
		}
	}
	return false
}

// mainOf returns the page's main element: main, else the only article, else the body.
func mainOf(doc *html.Node) *html.Node {
	var main, article, body *html.Node
	articles := 0
	for n := range elements(doc) {
		switch {
		case (n.Data == "main" || attr(n, "role") == "main") && main == nil:
			main = n
		case n.Data == "article" && (article == nil || !within(n, article)):
			article = n
			articles++
		case n.Data == "body" && body == nil:
			body = n
		}
	}
	switch {
	case articles == 1:
		return article
	case main != nil:
		return main
	case body != nil:
		return body
	}
	return doc
}

// readable runs the readability algorithm, which takes the tree apart, on a copy.
func readable(doc *html.Node) []block {
	parser := readability.NewParser()
	parser.MaxElemsToParse = maxElements
	parser.DisableJSONLD = true
	parser.CharThresholds = 100
	found, err := parser.ParseDocument(doc, nil)
	if err != nil || found.Node == nil {
		return nil
	}
	return blocksOf(found.Node)
}

var (
	// asideHeading opens a list of links that belongs to no article.
	asideHeading = regexp.MustCompile(`(?i)^[【\[（(<《·•▶▼◆■>\s]*(?:相关(?:阅读|新闻|报道|链接|文章|推荐|专题|内容)|延伸阅读|推荐阅读|猜你喜欢|更多(?:新闻|阅读|报道|内容|精彩)|热点(?:新闻|推荐)|相關(?:新聞|報導|文章|閱讀)|延伸閱讀|推薦(?:閱讀|文章)|更多新聞|熱門(?:新聞|文章)|精彩推荐|今日热点|热门(?:文章|推荐|新闻)|往期回顾|阅读更多|新闻推荐|` +
		`related(?: (?:stories|articles|news|links|content|coverage|topics|posts|reading))?|read (?:more|next|also)|more (?:from|on|stories|news|in) ?.{0,40}|recommended(?: .{0,20})?|you (?:may|might) (?:also )?like|see also|most (?:read|popular|viewed)|` +
		`trending(?: now)?|further reading|also (?:read|see)|don['’]t miss|editor['’]?s['’]? picks?|top stories|latest news|what to read next)[：:】\]）)>》\s]*$`)
	// endHeading opens what visitors wrote; nothing of the article follows it.
	endHeading = regexp.MustCompile(`(?i)^[【\[]?(?:(?:网友|全部|最新|热门|精彩|用户)?评论(?:区)?|网友跟帖|網友評論|评论区|留言區|发表评论|我要评论|我有话说|留言板?|跟帖|(?:\d+ )?(?:reader )?comments?|leave a (?:comment|reply)|join the (?:discussion|conversation)|responses)[】\]]?[\s：:]*[（(]?\d*(?:条|人)?[）)]?$`)
	// prompt is a line that a page prints on every article. What only begins like one is text: 本站 is a station, too.
	prompt = regexp.MustCompile(`(?i)^(?:` + strings.Join([]string{
		`[【\[（(]?(?:责任编辑|责编|编辑|責任編輯|編輯|编审|审校|校对|值班编辑|网络编辑|监制|审核|初审|复审|终审|editors?|edited by)[\s：:].{1,40}`,
		`[（(]?(?:本文)?(?:来源|來源|稿源|文章来源|信息来源)[：:].{1,40}`,
		`(?:扫一扫|打开微信|关注(?:我们|公众号|微信)|点击(?:进入|查看|下载|加载)|返回(?:顶部|首页|列表)|阅读全文|展开全文|查看原文).{0,40}|(?:长按|扫描).{0,10}(?:二维码|识别).{0,20}|更多.{0,12}(?:下载|关注).{0,20}`,
		`分享(?:(?:到|至|给)[：:]?|[：:]).{0,12}|打印(?:本页|本文)?|关闭(?:窗口|本页)?|收藏|举报|[【\[]?\s*(?:打印|关闭|纠错|字号|大 中 小)(?:本页|窗口)?[】\]].{0,20}|字号[：:]?.{0,10}`,
		`[上下]一[篇页条][：:]?.{0,60}`,
		`(?:特别|版权|免责)声明[：:].*|声明[：:].{0,12}(?:本文|本网|本站|转载).*|未经.{0,8}(?:授权|许可|同意).{0,20}(?:转载|使用|复制|摘编|镜像).{0,40}`,
		`(?:本网|本站)(?:声明|所有|版权|转载|凡|保留).{0,80}|(?:版权所有|版权归).{0,80}|.{0,30}(?:版权所有|all rights reserved).{0,60}|copyright\s*(?:©|\(c\)|\d{4}|by\b).{0,100}|(?:©|\(c\)\s*\d{4}).{0,100}`,
		`advertisement|广告|sponsored(?: content)?|continue reading.{0,40}|(?:story|article) continues (?:below|after).{0,30}|skip (?:to|past) .{0,40}`,
		`share(?: this)?(?: (?:article|story|on .{1,30}|with .{1,20}))?|tweet|print|email|save|listen`,
		`do you have (?:an opinion on|a story|information).*|(?:sign up (?:to|for)|subscribe (?:to|for|now|today)|follow us|join us on|click here|download (?:our|the) app|get (?:our|the) .{0,20}newsletter)\b.{0,100}`,
		`(?:this|the) (?:article|story) (?:was )?(?:originally|first) (?:published|appeared).{0,100}`,
		`(?:tags?|标签|关键词)[：:].{0,100}|\d+ (?:min|minutes?) read|\(?end\)?|[（(](?:完|全文完)[）)]`,
	}, "|") + `)$`)
)

// maxPrompt is the length, in bytes, of the longest block that may be taken for a heading of other lists or a prompt.
const maxPrompt = 600

// trimBody takes away from a body what is none: the title and the lines under it, prompts, links to other articles, comments. Editors named at its end go to the article.
func trimBody(blocks []block, a *akin.Article) []block {
	var body []block
	total := runes(blocks)
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		switch {
		case len(b.text) > maxPrompt && !b.links():
			body = append(body, b)
		case endHeading.MatchString(b.text):
			if runes(body)*2 >= total { // above the body it leads to the comments
				return trimEnds(body, a)
			}
		case asideHeading.MatchString(b.text) && (b.tag != "p" || b.strong || strings.ContainsAny(b.text, ":：") || i+1 < len(blocks) && blocks[i+1].links()):
			for i+1 < len(blocks) && blocks[i+1].links() {
				i++
			}
		case b.links() && (b.tag == "li" || b.runes() < 120):
		case b.tag != "tr" && b.tag != "li" && isStamp(b.text):
		case prompt.MatchString(b.text):
			readEditor(b.text, a)
		default:
			body = append(body, b)
		}
	}
	return trimEnds(body, a)
}

// maxHead is how many blocks at the top of a body may be its head: title, subtitle, date, source, authors.
const maxHead = 8

func trimEnds(body []block, a *akin.Article) []block {
	kept := body[:0:0]
	known := map[string]bool{letters(a.Title): true, letters(a.Subtitle): true, letters(strings.Join(a.Authors, "")): true}
	for _, author := range a.Authors {
		known[letters(author)] = true
	}
	for i, b := range body {
		if i < maxHead && len(kept) < 2 && (known[letters(b.text)] || isLabels(b.text) || isByline(b.text)) {
			continue
		}
		if b.heading() && (i+1 == len(body) || known[letters(b.text)]) {
			continue // a heading without text below it
		}
		kept = append(kept, b)
	}
	for len(kept) > 0 && (isLabels(kept[len(kept)-1].text) || isByline(kept[len(kept)-1].text)) {
		kept = kept[:len(kept)-1]
	}
	return kept
}

// isStamp reports whether a block is nothing but a date or a time, as over the posts of a live blog.
func isStamp(s string) bool {
	return utf8.RuneCountInString(s) <= 40 && trimMarks(dateWords.ReplaceAllString(s, "")) == ""
}

func isByline(s string) bool {
	var ignored akin.Article
	return page.ReadByline(s, &ignored)
}
