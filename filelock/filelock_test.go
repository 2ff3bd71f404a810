package filelock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/akinserver/akin/filelock"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func try(t *testing.T, f *os.File, want bool) {
	t.Helper()
	if got, err := filelock.Try(f); err != nil || got != want {
		t.Fatalf("Try: %v, %v, want %v", got, err, want)
	}
}

func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, path), open(t, path)
	try(t, first, true)
	try(t, second, false)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	try(t, second, true)
}
