package cache

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
)

func (f *folder) probeFile() string { return filepath.Join(f.dir, "probe") }

// probe is the vector in the file of that name, if it is whole.
func (f *folder) probe() []float32 {
	b, err := os.ReadFile(f.probeFile())
	if err != nil || len(b) != sumSize+4*f.dimensions || binary.LittleEndian.Uint64(b) != xxhash.Sum64(b[sumSize:]) {
		return nil
	}
	v := make([]float32, f.dimensions)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[sumSize+4*i:]))
	}
	return v
}

func (f *folder) keepProbe(v []float32) error {
	b := make([]byte, sumSize)
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	binary.LittleEndian.PutUint64(b, xxhash.Sum64(b[sumSize:]))
	return replaceFile(f.probeFile(), b)
}
