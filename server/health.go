package server

import (
	"context"
	"errors"
	"time"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// How often the server looks whether it can answer, and how long the store may take to say so.
const (
	lookEvery  = time.Second
	lookWithin = 2 * time.Second
)

// watchHealth has health say of each service whether it can do its work, until the context ends. Of the server as a whole it says that it runs: who restarts it for a store that
// is away gains nothing. It is the one place where that is found out: whoever wants to know, over gRPC or over HTTP, asks for health, and costs the store nothing.
func (s *Server) watchHealth(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var before error
	for ctx.Err() == nil {
		err := s.look(ctx)
		if ctx.Err() != nil {
			break
		}
		s.tell(err)
		switch {
		case err != nil && before == nil:
			s.log.Warn("not ready", "error", err)
		case err == nil && before != nil:
			s.log.Info("ready again")
		}
		before = err
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	s.observe.Ready(false)
}

// look reports why the server cannot do all that it is there for: that the store does not answer, or, as akin.ErrMismatch, that another generation has taken the place of the
// server's, so that it answers and writes nothing. Whether the embedder is there does not count: what is asked by id is answered without.
func (s *Server) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	return s.live.Now().Store.CheckLive(ctx)
}

func (s *Server) tell(err error) {
	s.observe.Ready(err == nil)
	status := map[bool]healthv1.HealthCheckResponse_ServingStatus{true: healthv1.HealthCheckResponse_SERVING, false: healthv1.HealthCheckResponse_NOT_SERVING}
	s.health.SetServingStatus(akinv1.SimilarityService_ServiceDesc.ServiceName, status[err == nil || errors.Is(err, akin.ErrMismatch)])
	s.health.SetServingStatus(akinv1.ArticleService_ServiceDesc.ServiceName, status[err == nil])
}
