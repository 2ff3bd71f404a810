package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/akinserver/akin"
)

// model gives every text one vector, which may change.
type model struct {
	vector []float32
	err    error
	mu     sync.Mutex
	asked  []string
}

func (m *model) Fingerprint() string { return "model" }
func (m *model) Dimensions() int     { return len(m.vector) }

func (m *model) Embed(_ context.Context, _ akin.Purpose, texts []string) ([][]float32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, texts...)
	vectors := make([][]float32, len(texts))
	for i := range vectors {
		vectors[i] = m.vector
	}
	return vectors, m.err
}

// keeper is a shelf for one vector.
type keeper struct {
	vector []float32
	err    error
}

func (k *keeper) Probe(context.Context) ([]float32, error) { return k.vector, k.err }

func (k *keeper) KeepProbe(_ context.Context, v []float32) error {
	k.vector = v
	return nil
}

func guarded(m *model, keepers ...*keeper) *Guard {
	g := New(m)
	for i, k := range keepers {
		g.Keep(k, fmt.Sprintf("shelf %d", i+1), "put it back")
	}
	return g
}

func TestSameModel(t *testing.T) {
	tests := []struct {
		name         string
		before, now  []float32
		wantMismatch bool
	}{
		{name: "the same vector", before: []float32{0.6, 0.8}, now: []float32{0.6, 0.8}},
		{name: "the same weights on other hardware", before: []float32{0.6, 0.8}, now: []float32{0.6001, 0.7999}},
		{name: "weights in 8 bits", before: []float32{0.6, 0.8}, now: []float32{0.63, 0.78}},
		{name: "other weights", before: []float32{0.6, 0.8}, now: []float32{0.8, 0.6}, wantMismatch: true},
		{name: "other dimensions", before: []float32{0.6, 0.8}, now: []float32{0.6, 0.8, 0}, wantMismatch: true},
		{name: "what was kept is no vector", before: []float32{0, 0}, now: []float32{0.6, 0.8}, wantMismatch: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, fresh := &model{vector: tt.now}, &keeper{}
			g := guarded(m, fresh, &keeper{vector: tt.before})
			v, err := g.Embed(t.Context(), akin.Query, []string{"text"})
			if !tt.wantMismatch {
				if err != nil || len(v) != 1 || fresh.vector == nil {
					t.Fatalf("got %v, %v; kept %v", v, err, fresh.vector)
				}
				return
			}
			if !errors.Is(err, akin.ErrMismatch) || v != nil || !strings.Contains(err.Error(), "shelf 2") || !strings.Contains(err.Error(), "put it back") {
				t.Errorf("got %v, error %v\nwant akin.ErrMismatch that names the shelf and what to do", v, err)
			}
		})
	}
}

func TestAsksOnce(t *testing.T) {
	m := &model{vector: []float32{1}}
	g := guarded(m, &keeper{})
	for range 3 {
		if err := g.EmbedEach(t.Context(), akin.Document, []string{"text"}, func(int, []float32) {}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(m.asked, "|"); got != Text+"|text|text|text" {
		t.Errorf("asked for %q", got)
	}
	g.Keep(&keeper{vector: []float32{-1}}, "a late shelf", "put it back")
	if err := g.Check(t.Context()); !errors.Is(err, akin.ErrMismatch) {
		t.Errorf("a keeper that came later: %v", err)
	}
}

func TestAsksAgainAfterAFailure(t *testing.T) {
	m := &model{vector: []float32{1}, err: akin.ErrUnavailable}
	k := &keeper{}
	g := guarded(m, k)
	if _, err := g.Embed(t.Context(), akin.Document, []string{"text"}); !errors.Is(err, akin.ErrUnavailable) || k.vector != nil {
		t.Errorf("error %v, kept %v", err, k.vector)
	}
	m.err = nil
	if _, err := g.Embed(t.Context(), akin.Document, []string{"text"}); err != nil || k.vector == nil {
		t.Errorf("error %v, kept %v", err, k.vector)
	}
	k.err = errors.New("the shelf fell down")
	if err := guarded(m, k).Check(t.Context()); !errors.Is(err, k.err) {
		t.Errorf("error %v", err)
	}
}

func TestWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guarded(&model{vector: []float32{1}}, &keeper{})
		<-g.turn // somebody else is checking
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			cancel()
		}()
		if err := g.Check(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
