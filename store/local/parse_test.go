package local

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/testing/protocmp"
)

func TestParsePath(t *testing.T) {
	for _, row := range []struct {
		text string
		want []step // nil: refused
	}{
		{"a", []step{{key: "a"}}},
		{"a.b", []step{{key: "a"}, {key: "b"}}},
		{"a[].b[3]", []step{{key: "a"}, {kind: stepEach}, {key: "b"}, {kind: stepIndex, index: 3}}},
		{`"a b"."c.d"`, []step{{key: "a b"}, {key: "c.d"}}},
		{`""`, []step{{key: ""}}},
		{"größe-1_x", []step{{key: "größe-1_x"}}},
		{"作者", []step{{key: "作者"}}},
		{"", nil},
		{"a b", nil},
		{"a.", nil},
		{".a", nil},
		{"a[", nil},
		{"a[x]", nil},
		{"a[-1]", nil},
		{"a[]b", nil},
		{"[]", nil},
		{`"a`, nil},
		{`"a\"b"`, nil},
		{"a[99999999999999999999]", nil},
	} {
		p, err := parsePath(row.text)
		if (err != nil) != (row.want == nil) || !equalSteps(p.steps, row.want) {
			t.Errorf("%s: want %v, got %v, %v", row.text, row.want, p.steps, err)
		}
	}
}

