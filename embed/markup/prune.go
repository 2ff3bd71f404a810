package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
)

// isInvisible is true of elements that show no text of the page.
func isInvisible(n *html.Node) bool {
	if is(n, "script style noscript template iframe object embed svg math canvas audio video map datalist select textarea input button dialog amp-ad amp-analytics rt rp") {
		return true
	}
	style := strings.ReplaceAll(strings.ToLower(attr(n, "style")), " ", "")
	return has(n, "hidden") || attr(n, "aria-hidden") == "true" || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// besideTags and besideRoles are the parts of a page that HTML itself says are not the article.
const (
	besideTags  = "nav aside footer form menu amp-sidebar"
	besideRoles = "navigation banner contentinfo complementary search dialog menu menubar toolbar alert"
)

// besideWords are words of classes and ids, as pages name what stands beside an article.
var besideWords = wordSet(`related relate relates recommend recommended recommends recommendation recommendations recirc recirculation readmore morelike
	comment comments commentlist disqus pinglun reply replies respond share shares sharing sharebar sharebox social socials bdshare jiathis weibo weixin wechat
	sidebar sider side rail breadcrumb breadcrumbs crumb crumbs mbx weizhi pagination pager pagenav prevnext nextprev
	newsletter subscribe subscription signup paywall promo promos promotion advert adverts advertisement advertising ad ads adbox adsbygoogle sponsor sponsored gg guanggao
	nav navbar navigation menu topbar toolbar tool tools login popup modal cookie cookies consent gdpr
	footer copyright copyrights disclaimer bottom hot hots hotnews ranking rank paihang trending popular mostread
	taboola outbrain teaser teasers xgyd xgxw xiangguan tuijian yuedu editor editors zrbj zebian bianji qrcode erweima feedback rating
	player vjs jwplayer gallery slideshow carousel
	skip printonly noprint hidden sr visuallyhidden screenreader backtotop gotop`)

// besideStart is how compounds of such words begin: relatedposts, sharedaddy. A commentary is an article.
var besideStart = regexp.MustCompile(`^(?:related|recommend|comment(?:s|list|area|box|form|section)|share(?:d|bar|box|tools|buttons)|sidebar|newsletter|advert|breadcrumb|social)`)

// bodyWords among the words of a class say that the article is in the element, whatever else they say.
var bodyWords = wordSet(`body articlebody story text content contents artibody main post entry detail zhengwen trs wrapper wrap container page layout`)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(s) {
		m[word] = true
	}
	return m
}

// prune removes what stands beside the article, and its pictures, whose captions it returns.
func prune(doc *html.Node) []akin.Caption {
	w := weights{}
	total := w.weigh(doc, false)
	remove(doc, func(n *html.Node) bool { return isBeside(n) && w[n]*2 <= total })
	return takeCaptions(doc, w)
}

// weights are the runes of text below each element that is not in links: what stands in links does not run.
type weights map[*html.Node]int

func (w weights) weigh(n *html.Node, linked bool) int {
	if n.Type == html.TextNode {
		if linked {
			return 0
		}
		return utf8.RuneCountInString(strings.TrimSpace(n.Data))
	}
	linked = linked || n.Data == "a" && has(n, "href")
	sum := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		sum += w.weigh(c, linked)
	}
	w[n] = sum
	return sum
}

func isBeside(n *html.Node) bool {
	if is(n, "html body main article h1") {
		return false
	}
	if is(n, besideTags) || attr(n, "role") != "" && slices.Contains(strings.Fields(besideRoles), attr(n, "role")) {
		return true
	}
	words := classes(n)
	beside := slices.ContainsFunc(words, func(w string) bool { return besideWords[w] || besideStart.MatchString(w) })
	return beside && !slices.ContainsFunc(words, func(w string) bool { return bodyWords[w] }) || strings.Contains(attr(n, "itemtype"), "schema.org/Comment")
}

// maxCaption is the length of the longest caption, in runes.
const maxCaption = 300

