package local

import (
	"context"
	"fmt"

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
	if err := c.checkWrites(strict, req); err != nil {
		return err
	}
	demands := demandsOf(req)
	for _, d := range demands {
		if err := c.checkDemand(strict, d); err != nil {
			return err
		}
	}
	if t, ok := req.(interface{ GetTimeout() uint64 }); ok && strict.MaxTimeout != nil {
		if err := atMost(t.GetTimeout(), qdrant.PtrOf(uint64(strict.GetMaxTimeout())), "timeout"); err != nil {
			return err
		}
	}
	return c.checkRate(ctx, strict, req, demands)
}

// checkDemand checks in the order in which Qdrant does, so that of several reasons the same is told.
func (c *collection) checkDemand(strict *qdrant.StrictModeConfig, d demand) error {
	if err := c.checkScan(strict, d); err != nil {
		return err
	}
	indexed := strict.UnindexedFilteringRetrieve != nil && !strict.GetUnindexedFilteringRetrieve()
	if d.updates {
		indexed = strict.UnindexedFilteringUpdate != nil && !strict.GetUnindexedFilteringUpdate()
	}
	if indexed {
		if err := c.indexedFormula(d.query.GetFormula().GetExpression()); err != nil {
			return err
		}
		if err := c.indexedGroup(d.group); err != nil {
			return err
		}
	}
	if strict.MaxQueryLimit != nil {
		if err := atMost(d.limit, qdrant.PtrOf(int(strict.GetMaxQueryLimit())), "limit"); err != nil {
			return err
		}
	}
	if indexed {
		if err := c.indexedFilter(d.filter, nil); err != nil {
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
	return checkParams(strict, d)
}

func checkParams(strict *qdrant.StrictModeConfig, d demand) error {
	if q := d.params.GetQuantization(); q != nil && q.Oversampling != nil && strict.SearchMaxOversampling != nil {
		if err := atMost(q.GetOversampling(), qdrant.PtrOf(float64(strict.GetSearchMaxOversampling())), "oversampling"); err != nil {
			return err
		}
	}
	if d.params != nil && d.params.HnswEf != nil && strict.SearchMaxHnswEf != nil {
		if err := atMost(d.params.GetHnswEf(), qdrant.PtrOf(uint64(strict.GetSearchMaxHnswEf())), "hnsw_ef"); err != nil {
			return err
		}
	}
	if strict.SearchAllowExact != nil && !*strict.SearchAllowExact && (d.exact || d.params.GetExact()) {
		return tooMuch("Set exact=false.", "Exact search disabled!")
	}
	return nil
}

// checkScan refuses, where exact search is not allowed, a query by a vector for which the collection's configuration wants no
// graph. It would be no slower here than another one; but what is refused by a server must not pass unnoticed before.
func (c *collection) checkScan(strict *qdrant.StrictModeConfig, d demand) error {
	if !d.scans || strict.SearchAllowExact == nil || *strict.SearchAllowExact || !byVector(d.query) {
		return nil
	}
	if s := c.spaces[d.using]; s != nil && s.sparse {
		return nil
	}
	global, own := c.config.GetHnswConfig(), vectorParams(c.config.GetParams())[d.using].GetHnswConfig()
	links := firstOf(own.GetM(), own != nil && own.M != nil, global.GetM())
	if links > 0 {
		return nil
	}
	payloadLinks := firstOf(own.GetPayloadM(), own != nil && own.PayloadM != nil, firstOf(global.GetPayloadM(), global.PayloadM != nil, links))
	where := ""
	if d.using != "" {
		where = fmt.Sprintf(" on '%s'", d.using)
	}
	if !c.choosesTenant(d.filter) {
		return tooMuch("Use tenant-specific filter, enable global vector indexing or enable strict mode `search_allow_exact` option",
			"Request is forbidden%s because global vector indexing is disabled (hnsw_config.m = 0)", where)
	}
	if payloadLinks == 0 {
		return tooMuch("Enable vector indexing, use a prefetch query with indexed vectors or enable strict mode `search_allow_exact` option",
			"Request is forbidden%s because vector indexing is disabled (hnsw_config.m = 0 and hnsw_config.payload_m = 0)", where)
	}
	return nil
}

func firstOf(value uint64, set bool, otherwise uint64) uint64 {
	if set {
		return value
	}
	return otherwise
}

// byVector tells whether a query compares vectors.
func byVector(q *qdrant.Query) bool {
	switch q.GetVariant().(type) {
	case *qdrant.Query_Nearest, *qdrant.Query_Recommend, *qdrant.Query_Discover, *qdrant.Query_Context, *qdrant.Query_NearestWithMmr:
		return true
	}
	return false
}

// choosesTenant tells whether a condition of a filter is on a field that is indexed as that of a tenant.
func (c *collection) choosesTenant(f *qdrant.Filter) bool {
	for _, list := range conditionLists(f) {
		for _, in := range list {
			key, ok := targetOf(in)
			if !ok {
				continue
			}
			p, err := parsePath(key)
			if err != nil {
				continue // the call itself says so
			}
			if x := c.indexOn(p); x != nil && (x.params.GetKeywordIndexParams().GetIsTenant() || x.params.GetUuidIndexParams().GetIsTenant()) {
				return true
			}
		}
	}
	return false
}

// targetOf returns the key that a condition is on; of a filter in it, that of the first condition that has one.
func targetOf(in *qdrant.Condition) (key string, ok bool) {
	switch o := in.GetConditionOneOf().(type) {
	case *qdrant.Condition_Field:
		return o.Field.GetKey(), true
	case *qdrant.Condition_IsEmpty:
		return o.IsEmpty.GetKey(), true
	case *qdrant.Condition_IsNull:
		return o.IsNull.GetKey(), true
	case *qdrant.Condition_Nested:
		return o.Nested.GetKey() + "[]", true
	case *qdrant.Condition_Filter:
		for _, list := range conditionLists(o.Filter) {
			for _, inner := range list {
				if key, ok := targetOf(inner); ok {
					return key, true
				}
			}
		}
	}
	return "", false
}

// conditionLists returns the lists of a filter, in the order in which Qdrant goes through them.
func conditionLists(f *qdrant.Filter) [][]*qdrant.Condition {
	return [][]*qdrant.Condition{f.GetMust(), f.GetMustNot(), f.GetShould(), f.GetMinShould().GetConditions()}
}
