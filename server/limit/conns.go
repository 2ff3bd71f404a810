package limit

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"

	"google.golang.org/grpc/stats"
)

// Conns bounds how many connections of one listener are open at once. One too many takes the place of the one that has had nothing to do for longest: whoever holds connections open keeps
// nobody out, and a probe of whoever looks after the server gets in. Where all have something to do, it is closed at once.
//
// Which have, HTTP tells by State, and gRPC by Calls; what neither knows of has nothing to do.
type Conns struct {
	most int

	mu               sync.Mutex
	open             map[string]*conn // by where they come from
	idle             *list.List       // of *conn: who has had nothing to do for longest comes first
	dropped, refused uint64
}

// NewConns bounds connections; below 1 at one.
func NewConns(most int) *Conns {
	return &Conns{most: max(most, 1), open: map[string]*conn{}, idle: list.New()}
}

// Stats tells how many are open, and how many have been closed to make room, or since there was none.
func (c *Conns) Stats() (open int, dropped, refused uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.dropped, c.refused
}

// Listener takes connections of a listener as long as there is room.
func (c *Conns) Listener(lis net.Listener) net.Listener { return bounded{lis, c} }

type bounded struct {
	net.Listener
	conns *Conns
}

// Accept waits for the next connection that there is room for.
func (b bounded) Accept() (net.Conn, error) {
	for {
		accepted, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if taken := b.conns.take(accepted); taken != nil {
			return taken, nil
		}
		_ = accepted.Close()
	}
}

// conn is one that is open.
type conn struct {
	net.Conn
	from  string
	conns *Conns
	busy  int           // calls that it has, or requests
	idle  *list.Element // nil while it has something to do
}

// Close gives its place back.
func (c *conn) Close() error {
	c.conns.mu.Lock()
	c.conns.forget(c)
	c.conns.mu.Unlock()
	return c.Conn.Close()
}

func (c *Conns) take(accepted net.Conn) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		oldest := c.idle.Front()
		if oldest == nil {
			c.refused++
			return nil
		}
		c.dropped++
		gone := oldest.Value.(*conn)
		c.forget(gone)
		_ = gone.Conn.Close() // whoever serves it finds that out
	}
	taken := &conn{Conn: accepted, from: accepted.RemoteAddr().String(), conns: c}
	c.open[taken.from] = taken
	taken.idle = c.idle.PushBack(taken)
	return taken
}

// forget is called once or more for each, with the lock held.
func (c *Conns) forget(gone *conn) {
	if c.open[gone.from] != gone {
		return
	}
	delete(c.open, gone.from)
	if gone.idle != nil {
		c.idle.Remove(gone.idle)
		gone.idle = nil
	}
}

// does notes what a connection has to do, by what it had.
func (c *Conns) does(from string, now func(busy int) int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of, ok := c.open[from]
	if !ok {
		return // of another listener, or closed
	}
	of.busy = now(of.busy)
	switch {
	case of.busy > 0 && of.idle != nil:
		c.idle.Remove(of.idle)
		of.idle = nil
	case of.busy == 0 && of.idle == nil:
		of.idle = c.idle.PushBack(of)
	}
}

// State is what an http.Server tells of its connections.
func (c *Conns) State(of net.Conn, state http.ConnState) {
	from := of.RemoteAddr().String()
	switch state {
	case http.StateActive:
		c.does(from, func(int) int { return 1 })
	case http.StateIdle:
		c.does(from, func(int) int { return 0 })
	}
}

// Calls is what a grpc.Server tells of its calls.
func (c *Conns) Calls() stats.Handler { return streams{c} }

type streams struct{ conns *Conns }

type fromKey struct{}

// TagConn keeps where a connection comes from for its calls.
func (s streams) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, fromKey{}, info.RemoteAddr.String())
}

// HandleConn notes nothing.
func (streams) HandleConn(context.Context, stats.ConnStats) {}

// TagRPC adds nothing.
func (streams) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC notes when a call begins, and when it ends.
func (s streams) HandleRPC(ctx context.Context, event stats.RPCStats) {
	from, _ := ctx.Value(fromKey{}).(string)
	switch event.(type) {
	case *stats.Begin:
		s.conns.does(from, func(busy int) int { return busy + 1 })
	case *stats.End:
		s.conns.does(from, func(busy int) int { return busy - 1 })
	}
}
