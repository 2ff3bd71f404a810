// Package family tells whether two texts are prints of one text.
// Numbers decide before words do: two texts that have different figures in the same place are two texts, however alike they read.
package family

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/akinserver/akin/embed/han"
	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/unicode/norm"
)

const (
	shingle = 4   // runes hashed together
	bins    = 128 // of a sketch: a standard error of about 0.04 at a resemblance of one half

	// Prints of one text with light edits resemble each other by 0.7 and more; two papers' own reports of one event by less than 0.3.
	resemblance = 0.5

	maxFigures = 255 // kept of one text; further ones do not decide
)

// Sketch is what is kept of a text to know its other prints by: a one-permutation MinHash (Li, Owen and Zhang, 2012, with the
// rotation of Shrivastava and Li, 2014) of its shingles, and digests of its figures. The zero Sketch resembles nothing.
type Sketch struct {
	minima  []uint64 // bins of 16 bits, four in each, or none for a text without letters
	figures []figure // sorted, each once
}

// figure is a number of a text, with the words around it: a reprint may leave a number out, or put one in, but where the words around it stand again,
// so does the number.
type figure struct {
	context uint32
	value   uint16
}

func compareFigures(a, b figure) int {
	return cmp.Or(cmp.Compare(a.context, b.context), cmp.Compare(a.value, b.value))
}

// Of makes the sketch of a text.
func Of(text string) Sketch {
	text = norm.NFKC.String(text)
	letters := lettersOf(text)
	if letters == "" {
		return Sketch{}
	}
	var least [bins]uint64
	for i := range least {
		least[i] = ^uint64(0)
	}
	add := func(from, to int) {
		h := xxhash.Sum64String(letters[from:to])
		bin := h % bins
		least[bin] = min(least[bin], h/bins)
	}
	var starts [shingle]int // of the last runes
	n := 0
	for at := range letters {
		if n >= shingle {
			add(starts[n%shingle], at)
		}
		starts[n%shingle] = at
		n++
	}
	add(starts[max(0, n-shingle)%shingle], len(letters)) // of a short text, all of it
	sketch := Sketch{minima: make([]uint64, bins/4)}
	for i := range least {
		// An empty bin borrows from the next that is not, changed by how far it lies.
		var steps uint64
		for least[(uint64(i)+steps)%bins] == ^uint64(0) {
			steps++
		}
		minimum := uint16(least[(uint64(i)+steps)%bins] + steps*0x9e37)
		sketch.minima[i/4] |= uint64(minimum) << (i % 4 * 16)
	}
	runes := []rune(text)
	for from, to := range figures(runes) {
		sketch.figures = append(sketch.figures, figure{uint32(xxhash.Sum64String(around(runes, from, to))), uint16(xxhash.Sum64String(value(runes[from:to])))})
	}
	slices.SortFunc(sketch.figures, compareFigures)
	sketch.figures = slices.Compact(sketch.figures)
	if len(sketch.figures) > maxFigures {
		sketch.figures = sketch.figures[:maxFigures]
	}
	return sketch
}

// Resemblance estimates the Jaccard similarity of the two texts' shingles, 0 to 1.
func (s Sketch) Resemblance(t Sketch) float64 {
	if len(s.minima) == 0 || len(t.minima) == 0 {
		return 0
	}
	same := 0
	for i := range s.minima {
		same += equalParts(s.minima[i], t.minima[i])
	}
	return float64(same) / bins
}

// equalParts counts in how many of their four parts of 16 bits two numbers are equal.
func equalParts(a, b uint64) int {
	const low = 0x7fff_7fff_7fff_7fff // all bits of a part but its highest
	x := a ^ b
	return bits.OnesCount64(^(x&low + low | x | low)) // the highest bit of a part that is 0 in x
}

// Same reports whether the two texts are prints of one text: alike in their words, and without a place in which each has a figure that the other has not.
func (s Sketch) Same(t Sketch) bool {
	return s.resembles(t) && !s.Contradicts(t)
}

