package local

import "github.com/qdrant/go-client/qdrant"

// demand is what one part of a call asks for.
type demand struct {
	limit   int // 0: it has none
	filter  *qdrant.Filter
	updates bool // the filter chooses what is changed
	params  *qdrant.SearchParams
	exact   bool
	group   string // key of the groups; "" without
	query   *qdrant.Query
	using   string
	scans   bool // the query is not one of what prefetches found
}

// demandsOf lists what a call asks for, its prefetches by themselves.
func demandsOf(req any) []demand {
	switch r := req.(type) {
	case *qdrant.QueryPoints:
		return append(prefetchDemands(r.GetPrefetch()), demand{
			limit: limitOr(r.Limit, defaultLimit), filter: r.GetFilter(), params: r.GetParams(), query: r.GetQuery(), using: r.GetUsing(), scans: len(r.GetPrefetch()) == 0,
		})
	case *qdrant.QueryBatchPoints:
		return gatherDemands(r.GetQueryPoints())
	case *qdrant.QueryPointGroups:
		limit := limitOr(r.Limit, defaultLimit) * limitOr(r.GroupSize, defaultGroupSize)
		return []demand{{ // Qdrant does not look at its prefetches
			limit: limit, filter: r.GetFilter(), params: r.GetParams(), group: r.GetGroupBy(), query: r.GetQuery(), using: r.GetUsing(), scans: len(r.GetPrefetch()) == 0,
		}}
	case *qdrant.SearchPoints:
		return []demand{{limit: int(min(r.GetLimit(), maxLimit)), filter: r.GetFilter(), params: r.GetParams()}}
	case *qdrant.SearchBatchPoints:
		return gatherDemands(r.GetSearchPoints())
	case *qdrant.SearchPointGroups:
		return []demand{{limit: int(r.GetLimit()) * int(r.GetGroupSize()), filter: r.GetFilter(), params: r.GetParams(), group: r.GetGroupBy()}}
	case *qdrant.RecommendPoints:
		return []demand{{limit: int(min(r.GetLimit(), maxLimit)), filter: r.GetFilter(), params: r.GetParams()}}
	case *qdrant.RecommendBatchPoints:
		return gatherDemands(r.GetRecommendPoints())
	case *qdrant.RecommendPointGroups: // Qdrant does not look at the key of its groups
		return []demand{{limit: int(r.GetLimit()) * int(r.GetGroupSize()), filter: r.GetFilter(), params: r.GetParams()}}
	case *qdrant.DiscoverPoints:
		return []demand{{limit: int(min(r.GetLimit(), maxLimit)), filter: r.GetFilter(), params: r.GetParams()}}
	case *qdrant.DiscoverBatchPoints:
		return gatherDemands(r.GetDiscoverPoints())
	case *qdrant.ScrollPoints:
		return []demand{{limit: int(r.GetLimit()), filter: r.GetFilter()}} // a limit that is not set is not looked at
	case *qdrant.CountPoints:
		return []demand{{filter: r.GetFilter(), exact: r.Exact == nil || r.GetExact()}}
	case *qdrant.FacetCounts:
		return []demand{{limit: limitOr(r.Limit, defaultLimit), filter: r.GetFilter()}} // exact facets are allowed
	case *qdrant.SearchMatrixPoints:
		return []demand{{limit: limitOr(r.Sample, defaultSample) * limitOr(r.Limit, defaultMatrixLimit), filter: r.GetFilter()}}
	}
	var out []demand
	for _, s := range selectorsOf(req) {
		out = append(out, demand{filter: s.GetFilter(), updates: true})
	}
	return out
}

func gatherDemands[T any](list []T) []demand {
	var out []demand
	for _, one := range list {
		out = append(out, demandsOf(one)...)
	}
	return out
}

func prefetchDemands(list []*qdrant.PrefetchQuery) []demand {
	var out []demand
	for _, p := range list {
		out = append(out, prefetchDemands(p.GetPrefetch())...)
		out = append(out, demand{limit: limitOr(p.Limit, defaultLimit), filter: p.GetFilter(), params: p.GetParams(), query: p.GetQuery(), using: p.GetUsing(), scans: true})
	}
	return out
}

// selectorsOf lists what chooses the points that a call changes.
func selectorsOf(req any) []*qdrant.PointsSelector {
	switch r := req.(type) {
	case interface{ GetPointsSelector() *qdrant.PointsSelector }:
		return []*qdrant.PointsSelector{r.GetPointsSelector()}
	case interface{ GetPoints() *qdrant.PointsSelector }:
		return []*qdrant.PointsSelector{r.GetPoints()}
	case *qdrant.UpdateBatchPoints:
		var out []*qdrant.PointsSelector
		for _, o := range r.GetOperations() {
			out = append(out, selectorsOf(operationOf(o))...)
		}
		return out
	}
	return nil
}

// operationOf returns the message of an operation of a batch.
func operationOf(in *qdrant.PointsUpdateOperation) any {
	switch o := in.GetOperation().(type) {
	case *qdrant.PointsUpdateOperation_Upsert:
		return o.Upsert
	case *qdrant.PointsUpdateOperation_UpdateVectors_:
		return o.UpdateVectors
	case *qdrant.PointsUpdateOperation_DeleteVectors_:
		return o.DeleteVectors
	case *qdrant.PointsUpdateOperation_SetPayload_:
		return o.SetPayload
	case *qdrant.PointsUpdateOperation_OverwritePayload_:
		return o.OverwritePayload
	case *qdrant.PointsUpdateOperation_DeletePayload_:
		return o.DeletePayload
	case *qdrant.PointsUpdateOperation_ClearPayload_:
		return o.ClearPayload
	case *qdrant.PointsUpdateOperation_DeletePoints_:
		return o.DeletePoints
	}
	return nil
}

// sizeOf counts the conditions of a filter, and the values that the largest of them lists. Filters in it do not count themselves.
func sizeOf(f *qdrant.Filter) (conditions, largest uint64) {
	eachCondition(f, func(in *qdrant.Condition) {
		size := 0
		switch c := in.GetConditionOneOf().(type) {
		case *qdrant.Condition_Filter, *qdrant.Condition_Nested:
			return
		case *qdrant.Condition_HasId:
			size = len(c.HasId.GetHasId())
		case *qdrant.Condition_Field:
			m := c.Field.GetMatch()
			size = max(len(m.GetKeywords().GetStrings()), len(m.GetExceptKeywords().GetStrings()), len(m.GetIntegers().GetIntegers()), len(m.GetExceptIntegers().GetIntegers()))
		}
		conditions, largest = conditions+1, max(largest, uint64(size))
	})
	return conditions, largest
}

// eachCondition calls yield with every condition of a filter, and of the filters in it.
func eachCondition(f *qdrant.Filter, yield func(*qdrant.Condition)) {
	for _, list := range conditionLists(f) {
		for _, c := range list {
			yield(c)
			eachCondition(c.GetFilter(), yield)
			eachCondition(c.GetNested().GetFilter(), yield)
		}
	}
}

// pointsIn counts the points that a call names.
func pointsIn(req any) int {
	switch r := req.(type) {
	case *qdrant.UpdateBatchPoints:
		n := 0
		for _, o := range r.GetOperations() {
			n += max(1, pointsIn(operationOf(o)))
		}
		return n
	case interface{ GetPoints() []*qdrant.PointStruct }:
		return len(r.GetPoints())
	case interface{ GetPoints() []*qdrant.PointVectors }:
		return len(r.GetPoints())
	}
	n := 0
	for _, s := range selectorsOf(req) {
		n += len(s.GetPoints().GetIds())
	}
	return n
}
