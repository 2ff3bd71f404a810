package bert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder/folder"
)

// config is what config.json tells of a model's shape.
type config struct {
	Type          string   `json:"model_type"`
	Architectures []string `json:"architectures"`
	Vocabulary    int      `json:"vocab_size"`
	Hidden        int      `json:"hidden_size"`
	Layers        int      `json:"num_hidden_layers"`
	Heads         int      `json:"num_attention_heads"`
	Inner         int      `json:"intermediate_size"`
	Positions     int      `json:"max_position_embeddings"`
	Types         int      `json:"type_vocab_size"`
	Activation    string   `json:"hidden_act"`
	Epsilon       float64  `json:"layer_norm_eps"`
	Position      string   `json:"position_embedding_type"`
	Decoder       bool     `json:"is_decoder"`
}

// headSize is how many values of a token one head of the attention looks at.
func (c *config) headSize() int { return c.Hidden / c.Heads }

// Where a model is larger than this, its configuration is wrong; the shapes of the tensors are checked against it anyway.
const (
	maxSide   = 1 << 16 // values of a token, tokens of a text
	maxLayers = 256
	maxVocab  = 1 << 24
)

// parseConfig reads config.json, and refuses what is not of BERT's shape.
func parseConfig(data []byte) (config, error) {
	c := config{Types: 2, Activation: "gelu", Epsilon: 1e-12, Position: "absolute"}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, err
	}
	if err := c.checkType(); err != nil {
		return c, err
	}
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"vocab_size", c.Vocabulary, maxVocab},
		{"hidden_size", c.Hidden, maxSide},
		{"num_hidden_layers", c.Layers, maxLayers},
		{"num_attention_heads", c.Heads, maxSide},
		{"intermediate_size", c.Inner, maxSide},
		{"max_position_embeddings", c.Positions, maxSide},
		{"type_vocab_size", c.Types, maxSide},
	} {
		if n.value < 1 || n.value > n.max {
			return c, fmt.Errorf("%s is %d, and must be within 1 to %d", n.name, n.value, n.max)
		}
	}
	switch {
	case c.Hidden%c.Heads != 0:
		return c, fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.Hidden, c.Heads)
	case !(c.Epsilon > 0 && c.Epsilon < 1):
		return c, fmt.Errorf("layer_norm_eps is %v", c.Epsilon)
	case activations[c.Activation] == nil:
		return c, fmt.Errorf("the activation %q is not known here: gelu, gelu_new, gelu_pytorch_tanh and relu are", c.Activation)
	}
	return c, nil
}

// checkType refuses other models by their names. A model that does not tell its type is tried: its tensors will say.
func (c *config) checkType() error {
	switch {
	case c.Type != "" && c.Type != "bert":
		return fmt.Errorf("it is a model of the type %q, and only those of BERT's shape (model_type bert) run in this process: %s", c.Type, instead)
	case c.Type == "" && len(c.Architectures) > 0 && !strings.HasPrefix(c.Architectures[0], "Bert"):
		return fmt.Errorf("it is a model of the architecture %q, and only those of BERT's shape run in this process: %s", c.Architectures[0], instead)
	case c.Decoder:
		return fmt.Errorf("it is a decoder (is_decoder), and an embedder reads a text in both directions: %s", instead)
	case c.Position != "absolute":
		return fmt.Errorf("its positions are of the type %q, and only absolute ones are computed here: %s", c.Position, instead)
	}
	return nil
}

const instead = "run it behind a server with an OpenAI-compatible API, such as Text Embeddings Inference, Ollama or vLLM, and use the embedder openai; " +
	"or take a model such as bge-small-en-v1.5, bge-small-zh-v1.5, gte-small or all-MiniLM-L6-v2"

// The ways from the vectors of the tokens to that of the text.
const (
	mean = "mean"
	cls  = "cls" // the vector of the first token
)

// pooling says how the tokens' vectors become one.
type pooling struct {
	Mode       string
	SkipPrefix bool // the tokens of the prefix do not count
}

// settings are what the small files of a folder say.
type settings struct {
	config  config
	root    string // folder of the transformer, relative
	window  int
	lower   bool // before the tokenizer
	pooling pooling
	dense   []string // folders of the layers behind the pooling, relative; "" normalises
	prompts map[string]string
	prompt  string // name of the one that is used where a text's purpose has none
}

// module is one stage of modules.json.
type module struct {
	Path string `json:"path"`
	Type string `json:"type"`
}

