package eval

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query/measure"
)

// Answer is one document of a ranking.
type Answer struct {
	ID    string
	Score float64
}

// ask returns the ranking of documents for a query, without the query itself.
func (m *measurement) ask(ctx context.Context, seed akin.Seed) ([]Answer, error) {
	request := m.options.Settings.request(seed)
	var answers []Answer
	if m.options.Unit == Statement {
		found, err := m.bench.Engine.Similar(ctx, request)
		for _, match := range found.Matches {
			answers = append(answers, Answer{match.ArticleID, match.Score})
		}
		return answers, err
	}
	found, err := m.bench.Engine.Related(ctx, request)
	for _, match := range found.Matches {
		answers = append(answers, Answer{match.Article.ID, match.Score})
	}
	return answers, err
}

// seedOf a document that is its own query.
func (m *measurement) seedOf(document string) akin.Seed {
	return akin.Seed{ID: m.stored(document)}
}

// stored is the id that a document has in the store.
func (m *measurement) stored(document string) string {
	if m.options.Unit == Statement {
		return akin.StatementID(document, 1)
	}
	return document
}

// qrels measures the answers to judged queries.
func (m *measurement) qrels(ctx context.Context) error {
	texts := map[string]string{}
	for _, q := range m.set.Queries {
		texts[q.ID] = q.Text
	}
	var asked []judged
	missing := map[string]bool{}
	for _, id := range m.set.Qrels.Queries {
		q := judged{id: id, text: texts[id], grades: maps.Clone(m.set.Qrels.Grades[id])}
		known := q.text != ""
		if m.set.Queries == nil {
			known = m.documents[id] != nil
			delete(q.grades, id) // it is not its own answer
		}
		for document := range q.grades {
			if m.documents[document] == nil {
				missing[document] = true
			}
		}
		if !known {
			m.report.MissingQueries.add(id)
			continue
		}
		asked = append(asked, q)
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		m.report.MissingDocuments.add(id)
	}
	return m.rank(ctx, asked)
}

// labels measures documents as queries to which all others of their label are the answers.
func (m *measurement) labels(ctx context.Context) error {
	of := map[string][]string{}
	for _, d := range m.set.Documents {
		if label, ok := m.set.Labels[d.ID]; ok {
			of[label] = append(of[label], d.ID)
		}
	}
	var asked []judged
	for _, d := range m.set.Documents {
		label, ok := m.set.Labels[d.ID]
		if !ok {
			m.report.Unlabelled++
			continue
		}
		asked = append(asked, judged{id: d.ID, label: label, peers: len(of[label]) - 1})
	}
	return m.rank(ctx, asked)
}

// judged is a query, with what it should be answered by.
type judged struct {
	id, text string
	grades   map[string]float64
	label    string // in place of grades: documents of this label
	peers    int    // how many others have it
}

// ranking is an answer in the eyes of the judge.
func (q judged) ranking(answers []Answer, labels map[string]string) measure.Ranking {
	var r measure.Ranking
	for _, a := range answers {
		grade := q.grades[a.ID]
		if q.label != "" && labels[a.ID] == q.label {
			grade = 1
		}
		r.Grades = append(r.Grades, grade)
	}
	for _, grade := range q.grades {
		if grade > 0 {
			r.Ideal = append(r.Ideal, grade)
		}
	}
	if q.label != "" {
		r.Ideal = slices.Repeat([]float64{1}, q.peers)
	}
	slices.SortFunc(r.Ideal, func(a, b float64) int { return cmp.Compare(b, a) })
	return r
}

