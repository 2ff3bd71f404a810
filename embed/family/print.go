package family

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/name"
)

const (
	// Of two prints of one text the shorter is found in the longer but for a new lead and light edits; and the longer is no more than some three times as long, or
	// what they share is a quotation.
	shorterShared = 0.55
	longerShared  = 0.3

	// Tokens of what was replaced, and by how many one may be longer than the other: beyond that, it was written anew, or a sentence was cut.
	mostReplaced = 12
	mostLonger   = 5

	mostChanged = 24 // tokens of differences that stand close together: beyond that, the stretch was written anew
	mostAtEnd   = 5  // where the texts begin or end, and nothing holds them side by side there

	nearby = 16 // tokens within which a name is only told earlier or later
)

// Relation is what two texts are to each other.
type Relation uint8

// The relations.
const (
	Unlike  Relation = iota
	Print            // the one is found in the other: it may be cut, begin with a new lead, be merged, edited lightly, or printed in the other Chinese script
	Variant          // it would be, but that another number, date or name stands in the place of one
)

// Compare tells what two texts are to each other; it does not matter which is which.
func (t Text) Compare(u Text) Relation {
	if len(t.tokens) == 0 || len(u.tokens) == 0 {
		return Unlike
	}
	if t.digest == u.digest && slices.EqualFunc(t.tokens, u.tokens, sameToken) {
		if t.redated(u) {
			return Variant
		}
		return Print
	}
	// Always the same way round, so that the answer is.
	if c := cmp.Or(cmp.Compare(len(t.tokens), len(u.tokens)), cmp.Compare(t.digest, u.digest)); c > 0 {
		t, u = u, t
	}
	runs := align(t.tokens, u.tokens)
	shared := 0
	for _, r := range runs {
		shared += r.n
	}
	switch {
	case float64(shared) < shorterShared*float64(len(t.tokens)) || float64(shared) < longerShared*float64(len(u.tokens)):
		return Unlike
	case replaces(runs, t, u) || t.redated(u):
		return Variant
	}
	return Print
}

func sameToken(a, b token) bool { return a.hash == b.hash }

// replaces reports whether a number or a name of one text has another in its place in the other text.
func replaces(runs []run, t, u Text) bool {
	gaps := gapsBetween(runs, t, u)
	for from := 0; from < len(gaps); {
		to := from + 1
		for to < len(gaps) && gaps[to].x.from-gaps[to-1].x.to < seed {
			to++
		}
		if replacedWithin(gaps[from:to]) {
			return true
		}
		from = to
	}
	return false
}

// replacedWithin looks at differences that stand close together. Where much differs, a stretch was written anew, and what looks shared in it is so by chance.
func replacedWithin(gaps []gap) bool {
	first, last := gaps[0], gaps[len(gaps)-1]
	x, y := stretch{first.x.text, first.x.from, last.x.to}, stretch{first.y.text, first.y.from, last.y.to}
	if x.sameButForNumbers(y) {
		return true
	}
	most := mostChanged
	if x.atEnd() || y.atEnd() {
		most = mostAtEnd
	}
	if max(x.len(), y.len()) > most {
		return false
	}
	for i, g := range gaps {
		// 广东东莞 becomes 广西东莞: one may see 西 put in and 东 left out.
		if g.x.replacedBy(g.y) || i > 0 && (gaps[i-1].x.replacedBy(g.y) || g.x.replacedBy(gaps[i-1].y)) {
			return true
		}
	}
	return false
}

// sameButForNumbers reports whether two stretches are one but for their numbers. Where 4月2日 becomes 2月4日, one may see 4月 left out and 月4 put in.
func (x stretch) sameButForNumbers(y stretch) bool {
	return slices.EqualFunc(x.tokens(), y.tokens(), func(a, b token) bool { return sameToken(a, b) || a.sort == number && b.sort == number })
}

// redated reports whether two openings are one but for a date or one name: another paper's would differ in more.
func (t Text) redated(u Text) bool {
	a, b := Text{tokens: t.opening}, Text{tokens: u.opening}
	gaps := gapsBetween(align(a.tokens, b.tokens), a, b)
	switch {
	case len(gaps) == 0:
		return false
	case len(gaps) == 1:
		return gaps[0].x.replacedBy(gaps[0].y)
	case (stretch{a, 0, len(a.tokens)}).sameButForNumbers(stretch{b, 0, len(b.tokens)}):
		return true
	}
	return !slices.ContainsFunc(gaps, func(g gap) bool {
		return !g.x.replacedBy(g.y) || len(g.x.numbers()) < g.x.len() || len(g.y.numbers()) < g.y.len()
	})
}

// gap is what stands in two texts between runs that both share.
type gap struct{ x, y stretch }

func gapsBetween(runs []run, t, u Text) []gap {
	var gaps []gap
	at, bt := 0, 0
	for _, r := range append(runs, run{a: len(t.tokens), b: len(u.tokens)}) {
		if at < r.a || bt < r.b {
			gaps = append(gaps, gap{stretch{t, at, r.a}, stretch{u, bt, r.b}})
		}
		at, bt = r.a+r.n, r.b+r.n
	}
	return gaps
}

// stretch is a part of a text that stands in the place of a part of another.
type stretch struct {
	text     Text
	from, to int
}

func (x stretch) len() int { return x.to - x.from }

func (x stretch) atEnd() bool { return x.from == 0 || x.to == len(x.text.tokens) }

