package page_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
)

func readLines(in string) (articles []akin.Article, errs []string) {
	for line, err := range page.Lines(strings.NewReader(in)) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		articles = append(articles, line.Article)
	}
	return articles, errs
}

func TestLines(t *testing.T) {
	rows := []struct {
		name string
		in   string
		want akin.Article
	}{
		{
			"every field under its own name, offsets set anew",
			`{"id":"a","title":"T","subtitle":"S","language":"zh","publishedDate":"2014-05-20","source":"报","page":"02","section":"要闻","dateline":"临河","agency":"社","authors":["甲乙"],"keywords":["桥","19"],"captions":[{"text":"图","credit":"丙丁"}],"paragraphs":[{"text":"一桥。","offset":7,"byteOffset":9},{"text":"二桥。"}],"statements":[{"id":"x","text":"二桥","speaker":"甲乙","cue":"说","kind":"direct","confidence":0.123456789,"paragraph":1,"start":0,"end":2}],"url":"https://varn.example/a","attributes":{"editor":"戊己"}}`,
			akin.Article{
				ID: "a", Title: "T", Subtitle: "S", Language: "zh", PublishedDate: "2014-05-20", Source: "报", Page: "02", Section: "要闻", Dateline: "临河", Agency: "社",
				Authors: []string{"甲乙"}, Keywords: []string{"桥", "19"}, Captions: []akin.Caption{{Text: "图", Credit: "丙丁"}},
				Paragraphs: []akin.Paragraph{{Text: "一桥。"}, {Text: "二桥。", Offset: 4, ByteOffset: 10}},
				Statements: []akin.Statement{{ID: "a#1", Text: "二桥", Speaker: "甲乙", Cue: "说", Kind: akin.Direct, Confidence: 0.123456789, Paragraph: 1, End: 2}},
				URL:        "https://varn.example/a", Attributes: map[string]string{"editor": "戊己"},
			},
		},
		{
			"names and shapes that others use",
			`{"id":12345678901234567890,"headline":"T","lang":"en","published_at":"2014-05-20T08:30:00+08:00","author":"Ruth Adler","tags":"桥, 19","page":2,"body":"One.\r\n\n　Two.\n","views":7,"paid":true,"vector":[0.1],"link":"u"}`,
			akin.Article{
				ID: "12345678901234567890", Title: "T", Language: "en", PublishedDate: "2014-05-20", Authors: []string{"Ruth Adler"}, Keywords: []string{"桥", "19"}, Page: "2", URL: "u",
				Paragraphs: []akin.Paragraph{{Text: "One."}, {Text: "Two.", Offset: 5, ByteOffset: 5}},
				Attributes: map[string]string{"published_at": "2014-05-20T08:30:00+08:00", "views": "7", "paid": "true"},
			},
		},
		{
			"our name comes before others', which become attributes",
			`{"id":"a","date":"2013-01-01","publishedDate":"2014-05-20","paragraphs":["One."],"text":"Other."}`,
			akin.Article{ID: "a", PublishedDate: "2014-05-20", Paragraphs: []akin.Paragraph{{Text: "One."}}, Attributes: map[string]string{"date": "2013-01-01"}},
		},
		{
			"null is absent, and a language is found",
			`{"id":"a","title":null,"text":"大桥通车了。","authors":null,"statements":[{"text":"通车","kind":"KIND_INDIRECT","speaker":null}]}`,
			akin.Article{
				ID: "a", Language: "zh", Paragraphs: []akin.Paragraph{{Text: "大桥通车了。"}},
				Statements: []akin.Statement{{ID: "a#1", Text: "通车", Kind: akin.Indirect, Start: 2, End: 4}},
			},
		},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			got, errs := readLines(tt.in)
			if len(errs) > 0 || len(got) != 1 {
				t.Fatalf("%s: %d articles, errors %q", tt.in, len(got), errs)
			}
			same(t, tt.want, got[0], tt.in)
		})
	}
}

