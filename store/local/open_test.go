package local

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/akinserver/akin/store/local/journal"
	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
)

// otherRuns are what runs of the test binary do that tests start as other processes, by the variable of the environment that holds
// the folder to do it in.
var otherRuns = map[string]func(dir string){writerFolder: runWriter}

func TestMain(m *testing.M) {
	for variable, run := range otherRuns {
		if dir := os.Getenv(variable); dir != "" {
			run(dir)
			return
		}
	}
	goleak.VerifyTestMain(m)
}

var quiet = Options{Logger: slog.New(slog.DiscardHandler)}

// opened opens a store with a client for one test. With dir "" it is in memory.
func opened(t testing.TB, dir string, options Options) (*DB, *qdrant.Client) {
	t.Helper()
	if options.Logger == nil {
		options.Logger = quiet.Logger
	}
	db, err := Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	client, err := db.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(client.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return db, client
}

func closeStore(t *testing.T, db *DB, client *qdrant.Client) {
	t.Helper()
	if err := errors.Join(client.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// made creates a collection of four-dimensional vectors without a name.
func made(t testing.TB, client *qdrant.Client, name string) {
	t.Helper()
	err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: name, VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 4, Distance: qdrant.Distance_Dot}),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func upserted(t testing.TB, client *qdrant.Client, name string, points ...*qdrant.PointStruct) {
	t.Helper()
	if _, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: name, Wait: qdrant.PtrOf(true), Points: points}); err != nil {
		t.Fatal(err)
	}
}

func numbered(id uint64, payload map[string]any, vector ...float32) *qdrant.PointStruct {
	return &qdrant.PointStruct{Id: qdrant.NewIDNum(id), Vectors: qdrant.NewVectors(vector...), Payload: qdrant.NewValueMap(payload)}
}

// scrolled returns all points of a collection with all that they have.
func scrolled(t testing.TB, client *qdrant.Client, name string) []*qdrant.RetrievedPoint {
	t.Helper()
	all, err := client.Scroll(t.Context(), &qdrant.ScrollPoints{
		CollectionName: name, Limit: qdrant.PtrOf(uint32(1 << 20)), WithVectors: qdrant.NewWithVectors(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantCode(t *testing.T, err error, want codes.Code, texts ...string) {
	t.Helper()
	var wrapped interface{ Unwrap() error }
	for status.Code(err) == codes.Unknown && errors.As(err, &wrapped) {
		err = wrapped.Unwrap()
	}
	if status.Code(err) != want {
		t.Fatalf("want %s, got %v", want, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("want %q in the error, got %v", text, err)
		}
	}
}

func TestOpenRefusesAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	_, err := Open(dir, quiet)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("want ErrLocked that names %s, got %v", dir, err)
	}
	closeStore(t, db, client)
	opened(t, dir, quiet) // free again
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, quiet); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a file: got %v", err)
	}
	if _, err := Open(filepath.Join(file, "data"), quiet); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a folder under a file: got %v", err)
	}
}

func TestOpenRefusesAFolderThatIsNotWritable(t *testing.T) {
	parent, err := os.MkdirTemp("", "akin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	dir := filepath.Join(parent, "data")
	if err := errors.Join(os.Chmod(parent, 0o755), os.Mkdir(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	if !asNobody(func() { _, err = Open(dir, quiet) }) {
		t.Skip("root may write everywhere")
	}
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "not writable") {
		t.Errorf("got %v", err)
	}
}

// tampered writes something into the journal of a store that is closed.
func tampered(t *testing.T, dir string, batch ...journal.Mutation) {
	t.Helper()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = j.Replay(func(journal.Entry) error { return nil })
	if err == nil {
		_, err = j.Commit(batch)
	}
	if err := errors.Join(err, j.Close()); err != nil {
		t.Fatal(err)
	}
}

// logFile is the last file of the journal in a folder.
func logFile(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(found) == 0 {
		t.Fatal("no file of a journal", err)
	}
	return found[len(found)-1]
}

func TestOpenRefusesANewerFormat(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	closeStore(t, db, client)
	tampered(t, dir, journal.Mutation{Kind: journal.Put, Bucket: catalogBucket, Key: []byte(formatKey), Value: []byte{formatVersion + 1}})
	_, opening := Open(dir, quiet)
	_, checking := Check(dir)
	for _, err := range []error{opening, checking} {
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), dir) {
			t.Errorf("want ErrFormat that names %s, got %v", dir, err)
		}
	}
}

func TestOpenRefusesWhatWasWrittenBeforeTheFirstRelease(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, oldFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, quiet); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), oldFile) {
		t.Errorf("want an error that names %s in %s, got %v", oldFile, dir, err)
	}
}

