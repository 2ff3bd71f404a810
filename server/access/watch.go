package access

import (
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often files are looked at: so long may a key that was revoked be good.
const lookEvery = time.Second

// watched are files that are read again when they change.
type watched struct {
	paths []string
	read  func() error // keeps what was read before when it fails
	log   *slog.Logger

	mu    sync.Mutex
	seen  []os.FileInfo // nil where there was none
	after atomic.Int64  // when they are looked at next, in nanoseconds since 1970
}

// start reads the files for the first time.
func (w *watched) start() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = w.stat()
	w.after.Store(time.Now().Add(lookEvery).UnixNano())
	return w.read()
}

// look reads the files again if one has changed and nobody has looked for a while. Those who come meanwhile do not wait.
func (w *watched) look() {
	if time.Now().UnixNano() < w.after.Load() || !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	w.after.Store(time.Now().Add(lookEvery).UnixNano())
	found := w.stat()
	if slices.EqualFunc(found, w.seen, same) {
		return
	}
	w.seen = found
	if err := w.read(); err != nil {
		w.log.Error("what was read before stays in force", "error", err)
		return
	}
	w.log.Info("read again", "files", w.paths)
}

func (w *watched) stat() []os.FileInfo {
	out := make([]os.FileInfo, len(w.paths))
	for i, path := range w.paths {
		if info, err := os.Stat(path); err == nil {
			out[i] = info
		}
	}
	return out
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
