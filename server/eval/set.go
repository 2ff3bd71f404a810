package eval

import (
	"fmt"

	"github.com/akinserver/akin"
)

// Files are what a set is read from. One of Qrels, Pairs and Labels is set.
type Files struct {
	Documents string `json:"documents"`
	Queries   string `json:"queries,omitempty"`
	Qrels     string `json:"qrels,omitempty"`
	Pairs     string `json:"pairs,omitempty"`
	Labels    string `json:"labels,omitempty"` // a field of documents

	// WithoutTitle takes the titles off documents: for queries that are titles themselves.
	WithoutTitle bool `json:"withoutTitle,omitzero"`
}

// Set is what is measured with. One of Qrels, Pairs and Labels is set.
type Set struct {
	Files     Files
	Documents []akin.Article // ids are unique
	Queries   []Query        // nil: documents are their own queries
	Qrels     *Qrels
	Pairs     []Pair
	Labels    map[string]string // document -> label; a weak judgement: documents of one label are relevant to one another
}

// Query is a text that has judged answers.
type Query struct{ ID, Text string }

// Qrels are graded answers to queries.
type Qrels struct {
	Queries []string                      // in the order of the file
	Grades  map[string]map[string]float64 // query -> document -> grade
}

// Pair is two documents and the grade of their likeness, higher when more alike.
type Pair struct {
	Left, Right string
	Grade       float64
}

// Read reads the files. An error names the file and the line.
func (f Files) Read() (Set, error) {
	set := Set{Files: f}
	var err error
	if set.Documents, err = ReadDocuments(f.Documents); err != nil {
		return Set{}, err
	}
	if f.WithoutTitle {
		for i := range set.Documents {
			set.Documents[i].Title, set.Documents[i].Subtitle = "", ""
		}
	}
	if f.Queries != "" {
		if set.Queries, err = readQueries(f.Queries); err != nil {
			return Set{}, err
		}
	}
	switch {
	case f.Qrels != "":
		set.Qrels, err = ReadQrels(f.Qrels)
	case f.Queries != "":
		err = &akin.InvalidError{Field: "queries", Problem: "queries are judged by qrels alone, not by pairs or labels"}
	case f.Pairs != "":
		set.Pairs, err = ReadPairs(f.Pairs)
	case f.Labels != "":
		set.Labels, err = labels(set.Documents, f.Labels)
	default:
		err = errNoJudgement
	}
	if err != nil {
		return Set{}, err
	}
	return set, nil
}

// texts of the queries; nil when documents are their own queries.
func (s Set) texts() map[string]string {
	if s.Queries == nil {
		return nil
	}
	texts := make(map[string]string, len(s.Queries))
	for _, q := range s.Queries {
		texts[q.ID] = q.Text
	}
	return texts
}

func labels(documents []akin.Article, field string) (map[string]string, error) {
	out := map[string]string{}
	for i := range documents {
		if label := fieldOf(&documents[i], field); label != "" {
			out[documents[i].ID] = label
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no document has a field %q: %w", field, errNoJudgement)
	}
	return out, nil
}

// fieldOf a document, by the name that JSON Lines may have for it; of another name it is an attribute.
func fieldOf(a *akin.Article, field string) string {
	switch field {
	case "language", "lang":
		return a.Language
	case "section", "category":
		return a.Section
	case "source":
		return a.Source
	case "page":
		return a.Page
	case "date", "publishedDate":
		return a.PublishedDate
	case "agency":
		return a.Agency
	case "dateline":
		return a.Dateline
	case "title":
		return a.Title
	}
	return a.Attributes[field]
}
