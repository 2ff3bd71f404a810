package query

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

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

// madeUp are articles of words that nobody has said, four on each of 40 subjects, each with some words of its own; and a headline that another paper gave each of them.
func madeUp(seed uint64, titled bool) (articles []akin.Article, headlines []string) {
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
			if titled {
				a.Title = draw(8, own, subject)
			}
			for range 5 {
				a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: draw(45, subject, own, subject, common, common)})
			}
			a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: draw(12, own, subject)})
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
		for name, titled := range map[string]bool{"asked by headings": true, "asked by paragraphs": false} {
			t.Run(fmt.Sprintf("corpus %d, %s", seed, name), func(t *testing.T) {
				articles, headlines := madeUp(seed, titled)
				answers := func(embedder meanings) (headline, whole, fused, lexical float64) {
					e, _ := engineOf(t, embedder, articles)
					c, err := e.calibration(t.Context(), calibrationKey{corpus: akin.DefaultCorpus})
					if err != nil {
						t.Fatal(err)
					}
					s, none := c.scale("en"), 0.0
					return s.trusted(8), s.trusted(240), reciprocal(t, e, articles, headlines, nil), reciprocal(t, e, articles, headlines, &none)
				}
				if headline, whole, fused, lexical := answers(meanings{}); headline != whole || whole < 0.9 || fused < lexical {
					t.Errorf("one that knows the language is trusted %.2f with headlines and %.2f with articles, and finds %.3f where words find %.3f; want all of its trust, .9 or more, and no less found", headline, whole, fused, lexical)
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
	articles, _ := madeUp(1, true)
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
	articles, _ := madeUp(1, true)
	e, _ := engineOf(t, meanings{}, articles)
	samples, err := e.store.SampleArticles(t.Context(), akin.DefaultCorpus, sampleSize)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	read, reads := e.reader(calibrationKey{corpus: akin.DefaultCorpus}), 0
	_, err = calibrate(ctx, samples, len(articles), false, func(ctx context.Context, ids []string) (map[string]store.Stored, error) {
		if reads++; reads == 2 {
			cancel()
		}
		return read(ctx, ids)
	})
	if err == nil || reads != 2 {
		t.Errorf("learning read %d times and ended with %v, want 2 times and an error", reads, err)
	}
}
