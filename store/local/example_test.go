package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/akinserver/akin/store/local"
	"github.com/qdrant/go-client/qdrant"
)

// A store in memory, used through Qdrant's own client. With a folder in the place of "" it is kept.
func Example() {
	ctx := context.Background()
	db, err := local.Open("", local.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	client, err := db.Client()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	if err := client.CreateCollection(ctx, &qdrant.CreateCollection{
		CollectionName: "letters",
		VectorsConfig:  qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 2, Distance: qdrant.Distance_Cosine}),
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Upsert(ctx, &qdrant.UpsertPoints{
		CollectionName: "letters", Wait: qdrant.PtrOf(true),
		Points: []*qdrant.PointStruct{
			{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(1, 0), Payload: qdrant.NewValueMap(map[string]any{"from": "Ilse"})},
			{Id: qdrant.NewIDNum(2), Vectors: qdrant.NewVectors(1, 1), Payload: qdrant.NewValueMap(map[string]any{"from": "Oto"})},
		},
	}); err != nil {
		log.Fatal(err)
	}
	found, err := client.Query(ctx, &qdrant.QueryPoints{
		CollectionName: "letters", Query: qdrant.NewQuery(0, 1), Limit: qdrant.PtrOf(uint64(1)), WithPayload: qdrant.NewWithPayload(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range found {
		fmt.Printf("point %d, from %s: %.2f\n", p.GetId().GetNum(), p.GetPayload()["from"].GetStringValue(), p.GetScore())
	}
	// Output: point 2, from Oto: 0.71
}
