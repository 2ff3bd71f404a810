package local

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// pointsService answers the calls on points: this file those that write, reads.go, query.go and older.go the others.
type pointsService struct {
	qdrant.UnimplementedPointsServer
	db *DB
}

// change is what all calls that write have.
type change interface {
	GetCollectionName() string
	GetWait() bool
}

// write makes the operations of one call, all of them or none, and returns their numbers.
func (s *pointsService) write(ctx context.Context, req change, prepare func(c *collection) ([]operation, error)) ([]*qdrant.UpdateResult, error) {
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	operations, err := prepare(c)
	if err != nil {
		return nil, err
	}
	numbers := make([]uint64, len(operations))
	state := qdrant.UpdateStatus_Completed
	if !req.GetWait() {
		state = qdrant.UpdateStatus_Acknowledged
		ctx = context.WithoutCancel(ctx)
	}
	err = s.db.submit(ctx, &job{collection: c, points: func(d *draft) error {
		for i, operate := range operations {
			err := operate(ctx, d)
			if applied := (appliedError{}); len(operations) > 1 && errors.As(err, &applied) {
				err = applied.error // a batch is all or nothing
			}
			if numbers[i] = *d.operations; err != nil {
				return err
			}
		}
		return nil
	}}, req.GetWait())
	if err != nil {
		return nil, err
	}
	results := make([]*qdrant.UpdateResult, len(operations))
	for i := range results {
		results[i] = &qdrant.UpdateResult{Status: state}
		if req.GetWait() {
			results[i].OperationId = proto.Uint64(numbers[i])
		}
	}
	return results, nil
}

// writeOne is write for a call of one operation.
func (s *pointsService) writeOne(ctx context.Context, req change, prepare func(c *collection) (operation, error)) (*qdrant.PointsOperationResponse, error) {
	start := time.Now()
	results, err := s.write(ctx, req, func(c *collection) ([]operation, error) {
		o, err := prepare(c)
		return []operation{o}, err
	})
	if err != nil {
		return nil, err
	}
	return &qdrant.PointsOperationResponse{Result: results[0], Time: since(start), Usage: &qdrant.Usage{}}, nil
}

func (s *pointsService) Upsert(ctx context.Context, req *qdrant.UpsertPoints) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(c *collection) (operation, error) { return c.upsertOperation(req, s.db.options.PartialUpserts) })
}

func (s *pointsService) Delete(ctx context.Context, req *qdrant.DeletePoints) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(*collection) (operation, error) { return deleteOperation(req.GetPoints()) })
}

func (s *pointsService) UpdateVectors(ctx context.Context, req *qdrant.UpdatePointVectors) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(c *collection) (operation, error) { return c.updateVectorsOperation(req) })
}

func (s *pointsService) DeleteVectors(ctx context.Context, req *qdrant.DeletePointVectors) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(c *collection) (operation, error) { return c.deleteVectorsOperation(req) })
}

func (s *pointsService) SetPayload(ctx context.Context, req *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(*collection) (operation, error) { return setPayloadOperation(req, req.Key != nil) })
}

func (s *pointsService) OverwritePayload(ctx context.Context, req *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(*collection) (operation, error) { return overwritePayloadOperation(req) })
}

func (s *pointsService) DeletePayload(ctx context.Context, req *qdrant.DeletePayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(*collection) (operation, error) { return deletePayloadOperation(req) })
}

func (s *pointsService) ClearPayload(ctx context.Context, req *qdrant.ClearPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.writeOne(ctx, req, func(*collection) (operation, error) { return clearPayloadOperation(req.GetPoints()) })
}

func (s *pointsService) UpdateBatch(ctx context.Context, req *qdrant.UpdateBatchPoints) (*qdrant.UpdateBatchResponse, error) {
	start := time.Now()
	results, err := s.write(ctx, req, func(c *collection) ([]operation, error) {
		var list []operation
		for _, in := range req.GetOperations() {
			o, err := c.batchOperation(in)
			if err != nil {
				return nil, err
			}
			list = append(list, o)
		}
		return list, nil
	})
	if err != nil {
		return nil, err
	}
	return &qdrant.UpdateBatchResponse{Result: results, Time: since(start), Usage: &qdrant.Usage{}}, nil
}

// schemaTypes turns the type of a call into that of an answer.
var schemaTypes = map[qdrant.FieldType]qdrant.PayloadSchemaType{
	qdrant.FieldType_FieldTypeKeyword:  qdrant.PayloadSchemaType_Keyword,
	qdrant.FieldType_FieldTypeInteger:  qdrant.PayloadSchemaType_Integer,
	qdrant.FieldType_FieldTypeFloat:    qdrant.PayloadSchemaType_Float,
	qdrant.FieldType_FieldTypeGeo:      qdrant.PayloadSchemaType_Geo,
	qdrant.FieldType_FieldTypeText:     qdrant.PayloadSchemaType_Text,
	qdrant.FieldType_FieldTypeBool:     qdrant.PayloadSchemaType_Bool,
	qdrant.FieldType_FieldTypeDatetime: qdrant.PayloadSchemaType_Datetime,
	qdrant.FieldType_FieldTypeUuid:     qdrant.PayloadSchemaType_Uuid,
}

