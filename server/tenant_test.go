package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/store/storetest"
)

// tenants is a server of two corpora, with a key of each scope for each.
type tenants struct {
	*fixture
	file string // of the keys
	keys map[string]string
}

// Words that stand in the articles of one corpus alone.
const (
	mine   = "The ferry of Dunmore carries forty cars, Mayor Ada Finch said. It has sailed since 1931."
	theirs = "The observatory of Keld counts meteors, Director Ilse Brandt said. It has watched since 1907."
)

func startTenants(t *testing.T, options server.Options) *tenants {
	t.Helper()
	embedder := &flaky{Embedder: builtin(t)}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	stage := embed.New(st, embedder)
	for corpus, body := range map[string]string{"mine": mine, "theirs": theirs} {
		var list []akin.Article
		for i := range 4 {
			list = append(list, akin.Article{ID: fmt.Sprintf("%s-%d", corpus, i), Title: corpus, Paragraphs: []akin.Paragraph{{Text: body}, {Text: fmt.Sprint("Print ", i)}}})
		}
		results, err := stage.Put(t.Context(), corpus, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Outcome != embed.Written {
				t.Fatalf("%s: %v %v", r.ID, r.Outcome, r.Err)
			}
		}
	}
	f := &tenants{file: filepath.Join(t.TempDir(), "keys.json"), keys: map[string]string{}}
	for _, k := range []access.Key{
		{Scope: access.Read, Corpus: "mine"},
		{Scope: access.Write, Corpus: "mine"},
		{Scope: access.Read, Corpus: "theirs"},
		{Scope: access.Admin},
		{Scope: access.Read, Corpus: "mine", Origins: []string{"https://mine.example"}, Note: "published"},
		{Scope: access.Read, Corpus: "mine", Rate: 1, Note: "slow"},
	} {
		key, _, err := access.CreateKey(f.file, k)
		if err != nil {
			t.Fatal(err)
		}
		f.keys[strings.TrimSpace(strings.Join([]string{k.Scope.String(), k.Corpus, k.Note}, " "))] = key
	}
	keys, err := access.OpenKeys(f.file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	options.Keys = keys
	options.Next = func(context.Context, map[string]string) (*generation.Generation, error) {
		return nil, errors.New("no other embedder")
	}
	f.fixture = serveWith(t, st, stage, embedder, options)
	return f
}

// as is the context of a call with a key.
func (f *tenants) as(t *testing.T, key string, more ...string) context.Context {
	t.Helper()
	secret, ok := f.keys[key]
	if !ok {
		t.Fatalf("there is no key %q", key)
	}
	return metadata.AppendToOutgoingContext(t.Context(), append([]string{access.MetadataKey, "Bearer " + secret}, more...)...)
}

// call makes any call by its full name, with a message that has nothing but a corpus, and returns what it ends with.
func (f *tenants) call(ctx context.Context, method protoreflect.MethodDescriptor, corpus string) error {
	in := messageOf(method.Input())
	if field := method.Input().Fields().ByName("corpus"); field != nil {
		in.ProtoReflect().Set(field, protoreflect.ValueOfString(corpus))
	}
	name := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if !method.IsStreamingClient() && !method.IsStreamingServer() {
		return f.conn.Invoke(ctx, name, in, messageOf(method.Output()))
	}
	stream, err := f.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, name)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(in); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		if err := stream.RecvMsg(messageOf(method.Output())); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func messageOf(d protoreflect.MessageDescriptor) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err) // a call of this very module
	}
	return t.New().Interface()
}

// methods are all calls of akin's own services, as their descriptions list them.
func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var out []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage("akin.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				out = append(out, service.Methods().Get(j))
			}
		}
		return true
	})
	if len(out) < 9 {
		t.Fatalf("%d calls, want at least the 9 that there were", len(out))
	}
	return out
}

