package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The connection to a Qdrant server that has gone is tried again at least once in reconnectWithin, so that all goes on soon after it is back; gRPC itself would come to wait for two minutes.
const (
	connectWithin   = 3 * time.Second
	reconnectWithin = 2 * time.Second
	writesTake      = 6 // times as long as reads may: they wait until what they wrote is searchable
)

// DialOptions are for the connection to a Qdrant server on the network, which can fall silent at any moment. A call that is not answered within a time (0 means 10 s; six times as long for what
// changes something) fails as one whose server is not there, whatever deadline its caller has. So does one whose server answers nothing else either, within a third of that time; and from then on all
// calls do, at once, but for one now and then that finds out whether the server is back.
func DialOptions(within time.Duration) []grpc.DialOption {
	if within == 0 {
		within = 10 * time.Second
	}
	again := backoff.DefaultConfig
	again.BaseDelay, again.MaxDelay = 200*time.Millisecond, reconnectWithin
	watch := &watch{within: within}
	return []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: connectWithin}),
		grpc.WithChainUnaryInterceptor(watch.invoke),
	}
}

// watch knows whether a server has fallen silent.
type watch struct {
	within time.Duration // for an answer
	silent atomic.Bool
	tried  atomic.Int64 // when a call was last let through to a silent server, in nanoseconds
}

var errSilent = errors.New("the server is silent")

func (w *watch) invoke(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if method == qdrant.Qdrant_HealthCheck_FullMethodName {
		return invoke(ctx, method, req, reply, conn, opts...) // whoever asks this has a deadline
	}
	if !w.mayTry() {
		return status.Error(codes.Unavailable, "no answer lately")
	}
	limit := w.within
	if !reads[method[strings.LastIndexByte(method, '/')+1:]] {
		limit *= writesTake
	}
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	short, stop := context.WithTimeout(watched, limit)
	defer stop()
	go w.listen(watched, conn, cancel)
	err := invoke(short, method, req, reply, conn, opts...)
	switch code := status.Code(err); {
	case ctx.Err() != nil: // the caller's own affair
	case errors.Is(context.Cause(watched), errSilent):
		return status.Error(codes.Unavailable, fmt.Sprintf("no answer within %v, nor to anything else", w.patience()))
	case code == codes.DeadlineExceeded && short.Err() != nil:
		return status.Error(codes.Unavailable, fmt.Sprintf("no answer within %v", limit))
	case code != codes.Unavailable:
		w.silent.Store(false)
	}
	return err
}

// patience is how long a server that answers nothing is waited for.
func (w *watch) patience() time.Duration { return w.within / 3 }

// mayTry lets every call through to a server that answers, and few to one that is silent.
func (w *watch) mayTry() bool {
	if !w.silent.Load() {
		return true
	}
	now, before := time.Now().UnixNano(), w.tried.Load()
	return now-before > int64(w.patience())/10 && w.tried.CompareAndSwap(before, now)
}

// listen asks the server whether it is there for as long as a call waits for it, and gives the call up when it is not.
func (w *watch) listen(waiting context.Context, conn *grpc.ClientConn, giveUp context.CancelCauseFunc) {
	half := w.patience() / 2
	for {
		select {
		case <-waiting.Done():
			return
		case <-time.After(half):
		}
		ctx, cancel := context.WithTimeout(waiting, half)
		err := conn.Invoke(ctx, qdrant.Qdrant_HealthCheck_FullMethodName, &qdrant.HealthCheckRequest{}, &qdrant.HealthCheckReply{})
		cancel()
		if status.Code(err) == codes.DeadlineExceeded && waiting.Err() == nil {
			w.silent.Store(true)
			giveUp(errSilent)
			return
		}
	}
}

// reads are the calls of akin that change nothing.
var reads = map[string]bool{
	"Query": true, "QueryBatch": true, "QueryGroups": true, "Get": true, "Scroll": true, "Count": true, "Facet": true, "SearchMatrixPairs": true,
	"List": true, "ListAliases": true, "CollectionExists": true,
}
