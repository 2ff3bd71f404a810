package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/gateway/widget"
)

type gatewayCmd struct {
	Backend    string        `help:"Address of the akin server that answers." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	BackendTLS bool          `help:"Speak TLS with that server."`
	Listen     string        `help:"Address to answer HTTP on." default:"127.0.0.1:7412" placeholder:"HOST:PORT"`
	Drain      time.Duration `help:"How long requests in flight may take when the gateway is told to stop." default:"10s"`
}

func (c gatewayCmd) Run(ctx context.Context, std streams) error {
	log := slog.New(slog.NewTextHandler(std.err, nil))
	if _, _, err := hostPort(c.Backend); err != nil {
		return fmt.Errorf("--backend: %w", err)
	}
	options := callOptions()
	if c.BackendTLS {
		options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})))
	}
	conn, err := grpc.NewClient(c.Backend, options...)
	if err != nil {
		return fmt.Errorf("--backend: %w", err)
	}
	defer conn.Close()
	g, err := gateway.New(conn, gateway.Options{Log: log, Drain: c.Drain, Version: version(), Wrap: widget.Handler})
	if err != nil {
		return err
	}
	lis, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	log.Info("serving HTTP", "address", "http://"+lis.Addr().String(), "backend", c.Backend)
	return g.Serve(ctx, lis)
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
	served := make(chan error, 1)
	go func() {
		err := b.server.Serve(calls, lis)
		cancel()
		served <- err
	}()
	var err error
	if web != nil {
		err = b.serveHTTP(ctx, web, opts)
		cancel()
	}
	<-ctx.Done()
	endCalls()
	return errors.Join(err, <-served)
}

func (b *backend) serveHTTP(ctx context.Context, web net.Listener, opts gateway.Options) error {
	conn, stop, err := b.connect()
	if err != nil {
		return err
	}
	defer stop()
	opts.Version, opts.Problems, opts.Wrap = version(), b.server.Problems, widget.Handler
	g, err := gateway.New(conn, opts)
	if err != nil {
		return err
	}
	return g.Serve(ctx, web)
}
