package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// filterFlags are the API's filter.
type filterFlags struct {
	Language        []string `help:"Only articles in one of these languages." group:"Filter"`
	From            string   `help:"Only articles published on this day or later." placeholder:"YYYY-MM-DD" group:"Filter"`
	Before          string   `help:"Only articles published before this day." placeholder:"YYYY-MM-DD" group:"Filter"`
	Section         []string `help:"Only articles in one of these sections." group:"Filter"`
	Source          []string `help:"Only articles of one of these newspapers or sites." group:"Filter"`
	Speaker         []string `help:"Only statements by, or articles quoting, one of these." group:"Filter"`
	ExcludedSpeaker []string `help:"No statements by, or articles quoting, any of these." group:"Filter"`
	Keyword         []string `help:"Only articles with one of these keywords." group:"Filter"`
	ExcludedID      []string `help:"Without these articles." name:"excluded-id" group:"Filter"`
}

func (f filterFlags) proto() *akinv1.Filter {
	return &akinv1.Filter{
		Languages: f.Language, PublishedFrom: f.From, PublishedBefore: f.Before, Sections: f.Section, Sources: f.Source,
		Speakers: f.Speaker, ExcludedSpeakers: f.ExcludedSpeaker, Keywords: f.Keyword, ExcludedIds: f.ExcludedID,
	}
}

// listFlags are what both questions have in common.
type listFlags struct {
	Limit     int32  `help:"Matches to show, at most 100." default:"10" short:"n"`
	PageToken string `help:"Shows the page after the one that printed this token."`
	MinBand   string `help:"Weakest band to show." enum:"any,weak,same_topic,same_story,same_text" default:"any"`
	filterFlags
}

func (f listFlags) band() akinv1.Band {
	if f.MinBand == "any" {
		return akinv1.Band_BAND_UNSPECIFIED
	}
	return akinv1.Band(akinv1.Band_value["BAND_"+strings.ToUpper(f.MinBand)])
}

func seed(id, text string) []*akinv1.Seed {
	if text != "" {
		return []*akinv1.Seed{{Origin: &akinv1.Seed_Text{Text: text}}}
	}
	return []*akinv1.Seed{{Origin: &akinv1.Seed_Id{Id: id}}}
}

type relatedCmd struct {
	ID   string `arg:"" optional:"" help:"Id of an article."`
	Text string `help:"A text instead of an article."`
	listFlags
	Evidence int32 `help:"Pairs of passages to show for a match; -1 for none." default:"1"`
	askFlags
}

func (c relatedCmd) Run(ctx context.Context, std streams) error {
	if (c.ID == "") == (c.Text == "") {
		return errors.New("related: name an article, or give a --text, not both")
	}
	return c.ask(ctx, std.err, func(client akinv1.SimilarityServiceClient) error {
		answer, err := client.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{
			Corpus: c.Corpus, Seeds: seed(c.ID, c.Text), Filter: c.proto(), PageSize: c.Limit, PageToken: c.PageToken, MinBand: c.band(), EvidenceSize: c.Evidence,
		})
		if err != nil {
			return readable(c.Server, err)
		}
		if c.JSON {
			return printJSON(std.out, answer)
		}
		return printRelated(std.out, answer)
	})
}

type similarCmd struct {
	Text string `arg:"" optional:"" help:"What was said."`
	ID   string `help:"Id of a statement instead of a text: an article's id, #, and the statement's number." name:"id"`
	listFlags
	askFlags
}

func (c similarCmd) Run(ctx context.Context, std streams) error {
	if (c.ID == "") == (c.Text == "") {
		return errors.New("similar: give a text, or a statement's --id, not both")
	}
	return c.ask(ctx, std.err, func(client akinv1.SimilarityServiceClient) error {
		answer, err := client.SimilarStatements(ctx, &akinv1.SimilarStatementsRequest{
			Corpus: c.Corpus, Seeds: seed(c.ID, c.Text), Filter: c.proto(), PageSize: c.Limit, PageToken: c.PageToken, MinBand: c.band(),
		})
		if err != nil {
			return readable(c.Server, err)
		}
		if c.JSON {
			return printJSON(std.out, answer)
		}
		return printSimilar(std.out, answer)
	})
}

// readable takes the wrapping off an error of the API, and names the server that does not answer.
func readable(server string, err error) error {
	st := status.Convert(err)
	if st.Code() == codes.Unavailable && server != "" {
		for _, d := range st.Details() {
			if _, ok := d.(*errdetails.ErrorInfo); ok {
				return errors.New(st.Message()) // the server answered: what it lacks is behind it
			}
		}
		return fmt.Errorf("the akin server at %s does not answer: %s", server, st.Message())
	}
	return errors.New(st.Message())
}

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

func printRelated(w io.Writer, answer *akinv1.RelatedArticlesResponse) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "SCORE\tBAND\tPUBLISHED\tID\tTITLE")
	for _, m := range answer.GetMatches() {
		a := m.GetArticle()
		fmt.Fprintf(out, "%.2f\t%s\t%s\t%s\t%s\n", m.GetScore(), bandName(m.GetBand()), a.GetPublishedDate(), a.GetId(), oneLine(a.GetTitle(), 60))
		if others := m.GetOtherPrints(); len(others) > 0 {
			fmt.Fprintf(out, "\t\t\t\talso printed as %s\n", strings.Join(others, ", "))
		}
		for _, e := range m.GetEvidence() {
			fmt.Fprintf(out, "\t\t\t\t“%s”\n", oneLine(e.GetSeedSpan().GetText(), 60))
			fmt.Fprintf(out, "\t\t\t\t“%s”\n", oneLine(e.GetMatchSpan().GetText(), 60))
			fmt.Fprintf(out, "\t\t\t\tshared: %s\n", strings.Join(e.GetSharedTerms()[:min(len(e.GetSharedTerms()), 6)], ", "))
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return printRest(w, answer)
}

func printSimilar(w io.Writer, answer *akinv1.SimilarStatementsResponse) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "SCORE\tBAND\tPUBLISHED\tID\tSTATEMENT")
	for _, m := range answer.GetMatches() {
		speaker := m.GetStatement().GetSpeaker()
		if speaker == "" {
			speaker = "(speaker not known)"
		}
		fmt.Fprintf(out, "%.2f\t%s\t%s\t%s\t%s: %s\n", m.GetScore(), bandName(m.GetBand()), m.GetOccurrence().GetPublishedDate(),
			m.GetStatement().GetId(), speaker, oneLine(m.GetStatement().GetText(), 80))
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

// rest is what both answers end with.
type rest interface {
	GetNextPageToken() string
	GetMissingSeeds() []string
	GetShortfalls() []*akinv1.Shortfall
}

var shortfallTexts = map[akinv1.ShortfallReason]string{
	akinv1.ShortfallReason_SHORTFALL_REASON_BELOW_BAND:   "below the band",
	akinv1.ShortfallReason_SHORTFALL_REASON_FILTERED:     "left out by the filter",
	akinv1.ShortfallReason_SHORTFALL_REASON_COLLAPSED:    "other prints of the same text",
	akinv1.ShortfallReason_SHORTFALL_REASON_MISSING_SEED: "seeds not in the corpus",
	akinv1.ShortfallReason_SHORTFALL_REASON_UNRELATED:    "unrelated",
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
