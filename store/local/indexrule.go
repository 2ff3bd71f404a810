package local

import (
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// This file is the rule of strict mode that fields are looked at through an index alone.

// need is one thing that an index can be good for. Its text is how Qdrant names the index that would do.
type need string

const (
	needKeyword  need = "keyword"
	needUUID     need = "uuid"
	needInteger  need = "integer"
	needIntRange need = "integer " // of an index that may be without ranges; the text is trimmed
	needFloat    need = "float"
	needBool     need = "bool"
	needDatetime need = "datetime"
	needGeo      need = "geo"
	needText     need = "text"
	needPhrase   need = "text (with phrase_matching: true)"
)

var anyNeed = []need{needInteger, needIntRange, needKeyword, needFloat, needText, needPhrase, needBool, needUUID, needDatetime, needGeo}

// serves tells whether an index is good for one of some needs.
func (x *fieldIndex) serves(needs []need) bool {
	if x == nil {
		return false
	}
	for _, n := range needs {
		var ok bool
		switch n {
		case needInteger:
			ok = x.looksUp()
		case needIntRange:
			ok = x.kind == qdrant.PayloadSchemaType_Integer && x.ranges()
		case needPhrase:
			ok = x.params.GetTextIndexParams().GetPhraseMatching()
		default:
			ok = strings.EqualFold(x.kind.String(), string(n))
		}
		if ok {
			return true
		}
	}
	return false
}

// indexedFilter refuses a filter on a field without an index that serves it.
func (c *collection) indexedFilter(f *qdrant.Filter, prefix *path) error {
	for _, list := range conditionLists(f) {
		for _, in := range list {
			if err := c.indexedCondition(in, prefix, filterHelp); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	filterHelp  = "Create an index for this key or use a different filter."
	formulaHelp = "Create an index for this key or use a different formula expression."
)

func (c *collection) indexedCondition(in *qdrant.Condition, prefix *path, help string) error {
	switch o := in.GetConditionOneOf().(type) {
	case *qdrant.Condition_Filter:
		return c.indexedFilter(o.Filter, prefix)
	case *qdrant.Condition_Nested:
		p, err := parsePath(o.Nested.GetKey())
		if err != nil {
			return nil // the call itself says so
		}
		if p = p.elements(); prefix != nil {
			p = prefix.under(p)
		}
		return c.indexedFilter(o.Nested.GetFilter(), &p)
	case *qdrant.Condition_Field:
		return c.indexedKey(o.Field.GetKey(), prefix, needsOf(o.Field), help)
	case *qdrant.Condition_IsEmpty:
		return c.indexedKey(o.IsEmpty.GetKey(), prefix, anyNeed, help)
	case *qdrant.Condition_IsNull:
		return c.indexedKey(o.IsNull.GetKey(), prefix, anyNeed, help)
	}
	return nil
}

func (c *collection) indexedKey(key string, prefix *path, needs []need, help string) error {
	p, err := parsePath(key)
	if err != nil {
		return nil // the call itself says so
	}
	if prefix != nil {
		p = prefix.under(p)
	}
	if c.indexOn(p).serves(needs) {
		return nil
	}
	var names []string
	for _, n := range needs {
		names = append(names, strings.TrimSpace(string(n)))
	}
	slices.Sort(names)
	return tooMuch(help, "Index required but not found for \"%s\" of one of the following types: [%s]", p.text, strings.Join(slices.Compact(names), ", "))
}

// needsOf lists what serves a condition.
func needsOf(f *qdrant.FieldCondition) []need {
	var needs []need
	words := func(list ...string) {
		if !slices.ContainsFunc(list, func(s string) bool { _, err := parseUUID(s); return err != nil }) {
			needs = append(needs, needUUID)
		}
		needs = append(needs, needKeyword)
	}
	switch m := f.GetMatch().GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		words(m.Keyword)
	case *qdrant.Match_Keywords:
		words(m.Keywords.GetStrings()...)
	case *qdrant.Match_ExceptKeywords:
		words(m.ExceptKeywords.GetStrings()...)
	case *qdrant.Match_Integer, *qdrant.Match_Integers, *qdrant.Match_ExceptIntegers:
		needs = append(needs, needInteger)
	case *qdrant.Match_Boolean:
		needs = append(needs, needBool)
	case *qdrant.Match_Text, *qdrant.Match_TextAny:
		needs = append(needs, needText)
	case *qdrant.Match_Phrase:
		needs = append(needs, needPhrase)
	}
	if f.GetRange() != nil {
		needs = append(needs, needFloat, needIntRange)
	} else if f.GetDatetimeRange() != nil {
		needs = append(needs, needDatetime)
	}
	if f.GetGeoBoundingBox() != nil || f.GetGeoRadius() != nil || f.GetGeoPolygon() != nil {
		needs = append(needs, needGeo)
	}
	if f.GetValuesCount() != nil || f.IsEmpty != nil || f.IsNull != nil {
		needs = append(needs, anyNeed...)
	}
	return needs
}

func (c *collection) indexedGroup(key string) error {
	if key == "" {
		return nil
	}
	p, err := parsePath(key)
	if err != nil {
		return nil // the call itself says so
	}
	const help = "Create an index supporting `match` for this key."
	switch x := c.indexOn(p); {
	case x == nil:
		return tooMuch(help, "Index required but not found for \"%s\"", p.text)
	case !x.facets():
		return tooMuch(help, "Index of type \"%s\" found for \"%s\"", x.kind, p.text)
	}
	return nil
}

// indexedFormula refuses an expression that reads a field without an index.
func (c *collection) indexedFormula(e *qdrant.Expression) error {
	for _, inner := range partsOf(e) {
		if err := c.indexedFormula(inner); err != nil {
			return err
		}
	}
	switch o := e.GetVariant().(type) {
	case *qdrant.Expression_Variable:
		if _, _, isScore, err := variable(o.Variable); err == nil && !isScore {
			return c.indexedKey(o.Variable, nil, []need{needInteger, needIntRange, needFloat}, formulaHelp)
		}
	case *qdrant.Expression_Condition:
		return c.indexedCondition(o.Condition, nil, formulaHelp)
	case *qdrant.Expression_GeoDistance:
		return c.indexedKey(o.GeoDistance.GetTo(), nil, []need{needGeo}, formulaHelp)
	case *qdrant.Expression_DatetimeKey:
		return c.indexedKey(o.DatetimeKey, nil, []need{needDatetime}, formulaHelp)
	}
	return nil
}

// partsOf lists the expressions that an expression is made of.
func partsOf(e *qdrant.Expression) []*qdrant.Expression {
	decay := func(d *qdrant.DecayParamsExpression) []*qdrant.Expression {
		return []*qdrant.Expression{d.GetX(), d.GetTarget()}
	}
	switch o := e.GetVariant().(type) {
	case *qdrant.Expression_Mult:
		return o.Mult.GetMult()
	case *qdrant.Expression_Sum:
		return o.Sum.GetSum()
	case *qdrant.Expression_Div:
		return []*qdrant.Expression{o.Div.GetLeft(), o.Div.GetRight()}
	case *qdrant.Expression_Pow:
		return []*qdrant.Expression{o.Pow.GetBase(), o.Pow.GetExponent()}
	case *qdrant.Expression_Neg:
		return []*qdrant.Expression{o.Neg}
	case *qdrant.Expression_Abs:
		return []*qdrant.Expression{o.Abs}
	case *qdrant.Expression_Sqrt:
		return []*qdrant.Expression{o.Sqrt}
	case *qdrant.Expression_Exp:
		return []*qdrant.Expression{o.Exp}
	case *qdrant.Expression_Log10:
		return []*qdrant.Expression{o.Log10}
	case *qdrant.Expression_Ln:
		return []*qdrant.Expression{o.Ln}
	case *qdrant.Expression_ExpDecay:
		return decay(o.ExpDecay)
	case *qdrant.Expression_GaussDecay:
		return decay(o.GaussDecay)
	case *qdrant.Expression_LinDecay:
		return decay(o.LinDecay)
	}
	return nil
}