func readSettings(dir string) (*settings, error) {
	s := &settings{pooling: pooling{Mode: mean}}
	var modules []module
	if _, err := folder.JSON(dir, "modules.json", &modules); err != nil {
		return nil, err
	}
	for i, m := range modules {
		if err := s.readModule(dir, i, m); err != nil {
			return nil, err
		}
	}
	for n := len(s.dense); n > 0 && s.dense[n-1] == ""; n-- { // every vector gets unit length in the end
		s.dense = s.dense[:n-1]
	}
	name := filepath.Join(dir, s.root, "config.json")
	data, err := folder.Read(dir, filepath.Join(s.root, "config.json"), folder.MaxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the folder of a model holds config.json, tokenizer.json or vocab.txt, and model.safetensors", err)
	}
	if err != nil {
		return nil, err
	}
	if s.config, err = parseConfig(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := s.readWindow(filepath.Join(dir, s.root)); err != nil {
		return nil, err
	}
	return s, s.readPrompts(dir)
}

// readModule takes one stage in. The type is the name of a class, of which the package has changed between versions.
func (s *settings) readModule(dir string, i int, m module) error {
	path := filepath.Clean(filepath.FromSlash(m.Path))
	if !filepath.IsLocal(path) {
		return fmt.Errorf("modules.json names the path %q, which is not within the folder", m.Path)
	}
	switch kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]; {
	case kind == "Transformer" && i == 0:
		s.root = path
	case kind == "Pooling" && i == 1:
		return s.readPooling(dir, path)
	case kind == "Dense" && i > 1:
		s.dense = append(s.dense, path)
	case kind == "Normalize" && i > 1:
		s.dense = append(s.dense, "")
	case kind == "StaticEmbedding":
		return fmt.Errorf("it is a static model (modules.json names %s): use the embedder static", m.Type)
	default:
		return fmt.Errorf("modules.json has %s at place %d, and Transformer, Pooling, and any number of Dense and Normalize are what is computed here, in this order: %s",
			m.Type, i+1, instead)
	}
	return nil
}

func (s *settings) readPooling(dir, path string) error {
	var p map[string]any
	found, err := folder.JSON(dir, filepath.Join(path, "config.json"), &p)
	if err != nil || !found {
		return err
	}
	var modes []string
	for key, value := range p {
		mode, isMode := strings.CutPrefix(key, "pooling_mode_")
		switch {
		case isMode && value == true:
			modes = append(modes, strings.TrimSuffix(strings.TrimSuffix(mode, "_tokens"), "_token"))
		case key == "pooling_mode":
			modes = append(modes, fmt.Sprint(value))
		}
	}
	if len(modes) != 1 || modes[0] != mean && modes[0] != cls {
		return fmt.Errorf("%s: the vectors of the tokens are pooled by %v, and one of mean and cls is what is computed here", filepath.Join(dir, path, "config.json"), modes)
	}
	s.pooling = pooling{Mode: modes[0], SkipPrefix: p["include_prompt"] == false}
	return nil
}

// readWindow finds how many tokens a text may have.
func (s *settings) readWindow(dir string) error {
	var own struct {
		Length int  `json:"max_seq_length"`
		Lower  bool `json:"do_lower_case"`
	}
	var tokenizer struct {
		Length float64 `json:"model_max_length"` // 1e30 where nobody knew
	}
	_, err := folder.JSON(dir, "sentence_bert_config.json", &own)
	if err != nil {
		return err
	}
	if _, err := folder.JSON(dir, "tokenizer_config.json", &tokenizer); err != nil {
		return err
	}
	s.window, s.lower = s.config.Positions, own.Lower
	switch {
	case own.Length > 0:
		s.window = own.Length
	case tokenizer.Length > 0:
		s.window = int(math.Min(tokenizer.Length, maxSide))
	}
	return nil
}

func (s *settings) readPrompts(dir string) error {
	var c struct {
		Prompts map[string]string `json:"prompts"`
		Default *string           `json:"default_prompt_name"`
	}
	if _, err := folder.JSON(dir, "config_sentence_transformers.json", &c); err != nil {
		return err
	}
	s.prompts = c.Prompts
	if c.Default != nil {
		s.prompt = *c.Default
	}
	return nil
}

// prefixes are what is put before a text, by its purpose: what the options say or, failing that, the folder's prompt of the usual name.
func (s *settings) prefixes(o Options) [2]string {
	prefixes := [2]string{akin.Document: o.DocumentPrefix, akin.Query: o.QueryPrefix}
	if o.IgnorePrompts {
		return prefixes
	}
	names := [2][]string{akin.Document: {"document", "passage", "corpus", s.prompt}, akin.Query: {"query", s.prompt}}
	for purpose := range prefixes {
		for _, name := range names[purpose] {
			if prompt, ok := s.prompts[name]; ok && prefixes[purpose] == "" {
				prefixes[purpose] = prompt
				break
			}
		}
	}
	return prefixes
}
