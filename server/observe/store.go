package observe

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/akinserver/akin/store/local"
)

// Store tells what the embedded store holds and does, each time that metrics are asked for.
func (o *Observer) Store(stats func() local.Stats) {
	if o != nil {
		o.registry.MustRegister(embedded(stats))
	}
}

type embedded func() local.Stats

var (
	storePoints  = describe("akin_store_points", "Points of a collection of the embedded store.", "collection")
	storeVectors = describe("akin_store_vectors", "Vectors of a collection, in all of its spaces.", "collection")
	storeMemory  = describe("akin_store_memory_bytes", "What the parts of a collection take of the heap.", "collection", "part")
	storeDisk    = describe("akin_store_disk_bytes", "Size of the files of the embedded store.")
	storeDead    = describe("akin_store_dead_bytes", "Of these, what was deleted or replaced.")
	storeCalls   = describe("akin_store_call_seconds", "How long calls of the embedded store took, by kind.", "kind")
	storeFailed  = describe("akin_store_failed_calls_total", "Calls of the embedded store that were answered with an error.", "kind")
)

// Describe lists the metrics.
func (embedded) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storePoints, storeVectors, storeMemory, storeDisk, storeDead, storeCalls, storeFailed} {
		out <- d
	}
}

// Collect reads them.
func (stats embedded) Collect(out chan<- prometheus.Metric) {
	s := stats()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for name, c := range s.Collections {
		gauge(storePoints, float64(c.Points), name)
		gauge(storeVectors, float64(c.Vectors), name)
		for part, bytes := range map[string]int64{
			"points": c.Memory.Points, "vectors": c.Memory.Vectors, "codes": c.Memory.Codes, "postings": c.Memory.Postings, "indexes": c.Memory.Indexes,
		} {
			gauge(storeMemory, float64(bytes), name, part)
		}
	}
	gauge(storeDisk, float64(s.DiskBytes))
	gauge(storeDead, float64(s.DeadBytes))
	for kind, c := range s.Calls {
		out <- prometheus.MustNewConstHistogram(storeCalls, c.Count, c.Seconds, c.Buckets, kind)
		out <- prometheus.MustNewConstMetric(storeFailed, prometheus.CounterValue, float64(c.Failed), kind)
	}
}

// CacheStats are what a cache has counted since it was made, and what it holds.
type CacheStats struct {
	Requests       map[string]uint64 // by what was found, of a fixed list
	Entries, Bytes int64
}

// Cache tells of a cache, under a name of its own, each time that metrics are asked for.
func (o *Observer) Cache(name string, stats func() CacheStats) {
	if o != nil {
		o.registry.MustRegister(cached{name, stats})
	}
}

type cached struct {
	name  string
	stats func() CacheStats
}

func (c cached) descs() (requests, entries, bytes *prometheus.Desc) {
	of := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(metric, help, labels, prometheus.Labels{"cache": c.name})
	}
	return of("akin_cache_requests_total", "Requests to a cache, each counted once, by what was found.", "found"),
		of("akin_cache_entries", "What a cache holds."), of("akin_cache_bytes", "The size of what a cache holds.")
}

// Describe lists the metrics.
func (c cached) Describe(out chan<- *prometheus.Desc) {
	requests, entries, bytes := c.descs()
	out <- requests
	out <- entries
	out <- bytes
}

// Collect reads them.
func (c cached) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	requests, entries, bytes := c.descs()
	for found, n := range s.Requests {
		out <- prometheus.MustNewConstMetric(requests, prometheus.CounterValue, float64(n), found)
	}
	out <- prometheus.MustNewConstMetric(entries, prometheus.GaugeValue, float64(s.Entries))
	out <- prometheus.MustNewConstMetric(bytes, prometheus.GaugeValue, float64(s.Bytes))
}
