package bert

import (
	"fmt"
	"hash"
	"io"
	"math"
	"strings"

	"github.com/akinserver/akin/embed/encoder/bert/kernel"
	"github.com/akinserver/akin/embed/encoder/safetensors"
)

// weights are a model's, in the form in which they are computed with.
type weights struct {
	words     *safetensors.Matrix // of the vocabulary
	positions []float32           // of each place in a text, with that of the first token type added
	norm      norm
	layers    []layer
}

// layer is one layer of the encoder. The sizes of its heads are padded to whole panels of the kernel, with zeros that change nothing.
type layer struct {
	attention     linear // query, key and value, one behind the other
	output        linear // of the attention
	attentionNorm norm
	inner         linear
	outer         linear
	outerNorm     norm
}

// linear is a matrix and what is added to its product.
type linear struct {
	matrix *kernel.Matrix
	bias   []float32
}

type norm struct{ scale, shift []float32 }

// loader reads tensors, adds them to a digest, and remembers the first error.
type loader struct {
	file   *safetensors.File
	prefix string // of the names: "", "bert."
	digest hash.Hash
	err    error
}

func loadWeights(dir string, c *config, digest hash.Hash) (w *weights, err error) {
	file, err := safetensors.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	l := &loader{file: file, digest: digest}
	if l.prefix, err = findPrefix(file); err != nil {
		return nil, err
	}
	w = &weights{words: l.words(c), positions: l.positions(c), norm: l.norm("embeddings.LayerNorm", c.Hidden)}
	for i := range c.Layers {
		if l.err == nil {
			w.layers = append(w.layers, l.layer(fmt.Sprintf("encoder.layer.%d.", i), c))
		}
	}
	return w, l.err
}

// findPrefix returns what stands before the names of the tensors: nothing where a model is saved by itself, "bert." where it was part of another.
func findPrefix(file *safetensors.File) (string, error) {
	const words = "embeddings.word_embeddings.weight"
	var prefixes []string
	for _, name := range file.Names() {
		if prefix, found := strings.CutSuffix(name, words); found {
			prefixes = append(prefixes, prefix)
		}
	}
	switch len(prefixes) {
	case 1:
		return prefixes[0], nil
	case 0:
		return "", fmt.Errorf("there is no tensor %q among its %d: it is not of BERT's shape", words, len(file.Names()))
	}
	return "", fmt.Errorf("there are several tensors %q, under the prefixes %q", words, prefixes)
}

// floats reads a tensor under the first of its names that there is.
func (l *loader) floats(shape []int, names ...string) []float32 {
	if l.err != nil {
		return nil
	}
	for _, name := range names {
		tensor := l.file.Tensor(l.prefix + name)
		if tensor == nil {
			continue
		}
		values, err := tensor.Floats(shape...)
		if err != nil {
			l.err = err
			return nil
		}
		l.add(names[0], values)
		return values
	}
	l.err = fmt.Errorf("there is no tensor %q, which a model of BERT's shape has", l.prefix+names[0])
	return nil
}

// add adds values to the digest, as F32 whatever they were in the file.
func (l *loader) add(name string, values []float32) {
	io.WriteString(l.digest, name)
	var buf [4096]byte
	for len(values) > 0 {
		n := min(len(values), len(buf)/4)
		for i, v := range values[:n] {
			bits := math.Float32bits(v)
			buf[4*i], buf[4*i+1], buf[4*i+2], buf[4*i+3] = byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24)
		}
		l.digest.Write(buf[:4*n])
		values = values[n:]
	}
}

func (l *loader) words(c *config) *safetensors.Matrix {
	const name = "embeddings.word_embeddings.weight"
	m, err := l.file.Tensor(l.prefix + name).Matrix()
	switch {
	case err != nil:
		l.err = err
	case m.Rows != c.Vocabulary || m.Columns != c.Hidden:
		l.err = fmt.Errorf("the tensor %q has %d rows of %d, and config.json tells of a vocabulary of %d and a hidden size of %d", name, m.Rows, m.Columns, c.Vocabulary, c.Hidden)
	default:
		io.WriteString(l.digest, name+" "+m.Type)
		l.digest.Write(m.Bytes)
	}
	return m
}

