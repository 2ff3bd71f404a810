package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder"
)

type embedCmd struct {
	Texts        []string `arg:"" help:"Texts, or - for one a line on standard input." name:"text"`
	Purpose      string   `help:"What the texts are for: to be found, or to find others. Some models embed them differently." enum:"document,query" default:"document"`
	Similarities bool     `help:"Print how similar the texts are to one another, as cosines, instead of their vectors."`
	JSON         bool     `help:"Print one object of JSON a text, or one with all similarities." name:"json"`
	embedderFlags
}

// Of embed.
const (
	embedBatch       = 256     // texts that are read before vectors are printed
	mostSimilarities = 1000    // texts to compare: their table has the square of it
	longestLine      = 4 << 20 // bytes of a text on standard input
)

func (c embedCmd) Run(ctx context.Context, std streams) (err error) {
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	embedder, err := c.open(ctx, log, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, embedder.close()) }()
	if err := embedder.check(ctx, log); err != nil {
		return err
	}
	out := printer{w: std.out, json: c.JSON}
	var kept []embedded
	refused := 0
	err = c.read(std.in, func(texts []string) error {
		list, err := c.embed(ctx, embedder, texts)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Error != "" {
				refused++
				fmt.Fprintf(std.err, "refused %q: %s\n", oneLine(e.Text, 60), e.Error)
			}
		}
		if !c.Similarities {
			return out.vectors(list)
		}
		if kept = append(kept, list...); len(kept) > mostSimilarities {
			return fmt.Errorf("--similarities: more than %d texts", mostSimilarities)
		}
		return nil
	})
	if err == nil && c.Similarities {
		err = out.similarities(kept)
	}
	if err == nil && refused > 0 {
		err = fmt.Errorf("%d texts refused, named above", refused)
	}
	return err
}

// read hands over the texts, some at a time.
func (c embedCmd) read(in io.Reader, use func(texts []string) error) error {
	var batch []string
	add := func(text string) error {
		if batch = append(batch, text); len(batch) < embedBatch {
			return nil
		}
		texts := batch
		batch = nil
		return use(texts)
	}
	for _, text := range c.Texts {
		if text != "-" {
			if err := add(text); err != nil {
				return err
			}
			continue
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			if err := add(lines.Text()); err != nil {
				return err
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return use(batch)
}

// embedded is a text with its vector, or the reason why it has none.
type embedded struct {
	Text   string    `json:"text"`
	Vector []float32 `json:"vector,omitempty"`
	Error  string    `json:"error,omitempty"`
}

func (c embedCmd) embed(ctx context.Context, embedder akin.Embedder, texts []string) ([]embedded, error) {
	purpose := akin.Document
	if c.Purpose == "query" {
		purpose = akin.Query
	}
	vectors, err := embedder.Embed(ctx, purpose, texts)
	errs, some := errors.AsType[akin.TextErrors](err)
	if err != nil && !some {
		return nil, err
	}
	list := make([]embedded, len(texts))
	for i, text := range texts {
		list[i] = embedded{Text: text, Vector: vectors[i]}
	}
	for _, e := range errs {
		list[e.Index].Error = e.Err.Error()
	}
	return list, nil
}

// printer writes vectors for people, or as JSON.
type printer struct {
	w    io.Writer
	json bool
}

// vectors writes a line a text: its numbers, or an object. A text without a vector has an empty line.
func (p printer) vectors(list []embedded) error {
	out := bufio.NewWriter(p.w)
	for _, e := range list {
		if p.json {
			b, err := json.Marshal(e)
			if err != nil {
				return err
			}
			out.Write(b)
		}
		for i, x := range e.Vector {
			if p.json {
				break
			}
			if i > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(strconv.FormatFloat(float64(x), 'g', -1, 32))
		}
		out.WriteByte('\n')
	}
	return out.Flush()
}

// similarities writes all pairs, the most alike first, or the table of all cosines as JSON.
func (p printer) similarities(list []embedded) error {
	texts, table := make([]string, len(list)), make([][]float64, len(list))
	for i, a := range list {
		texts[i] = a.Text
		for _, b := range list {
			table[i] = append(table[i], dot(a.Vector, b.Vector))
		}
	}
	if p.json {
		b, err := json.Marshal(map[string]any{"texts": texts, "similarities": table})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.w, "%s\n", b)
		return err
	}
	type pair struct{ a, b int }
	var pairs []pair
	for a := range texts {
		for b := a + 1; b < len(texts); b++ {
			pairs = append(pairs, pair{a, b})
		}
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return cmp.Compare(table[y.a][y.b], table[x.a][x.b]) })
	out := tabwriter.NewWriter(p.w, 0, 4, 2, ' ', 0)
	for _, x := range pairs {
		fmt.Fprintf(out, "%.4f\t%s\t%s\n", table[x.a][x.b], oneLine(texts[x.a], 50), oneLine(texts[x.b], 50))
	}
	return out.Flush()
}

// dot is the cosine of two vectors of unit length; 0 where one is missing.
func dot(a, b []float32) float64 {
	var sum float64
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

type embeddersCmd struct{}

// Run lists the embedders, and the flags that set them as every other subcommand has them.
func (embeddersCmd) Run(std streams) error {
	var flags struct{ embedderFlags }
	parser, err := kong.New(&flags, kong.DefaultEnvars("AKIN"), kong.NoDefaultHelp())
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(std.out, 0, 4, 2, ' ', 0)
	for _, k := range encoder.Kinds() {
		fmt.Fprintf(out, "%s\t%s\n", k.Name, k.Summary)
	}
	group := ""
	for _, f := range parser.Model.Flags {
		if f.Group.Title != group {
			group = f.Group.Title
			fmt.Fprintf(out, "\n%s\n", group)
		}
		value := f.Default
		if value == "" || f.IsBool() {
			value = "-"
		}
		fmt.Fprintf(out, "  --%s\t%s\t%s\t%s\n", f.Name, strings.Join(f.Envs, ", "), value, f.Help)
	}
	return out.Flush()
}
