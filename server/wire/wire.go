// Package wire turns akin's types into the messages of its API, and back.
// It checks nothing but what would be lost on the way: whoever receives a value validates it.
package wire

import (
	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// Article turns an article into its message.
func Article(a *akin.Article) *akinv1.Article {
	out := &akinv1.Article{
		Id:            a.ID,
		Title:         a.Title,
		Subtitle:      a.Subtitle,
		Language:      a.Language,
		PublishedDate: a.PublishedDate,
		Source:        a.Source,
		Page:          a.Page,
		Section:       a.Section,
		Dateline:      a.Dateline,
		Agency:        a.Agency,
		Authors:       a.Authors,
		Keywords:      a.Keywords,
		Url:           a.URL,
		Attributes:    a.Attributes,
	}
	for _, c := range a.Captions {
		out.Captions = append(out.Captions, &akinv1.Caption{Text: c.Text, Credit: c.Credit})
	}
	for _, p := range a.Paragraphs {
		out.Paragraphs = append(out.Paragraphs, &akinv1.Paragraph{
			Text: p.Text, Offset: int32(p.Offset), ByteOffset: int32(p.ByteOffset),
		})
	}
	for i := range a.Statements {
		out.Statements = append(out.Statements, Statement(&a.Statements[i]))
	}
	return out
}

// Statement turns a statement into its message.
func Statement(s *akin.Statement) *akinv1.Statement {
	return &akinv1.Statement{
		Id:         s.ID,
		Text:       s.Text,
		Speaker:    s.Speaker,
		Cue:        s.Cue,
		Kind:       kinds[s.Kind],
		Confidence: s.Confidence,
		Paragraph:  int32(s.Paragraph),
		Start:      int32(s.Start),
		End:        int32(s.End),
	}
}

var kinds = map[akin.Kind]akinv1.Kind{
	akin.Direct:   akinv1.Kind_KIND_DIRECT,
	akin.Indirect: akinv1.Kind_KIND_INDIRECT,
}

func kindFrom(k akinv1.Kind) akin.Kind {
	for kind, number := range kinds {
		if number == k {
			return kind
		}
	}
	if k == akinv1.Kind_KIND_UNSPECIFIED {
		return ""
	}
	return akin.Kind(k.String()) // a number that no kind has, for Validate to refuse
}

// ArticleFrom turns a message into an article with its places set.
func ArticleFrom(m *akinv1.Article) akin.Article {
	a := akin.Article{
		ID:            m.GetId(),
		Title:         m.GetTitle(),
		Subtitle:      m.GetSubtitle(),
		Language:      m.GetLanguage(),
		PublishedDate: m.GetPublishedDate(),
		Source:        m.GetSource(),
		Page:          m.GetPage(),
		Section:       m.GetSection(),
		Dateline:      m.GetDateline(),
		Agency:        m.GetAgency(),
		Authors:       m.GetAuthors(),
		Keywords:      m.GetKeywords(),
		URL:           m.GetUrl(),
		Attributes:    m.GetAttributes(),
	}
	for _, c := range m.GetCaptions() {
		a.Captions = append(a.Captions, akin.Caption{Text: c.GetText(), Credit: c.GetCredit()})
	}
	for _, p := range m.GetParagraphs() {
		a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: p.GetText()})
	}
	for _, s := range m.GetStatements() {
		a.Statements = append(a.Statements, akin.Statement{
			Text:       s.GetText(),
			Speaker:    s.GetSpeaker(),
			Cue:        s.GetCue(),
			Kind:       kindFrom(s.GetKind()),
			Confidence: s.GetConfidence(),
			Paragraph:  int(s.GetParagraph()),
			Start:      int(s.GetStart()),
			End:        int(s.GetEnd()),
		})
	}
	a.Place()
	return a
}

// Filter turns a message into a filter.
func Filter(m *akinv1.Filter) akin.Filter {
	return akin.Filter{
		Languages:        m.GetLanguages(),
		PublishedFrom:    m.GetPublishedFrom(),
		PublishedBefore:  m.GetPublishedBefore(),
		Sections:         m.GetSections(),
		Sources:          m.GetSources(),
		Speakers:         m.GetSpeakers(),
		ExcludedSpeakers: m.GetExcludedSpeakers(),
		Keywords:         m.GetKeywords(),
		ExcludedIDs:      m.GetExcludedIds(),
		IDs:              m.GetIds(),
		Kind:             kindFrom(m.GetKind()),
	}
}
