// Package wordpiece cuts texts into the pieces of a BERT vocabulary, with the ids that Hugging Face's tokenizers gives them.
// An id that differs from what the model saw in training shows nowhere but in worse vectors, so what is odd there is odd here: "[SEP]" inside a
// text is the special token, an accent is dropped where the settings are silent and the vocabulary is lower case, a word of more than 100
// characters is unknown as a whole.
package wordpiece

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokenizer is a vocabulary and the rules by which a text is cut. It is safe for concurrent use.
type Tokenizer struct {
	rules    rules
	whole    map[string]int32 // pieces that begin a word
	tail     map[string]int32 // pieces that go on, without the prefix that marks them
	tailIDs  map[int32]bool   //
	longest  int              // piece, in bytes
	unknown  int32            //
	before   []int32          // what stands before a text, and what behind
	after    []int32          //
	raw      added            // found in the text as it is
	folded   added            // found in the normalised text
	size     int              // one more than the largest id
	identity [sha256.Size]byte
}

// rules are the settings that decide the ids, beside the vocabulary.
type rules struct {
	CleanText    bool
	Chinese      bool // each Chinese character is a word
	StripAccents bool
	Lowercase    bool
	Prefix       string // marks a piece that goes on: "##"
	MaxWord      int    // characters; a longer word is unknown
	Unknown      string
	Before       []int32
	After        []int32
	Added        []Added
}

// Unknown is the id of what no piece of the vocabulary covers.
func (t *Tokenizer) Unknown() int32 { return t.unknown }

// Size is one more than the largest id.
func (t *Tokenizer) Size() int { return t.size }

// Frame returns the ids that the model wants before and behind every text: [CLS] and [SEP].
func (t *Tokenizer) Frame() (before, after []int32) { return t.before, t.after }

// Continues tells whether a piece goes on with the word that the piece before it began.
func (t *Tokenizer) Continues(id int32) bool { return t.tailIDs[id] }

// Digest is one for all tokenizers that cut every text alike.
func (t *Tokenizer) Digest() [sha256.Size]byte { return t.identity }

// build makes a tokenizer of its rules and its vocabulary.
func build(r rules, vocabulary map[string]int32) (*Tokenizer, error) {
	if len(vocabulary) == 0 {
		return nil, fmt.Errorf("the vocabulary is empty")
	}
	unknown, ok := vocabulary[r.Unknown]
	if !ok {
		return nil, fmt.Errorf("the vocabulary lacks %q, which is to stand for what it does not cover", r.Unknown)
	}
	if r.Prefix == "" || r.MaxWord < 1 || r.MaxWord > maxWord {
		return nil, fmt.Errorf("pieces that go on are marked with %q and a word has at most %d characters, and it takes a mark, and 1 to %d characters", r.Prefix, r.MaxWord, maxWord)
	}
	t := &Tokenizer{
		rules: r, unknown: unknown, before: r.Before, after: r.After,
		whole: vocabulary, tail: map[string]int32{}, tailIDs: map[int32]bool{},
	}
	ids := slices.Concat(r.Before, r.After)
	for piece, id := range vocabulary {
		ids = append(ids, id)
		t.longest = max(t.longest, len(piece))
		if rest, goesOn := strings.CutPrefix(piece, r.Prefix); goesOn && rest != "" {
			t.tail[rest], t.tailIDs[id] = id, true
		}
	}
	for _, a := range r.Added {
		ids = append(ids, a.ID)
		if a.Normalized {
			a.Content = string(t.normalise(nil, a.Content))
			t.folded.add(a)
		} else {
			t.raw.add(a)
		}
	}
	if low, high := slices.Min(ids), slices.Max(ids); low < 0 || high > maxID {
		return nil, fmt.Errorf("ids from %d to %d, and they must lie within 0 to %d", low, high, maxID)
	}
	t.size = int(slices.Max(ids)) + 1
	identity, err := json.Marshal(struct {
		Rules      rules
		Vocabulary map[string]int32 // encoding/json sorts the keys
	}{r, vocabulary})
	t.identity = sha256.Sum256(identity)
	return t, err
}

// maxWord keeps the search for the pieces of a word short, whatever a file says: models have 100.
const maxWord = 1000

// maxID keeps ids within what any vocabulary has: tables are made by them.
const maxID = 1<<24 - 1

// Append appends the ids of a text's pieces, without those of [Tokenizer.Frame].
func (t *Tokenizer) Append(ids []int32, text string) []int32 {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	var normal []byte
	t.raw.split(text, func(between string, id int32) {
		if between != "" {
			normal = t.normalise(normal[:0], between)
			t.folded.split(string(normal), func(between string, id int32) {
				ids = t.words(ids, between)
				if id >= 0 {
					ids = append(ids, id)
				}
			})
		}
		if id >= 0 {
			ids = append(ids, id)
		}
	})
	return ids
}

// words cuts a normalised text at spaces and around punctuation, and each word into its pieces.
func (t *Tokenizer) words(ids []int32, text string) []int32 {
	begin := 0
	for i, r := range text {
		space := r == ' ' || r != 0 && unicode.IsSpace(r)
		if !space && !isPunctuation(r) {
			continue
		}
		ids = t.pieces(ids, text[begin:i])
		begin = i + utf8.RuneLen(r)
		if !space {
			ids = t.pieces(ids, text[i:begin])
		}
	}
	return t.pieces(ids, text[begin:])
}

// pieces cuts a word: the longest piece that it begins with, then the longest that goes on, and so on. A word that does not come out even is
// unknown as a whole.
func (t *Tokenizer) pieces(ids []int32, word string) []int32 {
	if word == "" {
		return ids
	}
	if len(word) > t.rules.MaxWord && utf8.RuneCountInString(word) > t.rules.MaxWord {
		return append(ids, t.unknown)
	}
	begun, among := len(ids), t.whole
	for word != "" {
		end := min(len(word), t.longest)
		for end < len(word) && !utf8.RuneStart(word[end]) {
			end--
		}
		id, found := among[word[:end]]
		for !found && end > 0 {
			_, last := utf8.DecodeLastRuneInString(word[:end])
			end -= last
			id, found = among[word[:end]]
		}
		if end == 0 {
			return append(ids[:begun], t.unknown)
		}
		ids = append(ids, id)
		word, among = word[end:], t.tail
	}
	return ids
}
