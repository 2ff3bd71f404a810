package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
)

// storeFlags say where the points are.
type storeFlags struct {
	Data          string        `help:"Folder of the embedded store." default:"data" placeholder:"DIR" group:"Store"`
	Qdrant        string        `help:"Use the Qdrant server at this gRPC address instead of --data. Its key is read from AKIN_QDRANT_API_KEY." placeholder:"HOST:PORT" group:"Store"`
	QdrantTLS     bool          `help:"Speak TLS with the Qdrant server." group:"Store"`
	QdrantTimeout time.Duration `help:"How long the Qdrant server may take to answer; six times as long for what is written." default:"10s" group:"Store"`
	Prefix        string        `help:"Begin of the names of all collections." default:"akin" group:"Store"`

	lateCodes bool // see local.Options
}

// backend is everything between the store's points and the API, opened in order and closed in reverse.
type backend struct {
	store    *store.Store
	stage    *embed.Stage
	engine   *query.Engine
	embedder *embedding
	server   *server.Server
	close    func() error
}

// inMemory is what storeFlags.Data holds for a store that ends with the process.
const inMemory = ""

// openBackend opens what a command needs that ends when it is done, and tells on w how far the opening of a large store has come.
func openBackend(ctx context.Context, sf storeFlags, ef embedderFlags, log *slog.Logger, w io.Writer) (*backend, error) {
	sf.lateCodes = true
	return openServing(ctx, sf, ef, servingOptions{server: server.Options{Log: log}}, w)
}

// servingOptions of the server in a backend.
type servingOptions struct {
	server server.Options
	admin  bool // it offers GenerationService
}

func openServing(ctx context.Context, sf storeFlags, ef embedderFlags, opts servingOptions, w io.Writer) (*backend, error) {
	log, seen := opts.server.Log, opts.server.Observe
	embedder, err := ef.open(ctx, log, seen)
	if err != nil {
		return nil, err
	}
	client, closeClient, err := sf.connect(ctx, w, log, seen)
	if err != nil {
		return nil, errors.Join(err, embedder.close())
	}
	closeAll := func() error { return errors.Join(closeClient(), embedder.close()) }
	st, err := store.Open(ctx, client, store.Options{
		Prefix: sf.Prefix, Fingerprint: embed.Fingerprint(embedder), Dimensions: embedder.Dimensions(),
	})
	if err != nil {
		if sf.Qdrant != "" {
			err = fmt.Errorf("qdrant at %s: %w", sf.Qdrant, err)
		}
		return nil, errors.Join(err, closeAll())
	}
	embedder.keepWith(st, sf.String())
	if err := embedder.check(ctx, log); err != nil {
		return nil, errors.Join(err, closeAll())
	}
	stage := embed.New(st, embedder)
	engine := query.New(st, embedder, query.Options{Pending: stage.Pending})
	serving := opts.server
	if opts.admin {
		next := &reindexer{store: st, where: sf.String(), log: log, remote: true, seen: seen}
		serving.Next = next.open
		closeAll = func() error { return errors.Join(next.close(), closeClient(), embedder.close()) }
	}
	return &backend{
		store: st, stage: stage, engine: engine, embedder: embedder,
		server: server.New(st, stage, engine, serving),
		close:  closeAll,
	}, nil
}

// connect opens the embedded store, or a connection to a Qdrant server. The log is the embedded store's; without one it writes to w. Nobody need see it.
func (f storeFlags) connect(ctx context.Context, w io.Writer, log *slog.Logger, seen *observe.Observer) (*qdrant.Client, func() error, error) {
	if f.Qdrant != "" {
		return f.dial(ctx, seen)
	}
	db, err := openLocal(f.Data, local.Options{Logger: log, LateCodes: f.lateCodes}, w)
	if err != nil {
		return nil, nil, err
	}
	client, err := db.Client(seen.DialOptions()...)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	seen.Store(db.Stats)
	return client, func() error { return errors.Join(client.Close(), db.Close()) }, nil
}

// patience is how long a Qdrant server may take to answer at the start.
const patience = 5 * time.Second

