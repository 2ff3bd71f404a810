package store

import (
	"strconv"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// The payload of an article's point, beside the fields that it is found by.
const (
	fieldTitle      = "title"
	fieldSubtitle   = "subtitle"
	fieldPage       = "page"
	fieldDateline   = "dateline"
	fieldAgency     = "agency"
	fieldAuthors    = "authors"
	fieldCaptions   = "captions"
	fieldParagraphs = "paragraphs"
	fieldStatements = "statements"
	fieldURL        = "url"
	fieldAttributes = "attributes"
	fieldBrief      = "brief"   // what decides an article's place among hundreds of candidates, in one field that is soon read: see brief
	fieldWords      = "words"   // of a statement: Passage.Words
	fieldDigests    = "digests" // of the heading's and the paragraphs' texts, as they were embedded

	// Of a statement's point, beside the fields that it is found by and what its article lends it.
	fieldNumber     = "number" // in the article, from 1
	fieldText       = "text"
	fieldCue        = "cue"
	fieldKind       = "kind"
	fieldConfidence = "confidence"
	fieldParagraph  = "paragraph"
	fieldStart      = "start"
	fieldEnd        = "end"
	fieldDigest     = "digest" // of the text that was embedded
)

// heavy are the fields that only a whole article shows.
var heavy = []string{fieldParagraphs, fieldStatements, fieldCaptions, fieldDigests}

// payload builds a point's payload; what is empty is absent.
type payload map[string]*qdrant.Value

func (p payload) text(field, value string) {
	if value != "" {
		p[field] = qdrant.NewValueString(value)
	}
}

func (p payload) number(field string, value int) { p[field] = qdrant.NewValueInt(int64(value)) }

func (p payload) texts(field string, values []string) {
	if len(values) > 0 {
		list := make([]*qdrant.Value, len(values))
		for i, v := range values {
			list[i] = qdrant.NewValueString(v)
		}
		p[field] = qdrant.NewValueFromList(list...)
	}
}

func (p payload) list(field string, n int, item func(i int, p payload)) {
	if n == 0 {
		return
	}
	list := make([]*qdrant.Value, n)
	for i := range list {
		fields := payload{}
		item(i, fields)
		list[i] = qdrant.NewValueFromFields(fields)
	}
	p[field] = qdrant.NewValueFromList(list...)
}

func texts(v *qdrant.Value) []string {
	var out []string
	for _, item := range v.GetListValue().GetValues() {
		out = append(out, item.GetStringValue())
	}
	return out
}

// foundBy is what every point of an article is found by.
func foundBy(corpus string, d *Document) payload {
	a, p := &d.Article, payload{}
	p.text(fieldCorpus, corpus)
	p.text(fieldArticle, a.ID)
	p.text(fieldRevision, d.Revision)
	p.text(fieldFamily, d.Family)
	p.text(fieldLanguage, a.Language)
	p.text(fieldPublished, a.PublishedDate)
	p.text(fieldSection, a.Section)
	p.text(fieldSource, a.Source)
	p.texts(fieldKeyword, a.Keywords)
	return p
}

func articlePayload(corpus string, d *Document) payload {
	a := &d.Article
	p := foundBy(corpus, d)
	p.origin(d.Origin)
	p.text(fieldRole, roleArticle)
	p.texts(fieldSpeaker, a.Speakers())
	p.text(fieldTitle, a.Title)
	p.text(fieldSubtitle, a.Subtitle)
	p.text(fieldPage, a.Page)
	p.text(fieldDateline, a.Dateline)
	p.text(fieldAgency, a.Agency)
	p.texts(fieldAuthors, a.Authors)
	p.text(fieldURL, a.URL)
	p.text(fieldAddress, address(a.URL))
	p.text(fieldBrief, brief{a.ID, a.Language, a.PublishedDate, d.Words, d.Sketch}.encode())
	digests := make([]string, 0, 1+len(d.Paragraphs))
	for _, passage := range d.passages() {
		digests = append(digests, passage.Digest)
	}
	p.texts(fieldDigests, digests)
	p.list(fieldCaptions, len(a.Captions), func(i int, p payload) {
		p.text("text", a.Captions[i].Text)
		p.text("credit", a.Captions[i].Credit)
	})
	paragraphs := make([]string, len(a.Paragraphs))
	for i := range a.Paragraphs {
		paragraphs[i] = a.Paragraphs[i].Text
	}
	p.texts(fieldParagraphs, paragraphs)
	p.list(fieldStatements, len(a.Statements), func(i int, p payload) {
		statementFields(p, &a.Statements[i])
	})
	if len(a.Attributes) > 0 {
		attributes := payload{}
		for k, v := range a.Attributes {
			attributes[k] = qdrant.NewValueString(v)
		}
		p[fieldAttributes] = qdrant.NewValueFromFields(attributes)
	}
	return p
}

// partPayload is found as its article is, and read as a candidate.
func partPayload(corpus string, d *Document, part Part) payload {
	a := &d.Article
	p := foundBy(corpus, d)
	p.text(fieldRole, rolePart)
	p.texts(fieldSpeaker, a.Speakers())
	p.text(fieldBrief, brief{a.ID, a.Language, a.PublishedDate, part.Words, d.Sketch}.encode())
	return p
}

func statementFields(p payload, s *akin.Statement) {
	p.text(fieldText, s.Text)
	p.text(fieldSpeaker, s.Speaker)
	p.text(fieldCue, s.Cue)
	p.text(fieldKind, string(s.Kind))
	p[fieldConfidence] = qdrant.NewValueDouble(s.Confidence)
	p.number(fieldParagraph, s.Paragraph)
	p.number(fieldStart, s.Start)
	p.number(fieldEnd, s.End)
}

// articleFrom reads what articlePayload wrote; fields that were not asked for stay empty.
func articleFrom(p map[string]*qdrant.Value) akin.Article {
	a := akin.Article{
		ID:            p[fieldArticle].GetStringValue(),
		Title:         p[fieldTitle].GetStringValue(),
		Subtitle:      p[fieldSubtitle].GetStringValue(),
		Language:      p[fieldLanguage].GetStringValue(),
		PublishedDate: p[fieldPublished].GetStringValue(),
		Source:        p[fieldSource].GetStringValue(),
		Page:          p[fieldPage].GetStringValue(),
		Section:       p[fieldSection].GetStringValue(),
		Dateline:      p[fieldDateline].GetStringValue(),
		Agency:        p[fieldAgency].GetStringValue(),
		Authors:       texts(p[fieldAuthors]),
		Keywords:      texts(p[fieldKeyword]),
		URL:           p[fieldURL].GetStringValue(),
	}
	for _, c := range p[fieldCaptions].GetListValue().GetValues() {
		fields := c.GetStructValue().GetFields()
		a.Captions = append(a.Captions, akin.Caption{Text: fields["text"].GetStringValue(), Credit: fields["credit"].GetStringValue()})
	}
	for _, text := range texts(p[fieldParagraphs]) {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: text})
	}
	for _, s := range p[fieldStatements].GetListValue().GetValues() {
		a.Statements = append(a.Statements, statementFrom(s.GetStructValue().GetFields()))
	}
	for k, v := range p[fieldAttributes].GetStructValue().GetFields() {
		if a.Attributes == nil {
			a.Attributes = map[string]string{}
		}
		a.Attributes[k] = v.GetStringValue()
	}
	a.Place()
	return a
}

