package journal

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	errPower = errors.New("the power has failed")
	errKill  = errors.New("the process was killed")
)

// machine is a journal on a disk that fails, beside a map of what it has to hold.
type machine struct {
	disk    *fake
	options Options
	keeper  *keeper
	want    map[place]string
	maybe   map[place]string // with a batch of which nobody knows whether it is stored; nil when there is none
	broken  bool             // nothing is written until the next open
}

// TestModel commits, compacts, closes, kills and cuts the power in any order, with a disk that fails at any operation.
// Whatever happened, what was committed is there, and nothing is half there.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{disk: newFake(), want: map[place]string{}}
		m.options = Options{FileBytes: rapid.Int64Range(1, 2000).Draw(t, "file bytes"), StepBytes: rapid.Int64Range(1, 1000).Draw(t, "step bytes")}
		m.open(t)
		t.Repeat(map[string]func(*rapid.T){
			"commit":  m.commit,
			"compact": m.compact,
			"close":   m.close,
			"kill":    func(t *rapid.T) { m.reopen(t) },
			"power":   m.power,
			"fail":    m.fail,
			"":        m.check,
		})
	})
}

// open opens the folder on a disk that works, and finds what has to be there.
func (m *machine) open(t *rapid.T) {
	m.disk.fault, m.broken = nil, false
	j, err := open("fake", m.disk, m.options)
	if err != nil {
		t.Fatal(err)
	}
	if m.keeper, err = keep(j); err != nil {
		t.Fatal(err)
	}
	if m.maybe != nil && cmp.Equal(m.keeper.values(), m.maybe) {
		m.want = m.maybe
	}
	m.maybe = nil
	m.check(t)
}

// reopen opens the folder, at times on a disk that fails at first.
func (m *machine) reopen(t *rapid.T) {
	for rapid.IntRange(0, 2).Draw(t, "fails") == 0 {
		m.disk.fault = oneFault(t)
		j, err := open("fake", m.disk, m.options)
		if err == nil {
			// The process is killed before it has done anything.
			_ = j.Replay(func(Entry) error { return nil })
		}
		if errors.Is(err, ErrCorrupt) {
			t.Fatalf("a disk that fails is taken for damage: %v", err)
		}
	}
	m.open(t)
}

func (m *machine) close(t *rapid.T) {
	if err := m.keeper.Close(); err != nil {
		t.Fatal(err)
	}
	m.reopen(t)
}

// power cuts the power.
func (m *machine) power(t *rapid.T) {
	m.disk = m.disk.crash(func() bool { return rapid.Bool().Draw(t, "written") })
	m.reopen(t)
}

// fail lets the disk fail once, or the power fail, at one of the next operations.
func (m *machine) fail(t *rapid.T) { m.disk.fault = oneFault(t) }

func oneFault(t *rapid.T) func(op, name string) error {
	left := rapid.IntRange(0, 12).Draw(t, "operations before")
	err := rapid.SampledFrom([]error{syscall.ENOSPC, syscall.EIO, errPower, errKill}).Draw(t, "error")
	return func(string, string) error {
		left--
		if left == -1 || left < 0 && (err == errPower || err == errKill) {
			return err
		}
		return nil
	}
}

// check reads everything.
func (m *machine) check(t *rapid.T) {
	if diff := cmp.Diff(m.want, m.keeper.values(), cmp.AllowUnexported(place{})); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	stats, live := m.keeper.Stats(), int64(0)
	for p, value := range m.want {
		live += entrySize(len(p.key), len(value))
	}
	if stats.Entries != int64(len(m.want)) || stats.Bytes-stats.DeadBytes != live {
		t.Fatalf("%+v, want %d entries and %d live bytes", stats, len(m.want), live)
	}
}

