package page

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/charset"
)

const byteOrderMark = "\uFEFF"

// decode returns data as UTF-8 text with line feeds, without control characters.
func decode(data []byte) (string, error) {
	data, err := charset.Decode(data, charset.Options{})
	if err != nil {
		return "", err
	}
	controls, runes := 0, 0
	text := bytes.Map(func(r rune) rune {
		runes++
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n' // "\r\n" makes a blank line of every line end; see split
		case unicode.IsControl(r):
			controls++
			return -1
		}
		return r
	}, bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	if controls*20 > runes {
		return "", fmt.Errorf("%w: %d of %d characters are control characters", ErrBinary, controls, runes)
	}
	return string(text), nil
}

// invalidUTF8 returns the place of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return -1
}

// A line of a page that is not blank.
type line struct {
	number   int    // in the page, from 1
	text     string // without the white space around it
	indented bool   // stands in from the margin
	gap      int    // blank lines above it
}

func split(text string) []line {
	var lines []line
	number, gap := 0, 0
	for raw := range strings.SplitSeq(text, "\n") {
		number++
		trimmed := strings.TrimFunc(raw, isSpace)
		if trimmed == "" {
			gap++
			continue
		}
		indented := strings.HasPrefix(raw, "\u3000") || strings.HasPrefix(raw, "  ") || strings.HasPrefix(raw, "\t")
		lines = append(lines, line{number, trimmed, indented, gap})
		gap = 0
	}
	return lines
}

// isSpace reports whether r leaves no mark on paper: white space, or a character of no width.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r == '\uFEFF' || r >= '\u200B' && r <= '\u200F' || r == '\u2060'
}
