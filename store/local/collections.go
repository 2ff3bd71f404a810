package local

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type collectionsService struct {
	qdrant.UnimplementedCollectionsServer
	db *DB
}

// done answers an operation on a collection.
func done(start time.Time, ok bool, err error) (*qdrant.CollectionOperationResponse, error) {
	if err != nil {
		return nil, err
	}
	return &qdrant.CollectionOperationResponse{Result: ok, Time: since(start)}, nil
}

func (s *collectionsService) Create(ctx context.Context, req *qdrant.CreateCollection) (*qdrant.CollectionOperationResponse, error) {
	start := time.Now()
	config, err := newConfig(req)
	if err != nil {
		return nil, err
	}
	err = s.db.submit(ctx, &job{alone: func() ([]mutation, func(), error) { return s.db.create(req.GetCollectionName(), config) }}, true)
	return done(start, true, err)
}

func (db *DB) create(name string, config *qdrant.CollectionConfig) ([]mutation, func(), error) {
	cat := db.catalog()
	if has(cat.collections, name) {
		return nil, nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", name)
	}
	if has(cat.aliases, name) {
		return nil, nil, invalid("Wrong input: Can't create collection with name %s. Alias with the same name already exists", name)
	}
	id := db.nextID + 1
	described, err := encodeCollection(id, config, nil)
	if err != nil {
		return nil, nil, err
	}
	store := []mutation{
		listed(collectionPrefix+name, described),
		listed(nextKey, binary.AppendUvarint(nil, id)),
	}
	return store, func() {
		db.nextID = id
		next := cat.clone()
		next.collections[name] = newCollection(id, name, config)
		db.current.Store(next)
	}, nil
}

// newConfig is what a request describes, with Qdrant's defaults for what it leaves out.
func newConfig(req *qdrant.CreateCollection) (*qdrant.CollectionConfig, error) {
	config := &qdrant.CollectionConfig{
		Params: &qdrant.CollectionParams{
			ShardNumber:            1,
			OnDiskPayload:          req.OnDiskPayload == nil || req.GetOnDiskPayload(),
			VectorsConfig:          req.GetVectorsConfig(),
			ReplicationFactor:      orDefault(req.ReplicationFactor, 1),
			WriteConsistencyFactor: orDefault(req.WriteConsistencyFactor, 1),
			ShardingMethod:         req.ShardingMethod,
			SparseVectorsConfig:    req.GetSparseVectorsConfig(),
		},
		HnswConfig: &qdrant.HnswConfigDiff{
			M: proto.Uint64(16), EfConstruct: proto.Uint64(100), FullScanThreshold: proto.Uint64(10000),
			MaxIndexingThreads: proto.Uint64(0), OnDisk: proto.Bool(false),
		},
		OptimizerConfig: &qdrant.OptimizersConfigDiff{
			DeletedThreshold: proto.Float64(0.2), VacuumMinVectorNumber: proto.Uint64(1000), DefaultSegmentNumber: proto.Uint64(2),
			IndexingThreshold: proto.Uint64(10000), FlushIntervalSec: proto.Uint64(5),
			MaxOptimizationThreads: &qdrant.MaxOptimizationThreads{Variant: &qdrant.MaxOptimizationThreads_Setting_{Setting: qdrant.MaxOptimizationThreads_Auto}},
		},
		WalConfig:          &qdrant.WalConfigDiff{WalCapacityMb: proto.Uint64(32), WalSegmentsAhead: proto.Uint64(0), WalRetainClosed: proto.Uint64(1)},
		QuantizationConfig: req.GetQuantizationConfig(),
		StrictModeConfig:   req.GetStrictModeConfig(),
	}
	if config.Params.VectorsConfig.GetConfig() == nil {
		config.Params.VectorsConfig = qdrant.NewVectorsConfigMap(nil)
	}
	if req.GetShardNumber() > 1 {
		config.Params.ShardNumber = req.GetShardNumber()
	}
	if req.HnswConfig != nil {
		proto.Merge(config.HnswConfig, req.HnswConfig)
	}
	if req.WalConfig != nil {
		proto.Merge(config.WalConfig, req.WalConfig)
	}
	mergeOptimizers(config.OptimizerConfig, req.OptimizersConfig)
	for _, v := range vectorParams(config.Params) {
		if v.GetDistance() < qdrant.Distance_Cosine || v.GetDistance() > qdrant.Distance_Manhattan {
			return nil, invalid("Malformed distance parameter: %s", v.GetDistance())
		}
	}
	for name := range config.Params.GetSparseVectorsConfig().GetMap() {
		if has(vectorParams(config.Params), name) {
			return nil, invalid("Wrong input: the vector name %q is given to a dense and to a sparse vector", name)
		}
	}
	metadata, err := normalPayload(req.GetMetadata())
	if err != nil {
		return nil, err
	}
	config.Metadata = metadata
	return config, nil
}

