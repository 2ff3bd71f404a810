package local

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// columnOf has vectors of so many words in the common proportions, entered one by one or late.
func columnOf(vectors []sparse, late bool) *sparseColumn {
	c := newSparseColumn(&space{sparse: true})
	if late {
		c.deferPostings()
	}
	for slot, v := range vectors {
		c.put(uint32(slot), v)
	}
	if late {
		c.loadPostings()
	}
	return c
}

// wordVectors have indices that are spread over all numbers, as hashes are; some are in most vectors.
func wordVectors(n, words int) []sparse {
	r := rand.New(rand.NewPCG(1, 2))
	vectors := make([]sparse, n)
	for i := range vectors {
		weights := map[uint32]float32{}
		for range words {
			word := uint64(60_000 * r.Float64() * r.Float64() * r.Float64())
			weights[uint32(word*0x9e3779b97f4a7c15>>32)] = r.Float32()
		}
		for _, index := range slices.Sorted(maps.Keys(weights)) {
			vectors[i].indices, vectors[i].values = append(vectors[i].indices, index), append(vectors[i].values, weights[index])
		}
	}
	return vectors
}

func TestPostingsEnteredLateAreTheSame(t *testing.T) {
	vectors := append(wordVectors(12_000, 100), sparse{}) // more entries than wait at once
	at, late := columnOf(vectors, false), columnOf(vectors, true)
	if at.entries <= mostLate {
		t.Fatalf("%d entries, want more than %d", at.entries, mostLate)
	}
	if diff := gocmp.Diff(at.postings, late.postings, gocmp.AllowUnexported(posting{})); diff != "" {
		t.Errorf("(-one by one +late):\n%.2000s", diff)
	}
	if at.n != late.n || at.filled != late.filled || at.entries != late.entries {
		t.Errorf("one by one %d, %d, %d, late %d, %d, %d", at.n, at.filled, at.entries, late.n, late.filled, late.entries)
	}
}

// BenchmarkLoadPostings enters 20,000 vectors of 250 words.
func BenchmarkLoadPostings(b *testing.B) {
	vectors := wordVectors(20_000, 250)
	for _, late := range []bool{false, true} {
		b.Run(map[bool]string{false: "one by one", true: "late"}[late], func(b *testing.B) {
			for b.Loop() {
				columnOf(vectors, late)
			}
		})
	}
}
