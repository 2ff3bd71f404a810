package bert

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/akinserver/akin"
)

// TestOpenRefuses holds that a folder that cannot be computed is refused, and what the error tells.
func TestOpenRefuses(t *testing.T) {
	replace := func(old, by string) func([]byte) []byte {
		return func(data []byte) []byte {
			if !bytes.Contains(data, []byte(old)) {
				panic("the file does not hold " + old)
			}
			return bytes.ReplaceAll(data, []byte(old), []byte(by))
		}
	}
	all := func(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }
	tests := []struct {
		name, from, file string
		by               func([]byte) []byte
		want             string
	}{
		{"another model, by its name", "mean", "config.json", replace(`"bert"`, `"xlm-roberta"`), `of the type "xlm-roberta"`},
		{"another architecture that does not tell its type", "prefix", "0_Transformer/config.json", replace("BertModel", "RobertaModel"), `"RobertaModel"`},
		{"a decoder", "mean", "config.json", replace(`"model_type"`, `"is_decoder": true, "model_type"`), "is_decoder"},
		{"positions that are not absolute", "mean", "config.json", replace("absolute", "relative_key"), `"relative_key"`},
		{"an activation that is not known", "mean", "config.json", replace(`"gelu"`, `"swish"`), `"swish"`},
		{"heads that do not divide the size", "mean", "config.json", replace(`"num_attention_heads": 2`, `"num_attention_heads": 3`), "not a multiple"},
		{"a size of nothing", "mean", "config.json", replace(`"hidden_size": 32`, `"hidden_size": 0`), "hidden_size is 0"},
		{"a size beyond everything", "mean", "config.json", replace(`"intermediate_size": 48`, `"intermediate_size": 4611686018427387904`), "intermediate_size"},
		{"more layers than there are tensors", "mean", "config.json", replace(`"num_hidden_layers": 2`, `"num_hidden_layers": 3`), "encoder.layer.2.attention.self.query"},
		{"tensors of another shape", "mean", "config.json", replace(`"intermediate_size": 48`, `"intermediate_size": 64`), "has the shape [48 32], want [64 32]"},
		{"a vocabulary of another size", "mean", "config.json", replace(`"vocab_size": 110`, `"vocab_size": 111`), "vocabulary of 111"},
		{"a tokenizer with more pieces than the model", "mean", "config.json", replace(`"vocab_size": 110`, `"vocab_size": 50`), "do not belong together"},
		{"no JSON", "mean", "config.json", all("{"), "config.json"},
		{"weights that were cut short", "mean", "model.safetensors", func(data []byte) []byte { return data[:len(data)-9] }, "cut off"},
		{"weights that git-lfs did not fetch", "mean", "model.safetensors", all("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "git lfs pull"},
		{"a part that is named beyond the folder", "cls", "model.safetensors.index.json", replace("model-00002-of-00002", "../model-00002-of-00002"), "no file beside it"},
		{"a part that is missing", "cls", "model.safetensors.index.json", replace("model-00002-of-00002", "model-00003-of-00003"), "model-00003-of-00003"},
		{"pooling that is not computed", "mean", "1_Pooling/config.json", replace(`"pooling_mode_max_tokens": false`, `"pooling_mode_max_tokens": true`), "max"},
		{"no pooling at all", "mean", "1_Pooling/config.json", replace(`"pooling_mode_mean_tokens": true`, `"pooling_mode_mean_tokens": false`), "pooled by []"},
		{"a stage that is not computed", "mean", "modules.json", replace("models.Normalize", "models.LSTM"), "models.LSTM"},
		{"stages in another order", "mean", "modules.json", replace("models.Pooling", "models.Normalize"), "at place 2"},
		{"a static model", "mean", "modules.json", replace("models.Transformer", "models.StaticEmbedding"), "embedder static"},
		{"a stage beyond the folder", "mean", "modules.json", replace("1_Pooling", "../1_Pooling"), "not within the folder"},
		{"a dense layer of another size", "cls", "2_Dense/config.json", replace(`"in_features": 28`, `"in_features": 29`), "from 29 to 10"},
		{"a dense layer with another activation", "cls", "2_Dense/config.json", replace("Tanh", "SiLU"), "SiLU"},
		{"another tokenizer", "mean", "tokenizer.json", replace(`"WordPiece"`, `"Unigram"`), `"Unigram"`},
		{"a window with no room", "mean", "sentence_bert_config.json", replace("128", "9"), "fewer than 8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := copied(t, test.from)
			change(t, dir, test.file, test.by)
			_, err := Open(dir, Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v\nwant one about %s that tells %q", err, dir, test.want)
			}
		})
	}
}

func copied(t *testing.T, model string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", model))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenLacks(t *testing.T) {
	tests := []struct{ name, from, file, instead, want string }{
		{"no configuration", "mean", "config.json", "", "config.json"},
		{"no tokenizer", "mean", "tokenizer.json", "", "neither tokenizer.json nor vocab.txt"},
		{"no weights", "mean", "model.safetensors", "", "no model.safetensors"},
		{"weights that would have to be run", "mean", "model.safetensors", "pytorch_model.bin", "safe_serialization"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := copied(t, test.from)
			if err := os.Remove(filepath.Join(dir, test.file)); err != nil {
				t.Fatal(err)
			}
			if test.instead != "" {
				change(t, dir, test.instead, func([]byte) []byte { return []byte("a pickle") })
			}
			if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant one that tells %q", err, test.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that there is no such folder", err)
	}
}

func TestOptionsRefused(t *testing.T) {
	for field, o := range map[string]Options{
		"pooling": {Pooling: "max"},
		"window":  {Window: 129},
		"threads": {Threads: -1},
	} {
		var invalid *akin.InvalidError
		if _, err := Open("testdata/mean", o); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%+v: error %v, want one about %s", o, err, field)
		}
	}
	var invalid *akin.InvalidError
	if _, err := Open("testdata/mean", Options{Window: 16, QueryPrefix: "the mayor of the town said"}); !errors.As(err, &invalid) {
		t.Errorf("error %v, want that the prefix leaves no room", err)
	}
}

