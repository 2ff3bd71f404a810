package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// Puts is what became of articles that were put.
type Puts struct {
	Acknowledged int
	Refused      int
	Again        int           // times that some were sent again
	Longest      time.Duration // from when some were to be put until all of them were acknowledged
}

const (
	// putEvery is how often articles are put: as many as the rate is for so long.
	putEvery = time.Second

	// putAgain is how long Put waits before it sends again, givenUp for how long it does so.
	putAgain = 200 * time.Millisecond
	givenUp  = time.Minute
)

// Put puts articles over gRPC, so many a second, until next has no more (nil) or the context ends. What a server that is away or has no room did not acknowledge is sent again, for a minute;
// a server that is slower than the rate gets the next ones as soon as it has acknowledged those before. Errors: those of next, and the server's.
func Put(ctx context.Context, conn grpc.ClientConnInterface, corpus string, rate int, next func() (*akinv1.Article, error)) (Puts, error) {
	client := akinv1.NewArticleServiceClient(conn)
	var done Puts
	for at := time.Now(); sleepUntil(ctx, at); at = at.Add(putEvery) {
		batch := make([]*akinv1.Article, 0, rate)
		for len(batch) < rate {
			article, err := next()
			if err != nil {
				return done, err
			}
			if article == nil {
				break
			}
			batch = append(batch, article)
		}
		if len(batch) == 0 {
			return done, nil
		}
		for {
			refused, err := put(ctx, client, corpus, batch)
			late := time.Since(at)
			if err == nil {
				done.Refused += refused
				done.Acknowledged += len(batch) - refused
				done.Longest = max(done.Longest, late)
				break
			}
			c := status.Code(err)
			if away := c == codes.Unavailable || c == codes.ResourceExhausted; !away || late > givenUp {
				return done, fmt.Errorf("put %s and %d more: %w", batch[0].GetId(), len(batch)-1, err)
			}
			done.Again++
			if !sleepUntil(ctx, time.Now().Add(putAgain)) {
				return done, context.Cause(ctx)
			}
		}
	}
	return done, nil
}

// put sends articles on one stream and returns how many were refused.
func put(ctx context.Context, client akinv1.ArticleServiceClient, corpus string, articles []*akinv1.Article) (refused int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.PutArticles(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range articles {
		if err := stream.Send(&akinv1.PutArticlesRequest{Corpus: corpus, Article: a}); err != nil {
			break // Recv says why
		}
	}
	_ = stream.CloseSend()
	for n := 0; ; n++ {
		answer, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && n == len(articles):
			return refused, nil
		case errors.Is(err, io.EOF):
			return refused, status.Errorf(codes.Unavailable, "%d of %d articles were acknowledged", n, len(articles))
		case err != nil:
			return refused, err
		case answer.GetRefusal() != nil:
			refused++
		}
	}
}
