package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query/measure"
)

// Answer is one document of a ranking.
type Answer struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
}

// judged is a query, with what it should be answered by.
type judged struct {
	id, text string // without a text, the query is the document of this id
	grades   map[string]float64
	label    string // in place of grades: documents of this label are relevant
	peers    int    // how many others have it
}

// rank asks all judged queries, and measures the answers.
func (m *measurement) rank(ctx context.Context) error {
	asked, err := m.judgements()
	if err != nil {
		return err
	}
	m.report.Queries = make([]QueryResult, len(asked))
	err = m.each(ctx, "asking", len(asked), func(ctx context.Context, i int) error {
		answers, err := m.ask(ctx, asked[i])
		if err != nil {
			return fmt.Errorf("query %q: %w", asked[i].id, err)
		}
		m.report.Queries[i] = m.judge(asked[i], answers)
		return nil
	})
	if err != nil {
		return err
	}
	m.report.Figures = rankingFigures(m.report.Queries, m.options.Seed)
	return nil
}

// judgements are the queries to ask; those that cannot be asked are counted in the report.
func (m *measurement) judgements() ([]judged, error) {
	all := m.fromQrels
	if m.set.Labels != nil {
		all = m.fromLabels
	}
	asked := draw(all(), m.options.Sample, m.options.Seed)
	if len(asked) == 0 {
		return nil, errors.New("none of the judged queries is among the queries, or the documents where there are no queries: are these files of one set?")
	}
	for _, q := range asked {
		if q.relevant() == 0 {
			m.report.WithoutRelevant.add(q.id)
		}
	}
	return asked, nil
}

func (m *measurement) fromQrels() []judged {
	texts := m.set.texts()
	missing := map[string]bool{}
	var asked []judged
	for _, id := range m.set.Qrels.Queries {
		q := judged{id: id, text: texts[id], grades: maps.Clone(m.set.Qrels.Grades[id])}
		known := q.text != ""
		if texts == nil {
			known = m.documents[id] != nil
			delete(q.grades, id) // it is not its own answer
		}
		for document := range q.grades {
			if m.documents[document] == nil {
				missing[document] = true
			}
		}
		if known {
			asked = append(asked, q)
		} else {
			m.report.MissingQueries.add(id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		m.report.MissingDocuments.add(id)
	}
	return asked
}

func (m *measurement) fromLabels() []judged {
	size := map[string]int{}
	for _, label := range m.set.Labels {
		size[label]++
	}
	var asked []judged
	for _, d := range m.set.Documents {
		label, ok := m.set.Labels[d.ID]
		switch {
		case !ok:
			m.report.Unlabelled++
		case size[label] == 1:
			m.report.Alone++
		default:
			asked = append(asked, judged{id: d.ID, label: label, peers: size[label] - 1})
		}
	}
	return asked
}

// ask returns the ranking of documents for a query, without the query itself.
func (m *measurement) ask(ctx context.Context, q judged) ([]Answer, error) {
	seed := akin.Seed{Text: q.text}
	if q.text == "" {
		seed = akin.Seed{ID: m.stored(q.id)}
	}
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

// stored is the id that a document has in the store.
func (m *measurement) stored(document string) string {
	if m.options.Unit == Statement {
		return akin.StatementID(document, 1)
	}
	return document
}

// relevant is how many documents are.
func (q judged) relevant() int {
	if q.label != "" {
		return q.peers
	}
	n := 0
	for _, grade := range q.grades {
		if grade > 0 {
			n++
		}
	}
	return n
}

// ranking is an answer in the eyes of the judge.
func (q judged) ranking(answers []Answer, labels map[string]string) measure.Ranking {
	var r measure.Ranking
	if q.label != "" {
		for _, a := range answers {
			grade := 0.0
			if labels[a.ID] == q.label {
				grade = 1
			}
			r.Grades = append(r.Grades, grade)
		}
		r.Ideal = slices.Repeat([]float64{1}, q.peers)
		return r
	}
	for _, a := range answers {
		r.Grades = append(r.Grades, q.grades[a.ID])
	}
	for _, grade := range q.grades {
		if grade > 0 {
			r.Ideal = append(r.Ideal, grade)
		}
	}
	slices.SortFunc(r.Ideal, func(a, b float64) int { return cmp.Compare(b, a) })
	return r
}

// judge works out the figures of one answer.
func (m *measurement) judge(q judged, answers []Answer) QueryResult {
	r := q.ranking(answers, m.set.Labels)
	result := QueryResult{ID: q.id, Relevant: len(r.Ideal), Values: map[string]float64{}, grades: r.Grades, answers: answers}
	result.FirstRelevant = 1 + slices.IndexFunc(r.Grades, func(g float64) bool { return g > 0 })
	result.Answers = answers[:min(answersKept, len(answers))]
	for _, f := range rankingValues {
		result.Values[f.name] = f.value(r)
	}
	if q.label != "" {
		result.Values[knn] = 0
		if m.vote(answers) == q.label {
			result.Values[knn] = 1
		}
	}
	return result
}

// neighbours vote on a document's label.
const neighbours = 10

// vote is the label of most of the nearest neighbours; of equally many, that of the nearest.
func (m *measurement) vote(answers []Answer) string {
	votes, best := map[string]int{}, ""
	nearest := answers[:min(neighbours, len(answers))]
	for _, a := range nearest {
		if label, ok := m.set.Labels[a.ID]; ok {
			votes[label]++
		}
	}
	for _, a := range nearest {
		if label := m.set.Labels[a.ID]; votes[label] > votes[best] {
			best = label
		}
	}
	return best
}
