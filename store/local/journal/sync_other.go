//go:build !linux

package journal

import "os"

// syncFile flushes a file, on macOS down to the platter.
func syncFile(f *os.File) error { return f.Sync() }
