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
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/akinserver/akin/config"
)

type cli struct {
	Config      string `help:"File of settings: NAME: VALUE with the names of flags, as YAML or JSON. Flags and variables go before it." placeholder:"FILE"`
	PrintConfig bool   `help:"Print all settings of the command, and where each comes from, and do nothing."`

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
	Health      healthCmd      `cmd:"" help:"Ask a server whether it can answer questions; exit with 1 if not. Made for containers."`
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
	var file *config.File
	parser, err := kong.New(
		&c,
		kong.Name("akin"),
		kong.Description("akin finds related articles and similar statements in archives of news and speeches.\n\n"+
			"Every flag can also be set by an environment variable, named in brackets, or in a file (--config). Secrets are read from the environment alone."),
		kong.DefaultEnvars("AKIN"),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exited = code }),
		kong.WithBeforeResolve(func(parsed *kong.Context) (err error) {
			file, err = readConfig(parsed)
			return err
		}),
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
	work := func() error { return parsed.Run() }
	if c.PrintConfig {
		work = func() error { return file.Print(std.out, parsed, secrets) }
	}
	if err := work(); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			fmt.Fprintln(std.err, "akin: interrupted")
			return exitFailed
		}
		fmt.Fprintf(std.err, "akin: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// secrets are the variables that no file and no flag can take the place of.
var secrets = []string{"AKIN_KEY", "AKIN_QDRANT_API_KEY", "OPENAI_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS", "QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__READ_ONLY_API_KEY"}

// readConfig reads the file of settings that --config or AKIN_CONFIG names, and has kong take from it what nothing else sets. It is nil where none is named.
func readConfig(parsed *kong.Context) (*config.File, error) {
	at := slices.IndexFunc(parsed.Model.Flags, func(f *kong.Flag) bool { return f.Name == "config" })
	name, _ := parsed.FlagValue(parsed.Model.Flags[at]).(string)
	if name == "" {
		return nil, nil
	}
	file, err := config.Read(name)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	parsed.AddResolver(file)
	return file, nil
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