// Near reports whether two texts may be prints of one text, by their sketches alone: they share bands, and few figures differ. Text.Compare knows.
func (s Sketch) Near(t Sketch) bool {
	if s.Resemblance(t) < nearResemblance { // of most; and soon known
		return false
	}
	shared := 0
	for i := range bands {
		if s.band(i) == t.band(i) {
			shared++
		}
	}
	return shared >= NearBands && s.contradictions(t, mostContradictions+1) <= mostContradictions
}

// A band is two minima taken together. Texts that resemble each other by 0.4 share NearBands in 199 of 200 cases, by 0.3 in six of seven; texts that have no more than
// a few phrases in common do not once in a million.
const (
	bands     = bins / 2
	bandWidth = 12 // bits

	NearBands       = 4    // shared by texts that may be prints of one text
	nearResemblance = 0.25 // of such texts; a half with a new lead has 0.4 and more

	// Where a sentence was cut, words may come together that stood around another figure elsewhere. Reports of one form, day by day, differ in many figures.
	mostContradictions = 2
)

// Bands are what texts that are alike are found by: each a number below 2^18, in rising order, 64 of them; none of a text without letters.
func (s Sketch) Bands() []uint32 {
	if len(s.minima) == 0 {
		return nil
	}
	list := make([]uint32, bands)
	for i := range list {
		mixed := uint64(s.band(i)) * 0x9e3779b97f4a7c15
		list[i] = uint32(i)<<bandWidth | uint32(mixed>>(64-bandWidth))
	}
	return list
}

func (s Sketch) band(i int) uint32 { return uint32(s.minima[i/2] >> (i % 2 * 32)) }

// resembles is Resemblance >= resemblance; of two that have nothing in common, it is known half-way.
func (s Sketch) resembles(t Sketch) bool {
	if len(s.minima) == 0 || len(t.minima) == 0 {
		return false
	}
	apart := 0
	for i, v := range s.minima {
		if apart += 4 - equalParts(v, t.minima[i]); apart > bins*(1-resemblance) {
			return false
		}
	}
	return true
}

// Contradicts reports whether there is a place in which each of two texts has a figure that the other has not.
func (s Sketch) Contradicts(t Sketch) bool { return s.contradictions(t, 1) > 0 }

// contradictions counts such places, up to a number.
func (s Sketch) contradictions(t Sketch, most int) int {
	a, b := s.figures, t.figures
	n := 0
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].context < b[0].context:
			a = a[1:]
		case a[0].context > b[0].context:
			b = b[1:]
		default:
			var here, there []figure
			here, a = cutContext(a)
			there, b = cutContext(b)
			if !within(here, there) && !within(there, here) {
				if n++; n == most {
					return n
				}
			}
		}
	}
	return n
}

// cutContext cuts off the figures that have the first one's context.
func cutContext(figures []figure) (first, rest []figure) {
	n := 1
	for n < len(figures) && figures[n].context == figures[0].context {
		n++
	}
	return figures[:n], figures[n:]
}

func within(part, whole []figure) bool {
	for _, f := range part {
		if !slices.Contains(whole, f) {
			return false
		}
	}
	return true
}

