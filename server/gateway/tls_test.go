package gateway_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/access/tlstest"
)

// secured is a gateway that speaks TLS, and the files that it reads.
type secured struct {
	*guarded
	authority                   *tlstest.Authority
	certFile, keyFile, callerCA string
}

// startSecured has a gateway speak TLS; where callers need a certificate, the same authority signs theirs.
func startSecured(t *testing.T, callersNeedOne bool) *secured {
	t.Helper()
	dir := t.TempDir()
	s := &secured{authority: newAuthority(t), certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem")}
	if err := s.authority.WriteLeaf("first", s.certFile, s.keyFile); err != nil {
		t.Fatal(err)
	}
	if callersNeedOne {
		s.callerCA = filepath.Join(dir, "callers.pem")
		if err := os.WriteFile(s.callerCA, s.authority.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := access.OpenTLS(s.certFile, s.keyFile, s.callerCA, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.guarded = startGuarded(t, server.Options{TLS: config, Limits: server.Limits{KeyRate: 1e6}})
	return s
}

func newAuthority(t *testing.T) *tlstest.Authority {
	t.Helper()
	a, err := tlstest.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// speak asks from a new connection, as a caller with certificates of an authority, or none.
func (s *secured) speak(t *testing.T, h2 bool, callers *tlstest.Authority) (*http.Response, error) {
	t.Helper()
	config := &tls.Config{RootCAs: s.authority.Pool()}
	if callers != nil {
		pair, err := callers.Pair("caller")
		if err != nil {
			t.Fatal(err)
		}
		// Whatever authorities the server says that it takes: it is the server that has to refuse.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: h2}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/corpora/mine/articles/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.keys["read mine"])
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "ferry of mine")) {
		t.Errorf("%s %s", answer.Status, body)
	}
	return answer, err
}

// TestHTTPS speaks TLS with the outside, and none within the process.
func TestHTTPS(t *testing.T) {
	s := startSecured(t, false)
	for protocol, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		answer, err := s.speak(t, h2, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Proto != protocol {
			t.Errorf("spoke %s, want %s", answer.Proto, protocol)
		}
	}
}

// TestNewCertificateOverHTTPS replaces the certificate of a gateway that goes on answering.
func TestNewCertificateOverHTTPS(t *testing.T) {
	s := startSecured(t, false)
	shown := func() string {
		answer, err := s.speak(t, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer.TLS.PeerCertificates[0].Subject.CommonName
	}
	if got := shown(); got != "first" {
		t.Errorf("shown %q", got)
	}
	if err := s.authority.WriteLeaf("second", s.certFile, s.keyFile); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second certificate is shown", func() bool { return shown() == "second" })
}

// TestCallersCertificatesOverHTTPS lets in whose certificate the authority has signed, by either protocol, and nobody else; a key alone is not enough.
func TestCallersCertificatesOverHTTPS(t *testing.T) {
	s := startSecured(t, true)
	others := newAuthority(t)
	refused := func(who string, h2 bool, callers *tlstest.Authority) {
		t.Helper()
		if answer, err := s.speak(t, h2, callers); err == nil {
			t.Errorf("%s, h2 %v: %s", who, h2, answer.Status)
		}
	}
	for _, h2 := range []bool{false, true} {
		if _, err := s.speak(t, h2, s.authority); err != nil {
			t.Errorf("with a certificate, h2 %v: %v", h2, err)
		}
		refused("without one", h2, nil)
		refused("with another authority's", h2, others)
	}
	if err := os.WriteFile(s.callerCA, others.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other authority's are let in", func() bool { _, err := s.speak(t, true, others); return err == nil })
	refused("with what was good before", true, s.authority)
}

// TestPlainHTTPOnATLSPort is told in words what is wrong, and nothing else.
func TestPlainHTTPOnATLSPort(t *testing.T) {
	for _, callersNeedOne := range []bool{false, true} {
		s := startSecured(t, callersNeedOne)
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, "GET /v1/corpora/mine/articles/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", s.keys["read mine"]); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "HTTPS") || strings.Contains(string(body), "ferry") {
			t.Errorf("%s, %v: %q", answer.Status, err, body)
		}
	}
}
