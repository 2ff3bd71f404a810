package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fillerFolder tells a run of the test binary to fill a folder until a file may not grow any more.
const fillerFolder = "LOCAL_TEST_FILLER_FOLDER"

func init() {
	otherRuns[fillerFolder] = func(dir string) {
		if err := fill(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

const fullBytes = 1 << 20 // that a file may have in the other process

// TestAFullDisk has another process write until the system refuses, which is as a disk is full: the call that finds no room says
// so and changes nothing, reads go on, and so do writes when there is room. The limit holds for a whole process, so it is not this one.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	other := exec.Command(os.Args[0], "-test.run=^$")
	other.Env = append(os.Environ(), fillerFolder+"="+dir)
	if out, err := other.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := Check(dir); err != nil {
		t.Error(err)
	}
	_, client := opened(t, dir, quiet)
	got := scrolled(t, client, "letters")
	if len(got) < 3 {
		t.Fatalf("%d points", len(got))
	}
	for i, p := range got {
		want := uint64(i)
		if i == len(got)-1 {
			want = 1000 // written when there was room again
		}
		if p.GetId().GetNum() != want {
			t.Errorf("point %d is %v, want %d", i, p.GetId(), want)
		}
	}
}

// fill is what the other process does.
func fill(dir string) error {
	ctx := context.Background()
	db, err := Open(dir, quiet)
	if err != nil {
		return err
	}
	client, err := db.Client()
	if err != nil {
		return err
	}
	if err := client.CreateCollection(ctx, &qdrant.CreateCollection{
		CollectionName: "letters", VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 4, Distance: qdrant.Distance_Dot}),
	}); err != nil {
		return err
	}
	var free unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &free); err != nil {
		return err
	}
	small := free
	small.Cur = fullBytes
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	n, err := fillUp(ctx, client)
	if err != nil {
		return err
	}
	for range 3 { // it stays full
		if err := refused(ctx, db, client, n); err != nil {
			return err
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &free); err != nil {
		return err
	}
	if err := letters(ctx, client, 1000); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return errors.Join(client.Close(), db.Close())
}

var pages = strings.Repeat("a letter ", 10_000)

// letters writes points of one call, each of 90 KB.
func letters(ctx context.Context, client *qdrant.Client, ids ...uint64) error {
	var points []*qdrant.PointStruct
	for _, id := range ids {
		points = append(points, numbered(id, map[string]any{"text": pages}, 1, 2, 3, 4))
	}
	_, err := client.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: "letters", Wait: waiting, Points: points})
	return err
}

// fillUp writes points until there is no room, and returns how many there are.
func fillUp(ctx context.Context, client *qdrant.Client) (uint64, error) {
	for n := uint64(0); n < 100; n++ {
		err := letters(ctx, client, n)
		var answered interface{ GRPCStatus() *status.Status }
		switch {
		case errors.As(err, &answered) && answered.GRPCStatus().Code() == codes.ResourceExhausted:
			return n, nil
		case err != nil:
			return 0, fmt.Errorf("want ResourceExhausted, got %w", err)
		}
	}
	return 0, errors.New("the limit of the system does not hold")
}

// refused tries what there is no room for, and looks whether all is as it was.
func refused(ctx context.Context, db *DB, client *qdrant.Client, n uint64) error {
	for _, ids := range [][]uint64{{n}, {0, n, n + 1}} { // the second would change a point that is there, too
		if err := letters(ctx, client, ids...); err == nil || !strings.Contains(err.Error(), "no room left on the disk of "+db.dir) {
			return fmt.Errorf("points %v: got %v", ids, err)
		}
	}
	got, err := client.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "letters", Limit: qdrant.PtrOf(uint32(1000))})
	if err != nil || uint64(len(got)) != n {
		return fmt.Errorf("%d points, want %d: %v", len(got), n, err)
	}
	for i, p := range got {
		if p.GetId().GetNum() != uint64(i) || p.GetPayload()["text"].GetStringValue() != pages {
			return fmt.Errorf("point %d is not what was written", i)
		}
	}
	found, err := client.Query(ctx, &qdrant.QueryPoints{CollectionName: "letters", Query: qdrant.NewQuery(1, 2, 3, 4)})
	if err != nil || len(found) == 0 {
		return fmt.Errorf("nearest: %v, %v", found, err)
	}
	return nil
}
