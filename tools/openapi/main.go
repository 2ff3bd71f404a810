// Command openapi asks an akin server by the client that a stock generator makes of openapi.yaml, and fails where an answer is not what the API says.
// Beside this file, tools/check-openapi.sh puts the generated packages.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"openapi/client"
	"openapi/client/article_service"
	"openapi/client/similarity_service"
	"openapi/models"
)

const (
	corpus  = "default"
	article = "varn-tunnel-1"
	hardID  = "新闻/桥#1 50%"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func check(address string) error {
	akin := client.NewHTTPClientWithConfig(nil, client.DefaultTransportConfig().WithHost(address))
	for name, ask := range map[string]func(*client.Akin, string) error{
		"an article": getArticle, "a list": list, "related by id": related, "similar by text": similar, "an error": refused, "an id that is hard to spell": hard,
	} {
		if err := ask(akin, address); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func getArticle(akin *client.Akin, _ string) error {
	got, err := akin.ArticleService.ArticleServiceGetArticle(article_service.NewArticleServiceGetArticleParams().WithCorpus(corpus).WithID(article))
	if err != nil {
		return err
	}
	if a := got.Payload.Article; a.ID != article || len(a.Paragraphs) == 0 {
		return fmt.Errorf("got %+v", a)
	}
	return nil
}

func list(akin *client.Akin, _ string) error {
	size := int32(7)
	got, err := akin.ArticleService.ArticleServiceListArticles(article_service.NewArticleServiceListArticlesParams().WithCorpus(corpus).WithPageSize(&size).WithFilterLanguages([]string{"zh", "en"}))
	if err != nil {
		return err
	}
	if len(got.Payload.Articles) != 7 || got.Payload.NextPageToken == "" {
		return fmt.Errorf("got %d articles, and the token %q", len(got.Payload.Articles), got.Payload.NextPageToken)
	}
	return nil
}

func related(akin *client.Akin, _ string) error {
	size, band := int32(2), string(models.V1BandBANDSAMETOPIC)
	got, err := akin.SimilarityService.SimilarityServiceRelatedArticles3(similarity_service.NewSimilarityServiceRelatedArticles3Params().
		WithCorpus(corpus).WithID(article).WithPageSize(&size).WithMinBand(&band))
	if err != nil {
		return err
	}
	if m := got.Payload.Matches; len(m) != 2 || m[0].Article.ID != "varn-tunnel-2" || m[0].Band != models.V1BandBANDSAMESTORY {
		return fmt.Errorf("got %+v", m)
	}
	return nil
}

func similar(akin *client.Akin, _ string) error {
	got, err := akin.SimilarityService.SimilarityServiceSimilarStatements(similarity_service.NewSimilarityServiceSimilarStatementsParams().WithCorpus(corpus).
		WithBody(&models.SimilarityServiceSimilarStatementsBody{PageSize: 1, Seeds: []*models.V1Seed{{Text: "一座桥造得再好，也要有人天天去看它、去听它。"}}}))
	if err != nil {
		return err
	}
	if m := got.Payload.Matches; len(m) != 1 || m[0].Statement.Speaker != "梁柏舟" {
		return fmt.Errorf("got %+v", m)
	}
	return nil
}

func refused(akin *client.Akin, _ string) error {
	_, err := akin.ArticleService.ArticleServiceGetArticle(article_service.NewArticleServiceGetArticleParams().WithCorpus(corpus).WithID("nobody"))
	var told *article_service.ArticleServiceGetArticleDefault
	if !errors.As(err, &told) || !told.IsCode(http.StatusNotFound) || len(told.Payload.Details) == 0 {
		return fmt.Errorf("got %v", err)
	}
	return nil
}

func hard(akin *client.Akin, address string) error {
	line := fmt.Sprintf(`{"id":%q,"paragraphs":[{"text":"The bridge is safe."}]}`, hardID)
	answer, err := http.Post("http://"+address+"/v1/corpora/"+corpus+"/articles", "application/x-ndjson", strings.NewReader(line))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := akin.ArticleService.ArticleServiceGetArticle(article_service.NewArticleServiceGetArticleParams().WithCorpus(corpus).WithID(hardID))
	if err != nil {
		return err
	}
	if got.Payload.Article.ID != hardID {
		return fmt.Errorf("got %+v", got.Payload.Article)
	}
	deleted, err := akin.ArticleService.ArticleServiceDeleteArticles(article_service.NewArticleServiceDeleteArticlesParams().WithCorpus(corpus).WithIds([]string{hardID, "nobody"}))
	if err != nil {
		return err
	}
	if p := deleted.Payload; len(p.DeletedIds) != 1 || len(p.MissingIds) != 1 {
		return fmt.Errorf("got %+v", p)
	}
	return nil
}
