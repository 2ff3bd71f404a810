package family

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/akinserver/akin/embed/han"
	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/unicode/norm"
)

// Text is a text made ready to be laid beside others. It takes some hundred bytes a word: it is made, compared and thrown away.
type Text struct {
	tokens  []token
	opening []token         // what a paper puts before it
	digest  uint64          // of the tokens: of the words, whatever stands between these
	lower   map[string]bool // words that stand in it without a capital letter
}

// sort is what a token is.
type sort uint8

const (
	glyph  sort = iota // a character of a script without spaces
	word               // of letters
	number             // 12, 十二, twelve, March
)

// token is a word, a number, or a character, in the form in which it is compared.
type token struct {
	text    string
	hash    uint64
	sort    sort
	capital bool // begins with one, though no sentence begins here
	opens   bool // begins with one, where a sentence begins
	written rune // of a number that is one Chinese character, or 0: it may be part of a word
	apart   bool // something that is no letter stands before it
}

// Read makes a text ready. Its opening says who filed it, from where and when: reprints change that as they like.
func Read(opening, text string) Text {
	t := read(text)
	t.opening = read(opening).tokens
	return t
}

func read(text string) Text {
	r := reader{runes: []rune(norm.NFKC.String(text)), opening: true, text: Text{lower: map[string]bool{}}}
	for r.at < len(r.runes) {
		r.next()
	}
	digest := xxhash.New()
	for _, t := range r.text.tokens {
		_, _ = digest.WriteString(t.text)
		_, _ = digest.Write([]byte{0})
	}
	r.text.digest = digest.Sum64()
	return r.text
}

type reader struct {
	runes   []rune
	at      int
	opening bool // a sentence begins
	apart   bool
	text    Text
}

// next reads one token, or passes over what is none.
func (r *reader) next() {
	c, from := r.runes[r.at], r.at
	switch {
	case unicode.IsDigit(c):
		for r.at < len(r.runes) && (unicode.IsDigit(r.runes[r.at]) || inNumber(r.runes, r.at)) {
			r.at++
		}
		r.add(token{text: strings.ReplaceAll(string(r.runes[from:r.at]), ",", ""), sort: number})
	case isNumeral(c) || r.isWeekday(c):
		for r.at++; r.at < len(r.runes) && isNumeral(r.runes[r.at]) && !isMyriad(c) && !isMyriad(r.runes[r.at]); r.at++ {
		}
		t := token{text: chineseNumber(r.runes[from:r.at]), sort: number}
		if r.at == from+1 {
			t.written = han.Simplify(c)
		}
		r.add(t)
	case isGlyph(c):
		r.at++
		r.add(token{text: string(han.Simplify(c)), sort: glyph})
	case unicode.IsLetter(c):
		for r.at < len(r.runes) && (unicode.IsLetter(r.runes[r.at]) && !isGlyph(r.runes[r.at]) || unicode.IsMark(r.runes[r.at]) || r.joins()) {
			r.at++
		}
		r.add(r.word(r.runes[from:r.at]))
	default:
		r.at++
		r.apart = true
		if !unicode.IsSpace(c) && !strings.ContainsRune(",;-–'’&/", c) || c == '\n' {
			r.opening = true
		}
	}
}

func (r *reader) add(t token) {
	t.hash, t.apart = xxhash.Sum64String(t.text), r.apart
	r.apart, r.opening = false, false
	r.text.tokens = append(r.text.tokens, t)
}

// joins reports whether a mark within a word stands here.
func (r *reader) joins() bool {
	c := r.runes[r.at]
	return (c == '\'' || c == '’') && r.at+1 < len(r.runes) && unicode.IsLetter(r.runes[r.at+1])
}

// isWeekday reports whether c ends 星期日, 周日 or 礼拜天.
func (r *reader) isWeekday(c rune) bool {
	if c != '日' && c != '天' || r.at == 0 {
		return false
	}
	before := han.Simplify(r.runes[r.at-1])
	return c == '日' && before == '周' || r.at > 1 && (before == '期' && r.runes[r.at-2] == '星' || before == '拜')
}

func (r *reader) word(runes []rune) token {
	text := strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(string(runes)), "’", "'"), "'s")
	capital := unicode.IsUpper(runes[0])
	if value, ok := numberWords[text]; ok {
		return token{text: value, sort: number}
	}
	if value, ok := calendar[text]; ok && capital {
		return token{text: value, sort: number}
	}
	if !capital {
		r.text.lower[text] = true
	}
	return token{text: text, sort: word, capital: capital && !r.opening, opens: capital && r.opening}
}

// isGlyph reports whether a character is a token by itself.
func isGlyph(c rune) bool {
	return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func isNumeral(c rune) bool {
	switch han.Simplify(c) {
	case '〇', '零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '万', '亿', '两':
		return true
	}
	return false
}

// isMyriad reports whether c stands apart in a number, so that 12万, 十二万 and 三万五千 are read alike.
func isMyriad(c rune) bool {
	c = han.Simplify(c)
	return c == '万' || c == '亿'
}

// chineseNumber is a number in digits: 二十三 is 23, 二〇二三 is 2023.
func chineseNumber(runes []rune) string {
	sum, digit, digits, units := 0, 0, "", false
	for _, c := range runes {
		c = han.Simplify(c)
		if unit, ok := chineseUnits[c]; ok {
			sum, digit, units = sum+max(digit, 1)*unit, 0, true
			continue
		}
		digit = chineseDigits[c]
		digits += strconv.Itoa(digit)
	}
	if !units {
		return digits
	}
	return strconv.Itoa(sum + digit)
}

// 日 and 天 are the seventh day of the week.
var chineseDigits = map[rune]int{'一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9, '日': 7, '天': 7}

var chineseUnits = map[rune]int{'十': 10, '百': 100, '千': 1000, '万': 1e4, '亿': 1e8}
