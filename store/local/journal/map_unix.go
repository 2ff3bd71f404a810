//go:build (darwin || freebsd || linux) && !nommap

package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapsFiles says that files are read out of the page cache.
const mapsFiles = true

// mapFile maps a file, and address space for what it will grow by: what is written behind its end shows up there, and
// until then nobody reads there.
func mapFile(f *os.File, capacity int64) ([]byte, func() error, error) {
	b, err := unix.Mmap(int(f.Fd()), 0, int(capacity), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	return b, func() error { return unix.Munmap(b) }, nil
}
