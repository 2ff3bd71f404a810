package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server"
	"github.com/akinserver/akin/server/generation"
	"github.com/akinserver/akin/server/observe"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/local"
)

// adminFlags say whose generations are meant.
type adminFlags struct {
	Server string `help:"Go through the akin server at this address, which was started with --admin, instead of opening --data. An admin key for it is read from AKIN_KEY." placeholder:"HOST:PORT"`
	dialFlags
	storeFlags
}

type reindexCmd struct {
	adminFlags
	embedderFlags
	Batch          int  `help:"Articles written together." default:"64"`
	Sample         int  `help:"Articles whose neighbours are compared before and after; 0 compares none." default:"50"`
	KeepLive       bool `help:"Make the new generation and compare it, and leave the live one where it is. The same command without this makes it live."`
	WithoutRefused bool `help:"Make the new generation live though the embedder does not take some articles: they are missing from it."`
}

// Run has a server do it: a running one, or one of its own within the process.
func (c reindexCmd) Run(ctx context.Context, std streams, parsed *kong.Context) error {
	request := &akinv1.ReindexRequest{
		Settings: settingsOf(parsed), BatchSize: int32(c.Batch), SampleSize: int32(c.Sample), KeepLive: c.KeepLive, WithoutRefused: c.WithoutRefused,
	}
	return c.admin(ctx, std.err, func(client akinv1.GenerationServiceClient) error {
		stream, err := client.Reindex(ctx, request)
		if err != nil {
			return err
		}
		show := eventPrinter{out: std.out, err: std.err, terminal: isTerminal(std.err)}
		defer show.clear()
		for {
			event, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := show.event(event); err != nil {
				return err
			}
		}
	})
}

type generationsCmd struct {
	List generationsListCmd `cmd:"" default:"withargs" help:"List all generations: all vectors made by one embedder."`
	Drop generationsDropCmd `cmd:"" help:"Delete a generation that is not live, with all its vectors."`
}

type generationsListCmd struct{ adminFlags }

