package gateway

import (
	"testing"
	"time"
)

// TestHowLongAnswersAreShown holds when an answer in memory is good, and how long it is better than nothing.
func TestHowLongAnswersAreShown(t *testing.T) {
	now := time.Now()
	state, other := digested("state"), digested("other")
	for _, test := range []struct {
		name            string
		age, lifetime   time.Duration
		of              digest
		status          int
		fresh, showable bool
	}{
		{"a new one", 0, time.Minute, state, 200, true, true},
		{"of a corpus that has changed", 0, time.Minute, other, 200, false, true},
		{"past its lifetime", 2 * time.Minute, time.Minute, state, 200, false, true},
		{"old, of what is believed for a day", 2 * time.Hour, 24 * time.Hour, state, 200, false, true},
		{"a day past its lifetime, nearly", 24 * time.Hour, time.Minute, state, 200, false, true},
		{"a day past its lifetime", 24*time.Hour + time.Minute, time.Minute, state, 200, false, false},
		{"that something is not there", 0, time.Minute, state, 404, true, false},
	} {
		a := &answer{of: test.of, status: test.status, made: now.Add(-test.age), lifetime: test.lifetime}
		if fresh, showable := a.fresh(state, now), a.showable(now); fresh != test.fresh || showable != test.showable {
			t.Errorf("%s: fresh %v, showable %v", test.name, fresh, showable)
		}
	}
	if digested("a", "b") == digested("a\x00b") || digested("a", "b") == digested(`a" "b`) {
		t.Error("two questions have one digest")
	}
}
