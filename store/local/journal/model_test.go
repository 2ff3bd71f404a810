package journal

import (
	"errors"
	"fmt"
	"maps"
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

// TestEveryFault lets each operation of one story fail, by an error or with the power, and goes on: nothing is lost, and
// the journal is usable again.
func TestEveryFault(t *testing.T) {
	story := func(k *keeper, done func(n int)) error {
		for n := range 12 {
			if err := k.commit(put(1, fmt.Sprint(n), long(n, 150)), put(1, "last", fmt.Sprint(n)), remove(1, fmt.Sprint(n-3))); err != nil {
				return err
			}
			done(n)
			if _, err := k.step(); err != nil {
				return err
			}
		}
		return nil
	}
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO, errPower} {
		for _, keeps := range []bool{false, true} {
			for at := 0; ; at++ {
				disk := newFake()
				disk.fault = func(string, string) error {
					if disk.ops == at+1 || disk.ops > at && fault == errPower {
						return fault
					}
					return nil
				}
				last := -1
				j, err := open("fake", disk, small)
				if err == nil {
					var k *keeper
					if k, err = keep(j); err == nil {
						err = story(k, func(n int) { last = n })
					}
					if err == nil {
						err = k.Close()
					}
				}
				if disk.ops <= at {
					if last != 11 || at < 50 {
						t.Fatalf("the story ended after %d operations with commit %d: %v", disk.ops, last, err)
					}
					break
				}
				disk = disk.crash(func() bool { return keeps })
				j, err = open("fake", disk, small)
				if err != nil {
					t.Fatalf("%v at operation %d: %v", fault, at, err)
				}
				k, err := keep(j)
				if err != nil {
					t.Fatalf("%v at operation %d: %v", fault, at, err)
				}
				got := k.values()
				// The commit that failed is there or not, and as a whole.
				if n := last + 1; got[place{1, "last"}] == fmt.Sprint(n) {
					last = n
				}
				want := map[place]string{}
				for n := max(0, last-2); n <= last; n++ {
					want[place{1, fmt.Sprint(n)}] = long(n, 150)
					want[place{1, "last"}] = fmt.Sprint(last)
				}
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(place{})); diff != "" {
					t.Fatalf("%v at operation %d: -want +got:\n%s", fault, at, diff)
				}
				must(t, story(k, func(int) {}))
			}
		}
	}
}
