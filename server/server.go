// Package server answers akin's API over gRPC: each handler decodes, asks, and encodes.
// What an error means to a caller stands in one table, in status.go.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // callers may compress
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/limit"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/server/query"
	"github.com/akinserver/akin/store"
)

// MaxMessage is the size of a message in bytes, either way: an article of the greatest size with its statements fits.
const MaxMessage = 64 << 20

// Limits of a connection.
const (
	connecting = 10 * time.Second // for the handshakes
	maxHeaders = 16 << 10         // bytes of the headers of a call
	maxStreams = 1024             // calls at once
)

// Options of a server. The zero value works.
type Options struct {
	Log   *slog.Logger  // slog.Default by default
	Drain time.Duration // how long calls in flight may take when the server stops; 10 s by default
	Grace time.Duration // how long it goes on taking calls when health already says NOT_SERVING, so that whoever spreads calls can learn of it; 0 by default

	Observe *observe.Observer // sees all calls; by default one that nobody asks

	// Next opens another embedder and its generation, by the settings of a call, for GenerationService. It is called once at a time. Without it the server does not offer
	// that service. A generation that became live is closed by whoever gave Next, after the server has stopped.
	Next func(ctx context.Context, settings map[string]string) (*generation.Generation, error)

	Keys   *access.Keys // that callers need; without, whoever reaches the server may do everything
	Limits Limits
	Conns  *limit.Conns // bounds the connections of a listener that Serve is given; by default nobody does
	TLS    *tls.Config  // to speak TLS with; none by default
}

// Server answers akin's API.
type Server struct {
	grpc     *grpc.Server
	health   *health.Server
	articles *articles
	live     *generation.Live
	observe  *observe.Observer
	log      *slog.Logger
	drain    time.Duration
	grace    time.Duration
	guard    *guard
}

// New makes a server over a store, and the stage and the engine that work on it.
func New(st *store.Store, stage *embed.Stage, engine *query.Engine, opts Options) *Server {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Drain == 0 {
		opts.Drain = 10 * time.Second
	}
	if opts.Observe == nil {
		opts.Observe = observe.New(observe.Options{})
	}
	opts.Log = observe.WithIDs(opts.Log)
	live := generation.NewLive(&generation.Generation{Store: st, Stage: stage, Engine: engine})
	s := &Server{health: health.NewServer(), live: live, observe: opts.Observe, log: opts.Log, drain: opts.Drain, grace: opts.Grace, guard: newGuard(opts.Keys, opts.Limits)}
	options := opts.Observe.ServerOptions()
	if opts.Conns != nil {
		options = append(options, grpc.StatsHandler(opts.Conns.Calls()))
	}
	s.grpc = grpc.NewServer(append(options,
		grpc.Creds(credentialsOf(opts.TLS)),
		grpc.InTapHandle(s.guard.meet),
		grpc.ConnectionTimeout(connecting),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.MaxRecvMsgSize(MaxMessage),
		grpc.MaxSendMsgSize(MaxMessage),
		// Clients that ping, as Qdrant's own do every 10 s, are welcome to.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
	)...)
	akinv1.RegisterSimilarityServiceServer(s.grpc, &similarity{live: live})
	s.articles = &articles{live: live, log: opts.Log}
	akinv1.RegisterArticleServiceServer(s.grpc, s.articles)
	services := []string{"", akinv1.SimilarityService_ServiceDesc.ServiceName, akinv1.ArticleService_ServiceDesc.ServiceName}
	if opts.Next != nil {
		akinv1.RegisterGenerationServiceServer(s.grpc, &generations{live: live, next: opts.Next, log: opts.Log})
		services = append(services, akinv1.GenerationService_ServiceDesc.ServiceName)
	}
	healthv1.RegisterHealthServer(s.grpc, s.health)
	for _, service := range services {
		s.health.SetServingStatus(service, healthv1.HealthCheckResponse_SERVING)
	}
	reflection.Register(s.grpc)
	return s
}

// Serve answers calls on listeners until the context ends: then health says NOT_SERVING; after Options.Grace no more calls are taken, those in flight are
// answered, and those that take longer than Options.Drain are cut off. It returns nil when it stopped because the context ended, and is called once.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	watched, stopWatching := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		s.watchHealth(watched)
	}()
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		s.Leave()
		time.Sleep(s.grace)
		cut := time.AfterFunc(s.drain, s.grpc.Stop)
		defer cut.Stop()
		s.grpc.GracefulStop()
	})
	served := make(chan error)
	for _, lis := range listeners {
		go func() { served <- s.serve(lis) }()
	}
	var err error
	for range listeners {
		if failed := <-served; failed != nil {
			err = errors.Join(err, failed)
			s.grpc.Stop() // what is left is no server that anybody has asked for
		}
	}
	if !stop() {
		<-drained
	}
	stopWatching()
	<-watching
	return err
}

func (s *Server) serve(lis net.Listener) error {
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) { // it was told to stop before it began
		return fmt.Errorf("serve %s: %w", lis.Addr(), err)
	}
	return nil
}

// Deletions has articles that are deleted by callers told to somebody, before the caller hears of it. There is one such, the last.
func (s *Server) Deletions(tell func(corpus string, ids []string)) { s.articles.deleted.Store(&tell) }

// Leave tells whoever asks for the server's health that it is going to stop. Calls are answered until the context of Serve ends.
func (s *Server) Leave() { s.health.Shutdown() }

func credentialsOf(config *tls.Config) credentials.TransportCredentials {
	if config == nil {
		return insecure.NewCredentials()
	}
	return withinProcess{credentials.NewTLS(config)}
}

// withinProcess leaves out TLS where a gateway in this process calls: nobody else has that connection, and callers of the gateway have spoken TLS with it.
type withinProcess struct {
	credentials.TransportCredentials
}

// ServerHandshake shakes hands with whoever connects.
func (c withinProcess) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if conn.LocalAddr().Network() == "bufconn" {
		return insecure.NewCredentials().ServerHandshake(conn)
	}
	return c.TransportCredentials.ServerHandshake(conn)
}

// Clone copies it.
func (c withinProcess) Clone() credentials.TransportCredentials {
	return withinProcess{c.TransportCredentials.Clone()}
}

func (s *Server) unary(ctx context.Context, m any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	observe.Answered(ctx)
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, panicked(p)
		}
		err = toStatus(ctx, s.log, err)
	}()
	leave, err := s.guard.unary(ctx, m)
	if err != nil {
		return nil, err
	}
	defer leave()
	return handle(ctx, m)
}

func (s *Server) stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	observe.Answered(stream.Context())
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
		err = toStatus(stream.Context(), s.log, err)
	}()
	guarded, leave, err := s.guard.stream(stream)
	if err != nil {
		return err
	}
	defer leave()
	return guarded.result(handle(server, guarded))
}

// panicked is an internal error with the stack, which is for the log alone.
func panicked(p any) error {
	return fmt.Errorf("panic: %v\n%s", p, debug.Stack())
}
