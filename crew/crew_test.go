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
