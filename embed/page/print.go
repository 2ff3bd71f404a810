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

// next returns how many bytes at the start of letters the print holds in one piece: where the piece before it ended,
// or else anywhere, if the piece is long enough, or reaches from the start of a line of the print to the end of its own.
func (p *print) next(letters, restOfLine string) int {
	if n := commonPrefix(p.text[p.at:], letters); n > 0 && (n == len(letters) || n >= len(restOfLine) || utf8.RuneCountInString(letters[:n]) >= pieceLength) {
		p.at += n
		return n
	}
	if at, n := p.find(letters); n > 0 {
		p.at = at + n
		return n
	}
	if at, ok := p.whole[restOfLine]; ok && restOfLine != "" {
		p.at = at + len(restOfLine)
		return len(restOfLine)
	}
	return 0
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
// follows that. The lines are compared as one text, since a second print may break them anywhere. It also returns how
// many letters first does hold.
func notIn(first, lines []line) (rest []line, same int) {
	p := newPrint(first)
	var all strings.Builder
	ends := make([]int, len(lines)) // of each line's letters in all of them
	for i, l := range lines {
		letters, _ := lettersOf(l.text)
		all.WriteString(letters)
		ends[i] = all.Len()
	}
	text, done, from := all.String(), 0, 0
	for i, l := range lines {
		kept := false
		for done < ends[i] {
			n := p.next(text[done:], text[done:ends[i]])
			if n == 0 {
				kept = true
				break
			}
			same += utf8.RuneCountInString(text[done : done+n])
			done += n
		}
		if kept {
			_, places := lettersOf(l.text)
			l.text = strings.TrimFunc(l.text[openedAt(l.text, places[max(done, from)-from]):], isSpace)
			rest = append(rest, l)
			done = ends[i]
		}
		from = ends[i]
	}
	return rest, same
}

// openedAt moves a place in s back over marks that open what follows.
func openedAt(s string, at int) int {
	for at > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:at])
		if !unicode.In(r, unicode.Ps, unicode.Pi) && !isSpace(r) {
			break
		}
		at -= n
	}
	return at
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
		rest, same := notIn(lines[:k], lines[k:])
		others := 0
		for _, l := range rest {
			others += utf8.RuneCountInString(l.text)
		}
		// A closing line may echo the opening one; a second print is longer than that, or runs on over several lines.
		first := 0
		for _, l := range letters[:k] {
			first += utf8.RuneCountInString(l)
		}
		if same >= minLetters && others*4 <= same && (len(lines)-k > 1 || same*5 >= first*4) {
			return append(lines[:k:k], rest...)
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
