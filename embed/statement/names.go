package statement

import (
	"strings"
	"unicode"
)

// names knows the persons and bodies that one English article names.
type names struct {
	full     map[string][]string // full names by their last word, in the order met
	speakers map[string]bool     // full names met as speakers or behind a title
	person   map[string]bool     // the same, persons alone
	pronoun  map[string]string   // he or she, where Mr. or Mrs. tells
	titled   map[string]string   // the same by last names: Mrs. Holt
	count    map[string]int      // capitalised words, not counting those that begin a sentence
	lower    map[string]bool     // words that also stand in lower case
}

var titleWords = set(strings.Fields(`mr mrs ms miss dr prof professor doctor president vice prime minister mayor mayoress governor gov sen senator rep representative congressman congresswoman
	judge justice captain capt chief inspector superintendent commissioner secretary chancellor king queen prince princess sir dame lord lady rev reverend father
	sister brother bishop archbishop pope cardinal general gen colonel col major maj lieutenant lt sergeant sgt officer director chairman chairwoman chairperson
	foreign health finance culture transport fisheries education interior defence defense justice economy agriculture environment housing labour labor harbour deputy former ambassador councillor councilman councilwoman alderman attorney
	state spokesman spokeswoman spokesperson midwife nurse coach detective speaker leader premier first acting emperor sheikh sultan admiral commander master mistress
	treasurer principal headmaster headmistress rabbi imam author analyst economist historian engineer farmer fisherman skipper pilot driver reporter editor
	democratic republican independent conservative socialist liberal communist democrat candidate nominee sheriff deputy district marshal mister madam madame ranger constable warden harbourmaster archaeologist conductor curator union trainer`))

var bodyWords = set(strings.Fields(`authority office ministry council union party company corp corporation inc ltd bank university institute association committee agency
	department service services group times post courier gazette mercury observer museum hospital house court police commission board foundation center centre news wire press administration
	campaign club society federation league organization organisation assembly parliament senate congress cabinet government army navy force guard network college school church fund trust bureau chamber
	tribune journal herald review magazine report study survey poll team city town county street road bridge river lake valley island bay port airport tower hall square park station avenue states kingdom republic act bill treaty summit conference`))

var notNames = set(strings.Fields(`the a an but and yet still later then however meanwhile in on at for from with after before when while as if so since although though because also once there this that these those
	he she it they we you i his her its their our my who what which where why how not no yes all some many most several few one two three four five six seven eight nine ten officials critics experts researchers scientists analysts police authorities
	residents neighbours neighbors witnesses democrats republicans lawmakers others both neither nobody everybody everyone someone people sources supporters opponents reporters doctors nurses teachers students farmers fishermen
	asked speaking according earlier today yesterday tomorrow finally now perhaps even only just each every another other such lord god christmas easter`))

var nameParticles = set(strings.Fields(`de van von der den da di la le bin al el dos du`))

var placeWords = set(strings.Fields(`new north south east west united white supreme high great upper lower port lake mount cape los san saint st las el fort old`))

