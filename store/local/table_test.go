package local

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/akinserver/akin/store/local/journal"
	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// TestTableIsAMap compares a table with a map. Ids are few, so that they come again, and close together, so that those
// that were taken out leave holes in the runs of others.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, plain := newTable(), map[pointID]journal.Location{}
		table.seed = rapid.Uint64().Draw(rt, "seed")
		next := journal.Location(1)
		for range rapid.IntRange(0, 400).Draw(rt, "operations") {
			id := numberID(rapid.Uint64Range(0, 60).Draw(rt, "id"))
			if rapid.Bool().Draw(rt, "uuid") {
				id.uuid = true
			}
			if rapid.IntRange(0, 2).Draw(rt, "what") > 0 {
				_, old, existed := table.set(id, next, nil)
				if want, ok := plain[id]; ok != existed || old != want {
					rt.Fatalf("set %s: want %v, %v, got %v, %v", id, want, ok, old, existed)
				}
				plain[id] = next
				next++
			} else if slot, ok := table.find(id); ok {
				table.drop(slot)
				delete(plain, id)
			}
			if table.size != len(plain) || table.live.GetCardinality() != uint64(len(plain)) {
				rt.Fatalf("want %d, got %d", len(plain), table.size)
			}
		}
		for id, want := range plain {
			slot, ok := table.find(id)
			if !ok || table.points[slot].at != want || table.points[slot].id != id {
				rt.Fatalf("%s is lost", id)
			}
		}
	})
}

// TestDocumentIsAPayload reads the fields of an encoded payload one by one.
func TestDocumentIsAPayload(t *testing.T) {
	payload := qdrant.NewValueMap(map[string]any{"word": "reed", "n": 3, "": "no name", "none": nil, "in": map[string]any{"list": []any{1, "x", nil}}})
	encoded, err := proto.Marshal(&qdrant.Struct{Fields: payload})
	if err != nil {
		t.Fatal(err)
	}
	d := document{encoded: encoded}
	for key, want := range payload {
		if got, ok := d.get(key); !ok || !proto.Equal(want, got) {
			t.Errorf("%q: want %v, got %v, %v", key, want, got, ok)
		}
	}
	if got, ok := d.get("missing"); ok {
		t.Errorf("got %v for a field that is not there", got)
	}
	if diff := cmp.Diff(payload, d.all(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

// FuzzDocument reads fields one by one that are also read at once.
func FuzzDocument(f *testing.F) {
	seed, err := proto.Marshal(&qdrant.Struct{Fields: qdrant.NewValueMap(map[string]any{"a": 1, "b": []any{"x", nil}, "": map[string]any{"c": 2.5}})})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var s qdrant.Struct
		if proto.Unmarshal(encoded, &s) != nil {
			t.Skip()
		}
		d := document{encoded: append([]byte{}, encoded...)}
		for key := range s.GetFields() {
			if _, ok := d.get(key); !ok {
				t.Errorf("%q is not found", key)
			}
		}
	})
}

func folderSize(t *testing.T, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// eager is a storage that always finds it worth its while to compact, once for each time it is told to.
type eager struct {
	*journal.Journal
	steps int
}

func (e *eager) Wants() bool { e.steps--; return e.steps >= 0 }

// TestCompactionMovesWhatIsThere lets every step move some of what is kept, of every kind, and looks for all of it
// before and after the store is opened again.
func TestCompactionMovesWhatIsThere(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		t.Run(fmt.Sprintf("on disk %v", dir != ""), func(t *testing.T) {
			db, client := opened(t, dir, quiet)
			config := &qdrant.CreateCollection{
				CollectionName: "letters",
				VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
					"d": {Size: 2, Distance: qdrant.Distance_Dot}, "m": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{}},
				}),
				SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {Modifier: qdrant.Modifier_Idf.Enum()}}),
			}
			if err := client.CreateCollection(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			if err := client.CreateAlias(t.Context(), "post", "letters"); err != nil {
				t.Fatal(err)
			}
			made(t, client, "gone")
			upserted(t, client, "gone", numbered(1, nil, 1, 2, 3, 4))
			point := func(id int, text string) *qdrant.PointStruct {
				return &qdrant.PointStruct{Id: qdrant.NewIDNum(uint64(id)), Payload: qdrant.NewValueMap(map[string]any{"text": text}), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
					"d": qdrant.NewVector(float32(id), 1), "m": qdrant.NewVectorMulti([][]float32{{1, float32(id)}, {2, 3}}), "s": qdrant.NewVectorSparse([]uint32{1, uint32(id + 2)}, []float32{1, 2}),
				})}
			}
			for i := range 60 {
				upserted(t, client, "letters", point(i, "first"), point(i/2, "second"))
			}
			if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Wait: waiting, Points: qdrant.NewPointsSelectorIDs([]*qdrant.PointId{qdrant.NewIDNum(3), qdrant.NewIDNum(33)})}); err != nil {
				t.Fatal(err)
			}
			if err := client.DeleteCollection(t.Context(), "gone"); err != nil {
				t.Fatal(err)
			}
			before := scrolled(t, client, "post")
			kept := db.storage.(*journal.Journal)
			entries := kept.Stats().Entries
			search := func() []*qdrant.ScoredPoint {
				found, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "post", Query: qdrant.NewQuerySparse([]uint32{1, 7}, []float32{1, 1}), Using: qdrant.PtrOf("s"), WithVectors: qdrant.NewWithVectors(true)})
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			found := search()
			bytes := kept.Stats().Bytes
			replaced(t, db, &eager{kept, 1})
			upserted(t, client, "letters", point(59, "first")) // after the step
			if diff := cmp.Diff(before, scrolled(t, client, "post"), protocmp.Transform()); diff != "" {
				t.Errorf("points differ (-before +after):\n%s", diff)
			}
			if got := kept.Stats(); got.Bytes >= bytes || got.Entries != entries {
				t.Errorf("%d bytes for %d entries became %d for %d", bytes, entries, got.Bytes, got.Entries)
			}
			if diff := cmp.Diff(found, search(), protocmp.Transform(), protocmp.IgnoreFields(&qdrant.ScoredPoint{}, "version")); diff != "" {
				t.Errorf("hits differ (-before +after):\n%s", diff)
			}
			if dir == "" {
				return
			}
			closeStore(t, db, client)
			if report, err := Check(dir); err != nil || report.Collections["letters"] != len(before) || report.Torn != "" {
				t.Errorf("check: %v, %v", report, err)
			}
			_, client = opened(t, dir, quiet)
			if diff := cmp.Diff(before, scrolled(t, client, "post"), protocmp.Transform()); diff != "" {
				t.Errorf("points differ (-before +reopened):\n%s", diff)
			}
			if diff := cmp.Diff(found, search(), protocmp.Transform(), protocmp.IgnoreFields(&qdrant.ScoredPoint{}, "version")); diff != "" {
				t.Errorf("hits differ (-before +reopened):\n%s", diff)
			}
		})
	}
}