// Encode writes a sketch as text of at most 2,400 characters, a few hundred for a news report; Decode reads it.
func (s Sketch) Encode() string {
	b := make([]byte, 0, 8*len(s.minima)+figureSize*len(s.figures))
	for _, v := range s.minima {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	for _, f := range s.figures {
		b = binary.LittleEndian.AppendUint32(b, f.context)
		b = binary.LittleEndian.AppendUint16(b, f.value)
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// Decode reads what Encode wrote; the empty text is the zero Sketch.
func Decode(text string) (Sketch, error) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return Sketch{}, errors.New("family: sketch is not base64")
	}
	if len(b) == 0 {
		return Sketch{}, nil
	}
	n := (len(b) - 2*bins) / figureSize
	if n < 0 || n > maxFigures || len(b) != 2*bins+figureSize*n {
		return Sketch{}, errors.New("family: sketch has a wrong length")
	}
	s := Sketch{minima: make([]uint64, bins/4)}
	for i := range s.minima {
		s.minima[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	for rest := b[2*bins:]; len(rest) > 0; rest = rest[figureSize:] {
		s.figures = append(s.figures, figure{binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint16(rest[4:])})
	}
	return s, nil
}

// figureSize of an encoded figure, in bytes.
const figureSize = 6

// SameWords reports whether two sentences are the same but for a light edit: their figures are equal, and at least four fifths of their
// pairs of neighbouring characters.
func SameWords(a, b string) bool {
	if !slices.Equal(Figures(a), Figures(b)) {
		return false
	}
	a, b = plain(a), plain(b)
	return a == b || dice([]rune(a), []rune(b)) >= 0.8
}

// dice is Dice's coefficient over the multisets of character pairs.
func dice(a, b []rune) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	counts := map[[2]rune]int{}
	for i := 1; i < len(a); i++ {
		counts[[2]rune{a[i-1], a[i]}]++
	}
	shared := 0
	for i := 1; i < len(b); i++ {
		pair := [2]rune{b[i-1], b[i]}
		if counts[pair] > 0 {
			counts[pair]--
			shared++
		}
	}
	return 2 * float64(shared) / float64(len(a)+len(b)-2)
}

// plain keeps letters and digits, in one width, one case and one Chinese script.
func plain(text string) string { return lettersOf(norm.NFKC.String(text)) }

// lettersOf is plain for a text in one width.
func lettersOf(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(han.Simplify(r))
		}
		return -1
	}, text)
}

// Figures are the numbers of a text in order, without the commas that group thousands: "1200", "3.5", "二十三". A single Chinese numeral is a
// word more often than a number, and is none here.
func Figures(text string) []string {
	if !strings.ContainsFunc(text, func(c rune) bool { return '0' <= c && c <= '9' || c >= utf8.RuneSelf }) {
		return nil // as most passages of English: no need to look for more than digits
	}
	var out []string
	runes := []rune(norm.NFKC.String(text))
	for from, to := range figures(runes) {
		out = append(out, withoutCommas(runes[from:to]))
	}
	return out
}

// value is a number in digits.
func value(number []rune) string {
	if isNumeral(number[0]) {
		return chineseNumber(number)
	}
	return withoutCommas(number)
}

// figures visits the numbers of a text: where each begins and ends.
func figures(runes []rune) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for i := 0; i < len(runes); {
			from := i
			switch {
			case unicode.IsDigit(runes[i]):
				for i < len(runes) && (unicode.IsDigit(runes[i]) || inNumber(runes, i)) {
					i++
				}
			case isNumeral(runes[i]):
				for i < len(runes) && isNumeral(runes[i]) {
					i++
				}
				if i == from+1 {
					continue
				}
			default:
				i++
				continue
			}
			if !yield(from, i) {
				return
			}
		}
	}
}

func withoutCommas(runes []rune) string { return strings.ReplaceAll(string(runes), ",", "") }

// around takes the nearest letters before and after a number; other numbers do not count, so that one changed figure changes no other's context.
func around(runes []rune, from, to int) string {
	const letters = 4
	var before, after []rune
	for i := from - 1; i >= 0 && len(before) < letters; i-- {
		if unicode.IsLetter(runes[i]) && !isNumeral(runes[i]) {
			before = append(before, unicode.ToLower(han.Simplify(runes[i])))
		}
	}
	for i := to; i < len(runes) && len(after) < letters; i++ {
		if unicode.IsLetter(runes[i]) && !isNumeral(runes[i]) {
			after = append(after, unicode.ToLower(han.Simplify(runes[i])))
		}
	}
	return string(before) + "|" + string(after)
}

// inNumber reports whether the point or comma at i has a digit on either side.
func inNumber(runes []rune, i int) bool {
	return (runes[i] == '.' || runes[i] == ',') && i+1 < len(runes) && unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1])
}
