// Package static embeds texts with a table: a vector for each piece of a vocabulary, and the mean of those of a text's pieces.
// It reads folders of Model2Vec (potion-base-8M and its like) and of sentence-transformers' StaticEmbedding. There is no order of words and no
// window: a text of any length is embedded whole, a hundred times faster than by a transformer and less well.
package static

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"os"
	"path/filepath"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder/safetensors"
	"github.com/akinserver/akin/embed/encoder/wordpiece"
)

// version changes whenever the vector of any text does.
const version = 1

// Options say how a model is used.
type Options struct {
	Dimensions int // the first of a vector's values are kept, for models whose first tell most, as Model2Vec's do; 0 means all
}

// Model is an embedder. It is safe for concurrent use.
type Model struct {
	tokens      *wordpiece.Tokenizer
	table       *safetensors.Matrix
	rows        []int64   // of the table, by a piece's id; nil where the id is the row
	weights     []float32 // by a piece's id; nil where all weigh alike
	dimensions  int
	fingerprint string
}

// Open loads a model's folder. An error about an option is an *akin.InvalidError; a tokenizer other than WordPiece is refused by its name.
func Open(dir string, options Options) (*Model, error) {
	m, err := open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the static model in %s: %w", dir, err)
	}
	return m, nil
}

func open(dir string, options Options) (m *Model, err error) {
	// sentence-transformers keeps the table of an unpublished version in a folder of its own.
	if inner := filepath.Join(dir, "0_StaticEmbedding"); isFolder(inner) {
		dir = inner
	}
	m = &Model{}
	if m.tokens, err = wordpiece.Open(dir); err != nil {
		return nil, err
	}
	file, err := safetensors.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	if err := m.load(file); err != nil {
		return nil, err
	}
	m.dimensions = m.table.Columns
	switch d := options.Dimensions; {
	case d < 0 || d > m.dimensions:
		return nil, &akin.InvalidError{Field: "dimensions", Problem: fmt.Sprintf("%d, and the model has %d", d, m.dimensions)}
	case d > 0:
		m.dimensions = d
	}
	m.fingerprint = fmt.Sprintf("static/%d/%d/%x", version, m.dimensions, m.digest())
	return m, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// load reads the table, and what a model with fewer rows than pieces has beside it.
func (m *Model) load(file *safetensors.File) (err error) {
	table := file.Tensor("embeddings")
	if table == nil {
		table = file.Tensor("embedding.weight") // as sentence-transformers calls it
	}
	if table == nil {
		return fmt.Errorf("there is no tensor \"embeddings\" or \"embedding.weight\" among %q: it is no static model; one of BERT's shape is for the embedder bert", few(file.Names()))
	}
	if m.table, err = table.Matrix(); err != nil {
		return err
	}
	if m.table.Columns < 1 {
		return fmt.Errorf("the tensor %q has the shape %v", table.Name, table.Shape)
	}
	if weights := file.Tensor("weights"); weights != nil {
		if m.weights, err = weights.Floats(length(weights)); err != nil {
			return err
		}
	}
	if mapping := file.Tensor("mapping"); mapping != nil {
		if m.rows, err = mapping.Ints(length(mapping)); err != nil {
			return err
		}
	}
	return m.check()
}

// check makes sure that every id has its row and its weight.
func (m *Model) check() error {
	pieces := m.tokens.Size()
	switch {
	case m.weights != nil && len(m.weights) < pieces:
		return fmt.Errorf("there are %d weights for %d pieces", len(m.weights), pieces)
	case m.rows == nil && m.table.Rows < pieces:
		return fmt.Errorf("the table has %d rows for %d pieces, and there is no mapping", m.table.Rows, pieces)
	case m.rows != nil && len(m.rows) < pieces:
		return fmt.Errorf("the mapping has %d entries for %d pieces", len(m.rows), pieces)
	}
	for id, row := range m.rows {
		if row < 0 || row >= int64(m.table.Rows) {
			return fmt.Errorf("the mapping has row %d for piece %d, and the table has %d rows", row, id, m.table.Rows)
		}
	}
	return nil
}

// length is how many values a tensor of one dimension has; of another it is one that no such tensor can have.
func length(t *safetensors.Tensor) int {
	if len(t.Shape) != 1 {
		return -1
	}
	return int(t.Shape[0])
}

func few(names []string) []string { return names[:min(len(names), 5)] }

// digest is of all that decides the vectors.
func (m *Model) digest() []byte {
	digest := sha256.New()
	tokens := m.tokens.Digest()
	digest.Write(tokens[:])
	fmt.Fprintf(digest, "%s %d %d ", m.table.Type, m.table.Rows, m.table.Columns)
	digest.Write(m.table.Bytes)
	add(digest, "rows", m.rows)
	add(digest, "weights", m.weights)
	return digest.Sum(nil)[:8]
}

func add[T int64 | float32](digest hash.Hash, name string, values []T) {
	fmt.Fprintf(digest, "%s %d", name, len(values))
	_ = binary.Write(digest, binary.LittleEndian, values) // a digest takes everything
}

// Fingerprint is static/VERSION/DIMENSIONS/DIGEST. The digest is of the table and the tokenizer.
func (m *Model) Fingerprint() string { return m.fingerprint }

// Dimensions is the length of every vector.
func (m *Model) Dimensions() int { return m.dimensions }

// Embed returns one vector a text, of unit length whether or not the model's folder asks for it; both purposes embed alike. Pieces that the
// vocabulary does not know do not count; a text without any other has the zero vector. It fails when ctx ends, and where a vector is not finite.
func (m *Model) Embed(ctx context.Context, _ akin.Purpose, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	row, sum := make([]float32, m.table.Columns), make([]float64, m.dimensions)
	var ids []int32
	for i, text := range texts {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("embed %d texts: %w", len(texts), context.Cause(ctx))
		}
		clear(sum)
		ids = m.tokens.Append(ids[:0], text)
		for _, id := range ids {
			if id != m.tokens.Unknown() {
				m.add(sum, row, id)
			}
		}
		v, finite := unit(sum)
		if !finite {
			return nil, fmt.Errorf("embed text %d of %d: the model makes no finite vector of it: its table is damaged: %w", i+1, len(texts), akin.ErrEmbedder)
		}
		vectors[i] = v
	}
	return vectors, nil
}

// add adds the vector of a piece to a sum, by way of row. The sum is of float64: a text may have a million pieces.
func (m *Model) add(sum []float64, row []float32, id int32) {
	at, weight := int(id), float32(1)
	if m.rows != nil {
		at = int(m.rows[id])
	}
	if m.weights != nil {
		weight = m.weights[id]
	}
	m.table.Row(row, at)
	for i, x := range row[:len(sum)] {
		sum[i] += float64(weight * x)
	}
}

// unit returns a vector of unit length, or the zero vector where the sum is zero, and whether it is finite. The mean of the pieces' vectors has the
// direction of their sum.
func unit(sum []float64) ([]float32, bool) {
	var squares float64
	for _, x := range sum {
		squares += x * x
	}
	v := make([]float32, len(sum))
	if squares > 0 {
		length := math.Sqrt(squares)
		for i, x := range sum {
			v[i] = float32(x / length)
		}
	}
	return v, !math.IsNaN(squares) && !math.IsInf(squares, 0)
}
