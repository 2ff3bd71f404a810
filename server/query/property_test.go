package query_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/qdrant/go-client/qdrant"
	"pgregory.net/rapid"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
)

// topics are what random articles are made of: words that stand together, so that some articles are related and others are not.
var topics = [][]string{
	strings.Fields("ferry harbour island captain pier tide rope sailors crossing timetable lighthouse anchor"),
	strings.Fields("orchard frost plums ladder harvest cider beetle blossom pruning barrel crate pickers"),
	strings.Fields("bridge girder river engineer bolts scaffold span toll concrete pillars barge survey"),
	strings.Fields("渡轮 港口 船长 海岛 灯塔 潮水 码头 缆绳 水手 航班 停运 候船"),
	strings.Fields("大桥 桥墩 工程 钢梁 河面 勘测 通车 收费 水泥 检修 桥面 护栏"),
}

var days = []string{"", "2001-03-04", "2001-03-05", "2007-10-01", "2014-05-20", "2020-02-29"}

// randomArticles are a corpus with reprints in it: copies that lost a word.
func randomArticles() *rapid.Generator[[]akin.Article] {
	return rapid.Custom(func(t *rapid.T) []akin.Article {
		var articles []akin.Article
		for i := range rapid.IntRange(3, 14).Draw(t, "articles") {
			a := akin.Article{ID: fmt.Sprintf("a%02d", i), PublishedDate: rapid.SampledFrom(days).Draw(t, "day"), Source: rapid.SampledFrom([]string{"Courier", "晚报"}).Draw(t, "source")}
			if i > 0 && rapid.IntRange(0, 4).Draw(t, "reprint") == 0 {
				original := articles[rapid.IntRange(0, i-1).Draw(t, "of")]
				a.Title, a.Language, a.Paragraphs = original.Title, original.Language, slices.Clone(original.Paragraphs)
				last := &a.Paragraphs[len(a.Paragraphs)-1]
				last.Text += "."
			} else {
				topic := rapid.IntRange(0, len(topics)-1).Draw(t, "topic")
				if a.Language = "en"; topic > 2 {
					a.Language = "zh"
				}
				words := func(least, most int) string {
					return strings.Join(rapid.SliceOfN(rapid.SampledFrom(topics[topic]), least, most).Draw(t, "words"), " ")
				}
				a.Title = words(0, 3)
				for range rapid.IntRange(1, 4).Draw(t, "paragraphs") {
					a.Paragraphs = append(a.Paragraphs, akin.Paragraph{Text: words(4, 30)})
				}
			}
			a.Place()
			articles = append(articles, a)
		}
		return articles
	})
}

// engineOver puts articles into a store of their own.
func engineOver(t *testing.T, rt *rapid.T, client *qdrant.Client, articles []akin.Article) *query.Engine {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{Dimensions: 64})
	if err != nil {
		rt.Fatal(err)
	}
	prefix := storetest.Prefix()
	st, err := store.Open(t.Context(), client, store.Options{Prefix: prefix, Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { storetest.Drop(t, client, prefix) })
	results, err := embed.New(st, embedder).Put(t.Context(), akin.DefaultCorpus, articles)
	if err != nil {
		rt.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			rt.Fatalf("%s: %v", r.ID, r.Err)
		}
	}
	return query.New(st, embedder, query.Options{Now: func() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }})
}

func ask(t *testing.T, rt *rapid.T, e *query.Engine, r query.Request) query.ArticleAnswer {
	t.Helper()
	r.Corpus = akin.DefaultCorpus
	if r.Limit == 0 {
		r.Limit = 100
	}
	answer, err := e.Related(t.Context(), r)
	if err != nil {
		rt.Fatal(err)
	}
	return answer
}

