package embed

import (
	"context"
	"strings"
	"sync"
)

// keys is a lock on sets of names. A call takes all its names at once or waits, so that no two calls wait for each other.
type keys struct {
	mu   sync.Mutex
	held map[string]bool
	free chan struct{} // closed when names are given back
}

// lock waits until none of the names is held, and holds them; names may repeat. It fails only when the context ends.
func (k *keys) lock(ctx context.Context, names []string) error {
	for {
		k.mu.Lock()
		if k.held == nil {
			k.held, k.free = map[string]bool{}, make(chan struct{})
		}
		if !k.any(names) {
			for _, name := range names {
				k.held[name] = true
			}
			k.mu.Unlock()
			return nil
		}
		free := k.free
		k.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (k *keys) any(names []string) bool {
	for _, name := range names {
		if k.held[name] {
			return true
		}
	}
	return false
}

func (k *keys) unlock(names []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names {
		delete(k.held, name)
	}
	close(k.free)
	k.free = make(chan struct{})
}

// count returns how many of the names that are held begin with prefix.
func (k *keys) count(prefix string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for name := range k.held {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}
