package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoRoom holds what TestFull does on a real file system, which writes a part of what it has no room for.
func TestNoRoom(t *testing.T) {
	dir := t.TempDir()
	k := opened(t, dir, Options{})
	want := map[place]string{{1, "a"}: long(1, 10_000)}
	must(t, k.commit(put(1, "a", want[place{1, "a"}])))
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &limit))
	t.Cleanup(func() { must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)) })
	for n := range 3 {
		small := limit
		small.Cur = 100_000
		must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &small))
		if err := k.commit(put(1, "b", long(n, 200_000))); !errors.Is(err, ErrFull) || !errors.Is(err, unix.EFBIG) {
			t.Fatalf("Commit says: %v", err)
		}
		k.holds(t, want)
		var bytes int64 // where files are not mapped, what failed is followed by another file
		for i := range k.Stats().Files {
			var info unix.Stat_t
			must(t, unix.Stat(filepath.Join(dir, segmentName(uint32(i+1))), &info))
			bytes += info.Size
		}
		if bytes != k.Stats().Bytes {
			t.Errorf("the files have %d bytes, %+v", bytes, k.Stats())
		}
		must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &limit))
		p := place{1, fmt.Sprint(n)}
		want[p] = long(n, 100+n)
		must(t, k.commit(put(1, p.key, want[p])))
		k.holds(t, want)
	}
	must(t, k.Close())
	opened(t, dir, Options{}).holds(t, want)
}
