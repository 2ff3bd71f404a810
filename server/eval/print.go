package eval

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// PrintOptions say what is printed beside the figures. The zero value prints nothing else.
type PrintOptions struct {
	Worst int  // so many of the worst queries or pairs
	Bands bool // how many pairs of each band are positive
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer, o PrintOptions) error {
	out := &sticky{w: w}
	r.printHead(out)
	r.printFigures(out)
	if r.Comparison != nil {
		r.Comparison.print(out)
	}
	if o.Bands && len(r.Bands) > 0 {
		r.printBands(out)
	}
	r.printWorst(out, o.Worst)
	return out.err
}

// sticky keeps the first error of a writer.
type sticky struct {
	w   io.Writer
	err error
}

func (s *sticky) Write(b []byte) (int, error) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
	return len(b), nil
}

func (r *Report) printHead(w io.Writer) {
	fmt.Fprintf(w, "%d documents, each as one %s, by %s\n", r.Documents, r.Unit, r.Embedder)
	fmt.Fprintf(w, "ingested in %.1f s, asked in %.1f s\n", r.IngestSeconds, r.AskSeconds)
	for _, note := range r.notes() {
		fmt.Fprintf(w, "note: %s\n", note)
	}
}

// notes are what a reader must know to trust the figures.
func (r *Report) notes() []string {
	var notes []string
	note := func(n int, what string) {
		if n > 0 {
			notes = append(notes, what)
		}
	}
	note(r.MissingQueries.Count, "judged queries that are not there, left out: "+r.MissingQueries.String())
	if r.LeftOut > 0 {
		note(r.LeftOut, fmt.Sprintf("pairs of documents that are not there, left out: %d; the documents: %s", r.LeftOut, r.MissingDocuments))
	} else {
		note(r.MissingDocuments.Count, "judged documents that are not there, not found where they are relevant: "+r.MissingDocuments.String())
	}
	note(r.WithoutRelevant.Count, "queries without a relevant document, 0 in all figures: "+r.WithoutRelevant.String())
	note(r.Unlabelled, fmt.Sprintf("documents without a label, not asked: %d", r.Unlabelled))
	note(r.Alone, fmt.Sprintf("documents that share their label with no other, not asked: %d", r.Alone))
	if len(r.Queries) > 0 && r.Settings.Limit < deepest {
		note(1, fmt.Sprintf("answers asked for a query: %d; figures that look further, to %d, are lower for it", r.Settings.Limit, deepest))
	}
	note(r.Sample, fmt.Sprintf("at most %d queries or left sides of pairs, drawn by chance", r.Sample))
	return notes
}

func (r *Report) printFigures(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nFIGURE\tVALUE\t95 %\tOF")
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", f.Name, f.Value, between(f.Low, f.High), f.Of)
	}
	t.Flush()
	if len(r.Pairs) > 0 {
		fmt.Fprintf(w, "\nA pair is positive from grade %v on; the best F1 takes those that score %s or more.\n", r.Positive, r.Threshold)
	}
}

func between(low, high Number) string {
	if math.IsNaN(float64(low)) {
		return low.String()
	}
	return low.String() + " to " + high.String()
}

func (r *Report) printBands(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nBAND\tPAIRS\tPOSITIVE\tPRECISION\t95 %\tAND ABOVE")
	for _, b := range r.Bands {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\n", b.Band, b.Pairs, b.Positive, b.Precision, between(b.Low, b.High), b.AndAbove)
	}
	t.Flush()
}

func (r *Report) printWorst(w io.Writer, n int) {
	if n <= 0 {
		return
	}
	if len(r.Pairs) > 0 {
		r.printWorstPairs(w, n)
		return
	}
	queries := slices.SortedStableFunc(slices.Values(r.Queries), func(a, b QueryResult) int { return cmp.Compare(a.Values[primary], b.Values[primary]) })
	for _, q := range queries[:min(n, len(queries))] {
		text := r.queries[q.ID]
		if text == "" {
			text = r.textOf(q.ID)
		}
		fmt.Fprintf(w, "\n%s %.4f, %d relevant: %s: %s\n", primary, q.Values[primary], q.Relevant, q.ID, excerpt(text))
		if q.FirstRelevant == 0 {
			fmt.Fprintf(w, "  none of them found\n")
		}
		for i, a := range q.answers[:min(shown, len(q.answers))] {
			r.printAnswer(w, q, i, a)
		}
		if i := q.FirstRelevant - 1; i >= shown {
			r.printAnswer(w, q, i, q.answers[i])
		}
	}
}

// shown are the first answers to a bad query.
const shown = 3

func (r *Report) printAnswer(w io.Writer, q QueryResult, i int, a Answer) {
	fmt.Fprintf(w, "  %d. grade %v, score %.3f, %s: %s\n", i+1, q.grades[i], a.Score, a.ID, excerpt(r.textOf(a.ID)))
}

// printWorstPairs shows the pairs whose place by score is the farthest from that by grade.
func (r *Report) printWorstPairs(w io.Writer, n int) {
	distances := newScored(r.Pairs, r.Positive).Distances()
	places := make([]int, len(distances))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(distances[b], distances[a]) })
	for _, i := range places[:min(n, len(places))] {
		p := r.Pairs[i]
		fmt.Fprintf(w, "\ngrade %v, score %.3f, %s\n", p.Grade, p.Score, p.Band)
		for _, id := range []string{p.Left, p.Right} {
			fmt.Fprintf(w, "  %s: %s\n", id, excerpt(r.textOf(id)))
		}
	}
}

func (r *Report) textOf(document string) string {
	if a := r.documents[document]; a != nil {
		return textOf(a)
	}
	return ""
}

// excerpt is the begin of a text, on one line.
func excerpt(text string) string {
	const runes = 140
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return text
}

func (c *Comparison) print(w io.Writer) {
	fmt.Fprintf(w, "\nCompared by the %d that both have", c.Common)
	if c.Left > 0 {
		fmt.Fprintf(w, "; %d that one of the two lacks are left out", c.Left)
	}
	fmt.Fprintln(w, ".")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tBEFORE\tNOW\tCHANGE\t95 %\tWINS\tLOSSES\tTIES\tP")
	for _, d := range c.Figures {
		counts := "-\t-\t-"
		if d.Wins+d.Losses+d.Ties > 0 {
			counts = fmt.Sprintf("%d\t%d\t%d", d.Wins, d.Losses, d.Ties)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%+.4f\t%+.4f to %+.4f\t%s\t%s\n", d.Name, d.Before, d.Now, float64(d.Change), float64(d.Low), float64(d.High), counts, likelihood(d.P))
	}
	t.Flush()
}

func likelihood(p Number) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return p.String()
}
