package encoder

import (
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/cespare/xxhash/v2"
)

// stems makes words of one stem alike: banning, banned and bans, by Snowball's stemmer for English (Porter 2001, "Snowball: a language for stemming algorithms").
// Two people who say one thing seldom choose the same forms; what that gives is in docs/ranking.md. Words of other languages lose an ending here
// and there, in every text alike. It remembers the words that it met last, because most words of a text are common ones.
type stems [1 << 12]struct{ word, stem uint64 } // hashes; a word's place is the last bits of its own

// The shortest and the longest word that has endings, in bytes; what is longer is an address or a serial number.
const shortestStemmed, longestStemmed = 3, 40

// hash returns the hash of the stem of a folded word, which for a function word is the word: will is not willing, nor other others'.
func (s *stems) hash(word []byte, weight float32) uint64 {
	h := xxhash.Sum64(word)
	switch {
	case weight <= functionWeight:
		return mix(h) // that of no stem
	case len(word) < shortestStemmed || len(word) > longestStemmed:
		return h
	}
	known := &s[h%uint64(len(s))]
	if known.word != h {
		known.word, known.stem = h, h
		if stem := stem(word); stem != "" {
			known.stem = xxhash.Sum64String(stem)
		}
	}
	return known.stem
}

// stem returns the stem of a word, which is made to be compared, not to be read; "" of a word with any letter but a to z.
func stem(word []byte) string {
	for _, c := range word {
		if c < 'a' || 'z' < c {
			return ""
		}
	}
	env := snowballstem.NewEnv(string(word))
	english.Stem(env)
	return env.Current()
}
