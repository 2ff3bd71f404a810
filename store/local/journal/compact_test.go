package journal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestCompact writes the same keys over and over, and gets the room back.
func TestCompact(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		options := Options{FileBytes: 1 << 16, StepBytes: 1 << 12}
		k := opened(t, dir, options)
		want := map[place]string{{9, "never written again"}: "still here"}
		must(t, k.commit(put(9, "never written again", "still here"), put(8, "a", "b")))
		must(t, k.commit(drop(8)))
		for n := range 600 {
			p := place{uint64(n % 3), fmt.Sprint(n % 10)}
			want[p] = long(n, n)
			must(t, k.commit(put(p.bucket, p.key, want[p])))
			if n%7 == 0 {
				must(t, k.commit(remove(p.bucket, p.key)))
				delete(want, p)
			}
		}
		before, steps := k.Stats(), 0
		for files := before.Files; files > 0; {
			done, err := k.step()
			must(t, err)
			if steps++; done {
				files--
			}
		}
		k.holds(t, want)
		after := k.Stats()
		if after.Bytes > before.Bytes/10 || steps < before.Files {
			t.Errorf("%d steps from %+v to %+v", steps, before, after)
		}
		if dir == "" {
			if segments := len(k.table.Load().segments); segments != after.Files {
				t.Errorf("%d segments are kept for %d files", segments, after.Files)
			}
			return
		}
		if names, _ := filepath.Glob(filepath.Join(dir, "*.log")); len(names) != after.Files {
			t.Errorf("%d files are there, %+v", len(names), after)
		}
		must(t, k.Close())
		k = opened(t, dir, options)
		k.holds(t, want)
		if entries := 0; k.Replay(func(e Entry) error {
			if e.Kind != Put {
				t.Errorf("%+v was kept, and nothing is older", e)
			}
			entries++
			return nil
		}) != nil || entries > 2*len(want) {
			t.Errorf("%d entries are kept of %d", entries, len(want))
		}
	})
}

// TestCompactNothing holds that there is always an end.
func TestCompactNothing(t *testing.T) {
	k := opened(t, "", small)
	for range 3 {
		if done, err := k.step(); !done || err != nil {
			t.Errorf("done %t, error %v", done, err)
		}
	}
	must(t, k.commit(put(1, "a", "b")))
	for range 3 {
		done := false
		for steps := 0; !done; steps++ {
			var err error
			if done, err = k.step(); err != nil || steps > 5 {
				t.Fatalf("step %d: %v", steps, err)
			}
		}
		k.holds(t, map[place]string{{1, "a"}: "b"})
	}
}

// TestCompactSteps holds that one step is of a limited size.
func TestCompactSteps(t *testing.T) {
	k := opened(t, "", Options{FileBytes: 1 << 20, StepBytes: 1 << 12})
	var batch []Mutation
	for n := range 1000 {
		batch = append(batch, put(1, fmt.Sprint(n), long(n, 500)))
	}
	must(t, k.commit(batch...))
	must(t, k.commit(batch[500:]...)) // the second half of the first commit is dead
	looked, copied, steps := 0, 0, 0
	for files := 2; files > 0; steps++ { // an empty one, and that of the first commit
		lookedBefore, copiedBefore := looked, copied
		done, err := k.Compact(func(_ uint64, key []byte, at Location) bool {
			looked++
			return k.at[place{1, string(key)}] == at
		}, func(_ uint64, key []byte, _, to Location) {
			copied++
			k.at[place{1, string(key)}] = to
		})
		must(t, err)
		if done {
			files--
		}
		if copied-copiedBefore > 8 || looked-lookedBefore > 4*8 {
			t.Fatalf("step %d looked at %d entries, and copied %d", steps, looked-lookedBefore, copied-copiedBefore)
		}
		must(t, k.commit(put(2, "step", fmt.Sprint(steps)))) // between two steps
	}
	if looked != 1000 || copied != 500 || steps < 500/8 {
		t.Errorf("%d steps looked at %d entries and copied %d", steps, looked, copied)
	}
	if string(k.Read(k.at[place{1, "7"}])) != long(7, 500) || string(k.Read(k.at[place{2, "step"}])) != fmt.Sprint(steps-1) {
		t.Error("something else is read")
	}
}

func TestWants(t *testing.T) {
	k := opened(t, "", Options{})
	value := long(1, 1<<20)
	for n := 0; n < 64; n++ {
		must(t, k.commit(put(1, "a", value)))
	}
	if k.Wants() {
		t.Errorf("wants with %+v", k.Stats())
	}
	must(t, k.commit(put(1, "a", value), put(1, "b", value)))
	if !k.Wants() {
		t.Errorf("does not want with %+v", k.Stats())
	}
	for n := range 64 {
		must(t, k.commit(put(2, fmt.Sprint(n), value)))
	}
	if k.Wants() {
		t.Errorf("wants with %+v", k.Stats())
	}
}

