// Package akin holds the words that its packages share: article, statement, vector, seed, match.
// It imports the standard library alone, so every other package of the module can import it.
package akin

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// DefaultCorpus is the corpus of every call that names none.
const DefaultCorpus = "default"

// Article is one published text. A field that its source does not tell is empty, never guessed.
type Article struct {
	ID            string            // unique within its corpus; 1 to MaxIDLength bytes of UTF-8
	Title         string            //
	Subtitle      string            //
	Language      string            // BCP 47 primary tag: "zh", "en"
	PublishedDate string            // YYYY-MM-DD
	Source        string            // newspaper or site: "人民日报"
	Page          string            // page as printed: "02"
	Section       string            //
	Dateline      string            // place that the report was filed from: "上海"
	Agency        string            // agency or desk that filed it: "人民网"
	Authors       []string          //
	Keywords      []string          //
	Captions      []Caption         // of its pictures
	Paragraphs    []Paragraph       // the body, in order
	Statements    []Statement       // in the order of the body
	URL           string            //
	Attributes    map[string]string // what else the source says, under its own names
}

// CompareDates orders dates of articles, the earliest first, and unknown ones last.
func CompareDates(a, b string) int {
	if (a == "") != (b == "") {
		return -cmp.Compare(a, b)
	}
	return cmp.Compare(a, b)
}

// Caption is what stands under a picture.
type Caption struct {
	Text   string
	Credit string // who made the picture, as printed: "新华社记者 姚大伟"
}

// Paragraph is one paragraph of an article's body. The body is its paragraphs' texts joined by one line feed.
type Paragraph struct {
	Text       string
	Offset     int // where it begins in the body, in runes
	ByteOffset int // the same in bytes of UTF-8
}

// Kind tells quoted words from reported ones.
type Kind string

// The kinds of statements.
const (
	Direct   Kind = "direct"   // inside quotation marks, word for word
	Indirect Kind = "indirect" // reported in the writer's words
)

// Statement is what somebody is reported to say, one sentence (or one quotation) long.
type Statement struct {
	ID         string  // StatementID of its article and its number; set when it is stored
	Text       string  // exactly the runes Start to End of its paragraph
	Speaker    string  // one canonical name per article; empty when it is not certain
	Cue        string  // the word that reports it: "表示", "said"
	Kind       Kind    //
	Confidence float64 // that speaker and span are right, 0 to 1
	Paragraph  int     // index into Article.Paragraphs
	Start, End int     // runes within that paragraph, End exclusive
}

// StatementID names the n-th statement of an article, counted from 1.
func StatementID(article string, n int) string { return fmt.Sprintf("%s#%d", article, n) }

// Place lays the paragraphs' texts end to end: it sets their offsets and numbers the statements.
func (a *Article) Place() {
	runes, bytes := 0, 0
	for i := range a.Paragraphs {
		p := &a.Paragraphs[i]
		p.Offset, p.ByteOffset = runes, bytes
		runes += len([]rune(p.Text)) + 1
		bytes += len(p.Text) + 1
	}
	for i := range a.Statements {
		a.Statements[i].ID = StatementID(a.ID, i+1)
	}
}

// Body is the paragraphs' texts joined by line feeds.
func (a *Article) Body() string {
	texts := make([]string, len(a.Paragraphs))
	for i, p := range a.Paragraphs {
		texts[i] = p.Text
	}
	return strings.Join(texts, "\n")
}

// Speakers are the names of those whom the article quotes, each once, in the order in which they first speak.
func (a *Article) Speakers() []string {
	var names []string
	for _, s := range a.Statements {
		if s.Speaker != "" && !slices.Contains(names, s.Speaker) {
			names = append(names, s.Speaker)
		}
	}
	return names
}

// Limits of an article; Validate holds them.
const (
	MaxIDLength     = 512     // bytes of an id
	MaxCorpusLength = 64      // bytes of a corpus' name
	MaxParagraphs   = 10_000  // of an article
	MaxStatements   = 10_000  // of an article
	MaxTextLength   = 4 << 20 // bytes of an article's headings and body; its statements together may take twice as many
	MaxOtherLength  = 1 << 20 // bytes of all else that an article holds
)

