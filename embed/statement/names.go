package statement

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// names knows the persons and bodies that one English article names.
type names struct {
	full      map[string][]string // full names by their last word, in the order met
	fullCount map[string]int      // how often each stands there
	speakers  map[string]bool     // full names met as speakers or behind a title
	person    map[string]bool     // the same, persons alone
	pronoun   map[string]string   // he or she, where Mr. or Mrs. tells
	titled    map[string]string   // the same by last names: Mrs. Holt
	count     map[string]int      // capitalised words, not counting those that begin a sentence
	met       map[string][]string // full names by their last word, of those whom the narrator has named so far
	lines     [][]token
	small     map[string]string // words of count by their capital letters; nil until one is asked for
	lower     map[string]bool   // words that also stand in lower case; nil until one is asked for
}

func newNames(lines [][]token) *names {
	n := &names{full: map[string][]string{}, fullCount: map[string]int{}, speakers: map[string]bool{}, person: map[string]bool{}, pronoun: map[string]string{}, titled: map[string]string{}, count: map[string]int{}, met: map[string][]string{}, lines: lines}
	for _, line := range lines {
		n.read(line)
	}
	for last, she := range n.titled {
		if all := n.full[last]; len(all) == 1 && she != both {
			n.pronoun[all[0]] = she
		}
	}
	return n
}

// read learns the names of one paragraph or headline.
func (n *names) read(tokens []token) {
	headline := isHeadline(tokens)
	for from := 0; from < len(tokens); {
		t := tokens[from]
		if !t.capital() {
			from++
			continue
		}
		to := runEnd(tokens, from)
		initial := from == 0 || !tokens[from-1].isWord() && tokens[from-1].text != ","
		if headline {
			from = to // every word has a capital letter there
			continue
		}
		for _, w := range tokens[from:to] {
			if !initial || w.start != t.start {
				n.count[clean(w.word)]++
			}
		}
		n.learn(tokens[from:to], initial)
		if parts, _, _ := strip(tokens[from:to]); nameLike(parts) && describesPerson(tokens[to:]) {
			n.person[n.canonical(strings.Join(parts, " "))] = true
		}
		from = to
	}
}

// plain reports whether the article also has a word in lower case.
func (n *names) plain(word string) bool {
	if n.lower == nil {
		n.lower = map[string]bool{}
		for _, line := range n.lines {
			for i := 0; i < len(line); {
				if line[i].capital() {
					i = runEnd(line, i)
					continue
				}
				if line[i].isWord() {
					n.lower[line[i].text] = true
				}
				i++
			}
		}
	}
	return n.lower[word]
}

// both stands where a last name has the titles of a man and of a woman.
const both = "both"

// learn takes a run of capitalised words for a full name, if it can be one.
func (n *names) learn(words []token, initial bool) {
	parts, titled, she := strip(words)
	if len(parts) < 2 || len(parts) > 4 {
		if len(parts) == 1 && titled && she != "" {
			if old := n.titled[parts[0]]; old != "" && old != she {
				she = both
			}
			n.titled[parts[0]] = she
		}
		return
	}
	if !nameLike(parts) || initial && lexicon[strings.ToLower(parts[0])].is(notName) {
		return
	}
	last := parts[len(parts)-1]
	full := strings.Join(parts, " ")
	for _, old := range n.full[last] {
		if same(old, full) {
			n.fullCount[old]++
			n.mark(old, titled, she)
			return
		}
	}
	const most = 50 // who share a last name
	if len(n.full[last]) >= most {
		return
	}
	n.full[last] = append(n.full[last], full)
	n.fullCount[full]++
	n.mark(full, titled, she)
}

// mark notes what a title tells of a person.
func (n *names) mark(full string, titled bool, she string) {
	if titled {
		n.speakers[full], n.person[full] = true, true
		if she != "" {
			n.pronoun[full] = she
		}
	}
}

// meet notes the words that stand where a speaker is named.
func (n *names) meet(words []token) {
	for _, w := range conjoined(words) {
		parts, titled, she := strip(w)
		if nameLike(parts) {
			n.learn(w, false)
			full := n.canonical(strings.Join(parts, " "))
			n.speakers[full], n.person[full] = true, true
			if she != "" {
				n.pronoun[full] = she
			}
		} else if len(parts) == 1 && (titled || n.count[parts[0]] > 1) {
			if full := n.byLast(parts[0], she); full != "" {
				n.speakers[full], n.person[full] = true, true
			}
		}
	}
}

// of returns the canonical name for the words that name a speaker, or "".
func (n *names) of(by speakerWords) string {
	var all []string
	for _, words := range conjoined(by.words) {
		name := n.one(words, by.kind)
		if name == "" {
			return ""
		}
		all = append(all, name)
	}
	return strings.Join(all, " and ")
}

