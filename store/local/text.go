package local

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qdrant/go-client/qdrant"
	"golang.org/x/text/unicode/norm"
)

// analyzer turns texts into the tokens of a text index.
//
// The multilingual tokenizer takes the marks off letters and makes them small, whatever the parameters say, as Qdrant's does.
// It has no dictionary: of a run of Chinese characters, of kana, Thai or the like it takes every character and every two
// neighbours, so that a word is found wherever it stands. Qdrant segments such a run into words.
type analyzer struct {
	tokenizer qdrant.TokenizerType
	keepCase  bool
	foldASCII bool
	phrases   bool
	minLen    int // in characters
	maxLen    int // 0: no limit
	stopwords map[string]bool
}

func newAnalyzer(p *qdrant.TextIndexParams) (*analyzer, error) {
	a := &analyzer{
		tokenizer: p.GetTokenizer(),
		keepCase:  p.Lowercase != nil && !p.GetLowercase(),
		foldASCII: p.GetAsciiFolding(),
		phrases:   p.GetPhraseMatching(),
		minLen:    int(min(p.GetMinTokenLen(), 1<<20)),
		maxLen:    int(min(p.GetMaxTokenLen(), 1<<20)),
	}
	if p.GetTokenizer() == qdrant.TokenizerType_Unknown {
		return nil, invalid("unknown tokenizer type")
	}
	if p.GetStemmer() != nil {
		return nil, unimplemented("text index with a stemmer: leave the stemmer out, or index stems as keywords")
	}
	a.stopwords = map[string]bool{}
	for _, w := range p.GetStopwords().GetCustom() {
		if !a.keepCase {
			w = strings.ToLower(w)
		}
		a.stopwords[w] = true
	}
	if len(p.GetStopwords().GetLanguages()) > 0 {
		return nil, unimplemented("text index with stopwords of a language: list them as custom stopwords")
	}
	return a, nil
}

// document returns the tokens that text is found by, in their order.
func (a *analyzer) document(text string) []string {
	var tokens []string
	if a.tokenizer != qdrant.TokenizerType_Prefix {
		a.words(text, func(word string) {
			if t, ok := a.token(word, true); ok {
				tokens = append(tokens, t)
			}
		})
		return tokens
	}
	a.words(text, func(word string) {
		t, ok := a.token(word, false)
		if !ok {
			return
		}
		n := 0
		for end := range t {
			if n >= max(1, a.minLen) && (a.maxLen == 0 || n <= a.maxLen) {
				tokens = append(tokens, t[:end])
			}
			n++
		}
		if n >= max(1, a.minLen) && (a.maxLen == 0 || n <= a.maxLen) {
			tokens = append(tokens, t)
		}
	})
	return tokens
}

// query returns the tokens to look for.
func (a *analyzer) query(text string) []string {
	if a.tokenizer != qdrant.TokenizerType_Prefix {
		return a.document(text)
	}
	var tokens []string
	a.words(text, func(word string) {
		word = a.normal(word)
		if utf8.RuneCountInString(word) < a.minLen {
			return
		}
		if a.maxLen > 0 {
			word = string([]rune(word)[:min(a.maxLen, utf8.RuneCountInString(word))])
		}
		tokens = append(tokens, word)
	})
	return tokens
}

func (a *analyzer) normal(word string) string {
	if a.foldASCII {
		word = foldASCII(word)
	}
	if !a.keepCase {
		word = strings.ToLower(word)
	}
	return word
}

// token makes a word a token, or drops it.
func (a *analyzer) token(word string, limitLength bool) (string, bool) {
	word = a.normal(word)
	if a.stopwords[word] {
		return "", false
	}
	n := utf8.RuneCountInString(word)
	return word, n >= a.minLen && !(limitLength && a.maxLen > 0 && n > a.maxLen)
}

func (a *analyzer) words(text string, yield func(string)) {
	switch a.tokenizer {
	case qdrant.TokenizerType_Whitespace:
		for word := range strings.FieldsSeq(text) {
			yield(word)
		}
	case qdrant.TokenizerType_Multilingual:
		for word := range strings.FieldsFuncSeq(norm.NFKC.String(text), notAlphanumeric) {
			splitScripts(word, yield)
		}
	default:
		for word := range strings.FieldsFuncSeq(text, notAlphanumeric) {
			yield(word)
		}
	}
}

func notAlphanumeric(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Other_Alphabetic, r)
}

// unspaced are the scripts that are written without spaces between words.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

func splitScripts(word string, yield func(string)) {
	runes := []rune(word)
	for i := 0; i < len(runes); {
		joined := unicode.In(runes[i], unspaced...)
		end := i + 1
		for end < len(runes) && unicode.In(runes[end], unspaced...) == joined {
			end++
		}
		if part := string(runes[i:end]); joined {
			pairs(runes[i:end], yield)
		} else if strings.ContainsFunc(part, unicode.IsLetter) {
			yield(strings.ToLower(foldASCII(part)))
		}
		i = end
	}
}

// pairs yields every two neighbours of a run, or the one character that it is.
func pairs(run []rune, yield func(string)) {
	if len(run) == 1 {
		yield(string(run))
		return
	}
	for i := range run[1:] {
		yield(string(run[i : i+2]))
	}
}

// foldASCII takes the marks off letters: "é" becomes "e".
func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// stringsOf lists the strings among the values of a field, those in arrays included.
func stringsOf(values []*qdrant.Value) []string {
	var out []string
	for _, v := range values {
		anyOf(v, func(v *qdrant.Value) bool {
			if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok {
				out = append(out, s.StringValue)
			}
			return false
		})
	}
	return out
}

// tokensOf returns the tokens of all strings among the values of a field, in their order.
func (a *analyzer) tokensOf(values []*qdrant.Value) []string {
	var tokens []string
	for _, s := range stringsOf(values) {
		tokens = append(tokens, a.document(s)...)
	}
	return tokens
}

// termsOf returns what the values of a field are found by: their tokens and, of unspaced scripts, every single character.
func (a *analyzer) termsOf(values []*qdrant.Value) []string {
	terms := a.tokensOf(values)
	if a.tokenizer != qdrant.TokenizerType_Multilingual {
		return terms
	}
	for _, t := range terms[:len(terms):len(terms)] {
		if r, size := utf8.DecodeRuneInString(t); size < len(t) && unicode.In(r, unspaced...) {
			last, _ := utf8.DecodeLastRuneInString(t)
			terms = append(terms, string(r), string(last))
		}
	}
	return terms
}

// textQuery is a text condition on a field with a text index.
type textQuery struct {
	*analyzer
	tokens []string
	any    bool // one token is enough
	phrase bool // the tokens stand side by side, in order
}

// impossible tells that no text matches: there is nothing to look for, or phrases are not indexed.
func (q *textQuery) impossible() bool { return len(q.tokens) == 0 || q.phrase && !q.phrases }

func (q *textQuery) matches(values []*qdrant.Value) bool {
	return !q.impossible() && q.holds(values)
}

func (q *textQuery) holds(values []*qdrant.Value) bool {
	if len(q.tokens) == 0 {
		return false
	}
	if q.phrase {
		tokens := q.tokensOf(values)
		for i := range tokens {
			if i+len(q.tokens) <= len(tokens) && slices.Equal(tokens[i:i+len(q.tokens)], q.tokens) {
				return true
			}
		}
		return false
	}
	terms := q.termsOf(values)
	found := func(t string) bool { return slices.Contains(terms, t) }
	if q.any {
		return slices.ContainsFunc(q.tokens, found)
	}
	return !slices.ContainsFunc(q.tokens, func(t string) bool { return !found(t) })
}
