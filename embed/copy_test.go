package embed_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
	"github.com/akinserver/akin/embed/encoder"
)

// TestFamiliesOfAnotherGeneration copies articles into another generation while they come, change and go: the families of both are those of the articles that each holds.
func TestFamiliesOfAnotherGeneration(t *testing.T) {
	originals := sample(t)[:4]
	all := append(slices.Clone(originals), variants(t, originals)...)
	for i := range all {
		all[i].Statements = nil
	}
	stage, st, _ := open(t)
	stored := map[string]akin.Article{}
	write := func(a akin.Article) {
		t.Helper()
		put(t, stage, a)
		stored[a.ID] = a
	}
	remove := func(id string) {
		t.Helper()
		if _, _, err := stage.Delete(t.Context(), "default", []string{id}); err != nil {
			t.Error(err)
		}
		delete(stored, id)
	}
	late := len(all) / 3
	for _, a := range all[late:] {
		write(a)
	}
	want := func() map[string]string {
		t.Helper()
		fresh, freshStore, _ := open(t)
		put(t, fresh, slices.Collect(maps.Values(stored))...)
		return families(t, freshStore, "default", slices.Collect(maps.Keys(stored)))
	}

	embedder, err := encoder.NewBuiltin(encoder.BuiltinOptions{Dimensions: 64})
	if err != nil {
		t.Fatal(err)
	}
	next, err := st.Next(t.Context(), embed.Fingerprint(embedder), embedder.Dimensions())
	if err != nil {
		t.Fatal(err)
	}
	began := false
	copier := embed.NewCopy(st, embed.New(next, embedder), embed.CopyOptions{Batch: 8, Report: func(done, count int) {
		if began || done == count {
			return
		}
		began = true
		// The originals, which are the earliest, come now; one is deleted again, and one changes places with a decoy of another.
		for _, a := range all[:late] {
			write(a)
		}
		remove(originals[0].ID)
		moved := all[len(all)-1]
		moved.ID = originals[1].ID
		write(moved)
		if got, want := families(t, st, "default", slices.Collect(maps.Keys(stored))), want(); !maps.Equal(got, want) {
			t.Errorf("while another generation is made: got %v\nwant %v", got, want)
		}
	}})
	for pass := 0; ; pass++ {
		changed, err := copier.Pass(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if changed == 0 {
			break
		}
		if pass == 5 {
			t.Fatal("passes find changes for ever")
		}
	}
	ids := slices.Collect(maps.Keys(stored))
	if got, want := families(t, next, "default", ids), want(); !began || !maps.Equal(got, want) {
		t.Errorf("in the new generation: got %v\nwant %v", got, want)
	}
	named := 0
	for _, family := range families(t, next, "default", ids) {
		if family != "" {
			named++
		}
	}
	if named < len(ids)/4 {
		t.Errorf("%d of %d articles belong to a family, want many", named, len(ids))
	}
}
