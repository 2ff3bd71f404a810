package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/wire"
	"github.com/akinserver/akin/store"
)

type articles struct {
	akinv1.UnimplementedArticleServiceServer
	live    *generation.Live
	log     *slog.Logger
	deleted atomic.Pointer[func(corpus string, ids []string)] // is told
}

// GetArticle returns one article with its whole text.
func (s *articles) GetArticle(ctx context.Context, m *akinv1.GetArticleRequest) (*akinv1.GetArticleResponse, error) {
	corpus, err := corpusFrom(m.GetCorpus())
	if err != nil {
		return nil, err
	}
	if err := akin.ValidateID("id", m.GetId()); err != nil {
		return nil, err
	}
	st := s.live.Now().Store
	found, err := st.Articles(ctx, corpus, []string{m.GetId()}, store.Read{Text: true})
	if err != nil {
		return nil, err
	}
	article, ok := found[m.GetId()]
	if !ok {
		return nil, fmt.Errorf("article %q in corpus %q: %w", m.GetId(), corpus, akin.ErrNotFound)
	}
	out := &akinv1.GetArticleResponse{Article: wire.Article(&article.Article), Family: article.Family}
	if article.Family == "" {
		return out, nil
	}
	family, err := st.Gather(ctx, corpus, akin.Filter{}, nil, []string{article.Family}, store.Read{})
	if err != nil {
		return nil, err
	}
	for _, p := range family.Prints[article.Family] {
		if p.ID != m.GetId() && len(out.OtherPrints) < maxOthers {
			out.OtherPrints = append(out.OtherPrints, p.ID)
		}
	}
	return out, nil
}

// ListArticles returns one page of a corpus.
func (s *articles) ListArticles(ctx context.Context, m *akinv1.ListArticlesRequest) (*akinv1.ListArticlesResponse, error) {
	corpus, err := corpusFrom(m.GetCorpus())
	if err != nil {
		return nil, err
	}
	filter, err := filterFrom(m.GetFilter())
	if err != nil {
		return nil, err
	}
	size, err := pageSizeFrom(m.GetPageSize())
	if err != nil {
		return nil, err
	}
	token, err := parseToken(m, m.GetPageToken())
	if err != nil {
		return nil, err
	}
	st := s.live.Now().Store
	total, err := st.CountArticles(ctx, corpus, filter)
	if err != nil {
		return nil, err
	}
	list, next, err := st.List(ctx, corpus, filter, size, token.After)
	if err != nil {
		return nil, err
	}
	out := &akinv1.ListArticlesResponse{TotalSize: int64(total)}
	for i := range list {
		out.Articles = append(out.Articles, wire.Article(&list[i]))
	}
	if next != "" {
		out.NextPageToken = pageToken{After: next}.encode(m)
	}
	return out, nil
}

// GetCorpus tells the state of a corpus.
func (s *articles) GetCorpus(ctx context.Context, m *akinv1.GetCorpusRequest) (*akinv1.GetCorpusResponse, error) {
	corpus, err := corpusFrom(m.GetCorpus())
	if err != nil {
		return nil, err
	}
	st := s.live.Now().Store
	revision, err := st.CorpusRevision(ctx, corpus)
	if err != nil {
		return nil, err
	}
	return &akinv1.GetCorpusResponse{Corpus: &akinv1.Corpus{Name: corpus, Revision: revision, Generation: st.Name()}}, nil
}

// DeleteArticles deletes articles with all that belongs to them.
func (s *articles) DeleteArticles(ctx context.Context, m *akinv1.DeleteArticlesRequest) (*akinv1.DeleteArticlesResponse, error) {
	corpus, err := corpusFrom(m.GetCorpus())
	if err != nil {
		return nil, err
	}
	if n := len(m.GetIds()); n == 0 || n > maxDeletedIDs {
		return nil, invalid("ids", "%d ids, 1 to %d are needed", n, maxDeletedIDs)
	}
	for i, id := range m.GetIds() {
		if err := akin.ValidateID(fmt.Sprintf("ids[%d]", i), id); err != nil {
			return nil, err
		}
	}
	var deleted, missing []string
	err = s.live.Write(func(g *generation.Generation) (err error) {
		deleted, missing, err = g.Stage.Delete(ctx, corpus, m.GetIds())
		return err
	})
	if tell := s.deleted.Load(); tell != nil {
		(*tell)(corpus, m.GetIds()) // also when it failed: some of them may be gone
	}
	if err != nil {
		return nil, err
	}
	return &akinv1.DeleteArticlesResponse{DeletedIds: deleted, MissingIds: missing}, nil
}

