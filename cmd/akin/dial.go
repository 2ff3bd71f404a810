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
	ServerTLS bool   `help:"Speak TLS with the akin server."`
	ServerCA  string `help:"Authorities that may have signed its certificate, in PEM; those of this machine by default." placeholder:"FILE" type:"existingfile"`
}

func (f dialFlags) reach(address string) (*grpc.ClientConn, error) {
	if _, _, err := hostPort(address); err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	transport, err := speak(f.ServerTLS, f.ServerCA)
	if err != nil {
		return nil, fmt.Errorf("--server-ca: %w", err)
	}
	options := append(callOptions(), transport)
	if key := os.Getenv("AKIN_KEY"); key != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(key)))
	}
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		return nil, fmt.Errorf("server at %s: %w", address, err)
	}
	return conn, nil
}

// speak says whether TLS is spoken with a server, and which authorities may have signed its certificate; those of this machine when no file of them is named.
func speak(withTLS bool, ca string) (grpc.DialOption, error) {
	if !withTLS && ca == "" {
		return grpc.WithTransportCredentials(insecure.NewCredentials()), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pool, err := access.ReadCA(ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	return grpc.WithTransportCredentials(credentials.NewTLS(config)), nil
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
