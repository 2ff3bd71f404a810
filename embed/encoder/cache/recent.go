package cache

import (
	"container/list"
	"sync"
)

// recent keeps the vectors of the texts that were last asked for. It is counted in texts: of one embedder, all vectors have one size.
type recent struct {
	mu    sync.Mutex
	most  int
	order *list.List // of *remembered, the last asked for in front
	byKey map[key]*list.Element
}

type remembered struct {
	key    key
	vector []float32
}

func newRecent(most int) *recent {
	return &recent{most: most, order: list.New(), byKey: map[key]*list.Element{}}
}

func (r *recent) get(k key) []float32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byKey[k]
	if e == nil {
		return nil
	}
	r.order.MoveToFront(e)
	return e.Value.(*remembered).vector
}

func (r *recent) put(k key, v []float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey[k] != nil {
		return
	}
	r.byKey[k] = r.order.PushFront(&remembered{k, v})
	if r.order.Len() > r.most {
		delete(r.byKey, r.order.Remove(r.order.Back()).(*remembered).key)
	}
}

func (r *recent) has(k key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byKey[k] != nil
}
