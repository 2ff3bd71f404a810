package local

import (
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// answer says which parts of a point a call wants back.
type answer struct {
	payload *selector
	vectors []string // names; none if empty
	unnamed bool     // the collection's one vector has no name, and is answered without
}

func (c *collection) newAnswer(payload *qdrant.WithPayloadSelector, byDefault bool, vectors *qdrant.WithVectorsSelector) (*answer, error) {
	s, err := newSelector(payload, byDefault)
	if err != nil {
		return nil, err
	}
	a := &answer{payload: s}
	_, a.unnamed = c.spaces[""]
	if vectors == nil {
		return a, nil
	}
	switch o := vectors.GetSelectorOptions().(type) {
	case *qdrant.WithVectorsSelector_Enable:
		if o.Enable {
			a.vectors = sortedKeys(c.spaces)
		}
	case *qdrant.WithVectorsSelector_Include:
		for _, name := range o.Include.GetNames() {
			if c.spaces[name] == nil {
				return nil, noVectorName(name)
			}
			a.vectors = append(a.vectors, name)
		}
	default:
		return nil, invalid("No vectors selector")
	}
	return a, nil
}

// payloadOf returns the wanted part of a point's payload.
func (a *answer) payloadOf(c *collection, slot uint32) fields {
	if a.payload.nothing() {
		return nil
	}
	if a.payload.whole() {
		return c.document(slot).all()
	}
	some := c.document(slot).some(a.payload.most(), a.payload.touches)
	if a.payload.flat() {
		return some
	}
	return a.payload.of(some)
}

// vectorsOf returns copies of the wanted vectors of a point: the answer is sent when the collection may have changed.
func (a *answer) vectorsOf(c *collection, slot uint32) *qdrant.VectorsOutput {
	if len(a.vectors) == 0 {
		return nil
	}
	named := map[string]*qdrant.VectorOutput{}
	for _, name := range a.vectors {
		if v, ok := c.vector(slot, name); ok {
			v.dense, v.indices, v.values = slices.Clone(v.dense), slices.Clone(v.indices), slices.Clone(v.values)
			named[name] = c.spaces[name].output(v)
		}
	}
	if one := named[""]; one != nil && len(named) == 1 && a.unnamed {
		return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vector{Vector: one}}
	}
	return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vectors{Vectors: &qdrant.NamedVectorsOutput{Vectors: named}}}
}

func (a *answer) retrieved(c *collection, slot uint32) *qdrant.RetrievedPoint {
	return &qdrant.RetrievedPoint{Id: c.points[slot].id.proto(), Payload: a.payloadOf(c, slot), Vectors: a.vectorsOf(c, slot)}
}

func (a *answer) retrievedAll(ctx context.Context, c *collection, slots []uint32) ([]*qdrant.RetrievedPoint, error) {
	if len(slots) == 0 {
		return nil, nil
	}
	out := make([]*qdrant.RetrievedPoint, len(slots))
	return out, every(ctx, len(slots), func(i int) { out[i] = a.retrieved(c, slots[i]) })
}

// hit is a point among the results of a query.
type hit struct {
	slot  uint32
	score float32
	order *qdrant.OrderValue // of a query that orders by a field
	plain bool               // not from a search: its version is not told
}

func (a *answer) scored(c *collection, h hit) *qdrant.ScoredPoint {
	p := &qdrant.ScoredPoint{
		Id: c.points[h.slot].id.proto(), Score: h.score, Payload: a.payloadOf(c, h.slot), Vectors: a.vectorsOf(c, h.slot),
		OrderValue: h.order,
	}
	if !h.plain {
		p.Version = c.points[h.slot].version()
	}
	return p
}

func (a *answer) scoredAll(ctx context.Context, c *collection, hits []hit) ([]*qdrant.ScoredPoint, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	out := make([]*qdrant.ScoredPoint, len(hits))
	return out, every(ctx, len(hits), func(i int) { out[i] = a.scored(c, hits[i]) })
}
