package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Matrix is a table of rows that keeps its values in the type of the file and converts a row when it is asked for: a vocabulary in F16 takes
// half the memory that it would take in F32.
type Matrix struct {
	Type          string
	Rows, Columns int
	Bytes         []byte // as in the file
}

// Matrix reads a tensor of two dimensions.
func (t *Tensor) Matrix() (*Matrix, error) {
	if len(t.Shape) != 2 {
		return nil, fmt.Errorf("the tensor %q has the shape %v, and a table has two dimensions", t.Name, t.Shape)
	}
	if err := t.convertible(); err != nil {
		return nil, err
	}
	data, err := t.read()
	if err != nil {
		return nil, err
	}
	return &Matrix{t.Type, int(t.Shape[0]), int(t.Shape[1]), data}, nil
}

// Row puts row i into into, which has as many values as there are columns.
func (m *Matrix) Row(into []float32, i int) {
	size := int(sizes[m.Type])
	convert(into[:m.Columns], m.Bytes[i*m.Columns*size:], m.Type)
}

// Floats reads all values of a tensor of the type F32, F16, BF16, F64, I8 or U8, of which the shape must be the one that is given.
func (t *Tensor) Floats(shape ...int) ([]float32, error) {
	if err := t.is(shape); err != nil {
		return nil, err
	}
	if err := t.convertible(); err != nil {
		return nil, err
	}
	data, err := t.read()
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(data)/int(sizes[t.Type]))
	convert(values, data, t.Type)
	return values, nil
}

// Ints reads all values of a tensor of whole numbers, of which the shape must be the one that is given.
func (t *Tensor) Ints(shape ...int) ([]int64, error) {
	if err := t.is(shape); err != nil {
		return nil, err
	}
	var value func(b []byte) int64
	switch t.Type {
	case "I64", "U64":
		value = func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }
	case "I32":
		value = func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }
	case "U32":
		value = func(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }
	case "I16":
		value = func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) }
	case "U16":
		value = func(b []byte) int64 { return int64(binary.LittleEndian.Uint16(b)) }
	default:
		return nil, fmt.Errorf("the tensor %q holds %s, not whole numbers of 16 bits at least", t.Name, t.Type)
	}
	data, err := t.read()
	if err != nil {
		return nil, err
	}
	size := int(sizes[t.Type])
	values := make([]int64, len(data)/size)
	for i := range values {
		values[i] = value(data[i*size:])
	}
	return values, nil
}

func (t *Tensor) is(shape []int) error {
	if !slices.EqualFunc(t.Shape, shape, func(a int64, b int) bool { return a == int64(b) }) {
		return fmt.Errorf("the tensor %q has the shape %v, want %v", t.Name, t.Shape, shape)
	}
	return nil
}

func (t *Tensor) convertible() error {
	switch t.Type {
	case "F32", "F16", "BF16", "F64", "I8", "U8":
		return nil
	}
	return fmt.Errorf("the tensor %q holds %s, which is not read here: F32, F16, BF16, F64, I8 and U8 are", t.Name, t.Type)
}

func (t *Tensor) read() ([]byte, error) {
	data := make([]byte, t.data.Size())
	if _, err := io.ReadFull(io.NewSectionReader(t.data, 0, t.data.Size()), data); err != nil {
		return nil, fmt.Errorf("read the tensor %q: %w", t.Name, err)
	}
	return data, nil
}

func convert(into []float32, data []byte, kind string) {
	switch kind {
	case "F32":
		for i := range into {
			into[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case "BF16": // the upper half of an F32
		for i := range into {
			into[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*i:])) << 16)
		}
	case "F16":
		for i := range into {
			into[i] = half(binary.LittleEndian.Uint16(data[2*i:]))
		}
	case "F64":
		for i := range into {
			into[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		}
	case "I8":
		for i := range into {
			into[i] = float32(int8(data[i]))
		}
	case "U8":
		for i := range into {
			into[i] = float32(data[i])
		}
	}
}

// half converts a number of IEEE 754 binary16.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero, or a number without the leading one: fraction / 2^24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
