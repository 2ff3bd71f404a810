// Package bert embeds texts with a transformer model of BERT's shape, inside this process: MiniLM, BGE, GTE, E5, text2vec, LaBSE and their like.
// It reads a folder from Hugging Face as it is, and gives the vectors that sentence-transformers gives, except in one point: a text that is longer
// than the model's window is never cut. It is split at ends of sentences, and its vector is the mean of the parts' vectors by their lengths.
//
// Texts are computed together without padding: their tokens lie behind one another, and only attention looks at where one ends. So a text's vector
// does not depend on the texts beside it, to the last bit.
package bert

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder/wordpiece"
)

// version changes whenever the vector of any text does.
const version = 1

// Options say how a model is used. The zero value uses it as its folder says.
type Options struct {
	DocumentPrefix string // put before each text to be found, for models trained so: "passage: "; empty means the folder's prompt, if it has one
	QueryPrefix    string // put before each text to find others by: "query: "; empty means the folder's prompt, if it has one
	IgnorePrompts  bool   // leave the folder's prompts alone
	Pooling        string // "mean" or "cls": how tokens become a vector; empty means what the folder says, and mean where it says nothing
	Window         int    // tokens that are embedded in one piece, prefix and special tokens among them; 0 means what the folder says
	Threads        int    // texts are embedded on so many processors at once; 0 means all
}

// Model is an embedder. It is safe for concurrent use: its weights are shared, and all calls together compute on Options.Threads processors.
type Model struct {
	config      config
	tokens      *wordpiece.Tokenizer
	weights     *weights
	pooling     pooling
	layers      []dense // behind the pooling
	dimensions  int
	window      int
	lower       bool
	prefixes    [2]string // by purpose
	workspaces  chan *workspace
	fingerprint string
}

// Open loads a model's folder. An error about an option is an *akin.InvalidError; a model of another shape is refused by its name.
func Open(dir string, options Options) (*Model, error) {
	m, err := open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the model in %s: %w", dir, err)
	}
	return m, nil
}

func open(dir string, options Options) (*Model, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{config: s.config, pooling: s.pooling, dimensions: s.config.Hidden, lower: s.lower}
	if options.Pooling != "" {
		m.pooling.Mode = options.Pooling
	}
	if m.tokens, err = wordpiece.Open(filepath.Join(dir, s.root)); err != nil {
		return nil, err
	}
	if m.tokens.Size() > s.config.Vocabulary {
		return nil, fmt.Errorf("the tokenizer has ids up to %d, and the model a vocabulary of %d: they do not belong together", m.tokens.Size()-1, s.config.Vocabulary)
	}
	digest := sha256.New()
	if m.weights, err = loadWeights(filepath.Join(dir, s.root), &m.config, digest); err != nil {
		return nil, err
	}
	for _, layer := range s.dense {
		d, err := loadDense(dir, layer, m.dimensions, digest)
		if err != nil {
			return nil, err
		}
		m.layers, m.dimensions = append(m.layers, d), d.outputs
	}
	m.prefixes = s.prefixes(options)
	if m.lower {
		m.prefixes = [2]string{strings.ToLower(m.prefixes[0]), strings.ToLower(m.prefixes[1])}
	}
	if err := m.setWindow(s.window, options.Window); err != nil {
		return nil, err
	}
	threads := options.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	m.workspaces = make(chan *workspace, threads)
	for range threads {
		m.workspaces <- nil // made when it is first used
	}
	shape := m.config
	shape.Type, shape.Architectures = "", nil // what a model calls itself changes no vector
	fmt.Fprintf(digest, "%x %+v %+v %d %t", m.tokens.Digest(), shape, m.pooling, m.window, m.lower)
	m.fingerprint = fingerprint(m.dimensions, digest.Sum(nil), m.prefixes)
	return m, nil
}

func (o Options) validate() error {
	switch {
	case o.Pooling != "" && o.Pooling != mean && o.Pooling != cls:
		return &akin.InvalidError{Field: "pooling", Problem: fmt.Sprintf("%q is neither %q nor %q", o.Pooling, mean, cls)}
	case o.Window < 0:
		return &akin.InvalidError{Field: "window", Problem: fmt.Sprintf("%d is negative", o.Window)}
	case o.Threads < 0 || o.Threads > maxThreads:
		return &akin.InvalidError{Field: "threads", Problem: fmt.Sprintf("%d is not within 0 to %d", o.Threads, maxThreads)}
	}
	return nil
}

