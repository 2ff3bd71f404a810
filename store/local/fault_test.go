//go:build linux && !nommap

package local

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/akinserver/akin/store/local/journal"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// TestAFileThatIsCutWhileItIsOpen cuts the file that all points lie in, as a disk that fails does: every call that needs what
// is gone names the file, and none ends the process.
func TestAFileThatIsCutWhileItIsOpen(t *testing.T) {
	const points, size = 20_000, 128 // enough for codes, and for a search by several goroutines
	dir := t.TempDir()
	db, client := unguarded(t, dir)
	err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "letters",
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"dense": {Size: size, Distance: qdrant.Distance_Dot},
			"lines": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{}},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"terms": {}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	keyword := qdrant.FieldType_FieldTypeKeyword
	if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: "from", FieldType: &keyword, Wait: waiting}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	batch := make([]*qdrant.PointStruct, 1000)
	for first := 0; first < points; first += len(batch) {
		for i := range batch {
			batch[i] = &qdrant.PointStruct{
				Id: qdrant.NewIDNum(uint64(first + i)), Payload: qdrant.NewValueMap(map[string]any{"from": "Ilse", "n": i}),
				Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
					"dense": qdrant.NewVector(randomRow(r, size)...), "lines": qdrant.NewVectorMulti([][]float32{{1, 2}, {3, 4}}),
					"terms": qdrant.NewVectorSparse([]uint32{uint32(i % 7), 9}, []float32{0.5, 0.25}),
				}),
			}
		}
		upserted(t, client, "letters", batch...)
	}
	log := logFile(t, dir)
	if err := os.Truncate(log, 4096); err != nil {
		t.Fatal(err)
	}
	named := func(what string, err error) {
		t.Helper()
		t.Run(what, func(t *testing.T) { wantCode(t, err, codes.DataLoss, dir, filepath.Base(log)) })
	}
	query := func(using string, q *qdrant.Query, exact bool) error {
		_, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "letters", Query: q, Using: &using, Params: &qdrant.SearchParams{Exact: &exact}})
		return err
	}
	named("by codes", query("dense", qdrant.NewQuery(randomRow(r, size)...), false))
	named("exactly", query("dense", qdrant.NewQuery(randomRow(r, size)...), true))
	named("multivectors", query("lines", qdrant.NewQueryMulti([][]float32{{1, 2}}), false))
	named("sparse", query("terms", qdrant.NewQuerySparse([]uint32{3, 9}, []float32{1, 1}), false))
	_, err = client.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: "letters"})
	named("scroll", err)
	_, err = client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters", Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("n", 5)}}})
	named("a filter without an index", err)
	_, err = client.CreateSnapshot(t.Context(), "letters")
	named("a snapshot", err)
	if left, err := filepath.Glob(filepath.Join(dir, "snapshots", "*", ".writing-*")); err != nil || len(left) > 0 {
		t.Errorf("the snapshot left %v, %v", left, err)
	}
	_, err = client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: batch[:1]})
	named("an upsert", err)
	// A write is refused before it can be lost behind the cut.
	batch[0].Id = qdrant.NewIDNum(points)
	_, err = client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: batch[:1]})
	named("an upsert of a new point", err)
	_, err = client.SetPayload(t.Context(), &qdrant.SetPayloadPoints{
		CollectionName: "letters", Wait: waiting, Payload: qdrant.NewValueMap(map[string]any{"x": 1}), PointsSelector: qdrant.NewPointsSelector(qdrant.NewIDNum(7)),
	})
	named("a change of payload", err)
	// What does not lie in the file is still answered.
	if n, err := client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters", Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("from", "Ilse")}}}); err != nil || n != points {
		t.Errorf("by an index: got %d, %v", n, err)
	}
	if err := errors.Join(client.Close(), db.Close()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Close keeps it to itself that the file was cut: %v", err)
	}
}

// cutting is a storage whose file is cut once a change is stored.
type cutting struct {
	storage
	file string
}

func (c *cutting) Commit(batch []journal.Mutation) ([]journal.Location, error) {
	at, err := c.storage.Commit(batch)
	return at, errors.Join(err, os.Truncate(c.file, 4096))
}

// TestAChangeThatCannotBeShown has a change that is stored, and cannot be shown, as it takes out of an index what cannot be
// read: from then on memory and disk do not agree.
func TestAChangeThatCannotBeShown(t *testing.T) {
	dir := t.TempDir()
	db, client := unguarded(t, dir)
	made(t, client, "letters")
	made(t, client, "notes")
	keyword := qdrant.FieldType_FieldTypeKeyword
	if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: "letters", FieldName: "from", FieldType: &keyword, Wait: waiting}); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(100) {
		upserted(t, client, "letters", numbered(i, map[string]any{"from": fmt.Sprint("Ilse ", i)}, 1, 2, 3, 4))
	}
	log := logFile(t, dir)
	replaced(t, db, &cutting{db.storage, log})
	_, err := client.Delete(t.Context(), &qdrant.DeletePoints{CollectionName: "letters", Wait: waiting, Points: qdrant.NewPointsSelector(qdrant.NewIDNum(99))})
	wantCode(t, err, codes.DataLoss, filepath.Base(log))
	_, err = client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters"})
	wantCode(t, err, codes.DataLoss, filepath.Base(log))
	_, err = client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "letters", Query: qdrant.NewQuery(1, 2, 3, 4)})
	wantCode(t, err, codes.DataLoss, filepath.Base(log))
	_, err = client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: []*qdrant.PointStruct{numbered(1, nil, 1, 2, 3, 4)}})
	wantCode(t, err, codes.DataLoss, filepath.Base(log))
	_, err = client.CreateSnapshot(t.Context(), "letters")
	wantCode(t, err, codes.DataLoss, filepath.Base(log))
	if got := info(t, client, "letters"); got.GetStatus() != qdrant.CollectionStatus_Red || got.GetOptimizerStatus().GetOk() {
		t.Errorf("the collection says %v", got)
	}
	if got := scrolled(t, client, "notes"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if err := errors.Join(client.Close(), db.Close()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Close says %v", err)
	}
}

// TestOpenNamesAFileThatCannotBeRead cuts a file when it is mapped and not read yet.
func TestOpenNamesAFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	db, client := unguarded(t, dir)
	made(t, client, "letters")
	text := strings.Repeat("a letter ", 1000)
	for i := range uint64(100) {
		upserted(t, client, "letters", numbered(i, map[string]any{"text": text}, 1, 2, 3, 4))
	}
	closeStore(t, db, client)
	log := logFile(t, dir)
	var once sync.Once
	_, err := Open(dir, Options{Logger: quiet.Logger, Progress: func(Progress) {
		once.Do(func() {
			if err := os.Truncate(log, 4096); err != nil {
				t.Error(err)
			}
		})
	}})
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Base(log)) {
		t.Errorf("want ErrCorrupt that names %s, got %v", log, err)
	}
}

// unguarded opens a store whose Close may fail.
func unguarded(t *testing.T, dir string) (*DB, *qdrant.Client) {
	t.Helper()
	db, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	client, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	return db, client
}
