package local

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/testing/protocmp"
)

// manyLetters fills a collection with points of 12 MB, which a restore writes in several commits, and returns a snapshot of it.
func manyLetters(t *testing.T, db *DB, client *qdrant.Client) []byte {
	t.Helper()
	made(t, client, "letters")
	text := strings.Repeat("a letter ", 4000)
	var points []*qdrant.PointStruct
	for i := range uint64(340) {
		points = append(points, numbered(i, map[string]any{"text": text, "n": int(i)}, 1, 2, 3, float32(i)))
	}
	upserted(t, client, "letters", points...)
	one, err := client.CreateSnapshot(t.Context(), "letters")
	if err != nil {
		t.Fatal(err)
	}
	return contentOf(t, db, "letters", one.GetName())
}

// readerFunc is an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// midway reads content, and calls what when two thirds are read.
func midway(content []byte, what func() error) io.Reader {
	r := bytes.NewReader(content)
	called := false
	return readerFunc(func(b []byte) (int, error) {
		if r.Len() < len(content)/3 && !called {
			called = true
			if err := what(); err != nil {
				return 0, err
			}
		}
		return r.Read(b)
	})
}

// TestARestoreThatIsInterrupted has a snapshot that cannot be read to its end, and a process that is killed before the end:
// a copy of its folder is all that is left.
func TestARestoreThatIsInterrupted(t *testing.T) {
	dir, left := t.TempDir(), t.TempDir()
	db, client := opened(t, dir, quiet)
	content := manyLetters(t, db, client)
	upserted(t, client, "letters", numbered(1000, nil, 1, 2, 3, 4))
	before := scrolled(t, client, "letters")
	gone := errors.New("the cable is out")
	written := int64(0)
	err := db.Restore(t.Context(), midway(content, func() error {
		written = db.Stats().DiskBytes
		if err := os.CopyFS(left+"/copy", os.DirFS(dir)); err != nil {
			return err
		}
		return gone
	}))
	if !errors.Is(err, gone) {
		t.Fatalf("got %v", err)
	}
	if written < int64(len(content))+3<<20 {
		t.Fatalf("%d bytes were written when the restore was interrupted: the test proves nothing", written)
	}
	unchanged := func(name string, db *DB, client *qdrant.Client) {
		if diff := cmp.Diff(before, scrolled(t, client, "letters"), protocmp.Transform()); diff != "" {
			t.Errorf("%s: the points differ (-before +after):\n%s", name, diff[:min(len(diff), 1000)])
		}
		live := db.Stats()
		if most := int64(len(content)) * 5 / 4; live.DiskBytes-live.DeadBytes > most || len(live.Collections) != 1 {
			t.Errorf("%s: something of the restore is still there: %+v", name, live)
		}
	}
	unchanged("afterwards", db, client)
	report, err := Check(left + "/copy")
	if err != nil || len(report.Collections) != 1 || report.Collections["letters"] != len(before) {
		t.Errorf("the folder of a process that was killed: %+v, %v", report, err)
	}
	for _, name := range []string{"the folder of a process that was killed", "the same, opened again"} {
		again, there := opened(t, left+"/copy", quiet)
		unchanged(name, again, there)
		if n := len(again.places[catalogBucket]); n != len(db.places[catalogBucket]) {
			t.Errorf("%s: %d entries in the catalog, want %d", name, n, len(db.places[catalogBucket]))
		}
		closeStore(t, again, there)
	}
	if err := db.Restore(t.Context(), bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if got := scrolled(t, client, "letters"); len(got) != len(before)-1 {
		t.Errorf("restored: %d points, want %d", len(got), len(before)-1)
	}
}

// TestCallsGoOnDuringARestore reads and writes while a restore is under way, has it give back room in the midst of it, and
// wants the restored points after a reopen.
func TestCallsGoOnDuringARestore(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	content := manyLetters(t, db, client)
	want := scrolled(t, client, "letters")
	made(t, client, "notes")
	err := db.Restore(t.Context(), midway(content, func() error {
		upserted(t, client, "notes", numbered(1, nil, 1, 2, 3, 4))
		upserted(t, client, "letters", numbered(7, nil, 0, 0, 0, 0))
		if n, err := client.Count(t.Context(), &qdrant.CountPoints{CollectionName: "letters"}); err != nil || n != uint64(len(want)) {
			t.Errorf("got %d, %v", n, err)
		}
		return db.submit(t.Context(), &job{alone: func() ([]mutation, func(), error) {
			return nil, func() {
				db.compacting = true
				for db.compact() {
				}
			}, nil
		}}, true)
	}))
	if err != nil {
		t.Fatal(err)
	}
	check := func(client *qdrant.Client) {
		t.Helper()
		if diff := cmp.Diff(want, scrolled(t, client, "letters"), protocmp.Transform()); diff != "" {
			t.Errorf("the points differ (-want +got):\n%s", diff[:min(len(diff), 1000)])
		}
		if n := len(scrolled(t, client, "notes")); n != 1 {
			t.Errorf("%d notes, want 1", n)
		}
		found, err := client.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "letters", Query: qdrant.NewQuery(0, 0, 0, 1), Limit: qdrant.PtrOf(uint64(1))})
		if err != nil || len(found) != 1 || found[0].GetId().GetNum() != 339 {
			t.Errorf("nearest: %v, %v", found, err)
		}
	}
	check(client)
	closeStore(t, db, client)
	_, client = opened(t, dir, quiet)
	check(client)
}