func (l *loader) positions(c *config) []float32 {
	positions := l.floats([]int{c.Positions, c.Hidden}, "embeddings.position_embeddings.weight")
	types := l.floats([]int{c.Types, c.Hidden}, "embeddings.token_type_embeddings.weight")
	if l.err != nil {
		return nil
	}
	for i := range positions {
		positions[i] += types[i%c.Hidden]
	}
	return positions
}

// norm reads a layer normalisation, under the names of PyTorch or those of TensorFlow.
func (l *loader) norm(name string, size int) norm {
	shape := []int{size}
	return norm{l.floats(shape, name+".weight", name+".gamma"), l.floats(shape, name+".bias", name+".beta")}
}

func (l *loader) layer(name string, c *config) layer {
	return layer{
		attention:     l.attention(name+"attention.self.", c),
		output:        l.output(name+"attention.output.dense", c),
		attentionNorm: l.norm(name+"attention.output.LayerNorm", c.Hidden),
		inner:         l.linear(name+"intermediate.dense", c.Inner, c.Hidden),
		outer:         l.linear(name+"output.dense", c.Hidden, c.Inner),
		outerNorm:     l.norm(name+"output.LayerNorm", c.Hidden),
	}
}

func (l *loader) linear(name string, outputs, inputs int) linear {
	weights, bias := l.floats([]int{outputs, inputs}, name+".weight"), l.floats([]int{outputs}, name+".bias")
	if l.err != nil {
		return linear{}
	}
	return linear{kernel.Pack(weights, outputs, inputs), padded(bias)}
}

// attention lays query, key and value side by side, each head in columns of its own. The division of the scores by the root of the head's size is
// done here, once, on the queries.
func (l *loader) attention(name string, c *config) linear {
	size, columns := c.headSize(), kernel.Pad(c.headSize())
	all := linear{kernel.New(c.Hidden, 3*c.Heads*columns), make([]float32, 3*c.Heads*columns)}
	for i, of := range []string{"query", "key", "value"} {
		weights, bias := l.floats([]int{c.Hidden, c.Hidden}, name+of+".weight"), l.floats([]int{c.Hidden}, name+of+".bias")
		if l.err != nil {
			return linear{}
		}
		if of == "query" {
			scale(weights, 1/math.Sqrt(float64(size)))
			scale(bias, 1/math.Sqrt(float64(size)))
		}
		for j := range c.Hidden {
			column := (i*c.Heads+j/size)*columns + j%size
			all.matrix.SetColumn(column, weights[j*c.Hidden:])
			all.bias[column] = bias[j]
		}
	}
	return all
}

// output is the layer behind the attention, which takes the heads from their padded columns.
func (l *loader) output(name string, c *config) linear {
	size, columns := c.headSize(), kernel.Pad(c.headSize())
	weights, bias := l.floats([]int{c.Hidden, c.Hidden}, name+".weight"), l.floats([]int{c.Hidden}, name+".bias")
	if l.err != nil {
		return linear{}
	}
	m := kernel.New(c.Heads*columns, c.Hidden)
	row := make([]float32, c.Heads*columns)
	for i := range c.Hidden {
		for j := range c.Hidden {
			row[j/size*columns+j%size] = weights[i*c.Hidden+j]
		}
		m.SetColumn(i, row)
	}
	return linear{m, padded(bias)}
}

func padded(bias []float32) []float32 {
	return append(bias, make([]float32, kernel.Pad(len(bias))-len(bias))...)
}

func scale(values []float32, factor float64) {
	for i, v := range values {
		values[i] = float32(float64(v) * factor)
	}
}