// TestNoCallReachesAnotherCorpus makes every call that there is, with every key that must not make it. A corpus that is there and one that is not answer alike.
func TestNoCallReachesAnotherCorpus(t *testing.T) {
	f := startTenants(t, server.Options{})
	for _, method := range methods(t) {
		t.Run(string(method.Name()), func(t *testing.T) {
			if err := f.call(t.Context(), method, "mine"); status.Code(err) != codes.Unauthenticated {
				t.Errorf("without a key: %v, want UNAUTHENTICATED", err)
			}
			wrong := metadata.AppendToOutgoingContext(t.Context(), access.MetadataKey, "Bearer "+f.keys["read mine"]+"x")
			if err := f.call(wrong, method, "mine"); status.Code(err) != codes.Unauthenticated {
				t.Errorf("with a key that is none: %v, want UNAUTHENTICATED", err)
			}
			for _, key := range []string{"read mine", "write mine"} {
				var told []string
				for _, corpus := range []string{"theirs", "nobodys", ""} {
					err := f.call(f.as(t, key), method, corpus)
					if code, reason, _ := refusal(err); code != codes.PermissionDenied || reason != "PERMISSION_DENIED" {
						t.Errorf("%s for %q: %v, want PERMISSION_DENIED", key, corpus, err)
					}
					told = append(told, strings.ReplaceAll(status.Convert(err).Message(), fmt.Sprintf("%q", corpus), "…"))
				}
				if told[0] != told[1] {
					t.Errorf("%s: a corpus that is there is told by %q, one that is not by %q", key, told[0], told[1])
				}
			}
			if err := f.call(f.as(t, "read mine"), method, strings.Repeat("x", 1_000_000)); status.Code(err) != codes.PermissionDenied || len(err.Error()) > 2000 {
				t.Errorf("for a corpus of a million letters: %.200s", err)
			}
			if err := f.call(f.as(t, "admin"), method, "theirs"); status.Code(err) == codes.PermissionDenied || status.Code(err) == codes.Unauthenticated {
				t.Errorf("admin: %v", err)
			}
		})
	}
}

// TestScopes holds who may change things.
func TestScopes(t *testing.T) {
	f := startTenants(t, server.Options{})
	for _, method := range methods(t) {
		read := !slices.Contains([]protoreflect.Name{"DeleteArticles", "PutArticles"}, method.Name())
		admin := method.Parent().Name() == "GenerationService"
		for key, want := range map[string]bool{"read mine": read && !admin, "write mine": !admin, "admin": true} {
			err := f.call(f.as(t, key), method, "mine")
			if got := status.Code(err) != codes.PermissionDenied; got != want {
				t.Errorf("%s by %s: %v, want it let in: %v", method.Name(), key, err, want)
			}
		}
	}
}

