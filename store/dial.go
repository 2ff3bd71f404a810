package store

import (
	"context"
	"fmt"
	"strings"
	"time"

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
// changes something) fails as one whose server is not there, whatever deadline its caller has.
func DialOptions(within time.Duration) []grpc.DialOption {
	if within == 0 {
		within = 10 * time.Second
	}
	again := backoff.DefaultConfig
	again.BaseDelay, again.MaxDelay = 200*time.Millisecond, reconnectWithin
	return []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: connectWithin}),
		grpc.WithChainUnaryInterceptor(bounded(within)),
	}
}

func bounded(within time.Duration) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		limit := within
		if !reads[method[strings.LastIndexByte(method, '/')+1:]] {
			limit *= writesTake
		}
		short, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err := invoke(short, method, req, reply, conn, opts...)
		if status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil && short.Err() != nil {
			return status.Error(codes.Unavailable, fmt.Sprintf("no answer within %v", limit))
		}
		return err
	}
}

// reads are the calls of akin that change nothing.
var reads = map[string]bool{
	"Query": true, "QueryBatch": true, "QueryGroups": true, "Get": true, "Scroll": true, "Count": true, "Facet": true, "SearchMatrixPairs": true,
	"List": true, "ListAliases": true, "CollectionExists": true, "HealthCheck": true,
}
