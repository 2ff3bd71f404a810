package encoder

import (
	"sync/atomic"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/cespare/xxhash/v2"
)

// stems remembers the stems of the words that were met last, for all scanners: most words of a text are common ones, and to take a stem costs more than to read the word.
// A word's place is the last bits of its hash. Two goroutines may write one place at a time; whoever reads half of each finds another
// word there than its own, and takes the stem itself (Hyatt and Mann 2002, "A lockless transposition table implementation for parallel search").
var stems [1 << 16]struct{ both, stem atomic.Uint64 } // hashes; both is the word's, xor the stem's

// The shortest and the longest word that has endings, in bytes; what is longer is an address or a serial number.
const shortestStemmed, longestStemmed = 3, 40

// hashOfStem returns the hash of the stem of a folded word, so that banning, banned and bans are alike: two people who say one thing seldom choose the same forms
// (docs/ranking.md). A function word of that weight is its own stem: will is not willing, nor other others'. The word's own hash is given, by xxHash.
func hashOfStem(word []byte, h uint64, weight float32) uint64 {
	switch {
	case weight <= functionWeight:
		return mix(h) // that of no stem
	case len(word) < shortestStemmed || len(word) > longestStemmed:
		return h
	}
	known := &stems[h%uint64(len(stems))]
	of := known.stem.Load()
	if known.both.Load()^of == h {
		return of
	}
	of = h
	if stem := stem(word); stem != "" {
		of = xxhash.Sum64String(stem)
	}
	known.stem.Store(of)
	known.both.Store(h ^ of)
	return of
}

// stem returns the stem of a word by Snowball's stemmer for English (Porter 2001, "Snowball: a language for stemming algorithms"), which is made to be compared, not to be
// read; "" of a word with any letter but a to z. Words of other languages lose an ending here and there, in every text alike.
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
