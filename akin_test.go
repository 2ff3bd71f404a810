package akin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
)

func article(change func(a *akin.Article)) akin.Article {
	a := akin.Article{
		ID:            "dam-1",
		Title:         "Dam to be strengthened",
		PublishedDate: "2014-05-20",
		Paragraphs:    []akin.Paragraph{{Text: "临河市政府说，工程下月开工。"}, {Text: "The work takes three years."}},
		Statements:    []akin.Statement{{Text: "工程下月开工。", Kind: akin.Indirect, Confidence: 0.9, Start: 7, End: 14}},
	}
	change(&a)
	return a
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(a *akin.Article)
		field  string // that is wrong; empty when nothing is
	}{
		{"a whole article", func(*akin.Article) {}, ""},
		{"an id with a slash and ideographs", func(a *akin.Article) { a.ID = "2014/05/水库" }, ""},
		{"no date", func(a *akin.Article) { a.PublishedDate = "" }, ""},
		{"no id", func(a *akin.Article) { a.ID = "" }, "id"},
		{"an id that is too long", func(a *akin.Article) { a.ID = strings.Repeat("x", akin.MaxIDLength+1) }, "id"},
		{"a line feed in the id", func(a *akin.Article) { a.ID = "a\nb" }, "id"},
		{"a date that does not exist", func(a *akin.Article) { a.PublishedDate = "2014-02-30" }, "published_date"},
		{"a date of another form", func(a *akin.Article) { a.PublishedDate = "20.5.2014" }, "published_date"},
		{"no body", func(a *akin.Article) { a.Paragraphs, a.Statements = nil, nil }, "paragraphs"},
		{"an empty paragraph", func(a *akin.Article) { a.Paragraphs[1].Text = " \u3000" }, "paragraphs[1].text"},
		{"invalid UTF-8", func(a *akin.Article) { a.Paragraphs[1].Text = "a\xff" }, "paragraphs[1].text"},
		{"attributes that are too long", func(a *akin.Article) {
			a.Attributes = map[string]string{"note": strings.Repeat("x", akin.MaxOtherLength)}
		}, "attributes"},
		{"too many keywords", func(a *akin.Article) { a.Keywords = slices.Repeat([]string{strings.Repeat("x", 1024)}, 1025) }, "attributes"},
		{"statements that are too long together", func(a *akin.Article) {
			a.Statements = slices.Repeat([]akin.Statement{{Text: strings.Repeat("x", 1<<20)}}, 9)
		}, "statements"},
		{"a body that is too long", func(a *akin.Article) { a.Paragraphs[1].Text = strings.Repeat("x", akin.MaxTextLength) }, "paragraphs"},
		{"a statement of a paragraph that is not there", func(a *akin.Article) { a.Statements[0].Paragraph = 2 }, "statements[0].paragraph"},
		{"a span beyond the paragraph", func(a *akin.Article) { a.Statements[0].End = 15 }, "statements[0].start"},
		{"a span of other words", func(a *akin.Article) { a.Statements[0].Start, a.Statements[0].End = 0, 7 }, "statements[0].text"},
		{"a kind that is none", func(a *akin.Article) { a.Statements[0].Kind = "loud" }, "statements[0].kind"},
		{"more than certain", func(a *akin.Article) { a.Statements[0].Confidence = 1.5 }, "statements[0].confidence"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := article(test.change)
			err := a.Validate()
			var invalid *akin.InvalidError
			switch {
			case test.field == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.field != "" && (!errors.As(err, &invalid) || invalid.Field != test.field):
				t.Errorf("got %v, want an error about %s", err, test.field)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	a := article(func(*akin.Article) {})
	a.Place()
	body := a.Paragraphs[0].Text + "\n" + a.Paragraphs[1].Text
	second := a.Paragraphs[1]
	if got := body[second.ByteOffset:]; got != second.Text {
		t.Errorf("the byte offset of the second paragraph cuts %q", got)
	}
	if got := string([]rune(body)[second.Offset:]); got != second.Text {
		t.Errorf("the rune offset of the second paragraph cuts %q", got)
	}
	if got := a.Statements[0].ID; got != "dam-1#1" {
		t.Errorf("the first statement is %q, want dam-1#1", got)
	}
}
