package bert

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
	"sync"
	"testing"

	"github.com/akinserver/akin"
	"github.com/google/go-cmp/cmp"
)

// answer is a line of a reference.jsonl: what numpy and Hugging Face's tokenizers, called by tools/make-models.py, make of a text.
type answer struct {
	Text   string
	Query  bool
	IDs    []int32
	Vector []float32
}

func answers(t *testing.T, dir string) (list []answer) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "reference.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var a answer
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

func opened(t *testing.T, dir string, options Options) *Model {
	t.Helper()
	m, err := Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func embed(t *testing.T, m *Model, purpose akin.Purpose, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := m.Embed(t.Context(), purpose, texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

// TestModels opens folders of three kinds; tools/make-models.py says what each is there for.
func TestModels(t *testing.T) {
	for _, name := range []string{"mean", "cls", "prefix"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			m := opened(t, dir, Options{})
			for _, want := range answers(t, dir) {
				purpose := akin.Document
				if want.Query {
					purpose = akin.Query
				}
				parts := m.split(nil, 0, m.prefixes[purpose], want.Text)
				if len(parts) != 1 || !slices.Equal(parts[0].ids, want.IDs) {
					t.Fatalf("%q has the ids %+v, want %v", want.Text, parts, want.IDs)
				}
				got := embed(t, m, purpose, want.Text)[0]
				if len(got) != len(want.Vector) {
					t.Fatalf("%q: %d dimensions, want %d", want.Text, len(got), len(want.Vector))
				}
				for i := range got {
					if math.Abs(float64(got[i]-want.Vector[i])) > 1e-4 {
						t.Fatalf("%q:\ngot  %v\nwant %v", want.Text, got, want.Vector)
					}
				}
			}
		})
	}
}

// TestTogether holds that a text's vector depends neither on the texts beside it, nor on the threads, nor on the caller.
func TestTogether(t *testing.T) {
	var texts []string
	for _, a := range answers(t, "testdata/mean") {
		texts = append(texts, a.Text, strings.Repeat(a.Text+" ", 9))
	}
	one := opened(t, "testdata/mean", Options{Threads: 1})
	want := embed(t, one, akin.Document, texts...)
	many := opened(t, "testdata/mean", Options{Threads: 3})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			got, err := many.Embed(t.Context(), akin.Document, texts)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("three threads make other vectors (error %v):\n%s", err, diff)
			}
		})
	}
	callers.Wait()
	for i, text := range texts {
		if got := embed(t, many, akin.Document, text)[0]; !slices.Equal(got, want[i]) {
			t.Errorf("%q alone has another vector than among others", text)
		}
	}
}

func TestNoContent(t *testing.T) {
	m := opened(t, "testdata/prefix", Options{})
	for i, v := range embed(t, m, akin.Document, "", " \n\t ", "\x00\u200b", "river") {
		if zero := !slices.ContainsFunc(v, func(x float32) bool { return x != 0 }); zero != (i < 3) || len(v) != m.Dimensions() {
			t.Errorf("text %d has the vector %v", i, v)
		}
	}
	if vectors := embed(t, m, akin.Document); len(vectors) != 0 {
		t.Errorf("no texts have the vectors %v", vectors)
	}
}

func TestLongText(t *testing.T) {
	m := opened(t, "testdata/mean", Options{Window: 16})
	first, second := "The mayor of the town opened a bridge.", "The river said no."
	whole := embed(t, m, akin.Document, first+" "+second)[0]
	parts := m.split(nil, 0, "", first+" "+second)
	if len(parts) != 2 {
		t.Fatalf("%d parts, want one a sentence", len(parts))
	}
	apart := embed(t, m, akin.Document, first, second)
	want := make([]float32, m.Dimensions())
	for i, v := range apart {
		for j, x := range v {
			want[j] += x * float32(parts[i].tokens)
		}
	}
	unit(want)
	if diff := cmp.Diff(want, whole); diff != "" {
		t.Errorf("a long text has not the mean of its sentences, weighed by their tokens:\n%s", diff)
	}
	if a, b := embed(t, m, akin.Document, first+" "+second)[0], embed(t, m, akin.Document, first)[0]; slices.Equal(a, b) {
		t.Error("the second sentence was cut off")
	}
}

// TestPartsHoldTheText holds that splitting loses no token, and that no part is longer than the window.
func TestPartsHoldTheText(t *testing.T) {
	m := opened(t, "testdata/mean", Options{Window: 12})
	texts := []string{
		strings.Repeat("the bridge ", 40),
		strings.Repeat("河桥", 40),
		strings.Repeat("bridge", 15), // one word of more pieces than a window
		"A. B! C? 新桥。市长说！" + strings.Repeat("open ", 9) + "\n\nthe end",
		"said: \"yes.\" 'no!' 3.14 and 2.5... etc.",
		strings.Repeat("x ", longestAtOnce/2+1000),
	}
	for _, text := range texts {
		var got []int32
		before, after := m.tokens.Frame()
		for _, p := range m.split(nil, 0, "", text) {
			if len(p.ids) > m.window || p.tokens != len(p.ids)-2 {
				t.Fatalf("%.40q has a part of %d ids, %d of them of the text, in a window of %d", text, len(p.ids), p.tokens, m.window)
			}
			got = append(got, p.ids[len(before):len(p.ids)-len(after)]...)
		}
		if want := m.tokens.Append(nil, text); !slices.Equal(got, want) {
			t.Errorf("%.40q: the parts hold %d tokens, the text has %d", text, len(got), len(want))
		}
	}
}

