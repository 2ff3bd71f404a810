package local

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/akinserver/akin/store/local/journal"
)

// table says where each point of a collection is stored.
type table struct {
	points []point            // by slot
	slots  map[pointID]uint32 // slots are given again when their point is gone
	live   *roaring.Bitmap    // slots in use
	free   []uint32           // slots to give again
}

type point struct {
	id    pointID
	at    journal.Location // 0 of one that lies on the heap alone
	first *byte            // of its encoded value
}

// value returns the encoded point, as a view.
func (p *point) value() value { return valueAt(p.first) }

func (p *point) version() uint64 { return p.value().version() }

func newTable() *table { return &table{slots: map[pointID]uint32{}, live: roaring.New()} }

// set puts a point in its slot. It returns the location of the one that it replaces.
func (t *table) set(id pointID, at journal.Location, v value) (slot uint32, old journal.Location, existed bool) {
	slot, existed = t.slots[id]
	if existed {
		old = t.points[slot].at
	} else {
		slot = t.newSlot()
		t.slots[id] = slot
		t.live.Add(slot)
	}
	p := point{id: id, at: at}
	if len(v) > 0 {
		p.first = &v[0]
	}
	t.points[slot] = p
	return slot, old, existed
}

func (t *table) newSlot() uint32 {
	if n := len(t.free); n > 0 {
		slot := t.free[n-1]
		t.free = t.free[:n-1]
		return slot
	}
	t.points = append(t.points, point{})
	return uint32(len(t.points) - 1)
}

// drop frees a slot.
func (t *table) drop(slot uint32) {
	delete(t.slots, t.points[slot].id)
	t.live.Remove(slot)
	t.points[slot] = point{}
	t.free = append(t.free, slot)
}

// eachPlace calls yield with the locations of all points.
func (t *table) eachPlace(yield func(journal.Location)) {
	it := t.live.Iterator()
	for it.HasNext() {
		yield(t.points[it.Next()].at)
	}
}
