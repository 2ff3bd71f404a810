package local

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
)

// kind is a kind of calls, as they are counted: by what the store has to do for them.
type kind uint8

// The kinds. Those of queries are also those of the older calls that Query replaced.
const (
	kindOther kind = iota
	kindUpsert
	kindDelete
	kindChangeVectors
	kindChangePayload
	kindUpdateBatch
	kindChangeIndex // of a payload field
	kindGet
	kindScroll
	kindCount
	kindFacet
	kindMatrix
	kindQueryDense // nearest to one dense vector
	kindQuerySparse
	kindQueryMulti
	kindQueryRecommend
	kindQueryDiscover // and context
	kindQueryFusion
	kindQueryFormula
	kindQueryOrdered
	kindQueryPlain // without a vector: all, or a sample
	kindQueryBatch
	kindQueryGroups
	kindReadCollections
	kindChangeCollections
	kindSnapshots
	kinds int = iota
)

// kindNames are the kinds as labels.
var kindNames = [kinds]string{
	"other", "upsert", "delete", "change_vectors", "change_payload", "update_batch", "change_index", "get", "scroll", "count", "facet", "matrix",
	"query_dense", "query_sparse", "query_multi", "query_recommend", "query_discover", "query_fusion", "query_formula", "query_ordered", "query_plain",
	"query_batch", "query_groups", "read_collections", "change_collections", "snapshots",
}

// kindOf the calls of a method. Those of Query and Search depend on what they ask for.
var kindOf = map[string]kind{
	"/qdrant.Points/Upsert": kindUpsert, "/qdrant.Points/Delete": kindDelete, "/qdrant.Points/UpdateBatch": kindUpdateBatch,
	"/qdrant.Points/UpdateVectors": kindChangeVectors, "/qdrant.Points/DeleteVectors": kindChangeVectors,
	"/qdrant.Points/SetPayload": kindChangePayload, "/qdrant.Points/OverwritePayload": kindChangePayload,
	"/qdrant.Points/DeletePayload": kindChangePayload, "/qdrant.Points/ClearPayload": kindChangePayload,
	"/qdrant.Points/CreateFieldIndex": kindChangeIndex, "/qdrant.Points/DeleteFieldIndex": kindChangeIndex,
	"/qdrant.Points/Get": kindGet, "/qdrant.Points/Scroll": kindScroll, "/qdrant.Points/Count": kindCount, "/qdrant.Points/Facet": kindFacet,
	"/qdrant.Points/SearchMatrixPairs": kindMatrix, "/qdrant.Points/SearchMatrixOffsets": kindMatrix,
	"/qdrant.Points/Query": kindQueryPlain, "/qdrant.Points/Search": kindQueryDense,
	"/qdrant.Points/Recommend": kindQueryRecommend, "/qdrant.Points/Discover": kindQueryDiscover,
	"/qdrant.Points/QueryBatch": kindQueryBatch, "/qdrant.Points/SearchBatch": kindQueryBatch,
	"/qdrant.Points/RecommendBatch": kindQueryBatch, "/qdrant.Points/DiscoverBatch": kindQueryBatch,
	"/qdrant.Points/QueryGroups": kindQueryGroups, "/qdrant.Points/SearchGroups": kindQueryGroups, "/qdrant.Points/RecommendGroups": kindQueryGroups,
	"/qdrant.Collections/Get": kindReadCollections, "/qdrant.Collections/List": kindReadCollections, "/qdrant.Collections/CollectionExists": kindReadCollections,
	"/qdrant.Collections/ListAliases": kindReadCollections, "/qdrant.Collections/ListCollectionAliases": kindReadCollections,
	"/qdrant.Collections/CollectionClusterInfo": kindReadCollections,
	"/qdrant.Collections/Create":                kindChangeCollections, "/qdrant.Collections/Update": kindChangeCollections, "/qdrant.Collections/Delete": kindChangeCollections,
	"/qdrant.Collections/UpdateAliases": kindChangeCollections,
	"/qdrant.Snapshots/Create":          kindSnapshots, "/qdrant.Snapshots/List": kindSnapshots, "/qdrant.Snapshots/Delete": kindSnapshots,
	"/qdrant.Snapshots/CreateFull": kindSnapshots, "/qdrant.Snapshots/ListFull": kindSnapshots, "/qdrant.Snapshots/DeleteFull": kindSnapshots,
}

