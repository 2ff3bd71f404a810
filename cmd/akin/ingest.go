package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/embed/statement"
)

type ingestCmd struct {
	Paths []string `arg:"" help:"Files, folders, or - for standard input: pages as text, JSON Lines, HTML, Atom and RSS feeds, and zip, tar, gzip, bzip2 and WARC files of these. What a file is, and its encoding, are told by its content." name:"path"`
	storeFlags
	embedderFlags
	Corpus string        `help:"Corpus to put the articles into." default:"default"`
	Batch  int           `help:"Articles written together." default:"64"`
	Retry  time.Duration `help:"How long to try again when the store or the embedder stops answering." default:"30s"`
	Watch  bool          `help:"Keep the store in step with the folders named here, as --prune does, until Ctrl-C."`
	Prune  bool          `help:"Remove the articles that were once ingested from the folders named here, and that these no longer hold. Articles of files that cannot be read stay."`

	DryRun                bool    `help:"Read everything, tell what would be done and what it would cost, and store nothing." group:"Dry run"`
	PricePerMillionTokens float64 `help:"Price of a million tokens, to tell what embedding would cost; by default --openai-price." default:"0" group:"Dry run"`
}

func (c ingestCmd) Run(ctx context.Context, std streams) (err error) {
	if err := akin.ValidateCorpus(c.Corpus); err != nil {
		return err
	}
	options := embed.IngestOptions{Corpus: c.Corpus, Batch: c.Batch, Retry: c.Retry}
	if c.Watch && c.DryRun {
		return errors.New("--watch, --dry-run: a watch has no end to tell of")
	}
	if c.Prune && !c.Watch {
		if options.Prune, err = scopes(c.Paths); err != nil {
			return err
		}
	}
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if c.DryRun {
		return c.plan(ctx, std, options, log)
	}
	items := embed.Read(c.Paths, std.in)
	if !c.Watch {
		// Garbage is collected half as often as usual: the embedded store grows all the while, and each time all of it is looked through. That is a fifth of an ingest's processor time
		// saved (BenchmarkIngest), for memory that is given back when it ends.
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(200)
		}
		ahead, stop := embed.ReadAhead(items)
		defer stop()
		items = ahead
	}
	b, err := openBackend(ctx, c.storeFlags, c.embedderFlags, log, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if c.Watch {
		return c.watch(ctx, b, options, std)
	}
	sum, err := ingest(ctx, b.stage, items, options, c.Paths, std.err)
	fmt.Fprintln(std.out, summary(sum))
	if text := bill(akin.ProfileOf(b.embedder)); text != "" {
		fmt.Fprintln(std.out, text)
	}
	if errors.Is(err, embed.ErrNothingRead) {
		return err
	}
	if err != nil {
		return fmt.Errorf("ingest stopped; what was written is kept, run it again to go on: %w", err)
	}
	if sum.Refused > 0 {
		return fmt.Errorf("%d refused, named above", sum.Refused)
	}
	return nil
}

// watch tells of each run that did something.
func (c ingestCmd) watch(ctx context.Context, b *backend, options embed.IngestOptions, std streams) error {
	for _, p := range c.Paths {
		if info, err := os.Stat(p); err != nil || !info.IsDir() {
			return fmt.Errorf("--watch: %s is not a folder", p)
		}
	}
	options.Report = func(item embed.Item, result embed.Result, _ embed.Summary) {
		if result.Outcome == embed.Refused && !errors.Is(result.Err, embed.ErrSkipped) {
			fmt.Fprintln(std.err, "refused", refusal(item, result.Err))
		}
	}
	return b.stage.Watch(ctx, c.Paths, embed.WatchOptions{IngestOptions: options, Ran: func(sum embed.Summary, err error) {
		fmt.Fprintln(std.out, summary(sum))
		if err != nil {
			fmt.Fprintf(std.err, "%v\n", err)
		}
	}})
}

// scopes are the folders among paths, and what is missing: it may have been one.
func scopes(paths []string) ([]embed.Scope, error) {
	var list []embed.Scope
	for _, p := range paths {
		if p == embed.Stdin {
			continue
		}
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			continue
		}
		folder, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		list = append(list, embed.Scope{Folder: folder})
	}
	if list == nil {
		return nil, errors.New("--prune: no folder is named: what else was ingested is never removed")
	}
	return list, nil
}

