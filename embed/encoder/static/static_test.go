package static

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/akinserver/akin"
)

// TestModels compares with what model2vec, called by tools/make-models.py, makes of some texts: a plain table in F32, one in I8 whose pieces share
// rows and have weights, and one of sentence-transformers in F16.
func TestModels(t *testing.T) {
	for _, name := range []string{"plain", "quantized", "nested"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			m := opened(t, dir, Options{})
			texts, want := answers(t, dir)
			got, err := m.Embed(t.Context(), akin.Query, texts)
			if err != nil {
				t.Fatal(err)
			}
			for i := range texts {
				if !near(got[i], want[i]) {
					t.Errorf("%q:\ngot  %v\nwant %v", texts[i], got[i], want[i])
				}
			}
			if m.Dimensions() != len(want[0]) {
				t.Errorf("%d dimensions, want %d", m.Dimensions(), len(want[0]))
			}
		})
	}
}

func opened(t *testing.T, dir string, o Options) *Model {
	t.Helper()
	m, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func answers(t *testing.T, dir string) (texts []string, vectors [][]float32) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "reference.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var a struct {
			Text   string
			Vector []float32
		}
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		texts, vectors = append(texts, a.Text), append(vectors, a.Vector)
	}
	return texts, vectors
}

func near(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-5 })
}

func TestNoContent(t *testing.T) {
	m := opened(t, "testdata/plain", Options{})
	vectors, err := m.Embed(t.Context(), akin.Document, []string{"", "\x00 \n", "ж 龘", "river"})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if zero := !slices.ContainsFunc(v, func(x float32) bool { return x != 0 }); zero != (i < 3) || len(v) != m.Dimensions() {
			t.Errorf("text %d has the vector %v", i, v)
		}
	}
}

// TestLongText holds that no text is cut: what stands at its end counts.
func TestLongText(t *testing.T) {
	m := opened(t, "testdata/plain", Options{})
	long := strings.Repeat("the river ", 5000)
	vectors, err := m.Embed(t.Context(), akin.Document, []string{"the river", long, long + strings.Repeat("bridge ", 5000)})
	if err != nil {
		t.Fatal(err)
	}
	if !near(vectors[0], vectors[1]) || near(vectors[1], vectors[2]) {
		t.Error("the mean is not of all pieces")
	}
}

func TestDimensions(t *testing.T) {
	whole, few := opened(t, "testdata/plain", Options{}), opened(t, "testdata/plain", Options{Dimensions: 5})
	if whole.Fingerprint() == few.Fingerprint() || few.Dimensions() != 5 {
		t.Errorf("fingerprints %q and %q", whole.Fingerprint(), few.Fingerprint())
	}
	got, err := few.Embed(t.Context(), akin.Document, []string{"the river"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := whole.Embed(t.Context(), akin.Document, []string{"the river"})
	if err != nil {
		t.Fatal(err)
	}
	first := make([]float64, 5)
	for i := range first {
		first[i] = float64(all[0][i])
	}
	if want, _ := unit(first); !near(got[0], want) {
		t.Errorf("got %v, want the first five of %v in unit length", got[0], all[0])
	}
	for _, d := range []int{-1, 13} {
		var invalid *akin.InvalidError
		if _, err := Open("testdata/plain", Options{Dimensions: d}); !errors.As(err, &invalid) {
			t.Errorf("%d dimensions: error %v", d, err)
		}
	}
}

func TestContext(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody waits any more")
	cancel(why)
	if _, err := opened(t, "testdata/plain", Options{}).Embed(ended, akin.Document, []string{"x"}); !errors.Is(err, why) {
		t.Errorf("error %v, want why the context ended", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	tensors := func(header string, values int) func([]byte) []byte {
		return func([]byte) []byte {
			return append([]byte{byte(len(header)), byte(len(header) >> 8), 0, 0, 0, 0, 0, 0}, append([]byte(header), make([]byte, values)...)...)
		}
	}
	const table = `"embeddings":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]}`
	tests := []struct {
		name, file string
		by         func([]byte) []byte
		want       string
	}{
		{"a tokenizer that is not WordPiece", "tokenizer.json", func([]byte) []byte { return []byte(`{"model":{"type":"Unigram"}}`) }, `"Unigram"`},
		{"no table", "model.safetensors", tensors(`{"bert.x":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1), "embedder bert"},
		{"a table of one dimension", "model.safetensors", tensors(`{"embeddings":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}`, 4), "two dimensions"},
		{"a table without columns", "model.safetensors", tensors(`{"embeddings":{"dtype":"I8","shape":[110,0],"data_offsets":[0,0]}}`, 0), "[110 0]"},
		{"too few rows", "model.safetensors", tensors("{"+table+"}", 4), "2 rows for 110 pieces"},
		{"too few weights", "model.safetensors", tensors("{"+table+`,"weights":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "1 weights for 110"},
		{"weights of two dimensions", "model.safetensors", tensors("{"+table+`,"weights":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}`, 8), "[1 1]"},
		{"too short a mapping", "model.safetensors", tensors("{"+table+`,"mapping":{"dtype":"I32","shape":[1],"data_offsets":[4,8]}}`, 8), "1 entries for 110"},
		{"a mapping of bytes", "model.safetensors", tensors("{"+table+`,"mapping":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}}`, 8), "whole numbers"},
		{"weights that were cut short", "model.safetensors", func(data []byte) []byte { return data[:len(data)-1] }, "cut off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := copied(t)
			change(t, dir, test.file, test.by)
			if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v\nwant one about %s that tells %q", err, dir, test.want)
			}
		})
	}
	beyond := copied(t)
	change(t, beyond, "model.safetensors", func([]byte) []byte {
		data := tensors(`{"embeddings":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]},"mapping":{"dtype":"I16","shape":[110],"data_offsets":[4,224]}}`, 224)(nil)
		data[len(data)-2] = 2
		return data
	})
	if _, err := Open(beyond, Options{}); err == nil || !strings.Contains(err.Error(), "row 2 for piece 109") {
		t.Errorf("error %v, want that the mapping leaves the table", err)
	}
}

// TestDamagedTable holds that a vector that is none is an error, and not stored.
func TestDamagedTable(t *testing.T) {
	dir := copied(t)
	change(t, dir, "model.safetensors", func(data []byte) []byte {
		for i := len(data) - 110*12*4; i < len(data); i++ {
			data[i] = 0xff
		}
		return data
	})
	_, err := opened(t, dir, Options{}).Embed(t.Context(), akin.Document, []string{"", "the river"})
	if !errors.Is(err, akin.ErrEmbedder) || !strings.Contains(err.Error(), "text 2 of 2") {
		t.Errorf("error %v, want that the second text has no vector", err)
	}
}

func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/plain")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func change(t *testing.T, dir, name string, by func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, by(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkEmbed(b *testing.B) {
	m, err := Open("testdata/plain", Options{})
	if err != nil {
		b.Fatal(err)
	}
	text := []string{strings.Repeat("The mayor of the town said the new bridge is open. ", 20)}
	b.SetBytes(int64(len(text[0])))
	for b.Loop() {
		if _, err := m.Embed(b.Context(), akin.Document, text); err != nil {
			b.Fatal(err)
		}
	}
}
