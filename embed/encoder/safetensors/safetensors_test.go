package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file is a file with this header and so many bytes of values.
func file(header string, values ...byte) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), values...)
}

func read(data []byte) (map[string]*Tensor, error) {
	list, err := Read(bytes.NewReader(data), int64(len(data)))
	tensors := map[string]*Tensor{}
	for _, t := range list {
		tensors[t.Name] = t
	}
	return tensors, err
}

func TestTypes(t *testing.T) {
	f32 := func(values ...float32) (data []byte) {
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		return data
	}
	inf := float32(math.Inf(1))
	tests := []struct {
		name, kind string
		data       []byte
		want       []float32
	}{
		{"F32", "F32", f32(1, -2.5, 1e-40, inf), []float32{1, -2.5, 1e-40, inf}},
		{"F64", "F64", binary.LittleEndian.AppendUint64(nil, math.Float64bits(-0.1)), []float32{-0.1}},
		{"BF16 is the upper half of F32", "BF16", []byte{0x80, 0x3f, 0x20, 0xc0}, []float32{1, -2.5}},
		{"F16", "F16", []byte{0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b}, []float32{1, -2.5, 65504}},
		{"F16 without a leading one", "F16", []byte{0x01, 0x00, 0xff, 0x83}, []float32{0x1p-24, -1023 * 0x1p-24}},
		{"F16 zeros and infinities", "F16", []byte{0x00, 0x80, 0x00, 0x7c, 0x00, 0xfc}, []float32{float32(math.Copysign(0, -1)), inf, -inf}},
		{"I8", "I8", []byte{1, 0x80, 0xff}, []float32{1, -128, -1}},
		{"U8", "U8", []byte{1, 0x80, 0xff}, []float32{1, 128, 255}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header, err := json.Marshal(map[string]any{"x": map[string]any{"dtype": test.kind, "shape": []int{1, len(test.want)}, "data_offsets": []int{0, len(test.data)}}})
			if err != nil {
				t.Fatal(err)
			}
			tensors, err := read(file(string(header), test.data...))
			if err != nil {
				t.Fatal(err)
			}
			got, err := tensors["x"].Floats(1, len(test.want))
			if err != nil || !slices.EqualFunc(got, test.want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Errorf("%v became %v (error %v), want %v", test.data, got, err, test.want)
			}
			matrix, err := tensors["x"].Matrix()
			if err != nil {
				t.Fatal(err)
			}
			row := make([]float32, len(test.want))
			matrix.Row(row, 0)
			if diff := cmp.Diff(got, row); diff != "" {
				t.Errorf("a row differs:\n%s", diff)
			}
		})
	}
	if v := half(0x7e00); !math.IsNaN(float64(v)) {
		t.Errorf("an F16 that is no number became %v", v)
	}
}

func TestMatrixRows(t *testing.T) {
	tensors, err := read(file(`{"x":{"dtype":"I8","shape":[3,2],"data_offsets":[0,6]}}`, 1, 2, 3, 4, 5, 6))
	if err != nil {
		t.Fatal(err)
	}
	m, err := tensors["x"].Matrix()
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, 2)
	m.Row(row, 2)
	if diff := cmp.Diff([]float32{5, 6}, row); diff != "" {
		t.Error(diff)
	}
}

