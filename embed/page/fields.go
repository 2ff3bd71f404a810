package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/akinserver/akin"
)

// otherNames maps the names that fields go by elsewhere to ours, all without underscores and in lower case. Where two
// of them fill one field, ours wins, then the first in alphabetical order; the others are attributes.
var otherNames = map[string]string{
	"headline": "title",
	"lang":     "language",
	"date":     "publisheddate", "published": "publisheddate", "publishedat": "publisheddate", "publishdate": "publisheddate",
	"pubdate": "publisheddate", "datepublished": "publisheddate", "publishtime": "publisheddate",
	"category": "section",
	"author":   "authors", "byline": "authors",
	"tags": "keywords", "keyword": "keywords",
	"text": "paragraphs", "body": "paragraphs", "content": "paragraphs", "articlebody": "paragraphs",
	"link": "url",
}

// articleFrom reads the fields of an article. Its errors are *akin.InvalidError.
func articleFrom(fields map[string]any) (akin.Article, error) {
	var a akin.Article
	set := map[string]bool{} // fields of ours that are filled
	names := slices.SortedFunc(maps.Keys(fields), func(x, y string) int {
		if px, py := priority(x), priority(y); px != py {
			return px - py
		}
		return strings.Compare(x, y)
	})
	for _, name := range names {
		value := fields[name]
		if value == nil {
			continue
		}
		ours := plain(name)
		if other, ok := otherNames[ours]; ok {
			ours = other
		}
		read, known := readers[ours]
		if !known || set[ours] {
			if text, ok := scalar(value); ok && !(ours == "paragraphs" && known) {
				SetAttribute(&a, name, text)
			}
			continue
		}
		if err := read(&a, value, name); err != nil {
			return a, err
		}
		set[ours] = set[ours] || ours != "attributes"
	}
	if err := placeStatements(&a); err != nil {
		return a, err
	}
	return a, nil
}

// priority puts our own names before others' and paragraphs before statements.
func priority(name string) int {
	switch _, other := otherNames[plain(name)]; {
	case other:
		return 1
	case readers[plain(name)] == nil:
		return 2
	}
	return 0
}

func plain(name string) string { return strings.ToLower(joined.Replace(name)) }

// joined takes out what parts the words of a name.
var joined = strings.NewReplacer("_", "", "-", "")

type reader func(a *akin.Article, value any, field string) error

var readers map[string]reader

func init() {
	text := func(field func(*akin.Article) *string, orNumber bool) reader {
		return func(a *akin.Article, value any, name string) (err error) {
			*field(a), err = textOf(value, name, orNumber)
			return err
		}
	}
	readers = map[string]reader{
		"id":            text(func(a *akin.Article) *string { return &a.ID }, true),
		"title":         text(func(a *akin.Article) *string { return &a.Title }, false),
		"subtitle":      text(func(a *akin.Article) *string { return &a.Subtitle }, false),
		"language":      text(func(a *akin.Article) *string { return &a.Language }, false),
		"source":        text(func(a *akin.Article) *string { return &a.Source }, false),
		"page":          text(func(a *akin.Article) *string { return &a.Page }, true),
		"section":       text(func(a *akin.Article) *string { return &a.Section }, false),
		"dateline":      text(func(a *akin.Article) *string { return &a.Dateline }, false),
		"agency":        text(func(a *akin.Article) *string { return &a.Agency }, false),
		"url":           text(func(a *akin.Article) *string { return &a.URL }, false),
		"publisheddate": readDate,
		"authors": func(a *akin.Article, value any, name string) (err error) {
			a.Authors, err = textsOf(value, name, "、；;")
			return err
		},
		"keywords": func(a *akin.Article, value any, name string) (err error) {
			a.Keywords, err = textsOf(value, name, "、，,；;|")
			return err
		},
		"captions":   readCaptions,
		"paragraphs": readParagraphs,
		"statements": readStatements,
		"attributes": readAttributes,
	}
}

func readDate(a *akin.Article, value any, field string) error {
	s, err := textOf(value, field, false)
	if err != nil || s == "" {
		return err
	}
	date, from, _, found, err := findDate(s)
	switch {
	case err != nil:
		return &akin.InvalidError{Field: field, Problem: err.Error()}
	case !found || from > 0:
		return &akin.InvalidError{Field: field, Problem: fmt.Sprintf("%q is not a date", cut(s))}
	}
	a.PublishedDate = date
	if strings.ContainsRune(s, ':') {
		SetAttribute(a, field, s) // the time of day
	}
	return nil
}

func readCaptions(a *akin.Article, value any, field string) error {
	list, err := listOf(value, field)
	for i, item := range list {
		var c akin.Caption
		where := fmt.Sprintf("%s[%d]", field, i)
		if fields, ok := item.(map[string]any); ok {
			if c.Text, err = textOf(fields["text"], where+".text", false); err == nil {
				c.Credit, err = textOf(fields["credit"], where+".credit", false)
			}
		} else {
			c.Text, err = textOf(item, where, false)
		}
		if err != nil {
			return err
		}
		if c != (akin.Caption{}) {
			a.Captions = append(a.Captions, c)
		}
	}
	return err
}

