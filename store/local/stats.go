package local

import "unsafe"

// Stats say what a store holds and what it has done. Every number is one that a collector of metrics can pass on as it is: of
// CallStats a histogram, and gauges of all others.
type Stats struct {
	Collections map[string]CollectionStats // by name
	Calls       map[string]CallStats       // by kind, such as upsert, query_dense or query_sparse: those there were any of
	Files       int                        // of the log that everything lies in
	DiskBytes   int64                      // of them; snapshots are not counted. In memory: of the same log on the heap
	DeadBytes   int64                      // of these: of what was deleted or replaced, and of headers. Past a half, they are given back step by step
}

// CollectionStats say what one collection holds.
type CollectionStats struct {
	Points  int
	Vectors int            // in all of its spaces, a multivector being one
	Indexes map[string]int // of payload fields: points with a value of the index's type
	// DiskBytes are those of the points as they are stored. The log's headers, and the dead, are in Stats alone.
	DiskBytes int64
	Freed     int // places of deleted points, which new points will take
	Memory    Memory
}

// Memory is what the parts of a collection take of the heap, in bytes: what was asked for, also where it is not in use yet.
// Vectors and payloads are not among them: they are read out of the page cache, which the system takes back when it wants to.
type Memory struct {
	Points   int64 // their ids, places and order
	Vectors  int64 // where they lie
	Codes    int64 // short forms of dense vectors
	Postings int64 // of sparse vectors: the lists that are searched
	Indexes  int64 // of payload fields, estimated
}

// Total adds up the parts.
func (m Memory) Total() int64 { return m.Points + m.Vectors + m.Codes + m.Postings + m.Indexes }

// Stats may be called at any time. It walks over every index, which takes some 100 ns for each word or sparse index that
// occurs, and holds up writers to that collection meanwhile: once in some seconds is often enough. Of a closed store only the calls are told.
func (db *DB) Stats() Stats {
	log := db.storage.Stats()
	s := Stats{
		Collections: map[string]CollectionStats{}, Calls: map[string]CallStats{},
		Files: log.Files, DiskBytes: log.Bytes, DeadBytes: log.DeadBytes,
	}
	for name, c := range db.catalog().collections {
		s.Collections[name] = c.stats()
	}
	for k := range db.calls {
		if one := db.calls[k].stats(); one.Count > 0 {
			s.Calls[kindNames[k]] = one
		}
	}
	return s
}

func (c *collection) stats() CollectionStats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := CollectionStats{Points: c.size, Vectors: c.vectors(), DiskBytes: c.bytes, Freed: len(c.free), Indexes: map[string]int{}}
	s.Memory.Points = sliceBytes(c.points) + sliceBytes(c.hashed) + sliceBytes(c.table.free) + int64(c.live.GetSizeInBytes()) + c.order.memory()
	for _, d := range c.dense {
		s.Memory.Vectors += sliceBytes(d.first) + sliceBytes(d.slots) + sliceBytes(d.rows) + sliceBytes(d.free)
		s.Memory.Codes += int64(d.stats().Bytes)
	}
	for _, m := range c.multi {
		s.Memory.Vectors += sliceBytes(m.vectors)
	}
	for _, col := range c.sparse {
		s.Memory.Vectors += sliceBytes(col.vectors)
		s.Memory.Postings += col.postings.Bytes() + mapEntry*int64(len(col.ghosts))
	}
	for field, x := range c.indexes {
		s.Indexes[field] = int(x.indexed.GetCardinality())
		s.Memory.Indexes += x.memory()
	}
	return s
}

// vectors counts them in all spaces.
func (c *collection) vectors() int {
	n := 0
	for _, d := range c.dense {
		n += d.count()
	}
	for _, m := range c.multi {
		n += m.n
	}
	for _, s := range c.sparse {
		n += s.n
	}
	return n
}

// mapEntry is about what a map takes for a small key and a pointer, its empty places counted in.
const mapEntry = 32

func sliceBytes[T any](s []T) int64 {
	var one T
	return int64(cap(s)) * int64(unsafe.Sizeof(one))
}

func (o *ordered[T]) memory() int64 {
	n := sliceBytes(o.runs)
	for _, run := range o.runs {
		n += sliceBytes(run)
	}
	return n
}

func (x *fieldIndex) memory() int64 {
	n := int64(x.present.GetSizeInBytes() + x.null.GetSizeInBytes() + x.indexed.GetSizeInBytes())
	for word, points := range x.words {
		n += mapEntry + int64(len(word)) + int64(points.GetSizeInBytes())
	}
	for _, points := range x.bools {
		if points != nil {
			n += int64(points.GetSizeInBytes())
		}
	}
	if x.integers != nil {
		n += x.integers.memory()
	}
	if x.floats != nil {
		n += x.floats.memory()
	}
	return n + x.recentIntegers.memory() + x.recentFloats.memory()
}

func (r *recent[N]) memory() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.sets {
		n += int64(one.set.GetSizeInBytes())
	}
	return n
}
