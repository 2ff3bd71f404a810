package local

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Strict mode refuses, where a collection's configuration enables it, what would be too much for a server that many
// share. It is checked before a call begins.

// demand is what one part of a call asks for.
type demand struct {
	limit   int // 0: it has none
	filter  *qdrant.Filter
	updates bool // the filter chooses what is changed
	params  *qdrant.SearchParams
	exact   bool
	group   string // key of the groups; "" without
}

func (db *DB) strict(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	named, ok := req.(interface{ GetCollectionName() string })
	if !ok {
		return next(ctx, req)
	}
	c, err := db.catalog().find(named.GetCollectionName())
	if err != nil {
		return next(ctx, req) // which says so itself
	}
	if err := c.checkStrict(ctx, req); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func tooMuch(help, format string, args ...any) error {
	return invalid("Bad request: %s. Help: %s", fmt.Sprintf(format, args...), help)
}

// atMost refuses a value above a limit that is set.
func atMost[N int | uint32 | uint64 | float64](value N, limit *N, name string) error {
	if limit == nil || value <= *limit {
		return nil
	}
	return tooMuch(fmt.Sprintf("Reduce the %q parameter to or below %v.", name, *limit), "Limit exceeded %v > %v for %q", value, *limit, name)
}

func (c *collection) checkStrict(ctx context.Context, req any) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	strict := c.config.GetStrictModeConfig()
	if !strict.GetEnabled() {
		return nil
	}
	if t, ok := req.(interface{ GetTimeout() uint64 }); ok && strict.MaxTimeout != nil {
		if err := atMost(t.GetTimeout(), qdrant.PtrOf(uint64(strict.GetMaxTimeout())), "timeout"); err != nil {
			return err
		}
	}
	demands := demandsOf(req)
	for _, d := range demands {
		if err := c.checkDemand(strict, d); err != nil {
			return err
		}
	}
	if err := c.checkWrites(strict, req); err != nil {
		return err
	}
	return c.checkRate(ctx, strict, req, demands)
}

func (c *collection) checkDemand(strict *qdrant.StrictModeConfig, d demand) error {
	if strict.MaxQueryLimit != nil {
		if err := atMost(d.limit, qdrant.PtrOf(int(strict.GetMaxQueryLimit())), "limit"); err != nil {
			return err
		}
	}
	allowed := strict.UnindexedFilteringRetrieve
	if d.updates {
		allowed = strict.UnindexedFilteringUpdate
	}
	if allowed != nil && !*allowed {
		if err := c.indexedFilter(d.filter, nil); err != nil {
			return err
		}
		if err := c.indexedGroup(d.group); err != nil {
			return err
		}
	}
	n, largest := sizeOf(d.filter)
	if strict.FilterMaxConditions != nil && n > strict.GetFilterMaxConditions() {
		return tooMuch("Reduce the amount of conditions of your filter.", "Filter condition limit reached (%d > %d)", n, strict.GetFilterMaxConditions())
	}
	if strict.ConditionMaxSize != nil && largest > strict.GetConditionMaxSize() {
		return tooMuch("Reduce the size of your condition.", "Condition size limit reached (%d > %d)", largest, strict.GetConditionMaxSize())
	}
	if strict.SearchAllowExact != nil && !*strict.SearchAllowExact && (d.exact || d.params.GetExact()) {
		return tooMuch("Set exact=false.", "Exact search disabled!")
	}
	if q := d.params.GetQuantization(); q != nil && q.Oversampling != nil && strict.SearchMaxOversampling != nil {
		if err := atMost(q.GetOversampling(), qdrant.PtrOf(float64(strict.GetSearchMaxOversampling())), "oversampling"); err != nil {
			return err
		}
	}
	if d.params != nil && d.params.HnswEf != nil && strict.SearchMaxHnswEf != nil {
		return atMost(d.params.GetHnswEf(), qdrant.PtrOf(uint64(strict.GetSearchMaxHnswEf())), "hnsw_ef")
	}
	return nil
}

