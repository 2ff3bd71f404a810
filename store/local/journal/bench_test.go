package journal

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

const (
	benchBatch = 500
	benchBytes = 1600
)

func benchBatchOf(first int) []Mutation {
	batch := make([]Mutation, benchBatch)
	for i := range batch {
		batch[i] = Mutation{Put, 1, binary.BigEndian.AppendUint64(nil, uint64(first+i)), make([]byte, benchBytes)}
		binary.LittleEndian.PutUint64(batch[i].Value, uint64(first+i))
	}
	return batch
}

// BenchmarkCommit writes 500 records of 1.6 kB, and flushes them.
func BenchmarkCommit(b *testing.B) {
	k := opened(b, b.TempDir(), Options{})
	batch := benchBatchOf(0)
	b.SetBytes(benchBatch * benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Commit(batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommitOne writes one record of 1.6 kB, and flushes it.
func BenchmarkCommitOne(b *testing.B) {
	k := opened(b, b.TempDir(), Options{})
	batch := benchBatchOf(0)[:1]
	for b.Loop() {
		if _, err := k.Commit(batch); err != nil {
			b.Fatal(err)
		}
	}
}

func benchFolder(b *testing.B, records int) string {
	dir := b.TempDir()
	k := opened(b, dir, Options{})
	for n := 0; n < records; n += benchBatch {
		if _, err := k.Commit(benchBatchOf(n)); err != nil {
			b.Fatal(err)
		}
	}
	must(b, k.Close())
	return dir
}

// BenchmarkReplay opens a folder of 400,000 records of 1.6 kB that lies in the page cache, and reads it.
func BenchmarkReplay(b *testing.B) {
	const records = 400_000
	dir := benchFolder(b, records)
	b.SetBytes(records * benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		j, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := j.Replay(func(Entry) error { n++; return nil }); err != nil || n != records {
			b.Fatal(n, err)
		}
		must(b, j.Close())
	}
}

// BenchmarkRead reads one of 100,000 records at random, under a pin of its own.
func BenchmarkRead(b *testing.B) {
	const records = 100_000
	k, at := opened(b, benchFolder(b, records), Options{}), make([]Location, 0, records)
	must(b, k.Replay(func(e Entry) error { at = append(at, e.Location); return nil }))
	b.RunParallel(func(pb *testing.PB) {
		sum := byte(0)
		for pb.Next() {
			pin := k.Pin()
			value := k.Read(at[rand.IntN(records)])
			for i := 0; i < len(value); i += 64 {
				sum += value[i]
			}
			pin.Unpin()
		}
		_ = sum
	})
}
