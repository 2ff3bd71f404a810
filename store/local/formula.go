package local

import "github.com/qdrant/go-client/qdrant"

func (q *querying) formula([][]hit, *qdrant.Formula, int) ([]hit, error) {
	return nil, unimplemented("Query with a formula")
}
