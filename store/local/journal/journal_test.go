package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// places are where a journal can lie.
func places(t *testing.T, test func(t *testing.T, dir string)) {
	t.Run("folder", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "a", "b")) })
	t.Run("heap", func(t *testing.T) { test(t, "") })
}

// TestCommit writes, reads, and reads again after a reopen.
func TestCommit(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		k := opened(t, dir, Options{})
		must(t, k.commit(put(1, "oak", "tall"), put(1, "elm", "wide"), put(2, "oak", "a door")))
		must(t, k.commit(put(1, "oak", "taller"), put(1, "", ""), put(3, "", "\x00"), remove(1, "elm"), remove(1, "never was")))
		must(t, k.commit(drop(2), put(2, "ash", strings.Repeat("grey ", 1000))))
		must(t, k.commit(drop(7), put(2, "key\x00of\xff bytes", "1234567")))
		want := map[place]string{
			{1, "oak"}: "taller", {1, ""}: "", {3, ""}: "\x00",
			{2, "ash"}: strings.Repeat("grey ", 1000), {2, "key\x00of\xff bytes"}: "1234567",
		}
		k.holds(t, want)
		if dir == "" {
			return
		}
		for range 3 {
			must(t, k.Close())
			k = opened(t, dir, Options{})
			k.holds(t, want)
		}
	})
}

// TestReplayOrder holds that entries come in the order of their commits, with what was committed and where.
func TestReplayOrder(t *testing.T) {
	dir := t.TempDir()
	k := opened(t, dir, small)
	var want []string
	at := map[Location]bool{}
	for n := range 40 {
		batch := []Mutation{put(uint64(n), fmt.Sprint(n), long(n, 10*n)), remove(1, fmt.Sprint(n)), drop(uint64(n))}
		locations, err := k.Commit(batch)
		must(t, err)
		for i, m := range batch {
			want = append(want, fmt.Sprint(m.Kind, m.Bucket, m.Key, m.Value, locations[i]))
			at[locations[i]] = true
		}
	}
	if len(at) != len(want) || at[0] {
		t.Errorf("%d locations for %d entries", len(at), len(want))
	}
	must(t, k.Close())
	reports := 0
	options := small
	options.Progress = func(read, total int64) {
		if reports++; read != total || total < 1000 {
			t.Errorf("progress says %d of %d", read, total)
		}
	}
	k = opened(t, dir, options)
	for range 2 {
		var got []string
		must(t, k.Replay(func(e Entry) error {
			got = append(got, fmt.Sprint(e.Kind, e.Bucket, e.Key, e.Value, e.Location))
			if e.Kind == Put && string(k.Read(e.Location)) != string(e.Value) {
				t.Errorf("%d reads %q, want %q", e.Location, k.Read(e.Location), e.Value)
			}
			return nil
		}))
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
	if stop := errors.New("stop"); !errors.Is(k.Replay(func(Entry) error { return stop }), stop) {
		t.Error("an error of the callback is lost")
	}
	if reports != 3 {
		t.Errorf("progress was reported %d times, want once for each whole replay", reports)
	}
}

// TestAligned holds that floats can be read where they lie, whatever stands before them.
func TestAligned(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		k := opened(t, dir, Options{FileBytes: 1 << 16})
		for n := range 40 {
			must(t, k.commit(put(1, long(n, n+1), long(n, 4*n+1)), put(2, long(n, n+1), long(n, 4*n+4))))
		}
		for p, at := range k.at {
			if b := k.Read(at); !aligned(b) || cap(b) != len(b) {
				t.Errorf("the value of %q begins at %p, and has room for %d more bytes", p.key, b, cap(b)-len(b))
			}
		}
	})
}

// TestLarge writes values and batches that are larger than what is written at once, and than a file.
func TestLarge(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		options := Options{FileBytes: 1 << 20}
		k := opened(t, dir, options)
		want := map[place]string{}
		var batch []Mutation
		for n, length := range []int{pieceBytes - entryHeaderBytes - frameHeaderBytes - 8, 0, 3*pieceBytes + 5, 1, pieceBytes / 2, pieceBytes / 2, 10} {
			batch = append(batch, put(1, fmt.Sprint(n), long(n, length)))
			want[place{1, fmt.Sprint(n)}] = long(n, length)
		}
		must(t, k.commit(batch...))
		must(t, k.commit(put(1, "next", "")))
		want[place{1, "next"}] = ""
		for n, m := range batch { // so that each length has been that of a whole batch
			must(t, k.commit(Mutation{Put, 2, m.Key, m.Value}))
			want[place{2, fmt.Sprint(n)}] = string(m.Value)
		}
		k.holds(t, want)
		if cap(k.buffer) > 2*pieceBytes {
			t.Errorf("a buffer of %d bytes is kept", cap(k.buffer))
		}
		if dir == "" {
			return
		}
		must(t, k.Close())
		k = opened(t, dir, options)
		k.holds(t, want)
	})
}

func TestBadBatch(t *testing.T) {
	k := opened(t, "", Options{})
	for _, c := range []struct {
		name string
		m    Mutation
	}{
		{"no kind", Mutation{}},
		{"an unknown kind", Mutation{Kind: 4}},
		{"a delete with a value", Mutation{Delete, 1, []byte("a"), []byte("b")}},
		{"a drop with a key", Mutation{Drop, 1, []byte("a"), nil}},
		{"a drop with a value", Mutation{Drop, 1, nil, []byte("a")}},
	} {
		if err := k.commit(put(1, "a", "b"), c.m); err == nil || errors.Is(err, ErrFull) {
			t.Errorf("%s: got error %v", c.name, err)
		}
	}
	must(t, k.commit())
	k.holds(t, map[place]string{})
	if k.Stats().Bytes != fileHeaderBytes {
		t.Errorf("%+v after nothing was committed", k.Stats())
	}
}

