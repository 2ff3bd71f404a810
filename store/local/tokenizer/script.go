package tokenizer

import "unicode"

// script is the writing system of a character, as the detector that Qdrant uses groups them: Chinese characters and kana
// are one, and what belongs to none (digits, ASCII punctuation, most signs) is other.
type script int

const (
	other script = iota
	latin
	greek
	cyrillic
	arabicScript
	hebrew
	thai
	chinese // Chinese characters, and kana
	georgian
	armenian
	rest // any other system that is written with letters
)

// ranges of the scripts, in the order in which they are tried. They are ranges of code points, not Unicode's scripts: full-width
// punctuation counts as Hangul (rest here), and thus ends a run of Chinese.
var ranges = []struct {
	script script
	table  *unicode.RangeTable
}{
	{latin, table(0x41, 0x5A, 0x61, 0x7A, 0x80, 0x2AF, 0x1D00, 0x1DBF, 0x1E00, 0x1EFF, 0x2100, 0x214F, 0x2C60, 0x2C7F, 0xA720, 0xA7FF, 0xAB30, 0xAB6F)},
	{cyrillic, table(0x400, 0x484, 0x487, 0x52F, 0x2DE0, 0x2DFF, 0xA640, 0xA69D, 0xA69F, 0xA69F)},
	{arabicScript, table(0x600, 0x6FF, 0x750, 0x7FF, 0x8A0, 0x8FF, 0xFB50, 0xFDFF, 0xFE70, 0xFEFF, 0x10E60, 0x10E7F, 0x1EE00, 0x1EEFF)},
	{hebrew, table(0x590, 0x5FF)},
	{georgian, table(0x10A0, 0x10FF)},
	{chinese, han},
	{chinese, kana},
	{greek, table(0x370, 0x3FF)},
	{thai, table(0xE00, 0xE7F)},
	{armenian, table(0x530, 0x58F)},
	// Devanagari to Sinhala, Myanmar, Hangul, Ethiopic, Khmer, more Hangul, full-width forms.
	{rest, table(0x900, 0xDFF, 0x1000, 0x109F, 0x1100, 0x139F, 0x1780, 0x17FF, 0x19E0, 0x19FF, 0x1CD0, 0x1CFF, 0x2D80, 0x2DDF, 0x3130, 0x318F,
		0x3200, 0x32FF, 0xA8E0, 0xA8FF, 0xA960, 0xA97F, 0xAB00, 0xAB2F, 0xAC00, 0xD7FF, 0xFF00, 0xFFEF)},
}

var (
	han = table(0x2E80, 0x2E99, 0x2E9B, 0x2EF3, 0x2F00, 0x2FD5, 0x3005, 0x3005, 0x3007, 0x3007, 0x3021, 0x3029, 0x3038, 0x303B, 0x3400, 0x4DB5,
		0x4E00, 0x9FCC, 0xF900, 0xFA6D, 0xFA70, 0xFAD9)
	kana = table(0x3040, 0x30FF)
)

// table makes a table of the firsts and lasts of ranges.
func table(bounds ...uint32) *unicode.RangeTable {
	t := &unicode.RangeTable{}
	for i := 0; i < len(bounds); i += 2 {
		t.R32 = append(t.R32, unicode.Range32{Lo: bounds[i], Hi: bounds[i+1], Stride: 1})
	}
	return t
}

func scriptOf(r rune) script {
	switch {
	case r < 'A' || r > 'Z' && r < 'a' || r > 'z' && r < 0x80:
		return other
	case r < 0x80:
		return latin
	}
	for _, s := range ranges {
		if unicode.Is(s.table, r) {
			return s.script
		}
	}
	return other
}

// japanese tells whether a text counts as Japanese: more than one in twenty of its Chinese characters and kana is a kana.
func japanese(text string) bool {
	characters, kanas := 0, 0
	for _, r := range text {
		switch {
		case unicode.Is(kana, r):
			kanas++
		case unicode.Is(han, r):
			characters++
		}
	}
	return kanas > 0 && float64(kanas)/float64(characters+kanas) > 0.05
}

// mostlyJapanese tells whether a text is Japanese as a whole: Chinese characters, or one of the two kana, are the most
// frequent of all scripts, and it counts as Japanese.
func mostlyJapanese(text string) bool {
	var counts [rest + 1]int
	var kanas [2]int // hiragana, katakana
	for _, r := range text {
		if s := scriptOf(r); s != chinese || unicode.Is(han, r) {
			counts[s]++
		} else if r < 0x30A0 {
			kanas[0]++
		} else {
			kanas[1]++
		}
	}
	most := max(counts[chinese], kanas[0], kanas[1])
	for s := latin; s <= rest; s++ {
		if s != chinese && counts[s] >= most {
			return false
		}
	}
	return japanese(text)
}
