package cache

import (
	"cmp"
	"crypto/sha256"
	"runtime"
	"slices"
	"sync"

	"github.com/akinserver/akin"
)

// want is a text of a call, however often it stands there.
type want struct {
	key
	text   string
	places []int
}

func distinct(texts []string) []*want {
	var list []*want
	byKey := make(map[key]*want, len(texts))
	for i, text := range texts {
		sum := sha256.Sum256([]byte(text))
		k := key(sum[:keySize])
		w := byKey[k]
		if w == nil {
			w = &want{key: k, text: text}
			byKey[k] = w
			list = append(list, w)
		}
		w.places = append(w.places, i)
	}
	return list
}

// call is one call of EmbedEach.
type call struct {
	*Cache
	purpose akin.Purpose
	done    func(int, []float32)
	refused akin.TextErrors
}

// give hands a vector out, to each place its own.
func (c *call) give(w *want, v []float32) {
	for n, i := range w.places {
		if n > 0 {
			v = slices.Clone(v)
		}
		c.done(i, v)
	}
}

func (c *call) refuse(w *want, err error) {
	for _, i := range w.places {
		c.refused = append(c.refused, &akin.TextError{Index: i, Err: err})
	}
}

// look gives what is kept, and returns the rest.
func (c *call) look(wanted []*want) []*want {
	rest := c.lookOnce(wanted)
	if len(rest) == 0 || c.purpose == akin.Query {
		return rest
	}
	c.folder.refresh()
	return c.lookOnce(rest)
}

func (c *call) lookOnce(wanted []*want) []*want {
	vectors := make([][]float32, len(wanted))
	if c.purpose == akin.Query {
		for i, w := range wanted {
			vectors[i] = slices.Clone(c.queries.get(w.key))
		}
	} else {
		c.read(wanted, vectors)
	}
	var rest []*want
	for i, w := range wanted {
		if vectors[i] == nil {
			rest = append(rest, w)
			continue
		}
		c.cached.Add(int64(len(w.places)))
		c.give(w, vectors[i])
	}
	return rest
}

// read looks into the folder, on all processors where there is much to read.
func (c *call) read(wanted []*want, vectors [][]float32) {
	keys := make([]key, len(wanted))
	for i, w := range wanted {
		keys[i] = w.key
	}
	share := max(512, len(keys)/runtime.GOMAXPROCS(0)+1)
	var group sync.WaitGroup
	for from := 0; from < len(keys); from += share {
		to := min(len(keys), from+share)
		group.Go(func() { c.folder.get(keys[from:to], vectors[from:to]) })
	}
	group.Wait()
}

// has tells whether a vector is kept by now.
func (c *call) has(k key) bool {
	if c.purpose == akin.Query {
		return c.queries.has(k)
	}
	return c.folder.has(k)
}

func (c *call) errors() error {
	if len(c.refused) == 0 {
		return nil
	}
	slices.SortFunc(c.refused, func(a, b *akin.TextError) int { return cmp.Compare(a.Index, b.Index) })
	return c.refused
}