func (n *names) one(words []token, kind subjectKind) string {
	parts, titled, she := strip(words)
	switch {
	case len(parts) == 0:
		return "" // the Prime Minister, without a name
	case kind == body || lexicon[strings.ToLower(parts[len(parts)-1])].is(bodyWord):
		all := make([]string, 0, len(words))
		for i, w := range words {
			if i == 0 && w.is(notName) {
				continue
			}
			all = append(all, clean(w.word))
		}
		if len(all) == 1 && n.plain(strings.ToLower(all[0])) {
			return "" // Police, Officials: a plain word at the start of a sentence
		}
		return strings.Join(all, " ")
	case len(parts) > 1:
		if !nameLike(parts) {
			return ""
		}
		full := n.canonical(strings.Join(parts, " "))
		n.person[full] = true
		return full
	}
	word := parts[0]
	lower := strings.ToLower(word)
	if lexicon[lower].is(notName|weekday) || !titled && n.plain(lower) {
		return ""
	}
	if len(n.full[word]) > 0 {
		full := n.byLast(word, she)
		if full != "" && she != "" && n.pronoun[full] == "" {
			n.pronoun[full] = she
		}
		return full
	}
	if titled || n.count[word] > 1 || strings.ToUpper(word) == word && len(word) > 1 {
		return word // the article itself never gives the full name
	}
	if n.count[word] > 0 && !strings.HasSuffix(word, "s") && !isTitle(words[len(words)-1]) {
		return word
	}
	return ""
}

// inSmall returns words in capital letters as the article prints them elsewhere, or with one capital letter each.
func (n *names) inSmall(words []token) []token {
	if n.small == nil {
		n.small = map[string]string{}
		for w := range n.count {
			if upper := strings.ToUpper(w); upper != w && n.count[n.small[upper]] < n.count[w] {
				n.small[upper] = w
			}
		}
	}
	all := slices.Clone(words)
	for i, w := range all {
		upper := strings.ToUpper(w.word)
		switch known, ok := n.small[w.word]; {
		case upper != w.word || len(w.word) < 2:
		case ok:
			all[i].word = known
		default:
			_, size := utf8.DecodeRuneInString(w.word)
			all[i].word = w.word[:size] + strings.ToLower(w.word[size:])
		}
	}
	return all
}

// canonical returns the form in which the article first gives a full name.
func (n *names) canonical(full string) string {
	words := strings.Fields(full)
	for _, old := range n.full[words[len(words)-1]] {
		if same(old, full) {
			return old
		}
	}
	return full
}

// byLast returns the one person known by a last name. Where people share it, those who speak or have a title come
// before those who are only mentioned, and then one whom the article names in full far more often than the others. A
// title that tells he or she rules others out.
func (n *names) byLast(last, she string) string {
	all := n.full[last]
	if she != "" {
		fitting := make([]string, 0, len(all))
		for _, full := range all {
			if p := n.pronoun[full]; p == "" || p == she {
				fitting = append(fitting, full)
			}
		}
		all = fitting
	}
	if len(all) == 1 {
		return all[0]
	}
	found := ""
	for _, full := range all {
		if n.speakers[full] {
			if found != "" {
				found = ""
				break
			}
			found = full
		}
	}
	if found != "" {
		return found
	}
	most, second := 0, 0
	for _, full := range all {
		switch c := n.fullCount[full]; {
		case c > most:
			found, most, second = full, c, most
		case c > second:
			second = c
		}
	}
	if most >= 2*second+1 && most >= 3 || most >= 2 && second == 0 {
		return found
	}
	if met := n.met[last]; len(met) == 1 && slices.Contains(all, met[0]) {
		return met[0] // who is called by the last name has been introduced before
	}
	return ""
}

// introduce notes that the narrator has named a person in full.
func (n *names) introduce(full string) {
	last := full[strings.LastIndexByte(full, ' ')+1:]
	if last != full && !slices.Contains(n.met[last], full) {
		n.met[last] = append(n.met[last], full)
	}
}

// mention returns the person whom capitalised words of the narrator name, or "" if they name none.
func (n *names) mention(words []token, initial bool) string {
	parts, titled, she := strip(words)
	switch {
	case len(parts) == 1:
		if full := n.byLast(parts[0], she); full != "" && n.person[full] {
			return full
		}
		if titled && len(n.full[parts[0]]) == 0 && !initial {
			return parts[0]
		}
	case len(parts) > 1 && len(parts) <= 4 && nameLike(parts):
		return n.canonical(strings.Join(parts, " "))
	}
	return ""
}