// TestAnswersTellNothingOfAnotherCorpus asks for all that there is in one corpus, by all that is in the other.
func TestAnswersTellNothingOfAnotherCorpus(t *testing.T) {
	f := startTenants(t, server.Options{})
	ctx := f.as(t, "read mine")
	foreign := []*akinv1.Seed{text(theirs), id("mine-0")}
	related, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: foreign, PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	similar, err := f.similar.SimilarStatements(ctx, &akinv1.SimilarStatementsRequest{Corpus: "mine", Seeds: []*akinv1.Seed{text(theirs)}, PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.articles.ListArticles(ctx, &akinv1.ListArticlesRequest{Corpus: "mine", PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	if list.GetTotalSize() != 4 {
		t.Errorf("%d articles are counted, want 4", list.GetTotalSize())
	}
	for _, m := range []proto.Message{related, similar, list} {
		if answer := fmt.Sprint(m); strings.Contains(answer, "theirs") || strings.Contains(answer, "Keld") || strings.Contains(answer, "Brandt") {
			t.Errorf("an answer holds what is not of its corpus: %s", answer)
		}
	}
	counted := int64(0)
	for _, s := range related.GetShortfalls() {
		counted += s.GetCount()
	}
	if most := int64(4 - len(related.GetMatches())); counted > most {
		t.Errorf("shortfalls count %d, and %d articles of the corpus are missing from the answer: %v", counted, most, related.GetShortfalls())
	}
	for _, id := range []string{"theirs-0", "nobodys-0"} {
		_, err := f.articles.GetArticle(ctx, &akinv1.GetArticleRequest{Corpus: "mine", Id: id})
		if code, _, _ := refusal(err); code != codes.NotFound {
			t.Errorf("%s: %v, want NOT_FOUND", id, err)
		}
		missing, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: []*akinv1.Seed{{Origin: &akinv1.Seed_Id{Id: id}}, text("a ferry")}})
		if err != nil || !slices.Equal(missing.GetMissingSeeds(), []string{id}) {
			t.Errorf("%s: missing are %v, %v", id, missing.GetMissingSeeds(), err)
		}
	}
	deleted, err := f.articles.DeleteArticles(f.as(t, "write mine"), &akinv1.DeleteArticlesRequest{Corpus: "mine", Ids: []string{"theirs-0"}})
	if err != nil || len(deleted.GetDeletedIds()) != 0 {
		t.Errorf("deleted %v, %v", deleted.GetDeletedIds(), err)
	}
	if _, err := f.articles.GetArticle(f.as(t, "read theirs"), &akinv1.GetArticleRequest{Corpus: "theirs", Id: "theirs-0"}); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}

// TestPageTokensStayInTheirCorpus gives the token of one corpus to the other, and one that was made up.
func TestPageTokensStayInTheirCorpus(t *testing.T) {
	f := startTenants(t, server.Options{})
	theirs, err := f.articles.ListArticles(f.as(t, "read theirs"), &akinv1.ListArticlesRequest{Corpus: "theirs", PageSize: 1})
	if err != nil || theirs.GetNextPageToken() == "" {
		t.Fatalf("%v, %v", theirs, err)
	}
	ask := &akinv1.ListArticlesRequest{Corpus: "mine", PageSize: 100, PageToken: theirs.GetNextPageToken()}
	_, err = f.articles.ListArticles(f.as(t, "read mine"), ask)
	if code, _, field := refusal(err); code != codes.InvalidArgument || field != "page_token" {
		t.Errorf("a token of another corpus: %v, want INVALID_ARGUMENT", err)
	}
	// Anybody can work out what a token is made of, and put a point of another corpus into one that fits.
	first, err := f.articles.ListArticles(f.as(t, "read mine"), &akinv1.ListArticlesRequest{Corpus: "mine", PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	ask.PageToken = forge(t, first.GetNextPageToken(), theirs.GetNextPageToken())
	got, err := f.articles.ListArticles(f.as(t, "read mine"), ask)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range got.GetArticles() {
		if !strings.HasPrefix(a.GetId(), "mine-") {
			t.Errorf("a forged token brings %s", a.GetId())
		}
	}
}

// TestForgedPageTokens writes into tokens what the server never does.
func TestForgedPageTokens(t *testing.T) {
	f := startTenants(t, server.Options{})
	ask := func(token string) (*akinv1.RelatedArticlesResponse, error) {
		return f.similar.RelatedArticles(f.as(t, "read mine"), &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: []*akinv1.Seed{id("mine-0")}, PageSize: 1, PageToken: token})
	}
	first, err := ask("")
	if err != nil || first.GetNextPageToken() == "" {
		t.Fatalf("%v, %v", first, err)
	}
	b, err := base64.RawURLEncoding.DecodeString(first.GetNextPageToken())
	if err != nil {
		t.Fatal(err)
	}
	with := func(field, value string) string {
		m := map[string]json.RawMessage{}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		m[field] = json.RawMessage(value)
		forged, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(forged)
	}
	if _, err := ask(with("x", "0")); err != nil {
		t.Fatalf("as it was given: %v", err)
	}
	for name, token := range map[string]string{
		"before the first page":   with("o", "-1"),
		"beyond all":              with("o", "9223372036854775807"),
		"beyond all numbers":      with("o", "1e400"),
		"a fraction":              with("o", "0.5"),
		"a page of a list":        with("a", `"'; DROP"`),
		"another generation":      with("g", `"akin_v1"`),
		"another request":         with("r", `"AAAAAAAAAAAA"`),
		"no request":              with("r", `""`),
		"nested without end":      base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("[", 700))),
		"longer than any":         with("x", `"`+strings.Repeat("x", 2000)+`"`),
		"not as tokens are coded": "?" + first.GetNextPageToken(),
		"no JSON":                 base64.RawURLEncoding.EncodeToString([]byte("o=1")),
	} {
		_, err := ask(token)
		if code, _, field := refusal(err); code != codes.InvalidArgument || field != "page_token" {
			t.Errorf("%s: %v, want INVALID_ARGUMENT of page_token", name, err)
		}
	}
}

// TestStreamEndsWithAForeignArticle holds every message of a stream to the corpus, not the first alone.
func TestStreamEndsWithAForeignArticle(t *testing.T) {
	f := startTenants(t, server.Options{})
	stream, err := f.articles.PutArticles(f.as(t, "write mine"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(corpus, id string) {
		t.Helper()
		m := &akinv1.PutArticlesRequest{Corpus: corpus, Article: &akinv1.Article{Id: id, Paragraphs: paragraphs("Words enough for an article.")}}
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	put("mine", "first")
	if got, err := stream.Recv(); err != nil || got.GetOutcome() != akinv1.Outcome_OUTCOME_WRITTEN {
		t.Fatalf("%v, %v", got, err)
	}
	put("theirs", "second")
	if _, err := stream.Recv(); status.Code(err) != codes.PermissionDenied {
		t.Errorf("got %v, want PERMISSION_DENIED", err)
	}
	list, err := f.articles.ListArticles(f.as(t, "read theirs"), &akinv1.ListArticlesRequest{Corpus: "theirs"})
	if err != nil || list.GetTotalSize() != 4 {
		t.Errorf("%d articles, %v, want 4", list.GetTotalSize(), err)
	}
}

// TestRevokedKeyEndsItsStream takes a key away from somebody who is using it.
func TestRevokedKeyEndsItsStream(t *testing.T) {
	f := startTenants(t, server.Options{})
	ctx := f.as(t, "write mine")
	stream, err := f.articles.PutArticles(ctx)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := access.ListKeys(f.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Scope == access.Write {
			if err := access.RevokeKey(f.file, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := stream.Send(&akinv1.PutArticlesRequest{Corpus: "mine", Article: &akinv1.Article{Id: "x", Paragraphs: paragraphs("Words enough for an article.")}})
		if err == nil {
			_, err = stream.Recv()
		} else {
			_, err = stream.Recv() // what it ended with
		}
		if err != nil {
			if status.Code(err) != codes.Unauthenticated {
				t.Errorf("got %v, want UNAUTHENTICATED", err)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("after 5 s the stream goes on")
		}
	}
}

// TestPublishedKeyIsForItsPages holds a key to the pages of its origins.
func TestPublishedKeyIsForItsPages(t *testing.T) {
	f := startTenants(t, server.Options{})
	for origin, want := range map[string]codes.Code{
		"https://mine.example": codes.OK, "https://other.example": codes.PermissionDenied, "null": codes.PermissionDenied, "https://mine.example.evil.example": codes.PermissionDenied,
		"http://mine.example": codes.PermissionDenied,
	} {
		ctx := f.as(t, "read mine published", access.MetadataOrigin, origin)
		if _, err := f.articles.GetArticle(ctx, &akinv1.GetArticleRequest{Corpus: "mine", Id: "mine-0"}); status.Code(err) != want {
			t.Errorf("%s: %v, want %v", origin, err, want)
		}
	}
	if _, err := f.articles.GetArticle(f.as(t, "read mine published"), &akinv1.GetArticleRequest{Corpus: "mine", Id: "mine-0"}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("from no page: %v, want PERMISSION_DENIED", err)
	}
}

// forge puts the point of one token into another.
func forge(t *testing.T, token, other string) string {
	t.Helper()
	decode := func(token string) map[string]any {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	mine, theirs := decode(token), decode(other)
	if theirs["a"] == nil {
		t.Fatalf("no point in %v", theirs)
	}
	mine["a"] = theirs["a"]
	b, err := json.Marshal(mine)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
