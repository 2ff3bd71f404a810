package akin

import (
	"context"
	"errors"
	"fmt"
)

// Purpose tells an embedder what a text is for: some models embed the two differently.
type Purpose int

// The purposes of an embedding.
const (
	Document Purpose = iota // a text to be found
	Query                   // a text to find others by
)

// Embedder turns texts into vectors. It is safe for concurrent use. One that has more to tell of itself is a Profiler too.
type Embedder interface {
	// Fingerprint names all that decides its vectors: name, version, dimensions, options.
	// Vectors of two fingerprints are never compared.
	Fingerprint() string
	// Dimensions is the length of every vector.
	Dimensions() int
	// Embed returns one vector a text, in the order of the texts, each of unit length
	// (a text without any content may have the zero vector).
	//
	// Where it can embed some texts and not others, the error holds TextErrors, and the vectors of the others are returned all the
	// same, with nil in the place of each that has none. On any other error no vector is returned.
	Embed(ctx context.Context, purpose Purpose, texts []string) ([][]float32, error)
}

// ProgressiveEmbedder hands out each vector as soon as it has it, so that a caller who keeps them loses none that were paid for.
type ProgressiveEmbedder interface {
	Embedder
	// EmbedEach calls done once for each text that has a vector, in any order, and never twice at a time. The error is as Embed's; what was
	// handed out before is right.
	EmbedEach(ctx context.Context, purpose Purpose, texts []string, done func(index int, vector []float32)) error
}

// EmbedEach calls the embedder's own EmbedEach, or hands out the vectors of its Embed.
func EmbedEach(ctx context.Context, embedder Embedder, purpose Purpose, texts []string, done func(index int, vector []float32)) error {
	if p, ok := embedder.(ProgressiveEmbedder); ok {
		return p.EmbedEach(ctx, purpose, texts, done)
	}
	vectors, err := embedder.Embed(ctx, purpose, texts)
	for i, v := range vectors {
		if v != nil {
			done(i, v)
		}
	}
	return err
}

// CollectEach is Embed in terms of EmbedEach.
func CollectEach(n int, each func(done func(index int, vector []float32)) error) ([][]float32, error) {
	vectors := make([][]float32, n)
	err := each(func(i int, v []float32) { vectors[i] = v })
	if err == nil {
		return vectors, nil
	}
	if _, some := errors.AsType[TextErrors](err); some {
		return vectors, err
	}
	return nil, err
}

// Keeper is an embedder that keeps vectors of documents.
type Keeper interface {
	// Kept tells for each text whether it has its vector, so that embedding it costs nothing. It embeds none. One that never keeps a vector returns nil.
	Kept(texts []string) []bool
}

// Profiler is an embedder that tells of itself.
type Profiler interface{ Profile() Profile }

// Profile is what an embedder tells of its limits and its cost.
type Profile struct {
	TextTokens int     // tokens of the longest text that is embedded in one piece; 0 when there is no such limit
	BatchTexts int     // texts that it embeds together; 0 when it makes no difference
	Literal    bool    // its vectors are made of the words of a text alone: they say little that a comparison word by word does not
	Metered    bool    // its vectors cost money or much time, so that they are worth keeping
	Price      float64 // of a million tokens, in the currency of whoever set it; 0 when nobody did
	Used       Usage   // since it was made
}

// Usage is what embedding has cost so far.
type Usage struct {
	Requests int64 // made, failed ones among them
	Failed   int64 // of these, without a right answer: tried again, or reported
	Cached   int64 // texts whose vector was kept from before, and cost nothing
	Texts    int64 // with an answer; a piece of a text that was split counts as one
	Tokens   int64 // of all answers, as the server counted them, or estimated where it does not
}

// ProfileOf is what an embedder tells of itself: nothing, if it is no Profiler.
func ProfileOf(embedder Embedder) Profile {
	if p, ok := embedder.(Profiler); ok {
		return p.Profile()
	}
	return Profile{}
}

// TextError is why one text of a call cannot be embedded.
type TextError struct {
	Index int // into the texts of the call
	Err   error
}

func (e *TextError) Error() string { return fmt.Sprintf("text %d: %v", e.Index+1, e.Err) }

func (e *TextError) Unwrap() error { return e.Err }

// TextErrors are all texts of a call that cannot be embedded, by index ascending. The others could: see Embedder.
type TextErrors []*TextError

func (e TextErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	return fmt.Sprintf("%d texts cannot be embedded, the first of them: %v", len(e), e[0])
}

// Unwrap lets errors.Is and errors.As see each.
func (e TextErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i := range e {
		errs[i] = e[i]
	}
	return errs
}
