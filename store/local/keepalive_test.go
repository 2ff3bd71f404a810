package local

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
)

// An idle go-client pings every ten seconds. A server that does not expect this cuts the connection at the third ping.
// The clock of the test is not the real one: an hour passes at once.
func TestAnIdleClientIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := Open("", quiet)
		if err != nil {
			t.Fatal(err)
		}
		lis, err := db.listenInside()
		if err != nil {
			t.Fatal(err)
		}
		var dials atomic.Int32
		client, err := qdrant.NewClient(&qdrant.Config{
			Host: "passthrough:///local", PoolSize: 1, SkipCompatibilityCheck: true,
			GrpcOptions: []grpc.DialOption{
				grpc.WithIdleTimeout(0), // the client itself never lets go
				grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
					dials.Add(1)
					return lis.DialContext(ctx)
				}),
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 6 {
			if _, err := client.HealthCheck(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		if n := dials.Load(); n != 1 {
			t.Errorf("want one connection for the whole hour, got %d", n)
		}
		closeStore(t, db, client)
	})
}
