package load

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Latencies are durations; those of a Window are in ascending order.
type Latencies []time.Duration

func (l Latencies) sorted() Latencies {
	l = slices.Clone(l)
	slices.Sort(l)
	return l
}

// At is the least of those that are not passed by a share of them, 0 to 1; 0 where there are none.
func (l Latencies) At(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(max(int(math.Ceil(share*float64(len(l))))-1, 0), len(l)-1)]
}

// Rate of right answers a second.
func (w Window) Rate() float64 {
	if w.Took <= 0 {
		return 0
	}
	return float64(len(w.OK)) / w.Took.Seconds()
}

// PrintHead writes the head of the rows that Print writes.
func PrintHead(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%8s %8s %8s %8s %8s %8s  %s\n", "FROM", "OK/s", "P50", "P95", "P99", "MAX", "CODES")
	return err
}

// Print writes a row, with the latencies of right answers in milliseconds.
func (w Window) Print(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%8s %8.1f %8s %8s %8s %8s  %s\n",
		w.Begin, w.Rate(), ms(w.OK.At(.5)), ms(w.OK.At(.95)), ms(w.OK.At(.99)), ms(w.OK.At(1)), listCodes(w.Codes))
	return err
}

// Print writes what the whole run comes to.
func (r Result) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	all := 0
	for _, n := range r.Codes {
		all += n
	}
	fmt.Fprintf(table, "CODE\tQUESTIONS\tSHARE\n")
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		fmt.Fprintf(table, "%s\t%d\t%.3f %%\n", code, r.Codes[code], 100*float64(r.Codes[code])/float64(all))
	}
	fmt.Fprintf(table, "\nANSWERS\tA SECOND\tP50 ms\tP95 ms\tP99 ms\tP99.9 ms\tMAX ms\n")
	for _, row := range []struct {
		name string
		l    Latencies
	}{{"right", r.OK}, {"others", r.Other}} {
		if len(row.l) > 0 {
			fmt.Fprintf(table, "%s\t%.1f\t%s\t%s\t%s\t%s\t%s\n", row.name, float64(len(row.l))/r.Took.Seconds(),
				ms(row.l.At(.5)), ms(row.l.At(.95)), ms(row.l.At(.99)), ms(row.l.At(.999)), ms(row.l.At(1)))
		}
	}
	return table.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1e3) }

func listCodes(counts map[string]int) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", code, counts[code]))
	}
	return strings.Join(parts, ", ")
}
