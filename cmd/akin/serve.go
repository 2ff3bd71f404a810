package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
)

type serveCmd struct {
	Listen string `help:"Address to answer gRPC calls on. Without keys only this machine may be able to reach it." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	storeFlags
	embedderFlags
	accessFlags
	limitFlags
	observeFlags
	Admin bool          `help:"Offer akin reindex and akin generations, to callers with an admin key, or to all where nobody needs a key. They can have all texts sent to any address, with this server's key."`
	Grace time.Duration `help:"How long to go on taking calls when told to stop, with health saying NOT_SERVING, so that load balancers send no more." default:"0s"`
	Drain time.Duration `help:"How long calls in flight may take when the server is told to stop." default:"10s"`
}

func (c serveCmd) Run(ctx context.Context, std streams) (err error) {
	log := c.log(std.err)
	keys, err := access.OpenKeys(c.path(c.Data), log)
	if err != nil {
		return err
	}
	config, err := c.tls(log)
	if err != nil {
		return err
	}
	if err := keys.MayListen(c.Listen); err != nil && !c.WithoutKeys {
		return fmt.Errorf("--listen: %w", err)
	}
	seen, end, err := c.observeFlags.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	opts := server.Options{Log: log, Drain: c.Drain, Grace: c.Grace, Observe: seen, Keys: keys, TLS: config, Limits: c.limits()}
	b, err := openServing(ctx, c.storeFlags, c.embedderFlags, servingOptions{server: opts, admin: c.Admin}, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	lis, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	log.Info("serving gRPC", "address", lis.Addr().String(), "store", c.storeFlags.String(), "embedder", c.Embedder, "keys", keys.Required(), "tls", config != nil)
	if !keys.Required() {
		log.Warn("there are no keys: whoever reaches this address can read, write and delete", "keys", c.path(c.Data))
	}
	if err := b.server.Serve(ctx, lis); err != nil {
		return err
	}
	log.Info("stopped: the calls in flight are answered")
	return nil
}

// accessFlags say who may call.
type accessFlags struct {
	keysFlags
	WithoutKeys bool   `help:"Listen though nobody needs a key and other machines reach the address." group:"Keys"`
	TLSCert     string `help:"Certificate to speak TLS with. It is read again when it changes." placeholder:"FILE" type:"existingfile" name:"tls-cert" and:"tls" group:"Keys"`
	TLSKey      string `help:"Its private key." placeholder:"FILE" type:"existingfile" name:"tls-key" and:"tls" group:"Keys"`
	TLSClientCA string `help:"Authorities of which callers need a certificate." placeholder:"FILE" type:"existingfile" name:"tls-client-ca" group:"Keys"`
}

// tls is nil where none is spoken.
func (f accessFlags) tls(log *slog.Logger) (*tls.Config, error) {
	switch {
	case f.TLSCert != "":
		return access.OpenTLS(f.TLSCert, f.TLSKey, f.TLSClientCA, log)
	case f.TLSClientCA != "":
		return nil, errors.New("--tls-client-ca: callers can show a certificate only where there are --tls-cert and --tls-key")
	}
	return nil, nil
}

// limitFlags say how much may be asked.
type limitFlags struct {
	KeyRate      float64        `help:"Calls a second by one key, unless the key says otherwise." default:"100" group:"Limits"`
	AddressRate  float64        `help:"Calls a second from one address." default:"50" group:"Limits"`
	MaxCalls     int            `help:"Calls answered at once; 0 for 8 for each processor, and at least 16. As many wait for up to 200 ms; further ones are refused." group:"Limits"`
	MaxStreams   int            `help:"Streams open at once." default:"256" group:"Limits"`
	MaxTime      time.Duration  `help:"How long a call may take, whatever its caller says. Streams may take a day." default:"1m" group:"Limits"`
	TrustedProxy []netip.Prefix `help:"Addresses of proxies that are believed for whom they call (X-Forwarded-For)." default:"127.0.0.0/8,::1/128" group:"Limits"`
}

func (f limitFlags) limits() server.Limits {
	return server.Limits{KeyRate: f.KeyRate, AddressRate: f.AddressRate, Calls: f.MaxCalls, Streams: f.MaxStreams, Time: f.MaxTime, Trusted: f.TrustedProxy}
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
