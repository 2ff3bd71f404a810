package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

// flaky is an embedder that fails or waits when it is told to.
type flaky struct {
	akin.Embedder
	mu   sync.Mutex
	fail func(ctx context.Context) error
}

// Profile is the embedder's, which interface values hide.
func (f *flaky) Profile() akin.Profile { return akin.ProfileOf(f.Embedder) }

func (f *flaky) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	f.mu.Lock()
	fail := f.fail
	f.mu.Unlock()
	if fail != nil {
		if err := fail(ctx); err != nil {
			return nil, err
		}
	}
	return f.Embedder.Embed(ctx, purpose, texts)
}

func (f *flaky) set(fail func(ctx context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

type fixture struct {
	conn     *grpc.ClientConn
	articles akinv1.ArticleServiceClient
	similar  akinv1.SimilarityServiceClient
	embedder *flaky
	stop     context.CancelFunc // ends Serve
	served   chan error
	log      *safeBuffer
}

// safeBuffer may be read while the server writes.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func builtin(t testing.TB) akin.Embedder {
	t.Helper()
	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return embedder
}

// start serves the sample corpus on a loopback port.
func start(t *testing.T) *fixture {
	t.Helper()
	embedder := &flaky{Embedder: builtin(t)}
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	stage := embed.New(st, embedder)
	if _, err := stage.Ingest(t.Context(), embed.ReadFS(testdata.News, "news"), embed.IngestOptions{}); err != nil {
		t.Fatal(err)
	}
	return serve(t, st, stage, embedder)
}

func serve(t testing.TB, st *store.Store, stage *embed.Stage, embedder *flaky) *fixture {
	t.Helper()
	return serveWith(t, st, stage, embedder, server.Options{})
}

func serveWith(t testing.TB, st *store.Store, stage *embed.Stage, embedder *flaky, options server.Options) *fixture {
	t.Helper()
	f := &fixture{embedder: embedder, served: make(chan error, 1), log: &safeBuffer{}}
	options.Log, options.Drain = slog.New(slog.NewTextHandler(f.log, nil)), 5*time.Second
	s := server.New(st, stage, query.New(st, embedder, query.Options{Pending: stage.Pending}), options)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, f.stop = context.WithCancel(context.Background())
	go func() { f.served <- s.Serve(ctx, lis) }()
	f.conn, err = grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	f.articles, f.similar = akinv1.NewArticleServiceClient(f.conn), akinv1.NewSimilarityServiceClient(f.conn)
	t.Cleanup(func() {
		_ = f.conn.Close()
		f.stop()
		<-f.served
	})
	return f
}

func id(id string) *akinv1.Seed     { return &akinv1.Seed{Origin: &akinv1.Seed_Id{Id: id}} }
func text(text string) *akinv1.Seed { return &akinv1.Seed{Origin: &akinv1.Seed_Text{Text: text}} }

// refusal is what a caller learns of an error.
func refusal(err error) (code codes.Code, reason, field string) {
	st := status.Convert(err)
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			field = d.GetFieldViolations()[0].GetField()
		}
	}
	return st.Code(), reason, field
}

