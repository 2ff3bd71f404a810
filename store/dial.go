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
	reconnectWithin = time.Second
	writesTake      = 6 // times as long as reads may: they wait until what they wrote is searchable
)

// DialOptions are for the connection to a Qdrant server on the network, which can fall silent at any moment. A call that is not answered within a time (0 means 10 s; six times as long for what
// changes something) fails as one whose server is not there, whatever deadline its caller has. So do, after a second at most, all calls whose server answers nothing else either, and from then on
// each call at once, until the server answers again: that is found out aside, and no call waits for it.
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
	heard  atomic.Int64 // answers, whatever they say
}

var errSilent = errors.New("the server is silent")

func (w *watch) invoke(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if method == qdrant.Qdrant_HealthCheck_FullMethodName {
		return invoke(ctx, method, req, reply, conn, opts...) // whoever asks this has a deadline
	}
	if w.silent.Load() {
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
	switch {
	case ctx.Err() != nil: // the caller's own affair
	case errors.Is(context.Cause(watched), errSilent):
		return status.Error(codes.Unavailable, fmt.Sprintf("no answer within %v, nor to anything else", w.patience()))
	case status.Code(err) == codes.DeadlineExceeded && short.Err() != nil:
		return status.Error(codes.Unavailable, fmt.Sprintf("no answer within %v", limit))
	case answered(err):
		w.heard.Add(1)
	}
	return err
}

// answered tells whether it is the server that says so.
func answered(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return false
	}
	return true
}

// longestSilence is how long a server that answers nothing is waited for at most: to say that it is there takes one no time, however much it has to do.
const longestSilence = time.Second

// patience is how long a server that answers nothing is waited for.
func (w *watch) patience() time.Duration { return min(w.within/3, longestSilence) }

// listen asks the server whether it is there for as long as a call waits for it, and gives the call up when it is not.
func (w *watch) listen(waiting context.Context, conn *grpc.ClientConn, giveUp context.CancelCauseFunc) {
	half := w.patience() / 2
	for {
		select {
		case <-waiting.Done():
			return
		case <-time.After(half):
		}
		heard := w.heard.Load()
		err := healthOf(waiting, conn, half)
		if answered(err) {
			w.heard.Add(1)
		}
		// What has answered another call meanwhile has too much to do, and is there.
		if status.Code(err) == codes.DeadlineExceeded && waiting.Err() == nil && w.heard.Load() == heard {
			if w.silent.CompareAndSwap(false, true) {
				go w.await(conn)
			}
			giveUp(errSilent)
			return
		}
	}
}

// await waits until a silent server answers. A connection that is refused meanwhile is no answer: calls would wait for each that is tried. It ends with the client, too.
func (w *watch) await(conn *grpc.ClientConn) {
	defer w.silent.Store(false)
	for {
		began := time.Now()
		err := healthOf(context.Background(), conn, longestSilence)
		if answered(err) || status.Code(err) == codes.Canceled { // the client is closed
			return
		}
		time.Sleep(awaitEvery - time.Since(began)) // not at all where it has taken longer
	}
}

// awaitEvery is how often it is asked at most whether a silent server answers again.
const awaitEvery = 100 * time.Millisecond

func healthOf(ctx context.Context, conn *grpc.ClientConn, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return conn.Invoke(ctx, qdrant.Qdrant_HealthCheck_FullMethodName, &qdrant.HealthCheckRequest{}, &qdrant.HealthCheckReply{})
}

// reads are the calls of akin that change nothing.
var reads = map[string]bool{
	"Query": true, "QueryBatch": true, "QueryGroups": true, "Get": true, "Scroll": true, "Count": true, "Facet": true, "SearchMatrixPairs": true,
	"List": true, "ListAliases": true, "CollectionExists": true,
}
