package local

import (
	"runtime"
	"syscall"
)

// asNobody runs f with the rights that files give to nobody in particular, also when the test runs as root.
func asNobody(f func()) (ok bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread, which has lost its rights, ends with the goroutine
		const nobody = 65534
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
		f()
	}()
	<-done
	return true
}
