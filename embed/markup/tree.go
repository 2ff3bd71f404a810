package markup

import (
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func is(n *html.Node, names string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	for name := range strings.FieldsSeq(names) {
		if n.Data == name {
			return true
		}
	}
	return false
}

// elements yields the elements below n, in the order of the page.
func elements(n *html.Node) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for d := range n.Descendants() {
			if d.Type == html.ElementNode && !yield(d) {
				return
			}
		}
	}
}

// remove takes away the elements of which drop is true, with all that is in them.
func remove(n *html.Node, drop func(*html.Node) bool) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.CommentNode || c.Type == html.ElementNode && drop(c) {
			n.RemoveChild(c)
		} else {
			remove(c, drop)
		}
		c = next
	}
}

// textOf is the text of a node on one line.
func textOf(n *html.Node) string {
	var texts []string
	for _, b := range blocksOf(n) {
		texts = append(texts, b.text)
	}
	return strings.Join(texts, " ")
}

// classes are the words of an element's class and id, in lower case: "article-body mainText" is article, body, main, text. An id of many
// words is made of a heading, and says nothing of the element's part on the page.
func classes(n *html.Node) []string {
	var all []string
	for name := range strings.FieldsSeq(attr(n, "class")) {
		all = append(all, wordsOf(name)...)
	}
	if words := wordsOf(attr(n, "id")); len(words) <= 3 {
		all = append(all, words...)
	}
	return all
}

// wordsOf takes a name apart at its marks and capitals.
func wordsOf(name string) []string {
	var words []string
	begin := 0
	lower := false
	end := func(at int) {
		if at > begin {
			words = append(words, strings.ToLower(name[begin:at]))
		}
	}
	for i, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			if lower {
				end(i)
				begin = i
			}
			lower = false
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			lower = true
		default:
			end(i)
			begin, lower = i+utf8.RuneLen(r), false
		}
	}
	end(len(name))
	return words
}
