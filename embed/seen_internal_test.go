package embed

import (
	"fmt"
	"testing"
)

func TestSeen(t *testing.T) {
	const most = 10_000
	s := newSeen(most)
	for i := range most {
		if s.before(fmt.Sprint("text ", i)) {
			t.Fatalf("text %d was there before", i)
		}
	}
	for i := range most {
		if !s.before(fmt.Sprint("text ", i)) {
			t.Fatalf("text %d was not there", i)
		}
	}
	if s.over {
		t.Errorf("%d texts are more than %d", most, most)
	}
	// One more is not remembered, and that is told.
	for range 2 {
		if s.before("one more") {
			t.Error("one more was there before")
		}
	}
	if !s.over || len(s.slots) != 1<<14 {
		t.Errorf("over %v, with %d slots", s.over, len(s.slots))
	}
}