// Validate reports the first thing for which an article cannot be stored, as an *InvalidError.
func (a *Article) Validate() error {
	if err := ValidateID("id", a.ID); err != nil {
		return err
	}
	if a.PublishedDate != "" {
		if _, err := ParseDate(a.PublishedDate); err != nil {
			return &InvalidError{"published_date", err.Error()}
		}
	}
	size, body, said := len(a.Title)+len(a.Subtitle), 0, 0
	for i, p := range a.Paragraphs {
		if strings.TrimSpace(p.Text) == "" {
			return &InvalidError{fmt.Sprintf("paragraphs[%d].text", i), "is empty"}
		}
		body += len(p.Text)
	}
	size += body
	for _, s := range a.Statements {
		said += len(s.Text)
	}
	other := a.otherLength()
	switch {
	case body == 0:
		return &InvalidError{"paragraphs", "the article has no body"}
	case len(a.Paragraphs) > MaxParagraphs:
		return &InvalidError{"paragraphs", fmt.Sprintf("%d paragraphs, at most %d", len(a.Paragraphs), MaxParagraphs)}
	case len(a.Statements) > MaxStatements:
		return &InvalidError{"statements", fmt.Sprintf("%d statements, at most %d", len(a.Statements), MaxStatements)}
	case size > MaxTextLength:
		return &InvalidError{"paragraphs", fmt.Sprintf("%d bytes of text, at most %d", size, MaxTextLength)}
	case said > 2*MaxTextLength:
		return &InvalidError{"statements", fmt.Sprintf("%d bytes of text, at most %d", said, 2*MaxTextLength)}
	case other > MaxOtherLength:
		return &InvalidError{"attributes", fmt.Sprintf("%d bytes beside headings, body and statements' texts, at most %d", other, MaxOtherLength)}
	}
	for i, s := range a.Statements {
		if err := a.validateStatement(s); err != nil {
			err.Field = fmt.Sprintf("statements[%d].%s", i, err.Field)
			return err
		}
	}
	return a.validateUTF8()
}

// otherLength counts what is neither heading nor body nor the text of a statement.
func (a *Article) otherLength() int {
	n := len(a.Language) + len(a.Source) + len(a.Page) + len(a.Section) + len(a.Dateline) + len(a.Agency) + len(a.URL)
	for _, texts := range [][]string{a.Authors, a.Keywords} {
		for _, text := range texts {
			n += len(text)
		}
	}
	for _, c := range a.Captions {
		n += len(c.Text) + len(c.Credit)
	}
	for _, s := range a.Statements {
		n += len(s.Speaker) + len(s.Cue)
	}
	for key, value := range a.Attributes {
		n += len(key) + len(value)
	}
	return n
}

func (a *Article) validateStatement(s Statement) *InvalidError {
	if s.Paragraph < 0 || s.Paragraph >= len(a.Paragraphs) {
		return &InvalidError{"paragraph", fmt.Sprintf("%d, but there are %d paragraphs", s.Paragraph, len(a.Paragraphs))}
	}
	runes := []rune(a.Paragraphs[s.Paragraph].Text)
	switch {
	case s.Start < 0 || s.End > len(runes) || s.Start >= s.End:
		return &InvalidError{"start", fmt.Sprintf("runes %d to %d are not in a paragraph of %d", s.Start, s.End, len(runes))}
	case string(runes[s.Start:s.End]) != s.Text:
		return &InvalidError{"text", "is not what runes start to end of its paragraph say"}
	case s.Kind != "" && s.Kind != Direct && s.Kind != Indirect:
		return &InvalidError{"kind", fmt.Sprintf("%q is neither %q nor %q", s.Kind, Direct, Indirect)}
	case !(s.Confidence >= 0 && s.Confidence <= 1): // NaN is neither
		return &InvalidError{"confidence", fmt.Sprintf("%v is not within 0 to 1", s.Confidence)}
	}
	return nil
}

