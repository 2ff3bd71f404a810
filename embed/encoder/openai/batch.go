package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/akinserver/akin"
)

// control is a text that every model embeds: a server that refuses it refuses whatever is sent.
const control = "akin"

// part is a text, or a piece of one that is too long.
type part struct {
	index  int    // of its text
	at     int    // where it begins in its text, in bytes
	text   string // without the prefix
	tokens int    // with it
}

// job is one call of EmbedEach.
type job struct {
	*Embedder
	form Form

	mu      sync.Mutex
	done    func(int, []float32)
	pending []int           // parts of each text that have no vector yet
	pieces  map[int][]piece // of texts that were split
	refused map[int]error
	works   bool // the server has taken the control text, or some other
}

// piece is the vector of a part.
type piece struct {
	part
	vector []float32
}

func (e *Embedder) embedEach(ctx context.Context, purpose akin.Purpose, texts []string, done func(int, []float32)) error {
	j := &job{Embedder: e, form: e.options.Documents, done: done, pending: make([]int, len(texts)), pieces: map[int][]piece{}, refused: map[int]error{}}
	if purpose == akin.Query {
		j.form = e.options.Queries
	}
	parts := j.parts(texts)
	// After a failure nothing new is sent, but what is under way is waited for: it may be paid already.
	var group errgroup.Group
	group.SetLimit(e.options.Parallel)
	failed := make(chan struct{})
	var once sync.Once
	for len(parts) > 0 {
		select {
		case <-failed:
			parts = nil
			continue
		default:
		}
		batch := parts[:j.take(parts)]
		parts = parts[len(batch):]
		group.Go(func() error {
			_, err := j.send(ctx, batch, j.patience())
			if err != nil {
				once.Do(func() { close(failed) })
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return j.errors()
}

// parts are the texts to be sent. Blank ones are done.
func (j *job) parts(texts []string) []part {
	var parts []part
	room := j.options.TextTokens - Tokens(j.form.Prefix) - specials
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			j.done(i, make([]float32, j.dimensions))
			continue
		}
		parts = append(parts, j.divide(i, 0, text, split(text, room))...)
	}
	return parts
}

// divide makes parts of a text, or of a part of it that begins at the given byte.
func (j *job) divide(index, at int, text string, pieces []string) []part {
	var parts []part
	for _, p := range pieces {
		sent := p
		if len(pieces) > 1 {
			sent = strings.TrimSpace(p)
		}
		if sent != "" {
			parts = append(parts, part{index, at, sent, Tokens(j.form.Prefix+sent) + specials})
		}
		at += len(p)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending[index] += len(parts)
	return parts
}

// take is how many of the parts go into the next batch.
func (j *job) take(parts []part) int {
	n, tokens := 0, 0
	for n < len(parts) && n < int(j.batchTexts.Load()) {
		if tokens += parts[n].tokens; n > 0 && tokens > j.options.BatchTokens {
			break
		}
		n++
	}
	return n
}

// send gets the vectors of parts. Where the server refuses them, or does not answer in time, it halves them, until it is known which one is refused. It tells whether
// none was.
func (j *job) send(ctx context.Context, parts []part, until time.Time) (clean bool, err error) {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = j.form.Prefix + p.text
	}
	vectors, err := j.insist(ctx, j.form, texts, until)
	if err == nil {
		j.deliver(parts, vectors)
		return true, nil
	}
	f, ok := errors.AsType[*failure](err)
	switch {
	case !ok || len(parts) == 1 && !f.text || !f.text && !f.slow:
		return false, err
	case len(parts) == 1:
		return false, j.refuse(ctx, parts[0], f)
	}
	half := len(parts) / 2
	if f.text {
		until = j.patience() // it is being found, which takes its time
	} else if j.timeouts.Add(1) > 1 { // once may have been by chance
		j.takesNoMoreThan(len(parts) - half)
	}
	first, err := j.send(ctx, parts[:half], until)
	if err != nil {
		return false, err
	}
	second, err := j.send(ctx, parts[half:], until)
	if err != nil {
		return false, err
	}
	if first && second && f.text && f.tries <= 1 {
		j.takesNoMoreThan(len(parts) - half) // they were too many together
	}
	return first && second, nil
}

// patience is until when a batch that is sent now is insisted on.
func (e *Embedder) patience() time.Time { return time.Now().Add(e.options.Patience) }

// takesNoMoreThan lets later batches be smaller.
func (e *Embedder) takesNoMoreThan(n int) {
	for {
		known := e.batchTexts.Load()
		if known <= int32(n) || e.batchTexts.CompareAndSwap(known, int32(n)) {
			return
		}
	}
}

// refuse splits a part that is too long for the model, whatever Options.TextTokens say; else it notes why its text has no vector. A server that refuses
// the control text too does not mean this text.
func (j *job) refuse(ctx context.Context, p part, why *failure) error {
	if why.long {
		if pieces, ok := halves(p.text); ok {
			smaller := j.divide(p.index, p.at, p.text, pieces)
			j.mu.Lock()
			j.pending[p.index]-- // the part itself
			j.mu.Unlock()
			for _, s := range smaller {
				if _, err := j.send(ctx, []part{s}, j.patience()); err != nil {
					return err
				}
			}
			return nil
		}
	}
	j.mu.Lock()
	works := j.works
	j.mu.Unlock()
	if !works && p.text != control {
		if _, err := j.insist(ctx, j.form, []string{j.form.Prefix + control}, j.patience()); err != nil {
			if f, ok := errors.AsType[*failure](err); ok && f.text {
				return fmt.Errorf("no text at all is embedded: %w: %w", akin.ErrSetup, err)
			}
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.works = j.works || p.text != control
	if j.refused[p.index] == nil {
		j.refused[p.index] = why
	}
	return nil
}

// deliver hands out the vectors of texts that were sent whole, and of those whose last piece has come.
func (j *job) deliver(parts []part, vectors [][]float32) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.works = true
	for i, p := range parts {
		j.pending[p.index]--
		last := j.pending[p.index] == 0
		if last && j.pieces[p.index] == nil {
			j.done(p.index, vectors[i])
			continue
		}
		j.pieces[p.index] = append(j.pieces[p.index], piece{p, vectors[i]})
		if !last {
			continue
		}
		if v := mean(j.pieces[p.index]); v != nil {
			j.done(p.index, v)
		} else {
			j.refused[p.index] = errors.New("it is too long for the model, and the vectors of its pieces cancel out")
		}
		delete(j.pieces, p.index)
	}
}

// mean of the pieces, each weighted by its tokens, in unit length; nil if it has none. It is added up in the order of the text, so that the same
// answers give the same vector in whatever order they come.
func mean(pieces []piece) []float32 {
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	sum := make([]float64, len(pieces[0].vector))
	for _, p := range pieces {
		for i, x := range p.vector {
			sum[i] += float64(Tokens(p.text)) * float64(x)
		}
	}
	v := make([]float32, len(sum))
	for i, x := range sum {
		v[i] = float32(x)
	}
	if !normalise(v) {
		return nil
	}
	return v
}

func (j *job) errors() error {
	if len(j.refused) == 0 {
		return nil
	}
	var errs akin.TextErrors
	for i, err := range j.refused {
		errs = append(errs, &akin.TextError{Index: i, Err: err})
	}
	slices.SortFunc(errs, func(a, b *akin.TextError) int { return cmp.Compare(a.Index, b.Index) })
	return errs
}
