package query

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
)

// meanings embeds a text as the sum of what its words mean. Synonyms, which end in another vowel, mean the same.
type meanings struct {
	brief int // texts of fewer words are noise to it
}

func (m meanings) Fingerprint() string { return fmt.Sprintf("meanings/%d", m.brief) }

func (m meanings) Dimensions() int { return 256 }

func (m meanings) Embed(_ context.Context, _ akin.Purpose, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		words := strings.Fields(text)
		if len(words) < m.brief {
			words = []string{text + "."}
		}
		sum := make([]float64, m.Dimensions())
		for _, word := range words {
			h := fnv.New64a()
			h.Write([]byte(word[:len(word)-1]))
			r := rand.New(rand.NewPCG(h.Sum64(), 0))
			for j := range sum {
				sum[j] += r.NormFloat64()
			}
		}
		var square float64
		for _, x := range sum {
			square += x * x
		}
		vectors[i] = make([]float32, len(sum))
		for j, x := range sum {
			vectors[i][j] = float32(x / math.Sqrt(square))
		}
	}
	return vectors, nil
}

// shape is what articles consist of.
type shape string

const (
	titled    shape = "headings and paragraphs"
	untitled  shape = "paragraphs"
	onePieced shape = "one paragraph of several sentences"
)

// madeUp are articles of words that nobody has said, four on each of 40 subjects, each with some words of its own; and a headline that another paper gave each of them.
func madeUp(seed uint64, shape shape) (articles []akin.Article, headlines []string) {
	r := rand.New(rand.NewPCG(seed, 1))
	vocabulary := func(n int) []string {
		words := make([]string, n)
		for i := range words {
			for range 3 {
				words[i] += string("bdfgklmnprtvz"[r.IntN(13)]) + string("aiou"[r.IntN(4)])
			}
		}
		return words
	}
	draw := func(n int, from ...[]string) string {
		words := make([]string, n)
		for i := range words {
			list := from[i%len(from)]
			words[i] = list[r.IntN(len(list))]
		}
		return strings.Join(words, " ")
	}
	synonyms := func(text string) string {
		words := strings.Fields(text)
		for i, word := range words {
			if r.IntN(2) == 0 {
				words[i] = word[:len(word)-1] + "y"
			}
		}
		return strings.Join(words, " ")
	}
	common := vocabulary(300)
	for range 40 {
		subject := vocabulary(40)
		for range 4 {
			own := vocabulary(15)
			a := akin.Article{ID: fmt.Sprintf("a%03d", len(articles)), Language: "en"}
			if shape == titled {
				a.Title = draw(8, own, subject)
			}
			for range 5 {
				a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: draw(45, subject, own, subject, common, common)})
			}
			a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: draw(12, own, subject)})
			if shape == onePieced {
				var text []string
				for _, p := range a.Paragraphs {
					text = append(text, p.Text+" .")
				}
				a.Paragraphs = []akin.Paragraph{{Text: strings.Join(text, " ")}}
			}
			a.Place()
			articles, headlines = append(articles, a), append(headlines, synonyms(draw(8, own, subject, own, common)))
		}
	}
	return articles, headlines
}

// engineOf puts articles into a store of their own, and returns the calls that it has answered as well.
func engineOf(t *testing.T, embedder akin.Embedder, articles []akin.Article) (e *Engine, calls func(kind string) int) {
	t.Helper()
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	client, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	st, err := store.Open(t.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		t.Fatal(err)
	}
	results, err := embed.New(st, embedder).Put(t.Context(), akin.DefaultCorpus, articles)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatalf("%s: %v", r.ID, r.Err)
		}
	}
	return New(st, embedder, Options{}), func(kind string) int { return int(db.Stats().Calls[kind].Count) }
}