func orDefault[T any](p *T, otherwise T) *T {
	if p == nil {
		return &otherwise
	}
	return p
}

func mergeOptimizers(into, from *qdrant.OptimizersConfigDiff) {
	if from == nil {
		return
	}
	from = proto.CloneOf(from)
	if n := from.DeprecatedMaxOptimizationThreads; n != nil && from.MaxOptimizationThreads == nil {
		from.MaxOptimizationThreads = &qdrant.MaxOptimizationThreads{Variant: &qdrant.MaxOptimizationThreads_Value{Value: *n}}
	}
	from.DeprecatedMaxOptimizationThreads = nil
	proto.Merge(into, from)
}

// vectorParams lists what a collection says of its dense vectors, by name.
func vectorParams(p *qdrant.CollectionParams) map[string]*qdrant.VectorParams {
	if one := p.GetVectorsConfig().GetParams(); one != nil {
		return map[string]*qdrant.VectorParams{"": one}
	}
	return p.GetVectorsConfig().GetParamsMap().GetMap()
}

func (s *collectionsService) Update(ctx context.Context, req *qdrant.UpdateCollection) (*qdrant.CollectionOperationResponse, error) {
	start := time.Now()
	metadata, err := normalPayload(req.GetMetadata())
	if err != nil {
		return nil, err
	}
	err = s.db.submit(ctx, &job{alone: func() ([]mutation, func(), error) {
		c, err := s.db.catalog().find(req.GetCollectionName())
		if err != nil {
			return nil, nil, err
		}
		config := proto.CloneOf(c.config)
		if err := updateConfig(config, req); err != nil {
			return nil, nil, err
		}
		if len(metadata) > 0 {
			config.Metadata = merged(config.GetMetadata(), metadata)
		}
		described, err := encodeCollection(c.id, config, c.schema)
		return []mutation{listed(collectionPrefix+c.name, described)}, func() { c.configure(config) }, err
	}}, true)
	return done(start, true, err)
}

func (c *collection) configure(config *qdrant.CollectionConfig) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config = config
	for name, s := range spacesOf(config.GetParams()) {
		c.spaces[name].idf = s.idf
	}
}

func updateConfig(config *qdrant.CollectionConfig, req *qdrant.UpdateCollection) error {
	params := config.GetParams()
	mergeOptimizers(config.OptimizerConfig, req.GetOptimizersConfig())
	if req.HnswConfig != nil {
		proto.Merge(config.HnswConfig, req.HnswConfig)
	}
	if p := req.GetParams(); p != nil {
		params.ReplicationFactor = orDefault(p.ReplicationFactor, params.GetReplicationFactor())
		params.WriteConsistencyFactor = orDefault(p.WriteConsistencyFactor, params.GetWriteConsistencyFactor())
		params.OnDiskPayload = *orDefault(p.OnDiskPayload, params.OnDiskPayload)
		if p.ReadFanOutFactor != nil {
			params.ReadFanOutFactor = p.ReadFanOutFactor
		}
	}
	diffs := req.GetVectorsConfig().GetParamsMap().GetMap()
	if one := req.GetVectorsConfig().GetParams(); one != nil {
		diffs = map[string]*qdrant.VectorParamsDiff{"": one}
	}
	for name, diff := range diffs {
		v := vectorParams(params)[name]
		if v == nil {
			return noVectorName(name)
		}
		if diff.HnswConfig != nil {
			if v.HnswConfig == nil {
				v.HnswConfig = &qdrant.HnswConfigDiff{}
			}
			proto.Merge(v.HnswConfig, diff.HnswConfig)
		}
		v.QuantizationConfig = quantization(v.QuantizationConfig, diff.QuantizationConfig)
		if diff.OnDisk != nil {
			v.OnDisk = diff.OnDisk
		}
	}
	config.QuantizationConfig = quantization(config.QuantizationConfig, req.QuantizationConfig)
	for name, diff := range req.GetSparseVectorsConfig().GetMap() {
		v := params.GetSparseVectorsConfig().GetMap()[name]
		if v == nil {
			return noVectorName(name)
		}
		proto.Merge(v, diff)
	}
	if req.StrictModeConfig != nil {
		if config.StrictModeConfig == nil {
			config.StrictModeConfig = &qdrant.StrictModeConfig{}
		}
		proto.Merge(config.StrictModeConfig, req.StrictModeConfig)
	}
	return nil
}

