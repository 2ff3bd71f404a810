package journal

import (
	"fmt"
	"io"
)

const progressBytes = 16 << 20 // between two calls of Options.Progress

// Replay calls each with all entries, in the order in which they were committed; an error of each ends it. The first time
// it checks every file, and returns ErrCorrupt at the first damage: what each was told before is then no base to serve
// from. It may be called again, and is then faster.
//
// What an entry says is not always the last word on its key, and an entry that Compact has moved comes later than it was
// first written. So a record may come before another that was written before it, such as a record of the bucket that
// describes it, and one may come twice. Only the order of the entries of one key, and of the drops of its bucket, is kept.
func (j *Journal) Replay(each func(Entry) error) error {
	j.writer.Lock()
	defer j.writer.Unlock()
	if j.closed {
		return j.wrap("replay", ErrClosed)
	}
	segments := j.remaining()
	if !j.replayed {
		for _, s := range segments {
			s.live.Store(0)
			s.puts.Store(0)
		}
	}
	progress := progress{report: j.options.Progress}
	for _, s := range segments {
		progress.total += s.end.Load()
	}
	for i, s := range segments {
		err := guarded(s, func() error {
			sequence, err := j.replay(s, each, &progress)
			if err == nil && s != j.tail {
				err = s.precedes(segments[i+1], sequence)
			}
			return err
		})
		if err != nil {
			return j.wrap("replay", err)
		}
	}
	j.replayed = true
	progress.report(progress.total, progress.total)
	return nil
}

// replay goes through one file, and returns the number of its last frame.
func (j *Journal) replay(s *segment, each func(Entry) error, progress *progress) (sequence uint64, err error) {
	entries := newCursor(s, s.checked)
	for {
		e, size, err := entries.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		if !j.replayed {
			s.count(e.Kind, int64(size))
		}
		if err := each(e); err != nil {
			return 0, fmt.Errorf("entry at byte %d of %s: %w", e.Location.offset(), segmentName(s.number), err)
		}
		progress.at(int64(entries.at))
	}
	s.checked = true
	progress.before += int64(entries.at)
	return entries.sequence, nil
}

type progress struct {
	report                  func(read, total int64)
	before, reported, total int64
}

func (p *progress) at(n int64) {
	if n += p.before; n-p.reported >= progressBytes {
		p.report(n, p.total)
		p.reported = n
	}
}