// TestPin holds that a view stays as it was while its pin is held, whatever is removed, and that the memory goes then.
func TestPin(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		k := opened(t, dir, small)
		freed := 0
		compacted := func() {
			for done := false; !done; {
				var err error
				done, err = k.step()
				must(t, err)
			}
		}
		watch := func(s *segment) {
			free := s.free
			s.free = func() error { freed++; return free() }
		}
		watch(k.tail)
		must(t, k.commit(put(1, "a", "old")))
		first := k.Pin()
		old := k.at[place{1, "a"}]
		view := k.Read(old)
		compacted()
		watch(k.tail)
		second := k.Pin()
		compacted()
		if freed != 0 || string(view) != "old" || string(k.Read(old)) != "old" {
			t.Errorf("%d files are unmapped, the view is %q", freed, view)
		}
		if stats := k.Stats(); stats.Files != 1 || stats.Entries != 1 {
			t.Errorf("removed files are counted: %+v", stats)
		}
		second.Unpin() // the first pin may see what was removed since
		if freed != 0 || string(view) != "old" {
			t.Errorf("%d files are unmapped, the view is %q", freed, view)
		}
		first.Unpin()
		if freed != 2 {
			t.Errorf("%d files are unmapped when nobody reads, want 2", freed)
		}
		watch(k.tail)
		last := k.Pin()
		must(t, k.Close())
		if freed != 2 {
			t.Error("a file is unmapped under a pin")
		}
		last.Unpin()
		if freed != 3 {
			t.Errorf("%d files are unmapped after Close, want 3", freed)
		}
	})
}

// TestReaders reads while another goroutine commits and compacts.
func TestReaders(t *testing.T) {
	places(t, func(t *testing.T, dir string) {
		k := opened(t, dir, Options{FileBytes: 1 << 14, StepBytes: 1 << 11})
		const keys = 50
		key := func(n int) string { return fmt.Sprint("key ", n, " ") }
		value := func(n int) string { return strings.Repeat(key(n), 1+rand.IntN(50)) }
		for n := range keys {
			must(t, k.commit(put(1, key(n), value(n))))
		}
		stop := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for n := 0; ; n = (n + 1) % keys {
					select {
					case <-stop:
						return
					default:
					}
					pin := k.Pin()
					k.mu.RLock()
					at := k.at[place{1, key(n)}]
					k.mu.RUnlock()
					got := string(k.Read(at))
					if strings.ReplaceAll(got, key(n), "") != "" || got == "" {
						t.Errorf("%q reads %q", key(n), got)
					}
					k.Stats()
					pin.Unpin()
				}
			})
		}
		removed := 0
		for removed < 30 {
			n := rand.IntN(keys)
			must(t, k.commit(put(1, key(n), value(n))))
			done, err := k.step()
			must(t, err)
			if done {
				removed++
			}
		}
		close(stop)
		readers.Wait()
	})
}

// TestCompactDamage holds that what is damaged while the journal is open is neither copied nor removed.
func TestCompactDamage(t *testing.T) {
	disk := newFake()
	j, err := open("", disk, small)
	must(t, err)
	k, err := keep(j)
	must(t, err)
	for n := range 4 {
		must(t, k.commit(put(1, fmt.Sprint(n), long(n, 300))))
	}
	b := disk.files[segmentName(1)].b
	at := k.at[place{1, "0"}].offset() + entryHeaderBytes
	b[at] ^= 1
	before := k.Stats()
	for range 2 {
		_, err := k.step()
		damaged(t, err, segmentName(1))
	}
	after := k.Stats()
	if after.Entries != before.Entries || after.Bytes-after.DeadBytes != before.Bytes-before.DeadBytes || disk.files[segmentName(1)] == nil {
		t.Errorf("before %+v, after %+v", before, after)
	}
	b[at] ^= 1
	for done := false; !done; {
		done, err = k.step()
		must(t, err)
	}
}

// TestRemovedFileStays holds that compacting goes on when a file that is done with cannot be removed.
func TestRemovedFileStays(t *testing.T) {
	disk := newFake()
	j, err := open("", disk, small)
	must(t, err)
	k, err := keep(j)
	must(t, err)
	must(t, k.commit(put(1, "a", "b")))
	disk.fault = func(op, _ string) error {
		if op == "remove" {
			return os.ErrPermission
		}
		return nil
	}
	failed := false
	for range 5 {
		_, err := k.step()
		failed = failed || err != nil
	}
	if !failed {
		t.Error("nobody is told")
	}
	k.holds(t, map[place]string{{1, "a"}: "b"})
	must(t, k.Close())
	disk.fault = nil
	j, err = open("", disk, small)
	must(t, err)
	k, err = keep(j)
	must(t, err)
	k.holds(t, map[place]string{{1, "a"}: "b"})
	if len(disk.files) != 2 {
		t.Errorf("%d files are left, want the manifest and the last one", len(disk.files))
	}
}
