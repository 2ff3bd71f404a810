package storetest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is the network between a client and a server on the loopback, which fails when it is told to.
type Proxy struct {
	Address string // that clients dial

	target string
	lis    net.Listener
	copies sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	state   state
	delay   time.Duration
	conns   map[net.Conn]bool
}

type state int

const (
	healthy state = iota
	cut
	silent
	closed
)

// NewProxy passes on to a target all that comes to its address, until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: lis.Addr().String(), target: target, lis: lis, conns: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.copies.Go(p.accept)
	t.Cleanup(func() {
		p.become(closed)
		lis.Close()
		p.copies.Wait()
	})
	return p
}

// Cut ends all connections, and each new one at once, as where no server listens.
func (p *Proxy) Cut() { p.become(cut) }

// Silence passes nothing on, and tells nobody: connections stay, and new ones are made. What is under way arrives after Heal.
func (p *Proxy) Silence() { p.become(silent) }

// Heal passes everything on again.
func (p *Proxy) Heal() { p.become(healthy) }

// Delay makes everything, either way, arrive later.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

func (p *Proxy) become(s state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	if s == cut || s == closed {
		for c := range p.conns {
			c.Close()
		}
	}
	p.changed.Broadcast()
}

func (p *Proxy) accept() {
	for {
		client, err := p.lis.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.keep(client, server) {
			client.Close()
			if server != nil {
				server.Close()
			}
			continue
		}
		p.copies.Go(func() { p.copy(client, server) })
		p.copies.Go(func() { p.copy(server, client) })
	}
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == cut || p.state == closed {
		return false
	}
	for _, c := range conns {
		p.conns[c] = true
	}
	return true
}

// copy passes on what one end sends to the other, until either is closed; then it closes both.
func (p *Proxy) copy(to, from net.Conn) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range []net.Conn{to, from} {
			c.Close()
			delete(p.conns, c)
		}
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.pass()
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// pass waits until something can be passed on.
func (p *Proxy) pass() {
	p.mu.Lock()
	for p.state == silent {
		p.changed.Wait()
	}
	delay := p.delay
	p.mu.Unlock()
	time.Sleep(delay)
}
