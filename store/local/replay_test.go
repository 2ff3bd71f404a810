package local

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

var realServer = flag.String("qdrant", "", "HOST:PORT of a Qdrant that the recordings are replayed against as well")

// recordings holds calls with the answers that Qdrant 1.16.3 gave. It must have no contract_* collections at the start.
const recordings = "../../testdata/qdrant"

// recorded is one call of a recording. Of a loose one, which Qdrant answers differently from run to run, only the number
// of hits counts.
type recorded struct {
	Call     string          `json:"call"`
	Note     string          `json:"note"`
	Request  json.RawMessage `json:"request"`
	Response any             `json:"response"`
	Error    string          `json:"error"`
	Loose    bool            `json:"loose"`
}

// TestReplay plays every recording in memory, on disk, and on disk with the folder closed and opened before every call.
// PartialUpserts is set because one recorded upsert was half applied; TestUpsertIsWholeOrNothing has what is done without.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recordings, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", recordings, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var calls []recorded
		if err := json.Unmarshal(raw, &calls); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run("in memory/"+name, func(t *testing.T) {
			store := openStore(t, "")
			replay(t, calls, func() *grpc.ClientConn { return store.conn })
		})
		t.Run("on disk/"+name, func(t *testing.T) {
			store := openStore(t, t.TempDir())
			replay(t, calls, func() *grpc.ClientConn { return store.conn })
		})
		t.Run("reopened/"+name, func(t *testing.T) {
			store := openStore(t, t.TempDir())
			replay(t, calls, func() *grpc.ClientConn { store.reopen(); return store.conn })
		})
		if *realServer != "" {
			t.Run("real/"+name, func(t *testing.T) {
				conn, err := grpc.NewClient(*realServer, grpc.WithTransportCredentials(insecure.NewCredentials()))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				replay(t, calls, func() *grpc.ClientConn { return conn })
			})
		}
	}
}

// testStore is a store with a connection to it.
type testStore struct {
	t    *testing.T
	dir  string
	opts Options
	db   *DB
	conn *grpc.ClientConn
}

func openStore(t *testing.T, dir string) *testStore {
	t.Helper()
	s := &testStore{t: t, dir: dir, opts: Options{Logger: slog.New(slog.DiscardHandler), PartialUpserts: strings.HasPrefix(t.Name(), "TestReplay")}}
	s.open()
	t.Cleanup(s.close)
	return s
}

func (s *testStore) open() {
	s.t.Helper()
	db, err := Open(s.dir, s.opts)
	if err != nil {
		s.t.Fatal(err)
	}
	lis, err := db.listenInside()
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := grpc.NewClient("passthrough:///local",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		s.t.Fatal(err)
	}
	s.db, s.conn = db, conn
}

func (s *testStore) close() {
	s.t.Helper()
	if err := s.conn.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.db.Close(); err != nil {
		s.t.Error(err)
	}
}

func (s *testStore) reopen() { s.close(); s.open() }

func replay(t *testing.T, calls []recorded, conn func() *grpc.ClientConn) {
	for i, call := range calls {
		got, code, message := invoke(t, conn(), call)
		problem := ""
		if code != call.Error {
			problem = fmt.Sprintf("want error %q, got %q %s", call.Error, code, message)
		} else if code == "" {
			problem = difference("", call.Response, got)
		}
		if problem == "" || call.Loose && code == call.Error && hits(call.Response) == hits(got) {
			continue
		}
		t.Errorf("call %d, %s (%s): %s\nrequest %s", i, call.Call, call.Note, problem, call.Request)
	}
}

