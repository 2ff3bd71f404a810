package bert

import (
	"fmt"
	"hash"
	"io"
	"math"
	"path/filepath"

	"github.com/akinserver/akin/embed/encoder/folder"
	"github.com/akinserver/akin/embed/encoder/safetensors"
)

// dense is a layer behind the pooling, as LaBSE has one. Without weights it normalises.
type dense struct {
	inputs, outputs int
	weights, bias   []float32
	tanh            bool
}

// loadDense reads a Dense module of sentence-transformers; the path "" stands for Normalize.
func loadDense(dir, path string, inputs int, digest hash.Hash) (d dense, err error) {
	if path == "" {
		io.WriteString(digest, "normalise")
		return dense{inputs: inputs, outputs: inputs}, nil
	}
	var c struct {
		Inputs     int    `json:"in_features"`
		Outputs    int    `json:"out_features"`
		Bias       *bool  `json:"bias"`
		Activation string `json:"activation_function"`
	}
	name := filepath.Join(dir, path, "config.json")
	if found, err := folder.JSON(dir, filepath.Join(path, "config.json"), &c); err != nil || !found {
		return d, fmt.Errorf("%s of a Dense module cannot be read: %w", name, err)
	}
	d = dense{inputs: c.Inputs, outputs: c.Outputs}
	switch c.Activation {
	case "torch.nn.modules.activation.Tanh":
		d.tanh = true
	case "torch.nn.modules.linear.Identity":
	default:
		return d, fmt.Errorf("%s: the activation %q is not known here: Tanh and Identity are", name, c.Activation)
	}
	if c.Inputs != inputs || c.Outputs < 1 || c.Outputs > maxSide {
		return d, fmt.Errorf("%s: a layer from %d to %d values cannot stand behind one with %d", name, c.Inputs, c.Outputs, inputs)
	}
	file, err := safetensors.Open(filepath.Join(dir, path))
	if err != nil {
		return d, err
	}
	l := &loader{file: file, digest: digest}
	d.weights = l.floats([]int{d.outputs, d.inputs}, "linear.weight")
	if c.Bias == nil || *c.Bias {
		d.bias = l.floats([]int{d.outputs}, "linear.bias")
	} else {
		d.bias = make([]float32, d.outputs)
	}
	fmt.Fprintf(digest, "%t", d.tanh)
	if closing := file.Close(); l.err == nil {
		l.err = closing
	}
	return d, l.err
}

func (d *dense) apply(v []float32) []float32 {
	if d.weights == nil {
		unit(v)
		return v
	}
	out := make([]float32, d.outputs)
	for i := range out {
		sum := float64(d.bias[i])
		for j, w := range d.weights[i*d.inputs:][:d.inputs] {
			sum += float64(w) * float64(v[j])
		}
		if d.tanh {
			sum = math.Tanh(sum)
		}
		out[i] = float32(sum)
	}
	return out
}