// typeOf returns the type of index that parameters are for.
func typeOf(p *qdrant.PayloadIndexParams) (t qdrant.FieldType, any bool) {
	switch p.GetIndexParams().(type) {
	case *qdrant.PayloadIndexParams_KeywordIndexParams:
		return qdrant.FieldType_FieldTypeKeyword, true
	case *qdrant.PayloadIndexParams_IntegerIndexParams:
		return qdrant.FieldType_FieldTypeInteger, true
	case *qdrant.PayloadIndexParams_FloatIndexParams:
		return qdrant.FieldType_FieldTypeFloat, true
	case *qdrant.PayloadIndexParams_GeoIndexParams:
		return qdrant.FieldType_FieldTypeGeo, true
	case *qdrant.PayloadIndexParams_TextIndexParams:
		return qdrant.FieldType_FieldTypeText, true
	case *qdrant.PayloadIndexParams_BoolIndexParams:
		return qdrant.FieldType_FieldTypeBool, true
	case *qdrant.PayloadIndexParams_DatetimeIndexParams:
		return qdrant.FieldType_FieldTypeDatetime, true
	case *qdrant.PayloadIndexParams_UuidIndexParams:
		return qdrant.FieldType_FieldTypeUuid, true
	}
	return 0, false
}

func newSchema(req *qdrant.CreateFieldIndexCollection) (*qdrant.PayloadSchemaInfo, error) {
	if req.FieldType == nil {
		return nil, invalid("cannot convert field_type")
	}
	kind, ok := schemaTypes[req.GetFieldType()]
	if !ok {
		return nil, invalid("field type is missing")
	}
	info := &qdrant.PayloadSchemaInfo{DataType: kind}
	if t, any := typeOf(req.GetFieldIndexParams()); any {
		if t != req.GetFieldType() {
			return nil, invalid("field_type (%s) and field_index_params do not match", req.GetFieldType())
		}
		info.Params = req.GetFieldIndexParams()
	}
	return info, nil
}

func (s *pointsService) CreateFieldIndex(ctx context.Context, req *qdrant.CreateFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	info, err := newSchema(req)
	if err != nil {
		return nil, err
	}
	x, err := newFieldIndex(req.GetFieldName(), info)
	if err != nil {
		return nil, err
	}
	return s.changeSchema(ctx, req, func(c *collection) (map[string]*qdrant.PayloadSchemaInfo, func()) {
		field := x.path.text
		schema := maps.Clone(c.schema)
		schema[field] = info
		return schema, func() {
			if old := c.schema[field]; old == nil || !proto.Equal(old, info) {
				c.setIndex(field, info, x)
			}
		}
	})
}

func (s *pointsService) DeleteFieldIndex(ctx context.Context, req *qdrant.DeleteFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	if _, err := parsePath(req.GetFieldName()); err != nil {
		return nil, err
	}
	return s.changeSchema(ctx, req, func(c *collection) (map[string]*qdrant.PayloadSchemaInfo, func()) {
		schema := maps.Clone(c.schema)
		delete(schema, req.GetFieldName())
		return schema, func() {
			delete(c.schema, req.GetFieldName())
			c.dropIndex(req.GetFieldName())
		}
	})
}

// changeSchema stores a collection's new schema and then shows it. It counts as two operations, as in Qdrant.
func (s *pointsService) changeSchema(ctx context.Context, req change, plan func(c *collection) (map[string]*qdrant.PayloadSchemaInfo, func())) (*qdrant.PointsOperationResponse, error) {
	start := time.Now()
	c, err := s.db.catalog().find(req.GetCollectionName())
	if err != nil {
		return nil, err
	}
	number := uint64(0)
	err = s.db.submit(ctx, &job{collection: c, alone: func() ([]mutation, func(), error) {
		if s.db.catalog().collections[c.name] != c {
			return nil, nil, noCollection(c.name)
		}
		schema, show := plan(c)
		described, err := encodeCollection(c.id, c.config, schema)
		return []mutation{listed(collectionPrefix+c.name, described)}, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			show()
			c.operations += 2
			number = c.operations
		}, err
	}}, true)
	if err != nil {
		return nil, err
	}
	result := &qdrant.UpdateResult{OperationId: proto.Uint64(number), Status: qdrant.UpdateStatus_Completed}
	if !req.GetWait() {
		result.Status = qdrant.UpdateStatus_Acknowledged
	}
	return &qdrant.PointsOperationResponse{Result: result, Time: since(start), Usage: &qdrant.Usage{}}, nil
}
