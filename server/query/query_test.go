package query_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
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

// TestThePrintThatAFilterLetsPass has the earliest of those stand for a family.
func TestThePrintThatAFilterLetsPass(t *testing.T) {
	engine, _ := sample(t)
	answer := related(t, engine, query.Request{Seeds: byID("varn-tunnel-2"), Filter: akin.Filter{ExcludedIDs: []string{"varn-tunnel-1"}}})
	at := slices.Index(ids(answer.Matches), "varn-tunnel-3")
	if at < 0 || len(answer.Matches[at].OtherPrints) > 0 {
		t.Errorf("got %v, want varn-tunnel-3 alone in the place of varn-tunnel-1", ids(answer.Matches))
	}
}

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

// TestCallsToTheStore holds what an answer costs: two calls, and one more where the seed decides who can be a candidate.
func TestCallsToTheStore(t *testing.T) {
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	client, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), client, store.Options{Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := embed.New(st, embedder).Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	engine := query.New(st, embedder, query.Options{Now: func() time.Time { return now }})
	related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Limit: 3}) // learns what scores mean
	calls := func() (n int) {
		for _, c := range db.Stats().Calls {
			n += int(c.Count)
		}
		return n
	}
	for name, test := range map[string]struct {
		request query.Request
		most    int
	}{
		"by id":               {query.Request{Seeds: byID("varn-tunnel-1"), Limit: 3}, 2},
		"with evidence":       {query.Request{Seeds: byID("varn-tunnel-1"), Limit: 3, Evidence: 3}, 2},
		"by text":             {query.Request{Seeds: []akin.Seed{{Text: "a new tunnel"}}, Limit: 1, Evidence: 3}, 2},
		"several seeds":       {query.Request{Seeds: []akin.Seed{{ID: "varn-tunnel-1"}, {ID: "ellesk-bridge-1"}, {ID: "bopu-fishing-1", Negative: true}}, Limit: 3}, 2},
		"diverse and fresh":   {query.Request{Seeds: byID("varn-tunnel-1"), Limit: 3, Diversity: 0.5, Time: query.Time{HalfLife: 30}}, 2},
		"older than the seed": {query.Request{Seeds: byID("varn-tunnel-1"), Limit: 1, Time: query.Time{Scope: query.Older}}, 4}, // one counts, where there are fewer than asked for
		"a seed that is away": {query.Request{Seeds: []akin.Seed{{ID: "varn-tunnel-1"}, {ID: "nobody"}}, Limit: 3}, 4},
	} {
		before := calls()
		related(t, engine, test.request)
		if got := calls() - before; got > test.most {
			t.Errorf("%s: %d calls to the store, want at most %d", name, got, test.most)
		}
	}
}

func TestFreshnessSinksWhatIsFar(t *testing.T) {
	engine, _ := sample(t)
	plain := related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Limit: 100})
	fresh := related(t, engine, query.Request{Seeds: byID("varn-tunnel-1"), Limit: 100, Time: query.Time{HalfLife: 10}})
	before := scoresOf(plain)
	lost := 0
	for _, m := range fresh.Matches {
		if m.Score > before[m.Article.ID] {
			t.Errorf("%s scores %v fresh and %v plain", m.Article.ID, m.Score, before[m.Article.ID])
		}
		if m.Scores.TimePart < 0 {
			lost++
		}
	}
	if lost == 0 || len(fresh.Matches) != len(plain.Matches) {
		t.Errorf("%d of %d matches lost something, want some, and all there", lost, len(fresh.Matches))
	}
}

