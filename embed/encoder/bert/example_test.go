package bert_test

import (
	"context"
	"fmt"
	"log"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder/bert"
)

func ExampleOpen() {
	// The folder of the tests is a small random model; one from Hugging Face is opened in the same way.
	model, err := bert.Open("testdata/mean", bert.Options{QueryPrefix: "query: ", DocumentPrefix: "passage: "})
	if err != nil {
		log.Fatal(err)
	}
	vectors, err := model.Embed(context.Background(), akin.Document, []string{"The mayor opened the bridge.", "新桥今天开放。"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(vectors), "vectors of", model.Dimensions(), "dimensions")
	// Output: 2 vectors of 32 dimensions
}
