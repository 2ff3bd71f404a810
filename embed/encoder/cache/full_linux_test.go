package cache

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/akinserver/akin"
)

// TestNoRoom runs out of room in the middle of a vector: nothing wrong is returned, what was written before is there, and writing goes on once there is room.
func TestNoRoom(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	c := open(t, dir, m, Options{})
	embed(t, c, akin.Document, numbered(0, 5)...)
	l := c.folder.layout()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	small := limit
	small.Cur = uint64(l.recordAt(7) + 13)
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_FSIZE, &limit) })
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	embed(t, c, akin.Document, numbered(0, 12)...)
	embed(t, c, akin.Document, numbered(0, 12)...)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if asked := strings.Fields(m.take()); len(asked) != 12+5 {
		t.Errorf("asked for %q, want the last 5 twice", asked)
	}
	c.folder.rest = time.Time{}
	embed(t, c, akin.Document, numbered(0, 12)...)
	m.take()
	embed(t, open(t, dir, m, Options{}), akin.Document, numbered(0, 12)...)
	if asked := m.take(); asked != "" {
		t.Errorf("asked for %q again", asked)
	}
}
