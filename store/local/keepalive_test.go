package local

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// An idle go-client pings every ten seconds, and so does one that waits for an answer. A server that does not expect this cuts the
// connection at the third ping. The clock of these tests is not the real one: an hour passes at once.

func TestAnIdleClientIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, client, dials := pinging(t)
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

// TestACallOfManyMinutes has calls that wait for a long write before them: one with a timeout that is long enough, one without, and
// one that ends because of its timeout.
func TestACallOfManyMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, client, dials := pinging(t)
		made(t, client, "letters")
		began := time.Now()
		blocked := make(chan error, 1)
		go func() {
			blocked <- db.submit(context.Background(), &job{alone: func() ([]mutation, func(), error) {
				time.Sleep(30 * time.Minute)
				return nil, func() {}, nil
			}}, true)
		}()
		synctest.Wait()
		var calls sync.WaitGroup
		for name, call := range map[string]func() error{
			"a deletion with a timeout of an hour": func() error {
				_, err := client.GetCollectionsClient().Delete(t.Context(), &qdrant.DeleteCollection{CollectionName: "notes", Timeout: qdrant.PtrOf(uint64(3600))})
				return err
			},
			"an upsert": func() error {
				_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: []*qdrant.PointStruct{numbered(1, nil, 1, 2, 3, 4)}})
				return err
			},
		} {
			calls.Go(func() {
				if err := call(); err != nil || time.Since(began) < 30*time.Minute {
					t.Errorf("%s: %v after %s", name, err, time.Since(began))
				}
			})
		}
		_, err := client.GetCollectionsClient().Delete(t.Context(), &qdrant.DeleteCollection{CollectionName: "notes", Timeout: qdrant.PtrOf(uint64(120))})
		wantCode(t, err, codes.DeadlineExceeded)
		if took := time.Since(began); took != 2*time.Minute {
			t.Errorf("a timeout of two minutes took %s", took)
		}
		calls.Wait()
		if err := <-blocked; err != nil {
			t.Error(err)
		}
		if n := dials.Load(); n != 1 {
			t.Errorf("want one connection all the time, got %d", n)
		}
		closeStore(t, db, client)
	})
}

// pinging opens a store in memory with a client that counts its connections and never lets go by itself.
func pinging(t *testing.T) (*DB, *qdrant.Client, *atomic.Int32) {
	t.Helper()
	db, err := Open("", quiet)
	if err != nil {
		t.Fatal(err)
	}
	lis, err := db.listenInside()
	if err != nil {
		t.Fatal(err)
	}
	dials := new(atomic.Int32)
	client, err := qdrant.NewClient(&qdrant.Config{
		Host: "passthrough:///local", PoolSize: 1, SkipCompatibilityCheck: true,
		GrpcOptions: []grpc.DialOption{
			grpc.WithIdleTimeout(0),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
				dials.Add(1)
				return lis.DialContext(ctx)
			}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, client, dials
}
