package bert

import (
	"context"
	"math"

	"github.com/akinserver/akin/embed/encoder/bert/kernel"
)

// block is how many tokens go through both layers of the feed-forward part before the next ones do, and how many of a text's tokens look at the
// others at once: what lies between stays in the cache, and memory bounded.
const block = 96

// workspace is the memory of one computation at a time: a few megabytes, whatever the texts.
type workspace struct {
	hidden    kernel.Rows // a row a token
	attention kernel.Rows // query, key and value of every token
	context   kernel.Rows // what the heads made of them
	inner     kernel.Rows // of a block of tokens
	scores    kernel.Rows // of a block of tokens with all of a text
	keys      kernel.Matrix
	values    kernel.Matrix
	keyMemory []float32
	valMemory []float32
}

// newWorkspace returns one for so many tokens, of which no text has more than longest.
func newWorkspace(c *config, tokens, longest int) *workspace {
	columns := kernel.Pad(c.headSize())
	rows := func(n, size int) kernel.Rows {
		stride := kernel.Pad(size)
		return kernel.Rows{Values: make([]float32, n*stride), Stride: stride}
	}
	return &workspace{
		hidden:    rows(tokens, c.Hidden),
		attention: rows(tokens, 3*c.Heads*columns),
		context:   rows(tokens, c.Heads*columns),
		inner:     rows(block, c.Inner),
		scores:    rows(block, longest),
		keyMemory: make([]float32, columns*kernel.Pad(longest)),
		valMemory: make([]float32, columns*longest),
	}
}

// forward computes the last hidden state of the tokens of some texts, which lie behind one another.
func (m *Model) forward(ctx context.Context, w *workspace, parts []*part) error {
	c := &m.config
	tokens := 0
	for _, p := range parts {
		for i, id := range p.ids {
			row := w.hidden.Row(tokens, c.Hidden)
			m.weights.words.Row(row, int(id))
			for j, x := range m.weights.positions[i*c.Hidden:][:c.Hidden] {
				row[j] += x
			}
			tokens++
		}
	}
	m.normalise(w.hidden, tokens, m.weights.norm)
	for i := range m.weights.layers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l := &m.weights.layers[i]
		m.attend(w, l, parts, tokens)
		m.feed(w, l, tokens)
	}
	return nil
}

// attend lets the tokens of each text look at one another, and adds what they see to them.
func (m *Model) attend(w *workspace, l *layer, parts []*part, tokens int) {
	l.attention.matrix.Multiply(w.attention, w.hidden, tokens, l.attention.bias, false)
	from := 0
	for _, p := range parts {
		for head := range m.config.Heads {
			m.head(w, head, from, len(p.ids))
		}
		from += len(p.ids)
	}
	l.output.matrix.Multiply(w.hidden, w.context, tokens, l.output.bias, true)
	m.normalise(w.hidden, tokens, l.attentionNorm)
}

// head computes softmax(query·keyᵀ)·value for one head and the n tokens of one text, the first of which is at from.
func (m *Model) head(w *workspace, head, from, n int) {
	size := m.config.headSize()
	columns := kernel.Pad(size)
	at := func(which int) kernel.Rows {
		rows := w.attention.From(from)
		return kernel.Rows{Values: rows.Values[(which*m.config.Heads+head)*columns:], Stride: rows.Stride}
	}
	query, key, value := at(0), at(1), at(2)
	w.keys.Reset(w.keyMemory, size, n)
	w.values.Reset(w.valMemory, n, columns)
	for i := range n {
		w.keys.SetColumn(i, key.Row(i, size))
		w.values.SetRow(i, value.Row(i, columns))
	}
	scores := kernel.Rows{Values: w.scores.Values, Stride: kernel.Pad(n)}
	out := kernel.Rows{Values: w.context.From(from).Values[head*columns:], Stride: w.context.Stride}
	for begin := 0; begin < n; begin += block {
		rows := min(block, n-begin)
		w.keys.Multiply(scores, query.From(begin), rows, nil, false)
		for i := range rows {
			row := scores.Row(i, scores.Stride)
			for j := n; j < len(row); j++ { // no tokens
				row[j] = float32(math.Inf(-1))
			}
			kernel.Softmax(row)
		}
		w.values.Multiply(out.From(begin), scores, rows, nil, false)
	}
}

// feed sends each token through the two layers behind the attention, and adds the result to it.
func (m *Model) feed(w *workspace, l *layer, tokens int) {
	activate := activations[m.config.Activation]
	for begin := 0; begin < tokens; begin += block {
		rows, hidden := min(block, tokens-begin), w.hidden.From(begin)
		l.inner.matrix.Multiply(w.inner, hidden, rows, l.inner.bias, false)
		activate(w.inner.Values[:rows*w.inner.Stride])
		l.outer.matrix.Multiply(hidden, w.inner, rows, l.outer.bias, true)
		m.normalise(hidden, rows, l.outerNorm)
	}
}

func (m *Model) normalise(rows kernel.Rows, n int, by norm) {
	for i := range n {
		kernel.Normalise(rows.Row(i, m.config.Hidden), by.scale, by.shift, float32(m.config.Epsilon))
	}
}

// activations are the functions between the two layers, by their names in config.json.
var activations = map[string]func(values []float32){
	"gelu":              kernel.GELU,
	"gelu_new":          tanhGELU,
	"gelu_pytorch_tanh": tanhGELU,
	"relu":              relu,
}

// tanhGELU is the approximation x/2·(1+tanh(√(2/π)·(x+0.044715x³))) of GELU, with which some models were trained.
func tanhGELU(values []float32) {
	for i, v := range values {
		x := float64(v)
		values[i] = float32(x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))))
	}
}

func relu(values []float32) {
	for i, v := range values {
		if v < 0 {
			values[i] = 0
		}
	}
}

// pool makes one vector of the tokens of each text.
func (m *Model) pool(w *workspace, parts []*part) {
	from := 0
	for _, p := range parts {
		v := make([]float32, m.config.Hidden)
		first := 0
		if m.pooling.SkipPrefix {
			first = p.prefix
		}
		if m.pooling.Mode == cls {
			copy(v, w.hidden.Row(from, m.config.Hidden))
		} else {
			for i := first; i < len(p.ids); i++ {
				for j, x := range w.hidden.Row(from+i, m.config.Hidden) {
					v[j] += x
				}
			}
			scale(v, 1/float64(len(p.ids)-first))
		}
		for _, d := range m.layers {
			v = d.apply(v)
		}
		unit(v) // one that is not finite is found when the parts are put together
		p.vector = v
		from += len(p.ids)
	}
}
