package embed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
)

// TestWatch changes a folder in every way, and waits each time until the store holds what the folder does.
func TestWatch(t *testing.T) {
	stage, st, embedder := open(t)
	dir := filepath.Join(t.TempDir(), "news")
	write(t, dir, "a.txt", goodPage)
	write(t, dir, "sub/b.txt", goodPage)
	write(t, dir, "lines.jsonl", goodLine+"\n"+otherLine)
	put(t, stage, article("elsewhere", "一段。"))
	ctx, stop := context.WithCancel(t.Context())
	type told struct {
		sum embed.Summary
		err error
	}
	runs, ended := make(chan told, 100), make(chan error, 1)
	go func() {
		ended <- stage.Watch(ctx, []string{dir}, embed.WatchOptions{Every: time.Millisecond, Ran: func(sum embed.Summary, err error) { runs <- told{sum, err} }})
	}()
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name   string
		change func()
		want   string
		err    error
	}{
		{"at first", func() {}, "a elsewhere j1 j2 sub/b", nil},
		{"a file is renamed", func() { rename("a.txt", "c.txt") }, "c elsewhere j1 j2 sub/b", nil},
		{"a file is deleted", func() { remove(t, dir, "sub/b.txt") }, "c elsewhere j1 j2", nil},
		{"a file of lines is edited", func() { write(t, dir, "lines.jsonl", strings.Replace(otherLine, "j2", "j3", 1)) }, "c elsewhere j3", nil},
		{"a folder comes", func() { write(t, dir, "new/d.txt", goodPage) }, "c elsewhere j3 new/d", nil},
		{"the folder is away", func() { rename(".", "../away") }, "c elsewhere j3 new/d", embed.ErrNothingRead},
		{"it is back as it was", func() { rename("../away", "../news") }, "c elsewhere j3 new/d", nil},
		{"it is away once more", func() { rename(".", "../away") }, "c elsewhere j3 new/d", embed.ErrNothingRead},
		{"it is back with less in it", func() {
			rename("../away/lines.jsonl", "../lines.jsonl")
			rename("../away", "../news")
		}, "c elsewhere new/d", nil},
	} {
		step.change()
		var err error
		for got := ""; got != step.want || !errors.Is(err, step.err); {
			select {
			case r := <-runs:
				if err = r.err; err != nil && step.err == nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				got = ids(t, st)
			case <-t.Context().Done():
				t.Fatalf("%s: the store holds %s, want %s", step.name, got, step.want)
			}
		}
	}
	// An embedder that is away is asked again, until it answers.
	embedder.fail = func(string) error { return akin.ErrUnavailable }
	write(t, dir, "e.txt", strings.Replace(goodPage, "三年", "七年", 1))
	for r := range runs {
		if errors.Is(r.err, akin.ErrUnavailable) {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("when it is told to end: %v", err)
	}
}
