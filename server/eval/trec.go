package eval

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/akinserver/akin"
)

// WriteRun writes the answers as a TREC run: query, Q0, document, place, score, tag. Tools rank by score, read it as a 32-bit float, and order equal
// ones by id; so each score is written strictly below the one before.
func (r *Report) WriteRun(w io.Writer, tag string) error {
	if len(r.Queries) == 0 {
		return &akin.InvalidError{Field: "run", Problem: "pairs are no ranking; a run is written of queries"}
	}
	out := bufio.NewWriter(w)
	for _, q := range r.Queries {
		last := float32(math.Inf(1))
		for place, a := range q.answers {
			for _, id := range []string{q.ID, a.ID} {
				if strings.ContainsFunc(id, unicode.IsSpace) {
					return &akin.InvalidError{Field: "run", Problem: fmt.Sprintf("id %q has a blank, and the columns of a TREC run are parted by blanks", id)}
				}
			}
			last = min(float32(a.Score), math.Nextafter32(last, float32(math.Inf(-1))))
			fmt.Fprintf(out, "%s Q0 %s %d %s %s\n", q.ID, a.ID, place+1, strconv.FormatFloat(float64(last), 'g', -1, 32), tag)
		}
	}
	return out.Flush()
}

// ReadRun reads a TREC run: the answers to each query, by falling score, and by falling id where scores are equal, as trec_eval has them. The column of
// places is not read. An error names the line.
func ReadRun(name string) (map[string][]Answer, error) {
	run := map[string][]Answer{}
	seen := map[[2]string]bool{}
	for line, err := range lines(name) {
		if err != nil {
			return nil, err
		}
		fields := strings.Fields(string(line.text))
		if len(fields) != 6 {
			return nil, fmt.Errorf("%s:%d: %d fields, want 6: query, Q0, document, place, score, tag", name, line.number, len(fields))
		}
		score, err := strconv.ParseFloat(fields[4], 64)
		if err != nil || math.IsNaN(score) {
			return nil, fmt.Errorf("%s:%d: %q is not a score", name, line.number, fields[4])
		}
		answer := [2]string{fields[0], fields[2]}
		if seen[answer] {
			return nil, fmt.Errorf("%s:%d: document %q answers query %q twice", name, line.number, answer[1], answer[0])
		}
		seen[answer] = true
		run[fields[0]] = append(run[fields[0]], Answer{fields[2], score})
	}
	for _, answers := range run {
		slices.SortFunc(answers, func(a, b Answer) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.ID, a.ID)) })
	}
	return run, nil
}

// Judge measures a run that was made elsewhere.
func Judge(set Set, run map[string][]Answer, o Options) (*Report, error) {
	if set.Pairs != nil {
		return nil, errors.New("a TREC run answers queries, and these are pairs")
	}
	m := newMeasurement(set, o.withDefaults())
	asked, err := m.judgements()
	if err != nil {
		return nil, err
	}
	answered := 0
	for _, q := range asked {
		answers := slices.DeleteFunc(run[q.id], func(a Answer) bool { return q.text == "" && a.ID == q.id })
		answered += min(1, len(answers))
		m.report.Queries = append(m.report.Queries, m.judge(q, answers))
	}
	if answered == 0 {
		return nil, errors.New("the run answers none of the judged queries")
	}
	m.report.Figures = rankingFigures(m.report.Queries, o.Seed)
	return m.report, nil
}

// ReadBefore reads an earlier measurement, to compare with: a report in JSON, or a TREC run, which is judged by the set.
func ReadBefore(name string, set Set, o Options) (*Report, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		r := &Report{}
		if err := json.Unmarshal(b, r); err != nil {
			return nil, fmt.Errorf("%s: not a report of akin eval --json: %w", name, err)
		}
		return r, nil
	}
	run, err := ReadRun(name)
	if err != nil {
		return nil, err
	}
	r, err := Judge(set, run, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
