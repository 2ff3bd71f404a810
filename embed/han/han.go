// Package han writes Chinese characters in one script. A text may be printed in simplified characters in one town and in traditional ones in another, and says the same.
package han

import (
	_ "embed" // the list
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/simplified.txt
var simplifications string

// simplified maps the traditional characters of the basic plane to the simplified ones. A line of the file has a simplified character and the traditional ones that it stands for.
var simplified = sync.OnceValue(func() *[1 << 16]uint16 {
	table := new([1 << 16]uint16)
	for line := range strings.Lines(simplifications) {
		simple, size := utf8.DecodeRuneInString(line)
		for _, traditional := range strings.TrimSpace(line[size:]) {
			table[traditional] = uint16(simple)
		}
	}
	return table
})

// Simplify returns the simplified form of a traditional character, and any other as it is. Where one character has several simplified forms, it is the commonest.
func Simplify(r rune) rune {
	if r >= 0x3400 && r < 1<<16 {
		if simple := simplified()[r]; simple != 0 {
			return rune(simple)
		}
	}
	return r
}
