package journal

import "sync/atomic"

// era is the time between two removals of files. What was removed at its end is unmapped when nobody holds a pin that was
// taken in it, or before.
type era struct {
	holds atomic.Int64 // one for each pin, one for being the present, one for an earlier era that is still held
	next  *era         // set before the present is over; nil when the journal was closed
	gone  []*segment   // set with next
}

func newEra() *era {
	e := new(era)
	e.holds.Store(1)
	return e
}

// hold adds a hold, unless nobody has one any more.
func (e *era) hold() bool {
	for {
		n := e.holds.Load()
		if n == 0 {
			return false
		}
		if e.holds.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Pin keeps the views valid that are read while it is held.
type Pin struct {
	journal *Journal
	era     *era
}

// Pin lets its caller read. It waits for nobody, and nobody waits for its end, but for the room of files that Compact has
// removed.
func (j *Journal) Pin() Pin {
	for {
		e := j.present.Load()
		if e == nil {
			return Pin{} // of a closed journal: there is nothing to read
		}
		if e.hold() {
			return Pin{j, e}
		}
	}
}

// Unpin gives the pin back. What was read under it must not be touched any more.
func (p Pin) Unpin() {
	if p.era != nil {
		p.journal.drop(p.era)
	}
}

// drop gives up a hold on an era.
func (j *Journal) drop(e *era) {
	for e != nil && e.holds.Add(-1) == 0 {
		j.unmap(e.gone)
		e = e.next
	}
}

// retire ends an era with the removal of the first segment.
func (j *Journal) retire(s *segment) {
	s.gone.Store(true)
	next := newEra()
	next.holds.Add(1)
	j.turn(next, s)
}

// end ends the last era.
func (j *Journal) end() { j.turn(nil, j.remaining()...) }

func (j *Journal) turn(next *era, gone ...*segment) {
	e := j.present.Load()
	e.next, e.gone = next, gone
	j.present.Store(next)
	j.drop(e)
}

// remaining returns the segments that are not removed. The caller is the writer.
func (j *Journal) remaining() []*segment {
	segments := j.table.Load().segments
	for len(segments) > 0 && segments[0].gone.Load() {
		segments = segments[1:]
	}
	return segments
}

// unmap takes the first segments off the table. They are those, as eras end in their order.
func (j *Journal) unmap(gone []*segment) {
	j.changes.Lock()
	defer j.changes.Unlock()
	j.table.Store(&table{j.table.Load().segments[len(gone):]})
	for _, s := range gone {
		_ = s.free() // fails for a range that is not mapped, and for nothing else
	}
}