// reciprocal is the mean reciprocal rank of the articles by their headlines.
func reciprocal(t *testing.T, e *Engine, articles []akin.Article, headlines []string, weight *float64) (mean float64) {
	t.Helper()
	for i, headline := range headlines {
		answer, err := e.Related(t.Context(), Request{Corpus: akin.DefaultCorpus, Seeds: []akin.Seed{{Text: headline}}, Limit: 10, DenseWeight: weight, EveryPrint: true})
		if err != nil {
			t.Fatal(err)
		}
		for rank, m := range answer.Matches {
			if m.Article.ID == articles[i].ID {
				mean += 1 / float64(rank+1) / float64(len(headlines))
			}
		}
	}
	return mean
}

// TestHeadlineTrust holds that an embedder is trusted with headlines as far as it knows them, whatever it knows of articles.
func TestHeadlineTrust(t *testing.T) {
	for seed := range uint64(5) {
		for _, shape := range []shape{titled, untitled, onePieced} {
			t.Run(fmt.Sprintf("corpus %d, articles of %s", seed, shape), func(t *testing.T) {
				articles, headlines := madeUp(seed, shape)
				answers := func(embedder meanings) (headline, whole, fused, lexical float64) {
					e, _ := engineOf(t, embedder, articles)
					c, err := e.calibration(t.Context(), calibrationKey{corpus: akin.DefaultCorpus})
					if err != nil {
						t.Fatal(err)
					}
					s, none := c.scale("en"), 0.0
					return s.trusted(8), s.trusted(240), reciprocal(t, e, articles, headlines, nil), reciprocal(t, e, articles, headlines, &none)
				}
				if headline, whole, fused, lexical := answers(meanings{}); headline != whole || whole < 0.9 || fused < lexical-0.01 {
					t.Errorf("one that knows the language is trusted %.2f with headlines and %.2f with articles, and finds %.3f where words find %.3f; want all of its trust, .9 or more, and at most .01 less found", headline, whole, fused, lexical)
				}
				if headline, whole, fused, lexical := answers(meanings{brief: 20}); headline > 0.1 || whole < 0.85 || fused < lexical-0.01 {
					t.Errorf("one that knows no headlines is trusted %.2f with these and %.2f with articles, and finds %.3f where words find %.3f; want at most .1, at least .85, and at most .01 less found", headline, whole, fused, lexical)
				}
			})
		}
	}
}

// TestFewAsked holds that a few pieces do not decide, and that no piece raises the trust.
func TestFewAsked(t *testing.T) {
	tests := []struct {
		name             string
		beaten           []float64
		neighbours, want float64
	}{
		{name: "nobody asked", neighbours: 0.8, want: 0.8},
		{name: "one that finds nothing", beaten: []float64{0.5}, neighbours: 0.8, want: 0.64},
		{name: "as many as the neighbours count", beaten: []float64{0.5, 0.5, 0.5, 0.5}, neighbours: 0.8, want: 0.4},
		{name: "headlines known better than articles", beaten: []float64{1, 1, 1, 1}, neighbours: 0.3, want: 0.3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (&cloze{beaten: tt.beaten}).trust(tt.neighbours); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("%v against %v give %v, want %v", tt.beaten, tt.neighbours, got, tt.want)
			}
		})
	}
}

// TestLiteralReadsNoPassages holds that learning costs an embedder of words alone nothing more than its sample, and another one a few calls.
func TestLiteralReadsNoPassages(t *testing.T) {
	builtin, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	articles, _ := madeUp(1, titled)
	for _, tt := range []struct {
		embedder akin.Embedder
		want     int
	}{{builtin, 0}, {meanings{}, (askedMost + askedAtOnce - 1) / askedAtOnce}} {
		e, calls := engineOf(t, tt.embedder, articles)
		before := calls("get")
		if err := e.Warm(t.Context(), akin.DefaultCorpus); err != nil {
			t.Fatal(err)
		}
		if got := calls("get") - before; got != tt.want {
			t.Errorf("%s: learning read articles %d times, want %d", tt.embedder.Fingerprint(), got, tt.want)
		}
	}
}

