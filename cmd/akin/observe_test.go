package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// TestServeIsSeenAndDrains runs a server by a file of settings, asks it at a fixed rate, reads its metrics, and tells it to stop: for a while it says that it is about to, and answers.
func TestServeIsSeenAndDrains(t *testing.T) {
	dir := t.TempDir()
	file, data := filepath.Join(dir, "akin.yaml"), filepath.Join(dir, "data")
	settings := "data: " + data + "\nserve:\n  listen: 127.0.0.1:0\n  metrics: 127.0.0.1:0\n  log-format: json\n  grace: 2s\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("akin", "ingest", "../../testdata/news", "--config", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	serve := exec.Command("akin", "serve", "--config", file)
	stderr, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Kill() })
	log := newRecords(stderr)
	metrics, _ := log.await(t, "serving metrics")["address"].(string)
	address, _ := log.await(t, "serving gRPC")["address"].(string)

	out, err := exec.Command("akin", "bench", "load", "--target", address, "--rate", "5", "--duration", "2s", "--every", "1s").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "OK    10         100.000 %") {
		t.Fatalf("%v\n%s", err, out)
	}
	response, err := http.Get(metrics)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(body), `akin_calls_total{code="OK",method="akin.v1.SimilarityService/RelatedArticles"} 10`) {
		t.Errorf("%s answered, with %v:\n%s", metrics, err, body)
	}

	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	says := func(want healthv1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for range 500 {
			answer, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if answer.GetStatus() == want {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Fatalf("health never said %v", want)
	}
	says(healthv1.HealthCheckResponse_SERVING)
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	says(healthv1.HealthCheckResponse_NOT_SERVING)
	if _, err := akinv1.NewArticleServiceClient(conn).GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: "varn-tunnel-1"}); err != nil {
		t.Errorf("a call in the time of grace: %v", err)
	}
	log.await(t, "stopped: the calls in flight are answered")
	if err := serve.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// records are those of a log of JSON, as they come.
type records struct{ lines chan map[string]any }

func newRecords(r io.Reader) records {
	l := records{make(chan map[string]any, 1024)}
	go func() {
		defer close(l.lines)
		for scanner := bufio.NewScanner(r); scanner.Scan(); {
			record := map[string]any{}
			if json.Unmarshal(scanner.Bytes(), &record) == nil {
				l.lines <- record
			}
		}
	}()
	return l
}

// await passes over records until one says a message.
func (l records) await(t *testing.T, message string) map[string]any {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case record, ok := <-l.lines:
			if !ok {
				t.Fatalf("the log ended without %q", message)
			}
			if record["msg"] == message {
				return record
			}
		case <-late:
			t.Fatalf("the log never said %q", message)
		}
	}
}
