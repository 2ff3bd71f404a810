package local

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/testing/protocmp"
)

// served opens a store in memory on a port, and returns its address.
func served(t *testing.T, options Options) (*DB, *net.TCPAddr) {
	t.Helper()
	db, _ := opened(t, "", options)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- db.Serve(ctx, lis) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return db, lis.Addr().(*net.TCPAddr)
}

func dialed(t *testing.T, addr *net.TCPAddr, config qdrant.Config) *qdrant.Client {
	t.Helper()
	config.Host, config.Port, config.SkipCompatibilityCheck, config.PoolSize = addr.IP.String(), addr.Port, true, 1
	client, err := qdrant.NewClient(&config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestKeysOpenWhatTheyAreFor(t *testing.T) {
	_, addr := served(t, Options{APIKey: "full", ReadOnlyAPIKey: "read"})
	create := &qdrant.CreateCollection{CollectionName: "letters"}
	full := dialed(t, addr, qdrant.Config{APIKey: "full"})
	if err := full.CreateCollection(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, key   string
		read, write codes.Code
	}{
		{"the key", "full", codes.OK, codes.AlreadyExists},
		{"the read-only key", "read", codes.OK, codes.PermissionDenied},
		{"another key", "full ", codes.Unauthenticated, codes.Unauthenticated},
		{"no key", "", codes.Unauthenticated, codes.Unauthenticated},
	} {
		client := dialed(t, addr, qdrant.Config{APIKey: row.key})
		_, err := client.ListCollections(t.Context())
		wantCode(t, err, row.read)
		wantCode(t, client.CreateCollection(t.Context(), create), row.write)
		if _, err := client.HealthCheck(t.Context()); err != nil {
			t.Errorf("%s: health: %v", row.name, err)
		}
	}
	bearer := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer full")
	if _, err := dialed(t, addr, qdrant.Config{}).ListCollections(bearer); err != nil {
		t.Errorf("the key as a bearer token: %v", err)
	}
}

// Every call that changes something needs the full key: a call that a newer client knows must not slip through.
func TestReadersOnlyRead(t *testing.T) {
	writing := []string{"Upsert", "Delete", "Update", "Set", "Overwrite", "Clear", "Create", "Change"}
	for method := range readers {
		name := method[strings.LastIndexByte(method, '/')+1:]
		for _, w := range writing {
			if strings.HasPrefix(name, w) {
				t.Errorf("%s is open to the read-only key", method)
			}
		}
	}
}

func TestServeOverTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	_, addr := served(t, Options{TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}})
	client := dialed(t, addr, qdrant.Config{UseTLS: true, TLSConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	if _, err := client.ListCollections(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = dialed(t, addr, qdrant.Config{}).ListCollections(t.Context())
	wantCode(t, err, codes.Unavailable)
}

func TestHealthReflectionAndCompression(t *testing.T) {
	_, addr := served(t, Options{})
	conn, err := grpc.NewClient(addr.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	health, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: got %v, %v", health, err)
	}
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	listed, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range listed.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	for _, want := range []string{"qdrant.Points", "qdrant.Collections", "qdrant.Snapshots", "qdrant.Qdrant"} {
		if !strings.Contains(strings.Join(names, " "), want) {
			t.Errorf("%s is not among the services %v", want, names)
		}
	}
	reply, err := qdrant.NewQdrantClient(conn).HealthCheck(t.Context(), &qdrant.HealthCheckRequest{}, grpc.UseCompressor(gzip.Name))
	if err != nil || reply.GetVersion() != version {
		t.Errorf("a compressed call: got %v, %v", reply, err)
	}
}

func TestLargeMessages(t *testing.T) {
	_, client := opened(t, t.TempDir(), Options{})
	made(t, client, "letters")
	text := strings.Repeat("a long letter ", 66<<20/14)
	upserted(t, client, "letters", numbered(1, map[string]any{"text": text}, 1, 2, 3, 4))
	got := scrolled(t, client, "letters")
	if len(got) != 1 || got[0].GetPayload()["text"].GetStringValue() != text {
		t.Errorf("a point of %d bytes did not come back", len(text))
	}
}

func TestUpsertIsWholeOrNothing(t *testing.T) {
	_, client := opened(t, "", Options{})
	made(t, client, "letters")
	upserted(t, client, "letters", numbered(1, map[string]any{"n": 1}, 1, 2, 3, 4))
	before := scrolled(t, client, "letters")
	good, bad := numbered(1, map[string]any{"n": 2}, 1, 2, 3, 4), numbered(2, nil, 1)
	_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: []*qdrant.PointStruct{good, bad}})
	wantCode(t, err, codes.InvalidArgument, "expected dim: 4, got 1")
	_, err = client.UpdateBatch(t.Context(), &qdrant.UpdateBatchPoints{CollectionName: "letters", Wait: waiting, Operations: []*qdrant.PointsUpdateOperation{
		{Operation: &qdrant.PointsUpdateOperation_Upsert{Upsert: &qdrant.PointsUpdateOperation_PointStructList{Points: []*qdrant.PointStruct{good}}}},
		{Operation: &qdrant.PointsUpdateOperation_ClearPayload_{ClearPayload: &qdrant.PointsUpdateOperation_ClearPayload{Points: qdrant.NewPointsSelector(qdrant.NewIDNum(404))}}},
	}})
	wantCode(t, err, codes.NotFound, "404")
	if diff := cmp.Diff(before, scrolled(t, client, "letters"), protocmp.Transform()); diff != "" {
		t.Errorf("the refused calls changed something (-before +after):\n%s", diff)
	}
}

func TestAWriteThatNobodyWaitsFor(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, Options{})
	made(t, client, "letters")
	done, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Points: []*qdrant.PointStruct{numbered(1, nil, 1, 2, 3, 4)}})
	if err != nil || done.GetStatus() != qdrant.UpdateStatus_Acknowledged {
		t.Fatalf("want it to be acknowledged, got %v, %v", done, err)
	}
	// As in Qdrant the caller does not learn that the vector has the wrong size.
	if _, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Points: []*qdrant.PointStruct{numbered(2, nil, 1)}}); err != nil {
		t.Fatal(err)
	}
	closeStore(t, db, client) // which stores what was accepted
	_, client = opened(t, dir, Options{})
	if got := scrolled(t, client, "letters"); len(got) != 1 || got[0].GetId().GetNum() != 1 {
		t.Errorf("want the first point alone, got %v", got)
	}
}

