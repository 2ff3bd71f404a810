package local

import (
	"maps"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

func nullValue() *qdrant.Value {
	return &qdrant.Value{Kind: &qdrant.Value_NullValue{NullValue: qdrant.NullValue_NULL_VALUE}}
}

func objectValue(f fields) *qdrant.Value {
	return &qdrant.Value{Kind: &qdrant.Value_StructValue{StructValue: &qdrant.Struct{Fields: f}}}
}

func listValue(values []*qdrant.Value) *qdrant.Value {
	return &qdrant.Value{Kind: &qdrant.Value_ListValue{ListValue: &qdrant.ListValue{Values: values}}}
}

func isNull(v *qdrant.Value) bool {
	switch v.GetKind().(type) {
	case nil, *qdrant.Value_NullValue:
		return true
	}
	return false
}

// elementsOf returns the elements of an array, and ok = false for any other value.
func elementsOf(v *qdrant.Value) (values []*qdrant.Value, ok bool) {
	list, ok := v.GetKind().(*qdrant.Value_ListValue)
	if !ok {
		return nil, false
	}
	return list.ListValue.GetValues(), true
}

// anyOf reports whether test holds for v or, where v is an array, for one of its elements.
func anyOf(v *qdrant.Value, test func(*qdrant.Value) bool) bool {
	values, ok := elementsOf(v)
	if !ok {
		return test(v)
	}
	for _, v := range values {
		if test(v) {
			return true
		}
	}
	return false
}

// maxDepth bounds how deep a payload's values may lie in one another.
const maxDepth = 100

// normalPayload makes an incoming payload fit to be kept: a value without a kind is a null. It refuses what JSON cannot say. It does not change in, which may be the
// caller's.
func normalPayload(in fields) (fields, error) {
	missing := false
	for _, v := range in {
		none, err := checkValue(v, 0)
		if err != nil {
			return nil, err
		}
		missing = missing || none
	}
	if !missing {
		return in, nil
	}
	out := make(fields, len(in))
	for key, v := range in {
		out[key] = withNulls(v)
	}
	return out, nil
}

// checkValue reports whether a value, or one in it, has no kind.
func checkValue(v *qdrant.Value, depth int) (missing bool, err error) {
	if depth > maxDepth {
		return false, invalid("payload is nested deeper than %d levels", maxDepth)
	}
	check := func(e *qdrant.Value) error {
		none, err := checkValue(e, depth+1)
		missing = missing || none
		return err
	}
	switch k := v.GetKind().(type) {
	case nil:
		return true, nil
	case *qdrant.Value_DoubleValue:
		if math.IsNaN(k.DoubleValue) || math.IsInf(k.DoubleValue, 0) {
			return false, invalid("cannot convert to json number")
		}
	case *qdrant.Value_ListValue:
		for _, e := range k.ListValue.GetValues() {
			if err := check(e); err != nil {
				return false, err
			}
		}
	case *qdrant.Value_StructValue:
		for _, e := range k.StructValue.GetFields() {
			if err := check(e); err != nil {
				return false, err
			}
		}
	}
	return missing, nil
}

// withNulls is a value that was checked, with a null for each that has no kind.
func withNulls(v *qdrant.Value) *qdrant.Value {
	switch k := v.GetKind().(type) {
	case nil:
		return nullValue()
	case *qdrant.Value_ListValue:
		values := make([]*qdrant.Value, len(k.ListValue.GetValues()))
		for i, e := range k.ListValue.GetValues() {
			values[i] = withNulls(e)
		}
		return listValue(values)
	case *qdrant.Value_StructValue:
		out := make(fields, len(k.StructValue.GetFields()))
		for key, e := range k.StructValue.GetFields() {
			out[key] = withNulls(e)
		}
		return objectValue(out)
	}
	return v
}

// merged returns dst with the keys of src: a null removes its key, anything else replaces what was there.
func merged(dst, src fields) fields {
	out := make(fields, len(dst)+len(src))
	maps.Copy(out, dst)
	for key, v := range src {
		if isNull(v) {
			delete(out, key)
		} else {
			out[key] = v
		}
	}
	return out
}

// setAt returns payload with src merged into whatever p leads to. What is in the way of p is replaced by an
// object or an empty array; an element that an array does not have is not made.
func setAt(payload fields, p path, src fields) fields {
	out := maps.Clone(payload)
	if out == nil {
		out = fields{}
	}
	key := p.steps[0].key
	out[key] = setIn(p.steps[1:], out[key], src)
	return out
}

func setIn(steps []step, v *qdrant.Value, src fields) *qdrant.Value {
	if len(steps) == 0 {
		return objectValue(merged(v.GetStructValue().GetFields(), src))
	}
	head, tail := steps[0], steps[1:]
	if head.kind == stepKey {
		return objectValue(setAt(v.GetStructValue().GetFields(), path{steps: steps}, src))
	}
	old, _ := elementsOf(v)
	values := append([]*qdrant.Value(nil), old...)
	for i := range values {
		if head.kind == stepEach || i == head.index {
			values[i] = setIn(tail, values[i], src)
		}
	}
	return listValue(values)
}

// without returns payload less whatever p leads to. A trailing [] empties the array; a trailing [n] does nothing.
func without(payload fields, p path) fields {
	key := p.steps[0].key
	old, ok := payload[key]
	if !ok {
		return payload
	}
	out := maps.Clone(payload)
	if len(p.steps) == 1 {
		delete(out, key)
	} else {
		out[key] = removeIn(p.steps[1:], old)
	}
	return out
}

func removeIn(steps []step, v *qdrant.Value) *qdrant.Value {
	head, tail := steps[0], steps[1:]
	if head.kind == stepKey {
		obj, ok := v.GetKind().(*qdrant.Value_StructValue)
		if !ok {
			return v
		}
		return objectValue(without(obj.StructValue.GetFields(), path{steps: steps}))
	}
	old, ok := elementsOf(v)
	switch {
	case !ok:
		return v
	case len(tail) == 0 && head.kind == stepEach:
		return listValue(nil)
	case len(tail) == 0:
		return v // taking out one element twice would take out two, so Qdrant does not
	}
	values := append([]*qdrant.Value(nil), old...)
	for i := range values {
		if head.kind == stepEach || i == head.index {
			values[i] = removeIn(tail, values[i])
		}
	}
	return listValue(values)
}

// selector chooses the part of a payload that an answer holds.
type selector struct {
	all     bool
	include []path // nil unless given
	exclude []path
}

func newSelector(s *qdrant.WithPayloadSelector, byDefault bool) (*selector, error) {
	out := &selector{all: byDefault}
	if s == nil {
		return out, nil
	}
	var names []string
	var into *[]path
	switch o := s.GetSelectorOptions().(type) {
	case *qdrant.WithPayloadSelector_Enable:
		out.all = o.Enable
	case *qdrant.WithPayloadSelector_Include:
		out.all, names, into = false, o.Include.GetFields(), &out.include
	case *qdrant.WithPayloadSelector_Exclude:
		out.all, names, into = true, o.Exclude.GetFields(), &out.exclude
	default:
		return nil, invalid("No PayloadSelector")
	}
	for _, name := range names {
		p, err := parsePath(name)
		if err != nil {
			return nil, err
		}
		*into = append(*into, p)
	}
	return out, nil
}

// nothing tells that no part of any payload is chosen.
func (s *selector) nothing() bool { return !s.all && s.include == nil }

// whole tells that every part of any payload is chosen.
func (s *selector) whole() bool { return s.all && s.exclude == nil }

// touches reports whether a part of a field at the top may be chosen.
func (s *selector) touches(key []byte) bool {
	if s.include != nil {
		return slices.ContainsFunc(s.include, func(p path) bool { return p.steps[0].key == string(key) })
	}
	return !slices.ContainsFunc(s.exclude, func(p path) bool { return len(p.steps) == 1 && p.steps[0].key == string(key) })
}

// most is how many fields at the top can be chosen.
func (s *selector) most() int {
	if s.include != nil {
		return len(s.include)
	}
	return math.MaxInt
}

// flat tells that fields at the top are chosen as a whole or not at all.
func (s *selector) flat() bool {
	deep := func(p path) bool { return len(p.steps) > 1 }
	return !slices.ContainsFunc(s.include, deep) && !slices.ContainsFunc(s.exclude, deep)
}

// of returns the chosen part of a payload. It shares what it keeps with the payload.
func (s *selector) of(payload fields) fields {
	switch {
	case s.include != nil:
		return keep(payload, nil, func(at []step) bool {
			for _, p := range s.include {
				if oneIsPrefix(p.steps, at) {
					return true
				}
			}
			return false
		})
	case s.exclude != nil:
		return keep(payload, nil, func(at []step) bool {
			for _, p := range s.exclude {
				if isPrefix(p.steps, at) {
					return false
				}
			}
			return true
		})
	case s.all:
		return payload
	}
	return nil
}

// keep copies the parts of an object whose place wanted accepts.
func keep(object fields, at []step, wanted func([]step) bool) fields {
	out := fields{}
	for key, v := range object {
		place := append(at, step{kind: stepKey, key: key})
		if wanted(place) {
			out[key] = keepIn(v, place, wanted)
		}
	}
	return out
}

func keepIn(v *qdrant.Value, at []step, wanted func([]step) bool) *qdrant.Value {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_StructValue:
		return objectValue(keep(k.StructValue.GetFields(), at, wanted))
	case *qdrant.Value_ListValue:
		place := append(at, step{kind: stepEach})
		var values []*qdrant.Value
		for _, e := range k.ListValue.GetValues() {
			if wanted(place) {
				values = append(values, keepIn(e, place, wanted))
			}
		}
		return listValue(values)
	}
	return v
}

func oneIsPrefix(a, b []step) bool { return isPrefix(a, b) || isPrefix(b, a) }

func isPrefix(prefix, of []step) bool {
	if len(prefix) > len(of) {
		return false
	}
	for i, s := range prefix {
		if s != of[i] {
			return false
		}
	}
	return true
}