func summary(sum embed.Summary) string {
	text := fmt.Sprintf("%d written, %d unchanged, %d refused", sum.Written, sum.Unchanged, sum.Refused)
	if sum.Removed > 0 {
		text += fmt.Sprintf(", %d removed", sum.Removed)
	}
	if sum.Skipped > 0 {
		text += fmt.Sprintf(", %d files of other kinds skipped", sum.Skipped)
	}
	return text
}

// ingest tells on w how far it is, and what is refused.
func ingest(
	ctx context.Context, stage *embed.Stage, items func(func(embed.Item) bool), opts embed.IngestOptions, paths []string, w io.Writer,
) (embed.Summary, error) {
	total, _ := embed.Size(paths)
	p := newProgress(w, total)
	defer p.stop()
	opts.Report = func(item embed.Item, result embed.Result, sum embed.Summary) {
		p.update(sum)
		if result.Outcome == embed.Refused && !errors.Is(result.Err, embed.ErrSkipped) {
			p.print("refused " + refusal(item, result.Err))
		}
	}
	return stage.Ingest(ctx, items, opts)
}

func refusal(item embed.Item, err error) string {
	if id := item.Article.ID; id != "" && item.Err == nil {
		return fmt.Sprintf("%s (%s): %v", item.Where, id, err)
	}
	return fmt.Sprintf("%s: %v", item.Where, err)
}

// progress shows one line that changes on a terminal, and a line every 10 s elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	total    int64 // bytes; 0 when not known
	began    time.Time

	mu    sync.Mutex
	sum   embed.Summary
	shown bool // a line stands on the terminal, to be overwritten

	done    chan struct{}
	stopped chan struct{}
}

func newProgress(w io.Writer, total int64) *progress {
	p := &progress{
		w: w, terminal: isTerminal(w), total: total, began: time.Now(),
		done: make(chan struct{}), stopped: make(chan struct{}),
	}
	every := 10 * time.Second
	if p.terminal {
		every = redraw
	}
	go func() {
		defer close(p.stopped)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.show()
			case <-p.done:
				return
			}
		}
	}()
	return p
}

func (p *progress) update(sum embed.Summary) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum = sum
}

// print puts a line of its own above the progress.
func (p *progress) print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.w, line)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, clearLine)
		p.shown = false
	}
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := progressLine(p.sum, p.total, time.Since(p.began))
	if !p.terminal {
		fmt.Fprintln(p.w, line)
		return
	}
	p.clear()
	fmt.Fprint(p.w, line)
	p.shown = true
}

func (p *progress) stop() {
	close(p.done)
	<-p.stopped
	p.clear()
}

// progressLine tells the time left where the size of the input is known.
func progressLine(sum embed.Summary, total int64, took time.Duration) string {
	n := sum.Written + sum.Unchanged + sum.Refused
	line := fmt.Sprintf("%s, %.0f articles/s", summary(sum), float64(n)/max(took.Seconds(), 1e-3))
	if total > 0 && sum.Bytes > 0 && n > 0 {
		left := time.Duration(float64(took) * float64(max(total-sum.Bytes, 0)) / float64(sum.Bytes))
		line += fmt.Sprintf(", %d %% read, %s left", min(100, 100*sum.Bytes/total), left.Round(time.Second))
	}
	return line
}

type readCmd struct {
	Paths []string `arg:"" help:"Files, folders, or - for standard input: pages as text, JSON Lines, HTML, Atom and RSS feeds, and zip, tar, gzip, bzip2 and WARC files of these. What a file is, and its encoding, are told by its content." name:"path"`
}

func (c readCmd) Run(ctx context.Context, std streams) error {
	refused := 0
	for item := range embed.Read(c.Paths, std.in) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(item.Err, embed.ErrSkipped) {
			continue
		}
		if item.Err != nil {
			refused++
			fmt.Fprintf(std.err, "refused %s: %v\n", item.Where, item.Err)
			continue
		}
		article := item.Article
		if len(article.Statements) == 0 {
			article.Statements = statement.Split(article)
		}
		article.Place()
		line, err := page.JSON(article)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(std.out, "%s\n", line); err != nil {
			return err
		}
	}
	if refused > 0 {
		return fmt.Errorf("%d refused, named above", refused)
	}
	return nil
}
