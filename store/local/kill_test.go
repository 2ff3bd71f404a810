package local

//lint:file-ignore SA1019 1.16 answers in the deprecated fields

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/qdrant/go-client/qdrant"
)

// writerFolder tells a run of the test binary to write into a folder until it is killed.
const writerFolder = "LOCAL_TEST_WRITER_FOLDER"

const (
	writers  = 4
	together = 5 // points that one call writes
)

// pointOf names the i-th of the points that belong to a writer.
func pointOf(writer, i int) *qdrant.PointId { return qdrant.NewIDNum(uint64(writer*100 + i)) }

// deletes tells whether the n-th call of a writer deletes its points. The others write all of them with the number n.
func deletes(n int) bool { return n%4 == 3 }

func call(ctx context.Context, client *qdrant.Client, writer, n int) error {
	wait := qdrant.PtrOf(true)
	if deletes(n) {
		ids := make([]*qdrant.PointId, together)
		for i := range ids {
			ids[i] = pointOf(writer, i)
		}
		_, err := client.Delete(ctx, &qdrant.DeletePoints{CollectionName: "written", Wait: wait, Points: qdrant.NewPointsSelectorIDs(ids)})
		return err
	}
	points := make([]*qdrant.PointStruct, together)
	for i := range points {
		points[i] = &qdrant.PointStruct{
			Id: pointOf(writer, i), Vectors: qdrant.NewVectors(float32(n), 0, 0, float32(i)), Payload: qdrant.NewValueMap(map[string]any{"n": n}),
		}
	}
	_, err := client.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: "written", Wait: wait, Points: points})
	return err
}

// runWriter is the other process of TestKill: it prints "writer n" when the n-th call of a writer is acknowledged.
func runWriter(dir string) {
	db, err := Open(dir, quiet)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	client, err := db.Client()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var print sync.Mutex
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := nextCall(client, w); ; n++ {
				if err := call(context.Background(), client, w, n); err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
				print.Lock()
				fmt.Println(w, n)
				print.Unlock()
			}
		})
	}
	all.Wait()
}

// nextCall goes on behind what the folder holds, so that numbers only grow.
func nextCall(client *qdrant.Client, writer int) int {
	n, _, err := state(context.Background(), client, writer)
	if err != nil || n < 0 {
		return 0
	}
	return n + 1
}

// state returns the number that the points of a writer have, or −1 if there are none, and whether all of them agree.
func state(ctx context.Context, client *qdrant.Client, writer int) (n int, whole bool, err error) {
	ids := make([]*qdrant.PointId, together)
	for i := range ids {
		ids[i] = pointOf(writer, i)
	}
	got, err := client.Get(ctx, &qdrant.GetPoints{CollectionName: "written", Ids: ids, WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true)})
	if err != nil || len(got) == 0 {
		return -1, true, err
	}
	n = int(got[0].GetPayload()["n"].GetIntegerValue())
	whole = len(got) == together
	for i, p := range got {
		data := p.GetVectors().GetVector().GetData()
		whole = whole && p.GetPayload()["n"].GetIntegerValue() == int64(n) && len(data) == 4 && data[0] == float32(n) && data[3] == float32(i)
	}
	return n, whole, nil
}

// TestKill kills a process with SIGKILL while four writers write, and looks for what was acknowledged: nothing is lost,
// nothing is half there, and nothing that was deleted is back.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	db, client := opened(t, dir, quiet)
	made(t, client, "written")
	closeStore(t, db, client)
	for round := range 6 {
		acknowledged := killed(t, dir, 20+rand.IntN(200))
		db, client := opened(t, dir, quiet)
		for w, last := range acknowledged {
			if last < 0 {
				continue // nothing was acknowledged to this one
			}
			n, whole, err := state(t.Context(), client, w)
			switch {
			case err != nil:
				t.Fatal(err)
			case !whole:
				t.Errorf("round %d: writer %d: call %d is half there", round, w, n)
			case n < 0 && !deletes(last) && !deletes(last+1):
				t.Errorf("round %d: writer %d: call %d was acknowledged, and its points are gone", round, w, last)
			case n >= 0 && n != last && n != last+1:
				t.Errorf("round %d: writer %d: call %d was acknowledged, and the points are of call %d", round, w, last, n)
			}
		}
		closeStore(t, db, client)
	}
}

// killed runs the writers on a folder, kills them after so many acknowledgements, and returns the last of each.
func killed(t *testing.T, dir string, after int) (last [writers]int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerFolder+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for w := range last {
		last[w] = -1
	}
	lines := bufio.NewScanner(out)
	seen := 0
	for ; lines.Scan(); seen++ {
		var w, n int
		if _, err := fmt.Sscan(lines.Text(), &w, &n); err != nil {
			t.Fatalf("the writer says: %s", lines.Text())
		}
		last[w] = n
		if seen == after {
			if _, err := Open(dir, quiet); !errors.Is(err, ErrLocked) {
				t.Errorf("want ErrLocked of the folder of another process, got %v", err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || seen < after {
		t.Fatalf("the writer ended by itself after %d calls: %v", seen, err)
	}
	return last
}
