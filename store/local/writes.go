package local

//lint:file-ignore SA1019 a batch may still hold the deprecated operations

import (
	"context"
	"errors"
	"maps"

	"github.com/qdrant/go-client/qdrant"
)

// operation is one change of the points of a collection, read and checked as far as that can be done beforehand.
type operation func(ctx context.Context, d *draft) error

// appliedError reports what an operation could not do although it did the rest: Qdrant, told to set the payload of points
// of which one is not there, sets that of the others and answers NotFound.
type appliedError struct{ error }

func (e appliedError) Unwrap() error { return e.error }

// failing is an operation that is known to fail when it is tried. A caller who does not wait never learns of it, as in Qdrant.
func failing(err error) operation {
	return func(context.Context, *draft) error { return err }
}

var errNothingToUpdate = invalid("Bad request: Empty update request")

// target is which points an operation is for: those listed, or those that a filter holds for.
type target struct {
	ids    []pointID
	filter *qdrant.Filter
}

func newTarget(s *qdrant.PointsSelector, missing string) (target, error) {
	switch o := s.GetPointsSelectorOneOf().(type) {
	case *qdrant.PointsSelector_Points:
		ids, err := parsePointIDs(o.Points.GetIds())
		if err == nil && len(ids) == 0 {
			err = errNothingToUpdate
		}
		return target{ids: ids}, err
	case *qdrant.PointsSelector_Filter:
		f := o.Filter
		if f == nil {
			f = &qdrant.Filter{}
		}
		return target{filter: f}, nil
	}
	return target{}, invalid("%s", missing)
}

// records returns the points of the target that are there. Points listed but not there make up the error.
func (t target) records(ctx context.Context, d *draft) (found []*record, missing error) {
	ids := t.ids
	if t.filter != nil {
		cond, err := compileFilter(d.c, t.filter)
		if err != nil {
			return nil, err
		}
		if ids, err = d.matching(ctx, cond); err != nil {
			return nil, err
		}
	}
	seen := make(map[pointID]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if r := d.get(id); r != nil {
			found = append(found, r)
		} else if missing == nil {
			missing = appliedError{noPoint(id)}
		}
	}
	return found, missing
}

// edit builds an operation that replaces every point of the target by what change makes of it.
func edit(t target, change func(r *record) *record) operation {
	return func(ctx context.Context, d *draft) error {
		version := d.next()
		found, err := t.records(ctx, d)
		if err != nil && !errors.As(err, new(appliedError)) {
			return err
		}
		if err := every(ctx, len(found), func(i int) {
			next := *change(found[i])
			next.version, next.value = version, nil
			d.put(&next)
		}); err != nil {
			return err
		}
		return err
	}
}

func withPayload(r *record, payload fields) *record {
	return &record{id: r.id, payload: payload, vectors: r.vectors}
}

func withVectors(r *record, vectors map[string]vector) *record {
	return &record{id: r.id, payload: r.payload, raw: r.raw, vectors: vectors}
}

func removeOperation(t target) operation {
	return func(ctx context.Context, d *draft) error {
		d.next()
		found, err := t.records(ctx, d)
		if err != nil && !errors.As(err, new(appliedError)) {
			return err
		}
		for _, r := range found {
			d.remove(r.id)
		}
		return nil
	}
}

// upsert is what Upsert, or an upsert of a batch, asks for.
type upsert interface {
	GetPoints() []*qdrant.PointStruct
	GetUpdateFilter() *qdrant.Filter
	GetUpdateMode() qdrant.UpdateMode
}

