package tokenizer

import (
	_ "embed" // lists of stop words
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
	"github.com/qdrant/go-client/qdrant"
)

// stemmers are Snowball's of before its version 2, which are Qdrant's. A nil one is known to Qdrant and missing here.
var stemmers = map[string]func(*snowballstem.Env) bool{
	"arabic": arabic.Stem, "armenian": nil, "danish": danish.Stem, "dutch": dutch.Stem, "english": english.Stem, "finnish": finnish.Stem,
	"french": french.Stem, "german": german.Stem, "greek": nil, "hungarian": hungarian.Stem, "italian": italian.Stem, "norwegian": norwegian.Stem,
	"portuguese": portuguese.Stem, "romanian": romanian.Stem, "russian": russian.Stem, "spanish": spanish.Stem, "swedish": swedish.Stem,
	"tamil": tamil.Stem, "turkish": turkish.Stem,
}

// stemmerCodes and stopwordCodes are the short names that Qdrant takes for languages: they are its own, not all of ISO 639.
var stemmerCodes = map[string]string{
	"ar": "arabic", "hy": "armenian", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german", "el": "greek",
	"hu": "hungarian", "it": "italian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "es": "spanish", "sv": "swedish",
	"ta": "tamil", "tr": "turkish",
}

var stopwordCodes = map[string]string{
	"ar": "arabic", "az": "azerbaijani", "eu": "basque", "bn": "bengali", "ca": "catalan", "zh": "chinese", "da": "danish", "nl": "dutch", "en": "english",
	"fi": "finnish", "fr": "french", "de": "german", "el": "greek", "he": "hebrew", "hi-en": "hinglish", "hu": "hungarian", "id": "indonesian",
	"it": "italian", "jp": "japanese", "kk": "kazakh", "ne": "nepali", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
	"sl": "slovene", "es": "spanish", "sv": "swedish", "tg": "tajik", "tr": "turkish",
}

// stemmer returns what takes the stem of a word, and writes the language's full name into the parameters.
func stemmer(p *qdrant.SnowballParams) (func(string) string, error) {
	name, ok := fullName(p.GetLanguage(), stemmerCodes)
	if !ok {
		return nil, &parameterError{fmt.Sprintf("Language %q not found.", p.GetLanguage()), ErrUnknown}
	}
	stem := stemmers[name]
	if stem == nil {
		return nil, &parameterError{fmt.Sprintf("a stemmer for %s is not built in: leave it out, or index stems as keywords", name), ErrMissing}
	}
	p.Language = name
	return func(word string) string {
		env := snowballstem.NewEnv(word)
		stem(env)
		return env.Current()
	}, nil
}

func fullName(name string, codes map[string]string) (string, bool) {
	if full, ok := codes[name]; ok {
		return full, true
	}
	for _, full := range codes {
		if full == name {
			return full, true
		}
	}
	return "", false
}

//go:embed data/stopwords.txt
var stopwordLists string

// stopwordsOf holds the lists of stop words by language.
var stopwordsOf = sync.OnceValue(func() map[string][]string {
	lists := map[string][]string{}
	for line := range strings.Lines(stopwordLists) {
		words := strings.Fields(line)
		lists[words[0]] = words[1:]
	}
	return lists
})

// stopwords returns a set of stop words, and puts the parameters into order. Custom words are made small in any case.
func stopwords(p *qdrant.StopwordsSet, lowercase bool) (map[string]bool, error) {
	set := map[string]bool{}
	for i, name := range p.GetLanguages() {
		full, ok := fullName(name, stopwordCodes)
		if !ok {
			return nil, &parameterError{fmt.Sprintf("unknown language: unknown variant `%s`", name), ErrUnknown}
		}
		words, ok := stopwordsOf()[full]
		if !ok {
			return nil, &parameterError{fmt.Sprintf("stop words of %s are not built in: list them as custom stop words", full), ErrMissing}
		}
		p.Languages[i] = full
		for _, w := range words {
			if lowercase {
				w = lower(w)
			}
			set[w] = true
		}
	}
	for i, w := range p.GetCustom() {
		p.Custom[i] = lower(w)
		set[p.Custom[i]] = true
	}
	if p != nil {
		p.Languages, p.Custom = ordered(p.Languages), ordered(p.Custom)
	}
	return set, nil
}

func ordered(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
