package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// printJSON is protojson in one form: its own spaces vary on purpose.
func printJSON(w io.Writer, m proto.Message) error {
	b, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(w)
	return err
}

func printRelated(w io.Writer, answer *akinv1.RelatedArticlesResponse, explain bool) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "SCORE\tBAND\tPUBLISHED\tID\tTITLE")
	for _, m := range answer.GetMatches() {
		a := m.GetArticle()
		fmt.Fprintf(out, "%.2f\t%s\t%s\t%s\t%s\n", m.GetScore(), bandName(m.GetBand()), a.GetPublishedDate(), a.GetId(), oneLine(a.GetTitle(), 60))
		if explain {
			fmt.Fprintf(out, "\t\t\t\t%s\n", parts(m.GetScores()))
		}
		if others := m.GetOtherPrints(); len(others) > 0 {
			fmt.Fprintf(out, "\t\t\t\talso printed as %s\n", strings.Join(others, ", "))
		}
		for _, e := range m.GetEvidence() {
			fmt.Fprintf(out, "\t\t\t\t“%s”\n", oneLine(e.GetSeedSpan().GetText(), 60))
			fmt.Fprintf(out, "\t\t\t\t“%s”\n", oneLine(e.GetMatchSpan().GetText(), 60))
			fmt.Fprintf(out, "\t\t\t\tshared: %s\n", strings.Join(e.GetSharedTerms()[:min(len(e.GetSharedTerms()), 6)], ", "))
			if explain {
				printDifferences(out, e.GetDifferences())
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return printRest(w, answer)
}

func printSimilar(w io.Writer, answer *akinv1.SimilarStatementsResponse, explain bool) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "SCORE\tBAND\tPUBLISHED\tID\tSTATEMENT")
	for _, m := range answer.GetMatches() {
		speaker := m.GetStatement().GetSpeaker()
		if speaker == "" {
			speaker = "(speaker not known)"
		}
		fmt.Fprintf(out, "%.2f\t%s\t%s\t%s\t%s: %s\n", m.GetScore(), bandName(m.GetBand()), m.GetOccurrence().GetPublishedDate(),
			m.GetStatement().GetId(), speaker, oneLine(m.GetStatement().GetText(), 80))
		if explain {
			fmt.Fprintf(out, "\t\t\t\t%s\n", parts(m.GetScores()))
			fmt.Fprintf(out, "\t\t\t\tshared: %s\n", strings.Join(m.GetSharedTerms(), ", "))
			printDifferences(out, m.GetDifferences())
		}
		var others []string
		for _, o := range m.GetOtherOccurrences() {
			others = append(others, o.GetStatementId())
		}
		if len(others) > 0 {
			fmt.Fprintf(out, "\t\t\t\talso in %s\n", strings.Join(others, ", "))
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return printRest(w, answer)
}

// parts are what a score is made of; what adds nothing is left out.
func parts(s *akinv1.Scores) string {
	out := fmt.Sprintf("dense %+.2f (cosine %.2f), lexical %+.2f (%.2f)", s.GetDensePart(), s.GetDense(), s.GetLexicalPart(), s.GetLexical())
	for _, part := range []struct {
		name  string
		value float64
	}{{"negative", -s.GetNegativePart()}, {"time", s.GetTimePart()}, {"diversity", s.GetDiversityPart()}} {
		if part.value != 0 {
			out += fmt.Sprintf(", %s %+.2f", part.name, part.value)
		}
	}
	return out
}

func printDifferences(w io.Writer, list []*akinv1.Difference) {
	for _, d := range list {
		kind := "numbers"
		if d.GetKind() == akinv1.DifferenceKind_DIFFERENCE_KIND_NEGATION {
			kind = "negation"
		}
		fmt.Fprintf(w, "\t\t\t\tdiffers in %s: %s / %s\n", kind, listed(d.GetSeed()), listed(d.GetMatch()))
	}
}

func listed(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// rest is what both answers end with.
type rest interface {
	GetNextPageToken() string
	GetMissingSeeds() []string
	GetShortfalls() []*akinv1.Shortfall
}

var shortfallTexts = map[akinv1.ShortfallReason]string{
	akinv1.ShortfallReason_SHORTFALL_REASON_BELOW_BAND:      "below the band",
	akinv1.ShortfallReason_SHORTFALL_REASON_FILTERED:        "left out by the filter",
	akinv1.ShortfallReason_SHORTFALL_REASON_COLLAPSED:       "other prints of the same text",
	akinv1.ShortfallReason_SHORTFALL_REASON_MISSING_SEED:    "seeds not in the corpus",
	akinv1.ShortfallReason_SHORTFALL_REASON_UNRELATED:       "unrelated",
	akinv1.ShortfallReason_SHORTFALL_REASON_NOT_INDEXED_YET: "not indexed yet",
}

func printRest(w io.Writer, answer rest) error {
	for _, id := range answer.GetMissingSeeds() {
		fmt.Fprintf(w, "not in the corpus: %s\n", id)
	}
	var reasons []string
	for _, s := range answer.GetShortfalls() {
		reasons = append(reasons, fmt.Sprintf("%d %s", s.GetCount(), shortfallTexts[s.GetReason()]))
	}
	if len(reasons) > 0 {
		fmt.Fprintf(w, "not shown: %s\n", strings.Join(reasons, ", "))
	}
	if token := answer.GetNextPageToken(); token != "" {
		fmt.Fprintf(w, "more: --page-token %s\n", token)
	}
	return nil
}

func bandName(b akinv1.Band) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(b.String(), "BAND_"), "_", " "))
}

// oneLine cuts a text to n columns; an ideograph takes two.
func oneLine(text string, n int) string {
	var out strings.Builder
	columns := 0
	for _, r := range strings.Join(strings.Fields(text), " ") {
		width := 1
		if r >= 0x1100 {
			width = 2
		}
		if columns+width > n {
			out.WriteRune('…')
			break
		}
		columns += width
		out.WriteRune(r)
	}
	return out.String()
}