func quantization(old *qdrant.QuantizationConfig, diff *qdrant.QuantizationConfigDiff) *qdrant.QuantizationConfig {
	switch q := diff.GetQuantization().(type) {
	case *qdrant.QuantizationConfigDiff_Scalar:
		return &qdrant.QuantizationConfig{Quantization: &qdrant.QuantizationConfig_Scalar{Scalar: q.Scalar}}
	case *qdrant.QuantizationConfigDiff_Product:
		return &qdrant.QuantizationConfig{Quantization: &qdrant.QuantizationConfig_Product{Product: q.Product}}
	case *qdrant.QuantizationConfigDiff_Binary:
		return &qdrant.QuantizationConfig{Quantization: &qdrant.QuantizationConfig_Binary{Binary: q.Binary}}
	case *qdrant.QuantizationConfigDiff_Disabled:
		return nil
	}
	return old
}

func (s *collectionsService) Delete(ctx context.Context, req *qdrant.DeleteCollection) (*qdrant.CollectionOperationResponse, error) {
	start, found := time.Now(), false
	err := s.db.submit(ctx, &job{alone: func() ([]mutation, func(), error) {
		cat := s.db.catalog()
		c, ok := cat.collections[req.GetCollectionName()]
		if !ok {
			return nil, func() {}, nil
		}
		found = true
		next := cat.clone()
		delete(next.collections, c.name)
		store := []mutation{listed(collectionPrefix+c.name, nil), {bucket: c.id}, {bucket: c.id | ghostBit}}
		for alias, target := range cat.aliases {
			if target == c.name {
				delete(next.aliases, alias)
				store = append(store, listed(aliasPrefix+alias, nil))
			}
		}
		return store, func() { s.db.current.Store(next) }, nil
	}}, true)
	if err != nil {
		return nil, err
	}
	return done(start, found, nil)
}

func (s *collectionsService) Get(_ context.Context, req *qdrant.GetCollectionInfoRequest) (*qdrant.GetCollectionInfoResponse, error) {
	start := time.Now()
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return &qdrant.GetCollectionInfoResponse{Result: c.info(), Time: since(start)}, nil
}

func (c *collection) info() *qdrant.CollectionInfo {
	c.mu.RLock()
	defer c.mu.RUnlock()
	info := &qdrant.CollectionInfo{
		Status:          qdrant.CollectionStatus_Green,
		OptimizerStatus: &qdrant.OptimizerStatus{Ok: true},
		SegmentsCount:   1,
		Config:          c.config,
		PointsCount:     proto.Uint64(uint64(c.size)),
		PayloadSchema:   map[string]*qdrant.PayloadSchemaInfo{},
	}
	if c.fault != nil {
		info.Status = qdrant.CollectionStatus_Red
		info.OptimizerStatus = &qdrant.OptimizerStatus{Error: c.fault.Error()}
	}
	info.IndexedVectorsCount = proto.Uint64(uint64(c.vectors())) // all of them are searchable at once
	for field, schema := range c.schema {
		info.PayloadSchema[field] = &qdrant.PayloadSchemaInfo{
			DataType: schema.DataType, Params: schema.Params, Points: proto.Uint64(c.indexes[field].indexed.GetCardinality()),
		}
	}
	return info
}

func (s *collectionsService) List(context.Context, *qdrant.ListCollectionsRequest) (*qdrant.ListCollectionsResponse, error) {
	start := time.Now()
	resp := &qdrant.ListCollectionsResponse{}
	for _, name := range sortedKeys(s.db.catalog().collections) {
		resp.Collections = append(resp.Collections, &qdrant.CollectionDescription{Name: name})
	}
	resp.Time = since(start)
	return resp, nil
}

func (s *collectionsService) CollectionExists(_ context.Context, req *qdrant.CollectionExistsRequest) (*qdrant.CollectionExistsResponse, error) {
	start := time.Now()
	_, err := s.db.catalog().find(req.GetCollectionName())
	return &qdrant.CollectionExistsResponse{Result: &qdrant.CollectionExists{Exists: err == nil}, Time: since(start)}, nil
}