func (x stretch) tokens() []token { return x.text.tokens[x.from:x.to] }

func (x stretch) replacedBy(y stretch) bool {
	if n, m := x.len(), y.len(); min(n, m) == 0 || max(n, m) > mostReplaced || distance(n, m) > mostLonger {
		return false
	}
	a, b := x.numbers(), y.numbers()
	if len(a) > 0 && len(b) > 0 && !contains(a, b) && !contains(b, a) {
		return true
	}
	one, here := x.names(y)
	other, there := y.names(x)
	return one && other && (here || there) || x.placed() && y.placed() || x.speaks() && y.speaks()
}

func (x stretch) numbers() []string {
	var out []string
	for i, t := range x.tokens() {
		if t.sort == number && !(t.written != 0 && x.wordOver(x.from+i) == everydayWord) {
			out = append(out, t.text)
		}
	}
	return out
}

func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// placed reports whether what stands in a stretch names a town or a county, by what follows it: 青石市.
func (x stretch) placed() bool {
	if x.len() < 2 || x.to == len(x.text.tokens) {
		return false
	}
	next := x.text.tokens[x.to]
	_, ok := joined(x.tokens())
	return ok && !next.apart && strings.Contains("省市县镇乡村州旗盟", next.text)
}

// speaks reports whether a stretch is of the name of somebody, by what stands around it: 市长高峰表示. Many names are words of every day, too.
func (x stretch) speaks() bool {
	tokens := x.text.tokens
	for from := x.from; from >= max(2, x.to-longestName); from-- {
		for to := x.to; to <= min(from+longestName, len(tokens)-1); to++ {
			who, ok := joined(tokens[from:to])
			if !ok || !name.IsCommonSurname(who) || !name.IsChinese(who) {
				continue
			}
			if title, ok := joined(tokens[from-2 : from]); !ok || !offices[title] {
				continue
			}
			if says, _ := joined(tokens[to:min(to+2, len(tokens))]); saying[says] || saying[tokens[to].text] {
				return true
			}
		}
	}
	return false
}

// names reports whether a stretch may name somebody or something: it has a word that is no word of every day; and whether such a word does not stand near its place in the other text.
func (x stretch) names(y stretch) (some, new bool) {
	for i := x.from; i < x.to; i++ {
		named := false
		switch t := x.text.tokens[i]; t.sort {
		case glyph:
			named = !x.everyday(i)
		case word:
			named = t.capital && !titles[t.text] || t.opens && !x.text.lower[t.text] && !y.text.lower[t.text] && !openers[t.text] && !titles[t.text]
		case number:
		}
		some = some || named
		new = new || named && !y.near(x.wordAt(i))
	}
	return some, new
}

// wordAt is a word, or a character with a neighbour in the stretch; nil for a character without one, which says nothing by itself.
func (x stretch) wordAt(i int) []token {
	tokens := x.text.tokens
	switch {
	case tokens[i].sort == word:
		return tokens[i : i+1]
	case i+1 < x.to:
		return tokens[i : i+2]
	case i > x.from:
		return tokens[i-1 : i+1]
	}
	return nil
}

// near reports whether tokens stand in or around a stretch.
func (x stretch) near(tokens []token) bool {
	around := x.text.tokens[max(0, x.from-nearby):min(len(x.text.tokens), x.to+nearby)]
	for i := range around {
		if n := len(tokens); n > 0 && length(around[i:], tokens) == n {
			return true
		}
	}
	return false
}

// everyday reports whether the character at i belongs to a word of every day, or is one.
func (x stretch) everyday(i int) bool {
	t := x.text.tokens[i]
	switch x.wordOver(i) {
	case everydayWord:
		return true
	case placeName:
		return false
	}
	c, _ := utf8.DecodeRuneInString(t.text)
	return t.sort == glyph && (!unicode.Is(unicode.Han, c) || single[t.text] && !x.afterSurname(i))
}

// afterSurname reports whether the character at i may be part of the name that a surname before it begins.
func (x stretch) afterSurname(i int) bool {
	for from := i - 1; from >= max(0, i-2) && !x.text.tokens[from+1].apart; from-- {
		if t := x.text.tokens[from]; t.sort == glyph && name.Surname(t.text) != "" && !single[t.text] && x.wordOver(from) == noWord {
			return true
		}
	}
	return false
}

// listed says in which list a word is.
type listed uint8

const (
	noWord listed = iota
	everydayWord
	placeName
)

// wordOver looks for the longest word of the lists that the character at i can belong to; of two that are as long, one that names a place is taken.
func (x stretch) wordOver(i int) listed {
	tokens := x.text.tokens
	for length := longestWord; length > 1; length-- {
		found := noWord
		for from := max(0, i-length+1); from <= i && from+length <= len(tokens); from++ {
			w, ok := joined(tokens[from : from+length])
			switch {
			case !ok:
			case places()[w]:
				return placeName
			case common()[w]:
				found = everydayWord
			}
		}
		if found != noWord {
			return found
		}
	}
	return noWord
}

// joined is the word that characters make which stand side by side.
func joined(tokens []token) (string, bool) {
	w := ""
	for i, t := range tokens {
		switch {
		case i > 0 && t.apart:
			return "", false
		case t.sort == glyph:
			w += t.text
		case t.written != 0:
			w += string(t.written)
		default:
			return "", false
		}
	}
	return w, true
}
