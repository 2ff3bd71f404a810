package local

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/qdrant/go-client/qdrant"
)

// fields is a JSON object as Qdrant's messages spell it. A stored one is never changed, so that readers may hold it.
type fields = map[string]*qdrant.Value

// path leads to values of a payload: keys joined by dots, [n] for one element of an array, [] for each.
type path struct {
	text  string
	steps []step // the first is a key
}

type step struct {
	kind  stepKind
	key   string
	index int
}

type stepKind uint8

const (
	stepKey stepKind = iota
	stepIndex
	stepEach
)

// parsePath reads a path. A key of other characters than letters, digits, _ and - stands in double quotes.
func parsePath(text string) (path, error) {
	p := path{text: text}
	rest := text
	key, rest, ok := cutKey(rest)
	if !ok {
		return path{}, invalid("Invalid json path: '%s'", text)
	}
	p.steps = append(p.steps, step{kind: stepKey, key: key})
	for rest != "" {
		switch {
		case rest[0] == '.':
			key, rest, ok = cutKey(rest[1:])
			p.steps = append(p.steps, step{kind: stepKey, key: key})
		case strings.HasPrefix(rest, "[]"):
			rest, ok = rest[2:], true
			p.steps = append(p.steps, step{kind: stepEach})
		case rest[0] == '[':
			var n int
			n, rest, ok = cutIndex(rest[1:])
			p.steps = append(p.steps, step{kind: stepIndex, index: n})
		default:
			ok = false
		}
		if !ok {
			return path{}, invalid("Invalid json path: '%s'", text)
		}
	}
	return p, nil
}

func cutKey(s string) (key, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s[1:], `"\`)
		if end < 0 || s[1+end] != '"' {
			return "", "", false
		}
		return s[1 : 1+end], s[2+end:], true
	}
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Other_Alphabetic, r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], end > 0
}

func cutIndex(s string) (n int, rest string, ok bool) {
	digits, rest, ok := strings.Cut(s, "]")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	n, err := strconv.Atoi(digits)
	return n, rest, err == nil
}

// each calls yield with every value that p leads to, until yield returns false. An array at its end is one value.
func (p path) each(payload document, yield func(*qdrant.Value) bool) {
	if v, ok := payload.get(p.steps[0].key); ok {
		eachOf(p.steps[1:], v, yield)
	}
}

func eachOf(steps []step, v *qdrant.Value, yield func(*qdrant.Value) bool) bool {
	if len(steps) == 0 {
		return yield(v)
	}
	head, tail := steps[0], steps[1:]
	switch head.kind {
	case stepKey:
		if obj, ok := v.GetKind().(*qdrant.Value_StructValue); ok {
			if v, ok := obj.StructValue.GetFields()[head.key]; ok {
				return eachOf(tail, v, yield)
			}
		}
	case stepIndex:
		if list, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
			if values := list.ListValue.GetValues(); head.index < len(values) {
				return eachOf(tail, values[head.index], yield)
			}
		}
	case stepEach:
		if list, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
			for _, v := range list.ListValue.GetValues() {
				if !eachOf(tail, v, yield) {
					return false
				}
			}
		}
	}
	return true
}

// values returns every value that p leads to.
func (p path) values(payload document) []*qdrant.Value {
	var all []*qdrant.Value
	p.each(payload, func(v *qdrant.Value) bool { all = append(all, v); return true })
	return all
}

// under returns the path that starts at p and goes on with q.
func (p path) under(q path) path {
	steps := append(append([]step(nil), p.steps...), q.steps...)
	return path{text: p.text + "." + q.text, steps: steps}
}

// elements returns p with [] at its end, whether it has one already or not.
func (p path) elements() path {
	if p.steps[len(p.steps)-1].kind == stepEach {
		return p
	}
	return path{text: p.text + "[]", steps: append(append([]step(nil), p.steps...), step{kind: stepEach})}
}
