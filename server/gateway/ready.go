package gateway

import (
	"context"
	"encoding/json"
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

// readyTime is how long the gRPC server may take to tell of its health.
const readyTime = 2 * time.Second

// checks are what must hold for calls to be answered, by the service of the gRPC server whose health tells it. Of what stands below one that does not hold nothing is known.
// The reasons are for whoever reaches the port, so that they tell no addresses: the server's log does.
var checks = []struct{ name, service, problem string }{
	{"server", "", "it is about to stop"},
	{"store", akinv1.SimilarityService_ServiceDesc.ServiceName, "it does not answer"},
	{"generation", akinv1.ArticleService_ServiceDesc.ServiceName, "another one is live, made by another embedder: nothing is written any more"},
}

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
	}{Checks: map[string]check{}}
	status := http.StatusServiceUnavailable
	health, err := g.health.List(ctx, &healthv1.HealthListRequest{})
	if err != nil {
		answer.Checks[checks[0].name] = check{Reason: "it does not answer"}
		writeJSON(w, status, answer)
		return
	}
	if answer.Ready = passed(health.GetStatuses(), answer.Checks); answer.Ready {
		status = http.StatusOK
	}
	writeJSON(w, status, answer)
}

// passed tells whether all holds, and notes what does, up to the first that does not.
func passed(health map[string]*healthv1.HealthCheckResponse, noted map[string]check) bool {
	for _, c := range checks {
		if health[c.service].GetStatus() != healthv1.HealthCheckResponse_SERVING {
			noted[c.name] = check{Reason: c.problem}
			return false
		}
		noted[c.name] = check{OK: true}
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who does not read it is gone
}

// NeedsKey asks a gRPC server whether its callers need a key. The name of a corpus that cannot be one has it answer without its store, which may be away.
func NeedsKey(ctx context.Context, conn grpc.ClientConnInterface) (bool, error) {
	_, err := akinv1.NewArticleServiceClient(conn).GetCorpus(ctx, &akinv1.GetCorpusRequest{Corpus: "\n"}, grpc.WaitForReady(true))
	switch status.Code(err) {
	case codes.Unauthenticated:
		return true, nil
	case codes.InvalidArgument:
		return false, nil
	}
	return false, err
}
