package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/server/limit"
	"github.com/akinserver/akin/server/observe"
)

type serveCmd struct {
	Listen string `help:"Address to answer gRPC calls on. Without keys only this machine may be able to reach it." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	HTTP   string `help:"Address to answer HTTP on, with the same API as JSON; empty for none." default:"127.0.0.1:7412" placeholder:"HOST:PORT" name:"http"`
	storeFlags
	embedderFlags
	accessFlags
	limitFlags
	connFlags
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
	pages, err := access.Pages(keys, c.CORSOrigin, c.WithoutKeys)
	if err != nil {
		return fmt.Errorf("--cors-origin: %w", err)
	}
	if err := c.mayListen(keys.Required(), c.Listen, c.HTTP); err != nil {
		return err
	}
	seen, end, err := c.observeFlags.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	opts := server.Options{Log: log, Drain: c.Drain, Grace: c.Grace, Observe: seen, Keys: keys, TLS: config, Limits: c.limits(c.Qdrant != "" || c.Embedder == "openai"), Conns: c.bound("grpc", seen)}
	opts.Limits.Calls = opts.Limits.AtOnce() // by the number of processors
	moreThreads()
	b, err := openServing(ctx, c.storeFlags, c.embedderFlags, servingOptions{server: opts, admin: c.Admin}, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	c.warm(ctx, b, log)
	lis, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer lis.Close()
	var web net.Listener
	webConns := c.bound("http", seen)
	if c.HTTP != "" {
		if web, err = listenHTTP(c.HTTP, webConns, config, log); err != nil {
			return fmt.Errorf("--http: %w", err)
		}
		defer web.Close()
	}
	log.Info("serving gRPC", "address", lis.Addr().String(), "store", c.storeFlags.String(), "embedder", c.Embedder, "keys", keys.Required(), "tls", config != nil)
	if !keys.Required() {
		log.Warn("there are no keys: whoever reaches this address can read, write and delete", "keys", c.path(c.Data))
	}
	webOptions := gateway.Options{Log: log, Drain: c.Drain, Timeout: c.MaxTime, Observe: seen, Wrap: boxed(pages), ConnState: webConns.State, Busy: opts.Limits.Calls}
	if err := b.serve(ctx, opts.Conns.Listener(lis), web, webOptions); err != nil {
		return err
	}
	log.Info("stopped: the calls in flight are answered")
	return nil
}

// processors are those that the process may use at the start.
var processors = runtime.GOMAXPROCS(0)

// moreThreads lets twice as many threads compute as there are processors, unless the environment says how many. Go takes a thread from a goroutine that computes after 10 ms; so while there was much
// to do, whatever takes a moment but several goroutines, as refusing a call does, waited for that again and again. With threads to spare it is the system that shares the processors out,
// and it gives way to what has had little of them (docs/operations.md, Overload).
func moreThreads() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * processors)
	}
}

// warm gets out of the way what would slow down the first questions: what scores mean is learnt, and what opening an embedded store has left behind in memory is collected. A store that is away
// is none of its business.
func (c serveCmd) warm(ctx context.Context, b *backend, log *slog.Logger) {
	if err := b.engine.Warm(ctx, akin.DefaultCorpus); err != nil {
		log.DebugContext(ctx, "not warm", "error", err)
	}
	if c.Qdrant == "" {
		runtime.GC()
	}
}

// accessFlags say who may call.
type accessFlags struct {
	keysFlags
	keylessFlags
	webFlags
}

// keylessFlags say whether other machines may reach a server whose callers need no key.
type keylessFlags struct {
	WithoutKeys bool `help:"Listen though nobody needs a key and other machines reach the address." group:"Keys"`
}

// mayListen refuses addresses that other machines reach while no key is needed, unless it was told to.
func (f keylessFlags) mayListen(needed bool, addresses ...string) error {
	for _, address := range addresses {
		if f.WithoutKeys || address == "" {
			continue
		}
		if err := access.MayListen(address, needed); err != nil {
			return err
		}
	}
	return nil
}

// webFlags say how whoever answers HTTP is spoken to.
type webFlags struct {
	CORSOrigin  []string `help:"Origins of pages that may read answers over HTTP, beside those of the keys." placeholder:"https://HOST" name:"cors-origin" group:"Keys"`
	TLSCert     string   `help:"Certificate to speak TLS with. It is read again when it changes." placeholder:"FILE" type:"existingfile" name:"tls-cert" and:"tls" group:"Keys"`
	TLSKey      string   `help:"Its private key." placeholder:"FILE" type:"existingfile" name:"tls-key" and:"tls" group:"Keys"`
	TLSClientCA string   `help:"Authorities of which callers need a certificate." placeholder:"FILE" type:"existingfile" name:"tls-client-ca" group:"Keys"`
}

// tls is nil where none is spoken.
func (f webFlags) tls(log *slog.Logger) (*tls.Config, error) {
	switch {
	case f.TLSCert != "":
		return access.OpenTLS(f.TLSCert, f.TLSKey, f.TLSClientCA, log)
	case f.TLSClientCA != "":
		return nil, errors.New("--tls-client-ca: callers can show a certificate only where there are --tls-cert and --tls-key")
	}
	return nil, nil
}

// connFlags say how many may be connected.
type connFlags struct {
	MaxConnections int `help:"Connections open at once, of gRPC and of HTTP each. One more takes the place of the one that has been idle for longest; where none is, it is closed." default:"4096" group:"Limits"`
}

// bound makes the bound of one listener, and has it seen under its name.
func (f connFlags) bound(name string, seen *observe.Observer) *limit.Conns {
	conns := limit.NewConns(f.MaxConnections)
	seen.Connections(name, conns.Stats)
	return conns
}

// listenHTTP opens an address for HTTP, or HTTPS.
func listenHTTP(address string, conns *limit.Conns, config *tls.Config, log *slog.Logger) (net.Listener, error) {
	web, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	web = conns.Listener(web) // below TLS: handshakes take time, too
	if config != nil {
		web = tls.NewListener(web, config)
	}
	log.Info("serving HTTP", "address", web.Addr().String(), "tls", config != nil)
	return web, nil
}

// limitFlags say how much may be asked.
type limitFlags struct {
	KeyRate      float64        `help:"Calls a second by one key, unless the key says otherwise." default:"100" group:"Limits"`
	AddressRate  float64        `help:"Calls a second from one address." default:"50" group:"Limits"`
	MaxCalls     int            `help:"Calls answered at once; 0 for one for each processor, and at least 2; with --qdrant or --embedder openai, for which calls mostly wait, 8 and 16. 32 times as many wait for up to 500 ms, or 50 ms while the queue does not get empty; further ones are refused." group:"Limits"`
	MaxStreams   int            `help:"Streams open at once." default:"256" group:"Limits"`
	MaxTime      time.Duration  `help:"How long a call may take, whatever its caller says. Streams may take a day." default:"1m" group:"Limits"`
	TrustedProxy []netip.Prefix `help:"Addresses of proxies that are believed for whom they call (X-Forwarded-For)." default:"127.0.0.0/8,::1/128" group:"Limits"`
}

// limits are the server's; elsewhere says that calls wait for a store or an embedder that is a server of its own.
func (f limitFlags) limits(elsewhere bool) server.Limits {
	return server.Limits{
		KeyRate: f.KeyRate, AddressRate: f.AddressRate, Calls: f.MaxCalls, Streams: f.MaxStreams, Time: f.MaxTime, Trusted: f.TrustedProxy, Elsewhere: elsewhere,
	}
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