func statementFrom(p map[string]*qdrant.Value) akin.Statement {
	return akin.Statement{
		Text:       p[fieldText].GetStringValue(),
		Speaker:    p[fieldSpeaker].GetStringValue(),
		Cue:        p[fieldCue].GetStringValue(),
		Kind:       akin.Kind(p[fieldKind].GetStringValue()),
		Confidence: p[fieldConfidence].GetDoubleValue(),
		Paragraph:  int(p[fieldParagraph].GetIntegerValue()),
		Start:      int(p[fieldStart].GetIntegerValue()),
		End:        int(p[fieldEnd].GetIntegerValue()),
	}
}

// statementPayload carries what a list of statements shows of their article, so that it is answered without asking for articles.
func statementPayload(corpus string, d *Document, i int) payload {
	a, s := &d.Article, &d.Article.Statements[i]
	p := foundBy(corpus, d)
	statementFields(p, s)
	p.number(fieldNumber, i+1)
	p.text(fieldTitle, a.Title)
	p.number(fieldWords, d.Statements[i].Words)
	p.text(fieldDigest, d.Statements[i].Digest)
	return p
}

// brief is what is read of each candidate. Its parts are joined by tabs; the id, which may hold any character but control characters, comes last.
type brief struct {
	id, language, date string
	words              int
	sketch             string
}

func (b brief) encode() string {
	return strings.Join([]string{b.language, b.date, strconv.Itoa(b.words), b.sketch, b.id}, "\t")
}

func briefFrom(p map[string]*qdrant.Value) brief {
	parts := strings.SplitN(p[fieldBrief].GetStringValue(), "\t", 5)
	if len(parts) < 5 {
		return brief{}
	}
	words, _ := strconv.Atoi(parts[2])
	return brief{language: parts[0], date: parts[1], words: words, sketch: parts[3], id: parts[4]}
}