func TestBadRequestsNameTheField(t *testing.T) {
	f := start(t)
	related := func(m *akinv1.RelatedArticlesRequest) func() error {
		return func() error {
			_, err := f.similar.RelatedArticles(t.Context(), m)
			return err
		}
	}
	similar := func(m *akinv1.SimilarStatementsRequest) func() error {
		return func() error {
			_, err := f.similar.SimilarStatements(t.Context(), m)
			return err
		}
	}
	seeds := []*akinv1.Seed{id("varn-tunnel-1")}
	tests := []struct {
		name  string
		call  func() error
		code  codes.Code
		field string
	}{
		{"no seed", related(&akinv1.RelatedArticlesRequest{}), codes.InvalidArgument, "seeds"},
		{"only negative seeds", related(&akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{{Negative: true, Origin: &akinv1.Seed_Id{Id: "x"}}}}), codes.InvalidArgument, "seeds"},
		{"a seed of nothing", related(&akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1"), {}}}), codes.InvalidArgument, "seeds[1]"},
		{"an empty id", related(&akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("")}}), codes.InvalidArgument, "seeds[0].id"},
		{"an empty text", related(&akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text("")}}), codes.InvalidArgument, "seeds[0].text"},
		{"a text of punctuation", similar(&akinv1.SimilarStatementsRequest{Seeds: []*akinv1.Seed{text(" ……！")}}), codes.InvalidArgument, "seeds[0].text"},
		{"a text that is too long", related(&akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text(strings.Repeat("x", 100_001))}}), codes.InvalidArgument, "seeds[0].text"},
		{"too many seeds", related(&akinv1.RelatedArticlesRequest{Seeds: slices.Repeat(seeds, 33)}), codes.InvalidArgument, "seeds"},
		{"a page size of -1", related(&akinv1.RelatedArticlesRequest{Seeds: seeds, PageSize: -1}), codes.InvalidArgument, "page_size"},
		{"a band that is none", related(&akinv1.RelatedArticlesRequest{Seeds: seeds, MinBand: 9}), codes.InvalidArgument, "min_band"},
		{"a token of nobody", related(&akinv1.RelatedArticlesRequest{Seeds: seeds, PageToken: "abc"}), codes.InvalidArgument, "page_token"},
		{"a date that does not exist", similar(&akinv1.SimilarStatementsRequest{Seeds: seeds, Filter: &akinv1.Filter{PublishedBefore: "2014-02-30"}}), codes.InvalidArgument, "filter.published_before"},
		{"an empty value of a filter", similar(&akinv1.SimilarStatementsRequest{Seeds: seeds, Filter: &akinv1.Filter{Speakers: []string{"a", ""}}}), codes.InvalidArgument, "filter.speakers[1]"},
		{"a value of a filter that is too long", similar(&akinv1.SimilarStatementsRequest{Seeds: seeds, Filter: &akinv1.Filter{Sources: []string{"a", strings.Repeat("x", 513)}}}), codes.InvalidArgument, "filter.sources[1]"},
		{"a date of a million letters", similar(&akinv1.SimilarStatementsRequest{Seeds: seeds, Filter: &akinv1.Filter{PublishedFrom: strings.Repeat("é", 500_000)}}), codes.InvalidArgument, "filter.published_from"},
		{"a corpus of a million letters", related(&akinv1.RelatedArticlesRequest{Seeds: seeds, Corpus: strings.Repeat("x", 1_000_000)}), codes.InvalidArgument, "corpus"},
		{"a token that is too long", related(&akinv1.RelatedArticlesRequest{Seeds: seeds, PageToken: strings.Repeat("a", 1_000_000)}), codes.InvalidArgument, "page_token"},
		{"a corpus with a line feed", related(&akinv1.RelatedArticlesRequest{Seeds: seeds, Corpus: "a\nb"}), codes.InvalidArgument, "corpus"},
		{"a seed that is not there", related(&akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("nobody")}}), codes.NotFound, ""},
		{"an article's id where a statement's is wanted", similar(&akinv1.SimilarStatementsRequest{Seeds: seeds}), codes.NotFound, ""},
		{"an article that is not there", func() error {
			_, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: "nobody"})
			return err
		}, codes.NotFound, ""},
		{"no id", func() error {
			_, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{})
			return err
		}, codes.InvalidArgument, "id"},
		{"nothing to delete", func() error {
			_, err := f.articles.DeleteArticles(t.Context(), &akinv1.DeleteArticlesRequest{})
			return err
		}, codes.InvalidArgument, "ids"},
		{"one bad id to delete", func() error {
			_, err := f.articles.DeleteArticles(t.Context(), &akinv1.DeleteArticlesRequest{Ids: []string{"varn-tunnel-1", ""}})
			return err
		}, codes.InvalidArgument, "ids[1]"},
		{"a negative page of a list", func() error {
			_, err := f.articles.ListArticles(t.Context(), &akinv1.ListArticlesRequest{PageSize: -5})
			return err
		}, codes.InvalidArgument, "page_size"},
	}
	wantReason := map[codes.Code]string{codes.InvalidArgument: "INVALID_FIELD", codes.NotFound: "NOT_FOUND"}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.call()
			code, reason, field := refusal(err)
			if code != test.code || reason != wantReason[test.code] || field != test.field {
				t.Errorf("got %v: %s about %q, want %v: %s about %q", err, reason, field, test.code, wantReason[test.code], test.field)
			}
		})
	}
	if _, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: "varn-tunnel-1"}); err != nil {
		t.Errorf("the article whose deletion was refused: %v", err)
	}
}

