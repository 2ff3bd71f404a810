package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/akinserver/akin"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerFolder); dir != "" {
		writeForEver(dir)
	}
	goleak.VerifyTestMain(m)
}

const dimensions = 8

// vectorOf is the right vector of a text: no other text has it.
func vectorOf(text string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(text))
	random := rand.New(rand.NewPCG(h.Sum64(), 1))
	v := make([]float32, dimensions)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}

// model is an embedder that counts what it was asked for.
type model struct {
	fingerprint string
	embed       func(ctx context.Context, texts []string) error // before it answers; nothing by default

	mu    sync.Mutex
	asked []string
}

func (m *model) Fingerprint() string { return "model " + m.fingerprint }
func (m *model) Dimensions() int     { return dimensions }

func (m *model) Embed(ctx context.Context, _ akin.Purpose, texts []string) ([][]float32, error) {
	m.mu.Lock()
	m.asked = append(m.asked, texts...)
	m.mu.Unlock()
	var err error
	if m.embed != nil {
		err = m.embed(ctx, texts)
	}
	errs, some := errors.AsType[akin.TextErrors](err)
	if err != nil && !some {
		return nil, err
	}
	var vectors [][]float32
	for _, text := range texts {
		vectors = append(vectors, vectorOf(text))
	}
	for _, e := range errs {
		vectors[e.Index] = nil
	}
	return vectors, err
}

// take returns what was asked for since the last call, sorted.
func (m *model) take() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := slices.Sorted(slices.Values(m.asked))
	m.asked = nil
	return strings.Join(asked, " ")
}

