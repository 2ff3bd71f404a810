package posting

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// model keeps lists as the test would: a map of maps.
type model map[uint32]map[uint32]float32

func (m model) put(slot uint32, indices []uint32, weights []float32) {
	for i, index := range indices {
		if m[index] == nil {
			m[index] = map[uint32]float32{}
		}
		m[index][slot] = weights[i]
	}
}

func (m model) of(index uint32) []Entry {
	var entries []Entry
	for _, slot := range slices.Sorted(maps.Keys(m[index])) {
		entries = append(entries, Entry{slot, m[index][slot]})
	}
	return entries
}

// wordVector has words in the common proportions: a few are in most vectors.
func wordVector(r *rand.Rand, of, words int) (indices []uint32, weights []float32) {
	vector := map[uint32]float32{}
	for range words {
		vector[uint32(float64(of)*r.Float64()*r.Float64()*r.Float64())] = r.Float32()
	}
	for _, index := range slices.Sorted(maps.Keys(vector)) {
		indices, weights = append(indices, index), append(weights, vector[index])
	}
	return indices, weights
}

// same compares all lists with the model's.
func same(t *testing.T, l *Lists, m model) {
	t.Helper()
	for index := range m {
		want := m.of(index)
		if diff := cmp.Diff(want, l.Of(index)[:len(want):len(want)]); diff != "" || l.Len(index) != len(want) {
			t.Fatalf("index %d, %d entries (-want +got):\n%.500s", index, l.Len(index), diff)
		}
	}
	n := 0
	for i := range l.shards {
		used := 0
		for _, of := range l.shards[i].lists {
			if of.n > 0 {
				used++
			}
		}
		if used != l.shards[i].used {
			t.Fatalf("shard %d counts %d lists, has %d", i, l.shards[i].used, used)
		}
		n += used
	}
	filled := 0
	for _, slots := range m {
		if len(slots) > 0 {
			filled++
		}
	}
	if n != filled {
		t.Errorf("%d lists, want %d", n, filled)
	}
}

// TestListsAreAsAMapOfMaps puts and removes points in any order, so that lists grow through all sizes, past those of a page, and shrink again, and shards fill and empty.
func TestListsAreAsAMapOfMaps(t *testing.T) {
	for name, spread := range map[string]uint32{"indices in a row": 1, "indices far apart": 0x10001} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var l Lists
			m := model{}
			points := map[uint32][]uint32{} // indices by slot
			for step := range 40_000 {
				slot := uint32(r.IntN(12_000))
				if indices, stored := points[slot]; stored {
					if step < 20_000 && r.IntN(4) > 0 {
						continue
					}
					l.Remove(slot, indices)
					for _, index := range indices {
						delete(m[index], slot)
					}
					delete(points, slot)
					continue
				}
				indices, weights := wordVector(r, 3000, 12)
				for i := range indices {
					indices[i] *= spread
				}
				indices, weights = append(indices, 1<<31), append(weights, 1) // a list of all
				l.Put(slot, indices, weights)
				m.put(slot, indices, weights)
				points[slot] = indices
				if step%5000 == 0 {
					same(t, &l, m)
				}
			}
			if n := l.Len(1 << 31); n <= mostPaged {
				t.Errorf("the longest list has %d entries, want more than lie in a page", n)
			}
			same(t, &l, m)
			for slot, indices := range points {
				l.Remove(slot, indices)
				l.Remove(slot, indices) // is not there any more
			}
			same(t, &l, model{})
			if l.Of(1<<31) != nil || l.Len(7) != 0 {
				t.Error("entries are left")
			}
		})
	}
}

// TestRoomIsUsedAgain holds that lists that come and go do not take more and more.
func TestRoomIsUsedAgain(t *testing.T) {
	var l Lists
	var after int64
	for round := range 20 {
		for slot := range uint32(10_000) {
			l.Put(slot, []uint32{slot % 7, slot, 10_000 + slot/3}, []float32{1, 2, 3})
		}
		for slot := range uint32(10_000) {
			l.Remove(slot, []uint32{slot % 7, slot, 10_000 + slot/3})
		}
		if round == 1 {
			after = l.Bytes()
		}
	}
	if got := l.Bytes(); got > after+after/10 {
		t.Errorf("%d bytes after two rounds, %d after twenty", after, got)
	}
}

func TestWhatComesLateIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var late Lists
	m := model{}
	for slot := range uint32(2000) { // some are there before
		indices, weights := wordVector(r, 20_000, 100)
		late.Put(slot, indices, weights)
		m.put(slot, indices, weights)
	}
	late.Defer()
	entries := 0
	for slot := range uint32(12_000) {
		indices, weights := wordVector(r, 20_000, 100)
		late.Put(2000+slot, indices, weights)
		m.put(2000+slot, indices, weights)
		entries += len(indices)
	}
	if entries <= shards*mostLate {
		t.Fatalf("%d entries, want more than wait at once", entries)
	}
	late.Load()
	same(t, &late, m)
}

func TestBelow(t *testing.T) {
	entries := []Entry{{Slot: 2}, {Slot: 3}, {Slot: 7}}
	for slot, want := range map[uint32]int{0: 0, 2: 0, 3: 1, 4: 2, 7: 2, 8: 3} {
		if got := Below(entries, slot); got != want {
			t.Errorf("%d below slot %d, want %d", got, slot, want)
		}
	}
	if Below(nil, 1) != 0 {
		t.Error("some of none are below")
	}
}

func TestSizes(t *testing.T) {
	before := -1
	for n := 2; n <= mostPaged; n++ {
		number, size := sizeOf(n)
		if size < n || 2*size >= 3*n && n > 4 || number < 0 || number >= sizes || number < before {
			t.Errorf("%d entries are given %d, as size %d after %d", n, size, number, before)
		}
		if again, least := sizeOf(size); again != number || least != size {
			t.Errorf("size %d is number %d of %d entries, and number %d of itself", size, number, n, again)
		}
		before = number
	}
}

// BenchmarkPut enters 20,000 vectors of 250 words.
func BenchmarkPut(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	indices, weights := make([][]uint32, 20_000), make([][]float32, 20_000)
	for i := range indices {
		indices[i], weights[i] = wordVector(r, 60_000, 250)
		for j := range indices[i] {
			indices[i][j] *= 0x10001
		}
	}
	for _, late := range []bool{false, true} {
		b.Run(map[bool]string{false: "one by one", true: "late"}[late], func(b *testing.B) {
			for b.Loop() {
				var l Lists
				if late {
					l.Defer()
				}
				for slot := range indices {
					l.Put(uint32(slot), indices[slot], weights[slot])
				}
				if late {
					l.Load()
				}
			}
		})
	}
}
