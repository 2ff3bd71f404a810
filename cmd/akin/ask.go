package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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
	Only            []string `help:"Only these articles." placeholder:"ID" group:"Filter"`
	Kind            string   `help:"Only statements of this kind." enum:"any,direct,indirect" default:"any" group:"Filter"`
}

func (f filterFlags) proto() *akinv1.Filter {
	return &akinv1.Filter{
		Languages: f.Language, PublishedFrom: f.From, PublishedBefore: f.Before, Sections: f.Section, Sources: f.Source,
		Speakers: f.Speaker, ExcludedSpeakers: f.ExcludedSpeaker, Keywords: f.Keyword, ExcludedIds: f.ExcludedID,
		Ids: f.Only, Kind: akinv1.Kind(akinv1.Kind_value["KIND_"+strings.ToUpper(f.Kind)]), // any is none
	}
}

// listFlags are what both questions have in common.
type listFlags struct {
	Limit     int32    `help:"Matches to show, at most 100." default:"10" short:"n"`
	PageToken string   `help:"Shows the page after the one that printed this token."`
	MinBand   string   `help:"Weakest band to show." enum:"any,weak,same_topic,same_story,same_text" default:"any"`
	Also      []string `help:"A further seed, by its id." placeholder:"ID"`
	Unlike    []string `help:"A seed to look away from, by its id." placeholder:"ID"`
	Explain   bool     `help:"Print what each score is made of, and in what the texts differ."`

	HalfLife  float64 `help:"Days before or after --reference after which a score is worth one half; 0 for no such loss." default:"0" placeholder:"DAYS" group:"Order"`
	Reference string  `help:"The reader's today; by default the latest date of the seeds." placeholder:"YYYY-MM-DD" group:"Order"`
	When      string  `help:"Only what was published on an earlier (older) or later (newer) day than the reference." enum:"any,older,newer" default:"any" group:"Order"`
	Diversity float64 `help:"From 0, by score alone, to 1, what differs most from all before it comes next." default:"0" group:"Order"`
	filterFlags
}

func (f listFlags) freshness() *akinv1.Freshness {
	return &akinv1.Freshness{
		ReferenceDate: f.Reference, HalfLifeDays: f.HalfLife, Scope: akinv1.TimeScope(akinv1.TimeScope_value["TIME_SCOPE_"+strings.ToUpper(f.When)]), // any is none
	}
}

func (f listFlags) band() akinv1.Band {
	if f.MinBand == "any" {
		return akinv1.Band_BAND_UNSPECIFIED
	}
	return akinv1.Band(akinv1.Band_value["BAND_"+strings.ToUpper(f.MinBand)])
}

// seeds are the one that was named first, and all further ones.
func (f listFlags) seeds(id, text string) []*akinv1.Seed {
	byID := func(id string, negative bool) *akinv1.Seed {
		return &akinv1.Seed{Origin: &akinv1.Seed_Id{Id: id}, Negative: negative}
	}
	first := byID(id, false)
	if text != "" {
		first = &akinv1.Seed{Origin: &akinv1.Seed_Text{Text: text}}
	}
	seeds := []*akinv1.Seed{first}
	for _, id := range f.Also {
		seeds = append(seeds, byID(id, false))
	}
	for _, id := range f.Unlike {
		seeds = append(seeds, byID(id, true))
	}
	return seeds
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
			Corpus: c.Corpus, Seeds: c.seeds(c.ID, c.Text), Filter: c.proto(), PageSize: c.Limit, PageToken: c.PageToken, MinBand: c.band(), EvidenceSize: c.Evidence,
			Freshness: c.freshness(), Diversity: c.Diversity,
		})
		if err != nil {
			return readable(c.Server, err)
		}
		if c.JSON {
			return printJSON(std.out, answer)
		}
		return printRelated(std.out, answer, c.Explain)
	})
}

type similarCmd struct {
	Text  string `arg:"" optional:"" help:"What was said."`
	ID    string `help:"Id of a statement instead of a text: an article's id, #, and the statement's number." name:"id"`
	Said  string `help:"Only statements of the speaker of the seed (same), or of all others." enum:"any,same,others" default:"any"`
	Order string `help:"Best first, or by date, the oldest or the newest first." enum:"score,oldest,newest" default:"score"`
	listFlags
	askFlags
}

func (c similarCmd) Run(ctx context.Context, std streams) error {
	if (c.ID == "") == (c.Text == "") {
		return errors.New("similar: give a text, or a statement's --id, not both")
	}
	return c.ask(ctx, std.err, func(client akinv1.SimilarityServiceClient) error {
		answer, err := client.SimilarStatements(ctx, &akinv1.SimilarStatementsRequest{
			Corpus: c.Corpus, Seeds: c.seeds(c.ID, c.Text), Filter: c.proto(), PageSize: c.Limit, PageToken: c.PageToken, MinBand: c.band(),
			Freshness: c.freshness(), Diversity: c.Diversity,
			SpeakerScope: akinv1.SpeakerScope(akinv1.SpeakerScope_value["SPEAKER_SCOPE_"+strings.ToUpper(c.Said)]),
			Order:        akinv1.StatementOrder(akinv1.StatementOrder_value["STATEMENT_ORDER_"+strings.ToUpper(c.Order)+"_FIRST"]),
		})
		if err != nil {
			return readable(c.Server, err)
		}
		if c.JSON {
			return printJSON(std.out, answer)
		}
		return printSimilar(std.out, answer, c.Explain)
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