// TestOpenNamesADamagedPoint has points whose bytes are as they were written, but are no points of their collection.
func TestOpenNamesADamagedPoint(t *testing.T) {
	good, err := encodeRecord(&record{vectors: map[string]vector{"": newDense([]float32{1, 2, 3, 4})}})
	if err != nil {
		t.Fatal(err)
	}
	shorter, err := encodeRecord(&record{vectors: map[string]vector{"": newDense([]float32{1, 2, 3})}})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string][]byte{"cut off": good[:len(good)-8], "a shorter vector": shorter, "nothing": {}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db, client := opened(t, dir, quiet)
			made(t, client, "letters")
			closeStore(t, db, client)
			tampered(t, dir, journal.Mutation{Kind: journal.Put, Bucket: 1, Key: numberID(7).key(), Value: value})
			_, opening := Open(dir, quiet)
			_, checking := Check(dir)
			for _, err := range []error{opening, checking} {
				if !errors.Is(err, ErrCorrupt) {
					t.Fatalf("want ErrCorrupt, got %v", err)
				}
				for _, name := range []string{dir, "letters", "point 7"} {
					if !strings.Contains(err.Error(), name) {
						t.Errorf("want %q in the error, got %v", name, err)
					}
				}
			}
		})
	}
}

func TestOpenRefusesPointsWithoutACollection(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	closeStore(t, db, client)
	good, err := encodeRecord(&record{})
	if err != nil {
		t.Fatal(err)
	}
	tampered(t, dir, journal.Mutation{Kind: journal.Put, Bucket: 9, Key: numberID(7).key(), Value: good})
	if _, err := Open(dir, quiet); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "number 9") {
		t.Errorf("want ErrCorrupt that names the number 9, got %v", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	made(t, client, "letters")
	upserted(t, client, "letters", numbered(7, nil, 1, 2, 3, 4), numbered(8, nil, 1, 2, 3, 4))
	if err := client.CreateAlias(t.Context(), "post", "letters"); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("want ErrLocked of an open store, got %v", err)
	}
	closeStore(t, db, client)
	got, err := Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&Report{Collections: map[string]int{"letters": 2}, Aliases: map[string]string{"post": "letters"}, Bytes: got.Bytes}); !cmp.Equal(want, got) || got.Bytes == 0 {
		t.Errorf("want %v, got %v", want, got)
	}
	if _, err := Check(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of a folder without a store: got %v", err)
	}
}

func TestOpenNamesADamagedCollection(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	made(t, client, "letters")
	closeStore(t, db, client)
	tampered(t, dir, journal.Mutation{Kind: journal.Put, Bucket: catalogBucket, Key: []byte(collectionPrefix + "letters"), Value: []byte{1, 0xff}})
	_, err := Open(dir, quiet)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "letters") {
		t.Errorf("want ErrCorrupt that names the collection, got %v", err)
	}
}

func TestOpenSurvivesAnyFile(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	made(t, client, "letters")
	for i := range uint64(200) {
		upserted(t, client, "letters", numbered(i, map[string]any{"text": strings.Repeat("word ", 100)}, 1, 2, 3, 4))
	}
	closeStore(t, db, client)
	path := logFile(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := min(8192, len(whole)/4)
	for name, content := range map[string][]byte{
		"shorter than its header": whole[:20],
		"of other words":          []byte(strings.Repeat("not a store ", 4096)),
		"with a bit flipped":      slices.Concat(whole[:len(whole)/2], []byte{whole[len(whole)/2] ^ 1}, whole[len(whole)/2+1:]),
		"with pages zeroed":       slices.Concat(whole[:page], make([]byte, page), whole[2*page:]),
		"with pages shuffled":     slices.Concat(whole[:page], whole[len(whole)/2:], whole[page:len(whole)/2]),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, checking := Check(dir)
			db, opening := Open(dir, quiet)
			if opening == nil {
				_ = db.Close()
			}
			for _, err := range []error{opening, checking} {
				if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Base(path)) || !strings.Contains(err.Error(), dir) {
					t.Errorf("want ErrCorrupt that names %s, got %v", path, err)
				}
			}
		})
	}
}

