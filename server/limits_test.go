package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
)

// tooMany tells whether an error says that a call is one too many, and when to come again.
func tooMany(err error) bool {
	if code, reason, _ := refusal(err); code != codes.ResourceExhausted || reason != "TOO_MANY_CALLS" {
		return false
	}
	for _, d := range status.Convert(err).Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			return retry.GetRetryDelay().AsDuration() > 0
		}
	}
	return false
}

// refusedOf makes calls until one is refused, and tells how many were let in.
func refusedOf(t *testing.T, most int, call func() error) int {
	t.Helper()
	for n := range most {
		if err := call(); err != nil {
			if !tooMany(err) {
				t.Fatalf("call %d: %v, want RESOURCE_EXHAUSTED with RetryInfo", n, err)
			}
			return n
		}
	}
	return most
}

func TestTooManyCallsByOneKey(t *testing.T) {
	f := startTenants(t, server.Options{})
	get := func(key string) func() error {
		return func() error {
			_, err := f.articles.GetArticle(f.as(t, key), &akinv1.GetArticleRequest{Corpus: "mine", Id: "mine-0"})
			return err
		}
	}
	if n := refusedOf(t, 10, get("read mine slow")); n < 2 || n > 3 {
		t.Errorf("%d calls were let in, of one a second with twice as many at once", n)
	}
	if n := refusedOf(t, 10, get("read mine")); n != 10 {
		t.Errorf("another key was refused after %d calls", n)
	}
}

// TestTooManyCallsFromOneAddress counts calls whose key is none too: keys cannot be tried at any rate.
func TestTooManyCallsFromOneAddress(t *testing.T) {
	f := startTenants(t, server.Options{Limits: server.Limits{AddressRate: 2, Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	from := func(address string) func() error {
		return func() error {
			ctx := metadata.AppendToOutgoingContext(t.Context(), access.MetadataForwarded, address, access.MetadataKey, "Bearer akin_guess_guess")
			_, err := f.articles.GetArticle(ctx, &akinv1.GetArticleRequest{Corpus: "mine", Id: "mine-0"})
			if status.Code(err) == codes.Unauthenticated {
				return nil
			}
			return err
		}
	}
	if n := refusedOf(t, 10, from("198.51.100.7")); n < 4 || n > 5 {
		t.Errorf("%d calls were let in, of two a second with twice as many at once", n)
	}
	if n := refusedOf(t, 3, from("198.51.100.8")); n != 3 {
		t.Errorf("another address was refused after %d calls", n)
	}
	refusedOf(t, 10, from("2001:db8::1"))
	if n := refusedOf(t, 1, from("2001:db8::ffff")); n != 0 {
		t.Error("an IPv6 caller has as many turns as it has addresses")
	}
}

func TestTooManyCallsAtOnce(t *testing.T) {
	f := startTenants(t, server.Options{Limits: server.Limits{Calls: 1, Queue: 1, Wait: 50 * time.Millisecond}})
	entered, leave := make(chan struct{}), make(chan struct{})
	f.embedder.set(func(context.Context) error {
		entered <- struct{}{}
		<-leave
		return nil
	})
	ask := func(ctx context.Context) error {
		_, err := f.similar.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: []*akinv1.Seed{text("a ferry")}})
		return err
	}
	first := make(chan error, 1)
	go func() { first <- ask(f.as(t, "read mine")) }()
	<-entered
	for range 3 {
		if err := ask(f.as(t, "read mine")); !tooMany(err) {
			t.Errorf("while the only place is taken: %v, want RESOURCE_EXHAUSTED with RetryInfo", err)
		}
	}
	if got, err := healthv1.NewHealthClient(f.conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", got, err)
	}
	if _, err := f.articles.GetCorpus(f.as(t, "read mine"), &akinv1.GetCorpusRequest{Corpus: "mine"}); err != nil {
		t.Errorf("the state of a corpus, for what is answered from memory: %v", err)
	}
	leave <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("who was there first: %v", err)
	}
	f.embedder.set(nil)
	if err := ask(f.as(t, "read mine")); err != nil {
		t.Errorf("when the place is free again: %v", err)
	}
}

// TestFlood sends far more at once than there is room for: each call is answered or refused, and when it is over the server is as it was.
func TestFlood(t *testing.T) {
	f := startTenants(t, server.Options{Limits: server.Limits{Calls: 2, Queue: 2, Wait: 20 * time.Millisecond, KeyRate: 1e6}})
	f.embedder.set(func(context.Context) error {
		time.Sleep(5 * time.Millisecond)
		return nil
	})
	ask := func() error {
		_, err := f.similar.RelatedArticles(f.as(t, "read mine"), &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: []*akinv1.Seed{text("a ferry")}})
		return err
	}
	var answered, refused atomic.Int64
	var all sync.WaitGroup
	for range 300 {
		all.Go(func() {
			switch err := ask(); {
			case err == nil:
				answered.Add(1)
			case tooMany(err):
				refused.Add(1)
			default:
				t.Errorf("a call of the flood: %v", err)
			}
		})
	}
	all.Wait()
	if answered.Load() < 2 || refused.Load() == 0 {
		t.Errorf("%d were answered and %d refused, want some of both", answered.Load(), refused.Load())
	}
	if err := ask(); err != nil {
		t.Errorf("the call after: %v", err)
	}
}

