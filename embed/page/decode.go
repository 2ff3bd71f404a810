package page

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const byteOrderMark = "\uFEFF"

// decode returns data as UTF-8 text with line feeds, without control characters.
func decode(data []byte) (string, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		return "", fmt.Errorf("%w: it is UTF-16", ErrEncoding)
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return "", fmt.Errorf("%w: a NUL at byte %d", ErrBinary, at)
	}
	// A page that was cut in the middle of its last character loses that one, not all the others.
	data = trimPartialRune(data)
	bad := invalidUTF8(data)
	if bad >= 0 {
		text, ok := decodeGB18030(data)
		if !ok {
			return "", fmt.Errorf("%w: byte %d (0x%02x)", ErrEncoding, bad, data[bad])
		}
		data = text
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

// trimPartialRune cuts off the bytes of a character that data ends in the middle of.
func trimPartialRune(data []byte) []byte {
	for n := 1; n < utf8.UTFMax && n < len(data); n++ {
		last := data[len(data)-n:]
		if utf8.RuneStart(last[0]) {
			if last[0] >= utf8.RuneSelf && !utf8.FullRune(last) && utf8.Valid(data[:len(data)-n]) {
				return data[:len(data)-n]
			}
			break
		}
	}
	return data
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

// decodeGB18030 decodes data if it is plainly Chinese in that encoding. Nearly any bytes decode as GB18030 to
// something, so it also wants the letters to be ideographs for the most part, and it refuses UTF-8 with a few wrong
// bytes, which would come out as ideographs too, but as nonsense.
func decodeGB18030(data []byte) ([]byte, bool) {
	wide, wrong := 0, 0
	for at := 0; at < len(data); {
		r, n := utf8.DecodeRune(data[at:])
		switch {
		case n == 3:
			wide++
		case r == utf8.RuneError:
			wrong++
		}
		at += n
	}
	if wide >= wrong {
		return nil, false
	}
	if n := len(data); n > 0 && data[n-1] >= 0x81 {
		// The first half of a character that the page was cut in; a second half would not be missed here.
		if text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data); err != nil || bytes.HasSuffix(text, []byte("\uFFFD")) {
			data = data[:n-1]
		}
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, false
	}
	han, other := 0, 0
	for _, r := range string(text) {
		switch {
		case unicode.Is(unicode.Co, r):
			return nil, false // private use: no text
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.IsLetter(r):
			other++
		}
	}
	return text, han > other
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
