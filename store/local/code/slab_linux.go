package code

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const largePage = 2 << 20

// useLargePages asks for large pages for those of which memory covers all. Where the system does not want to give any,
// nothing is lost but time.
func useLargePages(memory []byte) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
	before := int(-start & (largePage - 1))
	if n := (len(memory) - before) &^ (largePage - 1); n > 0 {
		_ = unix.Madvise(memory[before:before+n], unix.MADV_HUGEPAGE)
	}
}
