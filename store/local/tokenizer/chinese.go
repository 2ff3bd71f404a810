package tokenizer

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the dictionary
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Chinese is cut as jieba does without its model of unknown words: of all ways to cut a sentence into words of the
// dictionary, the most probable is taken. Long words are then cut into the words of two and three characters that they
// begin with, so that a part of a name is found too.

//go:embed data/dictionary.txt.gz
var packedDictionary []byte

// dictionary holds words and how often they were counted. It stays the text that it is kept as, to take little memory:
// lines of a word and a number, in the order of their bytes.
type dictionary struct {
	text   string
	lines  []uint32        // where each line begins, and the end of the text
	firsts map[rune][2]int // the lines of words with a first character: from, to
	total  float64         // the logarithm of the sum of all numbers
}

// theDictionary is read when the first Chinese text comes: it takes 6 MB, and a tenth of a second.
var theDictionary = sync.OnceValue(func() *dictionary {
	in, err := gzip.NewReader(bytes.NewReader(packedDictionary))
	if err != nil {
		panic(fmt.Sprintf("read the dictionary that is built in: %v", err)) // the program itself is damaged
	}
	text, err := io.ReadAll(in)
	if err != nil {
		panic(fmt.Sprintf("read the dictionary that is built in: %v", err))
	}
	return newDictionary(string(text))
})

func newDictionary(text string) *dictionary {
	d := &dictionary{text: text, firsts: map[rune][2]int{}}
	at, sum := 0, 0.0
	for line := range strings.Lines(text) {
		i := len(d.lines)
		d.lines = append(d.lines, uint32(at))
		at += len(line)
		first, _ := utf8.DecodeRuneInString(line)
		span, ok := d.firsts[first]
		if !ok {
			span[0] = i
		}
		span[1] = i + 1
		d.firsts[first] = span
		_, n := splitEntry(line)
		sum += n
	}
	d.lines = append(d.lines, uint32(at))
	d.total = math.Log(sum)
	return d
}

func splitEntry(line string) (word string, count float64) {
	word, number, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	n, _ := strconv.Atoi(number) // of our own making
	return word, float64(n)
}

func (d *dictionary) entry(i int) (word string, count float64) {
	return splitEntry(d.text[d.lines[i]:d.lines[i+1]])
}

// prefixes yields the length in bytes and the count of each word that a text begins with, shorter words first.
func (d *dictionary) prefixes(text string, yield func(length int, count float64)) {
	first, size := utf8.DecodeRuneInString(text)
	span := d.firsts[first]
	from, to := span[0], span[1]
	for length := size; from < to; length += size {
		prefix := text[:length]
		from += sort.Search(to-from, func(i int) bool { return d.text[d.lines[from+i]:d.lines[from+i+1]] >= prefix })
		if from == to {
			return
		}
		switch word, count := d.entry(from); {
		case word == prefix:
			yield(length, count)
		case !strings.HasPrefix(word, prefix):
			return
		}
		if length == len(text) {
			return
		}
		_, size = utf8.DecodeRuneInString(text[length:])
	}
}

func (d *dictionary) has(word string) bool {
	found := false
	d.prefixes(word, func(length int, _ float64) { found = length == len(word) })
	return found
}

// cutChinese cuts what stands between two separators. Digits and letters stay together; any other character, such as kana
// among Chinese, is by itself.
func cutChinese(piece string, yield func(string)) {
	d := theDictionary()
	for start := 0; start < len(piece); {
		end := start
		for end < len(piece) {
			r, size := utf8.DecodeRuneInString(piece[end:])
			if !ofSentence(r) {
				break
			}
			end += size
		}
		if end > start {
			d.cut(piece[start:end], func(word string) { d.shorten(word, yield) })
			start = end
			continue
		}
		_, size := utf8.DecodeRuneInString(piece[start:])
		yield(piece[start : start+size])
		start += size
	}
}

// sentence are the characters that jieba looks for words in.
var sentence = table('A', 'Z', 'a', 'z', '0', '9', 0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xF900, 0xFAFF, 0x20000, 0x2A6DF, 0x2A700, 0x2EBEF, 0x2F800, 0x2FA1F)

func ofSentence(r rune) bool {
	return unicode.Is(sentence, r) || strings.ContainsRune("+#&._%-", r)
}

// cut cuts a sentence into the most probable words. Of two ways that are equally so, the one with the longer word wins.
func (d *dictionary) cut(text string, yield func(string)) {
	type step struct {
		score float64
		end   int
	}
	best := make([]step, len(text)+1) // from each byte that begins a character to the end
	next := len(text)
	for start := len(text); start > 0; {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
		choice := step{math.Inf(-1), 0}
		d.prefixes(text[start:], func(length int, count float64) {
			if score := math.Log(count) - d.total + best[start+length].score; score >= choice.score {
				choice = step{score, start + length}
			}
		})
		if choice.end == 0 {
			choice = step{best[next].score - d.total, next}
		}
		best[start], next = choice, start
	}
	letters := 0 // where letters and digits that are no word began
	for start := 0; start < len(text); start = best[start].end {
		end := best[start].end
		if end-start == 1 && isAlphanumericASCII(text[start]) {
			continue
		}
		if letters < start {
			yield(text[letters:start])
		}
		yield(text[start:end])
		letters = end
	}
	if letters < len(text) {
		yield(text[letters:])
	}
}

func isAlphanumericASCII(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// shorten cuts a word of more than two characters into words of two, or else of three, or else single characters.
func (d *dictionary) shorten(word string, yield func(string)) {
	if utf8.RuneCountInString(word) <= 2 {
		yield(word)
		return
	}
	for word != "" {
		length := firstRunes(word, 1)
		for _, n := range []int{2, 3} {
			if end := firstRunes(word, n); end > 0 && d.has(word[:end]) {
				length = end
				break
			}
		}
		yield(word[:length])
		word = word[length:]
	}
}

// firstRunes returns the length in bytes of the first n characters, 0 if there are fewer.
func firstRunes(s string, n int) int {
	end := 0
	for range n {
		if end == len(s) {
			return 0
		}
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return end
}
