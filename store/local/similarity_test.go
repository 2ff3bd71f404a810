package local

import (
	"math"
	"slices"
	"testing"

	"github.com/qdrant/go-client/qdrant"
)

// TestShortRowsOfHalves holds that rows of less than 16 numbers are compared in 16-bit arithmetic, and longer ones are not:
// the square of the half nearest to 0.1 is 0.0099951, and the half nearest to that 0.0099945.
func TestShortRowsOfHalves(t *testing.T) {
	tenth := roundToHalf(0.1)
	for _, row := range []struct {
		name     string
		distance qdrant.Distance
		size     int
		want     float32
	}{
		{"dot", qdrant.Distance_Dot, 1, 0.0099945068359375},
		{"cosine, which is dot", qdrant.Distance_Cosine, 2, 2 * 0.0099945068359375},
		{"Euclid", qdrant.Distance_Euclid, 15, 15 * -0.0099945068359375},
		{"Manhattan", qdrant.Distance_Manhattan, 3, -3 * tenth},
		{"dot of long rows", qdrant.Distance_Dot, 16, 16 * tenth * tenth},
	} {
		s := &space{size: row.size, distance: row.distance, datatype: qdrant.Datatype_Float16}
		a, b := slices.Repeat([]float32{tenth}, row.size), slices.Repeat([]float32{tenth}, row.size)
		if row.distance == qdrant.Distance_Euclid || row.distance == qdrant.Distance_Manhattan {
			b = make([]float32, row.size)
		}
		if got := s.similarity()(a, b); math.Abs(float64(got-row.want)) > 1e-7 {
			t.Errorf("%s: want %v, got %v", row.name, row.want, got)
		}
	}
}

// TestPlainComparison holds what diversity compares: the query at unit length with a stored row as it is.
func TestPlainComparison(t *testing.T) {
	p := (&space{size: 2, distance: qdrant.Distance_Cosine, datatype: qdrant.Datatype_Uint8}).plainly(t.Context())
	if got := p.similar(p.query(newDense([]float32{3, 4})), newDense([]float32{30, 40})); got != 50 {
		t.Errorf("bytes under cosine: want 50, got %v", got)
	}
	s := (&space{sparse: true, idf: true}).plainly(t.Context())
	v := vector{sparse: sparse{indices: []uint32{1, 2}, values: []float32{2, 3}}}
	if got := s.similar(s.query(v), v); got != 13 {
		t.Errorf("sparse: want 13, without weights, got %v", got)
	}
}

// TestThresholdEndsTheHits holds that hits end at the first that does not pass. Under distances, scores of several examples come
// largest first, and a threshold is passed by smaller ones.
func TestThresholdEndsTheHits(t *testing.T) {
	combine := func([]float32) float32 { return 0 }
	threshold := float32(0.5)
	for _, row := range []struct {
		name     string
		distance qdrant.Distance
		scores   []float32
		want     int
	}{
		{"larger is better", qdrant.Distance_Dot, []float32{0.9, 0.6, 0.5, 0.4}, 2},
		{"the first is too large for a distance", qdrant.Distance_Euclid, []float32{0.9, 0.4, 0.1}, 0},
		{"all are small", qdrant.Distance_Manhattan, []float32{0.4, 0.1}, 2},
	} {
		var hits []hit
		for _, s := range row.scores {
			hits = append(hits, hit{score: s})
		}
		q := &vectorQuery{space: &space{distance: row.distance}, combine: combine}
		if got := q.reported(hits, &threshold); len(got) != row.want {
			t.Errorf("%s: want %d hits, got %v", row.name, row.want, got)
		}
	}
}

func TestIndexesOfDefaults(t *testing.T) {
	_, client := opened(t, "", Options{})
	made(t, client, "letters")
	upserted(t, client, "letters", numbered(1, map[string]any{"text": "The OLD mill", "code": "not a uuid"}, 1, 2, 3, 4), numbered(2, nil, 1, 2, 3, 4))
	for field, kind := range map[string]qdrant.FieldType{"text": qdrant.FieldType_FieldTypeText, "code": qdrant.FieldType_FieldTypeUuid} {
		if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: field, FieldType: &kind, Wait: waiting}); err != nil {
			t.Fatalf("index of type %s without parameters: %v", kind, err)
		}
	}
	for name, condition := range map[string]*qdrant.Condition{
		"a text index without parameters takes small words":                 qdrant.NewMatchText("text", "mill old"),
		"an index of uuids takes any value where what is listed is no uuid": qdrant.NewMatchExcept("code", "not a uuid"),
	} {
		n, err := client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters", Filter: &qdrant.Filter{Must: []*qdrant.Condition{condition}}})
		if err != nil || n != 1 {
			t.Errorf("%s: want 1 point, got %d, %v", name, n, err)
		}
	}
}
