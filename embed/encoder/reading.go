package encoder

import (
	"slices"
	"sync"

	"github.com/akinserver/akin"
)

// Reading is a text taken apart, for whoever asks more than one thing about it.
type Reading struct {
	text string
	counter

	room akin.SparseVector // for Lexical

	indexed sync.Once
	heads   []int32 // open addressing by hash: the first unit of that hash, plus 1; its length is a power of 2
	next    []int32 // of each unit, the next of its hash; -1 after the last
}

var readings = sync.Pool{New: func() any { return new(Reading) }}

// Read takes a text apart.
func Read(text string) *Reading {
	r := readings.Get().(*Reading)
	r.text = text
	r.scan(text)
	return r
}

// Close gives the reading back: its room serves the next one.
func (r *Reading) Close() {
	r.text, r.indexed = "", sync.Once{}
	readings.Put(r)
}

// Lexical is the vector of a passage, with the weights of Ask. It is good until Close.
func (r *Reading) Lexical() akin.SparseVector {
	r.tally(&lexicalShares)
	whole, _ := r.lexical(r.room, 0, leastAsked)
	if len(whole.Indices) > 0 {
		r.room = whole
	}
	return whole
}

// Words is the function of that name.
func (r *Reading) Words() int { return r.words() }

// index lets units be found by their hash.
func (r *Reading) index() {
	r.indexed.Do(func() {
		size := 64
		for size < 2*len(r.units) {
			size *= 2
		}
		r.heads = slices.Grow(r.heads[:0], size)[:size]
		clear(r.heads)
		r.next = slices.Grow(r.next[:0], len(r.units))[:len(r.units)]
		for j := len(r.units) - 1; j >= 0; j-- { // from the end, so that each is put before those that follow it
			head := r.head(r.units[j].hash)
			r.next[j], *head = *head-1, int32(j)+1
		}
	})
}

// first is the first unit of a hash, or -1.
func (r *Reading) first(hash uint64) int32 { return *r.head(hash) - 1 }

func (r *Reading) head(hash uint64) *int32 {
	mask := uint64(len(r.heads) - 1)
	i := hash & mask
	for r.heads[i] != 0 && r.units[r.heads[i]-1].hash != hash {
		i = (i + 1) & mask
	}
	return &r.heads[i]
}
