package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/query/measure"
)

// Report is what a measurement found.
type Report struct {
	Files         Files    `json:"files"`
	Unit          Unit     `json:"unit"`
	Embedder      string   `json:"embedder"` // its fingerprint; empty for a run that was made elsewhere
	Settings      Settings `json:"settings"`
	Sample        int      `json:"sample"`
	Seed          uint64   `json:"seed"`
	Documents     int      `json:"documents"`
	IngestSeconds float64  `json:"ingestSeconds"`
	AskSeconds    float64  `json:"askSeconds"`

	MissingQueries   Names `json:"missingQueries"`   // judged, and not there: left out
	MissingDocuments Names `json:"missingDocuments"` // judged, and not there: relevant ones count as not found, and their pairs are left out
	WithoutRelevant  Names `json:"withoutRelevant"`  // queries without a relevant document: all their figures are 0
	LeftOut          int   `json:"leftOut"`          // pairs of which a document is missing
	Unlabelled       int   `json:"unlabelled"`       // documents without a label: not asked, and right for none
	Alone            int   `json:"alone"`            // documents that no other shares its label with: not asked

	Figures []Figure `json:"figures"`
	Failed  []string `json:"failed,omitempty"` // which figures do not reach their bounds

	Comparison *Comparison `json:"comparison,omitempty"` // with an earlier measurement

	Queries []QueryResult `json:"queries,omitempty"`

	Pairs     []PairResult `json:"pairs,omitempty"`
	Positive  float64      `json:"positive"`  // lowest grade of a positive pair
	Threshold Number       `json:"threshold"` // score from which on pairs are taken for the best F1
	Bands     []BandResult `json:"bands,omitempty"`

	documents map[string]*akin.Article
	queries   map[string]string // nil when documents are their own
}

// Err tells of figures that do not reach their bounds.
func (r *Report) Err() error {
	if len(r.Failed) == 0 {
		return nil
	}
	return errors.New(strings.Join(r.Failed, "; "))
}

// Figure finds a figure by its name.
func (r *Report) Figure(name string) (Figure, bool) {
	for _, f := range r.Figures {
		if f.Name == name {
			return f, true
		}
	}
	return Figure{}, false
}

// Figure is one measured value with its 95 % interval.
type Figure struct {
	Name  string `json:"name"`
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
	Of    int    `json:"of"` // queries, pairs, or left sides of pairs
}

func newFigure(name string, value float64, i measure.Interval, of int) Figure {
	return Figure{name, Number(value), Number(i.Low), Number(i.High), of}
}

// Number is a figure that may not exist: NaN here, null in JSON, a dash for people.
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

func (n Number) String() string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	return fmt.Sprintf("%.4f", float64(n))
}

// QueryResult is what one query was answered with.
type QueryResult struct {
	ID            string             `json:"id"`
	Relevant      int                `json:"relevant"`      // documents
	FirstRelevant int                `json:"firstRelevant"` // place of the first relevant document, from 1; 0 when none was found
	Values        map[string]float64 `json:"values"`        // figure -> value
	Answers       []Answer           `json:"answers"`       // the first ten

	answers []Answer // all
	grades  []float64
}

const answersKept = 10

// PairResult is how one pair was scored.
type PairResult struct {
	Left  string  `json:"left"`
	Right string  `json:"right"`
	Grade float64 `json:"grade"`
	Score float64 `json:"score"`
	Band  string  `json:"band"`
}

// BandResult says how many pairs of a band are positive.
type BandResult struct {
	Band      string `json:"band"`
	Pairs     int    `json:"pairs"`
	Positive  int    `json:"positive"`
	Precision Number `json:"precision"` // null without pairs
	Low       Number `json:"low"`       // of its 95 % interval
	High      Number `json:"high"`
	AndAbove  Number `json:"andAbove"` // precision of this band and all above it: what a min_band of it lets through
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

func (n Names) String() string {
	text := strings.Join(n.First, ", ")
	if n.Count > len(n.First) {
		text += ", …"
	}
	return fmt.Sprintf("%d (%s)", n.Count, text)
}
