package store

import (
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/akinserver/akin"
)

// conditions turns a filter into Qdrant's words. Everything stands under must or must_not: Qdrant merges the filter of a query into
// those of its prefetches, and there a should would become an alternative to the others.
func conditions(corpus string, f akin.Filter) *qdrant.Filter {
	out := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchKeyword(fieldCorpus, corpus)}}
	oneOf := func(field string, values []string) {
		if len(values) > 0 {
			out.Must = append(out.Must, qdrant.NewMatchKeywords(field, values...))
		}
	}
	noneOf := func(field string, values []string) {
		if len(values) > 0 {
			out.MustNot = append(out.MustNot, qdrant.NewMatchKeywords(field, values...))
		}
	}
	oneOf(fieldArticle, f.IDs)
	oneOf(fieldLanguage, f.Languages)
	oneOf(fieldSection, f.Sections)
	oneOf(fieldSource, f.Sources)
	oneOf(fieldSpeaker, f.Speakers)
	oneOf(fieldKeyword, f.Keywords)
	if f.Kind != "" {
		out.Must = append(out.Must, qdrant.NewMatchKeyword(fieldKind, string(f.Kind)))
	}
	noneOf(fieldSpeaker, f.ExcludedSpeakers)
	noneOf(fieldArticle, f.ExcludedIDs)
	if f.PublishedFrom != "" || f.PublishedBefore != "" {
		out.Must = append(out.Must, qdrant.NewDatetimeRange(fieldPublished, &qdrant.DatetimeRange{
			Gte: timestamp(f.PublishedFrom), Lt: timestamp(f.PublishedBefore),
		}))
	}
	return out
}

// articleConditions leave out the parts of articles.
func articleConditions(corpus string, f akin.Filter) *qdrant.Filter {
	out := conditions(corpus, f)
	out.Must = append(out.Must, qdrant.NewMatchKeyword(fieldRole, roleArticle))
	return out
}

// timestamp is the begin of a day; nil for no date. The date was validated where the filter came in.
func timestamp(date string) *timestamppb.Timestamp {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil
	}
	return timestamppb.New(t)
}
