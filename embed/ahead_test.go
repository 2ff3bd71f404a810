package embed_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed"
)

// itemsOf yields so many items of a size, and counts them; left says that it has ended.
func itemsOf(n, bytes int, read *atomic.Int64, left chan struct{}) func(func(embed.Item) bool) {
	text := strings.Repeat("a", bytes)
	return func(yield func(embed.Item) bool) {
		defer close(left)
		for i := range n {
			item := embed.Item{Article: akin.Article{ID: fmt.Sprint(i), Paragraphs: []akin.Paragraph{{Text: text}}}}
			if read.Add(1); !yield(item) {
				return
			}
		}
	}
}

func TestReadAheadIsInOrder(t *testing.T) {
	var read atomic.Int64
	items, stop := embed.ReadAhead(itemsOf(50_000, 3, &read, make(chan struct{})))
	defer stop()
	for i, item := range slices.Collect(items) {
		if item.Article.ID != fmt.Sprint(i) {
			t.Fatalf("item %d is %s", i, item.Article.ID)
		}
	}
	if n := read.Load(); n != 50_000 {
		t.Errorf("%d items were read", n)
	}
}

// TestReadAheadHasABound holds that no more is read than there is room for, and that it ends when nobody takes anything.
func TestReadAheadHasABound(t *testing.T) {
	var read atomic.Int64
	left := make(chan struct{})
	_, stop := embed.ReadAhead(itemsOf(1000, 1<<20, &read, left))
	for deadline := time.Now().Add(10 * time.Second); read.Load() < 17 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond)
	if n := read.Load(); n != 17 { // the last one waits for room
		t.Errorf("%d items of 1 MiB were read ahead, want 16 and one more", n)
	}
	stop()
	<-left
}

func TestReadAheadTakesWhatIsLargerThanItsRoom(t *testing.T) {
	var read atomic.Int64
	items, stop := embed.ReadAhead(itemsOf(3, 20<<20, &read, make(chan struct{})))
	defer stop()
	if got := len(slices.Collect(items)); got != 3 {
		t.Errorf("%d items, want 3", got)
	}
}