func TestUpsertModes(t *testing.T) {
	_, client := opened(t, "", Options{})
	made(t, client, "letters")
	upserted(t, client, "letters", numbered(1, map[string]any{"n": 1}, 1, 2, 3, 4))
	for mode, want := range map[qdrant.UpdateMode]string{
		qdrant.UpdateMode_InsertOnly: "1:1 2:2",
		qdrant.UpdateMode_UpdateOnly: "1:2",
	} {
		if _, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{
			CollectionName: "letters", Wait: waiting, UpdateMode: mode.Enum(),
			Points: []*qdrant.PointStruct{numbered(1, map[string]any{"n": 2}, 1, 2, 3, 4), numbered(2, map[string]any{"n": 2}, 1, 2, 3, 4)},
		}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range scrolled(t, client, "letters") {
			got = append(got, p.GetId().String()[len("num:"):]+":"+p.GetPayload()["n"].String()[len("integer_value:"):])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: want %s, got %v", mode, want, got)
		}
		upserted(t, client, "letters", numbered(1, map[string]any{"n": 1}, 1, 2, 3, 4))
		if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Wait: waiting, Points: qdrant.NewPointsSelector(qdrant.NewIDNum(2))}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSnapshotsAndRestore(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			db, client := opened(t, dir, Options{})
			made(t, client, "letters")
			made(t, client, "notes")
			if err := client.CreateAlias(t.Context(), "post", "letters"); err != nil {
				t.Fatal(err)
			}
			upserted(t, client, "letters", numbered(1, map[string]any{"from": "Ilse"}, 1, 2, 3, 4), numbered(2, nil, 4, 3, 2, 1))
			before := scrolled(t, client, "letters")
			made, err := client.CreateSnapshot(t.Context(), "post")
			if err != nil || made.GetSize() == 0 || len(made.GetChecksum()) != 64 || !strings.HasPrefix(made.GetName(), "letters-0-") {
				t.Fatalf("got %v, %v", made, err)
			}
			full, err := client.CreateFullSnapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			listed, err := client.ListSnapshots(t.Context(), "letters")
			if err != nil || len(listed) != 1 || listed[0].GetChecksum() != made.GetChecksum() {
				t.Errorf("listed: got %v, %v", listed, err)
			}
			content := contentOf(t, db, "letters", made.GetName())
			upserted(t, client, "letters", numbered(2, nil, 0, 0, 0, 1), numbered(3, nil, 0, 0, 0, 1))
			if err := db.Restore(t.Context(), bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, scrolled(t, client, "post"), protocmp.Transform()); diff != "" {
				t.Errorf("restored in place (-before +after):\n%s", diff)
			}
			elsewhere, _ := opened(t, "", Options{})
			if err := elsewhere.Restore(t.Context(), bytes.NewReader(contentOf(t, db, "", full.GetName()))); err != nil {
				t.Fatal(err)
			}
			if got := sortedKeys(elsewhere.catalog().collections); !cmp.Equal(got, []string{"letters", "notes"}) || elsewhere.catalog().aliases["post"] != "letters" {
				t.Errorf("restored elsewhere: got %v, aliases %v", got, elsewhere.catalog().aliases)
			}
			content[len(content)/2] ^= 1
			if err := db.Restore(t.Context(), bytes.NewReader(content)); err == nil {
				t.Error("a damaged snapshot was restored")
			}
			if err := client.DeleteSnapshot(t.Context(), "letters", made.GetName()); err != nil {
				t.Error(err)
			}
			wantCode(t, client.DeleteSnapshot(t.Context(), "letters", made.GetName()), codes.NotFound, made.GetName())
			wantCode(t, client.DeleteFullSnapshot(t.Context(), "../00000001.log"), codes.NotFound)
			if err := client.DeleteFullSnapshot(t.Context(), full.GetName()); err != nil {
				t.Error(err)
			}
		})
	}
}

