// Command akin finds related articles and similar statements.
// Every subcommand joins packages of this module, and decides nothing by itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

type cli struct {
	Demo        demoCmd        `cmd:"" help:"Serve the sample corpus from memory, and show both kinds of answer."`
	Serve       serveCmd       `cmd:"" help:"Answer gRPC calls, and HTTP, over the stored articles."`
	Gateway     gatewayCmd     `cmd:"" help:"Answer HTTP by asking an akin server elsewhere."`
	Ingest      ingestCmd      `cmd:"" help:"Put the articles of files, folders or standard input into the store."`
	Read        readCmd        `cmd:"" help:"Print what was understood of pages, as one JSON article a line. Stores nothing."`
	Related     relatedCmd     `cmd:"" help:"Find the articles that are related to an article or a text."`
	Similar     similarCmd     `cmd:"" help:"Find statements that say something like a text or a statement."`
	Embed       embedCmd       `cmd:"" help:"Print the vectors of texts, or how similar they are."`
	Embedders   embeddersCmd   `cmd:"" help:"List what can turn texts into vectors, with all settings."`
	Eval        evalCmd        `cmd:"" help:"Measure answers against people's judgements of a set of documents."`
	Bench       benchCmd       `cmd:"" help:"Measure how long answers take."`
	Reindex     reindexCmd     `cmd:"" help:"Embed all stored articles anew by another embedder, and make its vectors the live ones."`
	Generations generationsCmd `cmd:"" help:"List the generations, or delete one."`
	Keys        keysCmd        `cmd:"" help:"Make, list, revoke and rotate the keys that a server's callers need."`
	Qdrant      qdrantCmd      `cmd:"" help:"Serve the embedded store to any Qdrant client."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// streams are where a subcommand reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	// The first signal asks to stop, and what is under way is finished; the second ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // or something was refused
	exitUsage  = 2
)

func run(ctx context.Context, args []string, std streams) (code int) {
	var c cli
	exited := -1
	parser, err := kong.New(
		&c,
		kong.Name("akin"),
		kong.Description("akin finds related articles and similar statements in archives of news and speeches.\n\n"+
			"Every flag can also be set by an environment variable, named in brackets. Secrets are read from the environment alone."),
		kong.DefaultEnvars("AKIN"),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		panic(err) // the struct above is wrong, whatever the arguments
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(std.err, "akin: %v\n", err)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			fmt.Fprintln(std.err, "akin: interrupted")
			return exitFailed
		}
		fmt.Fprintf(std.err, "akin: %v\n", err)
		return exitFailed
	}
	return exitOK
}

type versionCmd struct{}

func (versionCmd) Run(std streams) error {
	_, err := fmt.Fprintln(std.out, "akin", version())
	return err
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	out := info.Main.Version
	if out == "" {
		out = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			out += " " + s.Value
		}
	}
	return out + " " + info.GoVersion
}
