package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin/embed/encoder"
	"github.com/akinserver/akin/store/local"
)

// apiServer speaks OpenAI's /v1/embeddings, mostly.
type apiServer struct {
	*httptest.Server
	faulty atomic.Bool
	seed   uint64 // of its model

	mu       sync.Mutex
	requests int
	sent     map[string]int // how often each text was answered
}

func serveAPI(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{sent: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Input          []string
		EncodingFormat string `json:"encoding_format"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.requests++
	n := s.requests
	s.mu.Unlock()
	faulty := s.faulty.Load()
	if faulty {
		switch {
		case n%7 == 0:
			http.Error(w, "sorry", http.StatusInternalServerError)
			return
		case n%9 == 0: // never
			<-r.Context().Done()
			return
		case n%11 == 0:
			w.Header().Set("Retry-After", "0.05")
			http.Error(w, "slowly", http.StatusTooManyRequests)
			return
		case slices.ContainsFunc(q.Input, func(text string) bool { return strings.Contains(text, "ferry 13 ") }):
			http.Error(w, "unlucky", http.StatusBadRequest)
			return
		}
	}
	var data []map[string]any
	for i := len(q.Input) - 1; i >= 0; i-- {
		var embedding any = s.vectorOf(q.Input[i])
		if q.EncodingFormat == "base64" {
			b, err := binary.Append(nil, binary.LittleEndian, embedding)
			if err != nil {
				panic(err)
			}
			embedding = b
		}
		data = append(data, map[string]any{"index": i, "embedding": embedding})
	}
	if faulty && n%5 == 0 {
		data = data[1:]
	} else {
		s.mu.Lock()
		for _, text := range q.Input {
			s.sent[text]++
		}
		s.mu.Unlock()
	}
	json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func (s *apiServer) vectorOf(text string) []float32 {
	sum := sha256.Sum256([]byte(text))
	random := rand.New(rand.NewChaCha8(sum))
	random.Uint64()
	v := make([]float32, 8)
	for i := range v {
		v[i] = float32(random.NormFloat64() * math.Pow(-1, float64(s.seed)*float64(i)))
	}
	return v
}

// again is by how much more texts were answered than there are.
func (s *apiServer) again() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, times := range s.sent {
		n += times - 1
	}
	return n
}

// texts is how many were answered.
func (s *apiServer) texts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

func (s *apiServer) flags(cache string) []string {
	return []string{
		"--embedder", "openai", "--openai-url", s.URL + "/v1", "--openai-model", "tiny", "--openai-timeout", "300ms", "--openai-batch", "8", "--cache", cache,
	}
}

// vectorsIn are the dense vectors of all points in a folder, by collection and id.
func vectorsIn(t *testing.T, data string) map[string][]float32 {
	t.Helper()
	db, err := local.Open(data, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	client, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	found := map[string][]float32{}
	for _, name := range []string{"akin_articles", "akin_statements"} {
		points, err := client.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: name, Limit: qdrant.PtrOf(uint32(100_000)), WithVectors: qdrant.NewWithVectors(true)})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			vectors, id := p.GetVectors().GetVectors().GetVectors(), name+" "+p.GetId().GetUuid()
			if len(vectors) == 0 {
				continue // it holds the corpus' revision
			}
			found[id] = vectors["dense"].GetDenseVector().GetData()
			for i, row := range vectors["passages"].GetMultiVector().GetVectors() {
				found[fmt.Sprint(id, " ", i)] = row.GetData()
			}
		}
	}
	return found
}

func newsOfFerries(t *testing.T, n int) string {
	t.Helper()
	var lines bytes.Buffer
	for i := range n {
		fmt.Fprintf(&lines, `{"id":"a%d","title":"Ferry news %d","paragraphs":[{"text":"Captain Rood said ferry %d is safe."},{"text":"It was built in the year %d."}]}`+"\n", i, i, i, i)
	}
	file := filepath.Join(t.TempDir(), "news.jsonl")
	if err := os.WriteFile(file, lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestIngestPaysOnce ingests through a server that fails, hangs, answers short and refuses, and is killed on the way: every vector is that of a faultless
// run, what could not be embedded is named, and what was paid for is not sent again.
func TestIngestPaysOnce(t *testing.T) {
	const articles, kills = 80, 5
	news, dir := newsOfFerries(t, articles), t.TempDir()
	ingest := func(s *apiServer, data string) *exec.Cmd {
		return exec.Command("akin", append([]string{"ingest", news, "--batch", "16", "--data", filepath.Join(dir, data)}, s.flags(filepath.Join(dir, data+"-cache"))...)...)
	}
	sound, faulty := serveAPI(t), serveAPI(t)
	if out, err := ingest(sound, "sound").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	faulty.faulty.Store(true)
	random, killed := rand.New(rand.NewPCG(3, 4)), 0
	for range kills {
		cmd := ingest(faulty, "faulty")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(100+random.IntN(700)) * time.Millisecond) // the moment of the kill, not a wait for something
		_ = cmd.Process.Kill()
		var exit *exec.ExitError
		if errors.As(cmd.Wait(), &exit) && !exit.Exited() {
			killed++
		}
	}
	out, err := ingest(faulty, "faulty").CombinedOutput()
	if err == nil || !strings.Contains(string(out), `embed article "a13", paragraph 1: the embedder failed: the server refuses it (status 400): unlucky`) ||
		!strings.Contains(string(out), "1 refused") {
		t.Fatalf("the last ingest: %v\n%s", err, out)
	}
	// What was under way at a kill may have been answered to nobody: two requests.
	if again := faulty.again(); killed == 0 || again > killed*2*8 {
		t.Errorf("after %d kills, %d texts were sent again", killed, again)
	}
	want, got := vectorsIn(t, filepath.Join(dir, "sound")), vectorsIn(t, filepath.Join(dir, "faulty"))
	missing := 0
	for id := range want {
		if got[id] == nil {
			missing++
			delete(want, id)
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("vectors (-faultless +faulty):\n%.2000s", diff)
	}
	if missing > 6 {
		t.Errorf("%d points are missing, want those of one article", missing)
	}
	// All over again, into a new store, costs nothing but the question for the dimensions and the probe.
	before := faulty.texts()
	faulty.faulty.Store(false)
	out, err = ingest(faulty, "faulty").CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("1 written, %d unchanged", articles-1)) {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(dir, "faulty")); err != nil {
		t.Fatal(err)
	}
	out, err = ingest(faulty, "faulty").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "embedder: 2 texts and ") || faulty.texts() > before+3 { // the refused paragraph, and its statement
		t.Errorf("into a new store: %v, %d texts are new\n%s", err, faulty.texts()-before, out)
	}
}

// TestAnotherModelIsNoticed starts with a server behind whose model's name another model has come.
func TestAnotherModelIsNoticed(t *testing.T) {
	news, dir, s := newsOfFerries(t, 3), t.TempDir(), serveAPI(t)
	akin := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := run(context.Background(), args, streams{in: strings.NewReader(""), out: &out, err: &out}); code != want {
			t.Errorf("akin %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, out.String())
		}
		return out.String()
	}
	cache, data := filepath.Join(dir, "cache"), filepath.Join(dir, "data")
	akin(exitOK, append([]string{"ingest", news, "--data", data}, s.flags(cache)...)...)
	akin(exitOK, append([]string{"similar", "ferry 1 is safe.", "--data", data}, s.flags(cache)...)...)
	s.seed = 1
	for _, tt := range []struct{ name, cache, want string }{
		{name: "the cache tells", cache: cache, want: "delete " + cache},
		{name: "the store tells, where the cache is new", cache: filepath.Join(dir, "other"), want: "ingest into another --data"},
	} {
		if out := akin(exitFailed, append([]string{"similar", "ferry 1 is safe.", "--data", data}, s.flags(tt.cache)...)...); !strings.Contains(out, "under the same name") || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %s\nwant an error with %q", tt.name, out, tt.want)
		}
	}
	s.seed = 0
	akin(exitOK, append([]string{"similar", "ferry 1 is safe.", "--data", data}, s.flags(cache)...)...)
}

// A server that is away does not keep akin from answering what needs no vector.
func TestEmbedderThatIsAwayLaterOn(t *testing.T) {
	news, dir, s := newsOfFerries(t, 3), t.TempDir(), serveAPI(t)
	flags := append(s.flags(filepath.Join(dir, "cache")), "--data", filepath.Join(dir, "data"), "--openai-dimensions", "8", "--openai-patience", "1s")
	var out bytes.Buffer
	std := streams{in: strings.NewReader(""), out: &out, err: &out}
	if code := run(context.Background(), append([]string{"ingest", news}, flags...), std); code != exitOK {
		t.Fatal(out.String())
	}
	s.Close()
	if code := run(context.Background(), append([]string{"related", "a1"}, flags...), std); code != exitOK || !strings.Contains(out.String(), "Ferry news 2") {
		t.Errorf("by id: exit code %d\n%s", code, out.String())
	}
	out.Reset()
	if code := run(context.Background(), append([]string{"related", "--text", "Ferry"}, flags...), std); code != exitFailed || !strings.Contains(out.String(), "no connection") {
		t.Errorf("by text: exit code %d\n%s", code, out.String())
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]byteSize{"4GiB": 4 << 30, "500 MB": 5e8, "1.5k": 1536, "77": 77, "8b": 8, "1TB": 1e12} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%s: %d (%v), want %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "lots", "NaN", "1e300", "4 4", "inf"} {
		if err := new(byteSize).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q passes for a size", text)
		}
	}
}

// The flag can choose whatever there is.
func TestEmbedderFlagKnowsAll(t *testing.T) {
	var out bytes.Buffer
	code := run(context.Background(), []string{"embed", "x", "--embedder", "none"}, streams{out: &out, err: &out})
	for _, name := range encoder.Names() {
		if code != exitUsage || !strings.Contains(out.String(), `"`+name+`"`) {
			t.Errorf("exit code %d, and no word of %s:\n%s", code, name, out.String())
		}
	}
}
