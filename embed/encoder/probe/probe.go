// Package probe notices that another model answers under the same name.
// A fingerprint cannot tell: a server may have loaded other weights since yesterday, and the vectors of two models look alike until they are compared.
package probe

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/akinserver/akin"
)

// Text is what a model is told apart by: its vector is kept beside the vectors that the model made.
const Text = "The ferry runs again since the bridge was closed. 大桥封闭以后，渡轮又开了。"

// least is the cosine at which two vectors of Text are one model's. Other hardware, batches or formats of the same weights stay above 0.999, weights
// rounded to 8 bits above 0.99; other models are nowhere near.
const least = 0.99

// Keeper keeps the vector of Text beside vectors of the same model.
type Keeper interface {
	// Probe returns the vector that was kept, nil if none was.
	Probe(ctx context.Context) ([]float32, error)
	// KeepProbe keeps a vector where none was kept.
	KeepProbe(ctx context.Context, vector []float32) error
}

// Guard is an embedder that embeds nothing before the model behind it has given the vector of Text that every keeper expects. It is safe for concurrent use.
type Guard struct {
	akin.Embedder
	turn chan struct{} // holds one token: whoever checks takes it

	mu      sync.Mutex
	keepers []kept
	sound   bool
}

type kept struct {
	Keeper
	where  string
	remedy string
}

// New guards an embedder, for nobody yet.
func New(embedder akin.Embedder) *Guard {
	g := &Guard{Embedder: embedder, turn: make(chan struct{}, 1)}
	g.turn <- struct{}{}
	return g
}

// Keep adds a keeper. An error tells where it keeps its vectors, and its remedy.
func (g *Guard) Keep(keeper Keeper, where, remedy string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keepers = append(g.keepers, kept{keeper, where, remedy})
	g.sound = false
}

// Check asks the model for the vector of Text, unless it has already given the right one. The error is akin.ErrMismatch if it is another model.
func (g *Guard) Check(ctx context.Context) error {
	select {
	case <-g.turn:
		defer func() { g.turn <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	g.mu.Lock()
	keepers, sound := slices.Clone(g.keepers), g.sound
	g.mu.Unlock()
	if sound {
		return nil
	}
	vectors, err := g.Embedder.Embed(ctx, akin.Document, []string{Text})
	if err != nil {
		return fmt.Errorf("look whether the model is still the same: %w", err)
	}
	for _, k := range keepers {
		if err := k.check(ctx, vectors[0]); err != nil {
			return fmt.Errorf("%s: %w", k.where, err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sound = len(keepers) == len(g.keepers)
	return nil
}

func (k kept) check(ctx context.Context, vector []float32) error {
	before, err := k.Probe(ctx)
	if err != nil {
		return err
	}
	if before == nil {
		return k.KeepProbe(ctx, vector)
	}
	if c := cosine(before, vector); !(c >= least) { // NaN is neither
		return fmt.Errorf("%w: under the same name, the model now gives another vector for the same text (cosine %.3f, at least %.2f wanted): %s",
			akin.ErrMismatch, c, least, k.remedy)
	}
	return nil
}

func cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}

// Embed embeds with the model that was checked.
func (g *Guard) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	if err := g.Check(ctx); err != nil {
		return nil, err
	}
	return g.Embedder.Embed(ctx, purpose, texts)
}

// EmbedEach is Embed that hands out each vector as it comes, or at the end where the embedder cannot.
func (g *Guard) EmbedEach(ctx context.Context, purpose akin.Purpose, texts []string, done func(int, []float32)) error {
	if err := g.Check(ctx); err != nil {
		return err
	}
	return akin.EmbedEach(ctx, g.Embedder, purpose, texts, done)
}

// Profile is the embedder's own.
func (g *Guard) Profile() akin.Profile { return akin.ProfileOf(g.Embedder) }