// TestSaidBefore is what a researcher asks: did this speaker say this before?
func TestSaidBefore(t *testing.T) {
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	beside := map[string]string{
		"now": "Frost kept the plum growers of the valley awake for three nights.", "first": "A choir from the north sang in the old customs house.",
		"second": "The mill sold its last looms to a museum of machines.", "later": "Two goats blocked the mountain railway until noon.",
		"other": "Nobody has claimed the lottery prize of Saint Merrow.",
	}
	said := func(id, day, speaker, text string, kind akin.Kind) akin.Article {
		a := akin.Article{ID: id, PublishedDate: day, Language: "en", Title: "News of " + id, Paragraphs: []akin.Paragraph{{Text: text}, {Text: beside[id]}}}
		a.Statements = []akin.Statement{{Text: text, Speaker: speaker, Kind: kind, End: len([]rune(text))}}
		return a
	}
	const line = "The harbour bridge will open before the winter"
	if _, err := embed.New(st, embedder).Put(t.Context(), akin.DefaultCorpus, []akin.Article{
		said("now", "2020-05-05", "Ruth Adler", line, akin.Direct),
		said("first", "2018-01-01", "Ruth Adler", line+" of 2018", akin.Direct),
		said("second", "2019-01-01", "Ruth Adler", "The harbour bridge will not open before the winter", akin.Indirect),
		said("later", "2021-01-01", "Ruth Adler", line+" again", akin.Direct),
		said("other", "2017-01-01", "Tom Beck", line+" for sure", akin.Direct),
	}); err != nil {
		t.Fatal(err)
	}
	engine := query.New(st, embedder, query.Options{})
	ask := func(r query.Request) (ids []string, answer query.StatementAnswer) {
		t.Helper()
		r.Corpus, r.Limit, r.Seeds = akin.DefaultCorpus, 10, byID("now#1")
		answer, err := engine.Similar(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.Matches {
			ids = append(ids, m.ArticleID)
		}
		return ids, answer
	}
	got, answer := ask(query.Request{Speakers: query.SameSpeaker, Time: query.Time{Scope: query.Older}, Order: query.OldestFirst})
	if !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("what the speaker said before: %v, want first and second", got)
	}
	if len(answer.Matches) == 2 {
		if d := answer.Matches[1].Differences; len(d) != 1 || d[0].Kind != query.Negation {
			t.Errorf("the denial differs in %+v, want a negation", d)
		}
		if answer.Matches[1].Band >= akin.SameStory {
			t.Errorf("the denial is in the band %v", answer.Matches[1].Band)
		}
	}
	if got, _ := ask(query.Request{Speakers: query.OtherSpeakers}); !slices.Equal(got, []string{"other"}) {
		t.Errorf("what others said: %v, want other", got)
	}
	if got, _ := ask(query.Request{Order: query.NewestFirst}); !slices.Equal(got, []string{"later", "second", "first", "other"}) {
		t.Errorf("newest first: %v", got)
	}
	if got, _ := ask(query.Request{Filter: akin.Filter{Kind: akin.Indirect}}); !slices.Equal(got, []string{"second"}) {
		t.Errorf("the indirect ones: %v, want second", got)
	}
	_, err = engine.Similar(t.Context(), query.Request{Corpus: akin.DefaultCorpus, Limit: 1, Seeds: []akin.Seed{{Text: line}}, Speakers: query.SameSpeaker})
	if _, ok := errors.AsType[*akin.InvalidError](err); !ok {
		t.Errorf("the same speaker as a text's: %v, want an InvalidError", err)
	}
}

// TestTheEndOfALongArticleIsFound holds that nothing of a long article is lost: a text that only its last paragraph resembles finds it, with that paragraph as the evidence.
func TestTheEndOfALongArticleIsFound(t *testing.T) {
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	stage := embed.New(st, embedder)
	const n = 1500
	long := akin.Article{ID: "long", Language: "en", Title: "A year of the council"}
	for a := range testdata.Generated(400) {
		if a.Language == "en" {
			long.Paragraphs = append(long.Paragraphs, a.Paragraphs...)
		}
		if _, err := stage.Put(t.Context(), akin.DefaultCorpus, []akin.Article{a}); err != nil {
			t.Fatal(err)
		}
	}
	long.Paragraphs = append(long.Paragraphs[:n:n], akin.Paragraph{Text: "At last the dredger Ostby freed the trawler from the Quarrin sandbank."})
	if _, err := stage.Put(t.Context(), akin.DefaultCorpus, []akin.Article{long}); err != nil {
		t.Fatal(err)
	}
	answer := related(t, query.New(st, embedder, query.Options{}), query.Request{
		Seeds: []akin.Seed{{Text: "dredger Ostby pulls trawler off Quarrin sandbank"}}, Evidence: 1, Limit: 3,
	})
	if len(answer.Matches) == 0 || answer.Matches[0].Article.ID != "long" || len(answer.Matches[0].Evidence) == 0 ||
		answer.Matches[0].Evidence[0].MatchSpan.Paragraph != n {
		t.Errorf("got %+v, want the last paragraph of the long article", answer.Matches)
	}
}
