package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// healthy says that the process answers.
func healthy(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyTime is how long the checks may take.
const readyTime = 2 * time.Second

// check is one thing that must hold.
type check struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// ready says whether calls can be answered, and why not.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	answer := struct {
		Ready  bool             `json:"ready"`
		Checks map[string]check `json:"checks"`
	}{true, map[string]check{}}
	for name, err := range g.opts.Problems(ctx) {
		answer.Checks[name] = check{OK: err == nil}
		if err != nil {
			answer.Checks[name] = check{Reason: err.Error()}
			answer.Ready = false
		}
	}
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, answer)
}

// healthOf asks a gRPC server for its health.
func healthOf(conn grpc.ClientConnInterface) func(context.Context) map[string]error {
	client := healthv1.NewHealthClient(conn)
	return func(ctx context.Context) map[string]error {
		health, err := client.Check(ctx, &healthv1.HealthCheckRequest{})
		if err == nil && health.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			err = errors.New("is " + health.GetStatus().String())
		}
		return map[string]error{"server": err}
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who does not read it is gone
}

// NeedsKey asks a gRPC server whether its callers need a key.
func NeedsKey(ctx context.Context, conn grpc.ClientConnInterface) (bool, error) {
	_, err := akinv1.NewArticleServiceClient(conn).GetCorpus(ctx, &akinv1.GetCorpusRequest{}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Unauthenticated {
		return true, nil
	}
	return false, err
}
