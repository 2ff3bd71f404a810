// Package page reads one archive page, or a stream of articles as JSON Lines, and returns the articles.
// An archive page prints its captions and its body twice, the second time without blank lines and with line breaks
// of its own; the article holds them once. What the page does not say stays empty in the article.
package page

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/charset"
	"github.com/akinserver/akin/embed/language"
)

// MaxSize is the size of the largest page that Parse reads, in bytes: room for the longest article, printed twice.
const MaxSize = 4 * akin.MaxTextLength

// Why a page cannot be read. Parse returns them wrapped, met with errors.Is.
var (
	ErrEmpty    = errors.New("nothing but white space")
	ErrBinary   = charset.ErrBinary
	ErrEncoding = charset.ErrEncoding
	ErrTooLarge = errors.New("too large")
	ErrNoBody   = errors.New("no body")
)

// The names under which an article's Attributes hold what else a page says.
const (
	Site          = "site"           // the archive or site that shows the page
	Editor        = "editor"         // as printed: "张三、李四"
	Occasion      = "occasion"       // place and date under the title of a speech, as printed
	OriginalTitle = "original_title" // of a reprint that names it
	OtherSources  = "other_sources"  // source lines after the first, as printed
)

// Parse returns the article printed on the page that r holds. Its encoding is found by charset.Decode. A paragraph's text stays as printed, dateline and byline included, without the white space
// around it; control characters are dropped.
//
// The article has no ID and no statements: the caller names it, and statement.Split reads it. Parse returns an error
// that is one of the errors above, an *akin.InvalidError for a date that does not exist, or that of r.
func Parse(r io.Reader) (akin.Article, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return akin.Article{}, fmt.Errorf("read page: %w", err)
	}
	if len(data) > MaxSize {
		return akin.Article{}, fmt.Errorf("%w: a page of more than %d bytes", ErrTooLarge, MaxSize)
	}
	text, err := decode(data)
	if err != nil {
		return akin.Article{}, err
	}
	lines := split(text)
	if len(lines) == 0 {
		return akin.Article{}, ErrEmpty
	}

	var a akin.Article
	rest, err := readHeader(lines, &a)
	if err != nil {
		return akin.Article{}, err
	}
	head := lines[:len(lines)-len(rest)]
	rest, err = readSources(rest, head, &a)
	if err != nil {
		return akin.Article{}, err
	}
	// What the second print ends with may be a source line, set on the last line of the text.
	rest, err = readSources(dropSecondPrint(rest), nil, &a)
	if err != nil {
		return akin.Article{}, err
	}
	readBody(rest, &a)
	if len(a.Paragraphs) == 0 {
		return akin.Article{}, ErrNoBody
	}
	a.Language = LanguageOf(a)
	a.Place()
	return a, nil
}

// LanguageOf tells the language of an article; see language.Of. It looks at the title and as much of the body as is enough.
func LanguageOf(a akin.Article) string {
	var text strings.Builder
	text.WriteString(a.Title)
	for _, p := range a.Paragraphs {
		if text.Len() > 16<<10 {
			break
		}
		text.WriteString("\n")
		text.WriteString(p.Text)
	}
	return language.Of(text.String())
}

// SetAttribute notes what else a page says; a second value under one name follows the first, and an empty one changes nothing.
func SetAttribute(a *akin.Article, name, value string) {
	if value == "" {
		return
	}
	if a.Attributes == nil {
		a.Attributes = map[string]string{}
	}
	if old := a.Attributes[name]; old != "" && old != value {
		value = old + "; " + value
	}
	a.Attributes[name] = value
}
