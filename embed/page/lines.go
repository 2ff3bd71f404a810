package page

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/akinserver/akin"
)

// MaxLine is the length of the longest line that Lines reads, in bytes. A longer one is refused, and never held in
// memory.
const MaxLine = 16 << 20

// Line is one line of a JSON Lines stream, read.
type Line struct {
	Number  int // in the stream, from 1
	Article akin.Article
}

// Lines returns the articles of a stream of JSON Lines, each as JSON writes it or near to it:
//
//   - field names may be in snake_case, and have usual other forms (lang, date, published_at, author, tags, headline);
//   - paragraphs may be plain strings, or stand in one string (text, body, content), parted by its line breaks;
//   - offsets are set anew; a statement without start and end gets those of the first place where its text stands;
//   - publishedDate may have a time, kept whole under the field's own name in Attributes, and other usual forms;
//   - an id may be a number; null is as good as absent;
//   - a scalar field of another name goes to Attributes under its own name, a composite one is left out.
//
// An article without a language gets the one that its text shows. Every article it yields is valid.
//
// A line that is no such article, or is longer than MaxLine, is yielded as an error that begins with its number and
// names the field ("line 3: paragraphs[1].text: want a string, got a number"), with Line.Number set, and the stream
// goes on. An error of r ends it.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			text, tooLong, err := readLine(in)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Line{Number: number}, fmt.Errorf("read line %d: %w", number, err))
				return
			}
			ended := err != nil
			line := Line{Number: number}
			switch {
			case tooLong:
				if !yield(line, fmt.Errorf("line %d: %w: more than %d bytes", number, ErrTooLarge, MaxLine)) {
					return
				}
			default:
				if number == 1 {
					text = bytes.TrimPrefix(text, []byte(byteOrderMark))
				}
				if text = bytes.TrimSpace(text); len(text) == 0 {
					break
				}
				if line.Article, err = ParseLine(text); err != nil {
					line.Article, err = akin.Article{}, fmt.Errorf("line %d: %w", number, err)
				}
				if !yield(line, err) {
					return
				}
			}
			if ended {
				return
			}
		}
	}
}

// readLine reads up to the next line feed. Of a line longer than MaxLine it returns nothing.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > MaxLine; tooLong {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// ParseLine reads one line of JSON Lines, as Lines does. An article that Validate refuses is an *akin.InvalidError.
func ParseLine(text []byte) (akin.Article, error) {
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return akin.Article{}, fmt.Errorf("%w: a NUL at byte %d", ErrBinary, at)
	}
	if at := invalidUTF8(text); at >= 0 {
		return akin.Article{}, fmt.Errorf("%w: not UTF-8: byte %d (0x%02x)", ErrEncoding, at, text[at])
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber() // an id of twenty digits is not a float64
	var value any
	if err := in.Decode(&value); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return akin.Article{}, errors.New("not JSON: it ends too early; is the article spread over several lines?")
		}
		return akin.Article{}, fmt.Errorf("not JSON: %w", err)
	}
	if in.More() {
		return akin.Article{}, fmt.Errorf("more than one JSON value: the second begins after byte %d", in.InputOffset())
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return akin.Article{}, fmt.Errorf("want one article, a JSON object, got %s", kindOf(value))
	}
	a, err := articleFrom(fields)
	if err != nil {
		return akin.Article{}, err
	}
	if a.Language == "" {
		a.Language = LanguageOf(a)
	}
	a.Place()
	if err := a.Validate(); err != nil {
		return akin.Article{}, err
	}
	return a, nil
}

// IsJSON reports whether a file that begins with head holds JSON, and not a page: the first thing in it opens an
// object with a field.
func IsJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return false
	}
	head = bytes.TrimLeft(head[1:], " \t\r\n")
	return len(head) == 0 || head[0] == '"' || head[0] == '}'
}

// JSON returns an article in the form that Lines reads, on one line: the fields of akin.v1.Article under their JSON
// names, in that order, the empty ones left out. The same article is always the same bytes.
func JSON(a akin.Article) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(articleJSONFrom(a)); err != nil {
		return nil, fmt.Errorf("encode article %s: %w", a.ID, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

type articleJSON struct {
	ID            string            `json:"id,omitempty"`
	Title         string            `json:"title,omitempty"`
	Subtitle      string            `json:"subtitle,omitempty"`
	Language      string            `json:"language,omitempty"`
	PublishedDate string            `json:"publishedDate,omitempty"`
	Source        string            `json:"source,omitempty"`
	Page          string            `json:"page,omitempty"`
	Section       string            `json:"section,omitempty"`
	Dateline      string            `json:"dateline,omitempty"`
	Agency        string            `json:"agency,omitempty"`
	Authors       []string          `json:"authors,omitempty"`
	Keywords      []string          `json:"keywords,omitempty"`
	Captions      []captionJSON     `json:"captions,omitempty"`
	Paragraphs    []paragraphJSON   `json:"paragraphs,omitempty"`
	Statements    []statementJSON   `json:"statements,omitempty"`
	URL           string            `json:"url,omitempty"`
	Attributes    map[string]string `json:"attributes,omitempty"`
}

type captionJSON struct {
	Text   string `json:"text,omitempty"`
	Credit string `json:"credit,omitempty"`
}

type paragraphJSON struct {
	Text       string `json:"text"`
	Offset     int    `json:"offset"`
	ByteOffset int    `json:"byteOffset"`
}

type statementJSON struct {
	ID         string  `json:"id,omitempty"`
	Text       string  `json:"text"`
	Speaker    string  `json:"speaker,omitempty"`
	Cue        string  `json:"cue,omitempty"`
	Kind       string  `json:"kind,omitempty"`
	Confidence float64 `json:"confidence,omitempty"`
	Paragraph  int     `json:"paragraph"`
	Start      int     `json:"start"`
	End        int     `json:"end"`
}

func articleJSONFrom(a akin.Article) articleJSON {
	out := articleJSON{
		ID: a.ID, Title: a.Title, Subtitle: a.Subtitle, Language: a.Language, PublishedDate: a.PublishedDate,
		Source: a.Source, Page: a.Page, Section: a.Section, Dateline: a.Dateline, Agency: a.Agency,
		Authors: a.Authors, Keywords: a.Keywords, URL: a.URL, Attributes: a.Attributes,
	}
	for _, c := range a.Captions {
		out.Captions = append(out.Captions, captionJSON(c))
	}
	for _, p := range a.Paragraphs {
		out.Paragraphs = append(out.Paragraphs, paragraphJSON(p))
	}
	for _, s := range a.Statements {
		out.Statements = append(out.Statements, statementJSON{
			ID: s.ID, Text: s.Text, Speaker: s.Speaker, Cue: s.Cue, Kind: kindJSON(s.Kind), Confidence: s.Confidence,
			Paragraph: s.Paragraph, Start: s.Start, End: s.End,
		})
	}
	return out
}

// kindJSON is a kind as protocol buffers write it: "KIND_DIRECT".
func kindJSON(k akin.Kind) string {
	if k == "" {
		return ""
	}
	return kindPrefix + strings.ToUpper(string(k))
}

const kindPrefix = "KIND_"
