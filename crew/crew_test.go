package crew

import (
	"sync/atomic"
	"testing"
)

func TestCrew(t *testing.T) {
	var ran atomic.Int64
	var all Crew
	for i := range 10 {
		all.Run(func() {
			ran.Add(1)
			if i == 3 {
				panic("three")
			}
		})
	}
	defer func() {
		if p := recover(); p != "three" || ran.Load() != 10 {
			t.Errorf("after %d functions the panic is %v, want that of one after all ten", ran.Load(), p)
		}
	}()
	all.Finish()
}

func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		done := make([]atomic.Int64, n)
		Each(n, func(i int) { done[i].Add(1) })
		for i := range done {
			if got := done[i].Load(); got != 1 {
				t.Errorf("of %d, number %d was called %d times, want once", n, i, got)
			}
		}
	}
	defer func() {
		if p := recover(); p != "one" {
			t.Errorf("the panic is %v, want that of the function", p)
		}
	}()
	Each(10, func(i int) {
		if i == 1 {
			panic("one")
		}
	})
}
