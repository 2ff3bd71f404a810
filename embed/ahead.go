package embed

import (
	"context"
	"iter"

	"golang.org/x/sync/semaphore"
)

// readAhead is how much text is read before it is asked for.
const (
	readAhead  = 16 << 20 // bytes
	itemsAhead = 1 << 14
)

// ReadAhead begins to read items at once, 16 MiB of text ahead of whoever takes them: while a store is opened, much of what will be put into it is read. stop ends that; it is to be called, also when
// nothing was taken. The items can be taken once.
func ReadAhead(items iter.Seq[Item]) (ahead iter.Seq[Item], stop context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	read := make(chan Item, itemsAhead)
	room := semaphore.NewWeighted(readAhead)
	go func() {
		defer close(read)
		for item := range items {
			if room.Acquire(ctx, weight(item)) != nil {
				return
			}
			select {
			case read <- item:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func(yield func(Item) bool) {
		for item := range read {
			room.Release(weight(item))
			if !yield(item) {
				return
			}
		}
	}, stop
}

// weight is about how many bytes of text an item has, and no more than there is room for.
func weight(item Item) int64 {
	n := len(item.Article.Title)
	for i := range item.Article.Paragraphs {
		n += len(item.Article.Paragraphs[i].Text)
	}
	return int64(min(n, readAhead))
}