func TestTooManyStreams(t *testing.T) {
	f := startTenants(t, server.Options{Limits: server.Limits{Streams: 1}})
	ctx, cancel := context.WithCancel(f.as(t, "write mine"))
	defer cancel()
	open := func(ctx context.Context) (akinv1.ArticleService_PutArticlesClient, error) {
		stream, err := f.articles.PutArticles(ctx)
		if err != nil {
			return nil, err
		}
		if err := stream.Send(&akinv1.PutArticlesRequest{Corpus: "mine", Article: &akinv1.Article{Id: "x", Paragraphs: paragraphs("Words enough.")}}); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		_, err = stream.Recv()
		return stream, err
	}
	if _, err := open(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := open(f.as(t, "write mine")); !tooMany(err) {
		t.Errorf("a second stream: %v, want RESOURCE_EXHAUSTED with RetryInfo", err)
	}
}

// TestEveryCallHasADeadline asks without one.
func TestEveryCallHasADeadline(t *testing.T) {
	f := startTenants(t, server.Options{Limits: server.Limits{Time: 100 * time.Millisecond}})
	f.embedder.set(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	_, err := f.similar.RelatedArticles(f.as(t, "read mine"), &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: []*akinv1.Seed{text("a ferry")}})
	if code := status.Code(err); code != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
}

// rawCall speaks HTTP/2 by hand: it sends the headers of a call and a part of a message that never ends, and returns how long the server puts up with it.
func rawCall(t *testing.T, address, key string) (time.Duration, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var headers bytes.Buffer
	encoder := hpack.NewEncoder(&headers)
	for _, h := range [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":path", akinv1.ArticleService_GetArticle_FullMethodName},
		{":authority", "akin"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
		{"authorization", "Bearer " + key},
	} {
		if err := encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	err = errors.Join(framer.WriteSettings(),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers.Bytes(), EndHeaders: true}),
		framer.WriteData(1, false, []byte{0, 3, 0, 0, 0, 'a'})) // of 48 MiB
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := frame.(*http2.MetaHeadersFrame); ok && m.StreamEnded() {
			for _, field := range m.Fields {
				if field.Name == "grpc-status" {
					return time.Since(began), field.Value
				}
			}
		}
	}
}

// TestSlowBodies holds that the clock of a call starts with its headers, and that whoever has no key is not waited for.
func TestSlowBodies(t *testing.T) {
	f := startTenants(t, server.Options{Limits: server.Limits{Time: 2 * time.Second}})
	address := f.conn.Target()
	if took, code := rawCall(t, address, f.keys["read mine"]); took < 1900*time.Millisecond || code == "0" {
		t.Errorf("with a key: status %s after %s, want an error after 2 s", code, took)
	}
	if took, code := rawCall(t, address, "akin_guess_guess"); took > 1900*time.Millisecond || code == "0" {
		t.Errorf("without a key: status %s after %s, want an error after 1 s", code, took)
	}
}

func TestLargeHeaders(t *testing.T) {
	f := startTenants(t, server.Options{})
	_, err := f.articles.GetArticle(f.as(t, "read mine", "x-padding", strings.Repeat("x", 20_000)), &akinv1.GetArticleRequest{Corpus: "mine", Id: "mine-0"})
	if err == nil {
		t.Error("20,000 bytes of headers were taken")
	}
	if _, err := f.articles.GetArticle(f.as(t, "read mine"), &akinv1.GetArticleRequest{Corpus: "mine", Id: "mine-0"}); err != nil {
		t.Errorf("the call after: %v", err)
	}
}

// TestLogsHoldWhatHappened sends what would be a line of its own, and looks for keys.
func TestLogsHoldWhatHappened(t *testing.T) {
	f := startTenants(t, server.Options{})
	forged := "x\ntime=2026-01-01T00:00:00Z level=ERROR msg=forged"
	stream, err := f.articles.PutArticles(f.as(t, "write mine"))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&akinv1.PutArticlesRequest{Corpus: "mine", Article: &akinv1.Article{Id: forged, Paragraphs: paragraphs("Words enough.")}}); err != nil {
		t.Fatal(err)
	}
	if got, err := stream.Recv(); err != nil || got.GetOutcome() != akinv1.Outcome_OUTCOME_REFUSED {
		t.Errorf("an id of two lines: %v, %v", got, err)
	}
	f.embedder.set(func(context.Context) error { panic("a bug") })
	_, err = f.similar.RelatedArticles(f.as(t, "read mine"), &akinv1.RelatedArticlesRequest{Corpus: "mine", Seeds: []*akinv1.Seed{text("a ferry")}})
	if status.Code(err) != codes.Internal {
		t.Errorf("got %v, want INTERNAL", err)
	}
	log := f.log.String()
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, "level=ERROR msg=forged") && strings.HasPrefix(line, "time=2026-01-01") {
			t.Errorf("a line of the log that nobody wrote: %q", line)
		}
	}
	for _, key := range []string{"write mine", "read mine"} {
		if id := strings.Split(f.keys[key], "_")[1]; !strings.Contains(log, "key="+id) {
			t.Errorf("the log does not name the key %s: %s", id, log)
		}
	}
	if !strings.Contains(log, "forged") {
		t.Errorf("the log tells nothing of the article: %s", log)
	}
	for name, key := range f.keys {
		if strings.Contains(log, key) {
			t.Errorf("the log holds the key %s", name)
		}
	}
}

// TestAtOnce: whoever stands before the server learns how many calls it answers at once, whichever setting decides that.
func TestAtOnce(t *testing.T) {
	processors := max(2, runtime.GOMAXPROCS(0))
	for _, test := range []struct {
		limits server.Limits
		want   int
	}{{server.Limits{}, processors}, {server.Limits{Elsewhere: true}, 8 * processors}, {server.Limits{Calls: 5, Elsewhere: true}, 5}} {
		if got := test.limits.AtOnce(); got != test.want {
			t.Errorf("%+v: %d, want %d", test.limits, got, test.want)
		}
	}
}
