package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
)

// Strict mode refuses, where a collection's configuration enables it, what would be too much for a server that many
// share. It is checked before a call begins.

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
	if limit := strict.MaxPointsCount; limit != nil && uint64(c.size) >= *limit {
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