// invoke makes a call and returns its answer as plain JSON values, or the code of its error.
func invoke(t *testing.T, conn *grpc.ClientConn, call recorded) (answer any, code, message string) {
	t.Helper()
	service, method, _ := strings.Cut(call.Call, "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("qdrant." + service))
	if err != nil {
		t.Fatal(err)
	}
	m := found.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method))
	in, out := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if err := protojson.Unmarshal(call.Request, in); err != nil {
		t.Fatalf("%s: %v", call.Call, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := conn.Invoke(ctx, "/qdrant."+call.Call, in, out); err != nil {
		return nil, status.Code(err).String(), status.Convert(err).Message()
	}
	raw, err := protojson.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	return answer, "", ""
}

// unequal are the fields that two right answers need not agree in.
var unequal = []string{"time", "usage", "operationId", "version", "segmentsCount", "indexedVectorsCount", "warnings", "title", "commit", "creationTime", "checksum", "size_"}

// sets are the lists whose order says nothing.
var sets = []string{"aliases", "collections", "pairs"}

// difference tells where two answers differ, or "". Numbers may differ by rounding. Hits of equal score may come in any
// order, and of those that share the last score any may be there.
func difference(at string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: want an object, got %s", at, short(got))
		}
		for _, key := range sortedKeys(union2(want, got)) {
			if slices.Contains(unequal, key) {
				continue
			}
			if d := difference(at+"."+key, want[key], got[key]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return fmt.Sprintf("%s: want %d items, got %d\nwant %s\ngot  %s", at, len(want), len(got), short(want), short(got))
		}
		if rank := ranking(want); rank != nil {
			return rankedDifference(at, want, got, rank)
		}
		if slices.Contains(sets, at[strings.LastIndexByte(at, '.')+1:]) {
			return rankedDifference(at, want, got, func(any) float64 { return 0 })
		}
		for i := range want {
			if d := difference(fmt.Sprintf("%s[%d]", at, i), want[i], got[i]); d != "" {
				return d
			}
		}
		return ""
	case float64:
		if got, ok := got.(float64); ok && near(want, got) {
			return ""
		}
	case nil, bool, string:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %s, got %s", at, short(want), short(got))
}

func union2(a, b map[string]any) map[string]bool {
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5+1e-4*math.Abs(a) }

// ranking returns what a list of hits is ordered by; nil for a list that is compared place by place.
func ranking(list []any) func(any) float64 {
	all := func(has func(map[string]any) bool) bool {
		return len(list) > 0 && !slices.ContainsFunc(list, func(item any) bool {
			m, ok := item.(map[string]any)
			return !ok || !has(m)
		})
	}
	switch {
	case all(func(m map[string]any) bool { return m["score"] != nil || m["id"] != nil && m["version"] != nil }):
		return func(item any) float64 { return asNumber(item.(map[string]any)["score"]) }
	case all(func(m map[string]any) bool { return m["count"] != nil }):
		return func(item any) float64 { return asNumber(item.(map[string]any)["count"]) }
	}
	return nil
}

// asNumber reads a number, or the text that JSON has for a large one; what is not there is 0.
func asNumber(v any) (n float64) {
	if s, ok := v.(string); ok {
		_, _ = fmt.Sscan(s, &n)
		return n
	}
	n, _ = v.(float64)
	return n
}

func rankedDifference(at string, want, got []any, rank func(any) float64) string {
	for i := range want {
		if !near(rank(want[i]), rank(got[i])) {
			return fmt.Sprintf("%s[%d]: want %s, got %s", at, i, short(want[i]), short(got[i]))
		}
	}
	for from := 0; from < len(want); {
		to := from + 1
		for to < len(want) && near(rank(want[to]), rank(want[to-1])) {
			to++
		}
		left := slices.Clone(got[from:to])
		for i := from; i < to; i++ {
			j := slices.IndexFunc(left, func(g any) bool { return difference(at, want[i], g) == "" })
			switch {
			case j >= 0:
				left = slices.Delete(left, j, j+1)
			case to-from == 1:
				return difference(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])
			case to < len(want):
				return fmt.Sprintf("%s[%d]: want %s among %s", at, i, short(want[i]), short(got[from:to]))
			}
		}
		from = to
	}
	return ""
}

// hits counts the hits, or the groups, of an answer.
func hits(answer any) int {
	m, _ := answer.(map[string]any)
	switch result := m["result"].(type) {
	case []any:
		return len(result)
	case map[string]any:
		groups, _ := result["groups"].([]any)
		return len(groups)
	}
	return 0
}

func short(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 400 {
		return string(b[:400]) + "…"
	}
	return string(b)
}
