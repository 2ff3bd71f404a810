package page

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Prints are compared by their letters and digits alone: line breaks, indents, spaces and the shapes of quotation
// marks are the printer's.

// pieceLength is how many letters and digits two places must share in order to be taken for the same text, unless the
// text goes on there anyway: twelve of them do not come together twice by chance.
const pieceLength = 12

// searchBudget bounds the bytes that are looked through for second prints on one page, so that a page made to be slow
// is not. What is not found within it counts as text of its own.
const searchBudget = 256 << 20

// A print is a text that another may repeat.
type print struct {
	text   string         // letters and digits of all its lines
	whole  map[string]int // of each line: where it begins in text
	at     int            // where the repetition has got to
	budget int
}

func newPrint(lines []line) *print {
	p := &print{whole: map[string]int{}, budget: searchBudget}
	var text strings.Builder
	for _, l := range lines {
		letters, _ := lettersOf(l.text)
		if _, ok := p.whole[letters]; !ok {
			p.whole[letters] = text.Len()
		}
		text.WriteString(letters)
	}
	p.text = text.String()
	return p
}

// repeated returns how many bytes at the start of letters the print holds too, in pieces: where the last piece ended,
// or else anywhere, if the piece is long enough or a whole line.
func (p *print) repeated(letters string) int {
	done := 0
	for done < len(letters) {
		rest := letters[done:]
		if n := commonPrefix(p.text[p.at:], rest); n == len(rest) || utf8.RuneCountInString(rest[:n]) >= pieceLength {
			p.at += n
			done += n
			continue
		}
		if at, ok := p.whole[rest]; ok {
			p.at = at + len(rest)
			return len(letters)
		}
		at, n := p.find(rest)
		if n == 0 {
			break
		}
		p.at = at + n
		done += n
	}
	return done
}

// find returns the place where the print agrees longest with the start of letters.
func (p *print) find(letters string) (at, length int) {
	probe := prefix(letters, pieceLength)
	if probe == "" {
		return 0, 0
	}
	for from := 0; p.budget > 0; {
		i := strings.Index(p.text[from:], probe)
		if i < 0 {
			p.budget -= len(p.text) - from
			break
		}
		p.budget -= i
		n := commonPrefix(p.text[from+i:], letters)
		p.budget -= n
		if n > length {
			at, length = from+i, n
		}
		from += i + len(probe)
	}
	return at, length
}

// notIn returns those of lines that first does not hold, and of a line that begins with text of first only what
// follows that.
func notIn(first, lines []line) []line {
	p := newPrint(first)
	var rest []line
	for _, l := range lines {
		letters, places := lettersOf(l.text)
		switch n := p.repeated(letters); {
		case n == 0 && letters != "":
			rest = append(rest, l)
		case n < len(letters):
			l.text = strings.TrimFunc(l.text[places[n]:], isSpace)
			rest = append(rest, l)
		}
	}
	return rest
}

// dropSecondPrint finds a second print by its content alone, on a page without a source line between the two: from
// some line on, everything repeats, in order and from its beginning, what stands above.
func dropSecondPrint(lines []line) []line {
	letters := make([]string, len(lines))
	for i, l := range lines {
		letters[i], _ = lettersOf(l.text)
	}
	const (
		openings   = 8  // first lines that a second print may begin with: captions come and go
		tries      = 16 // places to look at closely
		minLetters = 30
	)
	tried := 0
	for k := 1; k < len(lines) && tried < tries; k++ {
		begins := false
		for j := 0; j < min(k, openings) && !begins; j++ {
			opening := prefix(letters[j], pieceLength)
			if opening == "" {
				opening = letters[j]
			}
			begins = opening != "" && (strings.HasPrefix(letters[k], opening) || k+1 < len(lines) && letters[k] != "" && strings.HasPrefix(opening, letters[k]))
		}
		if !begins {
			continue
		}
		tried++
		p := newPrint(lines[:k])
		same, all := 0, true
		for i := k; i < len(lines) && all; i++ {
			n := p.repeated(letters[i])
			same += utf8.RuneCountInString(letters[i][:n])
			all = n == len(letters[i]) || n > 0 && i == len(lines)-1
		}
		// A closing line may echo the opening one; a second print is longer than that, or runs on over several lines.
		firstLength := utf8.RuneCountInString(p.text)
		if all && same >= minLetters && (len(lines)-k > 1 || same*5 >= firstLength*4) {
			return append(lines[:k:k], notIn(lines[:k], lines[k:])...)
		}
	}
	return lines
}

// lettersOf returns the letters and digits of s, and for each byte of them, and for their end, its place in s.
func lettersOf(s string) (string, []int) {
	letters := make([]byte, 0, len(s))
	places := make([]int, 0, len(s)+1)
	end := 0
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
			continue
		}
		n := utf8.RuneLen(r)
		for k := range n {
			letters = append(letters, s[i+k])
			places = append(places, i+k)
		}
		end = i + n
	}
	return string(letters), append(places, end)
}

// prefix returns the first n characters of s, or "" if it has fewer.
func prefix(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	if n == 0 {
		return s
	}
	return ""
}

// commonPrefix returns the length of the longest start that a and b share, in bytes, of whole characters.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && (n < len(a) && !utf8.RuneStart(a[n]) || n < len(b) && !utf8.RuneStart(b[n])) {
		n--
	}
	return n
}
