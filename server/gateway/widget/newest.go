package widget

import (
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

const (
	wanted  = 20  // articles of a corpus that the demo page lists
	maxPage = 100 // articles that the API lists at once
)

// oldest is a day before which no article is looked for.
var oldest = time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC)

// newest lists the newest articles of a corpus, without their texts. The API lists articles in an order of its own, so the day since which there are just
// enough of them is found by counting.
func newest(api http.Handler, r *http.Request, corpus corpus) ([]*akinv1.Article, error) {
	list, err := since(api, r, corpus, "", maxPage)
	if err != nil {
		return nil, err
	}
	if list.GetTotalSize() > maxPage {
		if list, err = narrowed(api, r, corpus, list); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list.Articles, func(a, b *akinv1.Article) int { return strings.Compare(b.GetPublishedDate(), a.GetPublishedDate()) })
	return list.Articles[:min(wanted, len(list.Articles))], nil
}

// narrowed is the list of articles since the last day since which there are enough; it is all of them when too few have a date.
func narrowed(api http.Handler, r *http.Request, corpus corpus, all *akinv1.ListArticlesResponse) (*akinv1.ListArticlesResponse, error) {
	last := time.Now().AddDate(1, 0, 0) // an article may be dated ahead
	day := func(before int) string { return last.AddDate(0, 0, -before).Format(time.DateOnly) }
	days := int(last.Sub(oldest).Hours() / 24)
	var failed error
	enough := sort.Search(days, func(before int) bool {
		if failed != nil {
			return true
		}
		counted, err := since(api, r, corpus, day(before), 1)
		failed = err
		return counted.GetTotalSize() >= wanted
	})
	if failed != nil || enough == days {
		return all, failed
	}
	return since(api, r, corpus, day(enough), maxPage)
}

func since(api http.Handler, r *http.Request, corpus corpus, day string, size int) (*akinv1.ListArticlesResponse, error) {
	query := corpus.query()
	query.Set("page_size", strconv.Itoa(size))
	if day != "" {
		query.Set("filter.published_from", day)
	}
	var list akinv1.ListArticlesResponse
	_, err := ask(api, r, corpus.path(), query, &list)
	return &list, err
}

// corpus is whose articles the demo page shows, and the key that reads them.
type corpus struct{ name, key string }

func (c corpus) path() string { return "/v1/corpora/" + url.PathEscape(c.name) + "/articles" }

func (c corpus) query() url.Values {
	if c.key == "" {
		return url.Values{}
	}
	return url.Values{"key": {c.key}}
}