// TestDeletedPointsGiveTheirRoomBack writes more than is left alone, deletes it, and waits until it is gone.
func TestDeletedPointsGiveTheirRoomBack(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{CollectionName: "c", VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 16384, Distance: qdrant.Distance_Dot})})
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, 16384)
	for call := range uint64(30) {
		points := make([]*qdrant.PointStruct, 50)
		for i := range points {
			points[i] = numbered(call*50+uint64(i), map[string]any{"n": int(call)}, row...)
		}
		upserted(t, client, "c", points...)
	}
	full := folderSize(t, dir)
	few := &qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewMatchInt("n", 29)}}
	if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "c", Wait: waiting, Points: qdrant.NewPointsSelectorFilter(few)}); err != nil {
		t.Fatal(err)
	}
	// Each job waits for one step at least, so a bounded number of them waits for all.
	for range 100 {
		if err := db.submit(t.Context(), &job{alone: func() ([]mutation, func(), error) { return nil, func() {}, nil }}, true); err != nil {
			t.Fatal(err)
		}
	}
	if left := folderSize(t, dir); left > full/4 {
		t.Errorf("%d bytes of %d are left, of a thirtieth of the points", left, full)
	}
	if n, err := client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"}); err != nil || n != 50 {
		t.Errorf("want 50 points, got %d, %v", n, err)
	}
	if _, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "c", Wait: waiting, Points: qdrant.NewPointsSelectorFilter(&qdrant.Filter{})}); err != nil {
		t.Fatal(err)
	}
}