func open(t testing.TB, dir string, embedder akin.Embedder, opts Options) *Cache {
	t.Helper()
	c, err := Open(dir, embedder, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func embed(t testing.TB, c *Cache, purpose akin.Purpose, texts ...string) {
	t.Helper()
	got, err := c.Embed(t.Context(), purpose, texts)
	if err != nil {
		t.Fatal(err)
	}
	want := make([][]float32, 0, len(texts))
	for _, text := range texts {
		want = append(want, vectorOf(text))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("vectors of %q (-want +got):\n%s", texts, diff)
	}
}

func TestEmbedsOnce(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	c := open(t, dir, m, Options{})
	embed(t, c, akin.Document, "a", "b", "a", "c", "a")
	if got := m.take(); got != "a b c" {
		t.Errorf("asked for %q, want each text once", got)
	}
	embed(t, c, akin.Document, "c", "d", "b")
	if got := m.take(); got != "d" {
		t.Errorf("asked for %q, want what is new", got)
	}
	other := open(t, dir, m, Options{})
	embed(t, other, akin.Document, "d", "e", "a")
	embed(t, c, akin.Document, "e", "b")
	if got := m.take(); got != "e" {
		t.Errorf("asked for %q, want each text once by either", got)
	}
	if used := c.Profile().Used; used.Cached != 2+2 {
		t.Errorf("used: %+v", used)
	}
	embed(t, open(t, dir, &model{fingerprint: "2"}, Options{}), akin.Document, "a")
	if got := m.take(); got != "" {
		t.Errorf("asked for %q, though it was another embedder's turn", got)
	}
}

func TestCallersOwnTheirVectors(t *testing.T) {
	c := open(t, t.TempDir(), &model{}, Options{})
	for _, purpose := range []akin.Purpose{akin.Document, akin.Query} {
		for range 2 {
			vectors, err := c.Embed(t.Context(), purpose, []string{"a", "a"})
			if err != nil {
				t.Fatal(err)
			}
			clear(vectors[0])
			if vectors[1][0] == 0 {
				t.Error("two places have one vector")
			}
		}
		embed(t, c, purpose, "a")
	}
}

func TestQueriesStayInMemory(t *testing.T) {
	dir, m := t.TempDir(), &model{}
	c := open(t, dir, m, Options{Queries: 2})
	embed(t, c, akin.Query, "a", "b", "a")
	embed(t, c, akin.Query, "a")
	embed(t, c, akin.Query, "c") // b was asked for longest ago
	embed(t, c, akin.Query, "a", "c")
	if got := m.take(); got != "a b c" {
		t.Errorf("asked for %q, want each once", got)
	}
	embed(t, c, akin.Query, "b")
	embed(t, c, akin.Document, "c") // another vector, for all that the cache knows
	embed(t, open(t, dir, m, Options{}), akin.Query, "c")
	if got := m.take(); got != "b c c" {
		t.Errorf("asked for %q, want what was forgotten, and what another purpose or process knows", got)
	}
}

func TestRefusedTexts(t *testing.T) {
	m := &model{embed: func(_ context.Context, texts []string) error {
		var errs akin.TextErrors
		for i, text := range texts {
			if strings.Contains(text, "bad") {
				errs = append(errs, &akin.TextError{Index: i, Err: errors.New("no")})
			}
		}
		if errs == nil {
			return nil
		}
		return fmt.Errorf("embed: %w", errs)
	}}
	c := open(t, t.TempDir(), m, Options{})
	embed(t, c, akin.Document, "b")
	got, err := c.Embed(t.Context(), akin.Document, []string{"worse bad", "a", "bad", "b", "bad"})
	errs, _ := errors.AsType[akin.TextErrors](err)
	var places []int
	for _, e := range errs {
		places = append(places, e.Index)
	}
	if diff := cmp.Diff([][]float32{nil, vectorOf("a"), nil, vectorOf("b"), nil}, got); diff != "" || !slices.Equal(places, []int{0, 2, 4}) {
		t.Errorf("refused %v, error %v, vectors (-want +got):\n%s", places, err, diff)
	}
	m.take()
	embed(t, c, akin.Document, "a")
	if got := m.take(); got != "" {
		t.Errorf("asked for %q again", got)
	}
}

// An embedder that fails has delivered some vectors before; those are kept.
type halfway struct{ *model }

func (h halfway) EmbedEach(ctx context.Context, _ akin.Purpose, texts []string, done func(int, []float32)) error {
	h.asked = append(h.asked, texts...)
	for i := range texts[:len(texts)/2] {
		done(i, vectorOf(texts[i]))
	}
	if len(texts) > 1 {
		return akin.ErrUnavailable
	}
	done(0, vectorOf(texts[0]))
	return nil
}

func TestKeepsWhatCameBeforeAFailure(t *testing.T) {
	m := &model{}
	c := open(t, t.TempDir(), halfway{m}, Options{})
	var got []string
	for range 4 {
		v, err := c.Embed(t.Context(), akin.Document, []string{"a", "b", "c", "d"})
		got = append(got, m.take())
		if err == nil {
			break
		}
		if !errors.Is(err, akin.ErrUnavailable) || v != nil {
			t.Fatalf("got %v, error %v", v, err)
		}
	}
	if want := []string{"a b c d", "c d", "d"}; !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

func TestEmbedderThatForgets(t *testing.T) {
	c := open(t, t.TempDir(), forgetful{&model{}}, Options{})
	if v, err := c.Embed(t.Context(), akin.Document, []string{"a", "b"}); err == nil || v != nil {
		t.Errorf("got %v, error %v", v, err)
	}
}

type forgetful struct{ *model }

func (forgetful) Embed(context.Context, akin.Purpose, []string) ([][]float32, error) {
	return [][]float32{vectorOf("a"), {1}}, nil
}

// Calls at the same time embed a text once between them.
func TestInFlight(t *testing.T) {
	for _, purpose := range []akin.Purpose{akin.Document, akin.Query} {
		synctest.Test(t, func(t *testing.T) {
			goOn := make(chan struct{})
			m := &model{embed: func(context.Context, []string) error {
				<-goOn
				return nil
			}}
			c := open(t, t.TempDir(), m, Options{})
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() { embed(t, c, purpose, "a", fmt.Sprint(i%4), "b") })
			}
			synctest.Wait()
			close(goOn)
			group.Wait()
			if got := m.take(); got != "0 1 2 3 a b" {
				t.Errorf("asked for %q, want each once", got)
			}
		})
	}
}

// A caller who goes away takes nothing from those who wait for the same text.
func TestWaitsOnWhenTheOwnerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		m := &model{}
		m.embed = func(ctx context.Context, _ []string) error {
			if !first {
				return nil
			}
			first = false
			<-ctx.Done()
			return context.Cause(ctx)
		}
		c := open(t, t.TempDir(), m, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := c.Embed(ctx, akin.Document, []string{"a"}); !errors.Is(err, context.Canceled) {
				t.Errorf("the first: %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() { embed(t, c, akin.Document, "a") })
		group.Go(func() { embed(t, c, akin.Document, "a", "b") })
		synctest.Wait()
		cancel()
		group.Wait()
		if got := m.take(); got != "a a b" {
			t.Errorf("asked for %q, want a once more", got)
		}
	})
}

// One that waits shares the owner's failure: to ask a server that is away again, once for each of those who wait, helps nobody.
func TestSharesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		m := &model{embed: func(_ context.Context, texts []string) error {
			<-goOn
			if texts[0] == "a" {
				return akin.ErrUnavailable
			}
			return akin.TextErrors{{Index: 0, Err: errors.New("no")}}
		}}
		c := open(t, t.TempDir(), m, Options{})
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if _, err := c.Embed(context.Background(), akin.Document, []string{"a"}); !errors.Is(err, akin.ErrUnavailable) {
					t.Errorf("a: %v", err)
				}
			})
			group.Go(func() {
				_, err := c.Embed(context.Background(), akin.Document, []string{"bad"})
				if e, ok := errors.AsType[*akin.TextError](err); !ok || e.Index != 0 {
					t.Errorf("bad: %v", err)
				}
			})
			synctest.Wait()
		}
		close(goOn)
		group.Wait()
		if got := m.take(); got != "a bad" {
			t.Errorf("asked for %q, want each once", got)
		}
	})
}

