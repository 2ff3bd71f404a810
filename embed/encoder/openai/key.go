package openai

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/akinserver/akin"
)

// key is a secret that may lie in a file, and be another one tomorrow.
type key struct {
	fixed string
	file  string // read instead, if there is one

	mu      sync.Mutex
	current string
	changed time.Time // of the file, when current was read from it
	size    int64
}

// longestKey is more than any key has, and less than a file that was named by mistake.
const longestKey = 16 << 10

// get returns the key. While a file that was read before is not there, which happens as it is replaced, its last key is good.
func (k *key) get() (string, error) {
	if k.file == "" {
		return k.fixed, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil && k.current == "" {
		return "", &akin.InvalidError{Field: "key_file", Problem: err.Error()}
	}
	return k.current, nil
}

func (k *key) read() error {
	info, err := os.Stat(k.file)
	if err != nil {
		return err
	}
	if k.current != "" && info.ModTime().Equal(k.changed) && info.Size() == k.size {
		return nil
	}
	f, err := os.Open(k.file)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, longestKey+1))
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(b))
	switch {
	case text == "":
		return fmt.Errorf("%s is empty", k.file)
	case len(b) > longestKey || !isKey(text):
		return fmt.Errorf("%s holds something else than a key on one line", k.file)
	}
	k.current, k.changed, k.size = text, info.ModTime(), info.Size()
	return nil
}

// isKey tells whether a header can carry the key.
func isKey(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
