package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// command runs one of akin within this process, and returns all that it printed.
func command(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &out}); code != want {
		t.Fatalf("akin %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, out.String())
	}
	return out.String()
}

func TestReindexAFolder(t *testing.T) {
	news, dir, s := newsOfFerries(t, 30), t.TempDir(), serveAPI(t)
	data := filepath.Join(dir, "data")
	model := append(s.flags(filepath.Join(dir, "cache")), "--data", data)
	command(t, exitOK, "ingest", news, "--data", data)
	if out := command(t, exitFailed, append([]string{"related", "a1"}, model...)...); !strings.Contains(out, "akin reindex") {
		t.Errorf("another embedder before a reindex: %s\nwant what to do", out)
	}
	out := command(t, exitOK, append([]string{"reindex", "--keep-live"}, model...)...)
	if !strings.Contains(out, "related articles    30 ") || strings.Contains(out, "is live") {
		t.Errorf("with --keep-live:\n%s\nwant a comparison alone", out)
	}
	command(t, exitOK, "related", "a1", "--data", data)
	out = command(t, exitOK, append([]string{"reindex", "--sample", "0"}, model...)...)
	if !strings.Contains(out, "is live") || strings.Contains(out, "OVERLAP") {
		t.Errorf("without a sample:\n%s\nwant a switch alone", out)
	}
	for text, n := range s.sent { // but for those by which the model is known, which are sent at each start
		if n > 1 && strings.Contains(text, "Captain Rood") {
			t.Errorf("%q was sent %d times", text, n)
		}
	}
	if out := command(t, exitFailed, "related", "a1", "--data", data); !strings.Contains(out, "holds vectors of") {
		t.Errorf("the old embedder after a reindex: %s", out)
	}
	command(t, exitOK, append([]string{"related", "--text", "ferry 3"}, model...)...)
	if out := command(t, exitOK, append([]string{"ingest", news}, model...)...); !strings.Contains(out, "0 written, 30 unchanged") {
		t.Errorf("the same articles again: %s\nwant them unchanged", out)
	}
	list := strings.Split(strings.TrimSpace(command(t, exitOK, "generations", "--data", data)), "\n")
	if len(list) != 3 || !strings.Contains(list[1], " live ") || !strings.Contains(list[1], "openai/") || !strings.Contains(list[2], "builtin/") {
		t.Fatalf("generations: %q", list)
	}
	if out := command(t, exitFailed, "generations", "drop", strings.Fields(list[1])[0], "--data", data); !strings.Contains(out, "is the live generation") {
		t.Errorf("drop the live one: %s", out)
	}
	command(t, exitOK, "generations", "drop", strings.Fields(list[2])[0], "--data", data)
	if out := command(t, exitOK, "generations", "--data", data); strings.Contains(out, "builtin") {
		t.Errorf("after it was dropped:\n%s", out)
	}
}

// TestReindexAServer moves a server that answers and takes articles from one embedder to another, with a kill in between.
func TestReindexAServer(t *testing.T) {
	news, dir, s := newsOfFerries(t, 200), t.TempDir(), serveAPI(t)
	data := filepath.Join(dir, "data")
	command(t, exitOK, "ingest", news, "--data", data)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := lis.Addr().String()
	lis.Close()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan int, 1)
	go func() {
		served <- run(ctx, []string{"serve", "--admin", "--data", data, "--listen", address, "--http", ""}, streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
	}()
	defer func() {
		stop()
		if code := <-served; code != exitOK {
			t.Errorf("serve: exit code %d", code)
		}
	}()
	conn, err := grpc.NewClient(address, append(callOptions(), grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	similar, articles := akinv1.NewSimilarityServiceClient(conn), akinv1.NewArticleServiceClient(conn)
	question := &akinv1.RelatedArticlesRequest{Seeds: listFlags{}.seeds("", "ferry 7 is safe"), PageSize: 5}
	if _, err := similar.RelatedArticles(ctx, question); err != nil { // the server is there
		t.Fatal(err)
	}
	if out := command(t, exitFailed, "generations", "--data", data); !strings.Contains(out, "--server") {
		t.Errorf("a folder that a server has: %s\nwant what to do", out)
	}

	asking, done := context.WithCancel(ctx)
	asked := make(chan int, 1)
	go func() {
		n := 0
		for ; asking.Err() == nil; n++ {
			if _, err := similar.RelatedArticles(ctx, question); err != nil {
				t.Errorf("question %d: %v", n, err)
				break
			}
			id := fmt.Sprintf("late%d", n)
			if err := putOne(ctx, articles, id); err != nil {
				t.Errorf("put %s: %v", id, err)
				break
			}
		}
		asked <- n
	}()
	reindex := append([]string{"reindex", "--server", address, "--sample", "5"}, s.flags(filepath.Join(dir, "cache"))...)
	short, cut := context.WithTimeout(ctx, 100*time.Millisecond) // the moment of the kill, not a wait for something
	run(short, reindex, streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
	cut()
	out := ""
	for !strings.Contains(out, "is live") {
		var b bytes.Buffer
		code := run(ctx, reindex, streams{in: strings.NewReader(""), out: &b, err: &b})
		out = b.String()
		if strings.Contains(out, "that of the live generation already") {
			break // the kill came too late
		}
		if code != exitOK && !strings.Contains(out, "under way already") { // the server notices a caller's end a little later
			t.Fatalf("reindex: %s", out)
		}
	}
	done()
	n := <-asked
	if n == 0 {
		t.Error("nobody asked anything meanwhile")
	}
	list, err := articles.ListArticles(ctx, &akinv1.ListArticlesRequest{})
	if err != nil || int(list.GetTotalSize()) != 200+n {
		t.Errorf("the new generation holds %d articles (%v), want the 200 and the %d that came meanwhile", list.GetTotalSize(), err, n)
	}
	if out := command(t, exitOK, "generations", "--server", address); !strings.Contains(strings.Split(out, "\n")[1], "openai/") {
		t.Errorf("generations:\n%s\nwant that of the model first", out)
	}
}

func putOne(ctx context.Context, client akinv1.ArticleServiceClient, id string) error {
	stream, err := client.PutArticles(ctx)
	if err != nil {
		return err
	}
	err = stream.Send(&akinv1.PutArticlesRequest{Article: &akinv1.Article{
		Id: id, Title: "Late news " + id, Paragraphs: []*akinv1.Paragraph{{Text: "The ferry of " + id + " is late."}},
	}})
	if err != nil {
		return err
	}
	answer, err := stream.Recv()
	if err != nil {
		return err
	}
	if answer.GetOutcome() != akinv1.Outcome_OUTCOME_WRITTEN {
		return fmt.Errorf("%v", answer)
	}
	return stream.CloseSend()
}

// TestServerWithoutAdmin: nobody can reindex unless whoever started the server allows it.
func TestServerWithoutAdmin(t *testing.T) {
	dir := t.TempDir()
	b, err := openBackend(t.Context(), storeFlags{Data: filepath.Join(dir, "data"), Prefix: "akin"}, embedderFlags{Embedder: "builtin"}, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(ctx, lis) }()
	if out := command(t, exitFailed, "generations", "--server", lis.Addr().String()); !strings.Contains(out, "was started without --admin") {
		t.Errorf("got %s", out)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := b.close(); err != nil {
		t.Error(err)
	}
}
