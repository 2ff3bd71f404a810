// Package tokenizer turns texts into the tokens of a text index, as Qdrant 1.16.3 does.
//
// What is done to a token depends on the order: marks are taken off, then letters are made small, then stop words are
// dropped, then the stem is taken, and only then is the length looked at. The multilingual tokenizer does these things on
// top of its own: it has already taken marks off and made letters small, whatever the parameters say.
package tokenizer

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qdrant/go-client/qdrant"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// ErrUnknown is met with errors.Is where a tokenizer or a language is not one of Qdrant's; ErrMissing where it is one of
// Qdrant's that is not built in here.
var (
	ErrUnknown = errors.New("unknown")
	ErrMissing = errors.New("not built in")
)

// Tokenizer is what the parameters of a text index make of texts. It is safe for concurrent use.
type Tokenizer struct {
	kind      qdrant.TokenizerType
	lowercase bool
	fold      bool
	phrases   bool
	minLen    int // of a token, in characters; 0 by default
	maxLen    int // noLimit by default
	stopwords map[string]bool
	stem      func(string) string // nil leaves words as they are
}

const noLimit = 1 << 30

// New makes a tokenizer; without parameters, one of words. Parameters that are not set mean: no limits of length, lowercase, nothing else. It rewrites the
// parameters to the form in which Qdrant answers them: languages by their full names, lists in order and without doubles.
func New(p *qdrant.TextIndexParams) (*Tokenizer, error) {
	if p == nil {
		p = &qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Word}
	}
	t := &Tokenizer{
		kind:      p.GetTokenizer(),
		lowercase: p.Lowercase == nil || p.GetLowercase(),
		fold:      p.GetAsciiFolding(),
		phrases:   p.GetPhraseMatching(),
		minLen:    int(min(p.GetMinTokenLen(), noLimit)),
		maxLen:    noLimit,
	}
	if p.MaxTokenLen != nil {
		t.maxLen = int(min(p.GetMaxTokenLen(), noLimit))
	}
	if t.kind == qdrant.TokenizerType_Unknown || qdrant.TokenizerType_name[int32(t.kind)] == "" {
		return nil, &parameterError{"unknown tokenizer type", ErrUnknown}
	}
	var err error
	if t.stopwords, err = stopwords(p.GetStopwords(), t.lowercase); err != nil {
		return nil, err
	}
	if snowball := p.GetStemmer().GetSnowball(); snowball != nil {
		t.stem, err = stemmer(snowball)
	}
	return t, err
}

// parameterError is a parameter that cannot be had, and which of the two errors it is.
type parameterError struct {
	message string
	kind    error
}

func (e *parameterError) Error() string { return e.message }
func (e *parameterError) Unwrap() error { return e.kind }

// Phrases tells whether phrases can be looked for.
func (t *Tokenizer) Phrases() bool { return t.phrases }

// Document returns the tokens of a text in their order. Of a tokenizer of prefixes these are all beginnings of each word.
func (t *Tokenizer) Document(text string) []string {
	var tokens []string
	if t.kind == qdrant.TokenizerType_Prefix {
		for word := range strings.FieldsFuncSeq(text, notAlphanumeric) {
			if word, ok := t.token(word, false); ok {
				tokens = t.appendPrefixes(tokens, word)
			}
		}
		return tokens
	}
	t.words(text, func(word string) {
		if word, ok := t.token(word, true); ok {
			tokens = append(tokens, word)
		}
	})
	return tokens
}

// appendPrefixes appends the beginnings of a word, from the shortest that is allowed to the longest.
func (t *Tokenizer) appendPrefixes(tokens []string, word string) []string {
	n := 0
	for end := range word {
		if n >= max(1, t.minLen) && n <= t.maxLen {
			tokens = append(tokens, word[:end])
		}
		n++
	}
	if n <= t.maxLen {
		tokens = append(tokens, word)
	}
	return tokens
}

// Query returns the tokens to look for. Of a tokenizer of prefixes it is one for each word, and stop words are kept:
// they may begin a longer word.
func (t *Tokenizer) Query(text string) []string {
	if t.kind != qdrant.TokenizerType_Prefix {
		return t.Document(text)
	}
	var tokens []string
	for word := range strings.FieldsFuncSeq(text, notAlphanumeric) {
		word = t.stemmed(t.normal(word))
		n := utf8.RuneCountInString(word)
		if n < t.minLen {
			continue
		}
		if n > t.maxLen {
			word = string([]rune(word)[:t.maxLen])
		}
		tokens = append(tokens, word)
	}
	return tokens
}

// Terms returns what a text is found by when the order of its tokens does not matter: its tokens and, where they are made
// of neighbours for want of a dictionary, single characters too.
func (t *Tokenizer) Terms(text string) []string {
	terms := t.Document(text)
	if t.kind != qdrant.TokenizerType_Multilingual {
		return terms
	}
	characters(text, func(character string) {
		if term, ok := t.token(character, true); ok {
			terms = append(terms, term)
		}
	})
	return terms
}

// words yields the words of a text as they stand in it; those of the multilingual tokenizer are normalized.
func (t *Tokenizer) words(text string, yield func(string)) {
	switch t.kind {
	case qdrant.TokenizerType_Whitespace:
		for word := range strings.FieldsSeq(text) {
			yield(word)
		}
	case qdrant.TokenizerType_Multilingual:
		multilingual(text, yield)
	default:
		for word := range strings.FieldsFuncSeq(text, notAlphanumeric) {
			yield(word)
		}
	}
}

// token makes a word a token, or drops it.
func (t *Tokenizer) token(word string, checkMaxLen bool) (string, bool) {
	word = t.normal(word)
	if t.stopwords[word] {
		return "", false
	}
	word = t.stemmed(word)
	n := utf8.RuneCountInString(word)
	return word, n >= t.minLen && !(checkMaxLen && n > t.maxLen)
}

func (t *Tokenizer) normal(word string) string {
	if t.fold {
		word = foldASCII(word)
	}
	if t.lowercase {
		word = lower(word)
	}
	return word
}

func (t *Tokenizer) stemmed(word string) string {
	if t.stem == nil {
		return word
	}
	return t.stem(word)
}

// lower makes letters small. A sigma is another letter at the end of a word, and a dotted I becomes two characters.
func lower(s string) string {
	if strings.ContainsAny(s, "Σİ") {
		return cases.Lower(language.Und).String(s)
	}
	return strings.ToLower(s)
}

func alphabetic(r rune) bool {
	return unicode.IsLetter(r) || unicode.In(r, unicode.Nl, unicode.Other_Alphabetic)
}

func notAlphanumeric(r rune) bool { return !alphabetic(r) && !unicode.IsNumber(r) }
