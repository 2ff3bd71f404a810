package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
)

// IDs lists articles of a corpus, at most so many. An error is the server's.
func IDs(ctx context.Context, conn grpc.ClientConnInterface, corpus string, most int) ([]string, error) {
	client := akinv1.NewArticleServiceClient(conn)
	request := &akinv1.ListArticlesRequest{Corpus: corpus, PageSize: 100}
	var ids []string
	for len(ids) < most {
		page, err := client.ListArticles(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, a := range page.GetArticles() {
			ids = append(ids, a.GetId())
		}
		request.PageToken = page.GetNextPageToken()
		if request.PageToken == "" {
			break
		}
	}
	return ids[:min(len(ids), most)], nil
}

// GRPC asks what is related to an article over gRPC.
func GRPC(conn grpc.ClientConnInterface, corpus string, size int) Ask {
	client := akinv1.NewSimilarityServiceClient(conn)
	return func(ctx context.Context, id string) string {
		answer, err := client.RelatedArticles(ctx, &akinv1.RelatedArticlesRequest{
			Corpus: corpus, PageSize: int32(size), EvidenceSize: -1, Seeds: []*akinv1.Seed{{Origin: &akinv1.Seed_Id{Id: id}}},
		})
		if err != nil {
			return status.Code(err).String()
		}
		var matches []match
		for _, m := range answer.GetMatches() {
			matches = append(matches, match{m.GetArticle().GetId(), m.GetScore()})
		}
		return verdict(id, matches, size)
	}
}

// HTTP asks what is related to an article over HTTP, at a base such as http://127.0.0.1:7480, with a key if there is one. The codes are those of HTTP, but for right answers.
func HTTP(base, key, corpus string, size int) (Ask, error) {
	root, err := url.Parse(base)
	if err != nil || root.Scheme != "http" && root.Scheme != "https" || root.Host == "" {
		return nil, fmt.Errorf("%q is not http://HOST:PORT or https://HOST:PORT", base)
	}
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 1024, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true, DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
	}}
	before := strings.TrimSuffix(root.String(), "/") + "/v1/corpora/" + url.PathEscape(corpus) + "/articles/"
	return func(ctx context.Context, id string) string {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s%s/related?page_size=%d&evidence_size=-1", before, url.PathEscape(id), size), nil)
		if err != nil {
			return "BAD_URL"
		}
		if key != "" {
			request.Header.Set("Authorization", "Bearer "+key)
		}
		response, err := client.Do(request)
		if err != nil {
			return unanswered(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
		switch {
		case err != nil:
			return unanswered(err)
		case response.StatusCode != http.StatusOK:
			return fmt.Sprint("HTTP ", response.StatusCode)
		}
		var answer struct {
			Matches []struct {
				Article struct{ ID string }
				Score   float64
			}
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return Wrong
		}
		var matches []match
		for _, m := range answer.Matches {
			matches = append(matches, match{m.Article.ID, m.Score})
		}
		return verdict(id, matches, size)
	}, nil
}

func unanswered(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "TIMEOUT"
	}
	return "NO_CONNECTION"
}

type match struct {
	id    string
	score float64
}

// verdict tells a right answer from what cannot be one: the article itself, one twice, a weaker match before a better one, or more than were asked for.
func verdict(id string, matches []match, size int) string {
	seen := map[string]bool{id: true}
	for i, m := range matches {
		if seen[m.id] || m.id == "" || i > 0 && m.score > matches[i-1].score {
			return Wrong
		}
		seen[m.id] = true
	}
	if len(matches) > size {
		return Wrong
	}
	return OK
}
