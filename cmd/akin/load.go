package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/akinserver/akin/embed"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/load"
	"github.com/akinserver/akin/server/wire"
)

type loadCmd struct {
	Target   string `help:"Server to ask: HOST:PORT of gRPC, or http://HOST:PORT of HTTP. Its key is read from AKIN_KEY." required:"" placeholder:"ADDRESS"`
	Articles string `help:"gRPC address at which the articles to ask about are listed; by default the target, if that is one." placeholder:"HOST:PORT"`
	dialFlags
	Corpus   string        `help:"Corpus to ask." default:"default"`
	Rate     float64       `help:"Questions a second." default:"200"`
	Duration time.Duration `help:"How long to ask." default:"1m"`
	Repeat   float64       `help:"Share of the questions that ask about one of the popular articles; the others go through all." default:"0.8"`
	Popular  int           `help:"Articles that are popular." default:"1000"`
	IDs      int           `help:"Articles to ask about, at most." default:"100000" name:"ids"`
	Limit    int           `help:"Matches to ask for." default:"10"`
	Timeout  time.Duration `help:"How long an answer may take." default:"10s"`
	Every    time.Duration `help:"Print a row each time." default:"10s"`
	Seed     uint64        `help:"Of all that is drawn by chance." default:"1"`
	Put      string        `help:"Put the articles of this file meanwhile, through the gRPC address." placeholder:"FILE"`
	PutRate  int           `help:"Articles to put a second." default:"20"`
}

func (c loadCmd) Run(ctx context.Context, std streams) error {
	overHTTP := strings.Contains(c.Target, "://")
	if c.PutRate < 1 {
		return fmt.Errorf("--put-rate %d: one a second at least", c.PutRate)
	}
	if c.Articles == "" {
		if overHTTP {
			return fmt.Errorf("--articles: name the gRPC address of %s: what there is to ask about is listed there", c.Target)
		}
		c.Articles = c.Target
	}
	conn, err := c.reach(c.Articles)
	if err != nil {
		return err
	}
	defer conn.Close()
	ids, err := load.IDs(ctx, conn, c.Corpus, c.IDs)
	if err != nil {
		return readable(c.Articles, err)
	}
	ask := load.GRPC(conn, c.Corpus, c.Limit)
	if overHTTP {
		if ask, err = load.HTTP(c.Target, os.Getenv("AKIN_KEY"), c.Corpus, c.Limit); err != nil {
			return fmt.Errorf("--target: %w", err)
		}
	} else if c.Target != c.Articles {
		asked, err := c.reach(c.Target)
		if err != nil {
			return err
		}
		defer asked.Close()
		ask = load.GRPC(asked, c.Corpus, c.Limit)
	}
	fmt.Fprintf(std.out, "%g questions a second for %s, about %d articles; latencies in ms, from the moment each question was intended for.\n\n", c.Rate, c.Duration, len(ids))
	if err := load.PrintHead(std.out); err != nil {
		return err
	}
	finishPuts := c.put(ctx, conn)
	result, err := load.Run(ctx, ids, ask, load.Options{
		Rate: c.Rate, Duration: c.Duration, Repeat: c.Repeat, Popular: c.Popular, Timeout: c.Timeout, Every: c.Every, Seed: c.Seed,
		Report: func(w load.Window) { _ = w.Print(std.out) }, // the table at the end tells of an error
	})
	if err != nil {
		return err
	}
	puts, failed := finishPuts()
	fmt.Fprintln(std.out)
	if err := result.Print(std.out); err != nil {
		return err
	}
	if c.Put == "" {
		return nil
	}
	fmt.Fprintf(std.out, "\n%d articles put and acknowledged, %d refused, sent again %d times; at most %d ms until %d were acknowledged\n", puts.Acknowledged, puts.Refused, puts.Again, puts.Longest.Milliseconds(), c.PutRate)
	return failed
}

// put begins to put the articles of c.Put; what it returns waits for the last of them and says what became of all.
func (c loadCmd) put(ctx context.Context, conn *grpc.ClientConn) (finish func() (load.Puts, error)) {
	if c.Put == "" {
		return func() (load.Puts, error) { return load.Puts{}, nil }
	}
	var puts load.Puts
	var err error
	done := make(chan struct{})
	until := time.Now().Add(c.Duration)
	go func() {
		defer close(done)
		items, stop := iter.Pull(embed.Read([]string{c.Put}, nil))
		defer stop()
		puts, err = load.Put(ctx, conn, c.Corpus, c.PutRate, func() (*akinv1.Article, error) {
			if !time.Now().Before(until) {
				return nil, nil
			}
			item, more := items()
			if !more {
				return nil, nil
			}
			return wire.Article(&item.Article), item.Err
		})
	}()
	return func() (load.Puts, error) {
		<-done
		return puts, err
	}
}
