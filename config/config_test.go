package config

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

type grammar struct {
	Config string
	Serve  struct {
		Listen  string         `default:"127.0.0.1:1"`
		Drain   time.Duration  `default:"10s"`
		Level   slog.Level     `default:"info"`
		Trusted []netip.Prefix `default:"127.0.0.0/8"`
		URL     string         `name:"url"`
		Keep    bool
		Weight  *float64
	} `cmd:""`
	Ask struct {
		Listen string `default:"nowhere"`
		Limit  int    `default:"7"`
	} `cmd:""`
}

// parse reads a command line with a file of settings.
func parse(t *testing.T, content string, args ...string) (g grammar, printed string, err error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "akin.yaml")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Read(name)
	if err != nil {
		return g, "", err
	}
	parser, err := kong.New(&g, kong.Name("akin"), kong.DefaultEnvars("AKINTEST"), kong.Resolvers(file))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return g, "", err
	}
	var out strings.Builder
	if err := file.Print(&out, parsed, []string{"AKINTEST_SECRET"}); err != nil {
		t.Fatal(err)
	}
	return g, strings.ReplaceAll(out.String(), name, "FILE"), nil
}

const all = `
listen: 127.0.0.1:2   # of all commands that listen
drain: 20s
serve:
  listen: 127.0.0.1:3
  level: warn
  trusted: [10.0.0.0/8, "::1/128"]
  url: https://user:hidden@example.org/v1
ask: {limit: 9}
`

func TestFlagsThenVariablesThenFile(t *testing.T) {
	t.Setenv("AKINTEST_DRAIN", "30s")
	t.Setenv("AKINTEST_SECRET", "hidden")
	g, printed, err := parse(t, all, "serve", "--level=error")
	if err != nil {
		t.Fatal(err)
	}
	if s := g.Serve; s.Listen != "127.0.0.1:3" || s.Drain != 30*time.Second || s.Level != slog.LevelError || len(s.Trusted) != 2 || s.Keep {
		t.Errorf("got %+v", s)
	}
	const want = `# akin serve
drain: 30s # AKINTEST_DRAIN
keep: false # default
level: ERROR # flag
listen: 127.0.0.1:3 # FILE:5
trusted: [10.0.0.0/8, '::1/128'] # FILE:7
url: https://user:xxxxx@example.org/v1 # FILE:8
weight: null # default

# AKINTEST_SECRET: set, and not shown
`
	if printed != want {
		t.Errorf("printed\n%s\nwant\n%s", printed, want)
	}
	if g, _, err = parse(t, all, "ask"); err != nil || g.Ask.Listen != "127.0.0.1:2" || g.Ask.Limit != 9 {
		t.Errorf("another command got %+v, %v", g.Ask, err)
	}
}

// TestPrintedIsRead takes what was printed for a file.
func TestPrintedIsRead(t *testing.T) {
	_, printed, err := parse(t, "trusted: [10.0.0.0/8, 11.0.0.0/8]\nkeep: true", "serve")
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := parse(t, printed, "serve")
	if err != nil || len(g.Serve.Trusted) != 2 || !g.Serve.Keep || g.Serve.Weight != nil || g.Serve.Drain != 10*time.Second {
		t.Errorf("got %+v, %v", g.Serve, err)
	}
}

func TestJSONIsYAML(t *testing.T) {
	g, _, err := parse(t, `{"drain": "5s", "serve": {"keep": true, "weight": 0.5}}`, "serve")
	if err != nil || g.Serve.Drain != 5*time.Second || !g.Serve.Keep || g.Serve.Weight == nil || *g.Serve.Weight != .5 {
		t.Errorf("got %+v, %v", g.Serve, err)
	}
}

func TestEmptyFile(t *testing.T) {
	for _, content := range []string{"", "# nothing\n"} {
		if g, _, err := parse(t, content, "serve"); err != nil || g.Serve.Drain != 10*time.Second {
			t.Errorf("%q: %+v, %v", content, g.Serve, err)
		}
	}
}

func TestErrorsNameTheKeyAndItsLine(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"a setting that no command has", "drain: 1s\nlistne: a", `akin.yaml:2: "listne" is no setting of akin`},
		{"a setting of another command", "serve:\n  limit: 3", `akin.yaml:2: "limit" is no setting of akin serve`},
		{"a command that is none", "sevre: {drain: 1s}", `akin.yaml:1: "sevre" is neither a command`},
		{"another spelling", "serve: {Drain: 1s}", `it is spelt "drain"`},
		{"a value that is none", "drain: soon", `akin.yaml:1: drain: expected duration`},
		{"a list where one value is wanted", "serve: {weight: [1, 2]}", `akin.yaml:1: weight: `},
		{"a mapping within a list", "trusted: [{a: b}]", `akin.yaml:1: a list is of plain values`},
		{"a mapping within a command", "serve: {listen: {a: b}}", `akin.yaml:1: a setting is a plain value`},
		{"a key twice", "drain: 1s\ndrain: 2s", `akin.yaml:2: "drain" is there twice`},
		{"a key twice within a command", "serve: {keep: true, keep: false}", `"keep" is there twice`},
		{"a list of settings", "- drain", "settings are lines of NAME: VALUE"},
		{"no YAML", "drain: [", "akin.yaml: yaml: "},
		{"a second document", "drain: 1s\n---\ndrain: 2s", "something after the settings"},
		{"a file that names a file", "config: other.yaml", `"config" is no setting`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := parse(t, test.content, "serve")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "none.yaml")); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

// FuzzRead holds that no file makes it panic.
func FuzzRead(f *testing.F) {
	for _, content := range []string{all, "", "- a", "a: [", "&a [*a]", "? {a: b}\n: c", "a: &x {b: *x}", "<<: {a: b}"} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) { _, _, _ = parse(t, content, "serve") })
}
