package journal

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// syncFolder does nothing: Windows has no such call, and NTFS keeps a journal of names.
func syncFolder(string) error { return nil }

// isFull tells whether an error came for want of room.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, syscall.ENOSPC)
}
