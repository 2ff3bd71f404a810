package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// shelf stores ids, and breaks its first stream after two of them.
type shelf struct {
	akinv1.UnimplementedArticleServiceServer
	fails error

	mu      sync.Mutex
	streams int
	stored  map[string]int
}

func (s *shelf) PutArticles(stream grpc.BidiStreamingServer[akinv1.PutArticlesRequest, akinv1.PutArticlesResponse]) error {
	s.mu.Lock()
	s.streams++
	first := s.streams == 1
	s.mu.Unlock()
	for n := 0; ; n++ {
		request, err := stream.Recv()
		if err != nil {
			return nil // the caller has no more
		}
		if first && n == 2 {
			return s.fails
		}
		id := request.GetArticle().GetId()
		answer := &akinv1.PutArticlesResponse{Index: int64(n), Id: id, Outcome: akinv1.Outcome_OUTCOME_WRITTEN}
		if id == "bad" {
			answer.Outcome, answer.Refusal = akinv1.Outcome_OUTCOME_REFUSED, &akinv1.Refusal{Message: "no title"}
		}
		s.mu.Lock()
		s.stored[id]++
		s.mu.Unlock()
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

func onShelf(t *testing.T, s *shelf) grpc.ClientConnInterface {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	akinv1.RegisterArticleServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func articles(ids ...string) func() (*akinv1.Article, error) {
	return func() (*akinv1.Article, error) {
		if len(ids) == 0 {
			return nil, nil
		}
		id := ids[0]
		ids = ids[1:]
		if id == "" {
			return nil, errors.New("line 5 is no article")
		}
		return &akinv1.Article{Id: id}, nil
	}
}

// TestPutSendsAgain holds that nothing is lost to a server that goes away in the middle of a stream.
func TestPutSendsAgain(t *testing.T) {
	s := &shelf{fails: status.Error(codes.Unavailable, "stopping"), stored: map[string]int{}}
	puts, err := Put(t.Context(), onShelf(t, s), "news", 4, articles("a", "b", "c", "bad"))
	if err != nil {
		t.Fatal(err)
	}
	if puts.Acknowledged != 3 || puts.Refused != 1 || puts.Again != 1 || puts.Longest < putAgain {
		t.Errorf("%+v, want 3 acknowledged, 1 refused, sent again once, after %v at least", puts, putAgain)
	}
	if want := fmt.Sprint(map[string]int{"a": 2, "b": 2, "c": 1, "bad": 1}); fmt.Sprint(s.stored) != want {
		t.Errorf("the server got %v, want %v", s.stored, want)
	}
}

// TestPutEnds holds that what cannot be mended by sending again ends it, and says which articles were concerned.
func TestPutEnds(t *testing.T) {
	s := &shelf{fails: status.Error(codes.PermissionDenied, "a key to read"), stored: map[string]int{}}
	if _, err := Put(t.Context(), onShelf(t, s), "news", 4, articles("a", "b", "c")); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a server that refuses: %v, want PERMISSION_DENIED", err)
	}
	if _, err := Put(t.Context(), onShelf(t, s), "news", 4, articles("d", "")); err == nil || err.Error() != "line 5 is no article" {
		t.Errorf("a file that cannot be read: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if puts, _ := Put(ctx, onShelf(t, s), "news", 4, articles("e")); puts.Acknowledged != 0 {
		t.Errorf("%d acknowledged after the end", puts.Acknowledged)
	}
}