// takeCaptions removes pictures with what stands under them, and returns the latter.
func takeCaptions(doc *html.Node, w weights) []akin.Caption {
	var captions []akin.Caption
	add := func(c akin.Caption) {
		n := len(captions)
		switch {
		case c.Text == "" && c.Credit != "" && n > 0 && captions[n-1].Credit == "":
			captions[n-1].Credit = c.Credit
		case c != akin.Caption{} && utf8.RuneCountInString(c.Text) <= maxCaption && !slices.Contains(captions, c):
			captions = append(captions, c)
		}
	}
	var gone []*html.Node
	for n := range elements(doc) {
		switch {
		case len(gone) > 0 && within(n, gone[len(gone)-1]):
		case n.Data == "figure" && holdsText(n): // its caption is an element of its own, below
		case n.Data == "figure" && w[n] <= 2*maxCaption || isCaptionBox(n) && w[n] <= maxCaption:
			for _, c := range captionsOf(n) {
				add(c)
			}
			gone = append(gone, n)
		case n.Data == "figure" && w[n]*2 <= w[doc]: // a drawing full of labels
			gone = append(gone, n)
		case w[n] > 0 && w[n] <= maxCaption && isPicture(n) && isUnderPicture(n): // and its caption in one
			add(page.CaptionOf(textOf(n)))
			gone = append(gone, n)
		case w[n] == 0 && isPicture(n):
			if below := nextElement(n); isUnderPicture(below) {
				add(page.CaptionOf(textOf(below)))
				gone = append(gone, below)
			}
		}
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
	return captions
}

// holdsText reports whether a figure is no picture: a table, or lines of a program.
func holdsText(figure *html.Node) bool {
	for n := range elements(figure) {
		if is(n, "table pre") {
			return true
		}
	}
	return false
}

// captionsOf reads what a figure says.
func captionsOf(figure *html.Node) []akin.Caption {
	var captions []akin.Caption
	by := ""
	remove(figure, func(n *html.Node) bool {
		if slices.ContainsFunc(classes(n), func(w string) bool { return w == "credit" || w == "photographer" || w == "photocredit" }) {
			if by = textOf(n); page.CaptionOf(by).Credit != "" {
				by = page.CaptionOf(by).Credit
			}
			return true
		}
		return false
	})
	for _, b := range blocksOf(figure) {
		if !b.links() {
			captions = append(captions, page.CaptionOf(b.text))
		}
	}
	if n := len(captions); by != "" && n > 0 && captions[n-1].Credit == "" {
		captions[n-1].Credit = by
	}
	return captions
}

// isCaptionBox reports whether an element is a caption by its class, as pages without figures have it.
func isCaptionBox(n *html.Node) bool {
	if n.Data == "figcaption" {
		return true
	}
	if !is(n, "div p span em") {
		return false
	}
	words := classes(n)
	return slices.ContainsFunc(words, func(w string) bool { return captionWords[w] }) ||
		slices.ContainsFunc(words, func(w string) bool { return pictureWords[w] }) && slices.ContainsFunc(words, func(w string) bool { return describeWords[w] })
}

var (
	captionWords  = wordSet(`caption figcaption imgdesc picdesc piccaption tushuo photocredit`)
	pictureWords  = wordSet(`img image pic picture photo`)
	describeWords = wordSet(`desc descr description text txt note legend`)
)

// isPicture reports whether n, a block with little text or none, has a picture.
func isPicture(n *html.Node) bool {
	if !is(n, "p div center td") {
		return false
	}
	looked := 0
	for d := range elements(n) {
		if is(d, "img amp-img picture") {
			return true
		}
		if looked++; looked > 50 {
			break // a page made to be slow
		}
	}
	return false
}

// isUnderPicture reports whether a block right below a picture is its caption: short, and set in the middle, in small type, or with a credit.
func isUnderPicture(n *html.Node) bool {
	if !is(n, "p div center span em small") {
		return false
	}
	blocks := blocksOf(n)
	if len(blocks) != 1 || blocks[0].runes() > 150 || blocks[0].links() {
		return false
	}
	style := strings.ToLower(attr(n, "style") + attr(n, "align") + attr(n, "class"))
	text := blocks[0].text
	return strings.Contains(style, "center") || is(n, "center em small") || page.CaptionOf(text).Credit != "" ||
		strings.HasPrefix(text, "图为") || strings.HasPrefix(text, "图：") || strings.HasPrefix(text, "资料图")
}