func TestReopenBringsEverythingBack(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	err := client.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: "Lettres d’hiver",
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"words": {Size: 2, Distance: qdrant.Distance_Euclid},
			"lines": {Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{}},
			"half":  {Size: 2, Distance: qdrant.Distance_Manhattan, Datatype: qdrant.Datatype_Float16.Enum()},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"terms": {Modifier: qdrant.Modifier_Idf.Enum()}}),
		Metadata:            qdrant.NewValueMap(map[string]any{"model": "reed-2", "dimensions": 2}),
	})
	if err != nil {
		t.Fatal(err)
	}
	name := "Lettres d’hiver"
	if err := client.CreateAlias(t.Context(), "winter", name); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"from", "n"} {
		kind := map[string]qdrant.FieldType{"from": qdrant.FieldType_FieldTypeKeyword, "n": qdrant.FieldType_FieldTypeInteger}[field]
		if _, err := client.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: name, FieldName: field, FieldType: &kind, Wait: qdrant.PtrOf(true)}); err != nil {
			t.Fatal(err)
		}
	}
	upserted(t, client, name,
		&qdrant.PointStruct{
			Id: qdrant.NewIDUUID("6f1b2c3d-0000-4000-8000-000000000001"), Payload: qdrant.NewValueMap(map[string]any{"from": "Ilse", "n": 3, "x": 2.0, "none": nil, "list": []any{1, "two", nil}}),
			Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
				"words": qdrant.NewVector(1, 2), "lines": qdrant.NewVectorMulti([][]float32{{1, 2}, {3, 4}, {5, 6}}),
				"half": qdrant.NewVector(0.1, 0.2), "terms": qdrant.NewVectorSparse([]uint32{9, 3}, []float32{0.5, 0.25}),
			}),
		},
		&qdrant.PointStruct{Id: qdrant.NewIDNum(5), Vectors: qdrant.NewVectorsMap(nil)},
	)
	before, infoBefore := scrolled(t, client, "winter"), info(t, client, name)
	closeStore(t, db, client)
	_, client = opened(t, dir, quiet)
	if diff := cmp.Diff(before, scrolled(t, client, "winter"), protocmp.Transform()); diff != "" {
		t.Errorf("points differ (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(infoBefore, info(t, client, name), protocmp.Transform()); diff != "" {
		t.Errorf("the collection differs (-before +after):\n%s", diff)
	}
	found, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: name, Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("from", "Ilse")}}})
	if err != nil || len(found) != 1 {
		t.Errorf("by an index: got %v, %v", found, err)
	}
}

func info(t *testing.T, client *qdrant.Client, name string) *qdrant.CollectionInfo {
	t.Helper()
	found, err := client.GetCollectionInfo(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// fullStorage has no room once it is told so.
type fullStorage struct {
	storage
	err error
}

func (f *fullStorage) Commit(batch []journal.Mutation) ([]journal.Location, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.storage.Commit(batch)
}

// replaced gives a store another storage, through a job: the committer uses it all the time.
func replaced(t *testing.T, db *DB, by storage) {
	t.Helper()
	err := db.submit(t.Context(), &job{alone: func() ([]mutation, func(), error) {
		db.storage = by
		return nil, func() {}, nil
	}}, true)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskStopsWritesAlone(t *testing.T) {
	db, client := opened(t, t.TempDir(), quiet)
	made(t, client, "letters")
	upserted(t, client, "letters", numbered(1, nil, 1, 2, 3, 4))
	full := &fullStorage{storage: db.storage, err: &os.PathError{Op: "write", Path: "00000001.log", Err: syscall.ENOSPC}}
	replaced(t, db, full)
	_, err := client.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "letters", Wait: qdrant.PtrOf(true), Points: []*qdrant.PointStruct{numbered(2, nil, 1, 2, 3, 4)}})
	wantCode(t, err, codes.ResourceExhausted, db.dir)
	wantCode(t, client.CreateCollection(t.Context(), &qdrant.CreateCollection{CollectionName: "more"}), codes.ResourceExhausted)
	if got := scrolled(t, client, "letters"); len(got) != 1 {
		t.Errorf("want the one point that was stored, got %v", got)
	}
	if names, err := client.ListCollections(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("want the one collection that was stored, got %v, %v", names, err)
	}
	full.err = errors.New("the cable is out")
	wantCode(t, client.DeleteCollection(t.Context(), "letters"), codes.Internal, "the cable is out")
	full.err = nil // there is room again
	upserted(t, client, "letters", numbered(2, nil, 1, 2, 3, 4))
	if got := scrolled(t, client, "letters"); len(got) != 2 {
		t.Errorf("want two points, got %v", got)
	}
}

func TestCallsAfterClose(t *testing.T) {
	db, client := opened(t, "", quiet)
	made(t, client, "letters")
	closeStore(t, db, client)
	if _, err := db.Client(); err == nil {
		t.Error("a client was made of a closed store")
	}
	err := db.submit(context.Background(), &job{alone: func() ([]mutation, func(), error) { return nil, func() {}, nil }}, true)
	wantCode(t, err, codes.Unavailable)
	if err := db.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
