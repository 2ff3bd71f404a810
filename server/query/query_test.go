package query_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
)

func related(t *testing.T, engine *query.Engine, r query.Request) query.ArticleAnswer {
	t.Helper()
	r.Corpus = akin.DefaultCorpus
	if r.Limit == 0 {
		r.Limit = 10
	}
	answer, err := engine.Related(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func ids(matches []query.ArticleMatch) []string {
	var out []string
	for _, m := range matches {
		out = append(out, m.Article.ID)
	}
	return out
}

func byID(id string) []akin.Seed { return []akin.Seed{{ID: id}} }

func TestReprintsAreOneMatch(t *testing.T) {
	engine, _ := sample(t)
	answer := related(t, engine, query.Request{Seeds: byID("varn-tunnel-2")})
	for _, m := range answer.Matches {
		if m.Article.ID == "varn-tunnel-3" {
			t.Errorf("the reprint varn-tunnel-3 stands beside varn-tunnel-1: %v", ids(answer.Matches))
		}
		if m.Article.ID == "varn-tunnel-1" && !slices.Equal(m.OtherPrints, []string{"varn-tunnel-3"}) {
			t.Errorf("varn-tunnel-1 lists the prints %v, want varn-tunnel-3", m.OtherPrints)
		}
	}
	if !slices.Contains(ids(answer.Matches), "varn-tunnel-1") {
		t.Errorf("got %v, want varn-tunnel-1 among them", ids(answer.Matches))
	}
}

func TestPagesAreOneList(t *testing.T) {
	engine, _ := sample(t)
	whole := related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Limit: 8})
	first := related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Limit: 4})
	second := related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Offset: 4, Limit: 4})
	if got, want := append(ids(first.Matches), ids(second.Matches)...), ids(whole.Matches); !slices.Equal(got, want) || !first.More {
		t.Errorf("pages %v (more: %v), want %v", got, first.More, want)
	}
}

func TestNegativeSeedSinksWhatResemblesIt(t *testing.T) {
	engine, _ := sample(t)
	text := "A new bridge and a new tunnel replace the ferries; the minister opened both works."
	plain := related(t, engine, query.Request{Seeds: []akin.Seed{{Text: text}}})
	against := related(t, engine, query.Request{Seeds: []akin.Seed{{Text: text}, {ID: "varn-tunnel-1", Negative: true}}})
	score := func(a query.ArticleAnswer, id string) (float64, bool) {
		for _, m := range a.Matches {
			if m.Article.ID == id {
				return m.Score, true
			}
		}
		return 0, false
	}
	before, ok := score(plain, "varn-tunnel-2")
	if !ok {
		t.Fatalf("got %v, want varn-tunnel-2 among them", ids(plain.Matches))
	}
	if after, ok := score(against, "varn-tunnel-2"); ok && after >= before {
		t.Errorf("varn-tunnel-2 scores %v with the negative seed of its story, %v without", after, before)
	}
	if slices.Contains(ids(against.Matches), "varn-tunnel-1") {
		t.Error("the negative seed is in the answer")
	}
	for _, m := range against.Matches {
		if got := m.Scores.DensePart + m.Scores.LexicalPart - m.Scores.NegativePart + m.Scores.TimePart + m.Scores.DiversityPart; got != m.Score {
			t.Errorf("%s: the parts add up to %v, the score is %v", m.Article.ID, got, m.Score)
		}
	}
}

func TestFilterLetsNothingThrough(t *testing.T) {
	engine, _ := sample(t)
	answer := related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Filter: akin.Filter{Languages: []string{"zh"}}, Limit: 100})
	for _, m := range answer.Matches {
		if m.Article.Language != "zh" {
			t.Errorf("%s is in %q", m.Article.ID, m.Article.Language)
		}
	}
	answer = related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Filter: akin.Filter{Languages: []string{"fr"}}})
	if len(answer.Matches) != 0 || len(answer.Shortfalls) != 1 || answer.Shortfalls[0].Reason != query.Filtered || answer.Shortfalls[0].Count < 40 {
		t.Errorf("a filter that leaves nothing: %v, %+v; want nothing, because all are filtered", ids(answer.Matches), answer.Shortfalls)
	}
}

