package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/akinserver/akin/store/local/journal"
)

// storage keeps what has been written: a journal, on the disk or, of a store without a folder, on the heap. A bucket is a
// collection's, by its id; bucket 0 is the catalog.
type storage interface {
	Replay(each func(journal.Entry) error) error
	Commit(batch []journal.Mutation) ([]journal.Location, error)
	Read(journal.Location) []byte
	Release(journal.Location)
	Wants() bool
	Compact(live func(uint64, []byte, journal.Location) bool, moved func(uint64, []byte, journal.Location, journal.Location)) (done bool, err error)
	Pin() journal.Pin
	Fault(panicked any) *journal.Damage
	Stats() journal.Stats
	Close() error
}

// mutation puts one value, deletes it (value nil), or drops a bucket with all that is in it (key nil).
type mutation struct {
	bucket     uint64
	key, value []byte
}

// entry is the mutation as the journal takes it.
func (m mutation) entry() journal.Mutation {
	switch {
	case m.key == nil:
		return journal.Mutation{Kind: journal.Drop, Bucket: m.bucket}
	case m.value == nil:
		return journal.Mutation{Kind: journal.Delete, Bucket: m.bucket, Key: m.key}
	}
	return journal.Mutation{Kind: journal.Put, Bucket: m.bucket, Key: m.key, Value: m.value}
}

// oldFile is what versions before the first release kept their points in.
const oldFile = "points.db"

// openJournal opens the journal of a folder, or one on the heap when dir is "".
func openJournal(dir string, report func(Progress)) (*journal.Journal, error) {
	if dir != "" {
		if _, err := os.Stat(filepath.Join(dir, oldFile)); err == nil {
			return nil, fmt.Errorf("it holds a %s, which was written before the first release and cannot be read any more: use another folder, and fill it again", oldFile)
		}
	}
	return journal.Open(dir, journal.Options{Progress: func(read, total int64) { report(Progress{Reading, read, total}) }})
}

// syncFolder puts the names of new files on the disk. Where folders cannot be synced there is no need to.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}

// isFull tells whether a write failed for want of room.
func isFull(err error) bool {
	return errors.Is(err, journal.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// places says where the stored things are that are no points: the catalog, the number of each collection's last operation,
// and ghosts. It is by bucket and key.
type places map[uint64]map[string]journal.Location

// isPoint tells whether a stored value is a point.
func isPoint(bucket uint64, key []byte) bool {
	return bucket != catalogBucket && bucket&ghostBit == 0 && string(key) != string(operationsKey)
}

// set notes the place of a value, and returns the one it had before, or 0.
func (p places) set(bucket uint64, key string, at journal.Location) (old journal.Location) {
	if p[bucket] == nil {
		p[bucket] = map[string]journal.Location{}
	}
	old = p[bucket][key]
	p[bucket][key] = at
	return old
}

func (p places) remove(bucket uint64, key string) (old journal.Location) {
	old = p[bucket][key]
	delete(p[bucket], key)
	return old
}

// loader gathers, from all that was ever written, what is there now. A record may come before the one that describes its
// collection, so nothing is made of the points until all is read.
type loader struct {
	places places
	tables map[uint64]*table
	// release tells the journal what is there no more.
	release func(journal.Location)
	blind   bool             // no point is read again: its value is not kept
	broken  map[uint64]error // the first point of a bucket that cannot be one

	unfinished []uint64 // buckets of restores that were interrupted; set by catalog
}

func newLoader(release func(journal.Location)) *loader {
	return &loader{places: places{}, tables: map[uint64]*table{}, broken: map[uint64]error{}, release: release}
}

func (l *loader) drop(bucket uint64) {
	for _, at := range l.places[bucket] {
		l.release(at)
	}
	if t := l.tables[bucket]; t != nil {
		t.eachPlace(l.release)
	}
	delete(l.places, bucket)
	delete(l.tables, bucket)
	delete(l.broken, bucket)
}

func (l *loader) each(e journal.Entry) error {
	switch {
	case e.Kind == journal.Drop:
		l.drop(e.Bucket)
		return nil
	case isPoint(e.Bucket, e.Key):
		return l.point(e)
	case e.Kind == journal.Put:
		if old := l.places.set(e.Bucket, string(e.Key), e.Location); old != 0 {
			l.release(old)
		}
	default:
		if old := l.places.remove(e.Bucket, string(e.Key)); old != 0 {
			l.release(old)
		}
	}
	return nil
}

func (l *loader) point(e journal.Entry) error {
	id, err := parseKey(e.Key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	t := l.tables[e.Bucket]
	if t == nil {
		t = newTable()
		l.tables[e.Bucket] = t
	}
	old := journal.Location(0)
	if e.Kind == journal.Put {
		v, err := parseValue(e.Value)
		if err != nil && l.broken[e.Bucket] == nil {
			l.broken[e.Bucket] = fmt.Errorf("point %s: %w", id, err)
		}
		if l.blind {
			v = nil
		}
		_, old, _ = t.set(id, e.Location, v)
	} else if slot, ok := t.find(id); ok {
		old = t.points[slot].at
		t.drop(slot)
	}
	if old != 0 {
		l.release(old)
	}
	return nil
}