func (c *collection) upsertOperation(req upsert, partial bool) (operation, error) {
	if len(req.GetPoints()) == 0 {
		return nil, errNothingToUpdate
	}
	records := make([]*record, 0, len(req.GetPoints()))
	var late error // found where Qdrant finds it only when it applies the operation
	for _, p := range req.GetPoints() {
		r, err := newRecord(p)
		if err != nil {
			return nil, err
		}
		if r.vectors, err = c.fit(r.vectors); err == nil {
			records = append(records, r)
		} else if late == nil {
			late = err
		}
	}
	if late != nil {
		if !partial {
			return failing(late), nil
		}
		late = appliedError{late}
	}
	for _, r := range records {
		var err error
		if r.value, err = encodeBody(r); err != nil {
			return nil, err
		}
		// Of the request nothing is kept: the caller of a client within the process may change it once it has its answer.
		r.payload, r.raw = nil, value(r.value).payload()
	}
	filter, mode := req.GetUpdateFilter(), req.GetUpdateMode()
	return func(_ context.Context, d *draft) error {
		version := d.next()
		cond, err := compileFilter(d.c, filter)
		if err != nil {
			return err
		}
		put := make(map[pointID]*record, len(records)) // of two points with one id the last wins
		for _, r := range records {
			old := d.get(r.id)
			switch {
			case old == nil && mode == qdrant.UpdateMode_UpdateOnly, old != nil && mode == qdrant.UpdateMode_InsertOnly:
				continue
			case old != nil && !cond.check(old.subject()):
				continue
			}
			next := *r
			next.version = version
			put[r.id] = &next
		}
		maps.Copy(d.changed, put)
		return late
	}, nil
}

func newRecord(p *qdrant.PointStruct) (*record, error) {
	id, err := parsePointID(p.GetId())
	if err != nil {
		return nil, err
	}
	payload, err := normalPayload(p.GetPayload())
	if err != nil {
		return nil, err
	}
	vectors, err := parseVectors(p.GetVectors())
	if err != nil {
		return nil, err
	}
	return &record{id: id, payload: payload, vectors: vectors}, nil
}

