// Command openapi asks an akin server by the client that a stock generator makes of openapi.yaml, and fails where an answer is not what the API says.
// Beside this file, tools/check-openapi.sh puts the generated packages.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/go-openapi/runtime"
	httptransport "github.com/go-openapi/runtime/client"

	"openapi/client"
	"openapi/client/article_service"
	"openapi/client/similarity_service"
	"openapi/models"
)

const (
	corpus  = "default"
	article = "varn-tunnel-1"
	hardID  = "新闻/桥#1 50%"
	lines   = "application/x-ndjson"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func check(address string) error {
	config := client.DefaultTransportConfig().WithHost(address)
	transport := httptransport.New(config.Host, config.BasePath, config.Schemes)
	// One line of JSON Lines is JSON.
	transport.Producers[lines], transport.Consumers[lines] = runtime.JSONProducer(), runtime.JSONConsumer()
	akin := client.New(transport, nil)
	for name, ask := range map[string]func(*client.Akin) error{
		"an article": getArticle, "a list": list, "related by id": related, "similar by text": similar, "an error": refused, "an id that is hard to spell": hard,
	} {
		if err := ask(akin); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func getArticle(akin *client.Akin) error {
	got, err := akin.ArticleService.GetArticle(article_service.NewGetArticleParams().WithCorpus(corpus).WithID(article))
	if err != nil {
		return err
	}
	if a := got.Payload.Article; a.ID != article || len(a.Paragraphs) == 0 {
		return fmt.Errorf("got %+v", a)
	}
	return nil
}

func list(akin *client.Akin) error {
	size := int32(7)
	got, err := akin.ArticleService.ListArticles(article_service.NewListArticlesParams().WithCorpus(corpus).WithPageSize(&size).WithFilterLanguages([]string{"zh", "en"}))
	if err != nil {
		return err
	}
	if len(got.Payload.Articles) != 7 || got.Payload.NextPageToken == "" {
		return fmt.Errorf("got %d articles, and the token %q", len(got.Payload.Articles), got.Payload.NextPageToken)
	}
	return nil
}

func related(akin *client.Akin) error {
	size, band := int32(2), string(models.V1BandBANDSAMETOPIC)
	got, err := akin.SimilarityService.RelatedToArticle(similarity_service.NewRelatedToArticleParams().
		WithCorpus(corpus).WithID(article).WithPageSize(&size).WithMinBand(&band))
	if err != nil {
		return err
	}
	if m := got.Payload.Matches; len(m) != 2 || m[0].Article.ID != "varn-tunnel-2" || m[0].Band != models.V1BandBANDSAMESTORY {
		return fmt.Errorf("got %+v", m)
	}
	return nil
}

func similar(akin *client.Akin) error {
	got, err := akin.SimilarityService.SimilarStatements(similarity_service.NewSimilarStatementsParams().WithCorpus(corpus).
		WithBody(&models.SimilarityServiceSimilarStatementsBody{PageSize: 1, Seeds: []*models.V1Seed{{Text: "一座桥造得再好，也要有人天天去看它、去听它。"}}}))
	if err != nil {
		return err
	}
	if m := got.Payload.Matches; len(m) != 1 || m[0].Statement.Speaker != "梁柏舟" {
		return fmt.Errorf("got %+v", m)
	}
	return nil
}

func refused(akin *client.Akin) error {
	_, err := akin.ArticleService.GetArticle(article_service.NewGetArticleParams().WithCorpus(corpus).WithID("nobody"))
	var told *article_service.GetArticleDefault
	if !errors.As(err, &told) || !told.IsCode(http.StatusNotFound) || len(told.Payload.Details) == 0 {
		return fmt.Errorf("got %v", err)
	}
	return nil
}

func hard(akin *client.Akin) error {
	put, err := akin.ArticleService.PutArticles(article_service.NewPutArticlesParams().WithCorpus(corpus).
		WithArticle(&models.V1Article{ID: hardID, Paragraphs: []*models.V1Paragraph{{Text: "The bridge is safe."}}}))
	if err != nil {
		return err
	}
	if p := put.Payload; p.ID != hardID || p.Outcome != models.V1OutcomeOUTCOMEWRITTEN {
		return fmt.Errorf("put %+v", p)
	}
	got, err := akin.ArticleService.GetArticle(article_service.NewGetArticleParams().WithCorpus(corpus).WithID(hardID))
	if err != nil {
		return err
	}
	if got.Payload.Article.ID != hardID {
		return fmt.Errorf("got %+v", got.Payload.Article)
	}
	deleted, err := akin.ArticleService.DeleteArticles(article_service.NewDeleteArticlesParams().WithCorpus(corpus).WithIds([]string{hardID, "nobody"}))
	if err != nil {
		return err
	}
	if p := deleted.Payload; len(p.DeletedIds) != 1 || len(p.MissingIds) != 1 {
		return fmt.Errorf("got %+v", p)
	}
	return nil
}
