package local

import (
	"math/rand/v2"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/akinserver/akin/store/local/journal"
)

// table says where each point of a collection is stored.
type table struct {
	points []point         // by slot
	live   *roaring.Bitmap // slots in use
	free   []uint32        // slots to give again: those whose point is gone

	// hashed finds the slot of an id: an open table of slots, each one more than it is, in the order of the ids' hashes as
	// far as there is room. It takes 6 bytes a point where a map takes 60.
	hashed []uint32
	size   int
	bytes  int64 // of the encoded points
	seed   uint64
}

// point is a slot of a table.
type point struct {
	id    pointID
	at    journal.Location // 0 of one that lies on the heap alone
	first *byte            // of its encoded value
}

// value returns the encoded point, as a view.
func (p *point) value() value { return valueAt(p.first) }

// bytes is how long the encoded point is.
func (p *point) bytes() int64 {
	if p.first == nil {
		return 0
	}
	return int64(len(p.value()))
}

func (p *point) version() uint64 { return p.value().version() }

const leastHashed = 16 // places in hashed

func newTable() *table {
	return &table{live: roaring.New(), hashed: make([]uint32, leastHashed), seed: rand.Uint64()}
}

// home is the place in hashed at which the search for an id begins.
func (t *table) home(id pointID) int {
	h := (id.hi ^ t.seed) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32 ^ id.lo) * 0xd6e8feb86659fd93
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return int((h ^ h>>32) & uint64(len(t.hashed)-1))
}

// place returns where in hashed an id is or, if it is not there, would be.
func (t *table) place(id pointID) (at int, found bool) {
	for at = t.home(id); ; at = (at + 1) & (len(t.hashed) - 1) {
		switch slot := t.hashed[at]; {
		case slot == 0:
			return at, false
		case t.points[slot-1].id == id:
			return at, true
		}
	}
}

// find returns the slot of a point.
func (t *table) find(id pointID) (slot uint32, ok bool) {
	at, ok := t.place(id)
	if !ok {
		return 0, false
	}
	return t.hashed[at] - 1, true
}

// set puts a point in its slot. It returns the location of the one that it replaces.
func (t *table) set(id pointID, at journal.Location, v value) (slot uint32, old journal.Location, existed bool) {
	place, existed := t.place(id)
	if existed {
		slot = t.hashed[place] - 1
		old = t.points[slot].at
		t.bytes -= t.points[slot].bytes()
	} else {
		slot = t.newSlot()
		t.hashed[place] = slot + 1
		t.live.Add(slot)
		t.size++
	}
	p := point{id: id, at: at}
	if len(v) > 0 {
		p.first = &v[0]
	}
	t.bytes += int64(len(v))
	t.points[slot] = p
	if 8*t.size > 7*len(t.hashed) {
		t.grow()
	}
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

// grow makes room in hashed for twice as many.
func (t *table) grow() {
	old := t.hashed
	t.hashed = make([]uint32, 2*len(old))
	for _, slot := range old {
		if slot != 0 {
			at, _ := t.place(t.points[slot-1].id)
			t.hashed[at] = slot
		}
	}
}

// drop frees a slot.
func (t *table) drop(slot uint32) {
	hole, found := t.place(t.points[slot].id)
	if !found {
		return
	}
	t.bytes -= t.points[slot].bytes()
	// Whoever comes later in the same run and may stand in the hole moves there.
	mask := len(t.hashed) - 1
	for at := (hole + 1) & mask; t.hashed[at] != 0; at = (at + 1) & mask {
		home := t.home(t.points[t.hashed[at]-1].id)
		if (at-home)&mask >= (at-hole)&mask {
			t.hashed[hole] = t.hashed[at]
			hole = at
		}
	}
	t.hashed[hole] = 0
	t.size--
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

// compare orders slots by the ids of their points.
func (c *collection) compare(a, b uint32) int { return c.points[a].id.compare(c.points[b].id) }
