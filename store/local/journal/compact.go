package journal

import "io"

const (
	wantedBytes = 64 << 20 // that have to be dead before Wants
	lookFactor  = 4        // how many times what it copies one step of Compact looks at
)

// Wants tells whether compacting is worth its while: when more than 64 MiB, and more than half of all bytes, are dead.
func (j *Journal) Wants() bool {
	stats := j.Stats()
	return stats.DeadBytes > wantedBytes && stats.DeadBytes > stats.Bytes/2
}

// Compact does one step of a limited size towards removing the oldest file, and tells whether it was the last one: then
// the file is removed, or there is nothing to compact. To get all the room back, call it until done as long as Wants.
//
// Each frame of the file is checked again, so that damage is never copied. What is live in the file it commits again at the end of the journal, and then tells where each entry has moved to, so
// that the caller puts the new location in the place of the old one. Deletes and drops are not kept: nothing that they
// could be about is older. A kill between two steps costs the work and nothing else.
//
// Both callbacks are for the keys that are put. They must not call the journal but for Read, Pin, Stats and Release; key
// is valid during the call alone. The file's memory is unmapped when the last of the pins is given back that were taken
// before it was removed.
func (j *Journal) Compact(live func(bucket uint64, key []byte, at Location) bool, moved func(bucket uint64, key []byte, from, to Location)) (done bool, err error) {
	j.writer.Lock()
	defer j.writer.Unlock()
	if err := j.writable(); err != nil {
		return false, j.wrap("compact", err)
	}
	oldest := j.remaining()[0]
	if oldest == j.tail {
		if oldest.end.Load() == fileHeaderBytes {
			return true, nil
		}
		if err := j.next(0); err != nil {
			return false, j.wrap("compact", err)
		}
	}
	if j.walk.segment != oldest {
		j.walk = newCursor(oldest, false)
	}
	entries := j.walk
	var batch []Mutation
	var from []Location
	end := false
	err = guarded(oldest, func() (err error) {
		if batch, from, end, err = j.gather(&entries, live); err != nil || len(batch) == 0 {
			return err
		}
		return j.move(oldest, batch, from, moved)
	})
	if err == nil {
		j.walk = entries
		if end {
			err = j.discard(oldest)
		}
	}
	if err != nil {
		return false, j.wrap("compact", err)
	}
	return end, nil
}

// gather returns what is live among the next entries, and whether these were the last.
func (j *Journal) gather(entries *cursor, live func(uint64, []byte, Location) bool) (batch []Mutation, from []Location, end bool, err error) {
	for kept, seen := 0, 0; int64(kept) < j.options.StepBytes && int64(seen) < lookFactor*j.options.StepBytes; {
		e, size, err := entries.next()
		if err != nil {
			return batch, from, true, ignoreEnd(err)
		}
		seen += size
		if e.Kind == Put && live(e.Bucket, e.Key, e.Location) {
			kept += size
			batch = append(batch, Mutation{Put, e.Bucket, e.Key, e.Value})
			from = append(from, e.Location)
		}
	}
	return batch, from, false, nil
}

func ignoreEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// move commits a batch again.
func (j *Journal) move(s *segment, batch []Mutation, from []Location, moved func(uint64, []byte, Location, Location)) error {
	to, err := j.write(batch)
	if err != nil {
		return err
	}
	for i, m := range batch {
		s.live.Add(-entrySize(len(m.Key), len(m.Value)))
		s.puts.Add(-1)
		moved(m.Bucket, m.Key, from[i], to[i])
	}
	return nil
}

// discard removes the oldest file: first from the list, so that it is never missed.
func (j *Journal) discard(s *segment) error {
	list := manifest{s.number + 1, j.list.last}
	if err := writeManifest(j.folder, list); err != nil {
		return err
	}
	j.list = list
	j.walk = cursor{}
	j.retire(s)
	if err := j.folder.remove(segmentName(s.number)); err != nil {
		return err // the next Open removes it
	}
	return j.folder.sync()
}
