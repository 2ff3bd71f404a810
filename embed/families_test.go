package embed_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

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

func traditional(t *testing.T) func(string) string {
	t.Helper()
	table, err := os.ReadFile("han/data/simplified.txt")
	if err != nil {
		t.Fatal(err)
	}
	return testdata.Traditional(string(table))
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

// TestFamiliesOfAnArchive measures families on 5,000 articles of the JSON Lines that AKIN_REPRINTS names, with two reprints and two decoys of 1,000 of them,
// in two orders. The figures are in docs/families.md.
// AKIN_REPRINTS_SHOW=1 prints what was judged wrongly, and the articles of the archive itself that are taken for prints of each other.
func TestFamiliesOfAnArchive(t *testing.T) {
	name := os.Getenv("AKIN_REPRINTS")
	if name == "" {
		t.Skip("AKIN_REPRINTS names no file")
	}
	random := rand.New(rand.NewPCG(2026, 11))
	archive := readArticles(t, name, random, 5000)
	changes := testdata.Reprints(traditional(t))
	all, truth := slices.Clone(archive), map[string]testdata.Change{}
	for n, a := range archive[:min(1000, len(archive)/5)] {
		left, made := map[bool]int{false: 2, true: 2}, map[string]bool{}
		for _, i := range random.Perm(len(changes)) {
			change := changes[i]
			if left[change.Decoy] == 0 {
				continue
			}
			if v, ok := change.Make(uint64(n), a); ok && !made[v.Body()] { // two changes may make the same text
				made[v.Body()] = true
				v.ID += "/" + change.Name
				if v.PublishedDate != "" {
					v.PublishedDate = "2031-01-01"
				}
				truth[v.ID] = change
				all = append(all, v)
				left[change.Decoy]--
			}
		}
	}
	first := ingestInOrder(t, all, nil, random)
	judge(t, first, truth)
	// In another order; some are put first as others, and some more are put and deleted.
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var before []akin.Article
	for n := range len(all) / 10 {
		other := all[len(all)-1-n]
		other.ID = all[n].ID
		before = append(before, other)
		other.ID = fmt.Sprint("deleted/", n)
		before = append(before, other)
	}
	got := ingestInOrder(t, all, before, random)
	for id, family := range first {
		if got[id] != family {
			t.Errorf("%s: in another order its family is %q, and was %q", id, got[id], family)
		}
	}
}

// judge prints, and holds, how many reprints are in the family of their original, and how many decoys are in any.
func judge(t *testing.T, families map[string]string, truth map[string]testdata.Change) {
	t.Helper()
	type count struct{ in, all int }
	kinds := map[string]*count{}
	var found, reprints, decoys, wrong int
	for id, change := range truth {
		original, _, _ := strings.Cut(id, "/")
		c := kinds[change.Name]
		if c == nil {
			c = &count{}
			kinds[change.Name] = c
		}
		c.all++
		in := families[id] != "" && families[id] == families[original]
		if change.Decoy && families[id] != "" {
			t.Logf("%s is in the family of %s", id, families[id])
		}
		switch {
		case in:
			c.in++
		case !change.Decoy && os.Getenv("AKIN_REPRINTS_SHOW") != "":
			t.Logf("%s is in the family of %s, its original in that of %q", id, families[id], families[original])
		}
		if change.Decoy {
			if families[id] != "" {
				decoys++
			}
			continue
		}
		reprints++
		if in {
			found++
		} else if f, _, _ := strings.Cut(families[id], "/"); f != "" && f != original {
			wrong++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%-20s %5d of %5d in the family of the original", name, kinds[name].in, kinds[name].all)
	}
	recall := float64(found) / float64(reprints)
	precision := float64(found) / float64(found+decoys+wrong)
	t.Logf("recall %.4f, precision %.4f: %d of %d reprints, %d decoys in a family, %d reprints in another's", recall, precision, found, reprints, decoys, wrong)
	if recall < 0.9 || precision < 0.98 || decoys > 0 {
		t.Errorf("want recall .9, precision .98, and no decoy in a family")
	}
	if os.Getenv("AKIN_REPRINTS_SHOW") == "" {
		return
	}
	natural := map[string][]string{}
	for id, family := range families {
		if family != "" && !strings.Contains(id, "/") {
			natural[family] = append(natural[family], id)
		}
	}
	for family, ids := range natural {
		if len(ids) > 1 {
			t.Logf("in the archive itself, family of %s: %v", family, slices.Sorted(slices.Values(ids)))
		}
	}
}

func ingestInOrder(t *testing.T, articles, before []akin.Article, random *rand.Rand) map[string]string {
	t.Helper()
	stage, st, _ := open(t)
	for part := range slices.Chunk(before, 64) {
		results := put(t, stage, part...)
		var gone []string
		for _, r := range results {
			if strings.HasPrefix(r.ID, "deleted/") && random.IntN(2) == 0 {
				gone = append(gone, r.ID)
			}
		}
		if _, _, err := stage.Delete(t.Context(), "default", append(gone, "nobody")); err != nil {
			t.Fatal(err)
		}
	}
	for part := range slices.Chunk(articles, 64) {
		put(t, stage, part...)
	}
	var gone []string
	for _, a := range before {
		if strings.HasPrefix(a.ID, "deleted/") {
			gone = append(gone, a.ID)
		}
	}
	for part := range slices.Chunk(gone, 100) {
		if _, _, err := stage.Delete(t.Context(), "default", part); err != nil {
			t.Fatal(err)
		}
	}
	return families(t, st, "default", idsOf(articles))
}

// readArticles picks articles of a file of JSON Lines, by chance.
func readArticles(t *testing.T, name string, random *rand.Rand, n int) []akin.Article {
	t.Helper()
	var list []akin.Article
	for item := range embed.Read([]string{name}, nil) {
		if item.Err != nil {
			t.Fatal(item.Err)
		}
		item.Article.Statements = nil
		list = append(list, item.Article)
	}
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(n, len(list))]
}

// TestCrowds puts more copies of one text than are compared with one another, and as many reports of one form that differ in their figures, and notices that differ in their date alone;
// a later print of one of these finds it among all.
func TestCrowds(t *testing.T) {
	const n = store.MostAlike + 50
	copies, reports, notices := make([]akin.Article, n), make([]akin.Article, n), make([]akin.Article, n)
	for i := range n {
		copies[i] = article(fmt.Sprintf("copy %03d", i), "本页面暂时无法显示，请稍后再试，或者联系网站管理员。您也可以返回首页，查看其他内容。")
		copies[i].PublishedDate = fmt.Sprintf("20%02d-01-01", i%20)
		reports[i] = article(fmt.Sprintf("report %03d", i), fmt.Sprintf(
			"昨日白天晴间多云，最高气温%d度，夜间最低气温%d度，降水量%d毫米，相对湿度%d度，能见度良好，适宜户外活动。", 10+i%30, i%11, i, 20+i%70))
		notices[i] = article(fmt.Sprintf("notice %03d", i), fmt.Sprintf(
			"临河渡口%d月%d日照常开放，轮渡每半小时一班，请市民合理安排出行时间。渡口管理处提醒，遇大雾、大风等天气将临时停航，以现场公告为准，不便之处敬请谅解。", 1+i/25, 1+i%25))
	}
	later := notices[7]
	later.ID, later.PublishedDate = "later print", "2031-01-01"
	later.Paragraphs = []akin.Paragraph{{Text: strings.Replace(later.Body(), "不便之处敬请谅解", "敬请谅解", 1)}}
	stage, st, _ := open(t)
	for part := range slices.Chunk(slices.Concat(reports, notices, copies, []akin.Article{later}), 50) {
		put(t, stage, part...)
	}
	for id, family := range families(t, st, "default", idsOf(copies)) {
		if family != "copy 000" {
			t.Errorf("%s is in the family of %q, want that of the earliest copy", id, family)
		}
	}
	for id, family := range families(t, st, "default", idsOf(reports)) {
		if family != "" {
			t.Errorf("%s is in the family of %s, whose figures are others", id, family)
		}
	}
	for id, family := range families(t, st, "default", append(idsOf(notices), later.ID)) {
		want := ""
		if id == later.ID || id == "notice 007" {
			want = later.ID // which has a date, and is the earliest for that
		}
		if family != want {
			t.Errorf("%s is in the family of %q, want %q", id, family, want)
		}
	}
}
