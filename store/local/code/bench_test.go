package code

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// BenchmarkSearch asks for the ten nearest of 384-dimensional rows, by codes and by a plain scan of the vectors, with one
// goroutine unless it says so. A million rows take two gigabytes and half a minute: -short leaves them out.
func BenchmarkSearch(b *testing.B) {
	for _, rows := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			if testing.Short() && rows > 100_000 {
				b.Skip("takes two gigabytes")
			}
			const queries = 64
			m := newMatrix(rows+queries, 384, clusters(rand.New(rand.NewPCG(1, 2))))
			c := New(m.dim, Dot, m.rows)
			live := slices.Repeat([]uint64{math.MaxUint64}, rows/64)
			if err := c.Load(context.Background(), live, 0, nil); err != nil {
				b.Fatal(err)
			}
			tenth := make([]uint64, rows/64)
			for row := 0; row < len(tenth)*64; row += 10 {
				tenth[row/64] |= 1 << (row % 64)
			}
			for _, way := range []struct {
				name string
				o    Options
			}{
				{"vectors", Options{Threads: 1, Exact: true}},
				{"codes", Options{Threads: 1}},
				{"codes of a tenth", Options{Threads: 1, Mask: tenth}},
				{"codes with all processors", Options{Threads: runtime.GOMAXPROCS(0)}},
			} {
				b.Run(way.name, func(b *testing.B) {
					before, i := c.Stats(), 0
					hits := make([]Hit, 0, 10)
					b.ReportAllocs()
					for b.Loop() {
						hits, _ = c.Search(context.Background(), hits[:0], m.row(rows+i%queries), 10, way.o)
						i++
					}
					after := c.Stats()
					b.ReportMetric(float64(after.Rescored-before.Rescored)/float64(b.N), "rescored/op")
				})
			}
			b.Run("codes for 16 queries at once", func(b *testing.B) {
				var all [][]float32
				for i := range 16 {
					all = append(all, m.row(rows+i))
				}
				for b.Loop() {
					if _, err := c.SearchAll(context.Background(), all, 10, Options{Threads: 1}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16, "ns/query")
			})
		})
	}
}

func BenchmarkPut(b *testing.B) {
	const rows = 16_384
	m := newMatrix(rows, 384, clusters(rand.New(rand.NewPCG(1, 2))))
	c := m.column(Dot)
	i := 0
	for b.Loop() {
		c.Put(i%rows, m.row(i%rows))
		i++
	}
}