func (s *collectionsService) UpdateAliases(ctx context.Context, req *qdrant.ChangeAliases) (*qdrant.CollectionOperationResponse, error) {
	start := time.Now()
	err := s.db.submit(ctx, &job{alone: func() ([]mutation, func(), error) {
		old := s.db.catalog()
		next := old.clone()
		for _, a := range req.GetActions() {
			if err := next.changeAlias(a); err != nil {
				return nil, nil, err
			}
		}
		var store []mutation
		for alias := range old.aliases {
			if !has(next.aliases, alias) {
				store = append(store, listed(aliasPrefix+alias, nil))
			}
		}
		for alias, target := range next.aliases {
			if old.aliases[alias] != target {
				store = append(store, listed(aliasPrefix+alias, []byte(target)))
			}
		}
		return store, func() { s.db.current.Store(next) }, nil
	}}, true)
	return done(start, true, err)
}

func (c *catalog) changeAlias(a *qdrant.AliasOperations) error {
	switch a := a.GetAction().(type) {
	case *qdrant.AliasOperations_CreateAlias:
		alias, target := a.CreateAlias.GetAliasName(), a.CreateAlias.GetCollectionName()
		if !has(c.collections, target) {
			return noCollection(target)
		}
		if has(c.collections, alias) {
			return status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", alias)
		}
		if problem := nameProblem(alias, "/\x00"); problem != "" {
			return invalid("Validation error in body: [alias_name: %s]", problem)
		}
		c.aliases[alias] = target
	case *qdrant.AliasOperations_RenameAlias:
		from, to := a.RenameAlias.GetOldAliasName(), a.RenameAlias.GetNewAliasName()
		target, ok := c.aliases[from]
		if !ok {
			return notFound("Alias %s does not exists!", from)
		}
		if has(c.collections, to) {
			return status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", to)
		}
		delete(c.aliases, from)
		c.aliases[to] = target
	case *qdrant.AliasOperations_DeleteAlias:
		delete(c.aliases, a.DeleteAlias.GetAliasName())
	default:
		return invalid("Malformed AliasOperation type")
	}
	return nil
}

func (s *collectionsService) ListAliases(context.Context, *qdrant.ListAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	start := time.Now()
	return &qdrant.ListAliasesResponse{Aliases: s.db.catalog().describeAliases(func(string) bool { return true }), Time: since(start)}, nil
}

func (s *collectionsService) ListCollectionAliases(_ context.Context, req *qdrant.ListCollectionAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	start := time.Now()
	cat := s.db.catalog()
	if !has(cat.collections, req.GetCollectionName()) {
		return nil, noCollection(req.GetCollectionName())
	}
	only := func(target string) bool { return target == req.GetCollectionName() }
	return &qdrant.ListAliasesResponse{Aliases: cat.describeAliases(only), Time: since(start)}, nil
}

func (c *catalog) describeAliases(wanted func(target string) bool) []*qdrant.AliasDescription {
	var out []*qdrant.AliasDescription
	for _, alias := range slices.Sorted(maps.Keys(c.aliases)) {
		if target := c.aliases[alias]; wanted(target) {
			out = append(out, &qdrant.AliasDescription{AliasName: alias, CollectionName: target})
		}
	}
	return out
}

func (s *collectionsService) CollectionClusterInfo(_ context.Context, req *qdrant.CollectionClusterInfoRequest) (*qdrant.CollectionClusterInfoResponse, error) {
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return &qdrant.CollectionClusterInfoResponse{
		ShardCount:  1,
		LocalShards: []*qdrant.LocalShardInfo{{PointsCount: uint64(c.size), State: qdrant.ReplicaState_Active}},
	}, nil
}

const oneNode = "%s: this store is one node without shards; filter by a payload field instead of a shard key, or use a Qdrant cluster"

func (s *collectionsService) UpdateCollectionClusterSetup(context.Context, *qdrant.UpdateCollectionClusterSetupRequest) (*qdrant.UpdateCollectionClusterSetupResponse, error) {
	return nil, invalid("Bad request: Distributed mode disabled") // as a Qdrant that runs by itself
}

func (s *collectionsService) CreateShardKey(context.Context, *qdrant.CreateShardKeyRequest) (*qdrant.CreateShardKeyResponse, error) {
	return nil, unimplemented(oneNode, "CreateShardKey")
}

func (s *collectionsService) DeleteShardKey(context.Context, *qdrant.DeleteShardKeyRequest) (*qdrant.DeleteShardKeyResponse, error) {
	return nil, unimplemented(oneNode, "DeleteShardKey")
}

func (s *collectionsService) ListShardKeys(context.Context, *qdrant.ListShardKeysRequest) (*qdrant.ListShardKeysResponse, error) {
	return nil, unimplemented(oneNode, "ListShardKeys")
}
