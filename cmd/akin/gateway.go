package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/gateway/widget"
)

type gatewayCmd struct {
	Backend   string         `help:"Address of the akin server that answers." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	Transport transportFlags `embed:"" prefix:"backend-"`
	Listen    string         `help:"Address to answer HTTP on." default:"127.0.0.1:7412" placeholder:"HOST:PORT"`
	webFlags
	keylessFlags
	connFlags
	observeFlags
	MaxCalls int           `help:"Calls that the server behind answers at once, as its --max-calls says: while as many answers are made, ones of the last minute are good enough. 0 for one for each processor of this machine, and at least 2." group:"Limits"`
	MaxTime  time.Duration `help:"How long a call may take, whatever its caller says, and a line of articles to arrive." default:"1m" group:"Limits"`
	Drain    time.Duration `help:"How long requests in flight may take when the gateway is told to stop." default:"10s"`
}

func (c gatewayCmd) Run(ctx context.Context, std streams) (err error) {
	log := c.log(std.err)
	if _, _, err := hostPort(c.Backend); err != nil {
		return fmt.Errorf("--backend: %w", err)
	}
	options, err := c.Transport.options()
	if err != nil {
		return err
	}
	config, err := c.tls(log)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(c.Backend, options...)
	if err != nil {
		return fmt.Errorf("--backend: %w", err)
	}
	defer conn.Close()
	needed, err := c.needsKey(ctx, conn)
	if err != nil {
		return err
	}
	pages, err := access.Pages(nil, c.CORSOrigin, needed || c.WithoutKeys)
	if err != nil {
		return fmt.Errorf("--cors-origin: %w", err)
	}
	seen, end, err := c.observeFlags.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	conns := c.bound("http", seen)
	web, err := listenHTTP(c.Listen, conns, config, log)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer web.Close()
	return serveHTTP(ctx, conn, web, gateway.Options{Log: log, Drain: c.Drain, Timeout: c.MaxTime, Observe: seen, Wrap: boxed(pages), ConnState: conns.State, Busy: c.MaxCalls})
}

// needsKey tells whether the server behind needs keys, and refuses to stand before one that does not where other machines reach it.
func (c gatewayCmd) needsKey(ctx context.Context, conn *grpc.ClientConn) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	needed, err := gateway.NeedsKey(ctx, conn)
	if err != nil {
		return false, fmt.Errorf("--backend: %w", readable(c.Backend, err))
	}
	return needed, c.mayListen(needed, c.Listen)
}

// serveHTTP is the one way to answer HTTP, whether the server that is asked is in this process or elsewhere.
func serveHTTP(ctx context.Context, conn grpc.ClientConnInterface, web net.Listener, opts gateway.Options) error {
	opts.Version = version()
	g, err := gateway.New(conn, opts)
	if err != nil {
		return err
	}
	return g.Serve(ctx, web)
}

// boxed puts the related-content box before the API, and before what guards the API from pages: the box asks in its caller's name, key in the URL and all.
func boxed(pages func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler { return widget.Handler(pages(api)) }
}
