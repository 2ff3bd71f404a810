package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/akinserver/akin/server/access/tlstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"akin": main})
}

// TestScripts runs the stories in testdata: what a user types, and what comes back.
func TestScripts(t *testing.T) {
	news, err := filepath.Abs("../../testdata/news")
	if err != nil {
		t.Fatal(err)
	}
	formats, err := filepath.Abs("../../testdata/formats")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("NEWS", news)
			env.Setenv("FORMATS", formats)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// await FILE TEXT waits until a background command has written the text.
			"await": func(ts *testscript.TestScript, neg bool, args []string) { await(ts, args[0], args[1]) },
			// listening FILE TEXT NAME waits as await does, and sets a variable to the address that the line names, as this machine reaches it: tests listen on free ports.
			"listening": func(ts *testscript.TestScript, neg bool, args []string) {
				_, port, err := net.SplitHostPort(regexp.MustCompile(`address="?([^ "]+)`).FindStringSubmatch(await(ts, args[0], args[1]))[1])
				ts.Check(err)
				ts.Setenv(args[2], net.JoinHostPort("127.0.0.1", port))
			},
			// certify NAME writes NAME-ca.pem, and a certificate that it has signed: NAME.pem and NAME.key.
			"certify": func(ts *testscript.TestScript, neg bool, args []string) {
				authority, err := tlstest.NewAuthority(args[0])
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[0]+"-ca.pem"), authority.PEM(), 0o600))
				ts.Check(authority.WriteLeaf(args[0], ts.MkAbs(args[0]+".pem"), ts.MkAbs(args[0]+".key")))
			},
			// get URL FILE writes what is answered there; whether that is no error, its status tells.
			"get": func(ts *testscript.TestScript, neg bool, args []string) {
				answer, err := http.Get(args[0])
				ts.Check(err)
				defer answer.Body.Close()
				body, err := io.ReadAll(answer.Body)
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o644))
				if neg == (answer.StatusCode < 400) {
					ts.Fatalf("GET %s: %s\n%s", args[0], answer.Status, body)
				}
			},
			// repeat TEXT N FILE writes a file of n times the text.
			"repeat": func(ts *testscript.TestScript, neg bool, args []string) {
				var n int
				_, err := fmt.Sscan(args[1], &n)
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), bytes.Repeat([]byte(args[0]), n), 0o644))
			},
		},
	})
}

// await returns the line of a file that has a text, which a background command is to write.
func await(ts *testscript.TestScript, file, text string) string {
	for range 600 {
		b, _ := os.ReadFile(ts.MkAbs(file))
		for line := range strings.Lines(string(b)) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s never said %q", file, text)
	return ""
}

// TestKilledIngest kills an ingest again and again, and then lets it finish: every article is there, once.
func TestKilledIngest(t *testing.T) {
	dir := t.TempDir()
	const n = 600
	var lines bytes.Buffer
	for i := range n {
		fmt.Fprintf(&lines, `{"id":"a%d","title":"Title %d","paragraphs":[{"text":"Captain Rood said ferry %d is safe."},{"text":"It was built in the year %d."}]}`+"\n", i, i, i, i)
	}
	file, data := filepath.Join(dir, "news.jsonl"), filepath.Join(dir, "data")
	if err := os.WriteFile(file, lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	ingest := func() *exec.Cmd { return exec.Command("akin", "ingest", file, "--data", data, "--batch", "8") }
	random := rand.New(rand.NewPCG(1, 2))
	killed := 0
	for range 5 {
		cmd := ingest()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+random.IntN(200)) * time.Millisecond) // the moment of the kill, not a wait for something
		_ = cmd.Process.Kill()
		var exit *exec.ExitError
		if errors.As(cmd.Wait(), &exit) && !exit.Exited() {
			killed++
		}
	}
	if killed == 0 {
		t.Error("no ingest was killed before its end")
	}
	out, err := ingest().CombinedOutput()
	if err != nil || !strings.Contains(string(out), "0 refused") {
		t.Fatalf("the last ingest: %v\n%s", err, out)
	}
	out, err = ingest().CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("0 written, %d unchanged, 0 refused", n)) {
		t.Fatalf("once more: %v\n%s", err, out)
	}
	out, err = exec.Command("akin", "similar", "ferry 77 is safe.", "--data", data, "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Matches []struct {
			Statement struct{ ID, Text string }
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range answer.Matches {
		if seen[m.Statement.Text] {
			t.Errorf("%q is there twice", m.Statement.Text)
		}
		seen[m.Statement.Text] = true
	}
	if len(answer.Matches) == 0 || answer.Matches[0].Statement.ID != "a77#1" {
		t.Errorf("got %+v, want a77#1 first", answer.Matches)
	}
}