// kindOfCall returns what a call is counted as.
func (db *DB) kindOfCall(method string, req any) kind {
	switch r := req.(type) {
	case *qdrant.QueryPoints:
		return db.queryKind(r)
	case *qdrant.SearchPoints:
		if r.GetSparseIndices() != nil {
			return kindQuerySparse
		}
	}
	return kindOf[method]
}

func (db *DB) queryKind(r *qdrant.QueryPoints) kind {
	switch v := r.GetQuery().GetVariant().(type) {
	case *qdrant.Query_Nearest:
		return db.nearestKind(r, v.Nearest)
	case *qdrant.Query_NearestWithMmr:
		return db.nearestKind(r, v.NearestWithMmr.GetNearest())
	case *qdrant.Query_Recommend:
		return kindQueryRecommend
	case *qdrant.Query_Discover, *qdrant.Query_Context:
		return kindQueryDiscover
	case *qdrant.Query_Fusion, *qdrant.Query_Rrf:
		return kindQueryFusion
	case *qdrant.Query_Formula:
		return kindQueryFormula
	case *qdrant.Query_OrderBy:
		return kindQueryOrdered
	}
	return kindQueryPlain
}

func (db *DB) nearestKind(r *qdrant.QueryPoints, in *qdrant.VectorInput) kind {
	switch in.GetVariant().(type) {
	case *qdrant.VectorInput_Sparse:
		return kindQuerySparse
	case *qdrant.VectorInput_MultiDense:
		return kindQueryMulti
	case *qdrant.VectorInput_Id: // of which the space tells
		if c, err := db.catalog().find(r.GetCollectionName()); err == nil {
			switch s := c.spaces[r.GetUsing()]; {
			case s == nil:
			case s.sparse:
				return kindQuerySparse
			case s.multi:
				return kindQueryMulti
			}
		}
	}
	return kindQueryDense
}

// The bounds of the histograms: calls that took no longer.
var durations = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
}

// callCount counts the calls of one kind, without a lock: two additions a call.
type callCount struct {
	took   [len(durations) + 1]atomic.Uint64 // calls by duration; those that took longer than all bounds last
	nanos  atomic.Int64
	failed atomic.Uint64
}

func (c *callCount) add(took time.Duration, err error) {
	i := 0
	for i < len(durations) && took > durations[i] {
		i++
	}
	c.took[i].Add(1)
	c.nanos.Add(int64(took))
	if err != nil {
		c.failed.Add(1)
	}
}

// counted counts calls, also those that are refused before they begin.
func (db *DB) counted(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	start := time.Now()
	k := db.kindOfCall(info.FullMethod, req) // first: calls may change what they ask for
	resp, err := next(ctx, req)
	db.calls[k].add(time.Since(start), err)
	return resp, err
}

// CallStats are the calls of one kind since the store was opened.
type CallStats struct {
	Count   uint64
	Failed  uint64  // of them: answered with an error, whichever
	Seconds float64 // that all took together
	// Buckets has, by a duration in seconds, how many calls took no longer. With Count and Seconds it is what
	// prometheus.NewConstHistogram takes.
	Buckets map[float64]uint64
}

func (c *callCount) stats() CallStats {
	s := CallStats{Failed: c.failed.Load(), Seconds: time.Duration(c.nanos.Load()).Seconds(), Buckets: make(map[float64]uint64, len(durations))}
	for i := range c.took {
		s.Count += c.took[i].Load()
		if i < len(durations) {
			s.Buckets[durations[i].Seconds()] = s.Count
		}
	}
	return s
}
