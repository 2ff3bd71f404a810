package access_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/access/tlstest"
)

func newAuthority(t *testing.T, name string) *tlstest.Authority {
	t.Helper()
	a, err := tlstest.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func leaf(t *testing.T, a *tlstest.Authority, name string) (cert, key []byte) {
	t.Helper()
	cert, key, err := a.Leaf(name)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// accept answers every connection to a TLS server with one byte.
func accept(t *testing.T, config *tls.Config) string {
	t.Helper()
	lis, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lis.Close() })
	go func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Write([]byte("x")) // shakes hands first
			}()
		}
	}()
	return lis.Addr().String()
}

// meet tells whose certificate a server shows to a caller.
func meet(address string, config *tls.Config) (string, error) {
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return "", err
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := newAuthority(t, "authority")
	firstCert, firstKey := leaf(t, ca, "first")
	secondCert, secondKey := leaf(t, ca, "second")
	cert, key := write(t, filepath.Join(dir, "cert.pem"), firstCert), write(t, filepath.Join(dir, "key.pem"), firstKey)
	var log bytes.Buffer
	config, err := access.OpenTLS(cert, key, "", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	roots := ca.Pool()
	caller := &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}
	address := accept(t, config)
	shown := func() string {
		name, err := meet(address, caller)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	if got := shown(); got != "first" {
		t.Errorf("shown %q, want the first", got)
	}
	write(t, cert, secondCert)
	eventually(t, "the log tells that the files do not fit", func() bool {
		if got := shown(); got != "first" {
			t.Fatalf("shown %q while its key is missing", got)
		}
		return strings.Contains(log.String(), "stays in force")
	})
	write(t, key, secondKey)
	eventually(t, "the second is shown", func() bool { return shown() == "second" })
	if _, err := meet(address, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func TestCallersNeedACertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, others := newAuthority(t, "authority"), newAuthority(t, "others")
	serverCert, serverKey := leaf(t, ca, "server")
	clientCA := write(t, filepath.Join(dir, "ca.pem"), ca.PEM())
	config, err := access.OpenTLS(write(t, filepath.Join(dir, "cert.pem"), serverCert), write(t, filepath.Join(dir, "key.pem"), serverKey), clientCA, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	address := accept(t, config)
	roots, err := access.ReadCA(clientCA)
	if err != nil {
		t.Fatal(err)
	}
	with := func(a *tlstest.Authority) *tls.Config {
		pair, err := a.Pair("caller")
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{RootCAs: roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }}
	}
	if _, err := meet(address, with(ca)); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	for name, config := range map[string]*tls.Config{"without one": {RootCAs: roots}, "with another's": with(others)} {
		if _, err := meet(address, config); err == nil {
			t.Errorf("%s a caller is let in", name)
		}
	}
	// The authority is replaced, and with it who is let in, also of those who come back with the ticket of a session.
	again := with(ca)
	again.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	if _, err := meet(address, again); err != nil {
		t.Errorf("before: %v", err)
	}
	write(t, clientCA, others.PEM())
	eventually(t, "the others are let in", func() bool { _, err := meet(address, with(others)); return err == nil })
	for name, config := range map[string]*tls.Config{"anew": with(ca), "with a ticket": again} {
		if _, err := meet(address, config); err == nil {
			t.Errorf("who was let in before still is, %s", name)
		}
	}
}

func TestTLSThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, "authority")
	cert, key := leaf(t, ca, "server")
	_, wrong := leaf(t, ca, "other")
	certFile, keyFile := write(t, filepath.Join(dir, "cert.pem"), cert), write(t, filepath.Join(dir, "key.pem"), key)
	for name, files := range map[string][3]string{
		"no certificate":     {filepath.Join(dir, "none.pem"), keyFile, ""},
		"another's key":      {certFile, write(t, filepath.Join(dir, "wrong.pem"), wrong), ""},
		"no authority in it": {certFile, keyFile, write(t, filepath.Join(dir, "empty.pem"), nil)},
	} {
		if _, err := access.OpenTLS(files[0], files[1], files[2], slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want an error with the file", name, err)
		}
	}
	if _, err := access.OpenTLS(filepath.Join(dir, "none.pem"), keyFile, "", slog.New(slog.DiscardHandler)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}