// validateUTF8 looks at every text: a store and an API of protobuf messages hold no others.
func (a *Article) validateUTF8() error {
	check := func(text, field string, place ...any) error {
		if utf8.ValidString(text) {
			return nil
		}
		return &InvalidError{fmt.Sprintf(field, place...), "is not valid UTF-8"}
	}
	errs := []error{
		check(a.Title, "title"), check(a.Subtitle, "subtitle"), check(a.Language, "language"), check(a.Source, "source"), check(a.Page, "page"),
		check(a.Section, "section"), check(a.Dateline, "dateline"), check(a.Agency, "agency"), check(a.URL, "url"),
	}
	for i, text := range a.Authors {
		errs = append(errs, check(text, "authors[%d]", i))
	}
	for i, text := range a.Keywords {
		errs = append(errs, check(text, "keywords[%d]", i))
	}
	for i, c := range a.Captions {
		errs = append(errs, check(c.Text, "captions[%d].text", i), check(c.Credit, "captions[%d].credit", i))
	}
	for i, p := range a.Paragraphs {
		errs = append(errs, check(p.Text, "paragraphs[%d].text", i))
	}
	for i, s := range a.Statements {
		errs = append(errs, check(s.Speaker, "statements[%d].speaker", i), check(s.Cue, "statements[%d].cue", i))
	}
	for key, value := range a.Attributes {
		errs = append(errs, check(key+value, "attributes[%q]", key))
	}
	return cmp.Or(errs...)
}

// ValidateID reports, as an *InvalidError about field, why id cannot name an article.
func ValidateID(field, id string) error {
	switch {
	case id == "":
		return &InvalidError{field, "is empty"}
	case len(id) > MaxIDLength:
		return &InvalidError{field, fmt.Sprintf("%d bytes, at most %d", len(id), MaxIDLength)}
	case strings.ToValidUTF8(id, "") != id:
		return &InvalidError{field, "is not valid UTF-8"}
	case strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return &InvalidError{field, "holds a control character"}
	}
	return nil
}

// ValidateCorpus reports, as an *InvalidError, why a name cannot be a corpus.
func ValidateCorpus(name string) error {
	if len(name) > MaxCorpusLength {
		return &InvalidError{"corpus", fmt.Sprintf("%d bytes, at most %d", len(name), MaxCorpusLength)}
	}
	return ValidateID("corpus", name)
}

// ParseDate reads a date of the form YYYY-MM-DD, and refuses one that is not in the calendar.
func ParseDate(s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a date of the form YYYY-MM-DD that exists", s)
	}
	return t, nil
}

// SparseVector is a vector given by its non-zero places, indices ascending and unique.
type SparseVector struct {
	Indices []uint32
	Values  []float32
}

// Band says what a score means in its corpus with its embedder, weakest first.
type Band int

// The bands.
const (
	AnyBand   Band = iota // as a minimum: no limit
	Weak                  // hardly more alike than any two
	SameTopic             // about the same matter
	SameStory             // about the same event
	SameText              // a reprint, or the same words again
)

func (b Band) String() string {
	switch b {
	case Weak:
		return "WEAK"
	case SameTopic:
		return "SAME_TOPIC"
	case SameStory:
		return "SAME_STORY"
	case SameText:
		return "SAME_TEXT"
	}
	return "ANY"
}

// Seed is what a query starts from: an id or a text, not both.
type Seed struct {
	ID       string // of an article or, where statements are asked for, of a statement
	Text     string
	Negative bool // look away from it
}

// Filter limits what may be an answer. Lists are "one of"; an empty field does not limit.
type Filter struct {
	IDs              []string // of articles
	Languages        []string
	PublishedFrom    string // YYYY-MM-DD, inclusive
	PublishedBefore  string // YYYY-MM-DD, exclusive
	Sections         []string
	Sources          []string
	Speakers         []string // of a statement; of an article: one of those it quotes
	ExcludedSpeakers []string
	Kind             Kind // of a statement
	Keywords         []string
	ExcludedIDs      []string // of articles
}

// Errors that callers tell apart with errors.Is; server/status.go gives each its gRPC code.
var (
	ErrNotFound    = errors.New("not found")
	ErrUnavailable = errors.New("unavailable")
	ErrEmbedder    = errors.New("the embedder failed") // with ErrUnavailable when it may answer later
	ErrMismatch    = errors.New("the embedder is not the one that made the stored vectors")
	ErrSetup       = errors.New("the embedder is not set up rightly") // no text can be embedded before something is changed
	ErrFull        = errors.New("no room left")
)

// InvalidError says which field of an input is wrong, and what is wrong with it.
type InvalidError struct {
	Field   string // path: "seeds[2].text"
	Problem string // "is empty"
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }
