package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/akinserver/akin/server/gateway"
)

type serveCmd struct {
	Listen string `help:"Address to answer gRPC calls on." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	HTTP   string `help:"Address to answer HTTP on, with the same API as JSON; empty for none." default:"127.0.0.1:7412" placeholder:"HOST:PORT" name:"http"`
	storeFlags
	embedderFlags
	Admin bool          `help:"Offer akin reindex and akin generations to whoever can call this server. They can have all texts sent to any address, with this server's key."`
	Drain time.Duration `help:"How long calls in flight may take when the server is told to stop." default:"10s"`
}

func (c serveCmd) Run(ctx context.Context, std streams) (err error) {
	log := slog.New(slog.NewTextHandler(std.err, nil))
	b, err := openServing(ctx, c.storeFlags, c.embedderFlags, servingOptions{log: log, drain: c.Drain, admin: c.Admin}, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	lis, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer lis.Close()
	var web net.Listener
	if c.HTTP != "" {
		if web, err = net.Listen("tcp", c.HTTP); err != nil {
			return fmt.Errorf("--http: %w", err)
		}
		defer web.Close()
		log.Info("serving HTTP", "address", "http://"+web.Addr().String())
	}
	log.Info("serving gRPC", "address", lis.Addr().String(), "store", c.storeFlags.String(), "embedder", c.Embedder)
	if err := b.serve(ctx, lis, web, gateway.Options{Log: log, Drain: c.Drain}); err != nil {
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
