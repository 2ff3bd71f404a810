package tokenizer

import (
	_ "embed" // the letters and what they become
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/folding.txt
var foldings string

// foldingOf holds what letters with marks, ligatures, and other forms of letters, digits and signs become: the table of
// Lucene's ASCIIFoldingFilter. A line of the file has a replacement and the characters that it replaces.
var foldingOf = sync.OnceValue(func() map[rune]string {
	table := map[rune]string{}
	for line := range strings.Lines(foldings) {
		replacement, runes, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		for _, r := range runes {
			table[r] = replacement
		}
	}
	return table
})

// foldASCII replaces letters by those of ASCII that they come from: "é" becomes "e", and "ß" becomes "ss".
func foldASCII(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if replacement, ok := foldingOf()[r]; ok {
			out.WriteString(replacement)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