// changed applies a change of a payload and wants the payload that was there to be untouched.
func changed(t *testing.T, name string, in map[string]any, change func(fields) fields, want map[string]any) {
	t.Helper()
	payload := qdrant.NewValueMap(in)
	got := change(payload)
	if diff := cmp.Diff(qdrant.NewValueMap(want), got, protocmp.Transform()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	if diff := cmp.Diff(qdrant.NewValueMap(in), payload, protocmp.Transform()); diff != "" {
		t.Errorf("%s: the payload that readers hold was changed (-want +got):\n%s", name, diff)
	}
}

func TestChangingPayloads(t *testing.T) {
	type object = map[string]any
	set := func(path string, src object) func(fields) fields {
		return func(in fields) fields { return setAt(in, mustPath(t, path), qdrant.NewValueMap(src)) }
	}
	remove := func(path string) func(fields) fields {
		return func(in fields) fields { return without(in, mustPath(t, path)) }
	}
	merge := func(src object) func(fields) fields {
		return func(in fields) fields { return merged(in, qdrant.NewValueMap(src)) }
	}
	changed(t, "a merge replaces whole values", object{"a": object{"b": 1}, "c": 1}, merge(object{"a": object{"d": 2}}), object{"a": object{"d": 2}, "c": 1})
	changed(t, "a null removes its key", object{"a": 1, "b": 2}, merge(object{"a": nil}), object{"b": 2})
	changed(t, "setting makes the way", object{}, set("a.b", object{"c": 1}), object{"a": object{"b": object{"c": 1}}})
	changed(t, "setting replaces what is in the way", object{"a": 5}, set("a.b", object{"c": 1}), object{"a": object{"b": object{"c": 1}}})
	changed(t, "setting each element", object{"a": []any{object{"x": 1}, 2}}, set("a[]", object{"c": 1}), object{"a": []any{object{"x": 1, "c": 1}, object{"c": 1}}})
	changed(t, "setting one element", object{"a": []any{object{"x": 1}, object{}}}, set("a[1].b", object{"c": 1}), object{"a": []any{object{"x": 1}, object{"b": object{"c": 1}}}})
	changed(t, "an element that is not there is not made", object{"a": []any{1}}, set("a[3]", object{"c": 1}), object{"a": []any{1}})
	changed(t, "setting elements of nothing makes an empty array", object{}, set("a[].b", object{"c": 1}), object{"a": []any{}})
	changed(t, "removing a key", object{"a": 1, "b": 2}, remove("a"), object{"b": 2})
	changed(t, "removing in a value leaves the value", object{"a": object{"b": 1}}, remove("a.b"), object{"a": object{}})
	changed(t, "removing from each element", object{"a": []any{object{"x": 1, "y": 2}, 3}}, remove("a[].x"), object{"a": []any{object{"y": 2}, 3}})
	changed(t, "removing all elements", object{"a": []any{1, 2}}, remove("a[]"), object{"a": []any{}})
	changed(t, "one element is not removed", object{"a": []any{1, 2}}, remove("a[0]"), object{"a": []any{1, 2}})
	changed(t, "removing what is not there", object{"a": 1}, remove("b.c"), object{"a": 1})
}

func mustPath(t testing.TB, text string) path {
	t.Helper()
	p, err := parsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSelectingPayload(t *testing.T) {
	type object = map[string]any
	payload := object{"a": object{"b": 1, "c": 2}, "list": []any{object{"x": 1, "y": 2}, object{"x": 3}, 4}, "z": nil}
	for _, row := range []struct {
		name string
		in   *qdrant.WithPayloadSelector
		want object
	}{
		{"an inner key", qdrant.NewWithPayloadInclude("a.b"), object{"a": object{"b": 1}}},
		{"a key of each element", qdrant.NewWithPayloadInclude("list[].x"), object{"list": []any{object{"x": 1}, object{"x": 3}, 4}}},
		{"a key that is not there", qdrant.NewWithPayloadInclude("nothing"), object{}},
		{"all but an inner key", qdrant.NewWithPayloadExclude("a.b", "list"), object{"a": object{"c": 2}, "z": nil}},
		{"all", qdrant.NewWithPayload(true), payload},
		{"nothing", qdrant.NewWithPayload(false), nil},
	} {
		s, err := newSelector(row.in, false)
		if err != nil {
			t.Fatal(err)
		}
		want := qdrant.NewValueMap(row.want)
		if row.want == nil {
			want = nil
		}
		if diff := cmp.Diff(want, s.of(qdrant.NewValueMap(payload)), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func TestParseDatetime(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"2024-01-02", "2024-01-02T00:00:00Z"},
		{"2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"},
		{"2024-01-02t03:04:05z", "2024-01-02T03:04:05Z"},
		{"2024-01-02 03:04:05", "2024-01-02T03:04:05Z"},
		{"2024-01-02T03:04:05", "2024-01-02T03:04:05Z"},
		{"2024-01-02 03:04", "2024-01-02T03:04:00Z"},
		{"2024-01-02T03:04:05.123456789Z", "2024-01-02T03:04:05.123456Z"},
		{"2024-01-02T03:04:05+08:00", "2024-01-01T19:04:05Z"},
		{"2024-01-02 03:04:05-0530", "2024-01-02T08:34:05Z"},
		{"2024-02-29", "2024-02-29T00:00:00Z"},
		{"2023-02-29", ""},
		{"2024-01-02T03:04", ""},
		{"2024/01/02", ""},
		{"20240102", ""},
		{"2024-13-01", ""},
		{"2024-01-02T25:00:00Z", ""},
		{"2024-01-02T03:04:05+8", ""},
		{"2024-01-02T03:04:05 and more", ""},
		{"Tue, 02 Jan 2024 03:04:05 GMT", ""},
		{"", ""},
	} {
		micros, ok := parseDatetime(row.text)
		got := ""
		if ok {
			got = time.UnixMicro(micros).UTC().Format(time.RFC3339Nano)
		}
		if got != row.want {
			t.Errorf("%q: want %q, got %q", row.text, row.want, got)
		}
	}
}

func TestParseUUID(t *testing.T) {
	const want = "6f1b2c3d-0000-4000-8000-00000000000a"
	for _, text := range []string{want, "6F1B2C3D-0000-4000-8000-00000000000A", "6f1b2c3d000040008000" + "00000000000a", "{" + want + "}", "urn:uuid:" + want} {
		if id, err := parseUUID(text); err != nil || id.String() != want {
			t.Errorf("%s: got %s, %v", text, id, err)
		}
	}
	for _, text := range []string{"", "hello", want[1:], "(" + want + ")", want + "0"} {
		if id, err := parseUUID(text); err == nil {
			t.Errorf("%s was taken for %s", text, id)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"a", "a.b[].c[2]", `"a b".c`, "a[", "作者", ""} {
		f.Add(seed)
	}
	sample := qdrant.NewValueMap(map[string]any{"a": []any{map[string]any{"b": 1}, 2}, "b": map[string]any{"a": []any{}}})
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePath(text)
		if err != nil {
			t.Skip()
		}
		p.values(document{fields: sample})
		set := setAt(sample, p, qdrant.NewValueMap(map[string]any{"mark": true}))
		without(set, p)
		if _, err := normalPayload(set); err != nil {
			t.Errorf("%q makes a payload that is refused: %v", text, err)
		}
	})
}

func FuzzDatetime(f *testing.F) {
	for _, seed := range []string{"2024-01-02", "2024-01-02T03:04:05.5+08:00", "0001-01-01 00:00", "9999-12-31T23:59:60Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		micros, ok := parseDatetime(text)
		if !ok {
			t.Skip()
		}
		again, ok := parseDatetime(time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000Z"))
		if year := time.UnixMicro(micros).UTC().Year(); year >= 0 && year <= 9999 && (!ok || again != micros) {
			t.Errorf("%q is %d, which is read as %d, %v", text, micros, again, ok)
		}
	})
}

func FuzzRecord(f *testing.F) {
	r := &record{id: numberID(7), version: 3, payload: qdrant.NewValueMap(map[string]any{"a": 1}), vectors: map[string]vector{
		"d": newDense([]float32{1, 2}), "m": {dense: []float32{1, 2, 3, 4}, rows: 2}, "s": {sparse: sparse{[]uint32{1, 5}, []float32{0.5, 2}}},
	}}
	seed, err := encodeRecord(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.id.key(), seed)
	f.Fuzz(func(t *testing.T, key, value []byte) {
		r, err := decodeRecord(key, value)
		if err != nil {
			t.Skip()
		}
		again, err := encodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeRecord(key, again); err != nil {
			t.Errorf("written again it cannot be read: %v", err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	var whole bytes.Buffer
	if err := writeSnapshot(context.Background(), &whole, []*collection{gathered(f, true)}, map[string]string{"alias": "c"}); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()/2])
	f.Fuzz(func(t *testing.T, raw []byte) {
		db, client := opened(t, "", quiet)
		made(t, client, "before")
		err := db.Restore(t.Context(), bytes.NewReader(raw))
		if n := len(db.catalog().collections); err != nil && n != 1 || len(db.unfinished) > 0 {
			t.Errorf("%d collections, %d unfinished, %v", n, len(db.unfinished), err)
		}
	})
}
