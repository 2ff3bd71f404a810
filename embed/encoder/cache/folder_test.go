package cache

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/akinserver/akin"
)

func numbered(from, to int) []string {
	var texts []string
	for i := from; i < to; i++ {
		texts = append(texts, fmt.Sprintf("t%05d", i))
	}
	return texts
}

// segmentsOf lists the segments in a folder, the oldest first.
func segmentsOf(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int { return modified(t, a).Compare(modified(t, b)) })
	return files
}

func modified(t testing.TB, file string) time.Time {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// Whatever happens to the bytes of a segment, a vector is the right one or is embedded again.
func TestDamage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		texts := numbered(0, rapid.IntRange(1, 40).Draw(rt, "texts"))
		m := &model{}
		small := Options{Size: MinSize}
		embed(t, open(t, dir, m, small), akin.Document, texts...)
		file := segmentsOf(t, dir)[0]
		b, err := os.ReadFile(file)
		if err != nil {
			rt.Fatal(err)
		}
		l, err := readLayout(strings.NewReader(string(b)), dimensions)
		if err != nil {
			rt.Fatal(err)
		}
		// Mostly where something stands, rather than among the keys to come.
		starts := []int{0, int(l.keyAt(0)), int(l.recordAt(0)), 0}
		lengths := []int{headerSize, len(texts) * keySize, len(texts) * l.record(), len(b)}
		area := rapid.IntRange(0, 3).Draw(rt, "area")
		at := starts[area] + rapid.IntRange(0, lengths[area]-1).Draw(rt, "at")
		switch rapid.SampledFrom([]string{"flip", "cut", "zero", "swap"}).Draw(rt, "damage") {
		case "flip":
			b[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(rt, "bit"))
		case "cut":
			b = b[:at]
		case "zero":
			clear(b[at:min(len(b), at+rapid.IntRange(1, 4096).Draw(rt, "length"))])
		case "swap": // one key for another
			copy(b[l.keyAt(0):], b[l.keyAt(len(texts)-1):l.keyAt(len(texts))])
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			rt.Fatal(err)
		}
		again := open(t, dir, m, small)
		for range 2 {
			embed(t, again, akin.Document, texts...)
		}
		m.take()
		embed(t, open(t, dir, m, small), akin.Document, texts...)
		if asked := m.take(); asked != "" {
			rt.Errorf("after the damage was made good, %q were embedded", asked)
		}
	})
}

func FuzzSegment(f *testing.F) {
	l := layout{dimensions, 4}
	f.Add(l.header())
	f.Add(append(l.header(), make([]byte, 300)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		m := &model{}
		c := open(t, dir, m, Options{})
		if err := os.WriteFile(filepath.Join(c.Dir(), "x"+suffix), b, 0o600); err != nil {
			t.Fatal(err)
		}
		embed(t, c, akin.Document, "a", "b", "c", "d", "e", "f")
		embed(t, open(t, dir, m, Options{}), akin.Document, "a", "b", "c", "d", "e", "f")
	})
}

