package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// A block is a piece of text that stands by itself on the page: a paragraph, a heading, an item, a row.
type block struct {
	text   string
	tag    string // of the element that sets it apart: "p", "li", "h2", "tr"
	linked int    // runes of text that are links
	strong bool   // all of it is set in bold
}

func (b block) runes() int { return utf8.RuneCountInString(b.text) }

// links reports whether the block is nothing but links.
func (b block) links() bool { return b.linked*10 >= b.runes()*8 }

func (b block) heading() bool { return len(b.tag) == 2 && b.tag[0] == 'h' && b.tag != "hr" }

const blockTags = "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html " +
	"legend li main menu nav ol option p pre section summary table tbody td tfoot th thead tr ul amp-carousel"

var isBlockTag = func() map[string]bool {
	m := map[string]bool{}
	for tag := range strings.FieldsSeq(blockTags) {
		m[tag] = true
	}
	return m
}()

// blocksOf returns the text of a node, block by block.
func blocksOf(n *html.Node) []block {
	var w walker
	w.walk(n, "div", context{})
	w.end()
	return w.blocks
}

// linesOf is blocksOf for lines of labels, which stand in elements of their own with no space between them.
func linesOf(n *html.Node) []block {
	w := walker{apart: true}
	w.walk(n, "div", context{})
	w.end()
	return w.blocks
}

type walker struct {
	apart  bool // put a space behind each element
	blocks []block
	text   strings.Builder
	tag    string
	linked int
	bold   int // runes
}

type context struct{ link, bold, pre bool }

func (w *walker) walk(n *html.Node, tag string, in context) {
	switch n.Type {
	case html.TextNode:
		w.write(n.Data, tag, in)
		return
	case html.ElementNode:
		if n.Data == "head" {
			return
		}
		if n.Data == "br" {
			w.end()
			return
		}
		if n.Data == "table" && isDataTable(n) {
			w.table(n)
			return
		}
		if n.Data == "sup" && isNoteMark(n) {
			return
		}
		in.link = in.link || n.Data == "a" && has(n, "href")
		in.bold = in.bold || is(n, "b strong")
		in.pre = in.pre || n.Data == "pre"
		if isBlockTag[n.Data] {
			w.end()
			defer w.end()
			tag = blockTag(n.Data, tag)
		}
	case html.DocumentNode:
	default:
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c, tag, in)
	}
	if w.apart && n.Type == html.ElementNode {
		w.text.WriteByte(' ')
	}
}

// blockTag is the tag of a block within an element: a paragraph of an item is an item.
func blockTag(tag, around string) string {
	if around == "li" && (tag == "p" || tag == "div") || around == "blockquote" && tag == "p" {
		return around
	}
	return tag
}

func (w *walker) write(text, tag string, in context) {
	if in.pre {
		first := true
		for line := range strings.SplitSeq(text, "\n") {
			if !first {
				w.end()
			}
			first = false
			in.pre = false
			w.write(line, tag, in)
		}
		return
	}
	w.tag = tag
	w.text.WriteString(text)
	n := utf8.RuneCountInString(strings.TrimSpace(text))
	if in.link {
		w.linked += n
	}
	if in.bold {
		w.bold += n
	}
}

// end closes the block that is being written.
func (w *walker) end() {
	text := flow(w.text.String())
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		n := utf8.RuneCountInString(text)
		w.blocks = append(w.blocks, block{text: text, tag: w.tag, linked: min(w.linked, n), strong: w.bold*10 >= n*9})
	}
	w.text.Reset()
	w.linked, w.bold = 0, 0
}

// flow sets text as a browser does: white space is one space, and none between ideographs that only a line break in the source parts.
func flow(s string) string {
	var out strings.Builder
	var last rune
	space, broken := false, false
	for _, r := range s {
		switch {
		case r == '\u200b' || r == '\ufeff' || r == '\u00ad' || r == '\u2060':
			continue
		case unicode.IsSpace(r):
			space, broken = true, broken || r == '\n' || r == '\r'
			continue
		}
		if space && last != 0 && !(broken && wide(last) && wide(r)) {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		last, space, broken = r, false, false
	}
	return out.String()
}

func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFFEF || r >= 0x2018 && r <= 0x201D
}

// isDataTable tells a table of facts from one that only lays out a page: it has several rows and columns, and no blocks or tables in its cells.
func isDataTable(table *html.Node) bool {
	rows, columns := 0, 0
	for n := range elements(table) {
		switch {
		case n.Data == "tr":
			rows++
			cells := 0
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				if is(c, "td th") {
					cells++
				}
			}
			columns = max(columns, cells)
		case is(n, "table article section h1 form ul"):
			return false
		case n.Data == "p" && n.NextSibling != nil && is(nextElement(n), "p"):
			return false
		}
	}
	return rows >= 2 && columns >= 2
}

func nextElement(n *html.Node) *html.Node {
	for n = n.NextSibling; n != nil && n.Type != html.ElementNode; n = n.NextSibling {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			break
		}
	}
	if n == nil {
		return &html.Node{}
	}
	return n
}

// table writes a row a block, with bars between its cells.
func (w *walker) table(table *html.Node) {
	w.end()
	for n := range elements(table) {
		switch {
		case n.Data == "caption":
			w.write(textOf(n), "caption", context{})
			w.end()
		case n.Data == "tr":
			var cells []string
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				if is(c, "td th") {
					if text := textOf(c); text != "" {
						cells = append(cells, text)
					}
				}
			}
			w.write(strings.Join(cells, " | "), "tr", context{})
			w.end()
		}
	}
}

// isNoteMark reports whether an element in superscript is the mark of a note: [1].
func isNoteMark(n *html.Node) bool {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	s := strings.TrimSpace(text.String())
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && len(s) <= 6
}