func TestSentences(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"full stops, and the space goes with the sentence before", "One. Two! Three?", []string{"One. ", "Two! ", "Three?"}},
		{"a number is none, nor an address", "It cost 3.14 at akin.example today. Yes", []string{"It cost 3.14 at akin.example today. ", "Yes"}},
		{"a quotation mark stays with its sentence", "“No.” He left.", []string{"“No.” ", "He left."}},
		{"Chinese has no spaces", "新桥开放。市长说：“好！”大家笑了。", []string{"新桥开放。", "市长说：“好！”", "大家笑了。"}},
		{"several stops are one", "What?! Well... 真的？！好", []string{"What?! ", "Well... ", "真的？！", "好"}},
		{"a line ends a sentence", "Heading\nBody", []string{"Heading\n", "Body"}},
		{"Devanagari and Arabic", "यह है। वह। هل هذا؟ نعم", []string{"यह है। ", "वह। ", "هل هذا؟ ", "نعم"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := slices.Collect(sentences(test.text))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%q:\n%s", test.text, diff)
			}
		})
	}
	long := strings.Repeat("字", longestSentence)
	for s := range sentences(long) {
		if len(s) > longestSentence+4 {
			t.Errorf("a text without ends has a sentence of %d bytes", len(s))
		}
	}
}

func TestFingerprint(t *testing.T) {
	plain := opened(t, "testdata/mean", Options{}).Fingerprint()
	if !strings.HasPrefix(plain, "bert/1/32/") {
		t.Errorf("fingerprint %q", plain)
	}
	moved := t.TempDir()
	if err := os.CopyFS(moved, os.DirFS("testdata/mean")); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, moved, Options{Threads: 2}).Fingerprint(); got != plain {
		t.Errorf("the same model elsewhere has the fingerprint %q, want %q", got, plain)
	}
	seen := map[string]string{"plain": plain}
	for name, o := range map[string]Options{
		"pooling": {Pooling: "cls"}, "window": {Window: 20}, "query": {QueryPrefix: "q: "}, "document": {DocumentPrefix: "q: "},
	} {
		got := opened(t, "testdata/mean", o).Fingerprint()
		for other, f := range seen {
			if f == got {
				t.Errorf("%s and %s have the same fingerprint %q", name, other, f)
			}
		}
		seen[name] = got
	}
	change(t, moved, "model.safetensors", func(data []byte) []byte { data[len(data)-2] ^= 1; return data })
	if got := opened(t, moved, Options{}).Fingerprint(); got == plain {
		t.Error("other weights have the same fingerprint")
	}
	if got := opened(t, "testdata/cls", Options{}).Fingerprint(); !strings.HasSuffix(got, "?query=say%3A+") {
		t.Errorf("the folder's prompt is not in the fingerprint %q", got)
	}
}

func TestPrefixes(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		want    [2]string
	}{
		{"the folder's prompt, of the names that there are", Options{}, [2]string{"", "say: "}},
		{"an option goes before the folder", Options{QueryPrefix: "ask: ", DocumentPrefix: "doc: "}, [2]string{"doc: ", "ask: "}},
		{"no prompts", Options{IgnorePrompts: true}, [2]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := opened(t, "testdata/cls", test.options).prefixes; got != test.want {
				t.Errorf("prefixes %q, want %q", got, test.want)
			}
		})
	}
}

func TestContext(t *testing.T) {
	m := opened(t, "testdata/mean", Options{Threads: 1})
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody waits any more")
	cancel(why)
	if _, err := m.Embed(ended, akin.Document, []string{"the river"}); !errors.Is(err, why) {
		t.Errorf("error %v, want why the context ended", err)
	}
	// A caller that waits for the only workspace leaves when its context ends, and a forward pass stops between layers.
	w := <-m.workspaces
	waits, stop := context.WithCancelCause(t.Context())
	failed := make(chan error)
	go func() {
		_, err := m.Embed(waits, akin.Document, []string{"the river"})
		failed <- err
	}()
	stop(why)
	if err := <-failed; !errors.Is(err, why) {
		t.Errorf("error %v, want why the context ended", err)
	}
	m.workspaces <- w
	text := m.split(nil, 0, "", "the river")[0]
	if err := m.forward(ended, newWorkspace(&m.config, 64, 64), []*part{&text}); !errors.Is(err, why) {
		t.Errorf("error %v, want why the context ended", err)
	}
	if got := embed(t, m, akin.Document, "the river"); got[0] == nil {
		t.Error("the model does not work any more")
	}
}

func change(t *testing.T, dir, name string, by func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, by(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