func (c generationsListCmd) Run(ctx context.Context, std streams) error {
	return c.admin(ctx, std.err, func(client akinv1.GenerationServiceClient) error {
		answer, err := client.ListGenerations(ctx, &akinv1.ListGenerationsRequest{})
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(std.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(out, "NAME\tLIVE\tARTICLES\tSTATEMENTS\tDIMENSIONS\tEMBEDDER")
		for _, g := range answer.GetGenerations() {
			live := ""
			if g.GetLive() {
				live = "live"
			}
			fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%s\n", g.GetName(), live, g.GetArticles(), g.GetStatements(), g.GetDimensions(), g.GetFingerprint())
		}
		return out.Flush()
	})
}

type generationsDropCmd struct {
	Name string `arg:"" help:"Its name, as akin generations lists it."`
	adminFlags
}

func (c generationsDropCmd) Run(ctx context.Context, std streams) error {
	return c.admin(ctx, std.err, func(client akinv1.GenerationServiceClient) error {
		if _, err := client.DropGeneration(ctx, &akinv1.DropGenerationRequest{Name: c.Name}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(std.out, "generation %s is deleted\n", c.Name)
		return err
	})
}

// admin puts a question to a running server, or to one of its own over a connection within the process: one path for both.
func (f adminFlags) admin(ctx context.Context, w io.Writer, question func(akinv1.GenerationServiceClient) error) (err error) {
	if f.Server != "" {
		conn, err := f.reach(f.Server)
		if err != nil {
			return err
		}
		defer conn.Close()
		return f.told(question(akinv1.NewGenerationServiceClient(conn)))
	}
	b, err := f.openAny(ctx, w)
	if err != nil {
		if errors.Is(err, local.ErrLocked) {
			return fmt.Errorf("%w: if an akin server has it, start that with --admin, and go through it by --server HOST:PORT", err)
		}
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	conn, stop, err := b.connect()
	if err != nil {
		return err
	}
	defer stop()
	return f.told(question(akinv1.NewGenerationServiceClient(conn)))
}

func (f adminFlags) told(err error) error {
	switch {
	case err == nil:
		return nil
	case f.Server != "" && status.Code(err) == codes.Unimplemented:
		return fmt.Errorf("the akin server at %s was started without --admin", f.Server)
	case status.Code(err) == codes.Canceled:
		return context.Canceled
	}
	return readable(f.Server, err)
}

// openAny opens what is stored, whatever embedder made it.
func (f storeFlags) openAny(ctx context.Context, w io.Writer) (*backend, error) {
	if f.Qdrant == "" {
		if _, err := os.Stat(f.Data); err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
	}
	client, closeClient, err := f.connect(ctx, w, nil, nil)
	if err != nil {
		return nil, err
	}
	st, err := store.OpenLive(ctx, client, f.Prefix)
	if err != nil {
		return nil, errors.Join(err, closeClient())
	}
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
	next := &reindexer{store: st, where: f.String(), log: log}
	g := generation.Of(st, embedderOf(st))
	return &backend{
		server: server.New(st, g.Stage, g.Engine, server.Options{Log: log, Next: next.open}),
		close:  func() error { return errors.Join(next.close(), closeClient()) },
	}, nil
}

// embedderOf is the embedder that made the vectors of a store if it is the one that needs no settings; else it stands for one that is not there, which is enough
// where seeds are articles.
func embedderOf(st *store.Store) akin.Embedder {
	if e, err := encoder.NewBuiltin(encoder.BuiltinOptions{Dimensions: st.Dimensions()}); err == nil && embed.Fingerprint(e) == st.Fingerprint() {
		return e
	}
	return absent{st}
}

// absent is an embedder that is not there.
type absent struct{ *store.Store }

func (a absent) Embed(context.Context, akin.Purpose, []string) ([][]float32, error) {
	return nil, fmt.Errorf("%w: %q is not at hand", akin.ErrSetup, a.Fingerprint())
}

// reindexer opens embedders of generations to come, one reindex after another.
type reindexer struct {
	store  *store.Store // of any generation
	where  string
	log    *slog.Logger
	remote bool              // whoever calls is not who started this process
	seen   *observe.Observer // of the server, if there is one

	opened map[*embedding]bool // and not closed
}

// open makes the embedder that settings name, and opens its generation.
func (r *reindexer) open(ctx context.Context, settings map[string]string) (g *generation.Generation, err error) {
	flags, err := r.flags(settings)
	if err != nil {
		return nil, &akin.InvalidError{Field: "settings", Problem: err.Error()}
	}
	e, err := flags.open(ctx, r.log, r.seen)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", akin.ErrEmbedder, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	st, err := r.store.Next(ctx, embed.Fingerprint(e), e.Dimensions())
	if err != nil {
		return nil, err
	}
	e.keepWith(st, r.where)
	if err := e.check(ctx, r.log); err != nil {
		return nil, err
	}
	if r.opened == nil {
		r.opened = map[*embedding]bool{}
	}
	r.opened[e] = true
	g = generation.Of(st, e)
	g.Close = func() error {
		delete(r.opened, e)
		return e.close()
	}
	return g, nil
}

// flags reads settings as the command line would be read. The path of a key is for who started the process to name: the key goes to the address that the settings name.
func (r *reindexer) flags(settings map[string]string) (embedderFlags, error) {
	var flags struct{ embedderFlags }
	parser, err := kong.New(&flags, kong.Name("akin"), kong.DefaultEnvars("AKIN"), kong.NoDefaultHelp())
	if err != nil {
		return embedderFlags{}, err
	}
	var args []string
	for name, value := range settings {
		if r.remote && name == "openai-key-file" {
			return embedderFlags{}, errors.New("--openai-key-file: name it to the server, by AKIN_OPENAI_KEY_FILE")
		}
		args = append(args, "--"+name+"="+value)
	}
	slices.Sort(args)
	_, err = parser.Parse(args)
	return flags.embedderFlags, err
}

func (r *reindexer) close() error {
	var errs []error
	for e := range r.opened {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

// settingsOf are the flags of the embedder that were given.
func settingsOf(parsed *kong.Context) map[string]string {
	var known struct{ embedderFlags }
	parser, err := kong.New(&known, kong.Name("akin"), kong.NoDefaultHelp())
	if err != nil {
		panic(err) // the struct is wrong, whatever the arguments
	}
	settings := map[string]string{}
	for _, flag := range parsed.Flags() {
		if flag.Set && slices.ContainsFunc(parser.Model.Flags, func(f *kong.Flag) bool { return f.Name == flag.Name }) {
			settings[flag.Name] = fmt.Sprint(flag.Target.Interface())
		}
	}
	return settings
}

// eventPrinter shows what a reindex tells.
type eventPrinter struct {
	out, err io.Writer
	terminal bool
	shown    bool // a line stands on the terminal, to be overwritten
	last     time.Time
}

func (p *eventPrinter) clear() {
	if p.shown {
		fmt.Fprint(p.err, clearLine)
		p.shown = false
	}
}

func (p *eventPrinter) event(m *akinv1.ReindexResponse) error {
	if progress := m.GetProgress(); progress != nil {
		p.progress(progress)
		return nil
	}
	p.clear()
	if r := m.GetRefusal(); r != nil {
		fmt.Fprintf(p.err, "refused %s (corpus %s): %s\n", r.GetId(), r.GetCorpus(), r.GetMessage())
	}
	if c := m.GetComparison(); c != nil {
		return printComparison(p.out, c)
	}
	if s := m.GetSwitch(); s != nil {
		_, err := fmt.Fprintf(p.out, "Generation %s is live. %s is kept until akin generations drop %[2]s.\nStart akin with the new embedder from now on.\n", s.GetAfter(), s.GetBefore())
		return err
	}
	return nil
}

// progress shows one line that changes on a terminal, and a line every 10 s elsewhere.
func (p *eventPrinter) progress(m *akinv1.ReindexProgress) {
	every := 10 * time.Second
	if p.terminal {
		every = redraw
	}
	if p.last.IsZero() {
		p.last = time.Now()
	}
	if time.Since(p.last) < every {
		return
	}
	p.last = time.Now()
	line := fmt.Sprintf("pass %d: %d of %d articles", m.GetPass(), m.GetDone(), m.GetAll())
	if !p.terminal {
		fmt.Fprintln(p.err, line)
		return
	}
	p.clear()
	fmt.Fprint(p.err, line)
	p.shown = true
}

func printComparison(w io.Writer, m *akinv1.ReindexComparison) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprint(out, "WHAT CHANGES\tQUERIES\tOVERLAP@10\tRANK CORRELATION")
	for _, b := range m.GetArticles().GetBands() {
		fmt.Fprintf(out, "\t%s", strings.ToUpper(bandName(b.GetBand())))
	}
	fmt.Fprintln(out)
	for _, row := range []struct {
		name string
		d    *akinv1.AnswerDifference
	}{{"related articles", m.GetArticles()}, {"similar statements", m.GetStatements()}} {
		fmt.Fprintf(out, "%s\t%d\t%.2f\t%.2f", row.name, row.d.GetQueries(), row.d.GetOverlap(), row.d.GetCorrelation())
		for _, b := range row.d.GetBands() {
			fmt.Fprintf(out, "\t%d → %d", b.GetBefore(), b.GetAfter())
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}
