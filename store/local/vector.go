package local

//lint:file-ignore SA1019 clients of before 1.16 send nothing but the deprecated fields, and 1.16 answers in them

import (
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// space is what a collection says of one of its vector names.
type space struct {
	name     string
	sparse   bool
	multi    bool // a point has any number of rows
	size     int  // of a dense row
	distance qdrant.Distance
	datatype qdrant.Datatype
	idf      bool // sparse: the rarer an index, the more it weighs
}

// vector is what a point, or a query, has in one space: rows of equal length end to end, or a sparse vector.
type vector struct {
	dense []float32
	rows  int  // 1 but in a multivector; 0 of a sparse one
	multi bool // a multivector, be it of one row
	sparse
}

// sparse is a vector given by its non-zero places, in ascending order.
type sparse struct {
	indices []uint32
	values  []float32
}

func (v vector) isSparse() bool { return v.rows == 0 }

// bytes is what a vector takes in the space's datatype.
func (s *space) bytes(v vector) uint64 {
	width := 4
	switch s.datatype {
	case qdrant.Datatype_Float16:
		width = 2
	case qdrant.Datatype_Uint8:
		width = 1
	}
	return uint64(width*(len(v.dense)+len(v.values)) + 4*len(v.indices))
}

func (v vector) row(i int) []float32 {
	n := len(v.dense) / v.rows
	return v.dense[i*n : (i+1)*n]
}

// maxMultivector bounds the floats of one multivector, as Qdrant does.
const maxMultivector = 1 << 20

func newMultivector(rows [][]float32) (vector, error) {
	if len(rows) == 0 {
		return vector{}, invalid("Validation error in body: [vectors: multivector must not be empty]")
	}
	v := vector{rows: len(rows), multi: true, dense: make([]float32, 0, len(rows)*len(rows[0]))}
	for _, row := range rows {
		if len(row) == 0 || len(row) != len(rows[0]) {
			return vector{}, invalid("Validation error in body: [vectors: all rows of a multivector must have the same, positive length]")
		}
		v.dense = append(v.dense, row...)
	}
	if len(v.dense) > maxMultivector {
		return vector{}, invalid("Validation error in body: [vectors: multivector must not hold more than %d values]", maxMultivector)
	}
	return v, nil
}

func newSparse(indices []uint32, values []float32) (vector, error) {
	if len(indices) != len(values) {
		return vector{}, invalid("Validation error in body: [values: must be the same length as indices]")
	}
	s := sparse{slices.Clone(indices), slices.Clone(values)}
	if !slices.IsSorted(s.indices) {
		order := make([]int, len(indices))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return int(int64(indices[a]) - int64(indices[b])) })
		for i, from := range order {
			s.indices[i], s.values[i] = indices[from], values[from]
		}
	}
	for i := range s.indices[min(1, len(s.indices)):] {
		if s.indices[i] == s.indices[i+1] {
			return vector{}, invalid("Validation error in body: [indices: must be unique]")
		}
	}
	return vector{sparse: s}, nil
}

func newDense(data []float32) vector { return vector{dense: data, rows: 1} }

const noInference = "vectors from documents, images and objects are not made here: embed them first and send the vector"

// parseVector reads a vector in the current and in the deprecated form of the message.
func parseVector(in *qdrant.Vector) (vector, error) {
	switch o := in.GetVector().(type) {
	case *qdrant.Vector_Dense:
		return newDense(o.Dense.GetData()), nil
	case *qdrant.Vector_Sparse:
		return newSparse(o.Sparse.GetIndices(), o.Sparse.GetValues())
	case *qdrant.Vector_MultiDense:
		return newMultivector(rowsOf(o.MultiDense))
	case nil:
		return parseOldVector(in.GetData(), in.Indices, in.VectorsCount)
	}
	return vector{}, unimplemented(noInference)
}

func parseOldVector(data []float32, indices *qdrant.SparseIndices, count *uint32) (vector, error) {
	switch {
	case indices != nil && count != nil:
		return vector{}, invalid("Validation error in body: [indices: `indices` and `vectors_count` cannot be both specified]")
	case indices != nil:
		return newSparse(indices.GetData(), data)
	case count != nil:
		n := int(*count)
		if n == 0 || len(data) == 0 || len(data)%n != 0 {
			return vector{}, invalid("Validation error in body: [vectors_count: %d rows cannot be made of %d values]", n, len(data))
		}
		return newMultivector(slices.Collect(slices.Chunk(data, len(data)/n)))
	}
	return newDense(data), nil
}

func rowsOf(m *qdrant.MultiDenseVector) [][]float32 {
	rows := make([][]float32, len(m.GetVectors()))
	for i, row := range m.GetVectors() {
		rows[i] = row.GetData()
	}
	return rows
}