func TestShortfallCountsEveryArticle(t *testing.T) {
	engine, st := sample(t)
	total, err := st.CountArticles(t.Context(), akin.DefaultCorpus, akin.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	answer := related(t, engine, query.Request{
		Seeds: []akin.Seed{{ID: "varn-tunnel-1"}, {ID: "nobody"}}, Limit: 100, MinBand: akin.SameStory, Filter: akin.Filter{Languages: []string{"en"}},
	})
	if !slices.Equal(answer.MissingSeeds, []string{"nobody"}) {
		t.Errorf("missing seeds %v, want nobody", answer.MissingSeeds)
	}
	counted := len(answer.Matches) + 1 // the seed
	reasons := map[query.Reason]int{}
	for _, s := range answer.Shortfalls {
		reasons[s.Reason] = s.Count
		if s.Reason != query.MissingSeed {
			counted += s.Count
		}
	}
	if counted != total || reasons[query.MissingSeed] != 1 || reasons[query.Collapsed] == 0 || reasons[query.Filtered] == 0 {
		t.Errorf("%d matches and %+v account for %d articles of %d", len(answer.Matches), answer.Shortfalls, counted, total)
	}
}

func TestUnknownSeeds(t *testing.T) {
	engine, _ := sample(t)
	_, err := engine.Related(t.Context(), query.Request{Corpus: akin.DefaultCorpus, Seeds: byID("nobody"), Limit: 10})
	if !errors.Is(err, akin.ErrNotFound) || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("got %v, want one that nobody is not found", err)
	}
	_, err = engine.Similar(t.Context(), query.Request{Corpus: "elsewhere", Seeds: byID("varn-tunnel-1#1"), Limit: 10})
	if !errors.Is(err, akin.ErrNotFound) || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("got %v, want one that names the corpus", err)
	}
}

func TestEvidenceSpansCutTheirText(t *testing.T) {
	engine, st := sample(t)
	answer := related(t, engine, query.Request{Seeds: []akin.Seed{{ID: "varn-tunnel-1"}}, Evidence: 3, Limit: 5})
	seen := 0
	for _, m := range answer.Matches {
		articles, err := st.Articles(t.Context(), akin.DefaultCorpus, []string{m.Article.ID, "varn-tunnel-1"}, store.Read{Text: true, Vectors: true, Passages: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.Evidence {
			seen++
			seed, match := articles["varn-tunnel-1"].Article, articles[m.Article.ID].Article
			for _, end := range []struct {
				article akin.Article
				span    query.Span
			}{{seed, e.SeedSpan}, {match, e.MatchSpan}} {
				text := end.article.Title
				if end.span.Paragraph >= 0 {
					text = end.article.Paragraphs[end.span.Paragraph].Text
				}
				if cut := text[end.span.ByteStart:end.span.ByteEnd]; cut != end.span.Text {
					t.Errorf("%s: bytes cut %q, want %q", end.article.ID, cut, end.span.Text)
				}
				if cut := string([]rune(text)[end.span.Start:end.span.End]); cut != end.span.Text {
					t.Errorf("%s: runes cut %q, want %q", end.article.ID, cut, end.span.Text)
				}
			}
			for _, term := range e.SharedTerms {
				if !strings.Contains(e.MatchSpan.Text, term) {
					t.Errorf("%s: the shared term %q is not in %q", m.Article.ID, term, e.MatchSpan.Text)
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("%d pairs of passages for 5 matches, want at least one each", seen)
	}
}

func TestTheSameWordsElsewhereComeFirst(t *testing.T) {
	engine, st := sample(t)
	for _, row := range rows(t, "statements") {
		if row[4] != "verbatim" {
			continue
		}
		id := statementID(t, st, row[0], row[1])
		if id == "" {
			continue // told by TestPairedStatement
		}
		answer, err := engine.Similar(t.Context(), query.Request{Corpus: akin.DefaultCorpus, Seeds: byID(id), Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Matches) == 0 || answer.Matches[0].Band != akin.SameText {
			t.Errorf("%s, said word for word in %s: got %+v, want the same text", id, row[2], answer.Matches)
		}
	}
}

func TestAnEmptyCorpusAnswersNothing(t *testing.T) {
	engine, _ := sample(t)
	answer, err := engine.Related(t.Context(), query.Request{Corpus: "empty", Seeds: []akin.Seed{{Text: "a bridge"}}, Limit: 10})
	if err != nil || len(answer.Matches) != 0 || answer.More {
		t.Errorf("got %+v (%v), want nothing", answer, err)
	}
}
