package bert

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/akinserver/akin"
)

// TestReference compares with the vectors of a plain numpy BERT on real weights, as tools/check-bert.sh has written them: AKIN_MINILM is the model's
// folder, AKIN_REFERENCE the file.
func TestReference(t *testing.T) {
	dir, reference := os.Getenv("AKIN_MINILM"), os.Getenv("AKIN_REFERENCE")
	if dir == "" || reference == "" {
		t.Skip("tools/check-bert.sh sets AKIN_MINILM and AKIN_REFERENCE")
	}
	model, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts, want := readReference(t, reference)
	if len(texts) < 500 {
		t.Fatalf("the file holds %d vectors, and 500 are wanted", len(texts))
	}
	got, err := model.Embed(t.Context(), akin.Document, texts)
	if err != nil {
		t.Fatal(err)
	}
	least := 1.0
	for i := range texts {
		c := cosine(got[i], want[i])
		least = min(least, c)
		if !(c >= 0.9999) {
			t.Errorf("%q: the cosine of the vectors is %v, want at least 0.9999", texts[i], c)
		}
	}
	t.Logf("%d vectors, least cosine %.7f, %s", len(texts), least, model.Fingerprint())
}

func readReference(t *testing.T, name string) (texts []string, vectors [][]float32) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewReader(f); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return texts, vectors
		}
		var want struct {
			Text   string
			Vector []float32
		}
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if want.Vector != nil {
			texts, vectors = append(texts, want.Text), append(vectors, want.Vector)
		}
	}
}

func cosine(a, b []float32) float64 {
	var dot float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
	}
	return dot
}

// BenchmarkEmbed embeds one text of so many tokens on one thread with the model in AKIN_MINILM; tools/bench-bert.py runs it beside onnxruntime.
func BenchmarkEmbed(b *testing.B) {
	dir := os.Getenv("AKIN_MINILM")
	if dir == "" {
		b.Skip("AKIN_MINILM is to be the folder of all-MiniLM-L6-v2")
	}
	model, err := Open(dir, Options{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	for _, tokens := range []int{16, 32, 128, 256} {
		text := []string{strings.Repeat("river ", tokens-2)}
		b.Run(strconv.Itoa(tokens), func(b *testing.B) {
			for b.Loop() {
				if _, err := model.Embed(b.Context(), akin.Document, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
