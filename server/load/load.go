// Package load asks a server at a fixed rate, whatever it answers and however long it takes, and measures how it copes.
// A latency counts from the moment for which its question was intended: a server that stalls cannot hide it by being asked less.
package load

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Options of a run. The zero value works.
type Options struct {
	Rate     float64       // questions a second; 100 by default
	Duration time.Duration // 1 min by default
	Repeat   float64       // share of the questions, 0 to 1, that ask about one of the popular articles; the others go through all of them
	Popular  int           // such articles; 100 by default
	Timeout  time.Duration // for an answer; 10 s by default
	Waiting  int           // questions that wait for an answer at once, at most; further ones are counted as NotSent, to spare the machine that asks. 4096 by default
	Seed     uint64        // of all that is drawn by chance

	Every  time.Duration // between two reports; 10 s by default
	Report func(Window)  // is told of each stretch of time as it ends, one call at a time; nobody by default
}

// Codes that are none of the server's.
const (
	NotSent = "NOT_SENT" // too many questions were waiting
	Wrong   = "WRONG"    // an answer that cannot be right
)

// OK is the code of a right answer.
const OK = "OK"

// Ask puts one question, about the article with an id, and returns the code of the answer.
type Ask func(ctx context.Context, id string) (code string)

// Window is what was seen of the questions that were intended for a stretch of time.
type Window struct {
	Begin time.Duration // since the run began
	Took  time.Duration
	Codes map[string]int
	OK    Latencies // of right answers
	Other Latencies // of all others that were sent
}

// Result is the whole run, its windows put together.
type Result struct{ Window }

// Run asks about ids until the duration is over or the context ends, and waits for the answers.
func Run(ctx context.Context, ids []string, ask Ask, opts Options) (Result, error) {
	if len(ids) == 0 {
		return Result{}, errors.New("load: no article to ask about")
	}
	opts.Rate = cmp.Or(opts.Rate, 100)
	opts.Duration = cmp.Or(opts.Duration, time.Minute)
	opts.Popular = min(cmp.Or(opts.Popular, 100), len(ids))
	opts.Timeout = cmp.Or(opts.Timeout, 10*time.Second)
	opts.Waiting = cmp.Or(opts.Waiting, 4096)
	opts.Every = cmp.Or(opts.Every, 10*time.Second)
	if opts.Report == nil {
		opts.Report = func(Window) {}
	}
	r := &run{Options: opts, ask: ask, began: time.Now(), room: make(chan struct{}, opts.Waiting)}
	r.schedule(ctx, newChoice(ids, opts))
	r.waiting.Wait()
	return r.result(), nil
}

type run struct {
	Options
	ask     Ask
	began   time.Time
	room    chan struct{}
	waiting sync.WaitGroup

	mu      sync.Mutex
	windows []*window // by the time for which their questions were intended
}

type window struct {
	codes     map[string]int
	ok, other Latencies
	open      int // questions without an answer yet
	over      bool
	reported  bool
}

// schedule starts each question at its time. It never waits for an answer.
func (r *run) schedule(ctx context.Context, c *choice) {
	interval := time.Duration(float64(time.Second) / r.Rate)
	for n := 0; ; n++ {
		at := time.Duration(n) * interval
		if at >= r.Duration || !sleepUntil(ctx, r.began.Add(at)) {
			r.end(at)
			return
		}
		w := r.window(at)
		select {
		case r.room <- struct{}{}:
		default:
			r.settle(w, NotSent, 0)
			continue
		}
		id := c.next()
		r.waiting.Go(func() {
			defer func() { <-r.room }()
			asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
			defer cancel()
			code := r.ask(asking, id)
			r.settle(w, code, time.Since(r.began.Add(at)))
		})
	}
}

func sleepUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// window is the one for a time, with one question more that is open.
func (r *run) window(at time.Duration) *window {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := int(at / r.Every)
	for len(r.windows) <= n {
		if len(r.windows) > 0 {
			r.windows[len(r.windows)-1].over = true
			r.tell()
		}
		r.windows = append(r.windows, &window{codes: map[string]int{}})
	}
	w := r.windows[n]
	w.open++
	return w
}

func (r *run) settle(w *window, code string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.open--
	w.codes[code]++
	switch code {
	case OK:
		w.ok = append(w.ok, took)
	case NotSent:
	default:
		w.other = append(w.other, took)
	}
	r.tell()
}

func (r *run) end(at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Duration = at
	for _, w := range r.windows {
		w.over = true
	}
	r.tell()
}

// tell reports the windows that are over and have all their answers, in their order.
func (r *run) tell() {
	for n, w := range r.windows {
		if !w.over || w.open > 0 {
			return
		}
		if !w.reported {
			w.reported = true
			begin := time.Duration(n) * r.Every
			r.Report(w.seen(begin, min(r.Every, r.Duration-begin)))
		}
	}
}

func (w *window) seen(begin, took time.Duration) Window {
	return Window{Begin: begin, Took: took, Codes: w.codes, OK: w.ok.sorted(), Other: w.other.sorted()}
}

func (r *run) result() Result {
	all := &window{codes: map[string]int{}}
	for _, w := range r.windows {
		for code, n := range w.codes {
			all.codes[code] += n
		}
		all.ok, all.other = append(all.ok, w.ok...), append(all.other, w.other...)
	}
	return Result{all.seen(0, r.Duration)}
}

// choice draws ids: popular ones again and again, the others each in its turn.
type choice struct {
	random  *rand.Rand
	popular []string
	others  []string
	repeat  float64
	at      int
}

func newChoice(ids []string, opts Options) *choice {
	c := &choice{random: rand.New(rand.NewPCG(opts.Seed, 0)), repeat: opts.Repeat, others: append([]string(nil), ids...)}
	c.random.Shuffle(len(c.others), func(i, j int) { c.others[i], c.others[j] = c.others[j], c.others[i] })
	c.popular = c.others[:opts.Popular]
	if rest := c.others[opts.Popular:]; len(rest) > 0 {
		c.others = rest
	}
	return c
}

func (c *choice) next() string {
	if c.random.Float64() < c.repeat {
		return c.popular[c.random.IntN(len(c.popular))]
	}
	c.at++
	return c.others[(c.at-1)%len(c.others)]
}