// readParagraphs reads a list of paragraphs, each an object or a string, or one string with a paragraph a line.
// In a list each keeps its text as it is, since statements count its runes.
func readParagraphs(a *akin.Article, value any, field string) error {
	if s, ok := value.(string); ok {
		for _, l := range split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)) {
			a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: l.text})
		}
		return nil
	}
	list, err := listOf(value, field)
	if err != nil {
		return err
	}
	for i, item := range list {
		where := fmt.Sprintf("%s[%d]", field, i)
		if fields, ok := item.(map[string]any); ok {
			item, where = fields["text"], where+".text"
			if item == nil {
				return &akin.InvalidError{Field: where, Problem: "is missing"}
			}
		}
		text, ok := item.(string)
		if !ok {
			return wrongType(where, "a string", item)
		}
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: text})
	}
	return nil
}

func readStatements(a *akin.Article, value any, field string) error {
	list, err := listOf(value, field)
	if err != nil {
		return err
	}
	for i, item := range list {
		where := fmt.Sprintf("%s[%d]", field, i)
		fields, ok := item.(map[string]any)
		if !ok {
			return wrongType(where, "an object", item)
		}
		s, err := statementFrom(fields, where)
		if err != nil {
			return err
		}
		a.Statements = append(a.Statements, s)
	}
	return nil
}

func statementFrom(fields map[string]any, where string) (s akin.Statement, err error) {
	text := func(name string) (t string) {
		if err == nil {
			t, err = textOf(fields[name], where+"."+name, false)
		}
		return t
	}
	whole := func(name string) (n int) {
		if err == nil && fields[name] != nil {
			n, err = intOf(fields[name], where+"."+name)
		}
		return n
	}
	// A statement's own text is not trimmed: it must be what its span cuts out.
	if raw, ok := fields["text"].(string); ok {
		s.Text = raw
	} else {
		s.Text = text("text")
	}
	s.Speaker, s.Cue = text("speaker"), text("cue")
	s.Kind = kindFrom(text("kind"))
	s.Paragraph, s.Start, s.End = whole("paragraph"), whole("start"), whole("end")
	if err == nil && fields["confidence"] != nil {
		s.Confidence, err = floatOf(fields["confidence"], where+".confidence")
	}
	return s, err
}

// kindFrom reads a kind as JSON or as protocol buffers write it: "direct", "DIRECT", "KIND_DIRECT".
func kindFrom(s string) akin.Kind {
	switch k := strings.TrimPrefix(strings.ToLower(s), "kind_"); k {
	case "unspecified":
		return ""
	case string(akin.Direct), string(akin.Indirect):
		return akin.Kind(k)
	}
	return akin.Kind(s)
}

// placeStatements finds the place of statements that say no span: the first where their text stands.
func placeStatements(a *akin.Article) error {
	for i := range a.Statements {
		s := &a.Statements[i]
		if s.Start != 0 || s.End != 0 || s.Text == "" {
			continue
		}
		for p := s.Paragraph; p < len(a.Paragraphs) && p >= 0; p++ {
			if before, _, ok := strings.Cut(a.Paragraphs[p].Text, s.Text); ok {
				s.Paragraph, s.Start = p, len([]rune(before))
				s.End = s.Start + len([]rune(s.Text))
				break
			}
		}
		if s.End == 0 {
			return &akin.InvalidError{Field: fmt.Sprintf("statements[%d].text", i), Problem: "does not stand in the paragraphs"}
		}
	}
	return nil
}

func readAttributes(a *akin.Article, value any, field string) error {
	fields, ok := value.(map[string]any)
	if !ok {
		return wrongType(field, "an object", value)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] == nil {
			continue
		}
		text, ok := scalar(fields[name])
		if !ok {
			return wrongType(field+"."+name, "a string", fields[name])
		}
		SetAttribute(a, name, text)
	}
	return nil
}

// textOf returns a string without the white space around it; nil is "".
func textOf(value any, field string, orNumber bool) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimFunc(v, isSpace), nil
	case json.Number:
		if orNumber {
			return v.String(), nil
		}
	}
	return "", wrongType(field, "a string", value)
}

// textsOf returns a list of strings or numbers, or the parts of one string; objects count by their name.
func textsOf(value any, field, separators string) ([]string, error) {
	var texts []string
	if s, ok := value.(string); ok {
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if part = strings.TrimFunc(part, isSpace); part != "" {
				texts = append(texts, part)
			}
		}
		return texts, nil
	}
	list, err := listOf(value, field)
	for i, item := range list {
		where := fmt.Sprintf("%s[%d]", field, i)
		if fields, ok := item.(map[string]any); ok && fields["name"] != nil {
			item, where = fields["name"], where+".name"
		}
		text, err := textOf(item, where, true)
		if err != nil {
			return nil, err
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts, err
}

func listOf(value any, field string) ([]any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, wrongType(field, "a list", value)
	}
	return list, nil
}

func intOf(value any, field string) (int, error) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, wrongType(field, "a whole number", value)
	}
	i, err := strconv.Atoi(n.String())
	if err != nil {
		return 0, &akin.InvalidError{Field: field, Problem: fmt.Sprintf("want a whole number, got %s", cut(n.String()))}
	}
	return i, nil
}

func floatOf(value any, field string) (float64, error) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, wrongType(field, "a number", value)
	}
	f, err := n.Float64()
	if err != nil {
		return 0, &akin.InvalidError{Field: field, Problem: fmt.Sprintf("want a number, got %s", cut(n.String()))}
	}
	return f, nil
}

// scalar returns the text of a string, number or truth value.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func wrongType(field, want string, got any) error {
	return &akin.InvalidError{Field: field, Problem: fmt.Sprintf("want %s, got %s", want, kindOf(got))}
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	}
	return "an object"
}

// cut shortens what an error quotes.
func cut(s string) string {
	if p := prefix(s, 40); p != "" && p != s {
		return p + "…"
	}
	return s
}