func (f storeFlags) dial(ctx context.Context, seen *observe.Observer) (*qdrant.Client, func() error, error) {
	host, port, err := hostPort(f.Qdrant)
	if err != nil {
		return nil, nil, fmt.Errorf("--qdrant: %w", err)
	}
	options := append(store.DialOptions(f.QdrantTimeout), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(server.MaxMessage), grpc.MaxCallSendMsgSize(server.MaxMessage)))
	client, err := qdrant.NewClient(&qdrant.Config{
		Host: host, Port: port, APIKey: os.Getenv("AKIN_QDRANT_API_KEY"), UseTLS: f.QdrantTLS, SkipCompatibilityCheck: true,
		GrpcOptions: append(options, seen.DialOptions()...),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("qdrant at %s: %w", f.Qdrant, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := client.HealthCheck(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("qdrant at %s does not answer: is it running, and is this its gRPC port (6334 by default)? %w", f.Qdrant, err), client.Close())
	}
	return client, client.Close, nil
}

func hostPort(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not HOST:PORT", address)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("%q: %q is not a port", address, text)
	}
	return host, port, nil
}

// askFlags say whom a question is put to.
type askFlags struct {
	Server string `help:"Ask the akin server at this address instead of opening --data. A key for it is read from AKIN_KEY." placeholder:"HOST:PORT"`
	dialFlags
	storeFlags
	embedderFlags
	Corpus string `help:"Corpus to ask." default:"default"`
	JSON   bool   `help:"Print the answer of the API as JSON." name:"json"`
}

// ask puts a question to the server that the flags name.
func (f askFlags) ask(ctx context.Context, w io.Writer, question func(akinv1.SimilarityServiceClient) error) error {
	return f.dial(ctx, w, func(conn *grpc.ClientConn) error { return question(akinv1.NewSimilarityServiceClient(conn)) })
}

// dial connects to a running server, or to one of its own over a connection within the process: one path for both.
func (f askFlags) dial(ctx context.Context, w io.Writer, use func(*grpc.ClientConn) error) (err error) {
	if f.Server != "" {
		conn, err := f.reach(f.Server)
		if err != nil {
			return err
		}
		defer conn.Close()
		return use(conn)
	}
	b, err := openBackend(ctx, f.storeFlags, f.embedderFlags, slog.New(slog.DiscardHandler), w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	conn, stop, err := b.connect()
	if err != nil {
		return err
	}
	defer stop()
	return use(conn)
}

// serve answers gRPC calls on one listener and HTTP on another, if there is one, until the context ends. Then health says so, requests over HTTP are answered first, since
// they are calls as well, and then the calls.
func (b *backend) serve(ctx context.Context, lis, web net.Listener, opts gateway.Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, b.server.Leave)
	defer stop()
	calls, endCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer endCalls()
	within := newWithin()
	served := make(chan error, 1)
	go func() {
		err := b.server.Serve(calls, lis, within)
		cancel()
		served <- err
	}()
	var err error
	if web != nil {
		opts.Deletions = b.server.Deletions
		err = within.serveHTTP(ctx, web, opts)
		cancel()
	}
	<-ctx.Done()
	endCalls()
	return errors.Join(err, <-served)
}

// connect reaches the backend's server within the process.
func (b *backend) connect() (*grpc.ClientConn, func(), error) {
	within := newWithin()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(ctx, within) }()
	conn, err := within.dial()
	stop := func() {
		if conn != nil {
			conn.Close()
		}
		cancel()
		<-served
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return conn, stop, nil
}

// within is a listener that only this process reaches.
type within struct{ *bufconn.Listener }

func newWithin() within { return within{bufconn.Listen(1 << 20)} }

func (w within) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///akin", append(callOptions(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return w.DialContext(ctx) }))...)
}

// serveHTTP has a gateway ask the server that listens there.
func (w within) serveHTTP(ctx context.Context, web net.Listener, opts gateway.Options) error {
	conn, err := w.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	return serveHTTP(ctx, conn, web, opts)
}
