// Package storetest opens stores for tests: in an embedded Qdrant, or on a real one with -qdrant HOST:PORT.
// Each store has collections of its own, which are gone when its test ends.
package storetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
)

var (
	server = flag.String("qdrant", "", "run against the Qdrant server at this HOST:PORT instead of an embedded one")
	opened atomic.Int64
)

// Client connects to the Qdrant under test. An embedded one is in memory, and new.
func Client(t testing.TB) *qdrant.Client {
	t.Helper()
	if *server != "" {
		return dial(t, *server, qdrant.Config{})
	}
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// dial connects to the server at HOST:PORT.
func dial(t testing.TB, address string, config qdrant.Config) *qdrant.Client {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	config.Host, config.Port, config.SkipCompatibilityCheck = host, port, true
	client, err := qdrant.NewClient(&config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Prefix is one that no other test uses.
func Prefix() string {
	return fmt.Sprintf("akintest_%d_%d", time.Now().UnixNano(), opened.Add(1))
}

// Open opens an empty store for an embedder's vectors.
func Open(t testing.TB, fingerprint string, dimensions int) *store.Store {
	t.Helper()
	client, prefix := Client(t), Prefix()
	st, err := store.Open(t.Context(), client, store.Options{Prefix: prefix, Fingerprint: fingerprint, Dimensions: dimensions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Drop(t, client, prefix) })
	return st
}

// OpenApart opens an empty embedded store over a network that can fail, and that has so long to answer.
func OpenApart(t testing.TB, fingerprint string, dimensions int, answerWithin time.Duration) (*store.Store, *Proxy) {
	t.Helper()
	db, err := local.Open("", local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- db.Serve(ctx, lis) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-served, db.Close()); err != nil {
			t.Error(err)
		}
	})
	proxy := NewProxy(t, lis.Addr().String())
	client := dial(t, proxy.Address, qdrant.Config{PoolSize: 1, GrpcOptions: store.DialOptions(answerWithin)})
	st, err := store.Open(t.Context(), client, store.Options{Fingerprint: fingerprint, Dimensions: dimensions})
	if err != nil {
		t.Fatal(err)
	}
	return st, proxy
}

// Drop deletes all collections of a prefix.
func Drop(t testing.TB, client *qdrant.Client, prefix string) {
	t.Helper()
	ctx := context.Background()
	names, err := client.ListCollections(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			if err := client.DeleteCollection(ctx, name); err != nil {
				t.Error(err)
			}
		}
	}
}
