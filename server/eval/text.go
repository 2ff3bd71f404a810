package eval

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/akinserver/akin"
)

// titleForBody is a line of JSON with the title put in place of a body that it lacks.
func titleForBody(text []byte) ([]byte, bool) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var fields map[string]any
	if err := in.Decode(&fields); err != nil {
		return nil, false
	}
	for _, name := range []string{"title", "headline"} {
		if title, ok := fields[name].(string); ok && strings.TrimSpace(title) != "" {
			fields["paragraphs"] = []string{title}
			whole, err := json.Marshal(fields)
			return whole, err == nil
		}
	}
	return nil, false
}

// textOf is all of a document's text: heading and body, unless the body repeats the title.
func textOf(a *akin.Article) string {
	var parts []string
	for _, part := range []string{a.Title, a.Subtitle} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, p := range a.Paragraphs {
		if p.Text != a.Title {
			parts = append(parts, p.Text)
		}
	}
	return strings.Join(parts, "\n")
}

// asStatement is an article that says nothing but one statement: all of the document's body, by nobody known.
func asStatement(a akin.Article) akin.Article {
	texts := make([]string, len(a.Paragraphs))
	for i, p := range a.Paragraphs {
		texts[i] = p.Text
	}
	text := strings.TrimSpace(strings.Join(texts, " "))
	a.Paragraphs = []akin.Paragraph{{Text: text}}
	a.Statements = []akin.Statement{{Text: text, Kind: akin.Indirect, Confidence: 1, End: len([]rune(text))}}
	return a
}
