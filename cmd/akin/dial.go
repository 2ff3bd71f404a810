package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/access"
)

// dialFlags say how an akin server is spoken to. A key for it is read from AKIN_KEY.
type dialFlags struct {
	Transport transportFlags `embed:"" prefix:"server-"`
}

func (f dialFlags) reach(address string) (*grpc.ClientConn, error) {
	if _, _, err := hostPort(address); err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	options, err := f.Transport.options()
	if err != nil {
		return nil, err
	}
	if key := os.Getenv("AKIN_KEY"); key != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(key)))
	}
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		return nil, fmt.Errorf("server at %s: %w", address, err)
	}
	return conn, nil
}

// transportFlags say whether TLS is spoken with an akin server.
type transportFlags struct {
	TLS  bool   `help:"Speak TLS with the akin server." name:"tls"`
	CA   string `help:"Authorities that may have signed its certificate, in PEM; those of this machine by default." placeholder:"FILE" type:"existingfile" name:"ca"`
	Cert string `help:"Certificate to show to the akin server, where it wants one of its callers." placeholder:"FILE" type:"existingfile" and:"client"`
	Key  string `help:"Its private key." placeholder:"FILE" type:"existingfile" and:"client"`
}

// options speak TLS where anything is said of it.
func (f transportFlags) options() ([]grpc.DialOption, error) {
	if f == (transportFlags{}) {
		return callOptions(), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if f.CA != "" {
		if config.RootCAs, err = access.ReadCA(f.CA); err != nil {
			return nil, fmt.Errorf("TLS with the akin server: %w", err)
		}
	}
	if f.Cert != "" {
		own, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("TLS with the akin server: certificate %s with key %s: %w", f.Cert, f.Key, err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return append(callOptions(), grpc.WithTransportCredentials(credentials.NewTLS(config))), nil
}

// bearer is a key that goes with every call.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{access.MetadataKey: "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is left to whoever named the server.
func (bearer) RequireTransportSecurity() bool { return false }

func callOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(server.MaxMessage), grpc.MaxCallSendMsgSize(server.MaxMessage)),
	}
}
