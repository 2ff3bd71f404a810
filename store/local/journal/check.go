package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Report says what Check has found.
type Report struct {
	Files   int   // that the journal consists of
	Frames  int64 // commits
	Entries int64 // in them, also those that are not the last word on their key
	Bytes   int64 // of them, with their files' headers
	// Torn is a frame at the end that was being written when its process ended. Open cuts it off. The damage of the last
	// frame of a journal that was not closed looks the same. It is nil when there is none.
	Torn *Damage
	// Damage is the first that was found, and what was read stands before it; nil when there is none.
	Damage *Damage
}

// Check reads all of a folder without changing it. Damage is no error; that the folder cannot be read is one. A folder
// that is open, here or in another process, is ErrLocked.
func Check(dir string) (Report, error) { return Inspect(dir, func(Entry) error { return nil }) }

// Inspect is Check, and hands over what is stored, as Replay does. Keys and values are valid during the call alone. An
// error of each ends it.
func Inspect(dir string, each func(Entry) error) (Report, error) {
	var r Report
	err := check(dir, &r, each)
	if errors.As(err, &r.Damage) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("check journal %s: %w", dir, err)
	}
	return r, nil
}

func check(dir string, r *Report, each func(Entry) error) error {
	// A folder that was copied, or that may not be written to, need not have a lock. Nobody has it open then.
	lock, err := os.Open(filepath.Join(dir, lockName))
	if err == nil {
		defer lock.Close()
		err = lockFile(lock)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := &disk{dir: dir}
	list, err := readManifest(folder)
	if err != nil {
		return err
	}
	if _, err := unlisted(folder, list); err != nil {
		return err
	}
	if list.last == 0 {
		_, err := os.Stat(folder.path(manifestName)) // there is none
		return err
	}
	var before *segment // closed; its bounds are what is looked at
	sequence := uint64(0)
	for number := list.first; number <= list.last; number++ {
		s, f, err := openSegment(folder, number, nil)
		if err != nil {
			return err
		}
		if before != nil {
			err = before.precedes(s, sequence)
		}
		if err == nil {
			sequence, err = r.add(s, number == list.last, each)
		}
		if err := errors.Join(err, s.free(), f.Close()); err != nil {
			return err
		}
		before = s
	}
	return nil
}

// add counts what is in a file, and returns the number of its last frame.
func (r *Report) add(s *segment, last bool, each func(Entry) error) (sequence uint64, err error) {
	r.Files++
	err = guarded(s, func() error {
		end, number, torn, err := s.scan(last, func(f frame) {
			r.Frames++
			r.Entries += int64(f.entries)
		})
		r.Bytes += end
		errors.As(torn, &r.Torn)
		sequence = number
		if err != nil {
			return err
		}
		s.end.Store(end)
		return s.each(each)
	})
	return sequence, err
}

// each hands over the entries of a file whose frames were checked.
func (s *segment) each(yield func(Entry) error) error {
	entries := newCursor(s, true)
	for {
		e, _, err := entries.next()
		if err != nil {
			return ignoreEnd(err)
		}
		if err := yield(e); err != nil {
			return fmt.Errorf("entry at byte %d of %s: %w", e.Location.offset(), segmentName(s.number), err)
		}
	}
}