// demandsOf lists what a call asks for, its prefetches by themselves.
func demandsOf(req any) []demand {
	switch r := req.(type) {
	case *qdrant.QueryPoints:
		return append(prefetchDemands(r.GetPrefetch()), demand{limit: limitOr(r.Limit, defaultLimit), filter: r.GetFilter(), params: r.GetParams()})
	case *qdrant.QueryBatchPoints:
		return gatherDemands(r.GetQueryPoints())
	case *qdrant.QueryPointGroups:
		limit := limitOr(r.Limit, defaultLimit) * limitOr(r.GroupSize, defaultGroupSize)
		return append(prefetchDemands(r.GetPrefetch()), demand{limit: limit, filter: r.GetFilter(), params: r.GetParams(), group: r.GetGroupBy()})
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
	case *qdrant.RecommendPointGroups:
		return []demand{{limit: int(r.GetLimit()) * int(r.GetGroupSize()), filter: r.GetFilter(), params: r.GetParams(), group: r.GetGroupBy()}}
	case *qdrant.DiscoverPoints:
		return []demand{{limit: int(min(r.GetLimit(), maxLimit)), filter: r.GetFilter(), params: r.GetParams()}}
	case *qdrant.DiscoverBatchPoints:
		return gatherDemands(r.GetDiscoverPoints())
	case *qdrant.ScrollPoints:
		limit := defaultLimit
		if r.Limit != nil {
			limit = int(r.GetLimit())
		}
		return []demand{{limit: limit, filter: r.GetFilter()}}
	case *qdrant.CountPoints:
		return []demand{{filter: r.GetFilter(), exact: r.Exact == nil || r.GetExact()}}
	case *qdrant.FacetCounts:
		return []demand{{limit: limitOr(r.Limit, defaultLimit), filter: r.GetFilter(), exact: r.GetExact()}}
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
		out = append(out, demand{limit: limitOr(p.Limit, defaultLimit), filter: p.GetFilter(), params: p.GetParams()})
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

// sizeOf counts the conditions of a filter, and the values that the largest of them lists.
func sizeOf(f *qdrant.Filter) (conditions, largest uint64) {
	eachCondition(f, func(in *qdrant.Condition) {
		size := 1
		switch c := in.GetConditionOneOf().(type) {
		case *qdrant.Condition_Filter:
			return
		case *qdrant.Condition_HasId:
			size = len(c.HasId.GetHasId())
		case *qdrant.Condition_Field:
			m := c.Field.GetMatch()
			size = max(len(m.GetKeywords().GetStrings()), len(m.GetExceptKeywords().GetStrings()),
				len(m.GetIntegers().GetIntegers()), len(m.GetExceptIntegers().GetIntegers()), len(c.Field.GetGeoPolygon().GetExterior().GetPoints()), 1)
		}
		conditions, largest = conditions+1, max(largest, uint64(size))
	})
	return conditions, largest
}

// eachCondition calls yield with every condition of a filter, and of the filters in it.
func eachCondition(f *qdrant.Filter, yield func(*qdrant.Condition)) {
	for _, list := range [][]*qdrant.Condition{f.GetMust(), f.GetShould(), f.GetMustNot(), f.GetMinShould().GetConditions()} {
		for _, c := range list {
			yield(c)
			eachCondition(c.GetFilter(), yield)
			eachCondition(c.GetNested().GetFilter(), yield)
		}
	}
}

// indexedFilter refuses a filter on a field without an index that serves it.
func (c *collection) indexedFilter(f *qdrant.Filter, prefix *path) error {
	for _, list := range [][]*qdrant.Condition{f.GetMust(), f.GetShould(), f.GetMustNot(), f.GetMinShould().GetConditions()} {
		for _, in := range list {
			if err := c.indexedCondition(in, prefix); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *collection) indexedCondition(in *qdrant.Condition, prefix *path) error {
	key := ""
	var kinds []qdrant.PayloadSchemaType // that serve the condition; empty: all
	switch o := in.GetConditionOneOf().(type) {
	case *qdrant.Condition_Filter:
		return c.indexedFilter(o.Filter, prefix)
	case *qdrant.Condition_Nested:
		p, err := parsePath(o.Nested.GetKey())
		if err != nil {
			return nil // the call itself says so
		}
		if p = p.elements(); prefix != nil {
			p = prefix.under(p)
		}
		return c.indexedFilter(o.Nested.GetFilter(), &p)
	case *qdrant.Condition_Field:
		key, kinds = o.Field.GetKey(), kindsFor(o.Field)
	case *qdrant.Condition_IsEmpty:
		key = o.IsEmpty.GetKey()
	case *qdrant.Condition_IsNull:
		key = o.IsNull.GetKey()
	default:
		return nil
	}
	p, err := parsePath(key)
	if err != nil {
		return nil // see above
	}
	if prefix != nil {
		p = prefix.under(p)
	}
	if x := c.indexOn(p); x != nil && (len(kinds) == 0 || slices.Contains(kinds, x.kind)) {
		return nil
	}
	names := []string{"any"}
	if len(kinds) > 0 {
		names = names[:0]
	}
	for _, k := range kinds {
		names = append(names, strings.ToLower(k.String()))
	}
	slices.Sort(names)
	return tooMuch("Create an index for this key or use a different filter.", "Index required but not found for \"%s\" of one of the following types: [%s]", p.text, strings.Join(names, ", "))
}

// kindsFor lists the types of index that serve a condition; none means that any does.
func kindsFor(f *qdrant.FieldCondition) []qdrant.PayloadSchemaType {
	var kinds []qdrant.PayloadSchemaType
	words := func(list ...string) {
		kinds = append(kinds, qdrant.PayloadSchemaType_Keyword)
		if !slices.ContainsFunc(list, func(s string) bool { _, err := parseUUID(s); return err != nil }) {
			kinds = append(kinds, qdrant.PayloadSchemaType_Uuid)
		}
	}
	switch m := f.GetMatch().GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		words(m.Keyword)
	case *qdrant.Match_Keywords:
		words(m.Keywords.GetStrings()...)
	case *qdrant.Match_ExceptKeywords:
		words(m.ExceptKeywords.GetStrings()...)
	case *qdrant.Match_Integer, *qdrant.Match_Integers, *qdrant.Match_ExceptIntegers:
		kinds = append(kinds, qdrant.PayloadSchemaType_Integer)
	case *qdrant.Match_Boolean:
		kinds = append(kinds, qdrant.PayloadSchemaType_Bool)
	case *qdrant.Match_Text, *qdrant.Match_TextAny, *qdrant.Match_Phrase:
		kinds = append(kinds, qdrant.PayloadSchemaType_Text)
	}
	if f.GetRange() != nil {
		kinds = append(kinds, qdrant.PayloadSchemaType_Float, qdrant.PayloadSchemaType_Integer)
	} else if f.GetDatetimeRange() != nil {
		kinds = append(kinds, qdrant.PayloadSchemaType_Datetime)
	}
	if f.GetGeoBoundingBox() != nil || f.GetGeoRadius() != nil || f.GetGeoPolygon() != nil {
		kinds = append(kinds, qdrant.PayloadSchemaType_Geo)
	}
	return kinds
}

func (c *collection) indexedGroup(key string) error {
	if key == "" {
		return nil
	}
	p, err := parsePath(key)
	if err != nil {
		return nil // the call itself says so
	}
	if x := c.indexOn(p); x == nil || !x.facets() {
		return tooMuch("Create an index supporting `match` for this key.", "Index required but not found for \"%s\"", p.text)
	}
	return nil
}

// checkWrites refuses calls that make the collection larger than it may be.
func (c *collection) checkWrites(strict *qdrant.StrictModeConfig, req any) error {
	switch r := req.(type) {
	case *qdrant.UpdateBatchPoints:
		for _, o := range r.GetOperations() {
			if err := c.checkWrites(strict, operationOf(o)); err != nil {
				return err
			}
		}
	case *qdrant.CreateFieldIndexCollection:
		if limit := strict.MaxPayloadIndexCount; limit != nil && !has(c.schema, r.GetFieldName()) && uint64(len(c.schema)) >= *limit {
			return tooMuch("Remove an existing payload index before creating a new one.", "Collection already has the maximum number of payload indices (%d)", *limit)
		}
	case interface{ GetPoints() []*qdrant.PointStruct }:
		if err := atMost(uint64(len(r.GetPoints())), strict.UpsertMaxBatchsize, "upsert limit"); err != nil {
			return err
		}
		for _, p := range r.GetPoints() {
			if err := checkVectorLimits(strict, p.GetVectors()); err != nil {
				return err
			}
		}
		return c.checkSize(strict)
	case interface{ GetPoints() []*qdrant.PointVectors }:
		if err := atMost(uint64(len(r.GetPoints())), strict.UpsertMaxBatchsize, "update limit"); err != nil {
			return err
		}
		for _, p := range r.GetPoints() {
			if err := checkVectorLimits(strict, p.GetVectors()); err != nil {
				return err
			}
		}
		return c.checkSize(strict)
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
	for name, v := range vectors {
		if limit := sparse[name]; limit != nil && limit.MaxLength != nil && uint64(len(v.indices)) > limit.GetMaxLength() {
			return tooMuch("Reduce the size of the sparse vector.", "Sparse vector '%s' has a limit of %d indices", name, limit.GetMaxLength())
		}
		if limit := multi[name]; limit != nil && limit.MaxVectors != nil && uint64(v.rows) > limit.GetMaxVectors() {
			return tooMuch("Reduce the number of vectors in the multivector.", "Multivector '%s' has a limit of %d vectors", name, limit.GetMaxVectors())
		}
	}
	return nil
}

func (c *collection) checkSize(strict *qdrant.StrictModeConfig) error {
	if limit := strict.MaxPointsCount; limit != nil && uint64(len(c.slots)) >= *limit {
		return tooMuch("Delete points, or raise the limit.", "Max points count limit of %d reached!", *limit)
	}
	if limit := strict.MaxCollectionVectorSizeBytes; limit != nil {
		size := uint64(0)
		for _, d := range c.dense {
			size += 4 * uint64(d.count()*d.size)
		}
		if size >= *limit {
			return tooMuch("Delete points, or raise the limit.", "Max vector storage size limit of %d bytes reached!", *limit)
		}
	}
	return nil
}

// bucket lets so many tokens a minute through, all of them at once if need be.
type bucket struct {
	mu        sync.Mutex
	perMinute float64 // 0: not used yet
	tokens    float64
	filled    time.Time
}

// take takes tokens out, or tells how long it would take until there are enough.
func (b *bucket) take(tokens, perMinute float64, now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.perMinute != perMinute {
		b.perMinute, b.tokens, b.filled = perMinute, perMinute, now
	}
	b.tokens = min(perMinute, b.tokens+perMinute*now.Sub(b.filled).Minutes())
	b.filled = now
	if b.tokens < tokens {
		return time.Duration((tokens - b.tokens) / perMinute * float64(time.Minute)), false
	}
	b.tokens -= tokens
	return 0, true
}

// checkRate refuses a call when there were too many in the last minute. A read costs one and its conditions, a write its points.
func (c *collection) checkRate(ctx context.Context, strict *qdrant.StrictModeConfig, req any, demands []demand) error {
	kind, limit, b, cost := "Read", strict.ReadRateLimit, &c.reads, 0
	for _, d := range demands {
		n, _ := sizeOf(d.filter)
		cost += 1 + int(n)
	}
	switch r := req.(type) {
	case *qdrant.GetPoints:
		cost = len(r.GetIds())
	case change:
		kind, limit, b, cost = "Write", strict.WriteRateLimit, &c.writes, max(1, pointsIn(req))
	}
	if limit == nil || cost == 0 {
		return nil
	}
	if cost > int(*limit) {
		return status.Errorf(codes.ResourceExhausted, "Rate limiting exceeded: %s rate limit exceeded: request larger than rate limiter capacity, please try to split your request", kind)
	}
	wait, ok := b.take(float64(cost), float64(*limit), time.Now())
	if ok {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", strconv.Itoa(seconds))) // without it the message still says so
	return status.Errorf(codes.ResourceExhausted, "Rate limiting exceeded: %s rate limit exceeded: Operation requires %d tokens. Retry after %ds", kind, cost, seconds)
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