// TestAskingEnds holds that learning ends with its context.
func TestAskingEnds(t *testing.T) {
	articles, _ := madeUp(1, titled)
	e, _ := engineOf(t, meanings{}, articles)
	samples, err := e.store.SampleArticles(t.Context(), akin.DefaultCorpus, sampleSize)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asker, reads := e.asker(calibrationKey{corpus: akin.DefaultCorpus}), 0
	read := asker.read
	asker.read = func(ctx context.Context, ids []string) (map[string]store.Stored, error) {
		if reads++; reads == 2 {
			cancel()
		}
		return read(ctx, ids)
	}
	_, err = calibrate(ctx, samples, len(articles), false, asker)
	if err == nil || reads != 2 {
		t.Errorf("learning read %d times and ended with %v, want 2 times and an error", reads, err)
	}
}

// silent does not answer queries while it is down.
type silent struct {
	meanings
	down *bool
}

func (s silent) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	if *s.down && purpose == akin.Query {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.meanings.Embed(ctx, purpose, texts)
}

// TestAskedAgain holds that an embedder which does not answer ends no learning, and is asked again a minute later.
func TestAskedAgain(t *testing.T) {
	articles, _ := madeUp(1, onePieced)
	now, down := time.Date(2031, 3, 2, 9, 0, 0, 0, time.UTC), true
	e, _ := engineOf(t, silent{meanings{brief: 20}, &down}, articles)
	e.options.Now = func() time.Time { return now }
	for _, tt := range []struct {
		after    time.Duration
		down     bool
		headline bool // is a headline trusted as an article is
	}{
		{0, true, true},
		{2 * time.Second, false, true},
		{measuredFor, false, false},
		{time.Hour, true, false},
	} {
		now, down = now.Add(tt.after), tt.down
		c, err := e.calibration(t.Context(), calibrationKey{corpus: akin.DefaultCorpus})
		if err != nil {
			t.Fatal(err)
		}
		s := c.scale("en")
		if headline, whole := s.trusted(8), s.trusted(240); (headline == whole) != tt.headline || whole < 0.85 {
			t.Errorf("%v later, down %v: trusted %.2f with headlines and %.2f with articles, want the same: %v", tt.after, tt.down, headline, whole, tt.headline)
		}
	}
}

// TestSentenceOf holds what an article of one paragraph is asked by.
func TestSentenceOf(t *testing.T) {
	long := strings.Repeat("the ferry that the council of Ostby had promised its islands for so many years did not come; ", 20)
	tests := []struct {
		name, text, title, want string
	}{
		{name: "the briefest that tells something", text: long + ". A byline. The mayor of the smaller island told nobody that he would swim. " + long, want: " The mayor of the smaller island told nobody that he would swim."},
		{name: "a figure's point ends no sentence", text: long + ". He swam 3.5 kilometres and was not seen again by his wife. " + long, want: " He swam 3.5 kilometres and was not seen again by his wife."},
		{name: "Chinese", text: strings.Repeat("奥斯比镇议会答应多年的渡轮一直没有开来，", 20) + "。小岛的镇长没有告诉任何人他要游过去的事！" + strings.Repeat("渡轮没有来，", 60), want: "小岛的镇长没有告诉任何人他要游过去的事！"},
		{name: "none in a text that is hardly longer", text: "The mayor of the smaller island told nobody that he would swim. Then he swam."},
		{name: "none where there is a heading", title: "The mayor swims", text: long + ". The mayor of the smaller island told nobody that he would swim."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := store.Stored{Article: akin.Article{Title: tt.title, Paragraphs: []akin.Paragraph{{Text: tt.text}}}, Words: encoder.Words(tt.text)}
			got, words, ok := sentenceOf(s)
			if got != tt.want || ok != (tt.want != "") || words != encoder.Words(tt.want) {
				t.Errorf("got %q of %d words, %v; want %q", got, words, ok, tt.want)
			}
		})
	}
}
