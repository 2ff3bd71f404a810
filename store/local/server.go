package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
)

const (
	maxMessage = 512 << 20       // bytes; grpc's own limit of 4 MiB is too little for uploads and scrolls
	minPing    = 5 * time.Second // go-client pings every 10 s, and a server that does not expect it cuts the connection

	version = "1.16.3" // of the Qdrant whose answers these are; clients compare it with their own
	title   = "qdrant - vector search engine"
	commit  = "akin-embedded"
)

// newServer builds a server of the store. A trusted one asks nobody for a key.
func (db *DB) newServer(trusted bool) *grpc.Server {
	var keyed []grpc.UnaryServerInterceptor
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
	}
	if !trusted {
		if db.options.TLS != nil {
			options = append(options, grpc.Creds(credentials.NewTLS(db.options.TLS)))
		}
		if keys := newKeys(db.options); keys != nil {
			keyed = append(keyed, keys.unary)
			options = append(options, grpc.StreamInterceptor(keys.stream))
		}
	}
	s := grpc.NewServer(append(options, grpc.ChainUnaryInterceptor(db.checks(keyed...)...))...)
	qdrant.RegisterQdrantServer(s, healthService{})
	qdrant.RegisterCollectionsServer(s, &collectionsService{db: db})
	qdrant.RegisterPointsServer(s, &pointsService{db: db})
	qdrant.RegisterSnapshotsServer(s, &snapshotsService{db: db})
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	reflection.Register(s)
	return s
}

// checks are what every call goes through, the first one first; those of keys come between.
func (db *DB) checks(keyed ...grpc.UnaryServerInterceptor) []grpc.UnaryServerInterceptor {
	return slices.Concat([]grpc.UnaryServerInterceptor{db.counted, db.recovered}, keyed, []grpc.UnaryServerInterceptor{checked, db.strict})
}

// recovered keeps a fault in one call from ending the process.
func (db *DB) recovered(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	err = db.caught(info.FullMethod, func() (err error) {
		resp, err = next(ctx, req)
		return err
	})
	if errors.As(err, new(unreadable)) {
		db.log.Error("a call failed", slog.Any("error", err))
	}
	return resp, err
}

// defaultTimeout ends calls that read and do not say how long they may take. Those that write take as long as they take, as in
// Qdrant: an index on millions of points, or a snapshot of them, is not given up.
const defaultTimeout = 60 * time.Second

// checked validates a request and gives the call its time.
func checked(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if m, ok := req.(proto.Message); ok {
		if err := validate(m); err != nil {
			return nil, err
		}
	}
	timeout := defaultTimeout
	if t, ok := req.(interface{ GetTimeout() uint64 }); ok && t.GetTimeout() > 0 {
		timeout = time.Duration(min(t.GetTimeout(), 1<<31)) * time.Second
	} else if !readers[info.FullMethod] {
		return next(ctx, req)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return next(ctx, req)
}

// listenInside returns the in-memory listener, and starts its server the first time.
func (db *DB) listenInside() (*bufconn.Listener, error) {
	db.servers.Lock()
	defer db.servers.Unlock()
	if db.ports == nil {
		return nil, fmt.Errorf("client of store %s: %w", db.dir, errClosed)
	}
	if db.inside == nil {
		db.inside = bufconn.Listen(1 << 20)
		s := db.newServer(true)
		db.ports[s] = true
		go func() { _ = s.Serve(db.inside) }() // it ends with stopServers
	}
	return db.inside, nil
}

// Serve answers Qdrant clients on a listener until ctx ends or the store is closed, and then returns nil once the calls
// in flight are answered, or cut off after five seconds. It closes the listener.
func (db *DB) Serve(ctx context.Context, lis net.Listener) error {
	db.servers.Lock()
	if db.ports == nil {
		db.servers.Unlock()
		_ = lis.Close()
		return fmt.Errorf("serve store %s: %w", db.dir, errClosed)
	}
	s := db.newServer(false)
	db.ports[s] = true
	db.servers.Unlock()
	stop := context.AfterFunc(ctx, func() { drain(s) })
	defer stop()
	err := s.Serve(lis)
	db.servers.Lock()
	delete(db.ports, s)
	db.servers.Unlock()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve store %s: %w", db.dir, err)
	}
	return nil
}

// drainTime is how long a server that stops lets the calls in flight end by themselves.
const drainTime = 5 * time.Second

func drain(s *grpc.Server) {
	cut := time.AfterFunc(drainTime, s.Stop)
	defer cut.Stop()
	s.GracefulStop()
}

func (db *DB) stopServers() {
	db.servers.Lock()
	ports := db.ports
	db.ports = nil
	db.servers.Unlock()
	var drained sync.WaitGroup
	drained.Go(db.underWay.drain)
	for s := range ports {
		drain(s)
	}
	drained.Wait()
}

type healthService struct {
	qdrant.UnimplementedQdrantServer
}

func (healthService) HealthCheck(context.Context, *qdrant.HealthCheckRequest) (*qdrant.HealthCheckReply, error) {
	return &qdrant.HealthCheckReply{Title: title, Version: version, Commit: qdrant.PtrOf(commit)}, nil
}

// since is the time that a call took, as answers tell it: in seconds.
func since(start time.Time) float64 { return time.Since(start).Seconds() }