func TestProbeIsKept(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir, &model{}, Options{})
	if v, err := c.Probe(t.Context()); v != nil || err != nil {
		t.Fatalf("a new folder: %v, %v", v, err)
	}
	if err := c.KeepProbe(t.Context(), vectorOf("p")); err != nil {
		t.Fatal(err)
	}
	if v, err := open(t, dir, &model{}, Options{}).Probe(t.Context()); err != nil || !slices.Equal(v, vectorOf("p")) {
		t.Errorf("got %v, %v", v, err)
	}
	file := c.folder.probeFile()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := c.Probe(t.Context()); v != nil || err != nil {
		t.Errorf("a damaged one: %v, %v", v, err)
	}
}

func TestOptions(t *testing.T) {
	for field, opts := range map[string]Options{"cache_size": {Size: 1000}, "queries": {Queries: -1}} {
		_, err := Open(t.TempDir(), &model{}, opts)
		if invalid, ok := errors.AsType[*akin.InvalidError](err); !ok || invalid.Field != field {
			t.Errorf("%+v: error %v, want one about %s", opts, err, field)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	const n, dims = 100_000, 384
	m := wide{&model{}, dims}
	c := open(b, b.TempDir(), m, Options{})
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("The ferry number %d runs every day until the tunnel opens, the captain said.", i)
	}
	if _, err := c.Embed(b.Context(), akin.Document, texts); err != nil {
		b.Fatal(err)
	}
	b.Run("opened before", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Embed(b.Context(), akin.Document, texts); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "vectors/s")
	})
	b.Run("opened anew", func(b *testing.B) {
		for b.Loop() {
			again := open(b, c.folder.root, m, Options{})
			if _, err := again.Embed(b.Context(), akin.Document, texts); err != nil {
				b.Fatal(err)
			}
			again.Close()
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "vectors/s")
	})
	if len(m.asked) != n {
		b.Errorf("%d texts were embedded, want %d", len(m.asked), n)
	}
}

type wide struct {
	*model
	dimensions int
}

func (w wide) Dimensions() int { return w.dimensions }

func (w wide) Embed(_ context.Context, _ akin.Purpose, texts []string) ([][]float32, error) {
	w.asked = append(w.asked, texts...)
	vectors := make([][]float32, len(texts))
	for i := range vectors {
		vectors[i] = make([]float32, w.dimensions)
		vectors[i][i%w.dimensions] = math.Pi
	}
	return vectors, nil
}

func TestKept(t *testing.T) {
	m := &model{}
	c := open(t, t.TempDir(), m, Options{})
	embed(t, c, akin.Document, "a")
	m.take()
	if got, want := c.Kept([]string{"b", "a", "b", "a"}), []bool{false, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if asked := m.take(); asked != "" {
		t.Errorf("the model was asked for %q", asked)
	}
}