// maxBatch of articles are put together when they arrive faster than they are written.
const maxBatch = 64

type stream = akinv1.ArticleService_PutArticlesServer

// PutArticles acknowledges each article by itself, in order. Articles that arrive while others are being written are put together next:
// a slow sender waits for nobody, a fast one shares round trips.
func (s *articles) PutArticles(stream stream) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	arrived := make(chan *akinv1.PutArticlesRequest, maxBatch)
	received := make(chan struct{})
	go func() {
		defer close(received)
		defer close(arrived)
		for {
			m, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				cancel(err)
				return
			}
			select {
			case arrived <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	err := s.putAll(ctx, stream, arrived)
	cancel(err)
	if err != nil {
		return err // ends the stream, and with it Recv
	}
	<-received
	return nil
}

func (s *articles) putAll(ctx context.Context, stream stream, arrived <-chan *akinv1.PutArticlesRequest) error {
	index := int64(0)
	for m := range arrived {
		batch := []*akinv1.PutArticlesRequest{m}
	fill:
		for len(batch) < maxBatch {
			select {
			case m, ok := <-arrived:
				if !ok {
					break fill
				}
				batch = append(batch, m)
			default:
				break fill
			}
		}
		responses, err := s.put(ctx, batch)
		if err != nil {
			return err
		}
		for _, r := range responses {
			r.Index = index
			index++
			if err := stream.Send(r); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// put puts requests in runs of one corpus without an id twice, so that a later article of an id replaces the earlier one.
func (s *articles) put(ctx context.Context, batch []*akinv1.PutArticlesRequest) ([]*akinv1.PutArticlesResponse, error) {
	var responses []*akinv1.PutArticlesResponse
	for len(batch) > 0 {
		n, seen := 0, map[string]bool{}
		for n < len(batch) && batch[n].GetCorpus() == batch[0].GetCorpus() && !seen[batch[n].GetArticle().GetId()] {
			seen[batch[n].GetArticle().GetId()] = true
			n++
		}
		run, err := s.putRun(ctx, batch[:n])
		if err != nil {
			return nil, err
		}
		responses, batch = append(responses, run...), batch[n:]
	}
	return responses, nil
}

func (s *articles) putRun(ctx context.Context, run []*akinv1.PutArticlesRequest) ([]*akinv1.PutArticlesResponse, error) {
	corpus, err := corpusFrom(run[0].GetCorpus())
	responses := make([]*akinv1.PutArticlesResponse, len(run))
	if err != nil {
		for i, m := range run {
			responses[i] = s.response(ctx, embed.Result{ID: m.GetArticle().GetId(), Err: err}, "")
		}
		return responses, nil
	}
	list := make([]akin.Article, len(run))
	for i, m := range run {
		list[i] = wire.ArticleFrom(m.GetArticle())
	}
	var results []embed.Result
	err = s.live.Write(func(g *generation.Generation) (err error) {
		results, err = g.Stage.Put(ctx, corpus, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		responses[i] = s.response(ctx, r, "article.")
	}
	return responses, nil
}

var outcomes = map[embed.Outcome]akinv1.Outcome{
	embed.Written:   akinv1.Outcome_OUTCOME_WRITTEN,
	embed.Unchanged: akinv1.Outcome_OUTCOME_UNCHANGED,
	embed.Refused:   akinv1.Outcome_OUTCOME_REFUSED,
}

// response says under which path of the request a field lies that is wrong.
func (s *articles) response(ctx context.Context, r embed.Result, path string) *akinv1.PutArticlesResponse {
	out := &akinv1.PutArticlesResponse{Id: r.ID, Outcome: outcomes[r.Outcome]}
	if r.Outcome != embed.Refused {
		return out
	}
	_, reason := meaning(r.Err)
	out.Refusal = &akinv1.Refusal{Reason: reason, Message: wire.Brief(r.Err.Error())}
	if invalid, ok := errors.AsType[*akin.InvalidError](r.Err); ok {
		out.Refusal.Field = path + invalid.Field
	}
	caller, _ := access.CallerOf(ctx)
	s.log.WarnContext(ctx, "article refused", "key", caller.Key, "id", wire.Brief(r.ID), "reason", reason, "error", out.Refusal.GetMessage())
	return out
}
