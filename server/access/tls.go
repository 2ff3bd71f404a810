package access

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
)

// certificates are files that are read again when they change. While they do not fit together, as happens when one after the other is replaced, those before stay in force.
type certificates struct {
	watched
	now atomic.Pointer[tls.Config]
}

// OpenTLS reads the files with which a server speaks TLS, for gRPC and HTTP alike; each connection meets them as they are then. With a clientCA, callers need a certificate that
// it signed.
func OpenTLS(cert, key, clientCA string, log *slog.Logger) (*tls.Config, error) {
	c := &certificates{}
	c.watched = watched{paths: []string{cert, key}, log: log, read: c.load}
	if clientCA != "" {
		c.paths = append(c.paths, clientCA)
	}
	if err := c.start(); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			c.look()
			return c.now.Load(), nil
		},
	}, nil
}

func (c *certificates) load() error {
	pair, err := tls.LoadX509KeyPair(c.paths[0], c.paths[1])
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.paths[0], c.paths[1], err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair}}
	if len(c.paths) > 2 {
		if config.ClientCAs, err = ReadCA(c.paths[2]); err != nil {
			return err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	c.now.Store(config)
	return nil
}

// ReadCA reads certificates of authorities from a PEM file.
func ReadCA(path string) (*x509.CertPool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}
