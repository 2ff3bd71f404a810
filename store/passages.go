package store

import (
	"math"

	"github.com/akinserver/akin"
)

// maxMultivector is how many numbers Qdrant takes for the rows of one multivector.
const maxMultivector = 1 << 20

// rowsOf lays the vectors of an article's passages out as rows. An article of thousands of paragraphs has more than a point may hold: then as many
// neighbours as are needed share a row, the mean of theirs, so that nothing is lost at its end.
func (s *Store) rowsOf(passages []Passage) [][]float32 {
	share := perRow(len(passages), s.rows)
	rows := make([][]float32, 0, (len(passages)+share-1)/share)
	for ; len(passages) > 0; passages = passages[min(share, len(passages)):] {
		rows = append(rows, mean(passages[:min(share, len(passages))]))
	}
	return rows
}

// perRow is how many of n passages share a row.
func perRow(n, rows int) int { return (n + rows - 1) / rows }

func mean(passages []Passage) []float32 {
	if len(passages) == 1 {
		return passages[0].Dense
	}
	sum := make([]float32, len(passages[0].Dense))
	for _, p := range passages {
		for i, x := range p.Dense {
			sum[i] += x
		}
	}
	var square float64
	for _, x := range sum {
		square += float64(x) * float64(x)
	}
	if square > 0 {
		for i := range sum {
			sum[i] = float32(float64(sum[i]) / math.Sqrt(square))
		}
	}
	return sum
}

// HeadingPlace stands for the heading where paragraphs are counted from 0.
const HeadingPlace = -1

// ParagraphWeight is what a paragraph's vector counts in that of the whole: the root of its length in bytes, so that no long one drowns the others.
func ParagraphWeight(text string) float64 { return math.Sqrt(float64(len(text))) }

// EachPassage visits the passages of a stored article, the heading first, with the vector of each. It visits none when they were not read.
func (s *Stored) EachPassage(visit func(place int, dense []float32)) {
	heading := 0
	if s.Article.Title != "" || s.Article.Subtitle != "" {
		heading = 1
	}
	n := heading + len(s.Article.Paragraphs)
	if len(s.passages) == 0 || n == 0 {
		return
	}
	share := perRow(n, len(s.passages))
	for i := range n {
		if row := i / share; row < len(s.passages) {
			visit(i-heading, s.passages[row])
		}
	}
}

// Stored is an article as the store holds it, as far as it was read.
type Stored struct {
	Article  akin.Article
	Origin   Origin
	Sketch   string
	Family   string // id of the earliest print of its text; "" where there is one print
	Words    int
	Dense    []float32 // of the whole
	Lexical  akin.SparseVector
	keys     akin.SparseVector
	passages [][]float32
}
