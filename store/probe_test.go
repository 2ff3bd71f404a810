package store_test

import (
	"slices"
	"testing"

	"github.com/akinserver/akin/store/storetest"
)

func TestProbeIsKeptWithTheGeneration(t *testing.T) {
	st := storetest.Open(t, "test/1", 4)
	if v, err := st.Probe(t.Context()); v != nil || err != nil {
		t.Fatalf("a new generation: %v, %v", v, err)
	}
	for _, want := range [][]float32{{1, -0.5, 0.25}, {0.5}} {
		if err := st.KeepProbe(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if v, err := st.Probe(t.Context()); err != nil || !slices.Equal(v, want) {
			t.Errorf("got %v (%v), want %v", v, err, want)
		}
	}
}
