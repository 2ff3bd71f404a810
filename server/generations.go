package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/query/compare"
)

type generations struct {
	akinv1.UnimplementedGenerationServiceServer
	live *generation.Live
	next func(context.Context, map[string]string) (*generation.Generation, error)
	log  *slog.Logger
}

// ListGenerations lists all generations.
func (s *generations) ListGenerations(ctx context.Context, _ *akinv1.ListGenerationsRequest) (*akinv1.ListGenerationsResponse, error) {
	list, err := s.live.Now().Store.Generations(ctx)
	if err != nil {
		return nil, err
	}
	out := &akinv1.ListGenerationsResponse{}
	for _, g := range list {
		out.Generations = append(out.Generations, &akinv1.Generation{
			Name: g.Name, Fingerprint: g.Fingerprint, Dimensions: int32(g.Dimensions), Articles: int64(g.Articles), Statements: int64(g.Statements), Live: g.Live,
		})
	}
	return out, nil
}

// DropGeneration deletes one that is not live.
func (s *generations) DropGeneration(ctx context.Context, m *akinv1.DropGenerationRequest) (*akinv1.DropGenerationResponse, error) {
	if err := s.live.Drop(ctx, m.GetName()); err != nil {
		return nil, err
	}
	return &akinv1.DropGenerationResponse{}, nil
}

// reindexRetry is how long a reindex tries again while the store or the embedder does not answer; after that the caller may.
const reindexRetry = time.Minute

// Reindex tells on the stream what happens.
func (s *generations) Reindex(m *akinv1.ReindexRequest, stream akinv1.GenerationService_ReindexServer) error {
	if m.GetBatchSize() < 0 || m.GetBatchSize() > maxBatch {
		return invalid("batch_size", "%d is not within 0 to %d", m.GetBatchSize(), maxBatch)
	}
	if m.GetSampleSize() < 0 {
		return invalid("sample_size", "%d is negative", m.GetSampleSize())
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	open := func(ctx context.Context) (*generation.Generation, error) { return s.next(ctx, m.GetSettings()) }
	return s.live.Reindex(ctx, open, generation.Options{
		Batch: int(m.GetBatchSize()), Retry: reindexRetry, Sample: int(m.GetSampleSize()), KeepLive: m.GetKeepLive(), WithoutRefused: m.GetWithoutRefused(),
		Report: func(e generation.Event) {
			if e.Switched != nil {
				s.log.InfoContext(ctx, "another generation is live: start with its embedder the next time",
					"before", e.Switched.Before, "after", e.Switched.After, "articlesHeld", e.Switched.Articles, "writersWaited", e.Switched.Held)
			}
			if err := stream.Send(eventToProto(e)); err != nil {
				cancel(err)
			}
		},
	})
}

func eventToProto(e generation.Event) *akinv1.ReindexResponse {
	switch {
	case e.Progress != nil:
		return &akinv1.ReindexResponse{Event: &akinv1.ReindexResponse_Progress{Progress: &akinv1.ReindexProgress{
			Pass: int32(e.Progress.Pass), Done: int64(e.Progress.Done), All: int64(e.Progress.All),
		}}}
	case e.Refused != nil:
		return &akinv1.ReindexResponse{Event: &akinv1.ReindexResponse_Refusal{Refusal: &akinv1.ReindexRefusal{
			Corpus: e.Refused.Corpus, Id: e.Refused.ID, Message: e.Refused.Err.Error(),
		}}}
	case e.Compared != nil:
		return &akinv1.ReindexResponse{Event: &akinv1.ReindexResponse_Comparison{Comparison: &akinv1.ReindexComparison{
			Articles: differenceToProto(e.Compared.Articles), Statements: differenceToProto(e.Compared.Statements),
		}}}
	}
	return &akinv1.ReindexResponse{Event: &akinv1.ReindexResponse_Switch{Switch: &akinv1.ReindexSwitch{Before: e.Switched.Before, After: e.Switched.After}}}
}

func differenceToProto(d compare.Difference) *akinv1.AnswerDifference {
	out := &akinv1.AnswerDifference{Queries: int32(d.Queries), Overlap: d.Overlap, Correlation: d.Correlation}
	for band := akin.SameText; band >= akin.Weak; band-- {
		out.Bands = append(out.Bands, &akinv1.BandChange{Band: bandToProto(band), Before: int64(d.Before[band]), After: int64(d.After[band])})
	}
	return out
}
