// Package posting keeps the lists of an inverted index: for every index of the sparse vectors in a column the points that have it, by slot, each with its weight.
// An archive has millions of lists, and most hold one entry. So none of them is an object of its own, and none holds a pointer: the garbage collector, which would follow
// each of them again and again, has nothing to do here.
package posting

import (
	"math/bits"
	"slices"
	"unsafe"
)

// Entry is a point in a list.
type Entry struct {
	Slot   uint32
	Weight float32
}

// Lists are all lists of a column. The zero value is empty and ready for use. One writes, with nobody reading; many read.
type Lists struct {
	shards [shards]shard
	room   room
	late   *late
}

// A shard is a hash table of lists, of those whose keys begin with the same bits: what grows is never more than the 256th part of all.
type shard struct {
	lists []list // a power of two of them, or none
	used  int
}

const (
	shards     = 1 << shardBits
	shardBits  = 8
	leastLists = 8 // in a shard that has any
)

// list is an empty place in a shard when it has no entries.
type list struct {
	key uint32
	n   uint32 // entries
	// last is the entry of a list that has but one, which lies in no other place; and of others a copy of the last one, so that a new entry is put behind it unseen.
	last [1]Entry
	at   place
	size uint32 // entries that there is room for at place; 0 of a list with one
}

// keyOf spreads indices, which may be numbers in a row, over all keys. No two have the same one.
func keyOf(index uint32) uint32 { return index * 0x9e3779b1 }

func (l *Lists) shard(key uint32) *shard { return &l.shards[key>>(32-shardBits)] }

// home is the place at which the search for a key begins. Keys that rise have homes that rise.
func (s *shard) home(key uint32) int {
	return int(key << shardBits >> (32 - uint(bits.TrailingZeros(uint(len(s.lists))))))
}

// find returns where a key's list is or, if there is none, would be.
func (s *shard) find(key uint32) (at int, found bool) {
	if len(s.lists) == 0 {
		return 0, false
	}
	for at = s.home(key); s.lists[at].n > 0; at = s.next(at) {
		if s.lists[at].key == key {
			return at, true
		}
	}
	return at, false
}

func (s *shard) next(at int) int { return (at + 1) & (len(s.lists) - 1) }

// list returns the list of a key; one that is new has no entries, and must be given some.
func (s *shard) list(key uint32) *list {
	at, found := s.find(key)
	if !found {
		if 3*(s.used+1) > 2*len(s.lists) {
			s.grow()
			at, _ = s.find(key)
		}
		s.used++
		s.lists[at] = list{key: key}
	}
	return &s.lists[at]
}

func (s *shard) grow() {
	old := s.lists
	s.lists = make([]list, max(leastLists, 2*len(old)))
	for i := range old {
		if old[i].n > 0 {
			at, _ := s.find(old[i].key)
			s.lists[at] = old[i]
		}
	}
}

// drop empties a place, and moves those behind it that would not be found any more.
func (s *shard) drop(at int) {
	s.used--
	for behind := s.next(at); s.lists[behind].n > 0; behind = s.next(behind) {
		home := s.home(s.lists[behind].key)
		if (behind-home)&(len(s.lists)-1) >= (behind-at)&(len(s.lists)-1) {
			s.lists[at] = s.lists[behind]
			at = behind
		}
	}
	s.lists[at] = list{}
}

// Of returns the entries of an index, by slot ascending, as a view that holds until something is written.
func (l *Lists) Of(index uint32) []Entry {
	s := l.shard(keyOf(index))
	at, found := s.find(keyOf(index))
	if !found {
		return nil
	}
	return l.entries(&s.lists[at])
}

func (l *Lists) entries(of *list) []Entry {
	if of.size == 0 {
		return of.last[:of.n]
	}
	return l.room.at(of.at, of.size)[:of.n]
}

// Len is how many entries an index has.
func (l *Lists) Len(index uint32) int { return len(l.Of(index)) }

// Put enters a point into the lists of its indices, in none of which it is.
func (l *Lists) Put(slot uint32, indices []uint32, weights []float32) {
	if l.late != nil {
		l.putLate(slot, indices, weights)
		return
	}
	for i, index := range indices {
		key := keyOf(index)
		of := l.shard(key).list(key)
		if e := (Entry{slot, weights[i]}); of.n == 0 || of.last[0].Slot < slot { // as of nearly all that are new
			l.append(of, e)
		} else {
			l.insert(of, e)
		}
	}
}

// extend makes room for one more behind the entries of a list.
func (l *Lists) extend(of *list) {
	n := int(of.n) + 1
	if n <= int(of.size) || n == 1 {
		return
	}
	old := *of
	of.at, of.size = l.room.take(n)
	copy(l.room.at(of.at, of.size), l.entries(&old))
	l.room.give(old.at, old.size)
}

// append puts an entry behind those of a list.
func (l *Lists) append(of *list, e Entry) {
	l.extend(of)
	if of.size > 0 {
		l.room.at(of.at, of.size)[of.n] = e
	}
	of.last[0] = e
	of.n++
}

func (l *Lists) insert(of *list, e Entry) {
	l.extend(of)
	at := Below(l.entries(of), e.Slot)
	of.n++
	entries := l.entries(of)
	copy(entries[at+1:], entries[at:])
	entries[at] = e
}

// Remove takes a point out of the lists of indices, where it is there.
func (l *Lists) Remove(slot uint32, indices []uint32) {
	for _, index := range indices {
		s := l.shard(keyOf(index))
		if at, found := s.find(keyOf(index)); found {
			l.remove(s, at, slot)
		}
	}
}

func (l *Lists) remove(s *shard, at int, slot uint32) {
	of := &s.lists[at]
	entries := l.entries(of)
	i := Below(entries, slot)
	if i == len(entries) || entries[i].Slot != slot {
		return
	}
	if of.n == 1 {
		s.drop(at)
		return
	}
	entries = slices.Delete(entries, i, i+1)
	of.n--
	of.last[0] = entries[of.n-1]
	if of.n == 1 || of.n <= of.size/4 { // gives back what it no longer needs
		old := *of
		of.at, of.size = l.room.take(int(of.n))
		copy(l.room.at(of.at, of.size), entries)
		l.room.give(old.at, old.size)
	}
}

// Below is how many of the entries, which ascend, have slots below one.
func Below(entries []Entry, slot uint32) int {
	n := len(entries)
	if n == 0 || entries[n-1].Slot < slot {
		return n
	}
	from := 0
	for from < n {
		if half := int(uint(from+n) / 2); entries[half].Slot < slot {
			from = half + 1
		} else {
			n = half
		}
	}
	return from
}

// Bytes is about how much memory the lists take.
func (l *Lists) Bytes() int64 {
	b := l.room.bytes()
	for i := range l.shards {
		b += int64(cap(l.shards[i].lists)) * int64(unsafe.Sizeof(list{}))
	}
	return b
}