func (m *machine) commit(t *rapid.T) {
	var batch []Mutation
	after := maps.Clone(m.want)
	for range rapid.IntRange(1, 5).Draw(t, "mutations") {
		p := place{rapid.Uint64Range(0, 1).Draw(t, "bucket"), rapid.SampledFrom([]string{"", "a", "b", "a longer key"}).Draw(t, "key")}
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		default:
			value := long(rapid.Int().Draw(t, "value"), rapid.IntRange(0, 400).Draw(t, "length"))
			batch = append(batch, put(p.bucket, p.key, value))
			after[p] = value
		case 0, 1:
			batch = append(batch, remove(p.bucket, p.key))
			delete(after, p)
		case 2:
			batch = append(batch, drop(p.bucket))
			maps.DeleteFunc(after, func(o place, _ string) bool { return o.bucket == p.bucket })
		}
	}
	err := m.keeper.commit(batch...)
	if err == nil {
		if m.broken {
			t.Fatal("a commit succeeded after the disk had failed to flush")
		}
		m.want = after
		return
	}
	if !m.broken {
		m.maybe = after
	}
	m.failed(t, err)
}

func (m *machine) compact(t *rapid.T) {
	if _, err := m.keeper.step(); err != nil {
		m.failed(t, err)
	}
}

// failed holds that an error is one that was asked for, and brings a journal back whose process is gone.
func (m *machine) failed(t *rapid.T, err error) {
	var number syscall.Errno
	switch {
	case errors.Is(err, ErrSync):
		m.broken = true
		if errors.Is(err, ErrFull) {
			t.Fatalf("more room is no help: %v", err)
		}
	case errors.Is(err, errPower), errors.Is(err, errKill):
	case errors.As(err, &number):
		m.maybe = nil
		if errors.Is(err, ErrFull) != (number == syscall.ENOSPC) {
			t.Fatalf("ErrFull is %t of: %v", errors.Is(err, ErrFull), err)
		}
	default:
		t.Fatal(err)
	}
	switch {
	case errors.Is(err, errPower):
		m.power(t)
	case errors.Is(err, errKill):
		m.reopen(t)
	}
}

// TestEveryFault lets each operation of one story fail, once or for good, and goes on where it can. Then the power fails,
// or the process is killed and the power fails later: nothing is lost, and all is usable again.
func TestEveryFault(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO, errKill, errPower} {
		for seed := range uint64(6) {
			for at := 0; everyFault(t, fault, at, seed); at++ {
			}
		}
	}
}

const storyCommits = 12

// everyFault lets one operation fail. It is false when the story has no more so many.
func everyFault(t *testing.T, fault error, at int, seed uint64) bool {
	t.Helper()
	disk := newFake()
	disk.fault = func(string, string) error {
		if disk.ops == at+1 || disk.ops > at && (fault == errPower || fault == errKill) {
			return fault
		}
		return nil
	}
	// Of what is not flushed the disk has nothing, all, or anything.
	random := rand.New(rand.NewPCG(seed, uint64(at)))
	has := func() bool { return seed == 1 || seed > 1 && random.IntN(2) == 0 }
	var last, maybe int // the last commit that was acknowledged, and one of which nobody knows
	j, err := open("fake", disk, small)
	if err == nil {
		last, maybe = story(t, j)
		must(t, j.Close())
	}
	if disk.ops <= at {
		if last != storyCommits || at < 50 {
			t.Fatalf("the story ended after %d operations with commit %d: %v", disk.ops, last, err)
		}
		return false
	}
	want := map[place]string{}
	reopen := func() *keeper {
		disk.fault = nil
		j, err := open("fake", disk, small)
		if err != nil {
			t.Fatalf("%v at operation %d, seed %d: %v", fault, at, seed, err)
		}
		k, err := keep(j)
		if err != nil {
			t.Fatalf("%v at operation %d, seed %d: %v", fault, at, seed, err)
		}
		if maybe > 0 && k.values()[place{1, "last"}] == fmt.Sprint(maybe) {
			last = maybe
		}
		return k
	}
	if fault == errKill {
		must(t, reopen().commit(put(2, "between", "kill and power failure"))) // from here on it may be known what is there
		maybe = 0
		want[place{2, "between"}] = "kill and power failure"
	}
	disk = disk.crash(has)
	k := reopen()
	got := k.values()
	for n := max(1, last-2); n <= last; n++ {
		want[place{1, fmt.Sprint(n)}] = long(n, storyBytes(n))
		want[place{1, "last"}] = fmt.Sprint(last)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(place{})); diff != "" {
		t.Fatalf("%v at operation %d, seed %d: -want +got:\n%s", fault, at, seed, diff)
	}
	must(t, k.commit(put(1, "after", "all")))
	return true
}

