package statement

import (
	"strings"
	"unicode"
)

// isHeadline reports whether most words of a line have capital letters, as those of an American headline have.
func isHeadline(tokens []token) bool {
	words, capitals := 0, 0
	for _, t := range tokens {
		if len(t.word) > 3 {
			words++
			if t.capital() {
				capitals++
			}
		}
	}
	return words > 3 && 3*capitals > 2*words
}

// runEnd returns where the run of words with capital letters ends that begins at a place: the particles within a name
// belong to it, and a possessive ends it.
func runEnd(tokens []token, from int) int {
	to := from
	for to < len(tokens) && tokens[to].isWord() && (tokens[to].capital() || tokens[to].is(particle) && to > from && to+1 < len(tokens) && tokens[to+1].capital()) {
		to++
		if possessive(tokens[to-1], false) {
			break
		}
	}
	return to
}

// describesPerson reports whether what follows a name can only follow a person's: who she is, or her age.
func describesPerson(tokens []token) bool {
	if len(tokens) < 3 || tokens[0].text != "," {
		return false
	}
	switch next := tokens[1].text; {
	case next == "who" || next == "whose":
		return true
	default:
		return len(next) == 2 && next[0] >= '1' && next[0] <= '9' && next[1] >= '0' && next[1] <= '9' && tokens[2].text == ","
	}
}

// clean takes the possessive ending off a word.
func clean(word string) string {
	for _, s := range []string{"'s", "’s", "'", "’"} {
		word = strings.TrimSuffix(word, s)
	}
	return word
}

// same reports whether two full names with the same last word are one person's: with and without a middle name, an
// initial for the first, a short form of it.
func same(a, b string) bool {
	fa, _, _ := strings.Cut(a, " ")
	fb, _, _ := strings.Cut(b, " ")
	if len(fa) > len(fb) {
		fa, fb = fb, fa
	}
	switch {
	case fa == fb:
		return true
	case len(fa) == 2 && fa[1] == '.':
		return fa[0] == fb[0]
	case len(fa) >= 3 && strings.HasPrefix(fb, fa):
		return true
	}
	return shortNames[fa] == fb || shortNames[fb] == fa
}

// shortNames are first names whose short form is not their beginning.
var shortNames = map[string]string{
	"Bill": "William", "Bob": "Robert", "Rob": "Robert", "Joe": "Joseph", "Jim": "James", "Mike": "Michael", "Dick": "Richard", "Rick": "Richard", "Ted": "Edward", "Tony": "Anthony",
	"Liz": "Elizabeth", "Beth": "Elizabeth", "Kate": "Katherine", "Peggy": "Margaret", "Jack": "John", "Chuck": "Charles", "Charlie": "Charles", "Hank": "Henry", "Harry": "Henry", "Andy": "Andrew", "Larry": "Lawrence",
	"Jerry": "Gerald", "Bernie": "Bernard", "Teddy": "Theodore", "Johnny": "John", "Jimmy": "James", "Tommy": "Thomas", "Bobby": "Robert", "Billy": "William", "Debbie": "Deborah", "Cathy": "Catherine", "Sue": "Susan", "Nick": "Nicholas",
}

// strip takes titles off the front of a name, with what stands before them, and suffixes off its end: House Speaker
// Paul Ryan, US Senator Jeff Sessions. It also tells whether there were titles, and he or she, if they tell that.
func strip(words []token) (parts []string, titled bool, she string) {
	i := 0
	for i < len(words)-1 && (words[i].is(notName) || lexicon[clean(words[i].text)].is(notName)) {
		i++
	}
	for j := len(words) - 1; j >= i; j-- {
		if j == len(words)-1 && isSurname(words, j) {
			continue
		}
		if !isTitle(words[j]) || isSuffix(words[min(j+1, len(words)-1)]) && j < len(words)-1 || j == len(words)-1 && j > i && !isTitle(words[j-1]) {
			continue
		}
		if j-i == 2 && nameLike([]string{words[i].word, words[i+1].word}) && !isTitle(words[i]) && !isTitle(words[i+1]) {
			break // John Hale President is no name, and Hale's title stands behind it
		}
		for _, w := range words[i : j+1] {
			switch strings.TrimSuffix(w.text, ".") {
			case "mr", "sir", "king", "congressman", "councilman", "spokesman", "chairman":
				she = "he"
			case "mrs", "ms", "miss", "lady", "queen", "dame", "mayoress", "congresswoman", "councilwoman", "spokeswoman", "chairwoman", "midwife":
				she = "she"
			}
		}
		i, titled = j+1, true
		break
	}
	for _, w := range words[i:] {
		if !isSuffix(w) {
			parts = append(parts, clean(w.word))
		}
	}
	return parts, titled, she
}

// isSurname reports whether a word that is a title is the name of the person here: Mr. King.
func isSurname(words []token, j int) bool {
	if j == 0 {
		return false
	}
	switch strings.TrimSuffix(words[j-1].text, ".") {
	case "mr", "mrs", "ms", "miss", "dr", "sen", "rep", "gov":
		return true
	}
	return false
}

// isSuffix reports whether a word stands behind a name and is no part of it.
func isSuffix(w token) bool {
	switch strings.TrimSuffix(w.text, ".") {
	case "jr", "sr", "ii", "iii":
		return true
	}
	return false
}

// nameLike reports whether words can be a person's first and last name.
func nameLike(parts []string) bool {
	if len(parts) < 2 || lexicon[strings.ToLower(parts[0])].is(place) {
		return false
	}
	for _, p := range parts {
		lower := strings.ToLower(p)
		if lexicon[lower].is(bodyWord|weekday|notName) || strings.ContainsFunc(p, unicode.IsDigit) || len(p) > 1 && strings.ToUpper(p) == p && !strings.Contains(p, ".") {
			return false
		}
	}
	return true
}

// conjoined parts the words for two speakers at "and".
func conjoined(words []token) [][]token {
	for i, w := range words {
		if w.text == "and" && i > 0 && i+1 < len(words) {
			return [][]token{words[:i], words[i+1:]}
		}
	}
	return [][]token{words}
}

// isTitle reports whether a token is a title, with a full stop or without.
func isTitle(t token) bool {
	return t.is(title) || lexicon[strings.TrimSuffix(clean(t.text), ".")].is(title)
}
