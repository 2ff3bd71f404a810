package tokenizer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin/store/local/tokenizer"
	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"
)

// params makes the parameters of an index.
func params(kind qdrant.TokenizerType, set ...func(*qdrant.TextIndexParams)) *qdrant.TextIndexParams {
	p := &qdrant.TextIndexParams{Tokenizer: kind}
	for _, s := range set {
		s(p)
	}
	return p
}

func lengths(least, most uint64) func(*qdrant.TextIndexParams) {
	return func(p *qdrant.TextIndexParams) { p.MinTokenLen, p.MaxTokenLen = &least, &most }
}

func stop(languages ...string) func(*qdrant.TextIndexParams) {
	return func(p *qdrant.TextIndexParams) { p.Stopwords = &qdrant.StopwordsSet{Languages: languages} }
}

func custom(words ...string) func(*qdrant.TextIndexParams) {
	return func(p *qdrant.TextIndexParams) { p.Stopwords = &qdrant.StopwordsSet{Custom: words} }
}

func stems(language string) func(*qdrant.TextIndexParams) {
	return func(p *qdrant.TextIndexParams) {
		p.Stemmer = qdrant.NewStemmingAlgorithmSnowball(&qdrant.SnowballParams{Language: language})
	}
}

func keepCase(p *qdrant.TextIndexParams) { p.Lowercase = qdrant.PtrOf(false) }
func folding(p *qdrant.TextIndexParams)  { p.AsciiFolding = qdrant.PtrOf(true) }

const (
	word         = qdrant.TokenizerType_Word
	whitespace   = qdrant.TokenizerType_Whitespace
	prefix       = qdrant.TokenizerType_Prefix
	multilingual = qdrant.TokenizerType_Multilingual
)

func TestTokens(t *testing.T) {
	for _, row := range []struct {
		name        string
		params      *qdrant.TextIndexParams
		text        string
		want, query string // tokens, with a space between them; query "": as want
	}{
		{"no parameters", nil, "The OLD mill", "the old mill", ""},
		{"words", params(word), "The OLD mill, 1890-ish", "the old mill 1890 ish", ""},
		{"words keep an unspaced run whole", params(word), "木桥村在 河边", "木桥村在 河边", ""},
		{"a sigma at the end of a word", params(word), "ΟΔΟΣ", "οδος", ""},
		{"whitespace keeps marks", params(whitespace, keepCase), "The OLD mill,\u00a0now", "The OLD mill, now", ""},
		{"no token is longer than nothing", params(word, lengths(0, 0)), "the mill", "", ""},

		{"prefixes", params(prefix, lengths(2, 3)), "Mill by", "mi mil by", "mil by"},
		{"prefixes end where their word does", params(prefix), "oak", "o oa oak", "oak"},
		{"a word below the least length has no prefixes", params(prefix, lengths(3, 9)), "by oak", "oak", ""},
		{"a stop word begins others", params(prefix, lengths(3, 9), custom("the")), "the theory", "the theo theor theory", "the theory"},
		{"the beginnings of a stem", params(prefix, lengths(3, 4), stems("en")), "interestingly", "int inte", "inte"},

		{"lengths count characters", params(word, lengths(3, 4)), "été by mills mill", "été mill", ""},
		{"the length of a stem counts", params(word, lengths(1, 4), stems("english")), "mills bridges", "mill", ""},
		{"a stop word goes before its stem is taken", params(word, stop("en"), stems("en")), "being beings", "be", ""},
		{"stop words of two languages", params(word, stop("english", "es")), "the mill de la aldea", "mill aldea", ""},
		{"stop words with apostrophes", params(whitespace, stop("english")), "You'll mend it", "mend", ""},
		{"custom stop words are small where letters are kept", params(word, keepCase, custom("The")), "The the", "The", ""},
		{"stop words are compared when marks are off", params(word, folding, custom("ete")), "Été mill", "mill", ""},
		{"Chinese stop words", params(multilingual, stop("zh")), "我们的磨坊", "磨坊", ""},

		{"marks come off letters", params(word, folding), "Émile Straße Łódź ﬁn", "emile strasse lodz fin", ""},
		{"other letters keep theirs", params(word, folding), "йод がく", "йод がく", ""},
		{"marks stay", params(word), "Émile", "émile", ""},

		{"multilingual words are normalized", params(multilingual, keepCase), "Émile's Œuvre, 2024", "emile s oeuvre", ""},
		{"multilingual words with digits", params(multilingual), "B2B 3D 1890", "b2b 3d", ""},
		{"Chinese words of two characters", params(multilingual), "老人在河边修理木桥。", "老人 在 河边 修理 木桥", ""},
		{"a long word falls into words of two and three", params(multilingual), "中华人民共和国", "中华 人民 共和 国", ""},
		{"words of three characters", params(multilingual), "巧克力", "巧克力", ""},
		{"the more probable way to cut", params(multilingual), "研究生命起源", "研究 生命 起源", ""},
		{"Chinese with letters and digits", params(multilingual), "第3届Mill杯，票价20元", "第 届 mill 杯 票价 元", ""},
		{"traditional characters", params(multilingual), "磨坊與橋", "磨坊 與 橋", ""},
		{"Japanese falls into neighbours", params(multilingual), "水車は古いですね Mill", "水車 車は は古 古い いで です すね mill", ""},
		{"kana stay whole in a text that is mostly Latin", params(multilingual), "水車は古い Millstone", "水車は古い millstone", ""},
		{"the article is cut off Arabic", params(multilingual), "الشجرة", "ال شجره", ""},
		{"Greek and Cyrillic", params(multilingual), "Μύλος Мельница", "μυλοσ мельница", ""},
		{"Korean is cut at spaces", params(multilingual, lengths(1, 99)), "물레방아 마을", norm.NFKD.String("물레방아 마을"), ""},
		{"multilingual stems", params(multilingual, stems("english")), "Turning mills", "turn mill", ""},
		{"nothing", params(multilingual), " ，。", "", ""},
	} {
		tok, err := tokenizer.New(row.params)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got := strings.Join(tok.Document(row.text), " "); got != row.want {
			t.Errorf("%s: %q: want %q, got %q", row.name, row.text, row.want, got)
		}
		if row.query == "" {
			row.query = row.want
		}
		if got := strings.Join(tok.Query(row.text), " "); got != row.query {
			t.Errorf("%s, as a query: %q: want %q, got %q", row.name, row.text, row.query, got)
		}
	}
}

