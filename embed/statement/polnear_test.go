package statement_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/statement"
)

// TestPolnear measures the English reader on PolNeAR, 260 articles of American newspapers whose attributions were
// annotated by hand; it runs where AKIN_POLNEAR names a folder with docs.jsonl and attributions.jsonl. How matches are
// counted is told in docs/statements.md. AKIN_POLNEAR_SHOW=missed, wrong, source or named prints what lies behind the figures.
func TestPolnear(t *testing.T) {
	dir := os.Getenv("AKIN_POLNEAR")
	if dir == "" {
		t.Skip("AKIN_POLNEAR is not set")
	}
	annotated := map[string][]attribution{}
	for a := range jsonLines[attribution](t, filepath.Join(dir, "attributions.jsonl")) {
		if a.First && len(a.Content) > 0 {
			annotated[a.Doc] = append(annotated[a.Doc], a)
		}
	}
	totals := map[string]*tally{}
	for d := range jsonLines[polnearDoc](t, filepath.Join(dir, "docs.jsonl")) {
		if totals[d.Split] == nil {
			totals[d.Split] = &tally{}
		}
		totals[d.Split].add(t, d, annotated[d.ID])
	}
	for _, split := range []string{"train", "dev", "test"} {
		if totals[split] != nil {
			t.Logf("%-5s %v", split, totals[split])
			t.Logf("%-5s %v", split, totals[split].byHalves())
		}
	}
	for split, least := range map[string]float64{"train": 0.62, "dev": 0.62} {
		if all := totals[split]; all == nil || all.halves() < least || all.namedPrecision() < 0.97 {
			t.Errorf("%s: want an F1 by halves of %.2f and a precision of named speakers of .97 at least", split, least)
		}
	}
}

type polnearDoc struct {
	ID, Title, Text, Split string
}

type attribution struct {
	Doc                  string
	First                bool
	Source, Cue, Content []mention
}

type mention struct {
	Text  string
	Spans [][2]int
}

// A piece is what one cue reports: one or more of our statements, or one annotated content, by its runes in the text.
type piece struct {
	spans   [][2]int
	speaker string
	cue     string
	kind    akin.Kind
}

func (p piece) length() int {
	n := 0
	for _, s := range p.spans {
		n += s[1] - s[0]
	}
	return n
}

func overlap(a, b [][2]int) int {
	n := 0
	for _, s := range a {
		for _, t := range b {
			n += max(0, min(s[1], t[1])-max(s[0], t[0]))
		}
	}
	return n
}

// tally counts what is right: matched pairs of ours and annotated ones.
type tally struct {
	ours, annotated, contents, right int
	statements, statementsRight      int // one by one, and found annotations, with nothing matched one to one
	found                            int
	named, namedRight                int // of the matched contents, those with a speaker of ours whom the annotation names too
}

func (t *tally) precision() float64      { return float64(t.right) / float64(t.ours) }
func (t *tally) recall() float64         { return float64(t.right) / float64(t.annotated) }
func (t *tally) f1() float64             { return 2 * float64(t.right) / float64(t.ours+t.annotated) }
func (t *tally) namedPrecision() float64 { return float64(t.namedRight) / float64(t.named) }

// halves is the F1 of statements half of which are annotated so, and of annotated contents half of which is found.
func (t *tally) halves() float64 {
	p, r := float64(t.statementsRight)/float64(t.statements), float64(t.found)/float64(t.annotated)
	return 2 * p * r / (p + r)
}

func (t *tally) byHalves() string {
	p, r := float64(t.statementsRight)/float64(t.statements), float64(t.found)/float64(t.annotated)
	return fmt.Sprintf("by halves: %d of %d statements right (%.3f), %d of %d annotated found (%.3f), F1 %.3f", t.statementsRight, t.statements, p, t.found, t.annotated, r, t.halves())
}

func (t *tally) String() string {
	return fmt.Sprintf("%d attributions, %d annotated, %d with the same content, %d with the source too: precision %.3f, recall %.3f, F1 %.3f; named speakers %d of %d right (%.3f)",
		t.ours, t.annotated, t.contents, t.right, t.precision(), t.recall(), t.f1(), t.namedRight, t.named, t.namedPrecision())
}