// maxThreads is more than any machine has processors for, and few enough to keep a place for each.
const maxThreads = 4096

// leastRoom is for how many tokens of a text there must be room in a window.
const leastRoom = 8

func (m *Model) setWindow(folder, option int) error {
	before, after := m.tokens.Frame()
	m.window = min(folder, m.config.Positions)
	if option > m.window {
		return &akin.InvalidError{Field: "window", Problem: fmt.Sprintf("%d tokens, and the model takes at most %d", option, m.window)}
	}
	if option > 0 {
		m.window = option
	}
	for _, prefix := range m.prefixes {
		if taken := len(before) + len(after) + len(m.tokens.Append(nil, prefix)); m.window < taken+leastRoom {
			return &akin.InvalidError{Field: "window", Problem: fmt.Sprintf("%d tokens, of which prefix and special tokens take %d: fewer than %d are left for the text",
				m.window, taken, leastRoom)}
		}
	}
	return nil
}

// fingerprint is bert/VERSION/DIMENSIONS/DIGEST, and the prefixes if there are any, as those of other embedders are.
func fingerprint(dimensions int, digest []byte, prefixes [2]string) string {
	f := fmt.Sprintf("bert/%d/%d/%x", version, dimensions, digest[:8])
	values := url.Values{}
	for purpose, name := range map[akin.Purpose]string{akin.Document: "document", akin.Query: "query"} {
		if prefix := prefixes[purpose]; prefix != "" {
			values.Set(name, prefix)
		}
	}
	if len(values) > 0 {
		f += "?" + values.Encode()
	}
	return f
}

// Fingerprint is bert/VERSION/DIMENSIONS/DIGEST, and the prefixes if there are any. The digest is of the weights, the tokenizer, the pooling and the
// window; it does not tell where the folder is, how its files are split, or how many threads compute.
func (m *Model) Fingerprint() string { return m.fingerprint }

// Dimensions is the length of every vector.
func (m *Model) Dimensions() int { return m.dimensions }

// Profile tells the longest text that is embedded in one piece, and that vectors cost time.
func (m *Model) Profile() akin.Profile { return akin.Profile{TextTokens: m.window, Metered: true} }

// Window is how many tokens are embedded in one piece, prefix and special tokens among them.
func (m *Model) Window() int { return m.window }

// Embed returns one vector a text, of unit length. A text without any token has the zero vector. It fails when ctx ends, which it looks at
// between the layers of the model, and where the weights make no finite vector of a text.
func (m *Model) Embed(ctx context.Context, purpose akin.Purpose, texts []string) ([][]float32, error) {
	if purpose != akin.Document && purpose != akin.Query {
		return nil, fmt.Errorf("embed %d texts: there is no purpose %d: %w", len(texts), purpose, akin.ErrEmbedder)
	}
	var parts []part
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("embed %d texts: %w", len(texts), context.Cause(ctx))
		}
		parts = m.split(parts, i, m.prefixes[purpose], text)
	}
	if err := m.run(ctx, parts); err != nil {
		return nil, fmt.Errorf("embed %d texts: %w", len(texts), err)
	}
	vectors := make([][]float32, len(texts))
	for _, p := range parts { // in order, so that a sum is the same every time
		if vectors[p.text] == nil {
			vectors[p.text] = make([]float32, m.dimensions)
		}
		for i, x := range p.vector {
			vectors[p.text][i] += x * float32(p.tokens)
		}
	}
	for i, v := range vectors {
		switch {
		case v == nil:
			vectors[i] = make([]float32, m.dimensions)
		case !unit(v):
			return nil, fmt.Errorf("embed text %d of %d: the model makes no finite vector of it: its weights are damaged, or it is not meant for texts: %w",
				i+1, len(texts), akin.ErrEmbedder)
		}
	}
	return vectors, nil
}

// unit gives v unit length, and reports false where it has none.
func unit(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) { // NaN is neither
		return false
	}
	length := math.Sqrt(sum)
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return true
}
