// Package feed reads the articles of an Atom or RSS file.
// Most feeds hold summaries alone: an article made of one says so in its attributes, so that nobody takes it for the whole.
package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode"

	"github.com/mmcdole/gofeed"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/charset"
	"github.com/akinserver/akin/embed/markup"
	"github.com/akinserver/akin/embed/name"
	"github.com/akinserver/akin/embed/page"
)

// MaxSize is the size of the largest feed that is read, in bytes.
const MaxSize = 16 << 20

// Extent is the attribute of an article whose body is only its summary; its value is Summary.
const (
	Extent  = "extent"
	Summary = "summary"
)

// ErrFormat is wrapped by the error of a file that is no feed.
var ErrFormat = errors.New("neither Atom nor RSS")

// Options of Articles. The zero value is for a file of which nothing is known.
type Options struct {
	Charset string // declared by the server that sent it
}

// Articles yields the articles of the feed that r holds. An article's ID is what its feed calls it (atom:id, guid) where that is an address or another URI, else its link;
// the ID of one that has neither is its guid behind the address of the feed, and empty when that is missing, too. Its URL is its link.
//
// An article that has no text is yielded as an error. Any other error ends the feed, which then has no articles at all.
func Articles(r io.Reader, opts Options) iter.Seq2[akin.Article, error] {
	return func(yield func(akin.Article, error) bool) {
		f, err := parse(r, opts)
		if err != nil {
			yield(akin.Article{}, err)
			return
		}
		for i, item := range f.Items {
			a, err := articleFrom(item, f)
			if err != nil {
				err = fmt.Errorf("entry %d: %w", i+1, err)
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

// declaration is the encoding in an XML declaration, which is no longer true of the decoded text.
var declaration = regexp.MustCompile(`^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*["']([^"']*)["']`)

func parse(r io.Reader, opts Options) (*gofeed.Feed, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: a feed of more than %d bytes", page.ErrTooLarge, MaxSize)
	}
	if m := declaration.FindSubmatch(data[:min(len(data), 256)]); m != nil && opts.Charset == "" {
		opts.Charset = string(m[2])
	}
	data, err = charset.Decode(data, charset.Options{Declared: opts.Charset, Markup: true})
	if err != nil {
		return nil, err
	}
	data = declaration.ReplaceAll(bytes.TrimLeftFunc(data, unicode.IsSpace), []byte("$1"))
	f, err := gofeed.NewParser().Parse(bytes.NewReader(bytes.Map(charset.Printable, data)))
	if errors.Is(err, gofeed.ErrFeedTypeNotDetected) {
		return nil, ErrFormat
	}
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	return f, nil
}

func articleFrom(item *gofeed.Item, f *gofeed.Feed) (akin.Article, error) {
	a := akin.Article{
		ID:            idOf(item, f),
		Title:         plain(item.Title),
		PublishedDate: dateOf(item),
		Source:        plain(f.Title),
		URL:           item.Link,
		Keywords:      item.Categories,
	}
	for _, person := range item.Authors {
		if person != nil {
			a.Authors = append(a.Authors, authorsIn(person.Name)...)
		}
	}
	body, err := markup.ParseFragment(item.Content)
	if err == nil && len(body.Paragraphs) == 0 {
		body, err = markup.ParseFragment(item.Description)
		page.SetAttribute(&a, Extent, Summary)
	}
	if err != nil {
		return a, err
	}
	if len(body.Paragraphs) == 0 {
		return a, page.ErrNoBody
	}
	for _, text := range body.Paragraphs {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: text})
	}
	a.Captions = body.Captions
	if strings.ContainsRune(item.Published, ':') {
		page.SetAttribute(&a, markup.PublishedAt, item.Published)
	}
	page.ReadOpening(body.Paragraphs[0], &a)
	if a.Language = page.LanguageOf(a); a.Language == "" {
		a.Language, _, _ = strings.Cut(strings.ToLower(f.Language), "-")
	}
	a.Place()
	return a, nil
}

// plain is a title without the tags that some feeds put into it.
func plain(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return strings.Join(strings.Fields(s), " ")
	}
	f, err := markup.ParseFragment(s)
	if err != nil || len(f.Paragraphs) == 0 {
		return strings.Join(strings.Fields(s), " ")
	}
	return strings.Join(f.Paragraphs, " ")
}

// dateOf is the day as the feed prints it, in the feed's own time zone.
func dateOf(item *gofeed.Item) string {
	switch {
	case item.PublishedParsed != nil && page.DateIn(item.Published) == "":
		return item.PublishedParsed.Format("2006-01-02")
	case page.DateIn(item.Published) != "":
		return page.DateIn(item.Published)
	case item.UpdatedParsed != nil:
		return item.UpdatedParsed.Format("2006-01-02")
	}
	return ""
}

var uri = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:\S+$`)

func idOf(item *gofeed.Item, f *gofeed.Feed) string {
	guid := strings.TrimSpace(item.GUID)
	switch {
	case uri.MatchString(guid):
		return guid
	case item.Link != "":
		return item.Link
	}
	feed := f.FeedLink
	if feed == "" {
		feed = f.Link
	}
	if guid == "" || feed == "" {
		return ""
	}
	return feed + "#" + guid
}

// authorsIn reads the author of an entry: a name, a list of them, or an address of mail with a name in parentheses.
func authorsIn(s string) []string {
	if s = strings.TrimSpace(s); s == "" || strings.ContainsRune(s, '@') {
		return nil
	}
	if names := name.List(s); names != nil {
		return names
	}
	return []string{s}
}