// TestBareFolder opens what a model looks like that is not one of sentence-transformers: no modules.json, and mean pooling.
func TestBareFolder(t *testing.T) {
	dir := copied(t, "mean")
	for _, name := range []string{"modules.json", "sentence_bert_config.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	bare, whole := opened(t, dir, Options{}), opened(t, "testdata/mean", Options{})
	if bare.Fingerprint() != whole.Fingerprint() {
		t.Error("a model without modules.json is not the same with mean pooling")
	}
}

// TestDamagedWeights holds that a vector that is none is an error, and not stored.
func TestDamagedWeights(t *testing.T) {
	dir := copied(t, "prefix")
	change(t, dir, "0_Transformer/model.safetensors", func(data []byte) []byte {
		header := 8 + binary.LittleEndian.Uint64(data)
		for at := header; at < uint64(len(data)); at += 4 {
			binary.LittleEndian.PutUint32(data[at:], math.Float32bits(float32(math.NaN())))
		}
		return data
	})
	_, err := opened(t, dir, Options{}).Embed(t.Context(), akin.Document, []string{"", "the river"})
	if !errors.Is(err, akin.ErrEmbedder) || !strings.Contains(err.Error(), "text 2 of 2") {
		t.Errorf("error %v, want that the second text has no vector", err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, name := range []string{"mean/config.json", "cls/config.json", "prefix/0_Transformer/config.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err == nil && (c.headSize() < 1 || c.headSize()*c.Heads != c.Hidden || activations[c.Activation] == nil) {
			t.Errorf("accepted %+v", c)
		}
	})
}

func FuzzSentences(f *testing.F) {
	f.Add("One. Two! 三。\n“Four?” 5.6 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		var joined strings.Builder
		for s := range sentences(text) {
			if s == "" {
				t.Fatal("an empty sentence")
			}
			joined.WriteString(s)
		}
		if joined.String() != text {
			t.Errorf("%q was split and joined to %q", text, joined.String())
		}
	})
}