// parseVectors reads the vectors of a point by name; the unnamed one has the name "".
func parseVectors(in *qdrant.Vectors) (map[string]vector, error) {
	switch o := in.GetVectorsOptions().(type) {
	case *qdrant.Vectors_Vector:
		v, err := parseVector(o.Vector)
		if err != nil {
			return nil, err
		}
		if v.isSparse() {
			return nil, invalid("Sparse vector must be named")
		}
		return map[string]vector{"": v}, nil
	case *qdrant.Vectors_Vectors:
		out := make(map[string]vector, len(o.Vectors.GetVectors()))
		for name, one := range o.Vectors.GetVectors() {
			v, err := parseVector(one)
			if err != nil {
				return nil, err
			}
			out[name] = v
		}
		return out, nil
	}
	return nil, invalid("Expected some vectors")
}

// fit makes v what the space keeps and compares: checked, rounded to its data type, of unit length under cosine.
// It does not change v's own arrays.
func (s *space) fit(v vector) (vector, error) {
	if v.isSparse() != s.sparse {
		return vector{}, errConversion
	}
	if s.sparse {
		return v, s.checkFinite(v.values)
	}
	if !s.multi && v.rows != 1 {
		return vector{}, invalid("Wrong input: Conversion between multi and regular vectors failed")
	}
	if len(v.dense) != v.rows*s.size {
		return vector{}, invalid("Wrong input: Vector dimension error: expected dim: %d, got %d", s.size, len(v.dense)/v.rows)
	}
	if err := s.checkFinite(v.dense); err != nil {
		return vector{}, err
	}
	out := vector{dense: slices.Clone(v.dense), rows: v.rows, multi: s.multi}
	for i := range out.rows {
		s.round(out.row(i))
	}
	return out, nil
}

func (s *space) checkFinite(values []float32) error {
	for _, x := range values {
		if x-x != 0 {
			return invalid("Wrong input: vector %q holds a NaN or an infinity", s.name)
		}
	}
	return nil
}

func (s *space) round(row []float32) {
	if s.datatype == qdrant.Datatype_Uint8 {
		for i, x := range row {
			row[i] = float32(uint8(min(max(x, 0), 255)))
		}
		return // compared by cosine as it is: see cosineOfBytes
	}
	if s.distance == qdrant.Distance_Cosine {
		normalize(row)
	}
	if s.datatype == qdrant.Datatype_Float16 {
		for i, x := range row {
			row[i] = roundToHalf(x)
		}
	}
}

// normalize gives row the length 1, unless it has that length already or none.
func normalize(row []float32) {
	var sum float32
	for _, x := range row {
		sum += x * x
	}
	const epsilon = 1.1920929e-07 // of float32
	if sum < epsilon || abs32(sum-1) <= 1e-6 {
		return
	}
	length := float32(math.Sqrt(float64(sum)))
	for i := range row {
		row[i] /= length
	}
}

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// roundToHalf rounds to the nearest value that a 16-bit float holds, ties to even.
func roundToHalf(x float32) float32 {
	bits := math.Float32bits(x)
	sign, magnitude := bits&(1<<31), bits&^(1<<31)
	switch {
	case magnitude >= 0x477ff000: // 65520: too large for a half
		return math.Float32frombits(sign | 0x7f800000)
	case magnitude < 0x38800000: // 2⁻¹⁴: below it halves are multiples of 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(math.RoundToEven(float64(math.Float32frombits(magnitude))*(1<<24))/(1<<24))))
	}
	const dropped = 13 // bits of the fraction that a half does not have
	half := uint32(1)<<(dropped-1) - 1 + magnitude>>dropped&1
	return math.Float32frombits(sign | (magnitude+half)>>dropped<<dropped)
}

// output is v as 1.16 answers it: in the deprecated fields, which every client can read.
func (v vector) output() *qdrant.VectorOutput {
	switch {
	case v.isSparse():
		return &qdrant.VectorOutput{Data: v.values, Indices: &qdrant.SparseIndices{Data: v.indices}}
	default:
		return &qdrant.VectorOutput{Data: v.dense}
	}
}

func (s *space) output(v vector) *qdrant.VectorOutput {
	out := v.output()
	if s.multi {
		out.VectorsCount = qdrant.PtrOf(uint32(v.rows))
	}
	return out
}

// spacesOf lists the spaces of a collection by name.
func spacesOf(p *qdrant.CollectionParams) map[string]*space {
	out := map[string]*space{}
	add := func(name string, v *qdrant.VectorParams) {
		out[name] = &space{name: name, multi: v.MultivectorConfig != nil, size: int(v.GetSize()), distance: v.GetDistance(), datatype: v.GetDatatype()}
	}
	switch c := p.GetVectorsConfig().GetConfig().(type) {
	case *qdrant.VectorsConfig_Params:
		add("", c.Params)
	case *qdrant.VectorsConfig_ParamsMap:
		for name, v := range c.ParamsMap.GetMap() {
			add(name, v)
		}
	}
	for name, v := range p.GetSparseVectorsConfig().GetMap() {
		out[name] = &space{name: name, sparse: true, distance: qdrant.Distance_Dot, idf: v.GetModifier() == qdrant.Modifier_Idf}
	}
	return out
}
