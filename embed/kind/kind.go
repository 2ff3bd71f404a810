// Package kind tells what a file holds: by its first bytes, and only where they leave it open, by its name.
// Names lie: servers save pages without an ending, and feeds as .html.
package kind

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/akinserver/akin/embed/charset"
	"github.com/akinserver/akin/embed/page"
)

// Kind of a file.
type Kind int

// The kinds of files.
const (
	Page  Kind = iota // text of an archive page, which is all that is nothing else
	Lines             // articles as JSON Lines
	HTML
	Feed // Atom or RSS
	Zip
	Tar
	Gzip
	Bzip2
	WARC
	Foreign // a kind that is known and not read: see Name
)

// Holds reports whether a file of this kind holds other files.
func (k Kind) Holds() bool { return k >= Zip && k <= WARC }

// HeadSize is how many of a file's first bytes Of wants; it takes fewer of a file that has no more.
const HeadSize = 4096

// endings of the files that a walk through a folder opens.
var endings = []string{
	".txt", ".jsonl", ".ndjson", ".json", ".html", ".htm", ".xhtml", ".shtml", ".rss", ".atom", ".xml", ".rdf",
	".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".warc",
}

// Known reports whether a file is opened where nobody named it, but only its folder. Hidden files are not.
func Known(name string) bool {
	return slices.Contains(endings, strings.ToLower(path.Ext(name))) && !strings.HasPrefix(path.Base(name), ".")
}

// Of tells what a file holds that begins with head and is called name.
func Of(head []byte, name string) Kind {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return Gzip
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) > 10 && bytes.Equal(head[4:10], []byte("\x31\x41\x59\x26\x53\x59")):
		return Bzip2
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return Zip
	case len(head) >= 262 && bytes.Equal(head[257:262], []byte("ustar")):
		return Tar
	case bytes.HasPrefix(head, []byte("WARC/")):
		return WARC
	case slices.ContainsFunc(foreign, func(f foreignKind) bool { return bytes.HasPrefix(head, []byte(f.magic)) }):
		return Foreign
	case page.IsJSON(head):
		return Lines
	case jsonArray.Match(head):
		return Foreign
	}
	return ofMarkup(textOf(head), name)
}

type foreignKind struct{ magic, name string }

// foreign are the kinds that a user may well have beside pages, by their first bytes.
var foreign = []foreignKind{
	{"%PDF-", "a PDF file"},
	{"\xD0\xCF\x11\xE0", "an old Office file"},
	{"\xFD7zXZ\x00", "an xz archive"},
	{"\x28\xB5\x2F\xFD", "a Zstandard archive"},
	{"7z\xBC\xAF\x27\x1C", "a 7z archive"},
	{"Rar!\x1A\x07", "a RAR archive"},
	{"{\\rtf", "an RTF file"},
	{"\x89PNG", "a picture"},
	{"\xFF\xD8\xFF", "a picture"},
	{"GIF8", "a picture"},
	{"SQLite format 3\x00", "an SQLite database"},
}

// Name is the name of the foreign kind of file that begins with head, with its article.
func Name(head []byte) string {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f.name
		}
	}
	if jsonArray.Match(head) {
		return "a JSON array, not JSON Lines"
	}
	return "an XML file that is neither Atom nor RSS"
}

// textOf is the beginning of a text in ASCII, for all that tags need: UTF-16 loses its zeros.
func textOf(head []byte) []byte {
	if bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) {
		if text, err := charset.Decode(head, charset.Options{}); err == nil {
			return text
		}
	}
	return bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
}

var (
	jsonArray   = regexp.MustCompile(`^(?:\x{FEFF})?\s*\[\s*\{\s*["}]`)
	comment     = regexp.MustCompile(`(?s)^\s*(?:<!--.*?-->|<\?.*?\?>)`)
	feedRoot    = regexp.MustCompile(`^\s*(?:<!DOCTYPE\s+rss[^>]*>\s*)?<(?:\w+:)?(?:rss|feed|RDF)[\s>]`)
	htmlRoot    = regexp.MustCompile(`(?i)^\s*<(?:!doctype\s+html|(?:html|head|body|title|meta|link|script|style|base|div|p|article|section|main|header|nav|h[1-6]|table|center|font|span|br|ul|ol)[\s>/])`)
	xmlEndings  = []string{".rss", ".atom", ".xml", ".rdf"}
	lineEndings = []string{".jsonl", ".ndjson"}
	webEndings  = []string{".html", ".htm", ".xhtml", ".shtml"}
)

// ofMarkup looks at the first tag that is no comment and no declaration.
func ofMarkup(text []byte, name string) Kind {
	xml := bytes.HasPrefix(bytes.TrimSpace(text), []byte("<?xml"))
	for {
		found := comment.Find(text)
		if found == nil {
			break
		}
		text = text[len(found):]
	}
	ending := strings.ToLower(path.Ext(name))
	switch {
	case feedRoot.Match(text):
		return Feed
	case htmlRoot.Match(text):
		return HTML
	case xml, slices.Contains(xmlEndings, ending):
		return Foreign
	case slices.Contains(webEndings, ending):
		return HTML
	case slices.Contains(lineEndings, ending):
		return Lines
	}
	return Page
}
