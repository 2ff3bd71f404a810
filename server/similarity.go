package server

import (
	"context"

	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/server/wire"
	"github.com/akinserver/akin/store"
)

type similarity struct {
	akinv1.UnimplementedSimilarityServiceServer
	live *generation.Live
}

// RelatedArticles decodes, asks, encodes.
func (s *similarity) RelatedArticles(ctx context.Context, m *akinv1.RelatedArticlesRequest) (*akinv1.RelatedArticlesResponse, error) {
	g := s.live.Now()
	request, err := queryFrom(ctx, m, g)
	if err != nil {
		return nil, err
	}
	request.Evidence = evidenceFrom(m.GetEvidenceSize())
	answer, err := g.Engine.Related(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &akinv1.RelatedArticlesResponse{MissingSeeds: answer.MissingSeeds, Shortfalls: shortfallsToProto(answer.Shortfalls), SeedDate: answer.SeedDate}
	for i := range answer.Matches {
		out.Matches = append(out.Matches, articleMatchToProto(&answer.Matches[i]))
	}
	if answer.More {
		out.NextPageToken = pageToken{Offset: request.Offset + len(answer.Matches), Generation: g.Store.Name()}.encode(m)
	}
	return out, nil
}

// SimilarStatements decodes, asks, encodes.
func (s *similarity) SimilarStatements(ctx context.Context, m *akinv1.SimilarStatementsRequest) (*akinv1.SimilarStatementsResponse, error) {
	g := s.live.Now()
	request, err := queryFrom(ctx, m, g)
	if err != nil {
		return nil, err
	}
	if request, err = statementsFrom(request, m); err != nil {
		return nil, err
	}
	answer, err := g.Engine.Similar(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &akinv1.SimilarStatementsResponse{MissingSeeds: answer.MissingSeeds, Shortfalls: shortfallsToProto(answer.Shortfalls), SeedDate: answer.SeedDate}
	for i := range answer.Matches {
		out.Matches = append(out.Matches, statementMatchToProto(&answer.Matches[i]))
	}
	if answer.More {
		out.NextPageToken = pageToken{Offset: request.Offset + len(answer.Matches), Generation: g.Store.Name()}.encode(m)
	}
	return out, nil
}

func articleMatchToProto(m *query.ArticleMatch) *akinv1.ArticleMatch {
	out := &akinv1.ArticleMatch{
		Article:     wire.Article(&m.Article),
		Score:       m.Score,
		Band:        bandToProto(m.Band),
		Scores:      scoresToProto(m.Scores),
		OtherPrints: m.OtherPrints[:min(len(m.OtherPrints), maxOthers)],
	}
	for _, e := range m.Evidence {
		out.Evidence = append(out.Evidence, &akinv1.Evidence{
			Seed: int32(e.Seed), SeedSpan: spanToProto(e.SeedSpan), MatchSpan: spanToProto(e.MatchSpan),
			Similarity: e.Similarity, SharedTerms: e.SharedTerms, Differences: differencesToProto(e.Differences),
		})
	}
	return out
}

func statementMatchToProto(m *query.StatementMatch) *akinv1.StatementMatch {
	out := &akinv1.StatementMatch{
		Statement:   wire.Statement(&m.Statement),
		Occurrence:  occurrenceToProto(&m.StoredStatement),
		Score:       m.Score,
		Band:        bandToProto(m.Band),
		Scores:      scoresToProto(m.Scores),
		SharedTerms: m.SharedTerms,
		Differences: differencesToProto(m.Differences),
	}
	for i := range m.OtherOccurrences[:min(len(m.OtherOccurrences), maxOthers)] {
		out.OtherOccurrences = append(out.OtherOccurrences, occurrenceToProto(&m.OtherOccurrences[i]))
	}
	return out
}

// maxOthers are listed of a match's other prints or occurrences.
const maxOthers = 100

func occurrenceToProto(s *store.StoredStatement) *akinv1.Occurrence {
	return &akinv1.Occurrence{
		StatementId: s.Statement.ID, ArticleId: s.ArticleID, Title: s.Title, Source: s.Source, PublishedDate: s.PublishedDate,
	}
}

func scoresToProto(s query.Scores) *akinv1.Scores {
	return &akinv1.Scores{
		Dense: s.Dense, Lexical: s.Lexical, DensePart: s.DensePart, LexicalPart: s.LexicalPart, NegativePart: s.NegativePart,
		TimePart: s.TimePart, DiversityPart: s.DiversityPart,
	}
}

func differencesToProto(in []query.Difference) []*akinv1.Difference {
	var out []*akinv1.Difference
	for _, d := range in {
		out = append(out, &akinv1.Difference{Kind: akinv1.DifferenceKind(d.Kind), Seed: d.Seed, Match: d.Match}) // the numbers are the same (TestScopeNumbers)
	}
	return out
}

func spanToProto(s query.Span) *akinv1.Span {
	return &akinv1.Span{
		Paragraph: int32(s.Paragraph), Start: int32(s.Start), End: int32(s.End),
		ByteStart: int32(s.ByteStart), ByteEnd: int32(s.ByteEnd), Text: s.Text,
	}
}

func bandToProto(b akin.Band) akinv1.Band { return akinv1.Band(b) } // the numbers are the same (TestBandNumbers)

func shortfallsToProto(in []query.Shortfall) []*akinv1.Shortfall {
	var out []*akinv1.Shortfall
	for _, s := range in {
		out = append(out, &akinv1.Shortfall{Reason: reasons[s.Reason], Count: int64(s.Count)})
	}
	return out
}

var reasons = map[query.Reason]akinv1.ShortfallReason{
	query.BelowBand:   akinv1.ShortfallReason_SHORTFALL_REASON_BELOW_BAND,
	query.Filtered:    akinv1.ShortfallReason_SHORTFALL_REASON_FILTERED,
	query.Collapsed:   akinv1.ShortfallReason_SHORTFALL_REASON_COLLAPSED,
	query.MissingSeed: akinv1.ShortfallReason_SHORTFALL_REASON_MISSING_SEED,
	query.Unrelated:   akinv1.ShortfallReason_SHORTFALL_REASON_UNRELATED,
	query.NotIndexed:  akinv1.ShortfallReason_SHORTFALL_REASON_NOT_INDEXED_YET,
}
