package cache

import (
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks a file until it is closed, also against this process, and tells whether it could. Other processes must read what is locked, which Windows forbids: so
// what is locked is a byte that no file has.
func tryLock(f *os.File) bool {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30}) == nil
}
