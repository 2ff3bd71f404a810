package local

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// FuzzCall hands any bytes to any call: it may refuse them, and must not panic. It is seeded from the recordings.
func FuzzCall(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(recordings, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var calls []recorded
		if err := json.Unmarshal(raw, &calls); err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(calls); i += 7 {
			f.Add(calls[i].Call, wire(f, calls[i]))
		}
	}
	faults := &errorCount{Handler: slog.DiscardHandler}
	db, client := opened(f, "", Options{Logger: slog.New(faults)})
	made(f, client, "contract_points")
	upserted(f, client, "contract_points", numbered(1, samplePayloads[0], 1, 2, 3, 4), numbered(2, samplePayloads[1], 4, 3, 2, 1))
	services := map[string]struct {
		desc   *grpc.ServiceDesc
		server any
	}{
		"Points":      {&qdrant.Points_ServiceDesc, &pointsService{db: db}},
		"Collections": {&qdrant.Collections_ServiceDesc, &collectionsService{db: db}},
		"Snapshots":   {&qdrant.Snapshots_ServiceDesc, &snapshotsService{db: db}},
	}
	f.Fuzz(func(t *testing.T, name string, raw []byte) {
		service, method, _ := strings.Cut(name, "/")
		s, ok := services[service]
		if !ok {
			t.Skip()
		}
		for _, m := range s.desc.Methods {
			if m.MethodName != method {
				continue
			}
			// An answer or an error will do. A panic is caught nowhere but in the committer, which logs it.
			_, _ = m.Handler(s.server, context.Background(), func(in any) error { return proto.Unmarshal(raw, in.(proto.Message)) },
				func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
					return checked(ctx, req, info, func(ctx context.Context, req any) (any, error) { return db.strict(ctx, req, info, next) })
				})
		}
		if n := faults.n.Swap(0); n > 0 {
			t.Errorf("%d writes panicked", n)
		}
	})
}

// errorCount counts what is logged as an error.
type errorCount struct {
	slog.Handler
	n atomic.Int32
}

func (e *errorCount) Enabled(context.Context, slog.Level) bool { return true }

func (e *errorCount) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		e.n.Add(1)
	}
	return nil
}

// wire is a recorded request as bytes, about the collection that the fuzz test has.
func wire(t testing.TB, call recorded) []byte {
	t.Helper()
	service, method, _ := strings.Cut(call.Call, "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("qdrant." + service))
	if err != nil {
		t.Fatal(err)
	}
	in := dynamicpb.NewMessage(found.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method)).Input())
	if err := protojson.Unmarshal(call.Request, in); err != nil {
		t.Fatal(err)
	}
	if field := in.Descriptor().Fields().ByName("collection_name"); field != nil {
		in.Set(field, protoreflect.ValueOfString("contract_points"))
	}
	raw, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