// TestTerms holds that one character is found where there is no dictionary, and only there.
func TestTerms(t *testing.T) {
	tok, err := tokenizer.New(params(multilingual))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"水車は古い":  "水車 車は は古 古い 水 車 は 古 い",
		"老人修理木桥": "老人 修理 木桥",
	} {
		if got := strings.Join(tok.Terms(text), " "); got != want {
			t.Errorf("%q: want %q, got %q", text, want, got)
		}
	}
}

func TestParametersAreRewritten(t *testing.T) {
	got := &qdrant.TextIndexParams{
		Tokenizer: word,
		Stopwords: &qdrant.StopwordsSet{Languages: []string{"es", "english", "en"}, Custom: []string{"Mill", "brook", "mill"}},
		Stemmer:   qdrant.NewStemmingAlgorithmSnowball(&qdrant.SnowballParams{Language: "en"}),
	}
	if _, err := tokenizer.New(got); err != nil {
		t.Fatal(err)
	}
	want := &qdrant.TextIndexParams{
		Tokenizer: word,
		Stopwords: &qdrant.StopwordsSet{Languages: []string{"english", "spanish"}, Custom: []string{"brook", "mill"}},
		Stemmer:   qdrant.NewStemmingAlgorithmSnowball(&qdrant.SnowballParams{Language: "english"}),
	}
	if !proto.Equal(got, want) {
		t.Error(cmp.Diff(want.String(), got.String()))
	}
}

func TestParametersThatCannotBeHad(t *testing.T) {
	for _, row := range []struct {
		name   string
		params *qdrant.TextIndexParams
		want   error
	}{
		{"no tokenizer", params(qdrant.TokenizerType_Unknown), tokenizer.ErrUnknown},
		{"a tokenizer of the future", params(99), tokenizer.ErrUnknown},
		{"a language that Qdrant does not know", params(word, stop("klingon")), tokenizer.ErrUnknown},
		{"a language with a capital letter", params(word, stop("English")), tokenizer.ErrUnknown},
		{"a list that is not built in", params(word, stop("ar")), tokenizer.ErrMissing},
		{"a stemmer that Qdrant does not know", params(word, stems("chinese")), tokenizer.ErrUnknown},
		{"a stemmer that is not built in", params(word, stems("el")), tokenizer.ErrMissing},
	} {
		if _, err := tokenizer.New(row.params); !errors.Is(err, row.want) {
			t.Errorf("%s: want %v, got %v", row.name, row.want, err)
		}
	}
}

// FuzzTokens holds that any text can be cut, that its tokens keep to the limits, and that a text is found by itself.
func FuzzTokens(f *testing.F) {
	f.Add("The old mill 老人在河边 水車は古い โรงสี", byte(0))
	f.Add("a\xff\x00科", byte(3))
	f.Fuzz(func(t *testing.T, text string, kind byte) {
		kinds := []qdrant.TokenizerType{word, whitespace, prefix, multilingual}
		tok, err := tokenizer.New(params(kinds[int(kind)%len(kinds)], lengths(1, 12), folding, stems("english")))
		if err != nil {
			t.Fatal(err)
		}
		terms := tok.Terms(text)
		for _, token := range append(tok.Query(text), terms...) {
			if n := len([]rune(token)); n < 1 || n > 12 {
				t.Fatalf("%q: token %q has %d characters", text, token, n)
			}
		}
		for _, token := range tok.Query(text) {
			if !slices.Contains(terms, token) {
				t.Fatalf("%q is not found by its token %q: %q", text, token, terms)
			}
		}
	})
}

func BenchmarkChinese(b *testing.B) {
	tok, err := tokenizer.New(params(multilingual))
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("老人在河边修理木桥，磨坊的水车已经停了三年。村里的孩子们说，他们听见过水下的钟声。", 50)
	tok.Document(text) // reads the dictionary
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Document(text)
	}
}
