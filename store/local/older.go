package local

import (
	"context"
	"time"

	"github.com/qdrant/go-client/qdrant"
)

// The calls of before Query are turned into it.

func (s *pointsService) Search(ctx context.Context, req *qdrant.SearchPoints) (*qdrant.SearchResponse, error) {
	start := time.Now()
	result, err := s.search(ctx, req)
	return &qdrant.SearchResponse{Result: result, Time: since(start)}, err
}

func (s *pointsService) SearchBatch(ctx context.Context, req *qdrant.SearchBatchPoints) (*qdrant.SearchBatchResponse, error) {
	start := time.Now()
	list := make([]*qdrant.QueryPoints, len(req.GetSearchPoints()))
	for i, one := range req.GetSearchPoints() {
		one.CollectionName = req.GetCollectionName()
		var err error
		if list[i], err = queryOf(one); err != nil {
			return nil, err
		}
	}
	results, err := s.batch(ctx, req.GetCollectionName(), list)
	if err != nil {
		return nil, err
	}
	return &qdrant.SearchBatchResponse{Result: results, Time: since(start)}, nil
}

func (s *pointsService) search(ctx context.Context, req *qdrant.SearchPoints) ([]*qdrant.ScoredPoint, error) {
	query, err := queryOf(req)
	if err != nil {
		return nil, err
	}
	return s.query(ctx, query)
}

func queryOf(req *qdrant.SearchPoints) (*qdrant.QueryPoints, error) {
	query, err := searchQuery(req.GetVector(), req.SparseIndices, req.VectorName)
	if err != nil {
		return nil, err
	}
	return &qdrant.QueryPoints{
		CollectionName: req.GetCollectionName(), Query: query, Using: req.VectorName, Filter: req.GetFilter(), Params: req.GetParams(),
		Limit: &req.Limit, Offset: req.Offset, WithPayload: req.GetWithPayload(), WithVectors: req.GetWithVectors(), ScoreThreshold: req.ScoreThreshold,
	}, nil
}

func searchQuery(values []float32, indices *qdrant.SparseIndices, name *string) (*qdrant.Query, error) {
	if indices == nil {
		return qdrant.NewQueryDense(values), nil
	}
	if name == nil {
		return nil, invalid("Sparse vector must have a name")
	}
	return qdrant.NewQuerySparse(indices.GetData(), values), nil
}

func (s *pointsService) SearchGroups(ctx context.Context, req *qdrant.SearchPointGroups) (*qdrant.SearchGroupsResponse, error) {
	start := time.Now()
	query, err := searchQuery(req.GetVector(), req.SparseIndices, req.VectorName)
	if err != nil {
		return nil, err
	}
	result, err := s.queryGroups(ctx, &qdrant.QueryPointGroups{
		CollectionName: req.GetCollectionName(), Query: query, Using: req.VectorName, Filter: req.GetFilter(), Params: req.GetParams(),
		ScoreThreshold: req.ScoreThreshold, WithPayload: req.GetWithPayload(), WithVectors: req.GetWithVectors(), GroupBy: req.GetGroupBy(),
		Limit: wide(req.GetLimit()), GroupSize: wide(req.GetGroupSize()), WithLookup: req.GetWithLookup(),
	})
	return &qdrant.SearchGroupsResponse{Result: result, Time: since(start)}, err
}

func wide(n uint32) *uint64 { return qdrant.PtrOf(uint64(n)) }

func (s *pointsService) Recommend(ctx context.Context, req *qdrant.RecommendPoints) (*qdrant.RecommendResponse, error) {
	start := time.Now()
	result, err := s.recommend(ctx, req)
	return &qdrant.RecommendResponse{Result: result, Time: since(start)}, err
}

func (s *pointsService) RecommendBatch(ctx context.Context, req *qdrant.RecommendBatchPoints) (*qdrant.RecommendBatchResponse, error) {
	start := time.Now()
	resp := &qdrant.RecommendBatchResponse{}
	for _, one := range req.GetRecommendPoints() {
		one.CollectionName = req.GetCollectionName()
		result, err := s.recommend(ctx, one)
		if err != nil {
			return nil, err
		}
		resp.Result = append(resp.Result, &qdrant.BatchResult{Result: result})
	}
	resp.Time = since(start)
	return resp, nil
}

func (s *pointsService) recommend(ctx context.Context, req *qdrant.RecommendPoints) ([]*qdrant.ScoredPoint, error) {
	query, err := recommendQuery(req)
	if err != nil {
		return nil, err
	}
	return s.query(ctx, &qdrant.QueryPoints{
		CollectionName: req.GetCollectionName(), Query: query, Using: req.Using, Filter: req.GetFilter(), Params: req.GetParams(),
		Limit: &req.Limit, Offset: req.Offset, WithPayload: req.GetWithPayload(), WithVectors: req.GetWithVectors(),
		ScoreThreshold: req.ScoreThreshold, LookupFrom: req.GetLookupFrom(),
	})
}

