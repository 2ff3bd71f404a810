package access_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/akinserver/akin/server/access"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{}
	a.certificate, a.key = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) sign(t *testing.T, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if c.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		t.Fatal(err)
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signed, key
}

// leaf is a certificate of 127.0.0.1, good for both ends, as PEM.
func (a *authority) leaf(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	signed, private := a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return asPEM("CERTIFICATE", signed.Raw), asPEM("PRIVATE KEY", der)
}

func asPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
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
	firstCert, firstKey := ca.leaf(t, "first")
	secondCert, secondKey := ca.leaf(t, "second")
	cert, key := write(t, filepath.Join(dir, "cert.pem"), firstCert), write(t, filepath.Join(dir, "key.pem"), firstKey)
	var log bytes.Buffer
	config, err := access.OpenTLS(cert, key, "", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate)
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
	serverCert, serverKey := ca.leaf(t, "server")
	clientCA := write(t, filepath.Join(dir, "ca.pem"), asPEM("CERTIFICATE", ca.certificate.Raw))
	config, err := access.OpenTLS(write(t, filepath.Join(dir, "cert.pem"), serverCert), write(t, filepath.Join(dir, "key.pem"), serverKey), clientCA, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	address := accept(t, config)
	roots, err := access.ReadCA(clientCA)
	if err != nil {
		t.Fatal(err)
	}
	with := func(a *authority) *tls.Config {
		cert, key := a.leaf(t, "caller")
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{RootCAs: roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }}
	}
	if _, err := meet(address, with(ca)); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	for name, config := range map[string]*tls.Config{"without one": {RootCAs: roots}, "with another's": with(others)} {
		if _, err := meet(address, config); err == nil {
			t.Errorf("%s a caller is let in", name)
		}
	}
	// The authority is replaced, and with it who is let in.
	write(t, clientCA, asPEM("CERTIFICATE", others.certificate.Raw))
	eventually(t, "the others are let in", func() bool { _, err := meet(address, with(others)); return err == nil })
	if _, err := meet(address, with(ca)); err == nil {
		t.Error("who was let in before still is")
	}
}

func TestTLSThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, "authority")
	cert, key := ca.leaf(t, "server")
	_, wrong := ca.leaf(t, "other")
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