func contentOf(t *testing.T, db *DB, collection, name string) []byte {
	t.Helper()
	r, err := db.snapshots.open(collection, name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestManyAtOnce has writers and readers at work together, for the race detector, and wants every reader to see whole calls.
func TestManyAtOnce(t *testing.T) {
	_, client := opened(t, t.TempDir(), Options{})
	made(t, client, "written")
	if err := call(t.Context(), client, 0, 0); err != nil {
		t.Fatal(err)
	}
	const calls = 40
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range calls {
				if err := call(t.Context(), client, w, n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range writers {
		all.Go(func() {
			for range calls {
				for w := range writers {
					if n, whole, err := state(t.Context(), client, w); err != nil || !whole {
						t.Errorf("writer %d, call %d: seen whole %v, %v", w, n, whole, err)
					}
				}
				if _, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "written", Query: qdrant.NewQuery(1, 2, 3, 4), WithVectors: qdrant.NewWithVectors(true)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// writerFunc is an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestASnapshotHoldsNobodyUp changes every point while a snapshot is being written, and wants what was there when it began.
func TestASnapshotHoldsNobodyUp(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			db, client := opened(t, dir, Options{})
			made(t, client, "letters")
			text := strings.Repeat("a letter ", 1000) // so that the snapshot is written in several pieces
			var points []*qdrant.PointStruct
			for i := range uint64(300) {
				points = append(points, numbered(i, map[string]any{"text": text, "from": "Ilse"}, 1, 2, 3, 4))
			}
			upserted(t, client, "letters", points...)
			before := scrolled(t, client, "letters")
			pin := db.storage.Pin()
			defer pin.Unpin()
			var content bytes.Buffer
			pieces := 0
			err := writeSnapshot(t.Context(), writerFunc(func(b []byte) (int, error) {
				if pieces++; pieces == 1 {
					upserted(t, client, "letters", numbered(299, map[string]any{"from": "Otto"}, 4, 3, 2, 1))
					if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Wait: waiting, Points: qdrant.NewPointsSelector(qdrant.NewIDNum(298))}); err != nil {
						t.Error(err)
					}
				}
				return content.Write(b)
			}), []*collection{db.catalog().collections["letters"]}, nil)
			if err != nil || pieces < 2 {
				t.Fatalf("in %d pieces: %v", pieces, err)
			}
			elsewhere, there := opened(t, "", Options{})
			if err := elsewhere.Restore(t.Context(), &content); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, scrolled(t, there, "letters"), protocmp.Transform()); diff != "" {
				t.Errorf("the snapshot is not what was there (-before +snapshot):\n%s", diff)
			}
		})
	}
}
