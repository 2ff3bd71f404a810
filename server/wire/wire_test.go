package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/wire"
)

// TestNothingIsLost goes there and back with a message that has every field.
func TestNothingIsLost(t *testing.T) {
	want := &akinv1.Article{
		Id: "a", Title: "title", Subtitle: "subtitle", Language: "zh", PublishedDate: "2014-05-20", Source: "source", Page: "02",
		Section: "section", Dateline: "dateline", Agency: "agency", Authors: []string{"one"}, Keywords: []string{"19"},
		Captions:   []*akinv1.Caption{{Text: "text", Credit: "credit"}},
		Paragraphs: []*akinv1.Paragraph{{Text: "大坝"}, {Text: "林远山说，好。", Offset: 3, ByteOffset: 7}},
		Statements: []*akinv1.Statement{
			{Id: "a#1", Text: "好。", Speaker: "林远山", Cue: "说", Kind: akinv1.Kind_KIND_INDIRECT, Confidence: 0.9, Paragraph: 1, Start: 5, End: 7},
		},
		Url: "url", Attributes: map[string]string{"site": "archive"},
	}
	everyFieldSet(t, want.ProtoReflect())
	article := wire.ArticleFrom(want)
	if got := wire.Article(&article); !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestReadPrintsTheAPIsJSON holds that what akin read prints of an article is the JSON of the API's message.
func TestReadPrintsTheAPIsJSON(t *testing.T) {
	article := akin.Article{
		ID: "a", Title: "<title>", PublishedDate: "2014-05-20", Keywords: []string{"19"}, Captions: []akin.Caption{{Text: "text", Credit: "credit"}},
		Paragraphs: []akin.Paragraph{{Text: "大坝"}, {Text: "林远山说，“好。”"}},
		Statements: []akin.Statement{
			{Text: "大坝", Kind: akin.Indirect, Confidence: 0.5, End: 2},
			{Text: "好。", Speaker: "林远山", Cue: "说", Kind: akin.Direct, Confidence: 0.95, Paragraph: 1, Start: 6, End: 8},
		},
		Attributes: map[string]string{"site": "archive"},
	}
	article.Place()
	line, err := page.JSON(article)
	if err != nil {
		t.Fatal(err)
	}
	var got akinv1.Article
	if err := protojson.Unmarshal(line, &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if want := wire.Article(&article); !proto.Equal(&got, want) {
		t.Errorf("got  %v\nwant %v", &got, want)
	}
}

func everyFieldSet(t *testing.T, m protoreflect.Message) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if !m.Has(fields.Get(i)) {
			t.Errorf("the test leaves %s empty", fields.Get(i).FullName())
		}
	}
}

func TestFilter(t *testing.T) {
	m := &akinv1.Filter{
		Languages: []string{"zh"}, PublishedFrom: "2014-01-01", PublishedBefore: "2015-01-01", Sections: []string{"a"}, Sources: []string{"b"},
		Speakers: []string{"c"}, ExcludedSpeakers: []string{"d"}, Keywords: []string{"e"}, ExcludedIds: []string{"f"}, Ids: []string{"g"}, Kind: akinv1.Kind_KIND_DIRECT,
	}
	everyFieldSet(t, m.ProtoReflect())
	want := akin.Filter{
		Languages: []string{"zh"}, PublishedFrom: "2014-01-01", PublishedBefore: "2015-01-01", Sections: []string{"a"}, Sources: []string{"b"},
		Speakers: []string{"c"}, ExcludedSpeakers: []string{"d"}, Keywords: []string{"e"}, ExcludedIDs: []string{"f"}, IDs: []string{"g"}, Kind: akin.Direct,
	}
	if diff := cmp.Diff(want, wire.Filter(m)); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

func TestKindOfNoNameIsRefusedLater(t *testing.T) {
	a := wire.ArticleFrom(&akinv1.Article{
		Id: "a", Paragraphs: []*akinv1.Paragraph{{Text: "x"}}, Statements: []*akinv1.Statement{{Text: "x", Kind: 7, End: 1}},
	})
	if err := a.Validate(); err == nil {
		t.Error("a statement of kind 7 is valid")
	}
}
