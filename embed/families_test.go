package embed_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/page"
	"github.com/akinserver/akin/store"
	"github.com/akinserver/akin/store/storetest"
	"github.com/akinserver/akin/testdata"
)

// sample reads one page of each story of the sample corpus.
func sample(t *testing.T) []akin.Article {
	t.Helper()
	names, err := fs.Glob(testdata.News, "news/*-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []akin.Article
	for _, name := range names {
		f, err := testdata.News.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		a, err := page.Parse(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		a.ID = strings.TrimSuffix(strings.TrimPrefix(name, "news/"), ".txt")
		list = append(list, a)
	}
	return list
}

// traditional turns characters round by the table that turns traditional ones into simplified ones.
func traditional(t *testing.T) func(string) string {
	t.Helper()
	table, err := os.ReadFile("family/data/simplified.txt")
	if err != nil {
		t.Fatal(err)
	}
	back := map[rune]rune{}
	for line := range strings.Lines(string(table)) {
		simple, size := utf8.DecodeRuneInString(line)
		back[simple], _ = utf8.DecodeRuneInString(line[size:])
	}
	return func(s string) string {
		return strings.Map(func(r rune) rune { return cmp.Or(back[r], r) }, s)
	}
}

// variants are reprints and decoys of articles, some days later than these, as "ID/CHANGE".
func variants(t *testing.T, articles []akin.Article) []akin.Article {
	t.Helper()
	var list []akin.Article
	for n, a := range articles {
		for i, change := range testdata.Reprints(traditional(t)) {
			v, ok := change.Make(uint64(n), a)
			if !ok {
				continue
			}
			v.ID = a.ID + "/" + change.Name
			v.PublishedDate = fmt.Sprintf("2031-01-%02d", 1+i)
			list = append(list, v)
		}
	}
	return list
}

func isDecoy(t *testing.T, id string) bool {
	t.Helper()
	_, name, _ := strings.Cut(id, "/")
	i := slices.IndexFunc(testdata.Reprints(traditional(t)), func(c testdata.Change) bool { return c.Name == name })
	return i >= 0 && testdata.Reprints(traditional(t))[i].Decoy
}

// families are those that the store tells, by article.
func families(t testing.TB, st *store.Store, corpus string, ids []string) map[string]string {
	t.Helper()
	prints, err := st.Prints(t.Context(), corpus, ids)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for id, p := range prints {
		out[id] = p.Family
	}
	return out
}

func idsOf(articles []akin.Article) []string {
	ids := make([]string, len(articles))
	for i, a := range articles {
		ids[i] = a.ID
	}
	return ids
}

func TestFamilies(t *testing.T) {
	originals := sample(t)
	all := append(slices.Clone(originals), variants(t, originals)...)
	stage, st, _ := open(t)
	for part := range slices.Chunk(all, 50) {
		put(t, stage, part...)
	}
	got := families(t, st, "default", idsOf(all))
	found, wanted := 0, 0
	for _, a := range all[len(originals):] {
		original, _, _ := strings.Cut(a.ID, "/")
		switch {
		case isDecoy(t, a.ID):
			if got[a.ID] != "" {
				t.Errorf("%s belongs to the family of %s", a.ID, got[a.ID])
			}
		default:
			wanted++
			if got[a.ID] == original {
				found++
			} else if got[a.ID] != "" {
				// A half and the text with sentences cut are both prints of the original, and may not be of each other.
				t.Logf("%s belongs to the family of %s", a.ID, got[a.ID])
			}
		}
	}
	t.Logf("%d of %d reprints", found, wanted)
	if float64(found) < 0.9*float64(wanted) {
		t.Errorf("%d of %d reprints are in the family of their original, want nine in ten", found, wanted)
	}
}

// TestFamiliesWhateverTheOrder puts, changes and deletes articles in any order, and compares the families with those of the articles that are left, put at once.
func TestFamiliesWhateverTheOrder(t *testing.T) {
	originals := sample(t)[:4]
	pool := append(slices.Clone(originals), variants(t, originals)...)
	embedder := builtin(t)
	rapid.Check(t, func(rt *rapid.T) {
		st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
		stage := embed.New(st, embedder)
		stored := map[string]akin.Article{}
		slots := rapid.IntRange(4, 20).Draw(rt, "slots")
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			ids := rapid.SliceOfNDistinct(rapid.IntRange(0, slots-1), 1, 8, rapid.ID).Draw(rt, "ids")
			if rapid.IntRange(0, 3).Draw(rt, "delete") == 0 {
				var names []string
				for _, id := range ids {
					names = append(names, fmt.Sprint("p", id))
					delete(stored, fmt.Sprint("p", id))
				}
				if _, _, err := stage.Delete(t.Context(), "default", names); err != nil {
					rt.Fatal(err)
				}
				continue
			}
			var batch []akin.Article
			for _, id := range ids {
				a := rapid.SampledFrom(pool).Draw(rt, "text")
				a.ID, a.Statements = fmt.Sprint("p", id), nil
				a.PublishedDate = rapid.SampledFrom([]string{"", "2020-01-01", "2020-01-02", "2021-05-01"}).Draw(rt, "date")
				batch = append(batch, a)
				stored[a.ID] = a
			}
			if _, err := stage.Put(t.Context(), "default", batch); err != nil {
				rt.Fatal(err)
			}
		}
		got := families(t, st, "default", slices.Collect(maps.Keys(stored)))
		fresh := slices.Collect(maps.Values(stored)) // in any order
		if _, err := stage.Put(t.Context(), "fresh", fresh); err != nil {
			rt.Fatal(err)
		}
		if want := families(t, st, "fresh", idsOf(fresh)); !maps.Equal(got, want) {
			rt.Fatalf("got %v\nwant %v", got, want)
		}
	})
}

// TestFamiliesOfSeveralWriters has two stages, as two processes have, change the same families at the same time.
func TestFamiliesOfSeveralWriters(t *testing.T) {
	originals := sample(t)[:3]
	pool := append(slices.Clone(originals), variants(t, originals)...)
	embedder := builtin(t)
	st := storetest.Open(t, embed.Fingerprint(embedder), embedder.Dimensions())
	var writers sync.WaitGroup
	stored := make([]map[string]akin.Article, 2)
	for w := range stored {
		stored[w] = map[string]akin.Article{}
		stage := embed.New(st, embedder)
		random := rand.New(rand.NewPCG(7, uint64(w)))
		writers.Go(func() {
			for range 40 {
				a := pool[random.IntN(len(pool))]
				a.ID = fmt.Sprintf("%d/%d", w, random.IntN(12))
				a.Statements = nil
				if random.IntN(4) == 0 {
					if _, _, err := stage.Delete(t.Context(), "default", []string{a.ID}); err != nil {
						t.Error(err)
					}
					delete(stored[w], a.ID)
					continue
				}
				if _, err := stage.Put(t.Context(), "default", []akin.Article{a}); err != nil {
					t.Error(err)
				}
				stored[w][a.ID] = a
			}
		})
	}
	writers.Wait()
	left := append(slices.Collect(maps.Values(stored[0])), slices.Collect(maps.Values(stored[1]))...)
	got := families(t, st, "default", idsOf(left))
	if _, err := embed.New(st, embedder).Put(t.Context(), "fresh", left); err != nil {
		t.Fatal(err)
	}
	if want := families(t, st, "fresh", idsOf(left)); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
