package embed

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkLook looks at 10,000 files in 100 folders.
func BenchmarkLook(b *testing.B) {
	const files = 10_000
	dir := b.TempDir()
	for i := range files {
		folder := filepath.Join(dir, fmt.Sprint(i%100))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.txt", i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if n := len(stamps(dir)); n != files {
			b.Fatalf("saw %d files, want %d", n, files)
		}
	}
}
