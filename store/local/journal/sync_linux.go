package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncFile flushes the bytes of a file, and of what describes it as much as is needed to read them.
func syncFile(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
