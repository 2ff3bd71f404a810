package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommitToAFileThatWasCut holds that nothing is acknowledged that would lie behind a hole, and that Close tells of it.
func TestCommitToAFileThatWasCut(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, Options{})
	must(t, err)
	_, err = j.Commit([]Mutation{{Put, 1, []byte("a"), make([]byte, 10_000)}})
	must(t, err)
	must(t, os.Truncate(filepath.Join(dir, segmentName(1)), 5000))
	for range 2 {
		_, err = j.Commit([]Mutation{{Put, 1, []byte("b"), nil}})
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), segmentName(1)+" at byte 5000") {
			t.Fatalf("Commit says: %v", err)
		}
	}
	if err := j.Close(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Close says: %v", err)
	}
}
