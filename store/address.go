package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/akinserver/akin"
)

// PublishedAt is the id of an article that is published at an address; of several, always the same one; "" when there is none.
func (s *Store) PublishedAt(ctx context.Context, corpus, url string) (string, error) {
	at := address(url)
	if at == "" {
		return "", nil
	}
	filter := articleConditions(corpus, akin.Filter{})
	filter.Must = append(filter.Must, qdrant.NewMatchKeyword(fieldAddress, at))
	points, err := s.client.Scroll(ctx, &qdrant.ScrollPoints{
		CollectionName: s.names.articles, Filter: filter, Limit: qdrant.PtrOf(uint32(1)), WithPayload: qdrant.NewWithPayloadInclude(fieldArticle),
	})
	if err != nil {
		return "", fmt.Errorf("store: find what is published at %q: %w", at, meaning(err))
	}
	if len(points) == 0 {
		return "", nil
	}
	return points[0].GetPayload()[fieldArticle].GetStringValue(), nil
}

// tracking are the parameters by which visits are told apart, and pages are not.
var tracking = map[string]bool{
	"fbclid": true, "gclid": true, "dclid": true, "msclkid": true, "yclid": true, "twclid": true, "igshid": true, "mc_cid": true, "mc_eid": true, "_ga": true, "_gl": true, "spm": true,
}

// address is the form in which addresses of pages are compared: without what does not tell one page from another. It is "" for what is no address of a page.
func address(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		host += ":" + port
	}
	query := u.Query()
	for name := range query {
		if lower := strings.ToLower(name); tracking[lower] || strings.HasPrefix(lower, "utm_") {
			query.Del(name)
		}
	}
	// Path is unescaped: what one page escapes another does not.
	out := host + strings.TrimRight(u.Path, "/")
	if len(query) > 0 {
		out += "?" + query.Encode() // in the order of names
	}
	return out
}