func TestProperties(t *testing.T) {
	client := storetest.Client(t)
	rapid.Check(t, func(rt *rapid.T) {
		articles := randomArticles().Draw(rt, "corpus")
		engine := engineOver(t, rt, client, articles)
		seed := rapid.SampledFrom(articles).Draw(rt, "seed").ID
		base := query.Request{Seeds: byID(seed), Evidence: 1}
		plain := ask(t, rt, engine, base)

		property(rt, "no seed and no print of it, and each article once", func() {
			seen := map[string]bool{}
			for _, m := range plain.Matches {
				for _, id := range append([]string{m.Article.ID}, m.OtherPrints...) {
					if id == seed || seen[id] || samePrint(articles, id, seed) {
						rt.Errorf("%s is in the answer to %s, or twice: %v", id, seed, ids(plain.Matches))
					}
					seen[id] = true
				}
			}
		})
		property(rt, "every article is accounted for", func() {
			counted := 1 + len(plain.Matches)
			for _, s := range plain.Shortfalls {
				counted += s.Count
			}
			if counted != len(articles) {
				rt.Errorf("%d matches and %+v account for %d of %d articles", len(plain.Matches), plain.Shortfalls, counted, len(articles))
			}
		})
		property(rt, "the parts add up, and order the list", func() {
			r := base
			r.Time, r.Diversity = query.Time{HalfLife: 500}, 0.4
			for _, m := range ask(t, rt, engine, r).Matches {
				s := m.Scores
				if sum := s.DensePart + s.LexicalPart - s.NegativePart + s.TimePart + s.DiversityPart; math.Abs(sum-m.Score) > 1e-9 || s.TimePart > 0 || s.DiversityPart > 1e-9 {
					rt.Errorf("%s: score %v, parts %+v", m.Article.ID, m.Score, s)
				}
			}
			if !slices.IsSortedFunc(plain.Matches, func(a, b query.ArticleMatch) int { return -compare(a.Score, b.Score) }) {
				rt.Errorf("not in the order of the scores: %v", ids(plain.Matches))
			}
		})
		property(rt, "page after page is one list", func() {
			for _, diversity := range []float64{0, 0.5, 1} {
				whole, paged := base, base
				whole.Diversity, paged.Diversity, paged.Limit, whole.Limit = diversity, diversity, 2, 4
				first := ask(t, rt, engine, paged)
				paged.Offset = 2
				if got, want := append(ids(first.Matches), ids(ask(t, rt, engine, paged).Matches)...), ids(ask(t, rt, engine, whole).Matches); !slices.Equal(got, want) {
					rt.Errorf("diversity %v: pages %v, want %v", diversity, got, want)
				}
			}
		})
		property(rt, "no diversity is the plain order, and any keeps the best first", func() {
			r := base
			for _, r.Diversity = range []float64{0.3, 0.99} {
				got := ask(t, rt, engine, r)
				if len(got.Matches) != len(plain.Matches) || len(got.Matches) > 0 && got.Matches[0].Article.ID != plain.Matches[0].Article.ID {
					rt.Errorf("diversity %v: %v, want all of %v, the best first", r.Diversity, ids(got.Matches), ids(plain.Matches))
				}
			}
		})
		property(rt, "a negative seed raises nothing", func() {
			negative := rapid.SampledFrom(articles).Draw(rt, "negative").ID
			if negative == seed {
				return
			}
			before := scoresOf(plain)
			for id, score := range scoresOf(ask(t, rt, engine, query.Request{Seeds: []akin.Seed{{ID: seed}, {ID: negative, Negative: true}}})) {
				if was, ok := before[id]; ok && score > was+1e-9 {
					rt.Errorf("%s scores %v with the negative seed %s, %v without", id, score, negative, was)
				}
			}
		})
		property(rt, "a filter lets nothing through", func() {
			for _, m := range ask(t, rt, engine, query.Request{Seeds: byID(seed), Filter: akin.Filter{Sources: []string{"Courier"}, PublishedFrom: "2001-03-05"}}).Matches {
				if m.Article.Source != "Courier" || m.Article.PublishedDate < "2001-03-05" {
					rt.Errorf("%s of %q, %q is in the answer", m.Article.ID, m.Article.Source, m.Article.PublishedDate)
				}
			}
			for _, scope := range []query.TimeScope{query.Older, query.Newer} {
				for _, m := range ask(t, rt, engine, query.Request{Seeds: byID(seed), Time: query.Time{Scope: scope, Reference: "2007-10-01"}}).Matches {
					if d := m.Article.PublishedDate; d == "" || (scope == query.Older) != (d < "2007-10-01") || d == "2007-10-01" {
						rt.Errorf("scope %v: %s of %q is in the answer", scope, m.Article.ID, d)
					}
				}
			}
		})
		property(rt, "the order of ingest does not matter", func() {
			other := engineOver(t, rt, client, rapid.Permutation(articles).Draw(rt, "order"))
			if diff := cmp.Diff(plain, ask(t, rt, other, base), cmpopts.EquateApprox(0, 1e-6), cmpopts.IgnoreUnexported(query.ArticleMatch{})); diff != "" {
				rt.Errorf("-one order +another:\n%s", diff)
			}
		})
	})
}

// property names what is being checked, for whatever fails.
func property(rt *rapid.T, name string, check func()) {
	rt.Log(name)
	check()
}

func scoresOf(a query.ArticleAnswer) map[string]float64 {
	out := map[string]float64{}
	for _, m := range a.Matches {
		out[m.Article.ID] = m.Score
	}
	return out
}

// samePrint: here, reprints are copies but for a dot at the end.
func samePrint(articles []akin.Article, a, b string) bool {
	body := func(id string) string {
		for _, article := range articles {
			if article.ID == id {
				var text []string
				for _, p := range article.Paragraphs {
					text = append(text, strings.TrimRight(p.Text, "."))
				}
				return strings.Join(text, "|")
			}
		}
		return id
	}
	return body(a) == body(b)
}

func compare(a, b float64) int {
	switch {
	case a < b-1e-12:
		return -1
	case a > b+1e-12:
		return 1
	}
	return 0
}
