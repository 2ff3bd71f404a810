package statement_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/statement"
)

const labels = "../../docs/statements-xwlb.tsv"

// TestBroadcasts measures the Chinese reader on places of the broadcast items that were read and judged by hand; it runs
// where AKIN_XWLB names xwlb_zh.jsonl.gz. What the columns of the labels mean is told in docs/statements.md.
// AKIN_XWLB_SHOW=1 prints the places where the reader and the label differ.
func TestBroadcasts(t *testing.T) {
	articles := broadcasts(t)
	var found, independent score
	for _, l := range readLabels(t) {
		a, ok := articles[l.id]
		if !ok {
			t.Fatalf("%s is not in the data", l.id)
		}
		got, ok := at(statement.Split(a), l)
		s := &independent
		if l.found {
			s = &found
		}
		if verdict := s.add(l, a, got, ok); verdict != "" && os.Getenv("AKIN_XWLB_SHOW") != "" {
			t.Logf("%s %s %d %d-%d: truth %s, speaker %q [%s]: %s", verdict, l.id, l.paragraph, l.start, l.end, l.truth(a), got.Speaker, got.Cue, string([]rune(a.Paragraphs[l.paragraph].Text)[l.start:l.end]))
		}
	}
	both := found.plus(independent)
	t.Logf("found by the reader: %v", found)
	t.Logf("found without it:    %v", independent)
	t.Logf("both:                %v", both)
	if p := both.precision(); p < 0.95 {
		t.Errorf("precision of the speaker %.3f, want .95", p)
	}
	if r := independent.recall(); r < 0.85 {
		t.Errorf("recall %.3f, want .85", r)
	}
}

// A label says what stands at one place: a statement of a named speaker, one of a speaker that the text does not name
// with certainty, or none.
type label struct {
	found                 bool
	id                    string
	paragraph, start, end int
	verdict               string // speaker, unnamed, none
	mention               [3]int // where the speaker's name stands: paragraph (-1 the title), start, end
}

func (l label) truth(a akin.Article) string {
	if l.verdict != "speaker" {
		return l.verdict
	}
	text := a.Title
	if l.mention[0] >= 0 {
		text = a.Paragraphs[l.mention[0]].Text
	}
	return string([]rune(text)[l.mention[1]:l.mention[2]])
}

// score counts what the reader says of labelled places.
type score struct{ named, namedRight, statements, speakers, foundRight, unnamedRight, invented int }

func (s score) plus(o score) score {
	return score{s.named + o.named, s.namedRight + o.namedRight, s.statements + o.statements, s.speakers + o.speakers, s.foundRight + o.foundRight, s.unnamedRight + o.unnamedRight, s.invented + o.invented}
}

func (s score) precision() float64 { return float64(s.namedRight) / float64(s.named) }
func (s score) recall() float64    { return float64(s.foundRight+s.unnamedRight) / float64(s.statements) }

func (s score) String() string {
	return fmt.Sprintf("speakers named %d, right %d (%.3f); statements %d (%d of a named speaker), found with the right speaker %d, without a name as is right %d (recall %.3f); not statements but found %d",
		s.named, s.namedRight, s.precision(), s.statements, s.speakers, s.foundRight, s.unnamedRight, s.recall(), s.invented)
}

// add judges one place, and returns what is wrong, or "".
func (s *score) add(l label, a akin.Article, got akin.Statement, ok bool) string {
	if l.verdict != "none" {
		s.statements++
	}
	if l.verdict == "speaker" {
		s.speakers++
	}
	if ok && got.Speaker != "" {
		s.named++
	}
	switch {
	case !ok && l.verdict == "none":
		return ""
	case !ok:
		return "missed"
	case l.verdict == "none":
		s.invented++
		return "invented"
	case l.verdict == "unnamed" && got.Speaker == "":
		s.unnamedRight++
		return ""
	case l.verdict == "speaker" && got.Speaker == "":
		return "unknown"
	case l.verdict == "speaker" && (strings.Contains(got.Speaker, l.truth(a)) || strings.Contains(l.truth(a), got.Speaker)):
		s.namedRight++
		s.foundRight++
		return ""
	}
	return "wrong"
}

