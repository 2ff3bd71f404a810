package local

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/qdrant/go-client/qdrant"
)

// benchCollection is a collection in memory of n points with a dense and a sparse vector and a field of ten values.
func benchCollection(b *testing.B, n, size int) *collection {
	b.Helper()
	c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{
		VectorsConfig:       qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"d": {Size: uint64(size), Distance: qdrant.Distance_Cosine}}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {Modifier: qdrant.Modifier_Idf.Enum()}}),
	}})
	schema := &qdrant.PayloadSchemaInfo{DataType: qdrant.PayloadSchemaType_Integer}
	x, err := newFieldIndex("tenth", schema)
	if err != nil {
		b.Fatal(err)
	}
	c.setIndex("tenth", schema, x)
	r := rand.New(rand.NewPCG(1, 2))
	centres := benchCentres(size)
	for i := range n {
		c.put(&record{
			id: numberID(uint64(i)), payload: qdrant.NewValueMap(map[string]any{"tenth": i % 10, "number": i, "unindexed": i % 10}),
			vectors: map[string]vector{"d": newDense(rowNear(r, centres)), "s": {sparse: randomSparse(r, 60)}},
		})
	}
	return c
}

func benchCentres(size int) [][]float32 {
	r, centres := rand.New(rand.NewPCG(7, 8)), make([][]float32, 100)
	for i := range centres {
		centres[i] = randomRow(r, size)
	}
	return centres
}

// rowNear is a row beside one of the centres: as with texts, of which many are about the same.
func rowNear(r *rand.Rand, centres [][]float32) []float32 {
	centre := centres[r.IntN(len(centres))]
	row := randomRow(r, len(centre))
	for i := range row {
		row[i] += 1.2 * centre[i]
	}
	normalize(row)
	return row
}

func randomRow(r *rand.Rand, size int) []float32 {
	row := make([]float32, size)
	for i := range row {
		row[i] = float32(r.NormFloat64())
	}
	normalize(row)
	return row
}

// randomSparse has its indices as words have their frequencies: few often, many seldom.
func randomSparse(r *rand.Rand, terms int) sparse {
	weights := map[uint32]float32{}
	for range terms {
		weights[uint32(30_000*r.Float64()*r.Float64()*r.Float64())] = r.Float32()
	}
	var s sparse
	for _, index := range sortedKeys(weights) {
		s.indices, s.values = append(s.indices, index), append(s.values, weights[index])
	}
	return s
}

const benchPoints, benchSize = 20_000, 384

func BenchmarkSearch(b *testing.B) {
	c := benchCollection(b, benchPoints, benchSize)
	r := rand.New(rand.NewPCG(3, 4))
	tenth := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("tenth", 3)}}
	centres := benchCentres(benchSize)
	dense := &vectorQuery{space: c.spaces["d"], examples: []vector{newDense(rowNear(r, centres))}}
	exact := &vectorQuery{space: dense.space, examples: dense.examples, exact: true}
	sparse := &vectorQuery{space: c.spaces["s"], examples: []vector{{sparse: randomSparse(r, 8)}}}
	for _, row := range []struct {
		name   string
		query  *vectorQuery
		filter *qdrant.Filter
	}{{"dense", dense, nil}, {"dense, a tenth", dense, tenth}, {"dense, exact", exact, nil}, {"sparse", sparse, nil}, {"sparse, a tenth", sparse, tenth}} {
		b.Run(row.name, func(b *testing.B) {
			for b.Loop() {
				cond, err := compileFilter(c, row.filter)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.search(b.Context(), row.query, cond, 10, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPoints, "ns/point")
		})
	}
}