func TestMissingSeedAmongOthersIsTold(t *testing.T) {
	f := start(t)
	answer, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("nobody"), id("varn-tunnel-1")}, PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(answer.GetMissingSeeds(), []string{"nobody"}) || len(answer.GetMatches()) == 0 {
		t.Errorf("missing %v, %d matches", answer.GetMissingSeeds(), len(answer.GetMatches()))
	}
	if !slices.ContainsFunc(answer.GetShortfalls(), func(s *akinv1.Shortfall) bool {
		return s.GetReason() == akinv1.ShortfallReason_SHORTFALL_REASON_MISSING_SEED && s.GetCount() == 1
	}) {
		t.Errorf("shortfalls %v do not count the missing seed", answer.GetShortfalls())
	}
}

func TestTokensGoFromPageToPage(t *testing.T) {
	f := start(t)
	request := &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}, PageSize: 2}
	seen := map[string]bool{}
	for range 3 {
		answer, err := f.similar.RelatedArticles(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.GetMatches() {
			if seen[m.GetArticle().GetId()] {
				t.Errorf("%s is on two pages", m.GetArticle().GetId())
			}
			seen[m.GetArticle().GetId()] = true
		}
		request.PageToken = answer.GetNextPageToken()
	}
	if len(seen) != 6 {
		t.Errorf("3 pages of 2 hold %d articles", len(seen))
	}
	request.MinBand = akinv1.Band_BAND_WEAK
	_, err := f.similar.RelatedArticles(t.Context(), request)
	if code, _, field := refusal(err); code != codes.InvalidArgument || field != "page_token" {
		t.Errorf("a token with another request: %v, want INVALID_ARGUMENT about page_token", err)
	}
}

func TestGetArticleTellsItsFamily(t *testing.T) {
	f := start(t)
	for id, want := range map[string]string{
		"varn-tunnel-3": `family:"varn-tunnel-1" other_prints:"varn-tunnel-1"`, "varn-tunnel-1": `family:"varn-tunnel-1" other_prints:"varn-tunnel-3"`, "varn-tunnel-2": "",
	} {
		answer, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: id})
		if err != nil {
			t.Fatal(err)
		}
		answer.Article = nil
		if got := strings.Join(strings.Fields(answer.String()), " "); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}