// recommendation is what Recommend and RecommendGroups have in common.
type recommendation interface {
	GetPositive() []*qdrant.PointId
	GetNegative() []*qdrant.PointId
	GetPositiveVectors() []*qdrant.Vector
	GetNegativeVectors() []*qdrant.Vector
	GetStrategy() qdrant.RecommendStrategy
}

func recommendQuery(req recommendation) (*qdrant.Query, error) {
	positive, err := inputs(req.GetPositive(), req.GetPositiveVectors())
	if err != nil {
		return nil, err
	}
	negative, err := inputs(req.GetNegative(), req.GetNegativeVectors())
	if err != nil {
		return nil, err
	}
	return qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: positive, Negative: negative, Strategy: qdrant.PtrOf(req.GetStrategy())}), nil
}

func inputs(ids []*qdrant.PointId, vectors []*qdrant.Vector) ([]*qdrant.VectorInput, error) {
	var out []*qdrant.VectorInput
	for _, id := range ids {
		out = append(out, qdrant.NewVectorInputID(id))
	}
	for _, in := range vectors {
		one, err := inputOf(in)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// inputOf turns a vector as it is stored into one as it is asked with.
func inputOf(in *qdrant.Vector) (*qdrant.VectorInput, error) {
	v, err := parseVector(in)
	if err != nil {
		return nil, err
	}
	switch {
	case v.isSparse():
		return qdrant.NewVectorInputSparse(v.indices, v.values), nil
	case v.rows == 1:
		return qdrant.NewVectorInputDense(v.dense), nil
	}
	rows := make([][]float32, v.rows)
	for i := range rows {
		rows[i] = v.row(i)
	}
	return qdrant.NewVectorInputMulti(rows), nil
}

func (s *pointsService) RecommendGroups(ctx context.Context, req *qdrant.RecommendPointGroups) (*qdrant.RecommendGroupsResponse, error) {
	start := time.Now()
	query, err := recommendQuery(req)
	if err != nil {
		return nil, err
	}
	result, err := s.queryGroups(ctx, &qdrant.QueryPointGroups{
		CollectionName: req.GetCollectionName(), Query: query, Using: req.Using, Filter: req.GetFilter(), Params: req.GetParams(),
		ScoreThreshold: req.ScoreThreshold, WithPayload: req.GetWithPayload(), WithVectors: req.GetWithVectors(), LookupFrom: req.GetLookupFrom(),
		GroupBy: req.GetGroupBy(), Limit: wide(req.GetLimit()), GroupSize: wide(req.GetGroupSize()), WithLookup: req.GetWithLookup(),
	})
	return &qdrant.RecommendGroupsResponse{Result: result, Time: since(start)}, err
}

func (s *pointsService) Discover(ctx context.Context, req *qdrant.DiscoverPoints) (*qdrant.DiscoverResponse, error) {
	start := time.Now()
	result, err := s.discover(ctx, req)
	return &qdrant.DiscoverResponse{Result: result, Time: since(start)}, err
}

func (s *pointsService) DiscoverBatch(ctx context.Context, req *qdrant.DiscoverBatchPoints) (*qdrant.DiscoverBatchResponse, error) {
	start := time.Now()
	resp := &qdrant.DiscoverBatchResponse{}
	for _, one := range req.GetDiscoverPoints() {
		one.CollectionName = req.GetCollectionName()
		result, err := s.discover(ctx, one)
		if err != nil {
			return nil, err
		}
		resp.Result = append(resp.Result, &qdrant.BatchResult{Result: result})
	}
	resp.Time = since(start)
	return resp, nil
}

func (s *pointsService) discover(ctx context.Context, req *qdrant.DiscoverPoints) ([]*qdrant.ScoredPoint, error) {
	pairs := &qdrant.ContextInput{}
	for _, p := range req.GetContext() {
		positive, err := exampleOf(p.GetPositive())
		if err != nil {
			return nil, err
		}
		negative, err := exampleOf(p.GetNegative())
		if err != nil {
			return nil, err
		}
		pairs.Pairs = append(pairs.Pairs, &qdrant.ContextInputPair{Positive: positive, Negative: negative})
	}
	query := qdrant.NewQueryContext(pairs)
	if req.GetTarget() != nil {
		target, err := exampleOf(req.GetTarget().GetSingle())
		if err != nil {
			return nil, err
		}
		query = qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: target, Context: pairs})
	} else if len(pairs.Pairs) == 0 {
		return nil, invalid("Bad request: Either target or context must be specified")
	}
	return s.query(ctx, &qdrant.QueryPoints{
		CollectionName: req.GetCollectionName(), Query: query, Using: req.Using, Filter: req.GetFilter(), Params: req.GetParams(),
		Limit: &req.Limit, Offset: req.Offset, WithPayload: req.GetWithPayload(), WithVectors: req.GetWithVectors(), LookupFrom: req.GetLookupFrom(),
	})
}

func exampleOf(in *qdrant.VectorExample) (*qdrant.VectorInput, error) {
	switch e := in.GetExample().(type) {
	case *qdrant.VectorExample_Id:
		return qdrant.NewVectorInputID(e.Id), nil
	case *qdrant.VectorExample_Vector:
		return inputOf(e.Vector)
	}
	return nil, invalid("Vector example is malformed")
}