// BenchmarkFilter turns filters into the points that pass: by an index, by two, and by looking at every payload.
func BenchmarkFilter(b *testing.B) {
	c := benchCollection(b, benchPoints, 8)
	schema := &qdrant.PayloadSchemaInfo{DataType: qdrant.PayloadSchemaType_Integer}
	x, err := newFieldIndex("number", schema)
	if err != nil {
		b.Fatal(err)
	}
	c.setIndex("number", schema, x)
	tenth, number := qdrant.NewMatchInt("tenth", 3), qdrant.NewRange("number", &qdrant.Range{Gte: qdrant.PtrOf(1000.), Lt: qdrant.PtrOf(3000.)})
	for _, row := range []struct {
		name   string
		filter []*qdrant.Condition
		points uint64
	}{
		{"by an index", []*qdrant.Condition{tenth}, benchPoints / 10},
		{"by two indexes", []*qdrant.Condition{tenth, number}, 200},
		{"by payloads", []*qdrant.Condition{qdrant.NewMatchInt("unindexed", 3)}, benchPoints / 10},
	} {
		b.Run(row.name, func(b *testing.B) {
			for b.Loop() {
				cond, err := compileFilter(c, &qdrant.Filter{Must: row.filter})
				if err != nil {
					b.Fatal(err)
				}
				set, err := c.matching(b.Context(), cond)
				if err != nil || set.GetCardinality() != row.points {
					b.Fatalf("%d points pass, want %d: %v", set.GetCardinality(), row.points, err)
				}
			}
		})
	}
}

// BenchmarkOpen opens a folder of 20,000 points with a dense and a sparse vector and an index, which lies in the page cache.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	db, err := Open(dir, quiet)
	if err != nil {
		b.Fatal(err)
	}
	content := benchCollection(b, benchPoints, benchSize)
	var snapshot bytes.Buffer
	if err := writeSnapshot(b.Context(), &snapshot, []*collection{content}, nil); err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(db.Restore(b.Context(), &snapshot), db.Close()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db, err := Open(dir, quiet)
		if err != nil {
			b.Fatal(err)
		}
		if n := db.Stats().Collections["c"].Points; n != benchPoints {
			b.Fatalf("%d points", n)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(benchPoints*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// BenchmarkBatch asks for the nearest of 16 vectors at a time.
func BenchmarkBatch(b *testing.B) {
	c := benchCollection(b, benchPoints, benchSize)
	r, centres := rand.New(rand.NewPCG(3, 4)), benchCentres(benchSize)
	list := make([]*search, 16)
	for i := range list {
		list[i] = &search{query: &vectorQuery{space: c.spaces["d"], examples: []vector{newDense(rowNear(r, centres))}}}
	}
	for _, row := range []struct {
		name     string
		together int
	}{{"one by one", 1}, {"together", len(list)}} {
		b.Run(row.name, func(b *testing.B) {
			for b.Loop() {
				for some := range slices.Chunk(list, row.together) {
					if err := c.searchAll(b.Context(), some, everything{}, 10); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/query")
		})
	}
}

// BenchmarkUpsert writes 500 points a call with wait=true, in memory and on disk.
func BenchmarkUpsert(b *testing.B) {
	for name, dir := range map[string]string{"in memory": "", "on disk": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			_, client := opened(b, dir, quiet)
			if err := client.CreateCollection(b.Context(), &qdrant.CreateCollection{
				CollectionName: "c", VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: benchSize, Distance: qdrant.Distance_Cosine}),
			}); err != nil {
				b.Fatal(err)
			}
			r := rand.New(rand.NewPCG(5, 6))
			points := make([]*qdrant.PointStruct, 500)
			for i := range points {
				points[i] = &qdrant.PointStruct{Vectors: qdrant.NewVectorsDense(randomRow(r, benchSize)), Payload: qdrant.NewValueMap(map[string]any{"text": fmt.Sprint("letter ", i)})}
			}
			next := uint64(0)
			for b.Loop() {
				for _, p := range points {
					next++
					p.Id = qdrant.NewIDNum(next % 100_000)
				}
				upserted(b, client, "c", points...)
			}
			b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "points/s")
		})
	}
}