func TestListArticles(t *testing.T) {
	f := start(t)
	request := &akinv1.ListArticlesRequest{PageSize: 20, Filter: &akinv1.Filter{Languages: []string{"en"}}}
	n := 0
	for {
		answer, err := f.articles.ListArticles(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range answer.GetArticles() {
			n++
			if a.GetLanguage() != "en" || a.GetTitle() == "" || len(a.GetParagraphs()) > 0 {
				t.Errorf("listed %v", a)
			}
		}
		if answer.GetNextPageToken() == "" {
			if int64(n) != answer.GetTotalSize() || n < 16 {
				t.Errorf("listed %d of %d", n, answer.GetTotalSize())
			}
			return
		}
		request.PageToken, request.PageSize = answer.GetNextPageToken(), 5 // another size is no other request
	}
}

func paragraphs(texts ...string) []*akinv1.Paragraph {
	var out []*akinv1.Paragraph
	for _, text := range texts {
		out = append(out, &akinv1.Paragraph{Text: text})
	}
	return out
}

func TestPutAcknowledgesEachByItself(t *testing.T) {
	f := start(t)
	stream, err := f.articles.PutArticles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	good := &akinv1.Article{Id: "new", Title: "Ferry", Paragraphs: paragraphs("Captain Ilse Rood said the ferry is safe.")}
	changed := proto.CloneOf(good)
	changed.Paragraphs = paragraphs("Captain Ilse Rood said the ferry is old.")
	sent := []*akinv1.PutArticlesRequest{
		{Article: good},
		{Article: &akinv1.Article{Id: "bad", Paragraphs: paragraphs("One.", " ")}},
		{},
		{Article: &akinv1.Article{Id: "dated", PublishedDate: "1999-02-29", Paragraphs: paragraphs("One.")}},
		{Corpus: strings.Repeat("c", 65), Article: good},
		{Article: good},
		{Article: changed},
		{Corpus: "other", Article: good},
	}
	want := []string{
		"0 new WRITTEN", "1 bad REFUSED INVALID_FIELD article.paragraphs[1].text", "2  REFUSED INVALID_FIELD article.id",
		"3 dated REFUSED INVALID_FIELD article.published_date", "4 new REFUSED INVALID_FIELD corpus", "5 new UNCHANGED", "6 new WRITTEN", "7 new WRITTEN",
	}
	for _, m := range sent {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for i, want := range want {
		m, err := stream.Recv()
		if err != nil {
			t.Fatalf("acknowledgement %d: %v", i, err)
		}
		got := fmt.Sprintf("%d %s %s", m.GetIndex(), m.GetId(), strings.TrimPrefix(m.GetOutcome().String(), "OUTCOME_"))
		if r := m.GetRefusal(); r != nil {
			got += " " + r.GetReason() + " " + r.GetField()
		}
		if got != want {
			t.Errorf("acknowledgement %d: got %q (%s), want %q", i, got, m.GetRefusal().GetMessage(), want)
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v, want its end", err)
	}
	stored, err := f.articles.GetArticle(t.Context(), &akinv1.GetArticleRequest{Id: "new"})
	if err != nil || stored.GetArticle().GetParagraphs()[0].GetText() != "Captain Ilse Rood said the ferry is old." {
		t.Errorf("stored %v (%v), want the last that was sent", stored, err)
	}
	if s := stored.GetArticle().GetStatements(); len(s) != 1 || s[0].GetId() != "new#1" {
		t.Errorf("statements %v, want one that was found in the paragraph", s)
	}
}

// A sender that waits for each acknowledgement before it sends the next article is not kept waiting for a batch to fill.
func TestPutOneByOne(t *testing.T) {
	f := start(t)
	stream, err := f.articles.PutArticles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		m := &akinv1.PutArticlesRequest{Article: &akinv1.Article{Id: fmt.Sprint(i), Paragraphs: paragraphs("Text.")}}
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
		if ack, err := stream.Recv(); err != nil || ack.GetIndex() != int64(i) {
			t.Fatalf("acknowledgement %d: %v, %v", i, ack, err)
		}
	}
}

func TestDeleteArticles(t *testing.T) {
	f := start(t)
	answer, err := f.articles.DeleteArticles(t.Context(), &akinv1.DeleteArticlesRequest{Ids: []string{"varn-tunnel-1", "nobody"}})
	if err != nil || !slices.Equal(answer.GetDeletedIds(), []string{"varn-tunnel-1"}) || !slices.Equal(answer.GetMissingIds(), []string{"nobody"}) {
		t.Fatalf("got %v (%v)", answer, err)
	}
	related, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-2")}, PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range related.GetMatches() {
		if m.GetArticle().GetId() == "varn-tunnel-1" {
			t.Error("the deleted article is found")
		}
	}
}

func TestEmbedderAway(t *testing.T) {
	f := start(t)
	f.embedder.set(func(context.Context) error { return fmt.Errorf("connection refused: %w", akin.ErrUnavailable) })
	_, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text("a bridge")}})
	if code, reason, _ := refusal(err); code != codes.Unavailable || reason != "EMBEDDER_UNAVAILABLE" {
		t.Errorf("by text: %v (%s), want UNAVAILABLE, EMBEDDER_UNAVAILABLE", err, reason)
	}
	if _, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{id("varn-tunnel-1")}}); err != nil {
		t.Errorf("by id, which needs no embedder: %v", err)
	}
}

func TestCallersDeadlineEndsTheCall(t *testing.T) {
	f := start(t)
	f.embedder.set(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text("a bridge")}})
	if code := status.Code(err); code != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
}

func TestPanicIsInternal(t *testing.T) {
	f := start(t)
	f.embedder.set(func(context.Context) error { panic("secret detail") })
	_, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text("a bridge")}})
	if code := status.Code(err); code != codes.Internal || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want INTERNAL without the detail", err)
	}
	f.embedder.set(nil)
	if _, err := f.similar.RelatedArticles(t.Context(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text("a bridge")}}); err != nil {
		t.Errorf("the call after: %v", err)
	}
	said := status.Convert(err).Message()
	fields := strings.Fields(strings.TrimSuffix(said, ": the server's log says more"))
	number := fields[len(fields)-1]
	found := false
	for line := range strings.Lines(f.log.String()) {
		found = found || strings.Contains(line, number) && strings.Contains(line, "secret detail") && strings.Contains(line, "TestPanicIsInternal")
	}
	if !found {
		t.Errorf("the caller was told %q, and the log has no panic with its stack under that number: %q", said, f.log)
	}
}

