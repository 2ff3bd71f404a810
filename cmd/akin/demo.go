package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/access"
	"github.com/akinserver/akin/server/gateway"
	"github.com/akinserver/akin/testdata"
)

type demoCmd struct {
	Listen string `help:"Address to answer gRPC calls on; a free port is taken when this one is in use." default:"127.0.0.1:7411" placeholder:"HOST:PORT"`
	HTTP   string `help:"Address to answer HTTP on; a free port is taken when this one is in use." default:"127.0.0.1:7412" placeholder:"HOST:PORT" name:"http"`
	keylessFlags
	embedderFlags
}

// What the demo asks.
const (
	demoArticle   = "varn-tunnel-1"
	demoStatement = "一座桥造得再好，也要有人天天去看它、去听它。"
)

func (c demoCmd) Run(ctx context.Context, std streams) (err error) {
	if err := c.mayListen(false, c.Listen, c.HTTP); err != nil {
		return err
	}
	pages, err := access.Pages(nil, nil, c.WithoutKeys)
	if err != nil {
		return err
	}
	began := time.Now()
	c.NoCache = c.NoCache || c.Cache == "" // what lives in memory leaves nothing behind, unless it is told to
	log := slog.New(slog.NewTextHandler(std.err, nil))
	b, err := openBackend(ctx, storeFlags{Data: inMemory, Prefix: "akin"}, c.embedderFlags, log, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	sum, err := b.stage.Ingest(ctx, embed.ReadFS(testdata.News, "news"), embed.IngestOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "Ingested the sample corpus into memory: %s, in %s.\n", summary(sum), time.Since(began).Round(time.Millisecond))
	lis, err := listenSomewhere(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer lis.Close()
	web, err := listenSomewhere(c.HTTP)
	if err != nil {
		return fmt.Errorf("--http: %w", err)
	}
	defer web.Close()
	serveCtx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- b.serve(serveCtx, lis, web, gateway.Options{Log: log, Wrap: boxed(pages)}) }()
	shown := c.show(ctx, lis.Addr().String(), web.Addr().String(), std.out)
	if shown != nil {
		stop()
	}
	defer stop()
	return errors.Join(shown, <-served)
}

// listenSomewhere takes a free port when the address is in use.
func listenSomewhere(address string) (net.Listener, error) {
	if lis, err := net.Listen("tcp", address); err == nil {
		return lis, nil
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// show asks the server over its own port, as any client would.
func (c demoCmd) show(ctx context.Context, address, web string, w io.Writer) error {
	ask := askFlags{Server: address}
	err := ask.ask(ctx, w, func(client akinv1.SimilarityServiceClient) error {
		fmt.Fprintf(w, "\nArticles related to %s:\n\n", demoArticle)
		related, err := client.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{Seeds: listFlags{}.seeds(demoArticle, ""), PageSize: 4, EvidenceSize: 1})
		if err != nil {
			return readable(address, err)
		}
		related.NextPageToken = "" // of no use to whoever only looks
		if err := printRelated(w, related, false); err != nil {
			return err
		}
		fmt.Fprintf(w, "\nStatements like “%s”:\n\n", demoStatement)
		similar, err := client.SimilarStatements(ctx, &akinv1.SimilarStatementsRequest{Seeds: listFlags{}.seeds("", demoStatement), PageSize: 4})
		if err != nil {
			return readable(address, err)
		}
		similar.NextPageToken = ""
		return printSimilar(w, similar, false)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `
Serving gRPC with reflection on %[1]s, and HTTP on %[2]s, until Ctrl-C. To try:

  curl http://%[2]s/v1/corpora/default/articles/varn-tunnel-1/related?page_size=3
  curl http://%[2]s/v1/corpora/default/similar -H 'Content-Type: application/json' -d '{"seeds":[{"text":"The ferry will run until the tunnel opens."}]}'
  http://%[2]s/demo?article=varn-tunnel-1 shows an article with what is related to it
  http://%[2]s/docs lists all calls

  go run ./cmd/akin related varn-tunnel-2 --server %[1]s
  go run ./cmd/akin similar "The ferry will run until the tunnel opens." --server %[1]s
  grpcurl -plaintext -d '{"seeds":[{"id":"varn-tunnel-1"}]}' %[1]s akin.v1.SimilarityService/RelatedArticles
`, address, web)
	return err
}
