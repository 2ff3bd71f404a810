package query

import (
	"math/rand/v2"
	"testing"
)

func TestByTerm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want := map[uint32]int32{0: 7}
	for range 1000 {
		want[r.Uint32()&0xfff0ffff] = 1 + r.Int32N(1000) // many begin in one place
	}
	table := newByTerm[int32](len(want))
	for index, value := range want {
		table.put(index, 1)
		table.put(index, value)
	}
	for index, value := range want {
		if got := table.of(index); got != value {
			t.Fatalf("term %d has the value %d, want %d", index, got, value)
		}
	}
	for range 1000 {
		if index := r.Uint32(); table.of(index) != want[index] {
			t.Fatalf("term %d has the value %d, want %d", index, table.of(index), want[index])
		}
	}
}
