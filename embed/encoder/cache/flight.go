package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/akinserver/akin"
)

type flightKey struct {
	purpose akin.Purpose
	key     key
}

// flight is a text on its way: others who want it wait for it.
type flight struct {
	done   chan struct{} // closed when the fields below are set
	vector []float32
	err    error
	fate   fate
}

// fate says what an err of a flight concerns.
type fate int

const (
	landed  fate = iota // nothing: there is a vector
	refused             // the text
	failed              // every text
	left                // the caller who had it under way, and went: whoever waits asks again
)

// passenger is a text that waits for another call's flight.
type passenger struct {
	*want
	*flight
}

// claim takes the texts that nobody has under way. Those that came to be kept in the meantime are to be looked up again.
func (c *call) claim(wanted []*want) (mine []*want, others []passenger, kept []*want) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range wanted {
		k := flightKey{c.purpose, w.key}
		switch f := c.flights[k]; {
		case f != nil:
			others = append(others, passenger{w, f})
		case c.has(w.key):
			kept = append(kept, w)
		default:
			c.flights[k] = &flight{done: make(chan struct{}), fate: left}
			mine = append(mine, w)
		}
	}
	return mine, others, kept
}

// land ends a flight, after its vector is kept: whoever looks from now on finds the one or the other.
func (c *call) land(w *want, vector []float32, err error, fate fate) {
	k := flightKey{c.purpose, w.key}
	c.mu.Lock()
	f := c.flights[k]
	delete(c.flights, k)
	c.mu.Unlock()
	f.vector, f.err, f.fate = vector, err, fate
	close(f.done)
}

// embed has the call's own texts embedded, and ends all their flights whatever comes.
func (c *call) embed(ctx context.Context, mine []*want) (err error) {
	if len(mine) == 0 {
		return nil
	}
	texts := make([]string, len(mine))
	under := make(map[int]*want, len(mine)) // way
	for i, w := range mine {
		texts[i], under[i] = w.text, w
	}
	end := failed
	defer func() {
		if ctx.Err() != nil || err == nil { // or the embedder has panicked
			end = left
		}
		for _, w := range under {
			c.land(w, nil, err, end)
		}
	}()
	err = akin.EmbedEach(ctx, c.embedder, c.purpose, texts, func(i int, v []float32) {
		w := under[i]
		if w == nil || len(v) != c.Dimensions() {
			return // told below
		}
		delete(under, i)
		own := slices.Clone(v) // what is handed out may be changed
		c.keep(w.key, own)
		c.land(w, own, nil, landed)
		c.give(w, v)
	})
	errs, some := errors.AsType[akin.TextErrors](err)
	if err != nil && !some {
		return err
	}
	for _, e := range errs {
		if w := under[e.Index]; w != nil {
			delete(under, e.Index)
			c.land(w, nil, e.Err, refused)
			c.refuse(w, e.Err)
		}
	}
	if len(under) > 0 {
		return fmt.Errorf("%s gave no vector of %d dimensions for %d of %d texts", c.Fingerprint(), c.Dimensions(), len(under), len(texts))
	}
	return nil
}

func (c *call) keep(k key, v []float32) {
	if c.purpose == akin.Query {
		c.queries.put(k, v)
		return
	}
	c.folder.put(k, v)
}

// await gives what other calls had under way, and returns the texts that they left.
func (c *call) await(ctx context.Context, others []passenger) (again []*want, err error) {
	for _, p := range others {
		select {
		case <-p.flight.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		switch p.fate {
		case landed:
			c.cached.Add(int64(len(p.places)))
			c.give(p.want, slices.Clone(p.vector))
		case refused:
			c.refuse(p.want, p.err)
		case left:
			again = append(again, p.want)
		case failed:
			return nil, p.err
		}
	}
	return again, nil
}
