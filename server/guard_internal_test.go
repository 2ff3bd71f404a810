package server

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/akinserver/akin"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
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

// BenchmarkGuard is what it costs to let a call in that has a key.
func BenchmarkGuard(b *testing.B) {
	file := filepath.Join(b.TempDir(), "keys.json")
	key, _, err := access.CreateKey(file, access.Key{Scope: access.Read, Corpus: "news"})
	if err != nil {
		b.Fatal(err)
	}
	keys, err := access.OpenKeys(file, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for name, sent := range map[string]string{"let in": key, "refused": key + "x"} {
		b.Run(name, func(b *testing.B) {
			g := newGuard(keys, Limits{KeyRate: 1e12})
			info := &tap.Info{FullMethodName: akinv1.ArticleService_GetArticle_FullMethodName, Header: metadata.Pairs(access.MetadataKey, "Bearer "+sent)}
			m := &akinv1.GetArticleRequest{Corpus: "news"}
			b.ReportAllocs()
			for b.Loop() {
				ctx, err := g.meet(b.Context(), info)
				if err != nil {
					b.Fatal(err)
				}
				if leave, err := g.unary(ctx, m); err == nil {
					leave()
				}
			}
		})
	}
}

// FuzzPageToken gives requests tokens that nobody gave: none is taken that says of itself more than a place in the same request.
func FuzzPageToken(f *testing.F) {
	m := &akinv1.ListArticlesRequest{Corpus: "news"}
	f.Add("")
	f.Add(pageToken{After: "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}.encode(m))
	f.Add(pageToken{Offset: -1, Generation: "x"}.encode(m))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"r":"x","a":"y"}`)))
	f.Fuzz(func(t *testing.T, token string) {
		got, err := parseToken(m, token)
		if err != nil {
			if _, ok := errors.AsType[*akin.InvalidError](err); !ok {
				t.Errorf("%q: %v, want an InvalidError", token, err)
			}
			return
		}
		if token != "" && got.Request != requestDigest(m) || got.After != "" && uuid.Validate(got.After) != nil {
			t.Errorf("%q is taken, as %+v", token, got)
		}
	})
}