// storyBytes makes commits of many lengths, so that behind one that needs a new file comes one that does not.
func storyBytes(n int) int { return n * 317 % 450 }

// story makes commits, each as often as it fails, and compacts between them.
func story(t *testing.T, j *Journal) (last, maybe int) {
	k, err := keep(j)
	if err != nil {
		return 0, 0
	}
	for n := 1; n <= storyCommits; n++ {
		err := k.commit(put(1, fmt.Sprint(n), long(n, storyBytes(n))), put(1, "last", fmt.Sprint(n)), remove(1, fmt.Sprint(n-3)))
		var number syscall.Errno
		switch {
		case err == nil:
			last = n
		case errors.Is(err, ErrSync), errors.Is(err, errPower), errors.Is(err, errKill):
			return last, n
		case errors.As(err, &number):
			k.holds(t, k.values())
			must(t, k.commit(remove(2, "a little"))) // that need not need a new file
			n--
		default:
			t.Fatal(err)
		}
		if _, err := k.step(); errors.Is(err, ErrSync) || errors.Is(err, errPower) || errors.Is(err, errKill) {
			return last, 0
		}
	}
	return last, 0
}

// TestFlushFails holds that nothing more is written when the disk has failed to flush, that what was written before can be
// read, and that the next Open, which finds the folder as it was before, works.
func TestFlushFails(t *testing.T) {
	disk := newFake()
	j, err := open("", disk, Options{})
	must(t, err)
	k, err := keep(j)
	must(t, err)
	must(t, k.commit(put(1, "a", "b")))
	failed := false
	disk.fault = func(op, _ string) error {
		if op == "fsync" && !failed {
			failed = true
			return syscall.EIO
		}
		return nil
	}
	for range 3 {
		if err := k.commit(put(1, "a", "c")); !errors.Is(err, ErrSync) || !errors.Is(err, syscall.EIO) {
			t.Errorf("Commit says: %v", err)
		}
		if _, err := k.step(); !errors.Is(err, ErrSync) {
			t.Errorf("Compact says: %v", err)
		}
	}
	want := map[place]string{{1, "a"}: "b"}
	k.holds(t, want)
	must(t, k.Close())
	if disk.files[segmentName(1)].writes != nil {
		t.Error("that the batch was taken back is not flushed")
	}
	j, err = open("", disk, Options{})
	must(t, err)
	k, err = keep(j)
	must(t, err)
	k.holds(t, want)
	must(t, k.commit(put(1, "a", "c")))
}

// TestFull holds that a full disk is told, that all is read while it is, and that it works again when there is room.
func TestFull(t *testing.T) {
	disk := newFake()
	j, err := open("", disk, small)
	must(t, err)
	k, err := keep(j)
	must(t, err)
	want := map[place]string{}
	for n := range 20 {
		want[place{1, fmt.Sprint(n)}] = long(n, 300)
		for _, full := range []bool{true, false} {
			disk.fault = nil
			if full {
				disk.fault = func(op, _ string) error {
					if op == "write" || op == "create" {
						return syscall.ENOSPC
					}
					return nil
				}
			}
			err := k.commit(put(1, fmt.Sprint(n), long(n, 300)))
			if full {
				if !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("Commit on a full disk says: %v", err)
				}
				if len(k.values()) != n {
					t.Fatalf("%d values are read, want %d", len(k.values()), n)
				}
				continue
			}
			must(t, err)
		}
		k.holds(t, want)
	}
}

// TestClosingFrame holds that the frame which Close writes has its room, and that no other is written without need.
func TestClosingFrame(t *testing.T) {
	disk := newFake()
	options := Options{FileBytes: 1}
	for n := range 5 {
		j, err := open("", disk, options)
		must(t, err)
		k, err := keep(j)
		must(t, err)
		bytes := k.Stats().Bytes
		if n == 0 {
			must(t, k.commit(put(1, "a", "b")))
		}
		must(t, k.Close())
		if n > 1 && k.Stats().Bytes != 0 {
			t.Errorf("%+v", k.Stats())
		}
		if n > 0 && bytes != 2*fileHeaderBytes+2*frameHeaderBytes+entrySize(1, 1) {
			t.Errorf("opened for the time %d, the files have %d bytes", n, bytes)
		}
	}
}
