package bert

import (
	"slices"
	"strings"
	"unicode"
)

// part is a text, or as much of it as the model takes in one piece.
type part struct {
	text   int       // index among the texts
	ids    []int32   // with prefix and special tokens
	prefix int       // how many ids stand before those of the text
	tokens int       // how many are of the text
	vector []float32 // once it is computed, of unit length
}

// split appends the parts of a text: one where it fits into a window, else as many as it takes, cut at ends of sentences where there are some and
// between words where a sentence alone is too long. A text without any token has no part.
func (m *Model) split(parts []part, index int, prefix, text string) []part {
	if m.lower {
		text = strings.ToLower(text)
	}
	before, after := m.tokens.Frame()
	start := m.tokens.Append(slices.Clone(before), prefix)
	room := m.window - len(start) - len(after)
	put := func(ids []int32) {
		parts = append(parts, part{text: index, ids: slices.Concat(ids, after), prefix: len(start), tokens: len(ids) - len(start)})
	}
	if len(text) <= longestAtOnce {
		whole := m.tokens.Append(slices.Clone(before), prefix+text)
		switch {
		case len(whole) <= len(start):
			return parts
		case len(whole)+len(after) <= m.window:
			put(whole)
			return parts
		}
	}
	current := slices.Clone(start)
	for sentence := range sentences(text) {
		ids := m.tokens.Append(nil, sentence)
		if len(current)-len(start)+len(ids) > room && len(current) > len(start) {
			put(current)
			current = append(current[:0:0], start...)
		}
		for len(ids) > room {
			end := m.wordEnd(ids, room)
			put(slices.Concat(start, ids[:end]))
			ids = ids[end:]
		}
		current = append(current, ids...)
	}
	if len(current) > len(start) {
		put(current)
	}
	return parts
}

// longestAtOnce is how many bytes of text can fit into a window at all: the largest window full of the longest words.
const longestAtOnce = 1 << 20

// wordEnd returns the last place up to room where a word ends, or room where a word is as long as that.
func (m *Model) wordEnd(ids []int32, room int) int {
	for end := room; end > room/2; end-- {
		if !m.tokens.Continues(ids[end]) {
			return end
		}
	}
	return room
}

// sentences yields a text in stretches that end behind a sentence, white space behind it included. It knows full stops of many scripts, and takes
// one of ASCII for an end only where white space follows. A stretch has no more bytes than fit into memory many times.
func sentences(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for text != "" {
			end := sentenceEnd(text)
			if !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}

// sentenceEnd returns where the first sentence of a text ends.
func sentenceEnd(text string) int {
	const (
		inside  = iota
		stopped // behind a stop that may end the sentence
		ended   // behind one that does
	)
	state := inside
	for i, r := range text {
		switch {
		case i >= longestSentence:
			return i
		case r == '\n':
			return i + 1
		case strings.ContainsRune("。！？；…｡।؟۔", r):
			state = ended
		case strings.ContainsRune(".!?", r):
			state = max(state, stopped)
		case state == inside:
		case strings.ContainsRune(`"')]”’»」』）】》`, r):
		case unicode.IsSpace(r):
			state = ended
		case state == ended:
			return i
		default:
			state = inside
		}
	}
	return len(text)
}

// longestSentence is how many bytes without an end are taken for a sentence: a text may have none.
const longestSentence = 64 << 10
