package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/qdrant/go-client/qdrant"
)

// metaProbe holds, in the metadata of the articles' collection, the vector by which the model of the generation's vectors is known again.
const metaProbe = "akin_probe"

// Probe returns the vector that KeepProbe kept with the generation, nil if none was.
func (s *Store) Probe(ctx context.Context) ([]float32, error) {
	info, err := s.client.GetCollectionInfo(ctx, s.names.articles)
	if err != nil {
		return nil, fmt.Errorf("store: read the probe of %s: %w", s.names.articles, meaning(err))
	}
	b, err := base64.StdEncoding.DecodeString(info.GetConfig().GetMetadata()[metaProbe].GetStringValue())
	if err != nil || len(b)%4 != 0 || len(b) == 0 {
		return nil, nil
	}
	vector := make([]float32, len(b)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return vector, nil
}

// KeepProbe keeps a vector with the generation: that of a text which is embedded again at each start, to see whether the model is still the same.
func (s *Store) KeepProbe(ctx context.Context, vector []float32) error {
	var b []byte
	for _, x := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	err := s.client.UpdateCollection(ctx, &qdrant.UpdateCollection{
		CollectionName: s.names.articles,
		Metadata:       qdrant.NewValueMap(map[string]any{metaProbe: base64.StdEncoding.EncodeToString(b)}),
	})
	if err != nil {
		return fmt.Errorf("store: keep the probe of %s: %w", s.names.articles, meaning(err))
	}
	return nil
}