// fit makes vectors what the collection keeps.
func (c *collection) fit(vectors map[string]vector) (map[string]vector, error) {
	out := make(map[string]vector, len(vectors))
	for _, name := range sortedKeys(vectors) {
		s := c.spaces[name]
		if s == nil {
			return nil, noVectorName(name)
		}
		v, err := s.fit(vectors[name])
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// vectorUpdate is what UpdateVectors, or such an operation of a batch, asks for.
type vectorUpdate interface {
	GetPoints() []*qdrant.PointVectors
	GetUpdateFilter() *qdrant.Filter
}

func (c *collection) updateVectorsOperation(req vectorUpdate) (operation, error) {
	var late error
	records := make([]*record, 0, len(req.GetPoints()))
	for _, p := range req.GetPoints() {
		if p.GetId() == nil {
			return nil, invalid("id is expected")
		}
		if p.GetVectors() == nil {
			return nil, invalid("vectors is expected")
		}
		r, err := newRecord(&qdrant.PointStruct{Id: p.GetId(), Vectors: p.GetVectors()})
		if err != nil {
			return nil, err
		}
		if r.vectors, err = c.fit(r.vectors); err != nil && late == nil {
			late = err
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil, errNothingToUpdate
	}
	if late != nil {
		return failing(late), nil
	}
	filter := req.GetUpdateFilter()
	return func(_ context.Context, d *draft) error {
		version := d.next()
		cond, err := compileFilter(d.c, filter)
		if err != nil {
			return err
		}
		var missing error
		allowed := map[pointID]bool{}
		for _, r := range records {
			old := d.get(r.id)
			if old == nil {
				if missing == nil {
					missing = appliedError{noPoint(r.id)}
				}
				continue
			}
			if !has(allowed, r.id) {
				allowed[r.id] = cond.check(old.subject())
			}
			if !allowed[r.id] {
				continue
			}
			vectors := maps.Clone(old.vectors)
			maps.Copy(vectors, r.vectors)
			next := withVectors(old, vectors)
			next.version = version
			d.put(next)
		}
		return missing
	}, nil
}

// vectorDelete is what DeleteVectors, or such an operation of a batch, asks for.
type vectorDelete interface {
	GetPointsSelector() *qdrant.PointsSelector
	GetVectors() *qdrant.VectorsSelector
}

func (c *collection) deleteVectorsOperation(req vectorDelete) (operation, error) {
	t, err := newTarget(req.GetPointsSelector(), "PointSelector is missing")
	if err != nil {
		return nil, err
	}
	if req.GetVectors() == nil {
		return nil, invalid("vectors is expected")
	}
	names := req.GetVectors().GetNames()
	if len(names) == 0 {
		return nil, invalid("Validation error in body: [vector_names: must specify vector names to delete]")
	}
	for _, name := range names {
		if c.spaces[name] == nil {
			return failing(noVectorName(name)), nil
		}
	}
	return edit(t, func(r *record) *record {
		vectors := maps.Clone(r.vectors)
		for _, name := range names {
			delete(vectors, name)
		}
		return withVectors(r, vectors)
	}), nil
}

// payloadUpdate is what SetPayload and OverwritePayload, or such operations of a batch, ask for.
type payloadUpdate interface {
	GetPayload() map[string]*qdrant.Value
	GetPointsSelector() *qdrant.PointsSelector
	GetKey() string
}

func setPayloadOperation(req payloadUpdate, hasKey bool) (operation, error) {
	t, err := newTarget(req.GetPointsSelector(), "points_selector is expected")
	if err != nil {
		return nil, err
	}
	payload, err := normalPayload(req.GetPayload())
	if err != nil {
		return nil, err
	}
	if !hasKey {
		return edit(t, func(r *record) *record { return withPayload(r, merged(r.fields(), payload)) }), nil
	}
	p, err := parsePath(req.GetKey())
	if err != nil {
		return nil, err
	}
	return edit(t, func(r *record) *record { return withPayload(r, setAt(r.fields(), p, payload)) }), nil
}

func overwritePayloadOperation(req payloadUpdate) (operation, error) {
	t, err := newTarget(req.GetPointsSelector(), "points_selector is expected")
	if err != nil {
		return nil, err
	}
	payload, err := normalPayload(req.GetPayload())
	if err != nil {
		return nil, err
	}
	return edit(t, func(r *record) *record { return withPayload(r, payload) }), nil
}

// payloadDelete is what DeletePayload, or such an operation of a batch, asks for.
type payloadDelete interface {
	GetKeys() []string
	GetPointsSelector() *qdrant.PointsSelector
}

func deletePayloadOperation(req payloadDelete) (operation, error) {
	t, err := newTarget(req.GetPointsSelector(), "points_selector is expected")
	if err != nil {
		return nil, err
	}
	var paths []path
	for _, key := range req.GetKeys() {
		p, err := parsePath(key)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return edit(t, func(r *record) *record {
		payload := r.fields()
		for _, p := range paths {
			payload = without(payload, p)
		}
		return withPayload(r, payload)
	}), nil
}

func clearPayloadOperation(s *qdrant.PointsSelector) (operation, error) {
	t, err := newTarget(s, "PointSelector is missing")
	if err != nil {
		return nil, err
	}
	return edit(t, func(r *record) *record { return withPayload(r, nil) }), nil
}

func deleteOperation(s *qdrant.PointsSelector) (operation, error) {
	t, err := newTarget(s, "PointSelector is missing")
	return removeOperation(t), err
}

// batchOperation reads one operation of UpdateBatch.
func (c *collection) batchOperation(in *qdrant.PointsUpdateOperation) (operation, error) {
	switch o := in.GetOperation().(type) {
	case *qdrant.PointsUpdateOperation_Upsert:
		return c.upsertOperation(o.Upsert, false)
	case *qdrant.PointsUpdateOperation_UpdateVectors_:
		return c.updateVectorsOperation(o.UpdateVectors)
	case *qdrant.PointsUpdateOperation_DeleteVectors_:
		return c.deleteVectorsOperation(o.DeleteVectors)
	case *qdrant.PointsUpdateOperation_SetPayload_:
		return setPayloadOperation(o.SetPayload, o.SetPayload.GetKey() != "")
	case *qdrant.PointsUpdateOperation_OverwritePayload_:
		return overwritePayloadOperation(o.OverwritePayload)
	case *qdrant.PointsUpdateOperation_DeletePayload_:
		return deletePayloadOperation(o.DeletePayload)
	case *qdrant.PointsUpdateOperation_ClearPayload_:
		return clearPayloadOperation(o.ClearPayload.GetPoints())
	case *qdrant.PointsUpdateOperation_DeletePoints_:
		return deleteOperation(o.DeletePoints.GetPoints())
	case *qdrant.PointsUpdateOperation_ClearPayloadDeprecated:
		return clearPayloadOperation(o.ClearPayloadDeprecated)
	case *qdrant.PointsUpdateOperation_DeleteDeprecated:
		return deleteOperation(o.DeleteDeprecated)
	}
	return nil, invalid("Operation is missing")
}