// add matches the pieces of one article, one to one, those that overlap most first.
func (t *tally) add(tb testing.TB, d polnearDoc, annotated []attribution) {
	text := []rune(d.Text)
	ours := pieces(text, statement.Split(articleOf(d)))
	t.ours += len(ours)
	t.annotated += len(annotated)
	for _, p := range ours {
		for _, span := range p.spans {
			t.statements++
			one := piece{[][2]int{span}, p.speaker, p.cue, p.kind}
			if slices.ContainsFunc(annotated, func(a attribution) bool {
				return 2*overlap(one.spans, a.contentSpans()) >= one.length() && a.sourceIs(d.Text, one)
			}) {
				t.statementsRight++
			}
		}
	}
	for _, a := range annotated {
		common := 0
		for _, p := range ours {
			if a.sourceIs(d.Text, p) {
				common += overlap(p.spans, a.contentSpans())
			}
		}
		if 2*common >= (piece{spans: a.contentSpans()}).length() {
			t.found++
		} else if os.Getenv("AKIN_POLNEAR_SHOW") == "missed" {
			tb.Logf("%s: missed: %q [%q] %s", d.ID, textOf(a.Source), textOf(a.Cue), shown(text, a.contentSpans()))
		}
	}
	type pair struct {
		ours, theirs int
		same         float64
		right        bool
	}
	var pairs []pair
	for i, p := range ours {
		for j, a := range annotated {
			common, length := overlap(p.spans, a.contentSpans()), piece{spans: a.contentSpans()}.length()
			if 2*common >= length && 2*common >= p.length() {
				pairs = append(pairs, pair{i, j, float64(common) / float64(length+p.length()-common), a.sourceIs(d.Text, p)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Or(-cmp.Compare(b2i(a.right), b2i(b.right)), -cmp.Compare(a.same, b.same))
	})
	show := os.Getenv("AKIN_POLNEAR_SHOW")
	if show == "cues" {
		for _, p := range ours {
			tb.Logf("cue %s %v", p.cue, slices.ContainsFunc(annotated, func(a attribution) bool {
				return 2*overlap(p.spans, a.contentSpans()) >= p.length() && a.sourceIs(d.Text, p)
			}))
		}
	}
	usedOurs, usedTheirs := map[int]bool{}, map[int]bool{}
	for _, p := range pairs {
		if usedOurs[p.ours] || usedTheirs[p.theirs] {
			continue
		}
		usedOurs[p.ours], usedTheirs[p.theirs] = true, true
		t.contents++
		if p.right {
			t.right++
		} else if show == "source" {
			tb.Logf("%s: speaker %q [%s], annotated %q [%s]: %s", d.ID, ours[p.ours].speaker, ours[p.ours].cue, textOf(annotated[p.theirs].Source), textOf(annotated[p.theirs].Cue), shown(text, ours[p.ours].spans))
		}
		if o, a := ours[p.ours], annotated[p.theirs]; o.speaker != "" && a.names(d.Text) {
			t.named++
			if a.nameIs(d.Text, o.speaker) {
				t.namedRight++
			} else if show == "named" {
				tb.Logf("%s: speaker %q, annotated %q, cue %q: %s", d.ID, o.speaker, a.Source[0].Text, o.cue, shown(text, o.spans))
			}
		}
	}
	for i, p := range ours {
		if !usedOurs[i] && show == "wrong" {
			tb.Logf("%s: not annotated so: %s [%s] %s", d.ID, p.speaker, p.cue, shown(text, p.spans))
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func shown(text []rune, spans [][2]int) string {
	var out strings.Builder
	for _, s := range spans {
		out.WriteString(strings.ReplaceAll(string(text[s[0]:s[1]]), "\n", " "))
		out.WriteString(" / ")
	}
	return out.String()
}

func textOf(all []mention) string {
	if len(all) == 0 {
		return ""
	}
	return all[0].Text
}

func (a attribution) contentSpans() [][2]int {
	var all [][2]int
	for _, m := range a.Content {
		all = append(all, m.Spans...)
	}
	return all
}

// names reports whether the source is mentioned by a name and not by a pronoun or a description: whether its head, the
// last word before a comma, a preposition or a relative clause, is one with a capital letter that the text does not
// have in lower case, too.
func (a attribution) names(text string) bool { return len(a.Source) > 0 && a.head(text) != "" }

// nameIs reports whether the head of the mention's name is a word of ours.
func (a attribution) nameIs(text, speaker string) bool {
	return slices.Contains(strings.Fields(strings.ToLower(speaker)), strings.ToLower(a.head(text)))
}

// sourceIs reports whether a piece of ours has the annotated source. Where the annotation names the source, ours must
// be called so, too; where it has a pronoun or a description, ours is right by standing with the same cue: the two are
// then the same words' subject. A source that the annotation does not give must not be named by us.
func (a attribution) sourceIs(text string, p piece) bool {
	switch {
	case len(a.Source) == 0:
		return p.speaker == ""
	case a.names(text):
		return p.speaker != "" && a.nameIs(text, p.speaker)
	}
	cue := strings.ToLower(textOf(a.Cue))
	for word := range strings.FieldsSeq(strings.ToLower(p.cue)) {
		if strings.Contains(cue, word) {
			return true
		}
	}
	return false
}

func (a attribution) head(text string) string {
	head := ""
	for i, w := range strings.Fields(a.Source[0].Text) {
		bare := strings.TrimSuffix(strings.TrimSuffix(strings.Trim(w, `,;:."“”()'`), "'s"), "’s")
		lower := strings.ToLower(bare)
		if i > 0 && (endsHead[lower] || strings.HasPrefix(w, "(")) {
			break
		}
		if lower != "jr" && lower != "iii" && lower != "" {
			head = bare
		}
		if strings.HasSuffix(w, ",") {
			break
		}
	}
	if lower := strings.ToLower(head); lower == head || pronoun[lower] || strings.Contains(text, " "+lower) {
		return ""
	}
	return head
}

var endsHead, pronoun = words(`of in at for from with near by to on who which that whose and`), words(`he she it they we i you his her its their our my who which that this both some others many`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// articleOf is the article of a text whose paragraphs are parted by line feeds.
func articleOf(d polnearDoc) akin.Article {
	a := akin.Article{ID: d.ID, Title: d.Title, Language: "en"}
	for line := range strings.SplitSeq(d.Text, "\n") {
		if strings.TrimSpace(line) != "" {
			a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: line})
		}
	}
	return a
}

// pieces joins the statements that one cue reports: sentences of a quotation with nothing but marks between them, and a
// quotation that goes on behind the words that say whose it is.
func pieces(text []rune, all []akin.Statement) []piece {
	starts := lineStarts(text)
	var out []piece
	said := false // the words between two parts of the last piece have said whose they are
	end, paragraph := 0, -1
	for _, s := range all {
		start := starts[s.Paragraph] + s.Start
		if n := len(out); n > 0 && paragraph == s.Paragraph && out[n-1].speaker == s.Speaker && out[n-1].cue == s.Cue && out[n-1].kind == s.Kind {
			gap := string(text[end:start])
			silent := !strings.ContainsFunc(gap, func(r rune) bool {
				return r >= 'A' && r != '“' && r != '”' && r != '‘' && r != '’' && r != '—' && r != '…'
			})
			if silent || s.Kind == akin.Direct && !said && start-end < 300 && strings.Contains(strings.ToLower(gap), s.Cue) {
				said = said || !silent
				out[n-1].spans = append(out[n-1].spans, [2]int{start, start + len([]rune(s.Text))})
				end = start + len([]rune(s.Text))
				continue
			}
		}
		paragraph = s.Paragraph
		end = start + len([]rune(s.Text))
		said = false
		out = append(out, piece{spans: [][2]int{{start, end}}, speaker: s.Speaker, cue: s.Cue, kind: s.Kind})
	}
	return out
}

// lineStarts are the places of the paragraphs of articleOf in the text.
func lineStarts(text []rune) []int {
	var starts []int
	at := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.TrimSpace(line) != "" {
			starts = append(starts, at)
		}
		at += len([]rune(line)) + 1
	}
	return starts
}

// jsonLines are the values of a file with one a line.
func jsonLines[T any](tb testing.TB, path string) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		f, err := os.Open(path)
		if err != nil {
			tb.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var v T
			if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
				tb.Fatalf("%s: %v", path, err)
			}
			if !yield(v) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			tb.Fatal(err)
		}
	}
}
