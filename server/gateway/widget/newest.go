package widget

import (
	"net/http"
	"net/url"
	"slices"
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

// newest lists the newest articles of a corpus, without their texts. The API lists articles in an order of its own, so that of many those since some day
// are asked for.
func newest(api http.Handler, r *http.Request, corpus corpus) ([]*akinv1.Article, error) {
	list, err := since(api, r, corpus, "")
	if err == nil && list.GetTotalSize() > maxPage {
		list, err = narrowed(api, r, corpus, list)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Articles, func(a, b *akinv1.Article) int { return strings.Compare(b.GetPublishedDate(), a.GetPublishedDate()) })
	return list.Articles[:min(wanted, len(list.Articles))], nil
}

// narrowed looks for a day since which there are enough articles, and few enough to be listed at once. Where there is none, it returns those since the last
// day since which there are too many, or all, when too few have a date.
func narrowed(api http.Handler, r *http.Request, corpus corpus, all *akinv1.ListArticlesResponse) (*akinv1.ListArticlesResponse, error) {
	last := time.Now().AddDate(1, 0, 0) // an article may be dated ahead
	tooFew, enough := 0, int(last.Sub(oldest).Hours()/24)
	for enough-tooFew > 1 {
		days := (tooFew + enough) / 2
		list, err := since(api, r, corpus, last.AddDate(0, 0, -days).Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		switch n := list.GetTotalSize(); {
		case n < wanted:
			tooFew = days
		case n <= maxPage:
			return list, nil
		default:
			enough, all = days, list
		}
	}
	return all, nil
}

// since lists articles since a day, or all.
func since(api http.Handler, r *http.Request, corpus corpus, day string) (*akinv1.ListArticlesResponse, error) {
	query := corpus.query()
	query.Set("page_size", strconv.Itoa(maxPage))
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