// TestLinesErrors holds that a bad line is named with its field, and that the next line is read all the same.
func TestLinesErrors(t *testing.T) {
	rows := []struct{ name, in, want string }{
		{"no JSON", `nonsense`, `line 2: not JSON: invalid character 'o' in literal null (expecting 'u')`},
		{"an article over several lines", `{"id":"a",`, `line 2: not JSON: it ends too early; is the article spread over several lines?`},
		{"two values", `{"id":"a"}{}`, `line 2: more than one JSON value: the second begins after byte 10`},
		{"a list", `[{"id":"a"}]`, `line 2: want one article, a JSON object, got a list`},
		{"no id", `{"text":"One."}`, `line 2: id: is empty`},
		{"no body", `{"id":"a","title":"T"}`, `line 2: paragraphs: the article has no body`},
		{"an id of a wrong type", `{"id":["a"]}`, `line 2: id: want a string, got a list`},
		{"a title of a wrong type", `{"id":"a","title":7}`, `line 2: title: want a string, got a number`},
		{"a paragraph of a wrong type", `{"id":"a","paragraphs":[{"text":"One."},{"text":7}]}`, `line 2: paragraphs[1].text: want a string, got a number`},
		{"a paragraph without text", `{"id":"a","paragraphs":[{}]}`, `line 2: paragraphs[0].text: is missing`},
		{"a body of a wrong type", `{"id":"a","body":true}`, `line 2: body: want a list, got true or false`},
		{"a keyword of a wrong type", `{"id":"a","keywords":["a",{}]}`, `line 2: keywords[1]: want a string, got an object`},
		{"a date that does not exist", `{"id":"a","published_date":"2014-02-30","text":"One."}`, `line 2: published_date: "2014-02-30" is not a date that exists`},
		{"a date that is none", `{"id":"a","date":"yesterday","text":"One."}`, `line 2: date: "yesterday" is not a date`},
		{"a span outside its paragraph", `{"id":"a","text":"One.","statements":[{"text":"One","paragraph":0,"start":0,"end":9}]}`, `line 2: statements[0].start: runes 0 to 9 are not in a paragraph of 4`},
		{"a statement that is nowhere", `{"id":"a","text":"One.","statements":[{"text":"Two"}]}`, `line 2: statements[0].text: does not stand in the paragraphs`},
		{"a start that is no whole number", `{"id":"a","text":"One.","statements":[{"text":"One","start":0.5,"end":3}]}`, `line 2: statements[0].start: want a whole number, got 0.5`},
		{"a kind that is none", `{"id":"a","text":"One.","statements":[{"text":"One","kind":"loud"}]}`, `line 2: statements[0].kind: "loud" is neither "direct" nor "indirect"`},
		{"invalid UTF-8", "{\"id\":\"a\xff\"}", `line 2: unknown encoding: not UTF-8: byte 8 (0xff)`},
		{"a NUL", "{\"id\":\"a\x00\"}", `line 2: not a text: a NUL at byte 8`},
	}
	good := `{"id":"b","text":"Good."}`
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			articles, errs := readLines("\uFEFF" + good + "\r\n" + tt.in + "\n\n" + good)
			if len(errs) != 1 || errs[0] != tt.want {
				t.Errorf("errors %q, want %q", errs, tt.want)
			}
			if len(articles) != 2 {
				t.Errorf("%d articles beside the bad line, want 2", len(articles))
			}
		})
	}
}

