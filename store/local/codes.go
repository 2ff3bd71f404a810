package local

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin/store/local/code"
)

// Beside the rows of a dense column lie short codes of them, which tell a search for the nearest of one vector which rows
// it need not read. The scores it answers are those of the rows.

// newCodes returns codes for a column without rows.
func (d *denseColumn) newCodes() *code.Column {
	distance := code.Dot // cosine: the rows are of unit length
	switch {
	case d.distance == qdrant.Distance_Euclid:
		distance = code.Euclid
	case d.distance == qdrant.Distance_Manhattan:
		distance = code.Manhattan
	case d.distance == qdrant.Distance_Cosine && d.datatype == qdrant.Datatype_Uint8:
		distance = code.Cosine
	}
	return code.New(d.size, distance, func(row int) []float32 {
		return d.row(uint32(row))
	})
}

// coded lets the codes know of a row that was written.
func (d *denseColumn) coded(r uint32) {
	if d.codes != nil {
		d.codes.Put(int(r), d.row(r))
	}
}

// deferCodes leaves the rows to come without codes until loadCodes makes them, all at once.
func (d *denseColumn) deferCodes() { d.codes = nil }

// loadCodes tells now and then how many rows more are coded.
func (d *denseColumn) loadCodes(ctx context.Context, coded func(rows int)) error {
	live := make([]uint64, (len(d.slots)+63)/64)
	for r, slot := range d.slots {
		if slot != noSlot {
			live[r/64] |= 1 << (r % 64)
		}
	}
	codes := d.newCodes()
	if err := codes.Load(ctx, live, 0, coded); err != nil {
		return err
	}
	d.codes = codes
	return nil
}

// searchable returns the codes, which are made now where they were left to the first search. Nothing is written meanwhile.
func (d *denseColumn) searchable(ctx context.Context) (*code.Column, error) {
	d.coding.Lock()
	defer d.coding.Unlock()
	if d.codes == nil {
		if err := d.loadCodes(ctx, nil); err != nil {
			return nil, contextStatus(err)
		}
	}
	return d.codes, nil
}

// stats are of no codes until there are any.
func (d *denseColumn) stats() code.Stats {
	d.coding.Lock()
	defer d.coding.Unlock()
	if d.codes == nil {
		return code.Stats{}
	}
	return d.codes.Stats()
}

// mask is a set of points as a set of rows, a bit each. Bits of points that have no row mean nothing.
func (d *denseColumn) mask(set *roaring.Bitmap) []uint64 {
	if d.moved == 0 {
		return set.ToDense()
	}
	mask := make([]uint64, (len(d.slots)+63)/64)
	it := set.ManyIterator()
	var buffer [256]uint32
	for n := it.NextMany(buffer[:]); n > 0; n = it.NextMany(buffer[:]) {
		for _, slot := range buffer[:n] {
			if int(slot) < len(d.rows) && d.rows[slot] != noRow {
				r := d.rows[slot]
				mask[r/64] |= 1 << (r % 64)
			}
		}
	}
	return mask
}

const fewRows = 1000 // candidates, which are compared one by one

// nearest offers the rows that are most like the query, and tells whether these are sure to hold the best points: not when
// conditions that no index answers turn down too many of them, or when too many rows have one score to say, by their
// order alone, which of the points is the lower.
func (s *scan) nearest(d *denseColumn, mask []uint64) (done bool, err error) {
	n := s.top.limit + 1
	if s.rest != nil {
		n = 4*n + 64
	}
	codes, err := d.searchable(s.ctx)
	if err != nil {
		return false, err
	}
	for range 2 {
		hits, err := codes.Search(s.ctx, nil, s.q.examples[0].dense, n, code.Options{Mask: mask, Exact: s.q.exact})
		if err != nil {
			return false, contextStatus(err)
		}
		if done, err = s.take(d, hits, n); done || err != nil {
			return done, err
		}
		n = 16*n + 64
	}
	return false, nil
}

// take offers the hits of a search for n rows, and tells whether these are sure to hold the best points. If not, it is as
// if they had not been offered.
func (s *scan) take(d *denseColumn, hits []code.Hit, n int) (done bool, err error) {
	if err := every(s.ctx, len(hits), func(i int) { s.offer(d.slots[hits[i].Row], hits[i].Score) }); err != nil {
		return false, err
	}
	if len(hits) < n || s.top.misses(hits[len(hits)-1].Score) {
		return true, nil
	}
	s.top.heap = s.top.heap[:0]
	return false, nil
}
