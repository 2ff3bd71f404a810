package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/akinserver/akin/server/query/measure"
)

// Report is what a measurement found.
type Report struct {
	Unit          Unit     `json:"unit"`
	Embedder      string   `json:"embedder"` // its fingerprint
	Settings      Settings `json:"settings"`
	Seed          uint64   `json:"seed"`
	Documents     int      `json:"documents"`
	IngestSeconds float64  `json:"ingestSeconds"`
	AskSeconds    float64  `json:"askSeconds"`

	MissingQueries   Names `json:"missingQueries"`   // judged, and not there: left out
	MissingDocuments Names `json:"missingDocuments"` // judged, and not there: relevant ones count as not found, pairs are left out
	WithoutRelevant  Names `json:"withoutRelevant"`  // queries without a relevant document: left out
	Unlabelled       int   `json:"unlabelled"`       // documents without a label: not asked, and no answer to any
	LeftOut          int   `json:"leftOut"`          // pairs of which a document is missing

	Figures []Figure      `json:"figures"`
	Queries []QueryResult `json:"queries,omitempty"`

	Pairs     []PairResult `json:"pairs,omitempty"`
	Positive  float64      `json:"positive"`  // lowest grade of a positive pair
	Threshold Number       `json:"threshold"` // score from which on pairs are taken for the best F1
	Bands     []BandResult `json:"bands,omitempty"`
}

// Number is a figure that may not exist: NaN, null in JSON.
type Number float64

// MarshalJSON writes null for NaN.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// Figure is one measured value with its 95 % interval.
type Figure struct {
	Name  string `json:"name"`
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
	Of    int    `json:"of"` // queries, or pairs
}

func newFigure(name string, value float64, i measure.Interval, of int) Figure {
	return Figure{name, Number(value), Number(i.Low), Number(i.High), of}
}

// QueryResult is what one query was answered with.
type QueryResult struct {
	ID       string             `json:"id"`
	Relevant int                `json:"relevant"` // documents
	Values   map[string]float64 `json:"values"`   // figure -> value

	judged  judged
	answers []Answer
}

// PairResult is how one pair was scored.
type PairResult struct {
	Left  string  `json:"left"`
	Right string  `json:"right"`
	Grade float64 `json:"grade"`
	Score float64 `json:"score"`
	Band  string  `json:"band"`

	cluster int // pairs with the same left side
}

// BandResult says how many pairs of a band are positive.
type BandResult struct {
	Band      string `json:"band"`
	Pairs     int    `json:"pairs"`
	Positive  int    `json:"positive"`
	Precision Number `json:"precision"` // null without pairs
	Low       Number `json:"low"`
	High      Number `json:"high"`
}

// Names counts ids, and keeps the first few.
type Names struct {
	Count int      `json:"count"`
	First []string `json:"first,omitempty"`
}

const namesKept = 5

func (n *Names) add(id string) {
	if n.Count++; len(n.First) < namesKept {
		n.First = append(n.First, id)
	}
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "%d documents as %ss, embedder %s\n", r.Documents, r.Unit, r.Embedder)
	fmt.Fprintf(w, "ingested in %.1f s, asked in %.1f s\n", r.IngestSeconds, r.AskSeconds)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tVALUE\t95 %\tOF")
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%.4f\t%.4f to %.4f\t%d\n", f.Name, f.Value, f.Low, f.High, f.Of)
	}
	return t.Flush()
}