// TestLongLine holds that a line beyond the limit is refused by its number, costs no memory, and loses nothing else.
func TestLongLine(t *testing.T) {
	const length = 50 << 20
	good := `{"id":"b","text":"Good."}` + "\n"
	in := io.MultiReader(
		strings.NewReader(good),
		io.LimitReader(repeat("a"), length), strings.NewReader("\n"),
		strings.NewReader(good),
	)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	var refused []error
	for line, err := range page.Lines(in) {
		if err != nil {
			if line.Number != 2 {
				t.Errorf("the error is of line %d, want 2", line.Number)
			}
			refused = append(refused, err)
			continue
		}
		n++
	}
	runtime.ReadMemStats(&after)
	if len(refused) != 1 || !errors.Is(refused[0], page.ErrTooLarge) || !strings.HasPrefix(refused[0].Error(), "line 2: too large: more than 16777216 bytes") {
		t.Errorf("errors %v, want one: line 2 is too large", refused)
	}
	if n != 2 {
		t.Errorf("%d articles beside the long line, want 2", n)
	}
	if held := after.TotalAlloc - before.TotalAlloc; held > 8*page.MaxLine {
		t.Errorf("%d bytes were allocated for a line of %d", held, length)
	}
}

type repeat string

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r[i%len(r)]
	}
	return len(p), nil
}

func TestLinesReaderError(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(`{"id":"b","text":"Good."}`+"\n"), iotest.ErrReader(broken))
	var got []string
	for line, err := range page.Lines(in) {
		if err != nil && !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
		got = append(got, fmt.Sprint(line.Number, err != nil))
	}
	if want := []string{"1 false", "2 true"}; !cmp.Equal(want, got) {
		t.Errorf("lines %q, want %q", got, want)
	}
}

func TestLinesStop(t *testing.T) {
	for range page.Lines(strings.NewReader("{}\n{}\n")) {
		break // a second call of yield would panic
	}
}

func TestJSON(t *testing.T) {
	want := talks
	want.ID = "talks <1>"
	want.Statements = []akin.Statement{{Text: "当前", Speaker: "林远山", Cue: "表示", Kind: akin.Indirect, Confidence: 0.95, Paragraph: 1, Start: 6, End: 8}}
	want.Place()
	data, err := page.JSON(want)
	if err != nil {
		t.Fatal(err)
	}
	got, errs := readLines(string(data))
	if len(errs) > 0 || len(got) != 1 {
		t.Fatalf("%s: %d articles, errors %q", data, len(got), errs)
	}
	if diff := cmp.Diff(want, got[0], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("JSON and back (-want +got):\n%s", diff)
	}
}

func TestIsJSON(t *testing.T) {
	rows := []struct {
		in   string
		want bool
	}{
		{`{"id":"a"}`, true},
		{"\uFEFF\n { \"id\": \"a\"}", true},
		{"{}", true},
		{"", false},
		{"关键词：\n", false},
		{"{大桥}通车", false},
		{"[1]", false},
	}
	for _, tt := range rows {
		if got := page.IsJSON([]byte(tt.in)); got != tt.want {
			t.Errorf("IsJSON(%q) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

// FuzzLines holds that whatever the bytes, an article that is yielded is valid, and says the same when written and read.
func FuzzLines(f *testing.F) {
	for _, in := range []string{
		`{"id":"a","text":"One.\nTwo.","date":"2014-05-20T08:00:00Z","statements":[{"text":"One"}]}`,
		`{"id":1e400,"paragraphs":[{"text":" "}]}`, `{"id":"\ud800","text":"\ud800"}`, "\uFEFF{}\n\n[]", `{"id":"a","text":"x","attributes":{"a":1,"b":null}}`,
		`{"id":"a","paragraphs":["x"],"statements":[{"start":-1,"end":-2,"paragraph":-3,"text":"x"}]}`, `{"ID":"a","Id":"b","id":"c","_id":"d","text":"x"}`,
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for line, err := range page.Lines(strings.NewReader(string(in))) {
			if err != nil {
				continue
			}
			a := line.Article
			if err := a.Validate(); err != nil {
				t.Fatalf("line %d of %q is not valid: %v", line.Number, in, err)
			}
			data, err := page.JSON(a)
			if err != nil {
				t.Fatal(err)
			}
			again, errs := readLines(string(data))
			if len(errs) > 0 || len(again) != 1 || !cmp.Equal(a, again[0], cmpopts.EquateEmpty()) {
				t.Fatalf("%s is read as %+v, errors %q, want %+v", data, again, errs, a)
			}
		}
	})
}
