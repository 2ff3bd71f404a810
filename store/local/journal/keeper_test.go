package journal

import (
	"bytes"
	"fmt"
	"maps"
	"sync"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// small makes files and steps so small that a few commits fill several.
var small = Options{FileBytes: 1 << 10, StepBytes: 256}

// place is a key in its bucket.
type place struct {
	bucket uint64
	key    string
}

// keeper does what the user of a journal does: it remembers where the current value of each key lies.
type keeper struct {
	*Journal
	mu sync.RWMutex // guards at against readers
	at map[place]Location
}

// keep reads all that a journal holds.
func keep(j *Journal) (*keeper, error) {
	k := &keeper{Journal: j, at: map[place]Location{}}
	return k, j.Replay(func(e Entry) error {
		k.apply(e.Kind, e.Bucket, string(e.Key), e.Location)
		return nil
	})
}

func opened(t testing.TB, dir string, options Options) *keeper {
	t.Helper()
	j, err := Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() }) // again, where the test has closed it
	k, err := keep(j)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *keeper) apply(kind Kind, bucket uint64, key string, at Location) {
	switch kind {
	case Put:
		k.forget(place{bucket, key})
		k.at[place{bucket, key}] = at
	case Delete:
		k.forget(place{bucket, key})
	case Drop:
		for p := range maps.Clone(k.at) {
			if p.bucket == bucket {
				k.forget(p)
			}
		}
	}
}

func (k *keeper) forget(p place) {
	if at, ok := k.at[p]; ok {
		k.Release(at)
		delete(k.at, p)
	}
}

func (k *keeper) commit(batch ...Mutation) error {
	locations, err := k.Commit(batch)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, m := range batch {
		k.apply(m.Kind, m.Bucket, string(m.Key), locations[i])
	}
	return nil
}

// step does one step of compacting.
func (k *keeper) step() (bool, error) {
	return k.Compact(func(bucket uint64, key []byte, at Location) bool {
		k.mu.RLock()
		defer k.mu.RUnlock()
		return k.at[place{bucket, string(key)}] == at
	}, func(bucket uint64, key []byte, from, to Location) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.at[place{bucket, string(key)}] != from {
			panic(fmt.Sprintf("%d %q moved from %x, where it is not", bucket, key, from))
		}
		k.at[place{bucket, string(key)}] = to
	})
}

// values reads all current values.
func (k *keeper) values() map[place]string {
	defer k.Pin().Unpin()
	k.mu.RLock()
	defer k.mu.RUnlock()
	values := map[place]string{}
	for p, at := range k.at {
		values[p] = string(k.Read(at))
	}
	return values
}

// holds compares what is kept with want, and with what is counted.
func (k *keeper) holds(t testing.TB, want map[place]string) {
	t.Helper()
	if diff := cmp.Diff(want, k.values(), cmp.AllowUnexported(place{})); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	stats := k.Stats()
	live := int64(0)
	for p, value := range want {
		live += entrySize(len(p.key), len(value))
	}
	if stats.Entries != int64(len(want)) || stats.Bytes-stats.DeadBytes != live {
		t.Fatalf("%+v, want %d entries and %d live bytes", stats, len(want), live)
	}
}

func put(bucket uint64, key, value string) Mutation {
	return Mutation{Put, bucket, []byte(key), []byte(value)}
}

func remove(bucket uint64, key string) Mutation { return Mutation{Delete, bucket, []byte(key), nil} }
func drop(bucket uint64) Mutation               { return Mutation{Drop, bucket, nil, nil} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// long is a value of some length that is like no other.
func long(n, length int) string {
	return string(bytes.Repeat(fmt.Appendf(nil, "%d ", n), length)[:length])
}

func aligned(b []byte) bool { return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 == 0 }
