//go:build unix

package embed_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/akinserver/akin/embed"
)

// TestNobodyWaitsForAPipe reads a folder in which a pipe lies that nobody writes into.
func TestNobodyWaitsForAPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "b.txt", goodPage)
	var got []embed.Item
	for item := range embed.Read([]string{dir}, nil) {
		got = append(got, item)
	}
	if len(got) != 2 || !errors.Is(got[0].Err, embed.ErrSkipped) || got[1].Err != nil {
		t.Errorf("got %+v, want the pipe skipped and the page", got)
	}
}
