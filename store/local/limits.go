package local

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/qdrant/go-client/qdrant"
)

// This file is what strict mode says of writes.

// checkWrites refuses calls that write too much at once, or make the collection larger than it may be.
func (c *collection) checkWrites(strict *qdrant.StrictModeConfig, req any) error {
	switch r := req.(type) {
	case *qdrant.UpdateBatchPoints:
		for _, o := range r.GetOperations() {
			if err := c.checkWrites(strict, operationOf(o)); err != nil {
				return err
			}
		}
	case *qdrant.CreateFieldIndexCollection:
		if limit := strict.MaxPayloadIndexCount; limit != nil && uint64(len(c.schema)) >= *limit {
			return tooMuch("Please delete an existing index before creating a new one.", "Collection already has the maximum number of payload indices (%d)", *limit)
		}
	case interface{ GetPoints() []*qdrant.PointStruct }:
		return checkPoints(c, strict, r.GetPoints(), "upsert limit")
	case interface{ GetPoints() []*qdrant.PointVectors }:
		return checkPoints(c, strict, r.GetPoints(), "update limit")
	case payloadChange:
		if strict.MaxCollectionPayloadSizeBytes != nil {
			return checkPayloadSize(strict, c.sizes.look(c))
		}
	}
	return nil
}

// payloadChange is a call that may make payloads longer.
type payloadChange interface {
	GetPayload() map[string]*qdrant.Value
	GetPointsSelector() *qdrant.PointsSelector
}

func checkPoints[P interface{ GetVectors() *qdrant.Vectors }](c *collection, strict *qdrant.StrictModeConfig, points []P, limit string) error {
	if err := atMost(uint64(len(points)), strict.UpsertMaxBatchsize, limit); err != nil {
		return err
	}
	if err := c.checkSize(strict); err != nil {
		return err
	}
	for _, p := range points {
		if err := checkVectorLimits(strict, p.GetVectors()); err != nil {
			return err
		}
	}
	return nil
}

func checkVectorLimits(strict *qdrant.StrictModeConfig, in *qdrant.Vectors) error {
	sparse, multi := strict.GetSparseConfig().GetSparseConfig(), strict.GetMultivectorConfig().GetMultivectorConfig()
	if len(sparse) == 0 && len(multi) == 0 {
		return nil
	}
	vectors, err := parseVectors(in)
	if err != nil {
		return nil // the call itself says so
	}
	for _, name := range sortedKeys(vectors) {
		v := vectors[name]
		if limit := multi[name]; limit != nil && limit.MaxVectors != nil && v.multi && uint64(v.rows) > limit.GetMaxVectors() {
			return badRequest("Multivector '%s' has a limit of %d vectors, but %d were provided!", name, limit.GetMaxVectors(), v.rows)
		}
		if limit := sparse[name]; limit != nil && limit.MaxLength != nil && uint64(len(v.indices)) > limit.GetMaxLength() {
			return badRequest("Sparse vector '%s' has a limit of %d indices, but %d were provided!", name, limit.GetMaxLength(), len(v.indices))
		}
	}
	return nil
}

func badRequest(format string, args ...any) error {
	return invalid("Bad request: %s", fmt.Sprintf(format, args...))
}

func (c *collection) checkSize(strict *qdrant.StrictModeConfig) error {
	if !limitsSize(strict) {
		return nil
	}
	now := c.sizes.look(c)
	if limit := strict.MaxCollectionVectorSizeBytes; limit != nil && now.vectors >= *limit {
		return badRequest("Max vector storage size limit of %sMB reached!", megabytes(*limit))
	}
	if err := checkPayloadSize(strict, now); err != nil {
		return err
	}
	if limit := strict.MaxPointsCount; limit != nil && now.points >= *limit {
		return badRequest("Max points count limit of %d reached!", *limit)
	}
	return nil
}

// limitsSize tells whether strict mode limits how large a collection may become.
func limitsSize(strict *qdrant.StrictModeConfig) bool {
	return strict.GetEnabled() && (strict.MaxCollectionVectorSizeBytes != nil || strict.MaxCollectionPayloadSizeBytes != nil || strict.MaxPointsCount != nil)
}

func checkPayloadSize(strict *qdrant.StrictModeConfig, now sizes) error {
	if limit := strict.MaxCollectionPayloadSizeBytes; limit != nil && now.payloads >= *limit {
		return badRequest("Max payload storage size limit of %sMB reached!", megabytes(*limit))
	}
	return nil
}

func megabytes(bytes uint64) string {
	return strconv.FormatFloat(float64(float32(bytes)/(1<<20)), 'f', -1, 32)
}

// sizes is how much a collection holds: points, and bytes.
type sizes struct{ points, vectors, payloads uint64 }

// sizeCache keeps sizes between looks. As in Qdrant, they are those of when the collection was made or opened, and then of every 32nd
// look: a limit of strict mode is kept to with that delay.
type sizeCache struct {
	mu    sync.Mutex
	looks int
	last  sizes
}

const sizesEvery = 32

// look returns sizes that may be old. The caller holds the collection's lock.
func (s *sizeCache) look(c *collection) sizes {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looks++; s.looks%sizesEvery == 0 {
		s.last = c.measure()
	}
	return s.last
}

// measure goes through all points. The caller holds the collection's lock.
func (c *collection) measure() sizes {
	now := sizes{points: uint64(c.size)}
	for it := c.live.Iterator(); it.HasNext(); {
		slot := it.Next()
		now.payloads += uint64(len(c.points[slot].value().payload()))
		for name, s := range c.spaces {
			if v, ok := c.vector(slot, name); ok {
				now.vectors += s.bytes(v)
			}
		}
	}
	return now
}
