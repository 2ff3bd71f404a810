package local

import "encoding/binary"

// A ghost is what is kept of a deleted point: its sparse vectors in spaces with IDF. Qdrant counts them in its statistics
// until it next rewrites the segment that they were in, and so scores do not jump with every deletion.

// ghostBit tells the bucket of a collection's ghosts from that of its points.
const ghostBit = 1 << 63

// Ghosts are swept out when there are more than this many of them and than this share of all vectors: the figures at
// which Qdrant rewrites a segment.
const (
	mostGhosts     = 1000
	mostGhostShare = 0.2
)

// ghost returns what is kept of a point, or nil.
func (c *collection) ghost(id pointID) *record {
	slot, ok := c.find(id)
	if !ok {
		return nil
	}
	g := &record{id: id, version: c.points[slot].version(), vectors: map[string]vector{}}
	for name, col := range c.sparse {
		if v, ok := col.of(slot); col.idf && ok && len(v.indices) > 0 {
			g.vectors[name] = vector{sparse: v}
		}
	}
	if len(g.vectors) == 0 {
		return nil
	}
	return g
}

func (c *collection) haunt(g *record) {
	for name, v := range g.vectors {
		if col := c.sparse[name]; col != nil {
			col.haunt(v.sparse)
		}
	}
}

// tooManyGhosts tells whether, with more of them, they are to be swept out.
func (c *collection) tooManyGhosts(more int) bool {
	for _, col := range c.sparse {
		n := col.ghostCount + more
		if n > mostGhosts && float64(n) > mostGhostShare*float64(n+col.filled) {
			return true
		}
	}
	return false
}

func (c *collection) sweep() {
	for _, col := range c.sparse {
		col.sweep()
	}
}

// ghostKey is the key of a ghost: a point may leave several of them, one a life.
func ghostKey(g *record) []byte {
	return append(g.id.key(), binary.BigEndian.AppendUint64(nil, g.version)...)
}