func newNames(text string) *names {
	n := &names{full: map[string][]string{}, speakers: map[string]bool{}, person: map[string]bool{}, pronoun: map[string]string{}, titled: map[string]string{}, count: map[string]int{}, lower: map[string]bool{}}
	runes := []rune(text)
	tokens := tokensOf(runes, span{0, len(runes)}, nil)
	for from := 0; from < len(tokens); {
		t := tokens[from]
		if !t.capital() {
			if t.isWord() {
				n.lower[t.text] = true
			}
			from++
			continue
		}
		to := from
		for to < len(tokens) && tokens[to].isWord() && (tokens[to].capital() || nameParticles[tokens[to].text] && to+1 < len(tokens) && tokens[to+1].capital()) && (to == from || !strings.ContainsRune(string(runes[tokens[to-1].end:tokens[to].start]), '\n')) {
			to++
		}
		initial := from == 0 || !tokens[from-1].isWord() && tokens[from-1].text != ","
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
	for last, she := range n.titled {
		if full := n.byLast(last); full != "" {
			n.pronoun[full] = she
		}
	}
	return n
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

// learn takes a run of capitalised words for a full name, if it can be one.
func (n *names) learn(words []token, initial bool) {
	parts, titled, she := strip(words)
	if len(parts) < 2 || len(parts) > 4 {
		if len(parts) == 1 && titled && she != "" {
			n.titled[parts[0]] = she
		}
		return
	}
	if !nameLike(parts) || initial && notNames[strings.ToLower(parts[0])] {
		return
	}
	last := parts[len(parts)-1]
	full := strings.Join(parts, " ")
	for _, old := range n.full[last] {
		if same(old, full) {
			n.mark(old, titled, she)
			return
		}
	}
	n.full[last] = append(n.full[last], full)
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

// same reports whether two full names with the same last word are one person's: with and without a middle name.
func same(a, b string) bool {
	fa, fb := strings.Fields(a), strings.Fields(b)
	return fa[0] == fb[0]
}

// strip takes titles off the front of a name, and suffixes off its end. It also tells whether there were titles, and
// he or she, if they tell that.
func strip(words []token) (parts []string, titled bool, she string) {
	i := 0
	for i < len(words) && (titleWords[strings.TrimSuffix(clean(words[i].text), ".")] || notNames[words[i].text] && i+1 < len(words)) {
		switch strings.TrimSuffix(words[i].text, ".") {
		case "mr", "sir", "king", "congressman", "councilman", "spokesman", "chairman":
			she = "he"
		case "mrs", "ms", "miss", "lady", "queen", "dame", "mayoress", "congresswoman", "councilwoman", "spokeswoman", "chairwoman", "midwife":
			she = "she"
		}
		titled = titled || !notNames[words[i].text]
		i++
	}
	for _, w := range words[i:] {
		if suffix := strings.TrimSuffix(w.text, "."); suffix == "jr" || suffix == "sr" || suffix == "ii" || suffix == "iii" {
			continue
		}
		parts = append(parts, clean(w.word))
	}
	return parts, titled, she
}

// nameLike reports whether words can be a person's first and last name.
func nameLike(parts []string) bool {
	if len(parts) < 2 || placeWords[strings.ToLower(parts[0])] {
		return false
	}
	for _, p := range parts {
		lower := strings.ToLower(p)
		if bodyWords[lower] || weekdays[lower] || notNames[lower] || strings.ContainsFunc(p, unicode.IsDigit) || len(p) > 1 && strings.ToUpper(p) == p && !strings.Contains(p, ".") {
			return false
		}
	}
	return true
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
			if full := n.byLast(parts[0]); full != "" {
				n.speakers[full], n.person[full] = true, true
			}
		}
	}
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
	parts, titled, _ := strip(words)
	switch {
	case len(parts) == 0:
		return "" // the Prime Minister, without a name
	case kind == body || bodyWords[strings.ToLower(parts[len(parts)-1])]:
		all := make([]string, 0, len(words))
		for i, w := range words {
			if i == 0 && notNames[w.text] {
				continue
			}
			all = append(all, clean(w.word))
		}
		if len(all) == 1 && n.lower[strings.ToLower(all[0])] {
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
	if notNames[lower] || weekdays[lower] || n.lower[lower] && !titled {
		return ""
	}
	if len(n.full[word]) > 0 {
		return n.byLast(word)
	}
	if titled || n.count[word] > 1 {
		return word // the article itself never gives the full name
	}
	return ""
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
// before those who are only mentioned.
func (n *names) byLast(last string) string {
	all := n.full[last]
	if len(all) == 1 {
		return all[0]
	}
	found := ""
	for _, full := range all {
		if n.speakers[full] {
			if found != "" {
				return ""
			}
			found = full
		}
	}
	return found
}

// mention returns the person whom capitalised words of the narrator name, or "" if they name none.
func (n *names) mention(words []token, initial bool) string {
	parts, titled, _ := strip(words)
	switch {
	case len(parts) == 1:
		if full := n.byLast(parts[0]); full != "" && n.person[full] {
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