// at returns the statement that covers at least half of a labelled place.
func at(all []akin.Statement, l label) (akin.Statement, bool) {
	for _, s := range all {
		if s.Paragraph == l.paragraph && 2*(min(s.End, l.end)-max(s.Start, l.start)) >= min(s.End-s.Start, l.end-l.start) {
			return s, true
		}
	}
	return akin.Statement{}, false
}

func readLabels(t *testing.T) []label {
	t.Helper()
	data, err := os.ReadFile(labels)
	if err != nil {
		t.Fatal(err)
	}
	var all []label
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if f[0] == "sample" {
			continue
		}
		l := label{found: f[0] == "found", id: f[1], verdict: f[5]}
		for i, p := range []*int{&l.paragraph, &l.start, &l.end} {
			if *p, err = strconv.Atoi(f[2+i]); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		if l.verdict == "speaker" {
			if _, err := fmt.Sscanf(f[6], "%d:%d-%d", &l.mention[0], &l.mention[1], &l.mention[2]); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		all = append(all, l)
	}
	return all
}

// TestSampleBroadcasts prints places to label, with their text; it runs where AKIN_XWLB_SAMPLE is set too. The first
// 200 are statements of the reader, the others sentences with any word for speaking or any quotation mark.
func TestSampleBroadcasts(t *testing.T) {
	if os.Getenv("AKIN_XWLB_SAMPLE") == "" {
		t.Skip("AKIN_XWLB_SAMPLE is not set")
	}
	articles := broadcasts(t)
	ids := make([]string, 0, len(articles))
	for id := range articles {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var found, independent []label
	for _, id := range ids {
		a := articles[id]
		for _, s := range statement.Split(a) {
			found = append(found, label{found: true, id: id, paragraph: s.Paragraph, start: s.Start, end: s.End})
		}
		for i, p := range a.Paragraphs {
			runes, start := []rune(p.Text), 0
			for end := 1; end <= len(runes); end++ {
				if end < len(runes) && !strings.ContainsRune("。！？", runes[end-1]) {
					continue
				}
				if sentence := string(runes[start:end]); end-start > 5 && strings.ContainsAny(sentence, "说道称讲谈问答“「") || containsAny(sentence, "表示", "指出", "强调", "认为", "介绍", "提出", "呼吁", "要求", "宣布", "透露", "希望", "建议", "回应") {
					independent = append(independent, label{id: id, paragraph: i, start: start, end: end})
				}
				start = end
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 7))
	for _, sample := range []struct {
		all  []label
		size int
	}{{found, 200}, {independent, 100}} {
		for i, j := range random.Perm(len(sample.all))[:sample.size] {
			l := sample.all[j]
			a := articles[l.id]
			text := []rune(a.Paragraphs[l.paragraph].Text)
			from, speaker := max(0, l.start-110), ""
			if s, ok := at(statement.Split(a), l); ok && l.found {
				speaker = s.Speaker + " " + s.Cue
			}
			fmt.Printf("%d\t%v\t%s\t%d\t%d\t%d\t%s\t%s【%s】%s\n", i, l.found, l.id, l.paragraph, l.start, l.end, speaker, string(text[from:l.start]), string(text[l.start:l.end]), string(text[l.end:min(len(text), l.end+15)]))
		}
	}
}

func containsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// broadcasts are the articles of the file that AKIN_XWLB names, by their ids.
func broadcasts(t *testing.T) map[string]akin.Article {
	t.Helper()
	name := os.Getenv("AKIN_XWLB")
	if name == "" {
		t.Skip("AKIN_XWLB is not set")
	}
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	articles := map[string]akin.Article{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var d polnearDoc
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		a := articleOf(d)
		a.Language = "zh"
		articles[d.ID] = a
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return articles
}
