package encoder

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/akinserver/akin"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"
)

func newBuiltin(t testing.TB, dimensions int) *Builtin {
	t.Helper()
	b, err := NewBuiltin(BuiltinOptions{Dimensions: dimensions})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func embed(t testing.TB, e akin.Embedder, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := e.Embed(t.Context(), akin.Document, texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestBuiltinDraws(t *testing.T) {
	tests := []struct{ name, query, near, far string }{
		{
			name:  "the same event in other words",
			query: "The harbour bridge of Lunden was closed after a crane struck it",
			near:  "Crane hits bridge in Lunden harbour; traffic is stopped",
			far:   "The harbour festival of Ostby was opened after a speech by its mayor",
		},
		{
			name:  "inflected forms",
			query: "economists predicted slower growth",
			near:  "an economist predicts that growth slows",
			far:   "novelists described colder winters",
		},
		{
			name:  "function words shared are nothing shared",
			query: "it is what it was, and he said that he would be there",
			near:  "he would be there, he said",
			far:   "it is a glacier, and what was that dredger",
		},
		{
			name:  "Chinese, other words between the same ones",
			query: "云河大桥因货船撞击桥墩封闭",
			near:  "一艘货船撞上桥墩，云河大桥昨日起封闭检修",
			far:   "云河县今年因大雪封闭了三所小学",
		},
		{
			name:  "Chinese, common characters are not enough",
			query: "我们的工作是为了人民的生活",
			near:  "为了人民的生活，我们要做好工作",
			far:   "他们的问题是为了企业的发展",
		},
		{
			name:  "a name in both",
			query: "赵若兰出席云河论坛",
			near:  "论坛上，赵若兰谈到水价",
			far:   "市长出席开学典礼",
		},
		{
			name:  "another figure is another statement",
			query: "the dam holds 340 million litres",
			near:  "340 million litres are in the dam",
			far:   "the dam holds 125 million litres",
		},
	}
	b := newBuiltin(t, 0)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := embed(t, b, tt.query, tt.near, tt.far)
			if near, far := cosine(v[0], v[1]), cosine(v[0], v[2]); near <= far {
				t.Errorf("query %q\nnear  %.3f %q\nfar   %.3f %q", tt.query, near, tt.near, far, tt.far)
			}
		})
	}
}

func TestBuiltinFoldsWhatReadersDo(t *testing.T) {
	b := newBuiltin(t, 0)
	v := embed(t, b, "ＡＢＣ公司２０１４年", "abc公司2014年", "MAYOR’S CAFÉ", "mayor's cafe")
	for i := 0; i < len(v); i += 2 {
		if diff := cmp.Diff(v[i], v[i+1]); diff != "" {
			t.Errorf("texts %d and %d embed differently:\n%s", i, i+1, diff)
		}
	}
}

func TestBuiltinOfNothingIsZero(t *testing.T) {
	b := newBuiltin(t, 64)
	for _, text := range []string{"", " \n\t", "……——！", "🎉", "\xff"} {
		if got := embed(t, b, text)[0]; cosine(got, got) != 0 || len(got) != 64 {
			t.Errorf("Embed(%q) = %v, want 64 zeros", text, got)
		}
	}
}

const (
	report = "The ferry to Ostby was late again on Monday, the harbour master, Ann O'Neil, said. She blamed the follow-up " +
		"repairs for it. 1,200 passengers of U.S. tour groups waited in the rain; the ferries' owner offered them 3.5 crowns each."
	reportZH = "云河市交通局局长赵若兰5月19日表示，大桥封闭期间将增开12条公交线路，“请市民提前安排出行”。" +
		"她强调，大桥的检修不会影响水路，云河大桥预计２０１４年底恢复通车。"
)

// TestBuiltinStaysTheSame holds stored vectors comparable with new ones, on every machine.
func TestBuiltinStaysTheSame(t *testing.T) {
	const want = "builtin/3/384 a2a10be5e50d23e0"
	h := fnv.New64a()
	b := newBuiltin(t, 0)
	for _, v := range embed(t, b, append(seeds, report, reportZH, "發展經濟的頭緒")...) {
		for _, x := range v {
			bits := math.Float32bits(x)
			h.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
	}
	if got := fmt.Sprintf("%s %016x", b.Fingerprint(), h.Sum64()); got != want {
		t.Errorf("vectors have changed: got %s, want %s\nIf that is meant, raise builtinVersion, and write what you got here.", got, want)
	}
}

func TestBuiltinProperties(t *testing.T) {
	b := newBuiltin(t, 128)
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom(seeds), rapid.StringMatching(`([a-z]{1,8} ){0,9}`), rapid.StringMatching(`[云河大桥货船的了是]{0,30}`))
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(text, 1, 8).Draw(t, "texts")
		together, err := b.Embed(context.Background(), akin.Document, texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			alone, err := b.Embed(context.Background(), akin.Query, []string{text})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(alone[0], together[i]); diff != "" {
				t.Fatalf("%q embeds differently in a batch (-alone +batch):\n%s", text, diff)
			}
			if length := cosine(alone[0], alone[0]); length != 0 && math.Abs(length-1) > 1e-5 {
				t.Fatalf("%q has length %v", text, length)
			}
		}
	})
}

func TestBuiltinServesManyAtOnce(t *testing.T) {
	b := newBuiltin(t, 64)
	texts := []string{report, reportZH, "", report[:99]}
	want := embed(t, b, texts...)
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			for range 20 {
				got, err := b.Embed(t.Context(), akin.Document, texts)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(want, got); diff != "" {
					return fmt.Errorf("(-alone +at once):\n%s", diff)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

func TestBuiltinOptions(t *testing.T) {
	for _, dimensions := range []int{-1, 1, 63, 8193} {
		_, err := NewBuiltin(BuiltinOptions{Dimensions: dimensions})
		if invalid := (*akin.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != "dimensions" {
			t.Errorf("NewBuiltin of %d dimensions: error %v, want one about dimensions", dimensions, err)
		}
	}
	if b := newBuiltin(t, 64); b.Dimensions() != 64 || b.Fingerprint() != "builtin/3/64" {
		t.Errorf("got %d dimensions, fingerprint %s", b.Dimensions(), b.Fingerprint())
	}
}

func TestBuiltinStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v, err := newBuiltin(t, 64).Embed(ctx, akin.Document, []string{"a"}); !errors.Is(err, context.Canceled) || v != nil {
		t.Errorf("Embed after its context ended: %v, error %v", v, err)
	}
}

func BenchmarkBuiltin(b *testing.B) {
	texts, size := pages(b)
	e := newBuiltin(b, 0)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Embed(b.Context(), akin.Document, texts); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLexical(b *testing.B) {
	texts, size := pages(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			Lexical(text)
		}
	}
}

// pages returns the pages of the sample corpus, Chinese and English.
func pages(tb testing.TB) (texts []string, size int64) {
	tb.Helper()
	paths, err := filepath.Glob("../../testdata/news/*.txt")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no sample corpus: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, string(text))
		size += int64(len(text))
	}
	return texts, size
}