// TestReadNowhere holds that a location which is none is never answered with other bytes.
func TestReadNowhere(t *testing.T) {
	k := opened(t, t.TempDir(), Options{})
	must(t, k.commit(put(1, "a", long(1, 50))))
	end := int(k.tail.end.Load())
	for _, at := range []Location{0, 1, locate(0, 80), locate(1, 0), locate(1, 8), locate(1, end), locate(1, end-8), locate(1, 1<<30), locate(2, 80), locate(1<<32-1, 80)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("location %#x was read", uint64(at))
				}
			}()
			k.Read(at)
		}()
		k.Release(at)
	}
	if stats := k.Stats(); stats.Entries != 1 {
		t.Errorf("%+v after locations were released that are none", stats)
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	k := opened(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second Open says: %v", err)
	}
	if _, err := Check(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("Check of an open folder says: %v", err)
	}
	must(t, k.Close())
	must(t, opened(t, dir, Options{}).Close())
}

// TestClosed holds what is left of a journal that was closed.
func TestClosed(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		k := opened(t, dir, Options{})
		must(t, k.commit(put(1, "a", "b")))
		pin := k.Pin()
		b := k.Read(k.at[place{1, "a"}])
		must(t, k.Close())
		if string(b) != "b" || string(k.Read(k.at[place{1, "a"}])) != "b" {
			t.Error("what a pin holds is not there any more")
		}
		pin.Unpin()
		k.Pin().Unpin()
		if _, err := k.Commit([]Mutation{put(1, "a", "c")}); !errors.Is(err, ErrClosed) {
			t.Errorf("Commit says: %v", err)
		}
		if _, err := k.step(); !errors.Is(err, ErrClosed) {
			t.Errorf("Compact says: %v", err)
		}
		if err := k.Replay(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Replay says: %v", err)
		}
		k.Release(k.at[place{1, "a"}])
		must(t, k.Close())
		if stats := k.Stats(); stats != (Stats{}) {
			t.Errorf("%+v", stats)
		}
	})
}

// TestReplayFirst holds that nothing is written to a folder that may be damaged.
func TestReplayFirst(t *testing.T) {
	dir := t.TempDir()
	k := opened(t, dir, Options{})
	must(t, k.commit(put(1, "a", "b")))
	must(t, k.Close())
	j, err := Open(dir, Options{})
	must(t, err)
	defer j.Close()
	if _, err := j.Commit([]Mutation{put(1, "a", "c")}); !errors.Is(err, errNotReplayed) {
		t.Errorf("Commit says: %v", err)
	}
	if _, err := j.Compact(nil, nil); !errors.Is(err, errNotReplayed) {
		t.Errorf("Compact says: %v", err)
	}
	stop := errors.New("stop")
	if err := j.Replay(func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if _, err := j.Commit([]Mutation{put(1, "a", "c")}); !errors.Is(err, errNotReplayed) {
		t.Errorf("Commit after half a replay says: %v", err)
	}
	k, err = keep(j)
	must(t, err)
	must(t, k.commit(put(1, "a", "c")))
	k.holds(t, map[place]string{{1, "a"}: "c"})
}

// TestUnusable opens folders that cannot be one of a journal.
func TestUnusable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open says: %v", err)
		}
	}
	if _, err := Check(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Check of nothing says: %v", err)
	}
	if os.Getuid() != 0 {
		must(t, os.Chmod(dir, 0o500))
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "not writable") {
			t.Errorf("Open of a folder that is not writable says: %v", err)
		}
	}
}

// TestForeignFiles holds that a journal leaves the files of others alone.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	foreign := []string{"points.db", "notes.tmp", "1.log", "000000001.log", "00000001.log.old", "snapshots.log", "99999999999.log"}
	for _, name := range foreign {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, "snapshots"), 0o700))
	k := opened(t, dir, Options{})
	must(t, k.commit(put(1, "a", "b")))
	must(t, k.Close())
	must(t, opened(t, dir, Options{}).Close())
	for _, name := range foreign {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(b, []byte("mine")) {
			t.Errorf("%s holds %q: %v", name, b, err)
		}
	}
}

// TestInspectHandsOverWhatReplayDoes, without opening the folder.
func TestInspectHandsOverWhatReplayDoes(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, Options{FileBytes: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		batch := []Mutation{{Put, 1, []byte{byte(i)}, make([]byte, 40)}, {Delete, 1, []byte{byte(i / 2)}, nil}}
		if _, err := j.Commit(batch); err != nil {
			t.Fatal(err)
		}
	}
	gather := func(into *[]string) func(Entry) error {
		return func(e Entry) error { *into = append(*into, fmt.Sprint(e)); return nil }
	}
	var want, got []string
	if err := j.Replay(gather(&want)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := Inspect(dir, gather(&got))
	if err != nil || report.Files < 2 || len(got) != 100 || !slices.Equal(want, got) {
		t.Errorf("want %d entries, got %d, %v, of %v", len(want), len(got), err, report)
	}
	stop := errors.New("enough")
	if _, err := Inspect(dir, func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("want the error of each, got %v", err)
	}
}
