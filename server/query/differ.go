package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/family"
)

// Difference is something for which two passages that read alike may not say the same.
type Difference struct {
	Kind  DifferenceKind
	Seed  []string // what the seed's passage has, and the other has not
	Match []string // the other way round
}

// DifferenceKind says what differs.
type DifferenceKind int

// The kinds.
const (
	Numbers  DifferenceKind = iota + 1 // each has figures that the other has not
	Negation                           // one denies, and the other does not
)

// facts are what two passages that read alike may differ in.
type facts struct {
	figures []string
	denials []string
}

func factsOf(text string) facts { return facts{family.Figures(text), negations(text)} }

// differences compares two passages.
func differences(seed, match string) []Difference { return factsOf(seed).differences(factsOf(match)) }

// differences compares what a seed's passage tells with what a match's does. A figure that only one of them tells is no difference: the other may leave it out.
func (f facts) differences(match facts) []Difference {
	var out []Difference
	if left, right := without(f.figures, match.figures), without(match.figures, f.figures); len(left) > 0 && len(right) > 0 {
		out = append(out, Difference{Numbers, left, right})
	}
	if (len(f.denials) == 0) != (len(match.denials) == 0) {
		out = append(out, Difference{Negation, f.denials, match.denials})
	}
	return out
}

func without(list, others []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(others, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var (
	// Words that deny, in English.
	denials = []string{"not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "deny", "denies", "denied", "refuse", "refuses", "refused"}
	// The same in Chinese, the longer first.
	denialsZH = []string{"否认", "否認", "拒绝", "拒絕", "没有", "沒有", "绝不", "絕不", "并非", "並非", "不", "没", "沒", "未", "无", "無", "非"}
	// Words that hold one of these characters, and deny nothing.
	affirmedZH = []string{
		"不仅", "不僅", "不但", "不断", "不斷", "不过", "不過", "不少", "不管", "不论", "不論", "不得不", "不久", "差不多", "无论", "無論", "未来", "未來", "非常", "非洲", "除非", "非遗", "南非", "北非",
		"无线", "無線", "无人机", "無人機",
	}
)

// negations lists the words of a text that deny: the English ones in their order, then the Chinese ones.
func negations(text string) []string {
	var english, chinese []string
	word := -1 // where the word begins that is being read
	end := func(at int) {
		if word >= 0 {
			if w := text[word:at]; mayDeny(w) {
				if w = strings.ToLower(w); slices.Contains(denials, w) || strings.HasSuffix(w, "n't") || strings.HasSuffix(w, "n’t") {
					english = append(english, w)
				}
			}
			word = -1
		}
	}
	passed := 0 // up to here the Chinese words are read
	for at, r := range text {
		if r < utf8.RuneSelf && ('a' <= r|0x20 && r|0x20 <= 'z' || r == '\'') || r >= utf8.RuneSelf && (r == '’' || unicode.IsLetter(r) && !unicode.Is(unicode.Han, r)) {
			if word < 0 {
				word = at
			}
			continue
		}
		end(at)
		if at < passed || r < firstHan || r > lastHan || !beginZH[r-firstHan] {
			continue
		}
		if w := prefix(text[at:], affirmedZH); w != "" {
			passed = at + len(w)
		} else if w := prefix(text[at:], denialsZH); w != "" {
			chinese, passed = append(chinese, w), at+len(w)
		}
	}
	end(len(text))
	return append(english, chinese...)
}

// mayDeny passes over most English words at the first glance: denials begin with these letters, or end in n't.
func mayDeny(word string) bool {
	switch word[0] | 0x20 {
	case 'n', 'w', 'c', 'd', 'r':
		return true
	}
	return word[len(word)-1]|0x20 == 't' && len(word) > 2
}

const firstHan, lastHan = 0x4E00, 0x9FFF

// beginZH marks the characters with which the words of denialsZH and affirmedZH begin.
var beginZH = func() (t [lastHan - firstHan + 1]bool) {
	for _, word := range slices.Concat(denialsZH, affirmedZH) {
		r, _ := utf8.DecodeRuneInString(word)
		t[r-firstHan] = true
	}
	return t
}()

func prefix(text string, words []string) string {
	for _, w := range words {
		if strings.HasPrefix(text, w) {
			return w
		}
	}
	return ""
}