// rank asks all queries that can be answered, and works out their figures.
func (m *measurement) rank(ctx context.Context, asked []judged) error {
	asked = slices.DeleteFunc(asked, func(q judged) bool {
		if q.label != "" && q.peers > 0 || slices.ContainsFunc(slices.Collect(maps.Values(q.grades)), func(g float64) bool { return g > 0 }) {
			return false
		}
		m.report.WithoutRelevant.add(q.id)
		return true
	})
	asked = draw(asked, m.options.Sample, m.options.Seed)
	if len(asked) == 0 {
		return fmt.Errorf("no query can be judged: %d are not there, %d have no relevant document", m.report.MissingQueries.Count, m.report.WithoutRelevant.Count)
	}
	m.report.Queries = make([]QueryResult, len(asked))
	err := m.each(ctx, "asking", len(asked), func(ctx context.Context, i int) error {
		q := asked[i]
		seed := akin.Seed{Text: q.text}
		if q.text == "" {
			seed = m.seedOf(q.id)
		}
		answers, err := m.ask(ctx, seed)
		if err != nil {
			return fmt.Errorf("query %q: %w", q.id, err)
		}
		answers = slices.DeleteFunc(answers, func(a Answer) bool { return m.set.Queries == nil && a.ID == q.id })
		m.report.Queries[i] = m.judge(q, answers)
		return nil
	})
	if err != nil {
		return err
	}
	m.report.Figures = rankingFigures(m.report.Queries, m.options.Seed)
	return nil
}

// draw takes n at random, in their order; 0 takes all.
func draw[T any](all []T, n int, seed uint64) []T {
	if n <= 0 || n >= len(all) {
		return all
	}
	places := rand.New(rand.NewPCG(seed, uint64(len(all)))).Perm(len(all))[:n]
	slices.Sort(places)
	out := make([]T, n)
	for i, place := range places {
		out[i] = all[place]
	}
	return out
}

// figure of rankings, and the cutoff that it needs no more answers than.
var rankingNames = []struct {
	name  string
	value func(measure.Ranking) float64
}{
	{"ndcg@10", func(r measure.Ranking) float64 { return r.NDCG(10) }},
	{"recall@10", func(r measure.Ranking) float64 { return r.Recall(10) }},
	{"recall@100", func(r measure.Ranking) float64 { return r.Recall(100) }},
	{"map@5", func(r measure.Ranking) float64 { return r.AP(5) }},
	{"mrr@10", func(r measure.Ranking) float64 { return r.RR(10) }},
	{"mrr", func(r measure.Ranking) float64 { return r.RR(0) }},
}

// neighbours vote on a document's label.
const neighbours = 10

func (m *measurement) judge(q judged, answers []Answer) QueryResult {
	r := q.ranking(answers, m.set.Labels)
	result := QueryResult{ID: q.id, Relevant: len(r.Ideal), Values: map[string]float64{}, answers: answers, judged: q}
	for _, f := range rankingNames {
		result.Values[f.name] = f.value(r)
	}
	if q.label != "" {
		result.Values["knn@10"] = 0
		if m.vote(answers) == q.label {
			result.Values["knn@10"] = 1
		}
	}
	return result
}

// vote is the label of most of the nearest neighbours; of equally many, that of the nearest.
func (m *measurement) vote(answers []Answer) string {
	votes, best := map[string]int{}, ""
	nearest := answers[:min(neighbours, len(answers))]
	for _, a := range nearest {
		votes[m.set.Labels[a.ID]]++
	}
	for _, a := range nearest {
		if label := m.set.Labels[a.ID]; votes[label] > votes[best] {
			best = label
		}
	}
	return best
}

// rankingFigures are the means over queries, each with its interval.
func rankingFigures(results []QueryResult, seed uint64) []Figure {
	names := make([]string, 0, len(rankingNames)+1)
	for _, f := range rankingNames {
		names = append(names, f.name)
	}
	names = append(names, "knn@10")
	var figures []Figure
	for _, name := range names {
		if _, ok := results[0].Values[name]; !ok {
			continue
		}
		values := make([]float64, len(results))
		for i, r := range results {
			values[i] = r.Values[name]
		}
		interval := measure.Bootstrap(len(values), seed, func(w measure.Weights) float64 { return measure.WeightedMean(values, w) })
		figures = append(figures, newFigure(name, measure.Mean(values), interval, len(values)))
	}
	return figures
}
