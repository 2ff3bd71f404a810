package eval

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/page"
)

// ReadDocuments reads articles from JSON Lines, gzipped or not, in any form that ingest takes; one without a body has its title for one.
// An error names the line.
func ReadDocuments(name string) ([]akin.Article, error) {
	var documents []akin.Article
	first := map[string]int{}
	for line, err := range lines(name) {
		if err != nil {
			return nil, err
		}
		article, err := document(line.text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line.number, err)
		}
		if before, ok := first[article.ID]; ok {
			return nil, fmt.Errorf("%s:%d: id %q stands in line %d, too", name, line.number, article.ID, before)
		}
		first[article.ID] = line.number
		documents = append(documents, article)
	}
	if len(documents) == 0 {
		return nil, fmt.Errorf("%s: there is no document in it", name)
	}
	return documents, nil
}

func document(text []byte) (akin.Article, error) {
	article, err := page.ParseLine(text)
	if invalid, ok := errors.AsType[*akin.InvalidError](err); ok && invalid.Field == "paragraphs" {
		if whole, ok := titleForBody(text); ok {
			return page.ParseLine(whole)
		}
	}
	return article, err
}

func readQueries(name string) ([]Query, error) {
	documents, err := ReadDocuments(name)
	if err != nil {
		return nil, err
	}
	queries := make([]Query, len(documents))
	for i, d := range documents {
		queries[i] = Query{d.ID, textOf(&d)}
	}
	return queries, nil
}

// ReadQrels reads TREC qrels: query, a column that nobody reads, document, grade. An error names the line.
func ReadQrels(name string) (*Qrels, error) {
	q := &Qrels{Grades: map[string]map[string]float64{}}
	for line, err := range lines(name) {
		if err != nil {
			return nil, err
		}
		fields, grade, err := judgement(line.text, "query, 0, document, grade", 4)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line.number, err)
		}
		id, document := fields[0], fields[2]
		if q.Grades[id] == nil {
			q.Grades[id] = map[string]float64{}
			q.Queries = append(q.Queries, id)
		}
		if before, ok := q.Grades[id][document]; ok && before != grade {
			return nil, fmt.Errorf("%s:%d: document %q has grade %v for query %q, and had %v before", name, line.number, document, grade, id, before)
		}
		q.Grades[id][document] = grade
	}
	if len(q.Queries) == 0 {
		return nil, fmt.Errorf("%s: %w", name, errNoJudgement)
	}
	return q, nil
}

// ReadPairs reads pairs: document, document, grade. An error names the line.
func ReadPairs(name string) ([]Pair, error) {
	var pairs []Pair
	for line, err := range lines(name) {
		if err != nil {
			return nil, err
		}
		fields, grade, err := judgement(line.text, "document, document, grade", 3)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line.number, err)
		}
		pairs = append(pairs, Pair{fields[0], fields[1], grade})
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("%s: %w", name, errNoJudgement)
	}
	return pairs, nil
}

// judgement parts a line at its tabs, or at its blanks when it has none; the last field is the grade.
func judgement(text []byte, form string, n int) ([]string, float64, error) {
	var fields []string
	if bytes.IndexByte(text, '\t') >= 0 {
		for field := range strings.SplitSeq(string(text), "\t") {
			fields = append(fields, strings.TrimSpace(field))
		}
	} else {
		fields = strings.Fields(string(text))
	}
	if len(fields) != n {
		return nil, 0, fmt.Errorf("%d fields, want %d: %s", len(fields), n, form)
	}
	grade, err := strconv.ParseFloat(fields[n-1], 64)
	if err != nil || math.IsNaN(grade) || math.IsInf(grade, 0) {
		return nil, 0, fmt.Errorf("%q is not a grade", fields[n-1])
	}
	return fields, grade, nil
}

type line struct {
	number int
	text   []byte // without white space around it; valid until the next line
}

// lines yields the lines of a file, gzipped or not, that are not empty.
func lines(name string) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(line{}, err)
			return
		}
		defer f.Close()
		in, err := unzipped(f)
		if err != nil {
			yield(line{}, fmt.Errorf("%s: %w", name, err))
			return
		}
		scanner := bufio.NewScanner(in)
		scanner.Buffer(make([]byte, 64<<10), page.MaxLine)
		number := 1
		for ; scanner.Scan(); number++ {
			text := scanner.Bytes()
			if number == 1 {
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			if text = bytes.TrimSpace(text); len(text) > 0 && !yield(line{number, text}, nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(line{}, fmt.Errorf("%s:%d: %w", name, number, err))
		}
	}
}

// unzipped tells gzip by its first two bytes.
func unzipped(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, err := in.Peek(2); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return in, nil
	}
	return gzip.NewReader(in)
}