func TestHealthAndReflection(t *testing.T) {
	f := start(t)
	for _, service := range []string{"", "akin.v1.SimilarityService", "akin.v1.ArticleService"} {
		got, err := healthv1.NewHealthClient(f.conn).Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v (%v)", service, got, err)
		}
	}
	stream, err := reflectionv1.NewServerReflectionClient(f.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	for _, want := range []string{"akin.v1.SimilarityService", "akin.v1.ArticleService", "grpc.health.v1.Health"} {
		if !slices.Contains(names, want) {
			t.Errorf("reflection lists %v, want %s", names, want)
		}
	}
}

// TestListeners has one server answer at two addresses, and end as a whole when one of them fails.
func TestListeners(t *testing.T) {
	embedder := builtin(t)
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	stage := embed.New(st, embedder)
	begin := func(ctx context.Context) (at []net.Listener, served chan error) {
		s := server.New(st, stage, query.New(st, embedder, query.Options{}), server.Options{Log: slog.New(slog.DiscardHandler)})
		for range 2 {
			lis, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, lis)
		}
		served = make(chan error, 1)
		go func() { served <- s.Serve(ctx, at...) }()
		for _, lis := range at {
			conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
				t.Errorf("at %s: %v", lis.Addr(), err)
			}
			conn.Close()
		}
		return at, served
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, served := begin(ctx)
	cancel()
	if err := <-served; err != nil {
		t.Errorf("told to stop: %v", err)
	}
	at, served := begin(t.Context())
	at[1].Close()
	if err := <-served; err == nil || !strings.Contains(err.Error(), at[1].Addr().String()) {
		t.Errorf("one address fails: %v, want an error that names it", err)
	}
	if conn, err := net.Dial("tcp", at[0].Addr().String()); err == nil {
		conn.Close()
		t.Error("the other address is still listened on")
	}
}

func TestDrainAnswersCallsInFlight(t *testing.T) {
	f := start(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	f.embedder.set(func(context.Context) error {
		close(entered)
		<-leave
		return nil
	})
	answered := make(chan error, 1)
	go func() {
		_, err := f.similar.RelatedArticles(context.Background(), &akinv1.RelatedArticlesRequest{Seeds: []*akinv1.Seed{text("a bridge")}})
		answered <- err
	}()
	<-entered
	f.stop()
	close(leave)
	if err := <-answered; err != nil {
		t.Errorf("the call in flight: %v", err)
	}
	err := <-f.served
	f.served <- err
	if err != nil {
		t.Errorf("Serve returned %v, want nil", err)
	}
}

func TestBandNumbers(t *testing.T) {
	for band, name := range map[akin.Band]string{
		akin.AnyBand: "BAND_UNSPECIFIED", akin.Weak: "BAND_WEAK", akin.SameTopic: "BAND_SAME_TOPIC", akin.SameStory: "BAND_SAME_STORY", akin.SameText: "BAND_SAME_TEXT",
	} {
		if got := akinv1.Band(band).String(); got != name {
			t.Errorf("%v is %s in the API, want %s", band, got, name)
		}
	}
}

func TestScopeNumbers(t *testing.T) {
	for got, want := range map[string]string{
		akinv1.TimeScope(query.Older).String():            "TIME_SCOPE_OLDER",
		akinv1.TimeScope(query.Newer).String():            "TIME_SCOPE_NEWER",
		akinv1.SpeakerScope(query.SameSpeaker).String():   "SPEAKER_SCOPE_SAME",
		akinv1.SpeakerScope(query.OtherSpeakers).String(): "SPEAKER_SCOPE_OTHERS",
		akinv1.StatementOrder(query.OldestFirst).String(): "STATEMENT_ORDER_OLDEST_FIRST",
		akinv1.StatementOrder(query.NewestFirst).String(): "STATEMENT_ORDER_NEWEST_FIRST",
		akinv1.DifferenceKind(query.Numbers).String():     "DIFFERENCE_KIND_NUMBERS",
		akinv1.DifferenceKind(query.Negation).String():    "DIFFERENCE_KIND_NEGATION",
	} {
		if got != want {
			t.Errorf("%s is another number in the API than here, want %s", got, want)
		}
	}
}
