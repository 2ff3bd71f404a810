package server

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/generation"
)

// TestEveryCallHasARule fails when a call is added without a line in the table, when a line is left of one that is gone, and when a call of a corpus has messages that name none.
func TestEveryCallHasARule(t *testing.T) {
	s := New(nil, nil, nil, Options{
		Log:  slog.New(slog.DiscardHandler),
		Next: func(context.Context, map[string]string) (*generation.Generation, error) { return nil, nil },
	})
	served := map[string]bool{}
	for service, info := range s.grpc.GetServiceInfo() {
		for _, method := range info.Methods {
			name := "/" + service + "/" + method.Name
			served[name] = true
			r, ok := rules[name]
			if !ok {
				t.Errorf("%s has no rule", name)
				continue
			}
			if streams := method.IsClientStream || method.IsServerStream; streams != (r.time != 0) {
				t.Errorf("%s: it streams: %v, and has a time of its own: %s", name, streams, r.time)
			}
			if r.scope == access.Anyone && strings.HasPrefix(name, "/akin.") {
				t.Errorf("%s needs no key", name)
			}
			if named := namesCorpus(t, service, method.Name); named == r.free {
				t.Errorf("%s: its messages name a corpus: %v, its rule says that they do: %v", name, named, !r.free)
			}
		}
	}
	for name := range rules {
		if !served[name] {
			t.Errorf("there is a rule for %s, which is not served", name)
		}
	}
}

func namesCorpus(t *testing.T, service, method string) bool {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		t.Fatal(err)
	}
	return d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method)).Input().Fields().ByName("corpus") != nil
}
