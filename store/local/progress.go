package local

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Progress says how far the opening of a folder has come. It is done in steps, of which each begins at 0.
type Progress struct {
	Step  Step
	Done  int64 // bytes that are read, points that are indexed, or vectors that are coded
	Total int64 // of them
}

// Step is a part of the work of Open.
type Step string

// The steps, in their order. One that has nothing to do is left out.
const (
	Reading  Step = "reading"
	Indexing Step = "indexing points"
	Coding   Step = "coding vectors"
)

// String is a text for people, such as "reading: 40 %".
func (p Progress) String() string {
	return fmt.Sprintf("%s: %d %%", p.Step, 100*p.Done/max(p.Total, 1))
}

const (
	firstLog = 3 * time.Second // after which somebody may wonder
	nextLog  = 10 * time.Second
)

// logged returns a Progress function that logs every 10 s, and nothing of what takes less than three.
func logged(dir string, log *slog.Logger) func(Progress) {
	last := time.Now().Add(firstLog - nextLog)
	return func(p Progress) {
		if time.Since(last) < nextLog {
			return
		}
		last = time.Now()
		log.Info("opening a store", "dir", dir, "progress", p.String())
	}
}

// counter adds up a step. Many may count at a time, but report is called by one.
type counter struct {
	report func(Progress)
	every  int64

	mu   sync.Mutex
	at   Progress
	told int64
}

// counting begins a step that reports after every so many.
func counting(report func(Progress), step Step, total, every int64) *counter {
	return &counter{report: report, every: every, at: Progress{Step: step, Total: total}}
}

func (c *counter) add(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Vectors may have to be coded twice, as the first way turns out not to serve.
	c.at.Done = min(c.at.Done+n, c.at.Total)
	if c.at.Done-c.told >= c.every {
		c.told = c.at.Done
		c.report(c.at)
	}
}

// end reports that all is done.
func (c *counter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told < c.at.Total {
		c.at.Done, c.told = c.at.Total, c.at.Total
		c.report(c.at)
	}
}
