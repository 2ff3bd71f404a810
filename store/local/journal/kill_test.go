package journal

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// writerFolder tells a run of the test binary to write into a folder until it is killed.
const writerFolder = "JOURNAL_TEST_WRITER_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerFolder); dir != "" {
		fmt.Println(write(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	killKeys      = 20
	shortestValue = 10 // long enough to hold the whole number of a commit
)

// write makes commit after commit, each of which puts its number under every key, and prints those that are stored.
func write(dir string) error {
	k, n, err := resume(dir)
	if err != nil {
		return err
	}
	for n++; ; n++ {
		batch := []Mutation{drop(1)}
		for i := range killKeys {
			batch = append(batch, put(1, fmt.Sprint(i), long(n, shortestValue+rand.IntN(3000))))
		}
		if err := k.commit(batch...); err != nil {
			return err
		}
		fmt.Println(n)
		if _, err := k.step(); err != nil {
			return err
		}
	}
}

// resume opens a folder, and returns the number of the commit that it holds.
func resume(dir string) (k *keeper, n int, err error) {
	j, err := Open(dir, Options{FileBytes: 1 << 18, StepBytes: 1 << 14})
	if err != nil {
		return nil, 0, err
	}
	if k, err = keep(j); err != nil {
		return nil, 0, err
	}
	values := k.values()
	if _, err := fmt.Sscan(values[place{1, "0"}], &n); err != nil || len(values) != killKeys {
		if len(values) == 0 {
			return k, 0, nil
		}
		return nil, 0, fmt.Errorf("%d of %d keys are there, the first holds %.20q", len(values), killKeys, values[place{1, "0"}])
	}
	for p, value := range values {
		if value != long(n, len(value)) {
			return nil, 0, fmt.Errorf("key %s holds %.20q, another %d", p.key, value, n)
		}
	}
	return k, n, nil
}

// TestKill kills a process while it commits and compacts: what it said is stored, is stored, and nothing is half there.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 6 {
		last := killed(t, dir, 1+rand.IntN(120))
		if report, err := Check(dir); err != nil || report.Damage != nil {
			t.Fatalf("round %d: %+v, %v", round, report, err)
		}
		k, n, err := resume(dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if n != last && n != last+1 {
			t.Errorf("round %d: commit %d was the last to be acknowledged, and %d is there", round, last, n)
		}
		must(t, k.Close())
	}
}

// killed runs the writer, kills it after so many acknowledgements, and returns the last of them.
func killed(t *testing.T, dir string, after int) (last int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerFolder+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	seen := 0
	for ; lines.Scan(); seen++ {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Fatalf("the writer says: %s", lines.Text())
		}
		if seen == after {
			must(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil || seen < after {
		t.Fatalf("the writer ended by itself after %d commits: %v", seen, err)
	}
	return last
}
