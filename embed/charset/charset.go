// Package charset turns the bytes of a text into UTF-8, in whatever encoding they are.
// The bytes decide: a declared charset is wrong so often that it only breaks ties, and names the encodings of one byte
// a letter, which no statistics of a short text tell apart.
package charset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	utf16 "golang.org/x/text/encoding/unicode"
)

// Why bytes cannot be decoded; Decode returns them wrapped, met with errors.Is.
var (
	ErrEncoding = errors.New("unknown encoding")
	ErrBinary   = errors.New("not a text")
)

// Options of Decode. The zero value is right for plain text, of which nothing is known.
type Options struct {
	// Declared is the charset that a header or the text itself names; empty when none does. One that does not exist counts as none.
	Declared string
	// Markup is for pages of the Web, which browsers show whatever is wrong with them: a few bad bytes in UTF-8 become U+FFFD,
	// and a text of Latin letters in no other encoding is windows-1252, as the HTML standard has it.
	Markup bool
}

// sampleSize is how many bytes are looked at in order to tell one encoding from another, beginning with the first that is not ASCII.
const sampleSize = 64 << 10

// Decode returns data as UTF-8, without a byte order mark. It is, in this order: what its byte order mark says; UTF-8
// if it is valid; the one of GB18030, Big5, Shift_JIS, EUC-KR and EUC-JP in which it reads as running text; and the
// charset declared. Bytes at the end that are the beginning of a character are dropped, so that a text cut anywhere is read.
//
// GB2312 and GBK are decoded as GB18030, which holds both: pages declare the first and use all of the last.
func Decode(data []byte, opts Options) ([]byte, error) {
	if text, ok := bytes.CutPrefix(data, []byte("\xEF\xBB\xBF")); ok {
		data = text
	}
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		return decodeUTF16(data)
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return nil, fmt.Errorf("%w: a NUL at byte %d", ErrBinary, at)
	}
	data = trimPartialRune(data)
	bad := invalidUTF8(data)
	if bad < 0 {
		return data, nil
	}
	if mostlyUTF8(data) {
		if opts.Markup {
			return bytes.ToValidUTF8(data, []byte("\uFFFD")), nil
		}
		return nil, fmt.Errorf("%w: UTF-8 but for byte %d (0x%02x)", ErrEncoding, bad, data[bad])
	}
	if text, ok := decodeEastAsian(data, bad, opts); ok {
		return text, nil
	}
	if text, ok := decodeSingleByte(data, opts); ok {
		return text, nil
	}
	return nil, fmt.Errorf("%w: neither UTF-8 nor GB18030, Big5, Shift_JIS, EUC-KR, EUC-JP: byte %d (0x%02x)", ErrEncoding, bad, data[bad])
}

// Printable, as a mapping of a decoded text, drops the control characters, which XML does not allow and no text needs.
func Printable(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
		return -1
	}
	return r
}

func decodeUTF16(data []byte) ([]byte, error) {
	if len(data)%2 == 1 {
		data = data[:len(data)-1]
	}
	text, err := utf16.UTF16(utf16.LittleEndian, utf16.ExpectBOM).NewDecoder().Bytes(data)
	if err != nil {
		return nil, fmt.Errorf("%w: UTF-16: %w", ErrEncoding, err)
	}
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return nil, fmt.Errorf("%w: a NUL in UTF-16", ErrBinary)
	}
	return text, nil
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

// mostlyUTF8 reports whether data is UTF-8 with some wrong bytes: the bytes of no other encoding make characters of
// three bytes by chance as often as they fail to.
func mostlyUTF8(data []byte) bool {
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
	return wide >= wrong
}

// decodeSingleByte decodes what is declared to have one byte a letter, and markup of Latin letters.
func decodeSingleByte(data []byte, opts Options) ([]byte, bool) {
	declared, err := htmlindex.Get(strings.TrimSpace(opts.Declared))
	_, single := declared.(*charmap.Charmap)
	if err != nil || !single {
		if !opts.Markup || !looksLatin(data) {
			return nil, false
		}
		declared = charmap.Windows1252
	}
	text, ok := decodeStrictly(data, declared)
	return text, ok && !bytes.ContainsFunc(text, isC1)
}

// isC1 is true of the control characters that stand where an encoding has no letter.
func isC1(r rune) bool { return r >= 0x80 && r < 0xA0 && r != 0x85 }

// looksLatin reports whether few letters are outside ASCII, as in the languages that windows-1252 is for.
func looksLatin(data []byte) bool {
	ascii, other := 0, 0
	for _, b := range data {
		switch {
		case b >= 0x80:
			other++
		case 'a' <= b|0x20 && b|0x20 <= 'z':
			ascii++
		}
	}
	return other*4 <= ascii
}

func decodeStrictly(data []byte, e encoding.Encoding) ([]byte, bool) {
	text, err := e.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || bytes.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Co, r) }) {
		return nil, false
	}
	return text, true
}