func TestInts(t *testing.T) {
	header := `{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"I32","shape":[1],"data_offsets":[8,12]},` +
		`"c":{"dtype":"U16","shape":[1],"data_offsets":[12,14]},"d":{"dtype":"I16","shape":[1],"data_offsets":[14,16]},"e":{"dtype":"U32","shape":[1],"data_offsets":[16,20]}}`
	tensors, err := read(file(header, slices.Repeat([]byte{0xfe, 0xff, 0xff, 0xff}, 5)...))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"a": -4294967298, "b": -2, "c": 0xfffe, "d": -1, "e": 0xfffffffe} {
		got, err := tensors[name].Ints(1)
		if name == "a" {
			want = int64(-0x100000002)
		}
		if err != nil || got[0] != want {
			t.Errorf("%s is %d (error %v), want %d", name, got, err, want)
		}
	}
	if _, err := tensors["a"].Floats(1); err == nil || !strings.Contains(err.Error(), "I64") {
		t.Errorf("whole numbers were read as floats: error %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	entry := func(text string) []byte { return file(`{"x":{`+text+`}}`, 1, 2, 3, 4) }
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "0 bytes"},
		{"less than a length", []byte{1, 2, 3}, "3 bytes"},
		{"a header longer than the file", binary.LittleEndian.AppendUint64(nil, 1<<20), "header"},
		{"a header longer than any", append(binary.LittleEndian.AppendUint64(nil, 1<<63), make([]byte, 64)...), "header"},
		{"a header that is no JSON", file("{"), "no JSON"},
		{"a tensor that is no object", file(`{"x":1}`), `"x"`},
		{"a page of HTML", []byte("<!DOCTYPE html><html><body>Not found</body></html>"), "header"},
		{"a stand-in of git-lfs", []byte("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
		{"values that were cut off", entry(`"dtype":"F32","shape":[2],"data_offsets":[0,8]`), "cut off"},
		{"values behind the last tensor", entry(`"dtype":"I8","shape":[3],"data_offsets":[0,3]`), "cut off or damaged"},
		{"a gap", entry(`"dtype":"I8","shape":[3],"data_offsets":[1,4]`), "begins at byte 1"},
		{"an overlap", file(`{"x":{"dtype":"I8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"I8","shape":[2],"data_offsets":[2,4]}}`, 1, 2, 3, 4), "begins at byte 2"},
		{"a shape of another size", entry(`"dtype":"I8","shape":[3],"data_offsets":[0,4]`), "[3] of I8 in 4 bytes"},
		{"a negative side", entry(`"dtype":"I8","shape":[-2,-2],"data_offsets":[0,4]`), "[-2 -2]"},
		{"sides whose product is too large", entry(`"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]`), "[4294967296 4294967296]"},
		{"offsets the wrong way round", entry(`"dtype":"I8","shape":[4],"data_offsets":[4,0]`), "from byte 4 to 0"},
		{"negative offsets", entry(`"dtype":"I8","shape":[4],"data_offsets":[-4,0]`), "from byte -4"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := read(test.data); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that tells %q", err, test.want)
			}
		})
	}
}

func TestUnknownType(t *testing.T) {
	tensors, err := read(file(`{"__metadata__":{"format":"pt"},"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, 1, 2, 3, 4))
	if err != nil {
		t.Fatalf("a type that nobody asks for is in the way: %v", err)
	}
	if _, err := tensors["x"].Floats(4); err == nil || !strings.Contains(err.Error(), "F8_E4M3") {
		t.Errorf("error %v, want that the type is not read", err)
	}
}

func TestParts(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("a.safetensors", file(`{"x":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1))
	put("b.safetensors", file(`{"y":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 2))
	put("model.safetensors.index.json", []byte(`{"weight_map":{"x":"a.safetensors","y":"b.safetensors"}}`))
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Tensor("y").Floats(1)
	if err != nil || got[0] != 2 || !slices.Equal(f.Names(), []string{"x", "y"}) || f.Tensor("z") != nil {
		t.Errorf("names %v, y %v (error %v)", f.Names(), got, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	put("b.safetensors", file(`{"x":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 2))
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another part") {
		t.Errorf("error %v, want that two parts hold one tensor", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(`{"x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"y":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]}}`, 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(file(`{"x":{"dtype":"F16","shape":[0,7],"data_offsets":[0,0]},"y":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 1, 2, 3, 4, 5, 6, 7, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := read(data)
		if err != nil {
			return
		}
		for _, tensor := range tensors {
			shape := make([]int, len(tensor.Shape))
			for i, n := range tensor.Shape {
				shape[i] = int(n)
			}
			values, err := tensor.Floats(shape...)
			if err == nil && len(values) > len(data) {
				t.Fatalf("%d values in %d bytes", len(values), len(data))
			}
			if m, err := tensor.Matrix(); err == nil && m.Rows > 0 && m.Columns > 0 {
				m.Row(make([]float32, m.Columns), m.Rows-1)
			}
			_, _ = tensor.Ints(shape...)
		}
	})
}
