// Package access knows who calls, and what a caller may do: by keys with a scope and a corpus, of which a file holds the hashes.
// A corpus is a tenant: whoever has the key of one learns nothing of another, not even whether it is there.
package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/akinserver/akin/filelock"
)

// Keys are those of a file, which is read again when it changes: a key that is revoked there is refused a second later.
type Keys struct {
	watched
	now  atomic.Pointer[list]
	zero list // before there is a file
}

// list is what a file of keys holds.
type list struct {
	Version int    `json:"version"`
	Keys    []*Key `json:"keys"`

	byID    map[string]*Key
	origins map[string]bool // of all keys
}

const version = 1

// OpenKeys reads a file of keys. Without that file nobody needs a key, until it is there. A file that is broken later is told in the log, and what it held before stays good.
func OpenKeys(path string, log *slog.Logger) (*Keys, error) {
	k := &Keys{}
	k.watched = watched{paths: []string{path}, log: log, read: k.load}
	if err := k.start(); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return k, nil
}

func (k *Keys) load() error {
	l, err := readKeys(k.paths[0])
	switch {
	case errors.Is(err, fs.ErrNotExist) && k.now.Load() == nil:
		return nil
	case err != nil:
		return err // also when the file is gone: keys that were needed are needed
	}
	k.now.Store(l)
	return nil
}

// Required tells whether callers need a key.
func (k *Keys) Required() bool {
	k.look()
	return k.now.Load() != nil
}

// Find returns who makes a call, by the key that it brings; an error is ErrUnauthenticated, or ErrDenied.
func (k *Keys) Find(md metadata.MD) (Caller, error) {
	k.look()
	key, inURL := KeyOf(md)
	if key == "" {
		return Caller{}, fmt.Errorf("%w: send one as \"authorization: Bearer KEY\"", ErrUnauthenticated)
	}
	// An id is no secret: whether there is one may be told by how long this takes.
	stored, ok := k.list().byID[idOf(key)]
	if !ok || !stored.opens(digest(key), time.Now()) {
		return Caller{}, fmt.Errorf("%w: the one that was sent is not known, or not any more", ErrUnauthenticated)
	}
	if inURL && stored.Scope != Read {
		return Caller{}, fmt.Errorf("%w: key %s is no read key, and belongs into no URL", ErrDenied, stored.ID)
	}
	return Caller{Key: stored.ID, Scope: stored.Scope, Corpus: stored.Corpus, Origins: stored.Origins, Rate: stored.Rate}, nil
}

// HasOrigin tells whether pages of an origin may use any of the keys.
func (k *Keys) HasOrigin(origin string) bool {
	k.look()
	return k.list().origins[origin]
}

func (k *Keys) list() *list {
	if l := k.now.Load(); l != nil {
		return l
	}
	return &k.zero
}

func readKeys(path string) (*list, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if writableByAll(info) {
		return nil, fmt.Errorf("%s: everybody may write to it, and so make keys: chmod 600", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l, err := parseKeys(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func parseKeys(b []byte) (*list, error) {
	l := &list{byID: map[string]*Key{}, origins: map[string]bool{}}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields() // a misspelt "origins" would make a key good for everybody
	if err := decoder.Decode(l); err != nil {
		return nil, err
	}
	if l.Version != version {
		return nil, fmt.Errorf("version %d, and this akin reads %d", l.Version, version)
	}
	for i, key := range l.Keys {
		switch {
		case key == nil || key.ID == "" || len(key.Hash) != len(digest("")):
			return nil, fmt.Errorf("keys[%d] has no id or no hash", i)
		case l.byID[key.ID] != nil:
			return nil, fmt.Errorf("keys[%d]: there are two with the id %q", i, key.ID)
		}
		if err := key.validate(); err != nil {
			return nil, fmt.Errorf("keys[%d].%w", i, err)
		}
		l.byID[key.ID] = key
		for _, origin := range key.Origins {
			l.origins[origin] = true
		}
	}
	return l, nil
}

// ListKeys returns the keys of a file, the oldest first.
func ListKeys(path string) ([]*Key, error) {
	l, err := readKeys(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return l.Keys, nil
}

// CreateKey adds a key to a file, which it makes if need be, and returns the key: nothing else has it. Of k, ID, Hash and Created are set here.
func CreateKey(path string, k Key) (string, *Key, error) {
	var key string
	key, k.ID, k.Hash = generate("")
	k.Created = time.Now().UTC().Truncate(time.Second)
	if err := k.validate(); err != nil {
		return "", nil, err
	}
	err := change(path, func(l *list) error {
		l.Keys = append(l.Keys, &k)
		return nil
	})
	return key, &k, err
}

// RevokeKey takes a key out of a file.
func RevokeKey(path, id string) error {
	return change(path, func(l *list) error {
		if l.byID[id] == nil {
			return fmt.Errorf("%s holds no key %q", path, id)
		}
		l.Keys = slices.DeleteFunc(l.Keys, func(k *Key) bool { return k.ID == id })
		return nil
	})
}

// RotateKey puts a new secret in the place of a key's, and returns the key, which has the same id and may do the same. The one before stays good for a while.
func RotateKey(path, id string, grace time.Duration) (key string, err error) {
	err = change(path, func(l *list) error {
		k := l.byID[id]
		if k == nil {
			return fmt.Errorf("%s holds no key %q", path, id)
		}
		k.Old = nil
		if grace > 0 {
			k.Old = &Old{Hash: k.Hash, Until: time.Now().UTC().Add(grace).Truncate(time.Second)}
		}
		key, _, k.Hash = generate(id)
		return nil
	})
	return key, err
}

// patience is how long another process that changes the file is waited for.
const patience = 5 * time.Second

// change reads a file, and puts another one in its place at once, for one process at a time. Who reads finds the whole of one or of the other.
func change(path string, edit func(*list) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keys: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	l, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		l, err = &list{Version: version, Keys: []*Key{}}, nil
	}
	if err != nil {
		return err
	}
	if err := edit(l); err != nil {
		return err
	}
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return replace(path, append(b, '\n'))
}

// lock waits for the lock of a file that stays: one that was removed could be locked twice.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		locked, err := filelock.Try(f)
		if err == nil && !locked && time.Since(began) > patience {
			err = fmt.Errorf("%s: another process has held it for %s", path, patience)
		}
		switch {
		case err != nil:
			return nil, errors.Join(err, f.Close())
		case locked:
			return func() { f.Close() }, nil
		}
	}
}

// replace writes a file that is there whole or not at all, for its owner alone.
func replace(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil { // where that cannot be flushed, there is nothing to flush
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}