func TestEvictsTheOldest(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	long := wide{m, 4096} // so that few texts fill a segment
	old := open(t, dir, wide{&model{fingerprint: "old"}, 4096}, Options{Size: MinSize})
	ask := func(c *Cache, texts []string) string {
		t.Helper()
		m.take()
		if _, err := c.Embed(t.Context(), akin.Document, texts); err != nil {
			t.Fatal(err)
		}
		return m.take()
	}
	ask(old, numbered(0, 10))
	old.Close()
	c := open(t, dir, long, Options{Size: MinSize})
	perSegment := c.folder.layout().slots
	n := 0
	for n < 80*perSegment { // about 64 segments find room
		ask(c, numbered(n, n+perSegment))
		n += perSegment
		at := time.Now().Add(time.Duration(n) * time.Second) // a file system may not tell two writes apart
		if err := os.Chtimes(filepath.Join(c.Dir(), c.folder.own.name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, total := segmentFiles(dir); total > MinSize {
		t.Errorf("%d bytes are in use, at most %d may be", total, MinSize)
	}
	if asked := ask(c, numbered(n-50*perSegment, n)); asked != "" {
		t.Errorf("%d texts of the last segments were embedded again", len(strings.Fields(asked)))
	}
	if asked := ask(c, numbered(0, perSegment)); len(strings.Fields(asked)) != perSegment {
		t.Errorf("of the first texts, %q were embedded again, want all", asked)
	}
	if left, err := filepath.Glob(filepath.Join(old.Dir(), "*"+suffix)); err != nil || len(left) > 0 {
		t.Errorf("the other embedder's vectors, the oldest of all, are still there: %v, %v", left, err)
	}
}

// Runs one after another fill one segment, rather than leaving one each.
func TestRunsShareSegments(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	for i := range 20 {
		c := open(t, dir, m, Options{})
		embed(t, c, akin.Document, numbered(0, i+1)...)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if asked := m.take(); len(strings.Fields(asked)) != 20 {
		t.Errorf("asked for %q, want each once", asked)
	}
	if files := segmentsOf(t, dir); len(files) != 1 {
		t.Errorf("%d segments", len(files))
	}
}

func TestManyAtOnce(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	var group sync.WaitGroup
	for range 4 {
		c := open(t, dir, m, Options{Size: MinSize})
		for range 3 {
			group.Go(func() {
				for range 20 {
					from := rand.IntN(1000)
					embed(t, c, akin.Document, numbered(from, from+rand.IntN(200))...)
				}
			})
		}
	}
	group.Wait()
	m.take()
	c := open(t, dir, m, Options{Size: MinSize})
	embed(t, c, akin.Document, numbered(0, 1200)...)
	m.take()
	embed(t, c, akin.Document, numbered(0, 1200)...)
	if asked := m.take(); asked != "" {
		t.Errorf("asked for %q again", asked)
	}
}

func TestFolderThatIsCleared(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	c := open(t, dir, m, Options{})
	embed(t, c, akin.Document, "a")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	embed(t, c, akin.Document, "b")
	m.take()
	embed(t, open(t, dir, m, Options{}), akin.Document, "b")
	if got := m.take(); got != "" {
		t.Errorf("asked for %q, though it came after the clearing", got)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, &model{}, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a folder: error %v, want one that names it", err)
	}
	dir, m := t.TempDir(), &model{}
	var told bytes.Buffer
	c := open(t, dir, m, Options{Log: slog.New(slog.NewTextHandler(&told, nil))})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // root may write into any folder, but not into a file
		t.Fatal(err)
	}
	for range 2 {
		embed(t, c, akin.Document, "a", "b")
	}
	if got := m.take(); got != "a a b b" {
		t.Errorf("asked for %q, want everything twice", got)
	}
	if n := strings.Count(told.String(), "does not work"); n != 1 || !strings.Contains(told.String(), dir) {
		t.Errorf("told %d times: %s", n, told.String())
	}
}

// writerFolder tells a run of the test binary to write into a folder until it is killed.
const writerFolder = "CACHE_TEST_WRITER_FOLDER"

// writeForEver prints each text once its vector has been returned.
func writeForEver(dir string) {
	c, err := Open(dir, &model{}, Options{})
	for err == nil {
		text := fmt.Sprint(rand.IntN(20_000))
		var v [][]float32
		if v, err = c.Embed(context.Background(), akin.Document, []string{text}); err == nil && !slices.Equal(v[0], vectorOf(text)) {
			err = fmt.Errorf("a wrong vector of %q", text)
		}
		if err == nil {
			fmt.Println(text)
		}
	}
	fmt.Println("error:", err)
	os.Exit(1)
}

// TestKill kills two processes that write at once, again and again: what they returned is there, and what is there is right.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	returned := map[string]bool{}
	for range 5 {
		var group sync.WaitGroup
		var mu sync.Mutex
		for range 2 {
			lines := 100 + rand.IntN(1500)
			group.Go(func() {
				for _, text := range killedAfter(t, dir, lines) {
					mu.Lock()
					returned[text] = true
					mu.Unlock()
				}
			})
		}
		group.Wait()
	}
	m := &model{}
	c := open(t, dir, m, Options{})
	for text := range returned {
		embed(t, c, akin.Document, text)
	}
	if asked := m.take(); asked != "" || len(returned) < 500 {
		t.Errorf("of %d texts whose vectors were returned, %q were embedded again", len(returned), asked)
	}
	if files := segmentsOf(t, dir); len(files) > 2 {
		t.Errorf("%d segments of two processes at a time", len(files))
	}
}

func killedAfter(t *testing.T, dir string, lines int) []string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerFolder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	var texts []string
	for s := bufio.NewScanner(out); len(texts) < lines && s.Scan(); {
		if strings.HasPrefix(s.Text(), "error") {
			t.Error(s.Text())
		}
		texts = append(texts, s.Text())
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return texts
}
