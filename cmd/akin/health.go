package main

import (
	"context"
	"fmt"
	"time"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

type healthCmd struct {
	Server  string        `help:"The akin server's address." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	Timeout time.Duration `help:"How long it may take to answer." default:"3s"`
	dialFlags
}

func (c healthCmd) Run(ctx context.Context, std streams) error {
	conn, err := c.reach(c.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	answer, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{Service: akinv1.SimilarityService_ServiceDesc.ServiceName})
	if err != nil {
		return readable(c.Server, err)
	}
	if answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		return fmt.Errorf("the akin server at %s says %s: its log tells why", c.Server, answer.GetStatus())
	}
	_, err = fmt.Fprintln(std.out, answer.GetStatus())
	return err
}
