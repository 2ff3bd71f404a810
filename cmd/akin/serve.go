package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/akinserver/akin/server"
)

type serveCmd struct {
	Listen string `help:"Address to answer gRPC calls on." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	storeFlags
	embedderFlags
	observeFlags
	Admin bool          `help:"Offer akin reindex and akin generations to whoever can call this server. They can have all texts sent to any address, with this server's key."`
	Grace time.Duration `help:"How long to go on taking calls when told to stop, with health saying NOT_SERVING, so that load balancers send no more." default:"0s"`
	Drain time.Duration `help:"How long calls in flight may take when the server is told to stop." default:"10s"`
}

func (c serveCmd) Run(ctx context.Context, std streams) (err error) {
	log := c.log(std.err)
	seen, end, err := c.observeFlags.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	opts := server.Options{Log: log, Drain: c.Drain, Grace: c.Grace, Observe: seen}
	b, err := openServing(ctx, c.storeFlags, c.embedderFlags, servingOptions{server: opts, admin: c.Admin}, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	lis, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	log.Info("serving gRPC", "address", lis.Addr().String(), "store", c.storeFlags.String(), "embedder", c.Embedder)
	if err := b.server.Serve(ctx, lis); err != nil {
		return err
	}
	log.Info("stopped: the calls in flight are answered")
	return nil
}

// String names the store for people.
func (f storeFlags) String() string {
	switch {
	case f.Qdrant != "":
		return "qdrant at " + f.Qdrant
	case f.Data == inMemory:
		return "memory"
	}
	return f.Data
}
