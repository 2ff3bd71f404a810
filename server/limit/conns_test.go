package limit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/akinserver/akin/server/limit"
)

const most = 4

func listen(t *testing.T) net.Listener {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return lis
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// closed tells whether the other end has closed a connection on which it has nothing to say; it waits until it has.
func closed(conn net.Conn) error {
	_, err := conn.Read(make([]byte, 1))
	if netErr, ok := errors.AsType[net.Error](err); err == nil || ok && netErr.Timeout() {
		return fmt.Errorf("it is open: %w", err)
	}
	return nil
}

func wantStats(t *testing.T, conns *limit.Conns, open int, dropped, refused uint64) {
	t.Helper()
	var gotOpen int
	var gotDropped, gotRefused uint64
	for range 500 {
		if gotOpen, gotDropped, gotRefused = conns.Stats(); gotOpen == open && gotDropped == dropped && gotRefused == refused {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d open, %d dropped, %d refused; want %d, %d, %d", gotOpen, gotDropped, gotRefused, open, dropped, refused)
}

// request asks on a connection, and returns its answer's status.
func request(conn net.Conn, path string) (int, error) {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: akin\r\n\r\n", path); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

// TestConnsOverHTTP opens more connections than there may be: whoever does nothing makes room, the longest idle first, and is the only one who does.
func TestConnsOverHTTP(t *testing.T) {
	conns := limit.NewConns(most)
	entered, leave := make(chan struct{}), make(chan struct{})
	idled := make(chan struct{}, 100) // once for each answer, after which the server says that the connection waits for its next request
	state := func(of net.Conn, state http.ConnState) {
		conns.State(of, state)
		if state == http.StateIdle {
			idled <- struct{}{}
		}
	}
	server := &http.Server{ConnState: state, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-leave
		}
	})}
	lis := listen(t)
	address := lis.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(conns.Listener(lis)) }()
	defer func() {
		_ = server.Close()
		<-served
		wantStats(t, conns, 0, 6, 1)
	}()
	slow := func() (net.Conn, chan error) {
		conn, answered := dial(t, address), make(chan error, 1)
		go func() {
			_, err := request(conn, "/slow")
			answered <- err
		}()
		select {
		case <-entered:
		case err := <-answered:
			t.Fatalf("who has something to do is not let in: %v", err)
		}
		return conn, answered
	}
	busy, first := slow() // of all the oldest, and has something to do
	idle := make([]net.Conn, most-1)
	for i := range idle {
		idle[i] = dial(t, address)
		wantStats(t, conns, 2+i, 0, 0)
	}
	if code, err := request(idle[0], "/"); code != 200 || err != nil { // now it has been idle for a shorter time than the others
		t.Fatal(code, err)
	}
	<-idled
	probe := dial(t, address)
	if code, err := request(probe, "/"); code != 200 || err != nil {
		t.Fatalf("a probe, while all connections are taken: %d, %v", code, err)
	}
	<-idled
	if err := closed(idle[1]); err != nil {
		t.Errorf("who has been idle for longest: %v", err)
	}
	if code, err := request(idle[0], "/"); code != 200 || err != nil {
		t.Fatalf("who has not: %d, %v", code, err)
	}
	<-idled
	wantStats(t, conns, most, 1, 0)
	for range 2 {
		dial(t, address) // a flood
	}
	wantStats(t, conns, most, 3, 0)

	answers := []chan error{first}
	for range most - 1 {
		_, answered := slow()
		answers = append(answers, answered)
	}
	wantStats(t, conns, most, 6, 0)
	if err := closed(dial(t, address)); err != nil {
		t.Errorf("one more, when all have something to do: %v", err)
	}
	wantStats(t, conns, most, 6, 1)
	close(leave)
	for _, answered := range answers {
		if err := <-answered; err != nil {
			t.Errorf("who had something to do: %v", err)
		}
	}
	if code, err := request(busy, "/"); code != 200 || err != nil {
		t.Errorf("the oldest, afterwards: %d, %v", code, err)
	}
}

// TestConnsOverGRPC holds the same of gRPC, whose connections have something to do while they have calls.
func TestConnsOverGRPC(t *testing.T) {
	conns := limit.NewConns(2)
	server := grpc.NewServer(grpc.StatsHandler(conns.Calls()))
	healthv1.RegisterHealthServer(server, health.NewServer())
	lis := listen(t)
	served := make(chan error, 1)
	go func() { served <- server.Serve(conns.Listener(lis)) }()
	defer func() {
		server.Stop()
		<-served
		wantStats(t, conns, 0, 1, 1)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	watch := func() (healthv1.Health_WatchClient, error) {
		conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		stream, err := healthv1.NewHealthClient(conn).Watch(ctx, &healthv1.HealthCheckRequest{})
		if err != nil {
			return nil, err
		}
		_, err = stream.Recv()
		return stream, err
	}
	if _, err := watch(); err != nil {
		t.Fatal(err)
	}
	idle := dial(t, lis.Addr().String())
	wantStats(t, conns, 2, 0, 0)
	if _, err := watch(); err != nil {
		t.Errorf("a call, while all connections are taken: %v", err)
	}
	if _, err := io.Copy(io.Discard, idle); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("who was idle: %v", err)
	}
	wantStats(t, conns, 2, 1, 0)
	if err := closed(dial(t, lis.Addr().String())); err != nil {
		t.Errorf("one more, when all have calls: %v", err)
	}
	wantStats(t, conns, 2, 1, 1)
}
