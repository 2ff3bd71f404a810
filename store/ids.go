package store

import (
	"strconv"

	"github.com/google/uuid"
	"github.com/qdrant/go-client/qdrant"
)

// namespace sets akin's ids apart from other name-based UUIDs (RFC 9562, version 5).
var namespace = uuid.MustParse("6f1d4c52-7a0e-5b9e-9d3c-2f8f0c1e4a77")

// pointID names a place of an article, so that ingesting the same article again writes the same points.
// The parts are told apart by a byte that no corpus and no id may hold.
func pointID(corpus, article, place string) *qdrant.PointId {
	return qdrant.NewIDUUID(uuid.NewSHA1(namespace, []byte(corpus+"\x00"+article+"\x00"+place)).String())
}

func articleID(corpus, article string) *qdrant.PointId { return pointID(corpus, article, "article") }

// partID counts from 0.
func partID(corpus, article string, n int) *qdrant.PointId {
	return pointID(corpus, article, "part "+strconv.Itoa(n))
}

// statementID counts from 1, as akin.StatementID does.
func statementID(corpus, article string, n int) *qdrant.PointId {
	return pointID(corpus, article, "statement "+strconv.Itoa(n))
}

// corpusID is of the point that holds a corpus' revision. No article has an empty id.
func corpusID(corpus string) *qdrant.PointId { return pointID(corpus, "", "corpus") }
