package local

import (
	"math"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// expression is one node of a formula, evaluated in float64 for one point at a time.
type expression func(p *formulaPoint) (float64, error)

// formulaPoint is the point that a formula is evaluated for.
type formulaPoint struct {
	subject
	scores []map[uint32]float32 // of each prefetch
}

// formula scores the points that the prefetches found.
func (q *querying) formula(lists [][]hit, in *qdrant.Formula, limit int) ([]hit, error) {
	if in.GetExpression() == nil {
		return nil, invalid("missing field: expression")
	}
	compiler := &formulaCompiler{c: q.c, defaults: in.GetDefaults(), scoreDefaults: map[int]float64{}}
	if err := compiler.readDefaults(); err != nil {
		return nil, err
	}
	root, err := compiler.compile(in.GetExpression(), 0)
	if err != nil {
		return nil, err
	}
	p := &formulaPoint{scores: make([]map[uint32]float32, len(lists))}
	for i, list := range lists {
		p.scores[i] = make(map[uint32]float32, len(list))
		if err := every(q.ctx, len(list), func(n int) { p.scores[i][list[n].slot] = list[n].score }); err != nil {
			return nil, err
		}
	}
	hits, err := q.distinct(lists)
	if err != nil {
		return nil, err
	}
	top := q.c.newTop(q.ctx, limit)
	for n, h := range hits {
		if n%checkEvery == 0 {
			if err := cancelled(q.ctx); err != nil {
				return nil, err
			}
		}
		q.c.subject(h.slot, &p.subject)
		x, err := root(p)
		if err != nil {
			return nil, err
		}
		if score := float32(x); finite(float64(score)) {
			top.add(h.slot, score)
		} else {
			return nil, notFinite("%v as f32 = %v", x, score)
		}
	}
	return top.sorted()
}

func finite(x float64) bool { return x-x == 0 }

func notFinite(format string, args ...any) error {
	return invalid("Wrong input: The expression "+format+" produced a non-finite number", args...)
}

type formulaCompiler struct {
	c             *collection
	defaults      fields
	scoreDefaults map[int]float64
	pathDefaults  []pathDefault
}

type pathDefault struct {
	path  path
	value *qdrant.Value
}

const scoreVariable = "score"

// variable reads a name: $score and $score[2] are the scores of prefetches, anything else leads into the payload.
func variable(name string) (score int, p path, isScore bool, err error) {
	word, reserved := strings.CutPrefix(name, "$")
	p, err = parsePath(word)
	if err != nil {
		return 0, path{}, false, invalid("Wrong input: Validation failed: failed to parse variable ID %s", name)
	}
	if !reserved {
		return 0, p, false, nil
	}
	switch {
	case p.steps[0].key == scoreVariable && len(p.steps) == 1:
		return 0, path{}, true, nil
	case p.steps[0].key == scoreVariable && len(p.steps) == 2 && p.steps[1].kind == stepIndex:
		return p.steps[1].index, path{}, true, nil
	}
	return 0, path{}, false, invalid("Wrong input: Validation failed: failed to parse variable ID %s: Invalid reserved variable", name)
}

func (f *formulaCompiler) readDefaults() error {
	for name, v := range f.defaults {
		score, p, isScore, err := variable(name)
		if err != nil {
			return err
		}
		if !isScore {
			f.pathDefaults = append(f.pathDefaults, pathDefault{p, v})
		} else if n, ok := numberOf(v); ok {
			f.scoreDefaults[score] = n
		}
	}
	return nil
}

func (f *formulaCompiler) defaultFor(p path) *qdrant.Value {
	for _, d := range f.pathDefaults {
		if equalSteps(d.path.steps, p.steps) {
			return d.value
		}
	}
	return nil
}

// value returns what a point has at a path, the one element of an array too, or else the default.
func (f *formulaCompiler) value(p path, kind string) func(s *subject) (*qdrant.Value, error) {
	index, otherwise := f.c.indexOn(p), f.defaultFor(p)
	flatten := p.steps[len(p.steps)-1].kind != stepEach
	return func(s *subject) (*qdrant.Value, error) {
		var values []*qdrant.Value
		p.each(s.payload, func(v *qdrant.Value) bool {
			elements, list := elementsOf(v)
			if !list || !flatten {
				elements = []*qdrant.Value{v}
			}
			values = append(values, elements...)
			return true
		})
		if index != nil && index.kind != qdrant.PayloadSchemaType_Text {
			values = index.kept(values)
		}
		switch {
		case len(values) == 1:
			return values[0], nil
		case len(values) > 1:
			return listValue(values), nil
		case otherwise != nil:
			return otherwise, nil
		}
		return nil, wrongVariable(p, kind, "No value found in a payload nor defaults")
	}
}

// kept returns the values that the index has taken in.
func (x *fieldIndex) kept(values []*qdrant.Value) []*qdrant.Value {
	var out []*qdrant.Value
	for _, v := range values {
		if _, ok := x.valueOf(v); ok {
			out = append(out, v)
		}
	}
	return out
}

func wrongVariable(p path, kind, problem string) error {
	return invalid("Wrong input: Expected %s value for %s in the payload and/or in the formula defaults. Error: %s", kind, p.text, problem)
}

func (f *formulaCompiler) compile(in *qdrant.Expression, depth int) (expression, error) {
	if depth > maxNesting {
		return nil, invalid("formula is nested deeper than %d levels", maxNesting)
	}
	of := func(e *qdrant.Expression) (expression, error) { return f.compile(e, depth+1) }
	switch v := in.GetVariant().(type) {
	case *qdrant.Expression_Constant:
		c := float64(v.Constant)
		return func(*formulaPoint) (float64, error) { return c, nil }, nil
	case *qdrant.Expression_Variable:
		return f.variable(v.Variable)
	case *qdrant.Expression_Condition:
		return f.condition(v.Condition)
	case *qdrant.Expression_GeoDistance:
		return f.geoDistance(v.GeoDistance)
	case *qdrant.Expression_Datetime:
		micros, ok := parseDatetime(v.Datetime)
		if !ok {
			return nil, invalid("Wrong input: Validation failed: failed to parse date-time %s", v.Datetime)
		}
		return func(*formulaPoint) (float64, error) { return float64(micros) / 1e6, nil }, nil
	case *qdrant.Expression_DatetimeKey:
		return f.datetime(v.DatetimeKey)
	case *qdrant.Expression_Mult:
		return f.product(v.Mult.GetMult(), of)
	case *qdrant.Expression_Sum:
		return f.sum(v.Sum.GetSum(), of)
	case *qdrant.Expression_Div:
		return f.quotient(v.Div, of)
	case *qdrant.Expression_Pow:
		return f.power(v.Pow, of)
	case *qdrant.Expression_Neg:
		return unary(v.Neg, of, "-%v", func(x float64) float64 { return -x })
	case *qdrant.Expression_Abs:
		return unary(v.Abs, of, "|%v|", math.Abs)
	case *qdrant.Expression_Sqrt:
		return unary(v.Sqrt, of, "√%v", math.Sqrt)
	case *qdrant.Expression_Exp:
		return unary(v.Exp, of, "exp(%v)", math.Exp)
	case *qdrant.Expression_Log10:
		return unary(v.Log10, of, "log10(%v)", math.Log10)
	case *qdrant.Expression_Ln:
		return unary(v.Ln, of, "ln(%v)", math.Log)
	case *qdrant.Expression_ExpDecay:
		return decay(v.ExpDecay, of, false, func(midpoint, scale float64) float64 { return math.Log(midpoint) / scale },
			func(distance, lambda float64) float64 { return math.Exp(lambda * distance) })
	case *qdrant.Expression_GaussDecay:
		return decay(v.GaussDecay, of, false, func(midpoint, scale float64) float64 { return math.Log(midpoint) / (scale * scale) },
			func(distance, lambda float64) float64 { return math.Exp(lambda * distance * distance) })
	case *qdrant.Expression_LinDecay:
		return decay(v.LinDecay, of, true, func(midpoint, scale float64) float64 { return (1 - midpoint) / scale },
			func(distance, lambda float64) float64 { return max(0, 1-lambda*distance) })
	}
	return nil, invalid("missing field: expression")
}

type compileFunc func(*qdrant.Expression) (expression, error)

func (f *formulaCompiler) variable(name string) (expression, error) {
	i, p, isScore, err := variable(name)
	if err != nil {
		return nil, err
	}
	if isScore {
		otherwise := f.scoreDefaults[i]
		return func(pt *formulaPoint) (float64, error) {
			if i < len(pt.scores) {
				if score, ok := pt.scores[i][pt.slot]; ok {
					return float64(score), nil
				}
			}
			return otherwise, nil
		}, nil
	}
	value := f.value(p, "number")
	return func(pt *formulaPoint) (float64, error) {
		v, err := value(&pt.subject)
		if err != nil {
			return 0, err
		}
		n, ok := numberOf(v)
		if !ok {
			return 0, wrongVariable(p, "number", "Value is not a number")
		}
		return n, nil
	}, nil
}

func (f *formulaCompiler) condition(in *qdrant.Condition) (expression, error) {
	cond, err := compileFilter(f.c, &qdrant.Filter{Must: []*qdrant.Condition{in}})
	if err != nil {
		return nil, err
	}
	return func(pt *formulaPoint) (float64, error) { return float64(boolIndex(cond.check(&pt.subject))), nil }, nil
}

func (f *formulaCompiler) geoDistance(in *qdrant.GeoDistance) (expression, error) {
	origin, err := geoPointOf(in.GetOrigin())
	if err != nil {
		return nil, err
	}
	p, err := parsePath(in.GetTo())
	if err != nil {
		return nil, err
	}
	value := f.value(p, "geo point")
	return func(pt *formulaPoint) (float64, error) {
		v, err := value(&pt.subject)
		if err != nil {
			return 0, err
		}
		to, ok := geoOf(v)
		if !ok || !to.valid() {
			return 0, wrongVariable(p, "geo point", "Value is not a geo point")
		}
		return origin.distance(to), nil
	}, nil
}

// datetime is the time at a path of the payload, in seconds since 1970.
func (f *formulaCompiler) datetime(key string) (expression, error) {
	p, err := parsePath(key)
	if err != nil {
		return nil, err
	}
	value := f.value(p, "datetime")
	return func(pt *formulaPoint) (float64, error) {
		v, err := value(&pt.subject)
		if err != nil {
			return 0, err
		}
		s, ok := v.GetKind().(*qdrant.Value_StringValue)
		if !ok {
			return 0, wrongVariable(p, "datetime", "Value is not a string")
		}
		micros, ok := parseDatetime(s.StringValue)
		if !ok {
			return 0, wrongVariable(p, "datetime", "Value is not a datetime")
		}
		return float64(micros) / 1e6, nil
	}, nil
}

func compileAll(list []*qdrant.Expression, of compileFunc) ([]expression, error) {
	out := make([]expression, len(list))
	for i, in := range list {
		e, err := of(in)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// product stops at the first factor of 0: what comes after it need not have a value.
func (f *formulaCompiler) product(list []*qdrant.Expression, of compileFunc) (expression, error) {
	factors, err := compileAll(list, of)
	return func(pt *formulaPoint) (float64, error) {
		product := 1.0
		for _, e := range factors {
			x, err := e(pt)
			if err != nil || x == 0 {
				return 0, err
			}
			product *= x
		}
		return product, nil
	}, err
}

func (f *formulaCompiler) sum(list []*qdrant.Expression, of compileFunc) (expression, error) {
	terms, err := compileAll(list, of)
	return func(pt *formulaPoint) (float64, error) {
		sum := 0.0
		for _, e := range terms {
			x, err := e(pt)
			if err != nil {
				return 0, err
			}
			sum += x
		}
		return sum, nil
	}, err
}

func (f *formulaCompiler) quotient(in *qdrant.DivExpression, of compileFunc) (expression, error) {
	both, err := compileAll([]*qdrant.Expression{in.GetLeft(), in.GetRight()}, of)
	return func(pt *formulaPoint) (float64, error) {
		left, err := both[0](pt)
		if err != nil || left == 0 {
			return 0, err
		}
		right, err := both[1](pt)
		if err != nil {
			return 0, err
		}
		if right == 0 && in.ByZeroDefault != nil {
			return float64(in.GetByZeroDefault()), nil
		}
		if x := left / right; finite(x) {
			return x, nil
		}
		return 0, notFinite("%v/%v", left, right)
	}, err
}

func (f *formulaCompiler) power(in *qdrant.PowExpression, of compileFunc) (expression, error) {
	both, err := compileAll([]*qdrant.Expression{in.GetBase(), in.GetExponent()}, of)
	return func(pt *formulaPoint) (float64, error) {
		base, err := both[0](pt)
		if err != nil {
			return 0, err
		}
		exponent, err := both[1](pt)
		if err != nil {
			return 0, err
		}
		if x := math.Pow(base, exponent); finite(x) {
			return x, nil
		}
		return 0, notFinite("%v^%v", base, exponent)
	}, err
}

func unary(in *qdrant.Expression, of compileFunc, format string, apply func(float64) float64) (expression, error) {
	inner, err := of(in)
	return func(pt *formulaPoint) (float64, error) {
		x, err := inner(pt)
		if err != nil {
			return 0, err
		}
		if y := apply(x); finite(y) {
			return y, nil
		}
		return 0, notFinite(format, x)
	}, err
}

// decay falls from 1 at the target to the midpoint at one scale from it.
func decay(in *qdrant.DecayParamsExpression, of compileFunc, endsAllowed bool, lambdaOf func(midpoint, scale float64) float64, fall func(distance, lambda float64) float64) (expression, error) {
	midpoint, scale := float64(orZero(in.Midpoint, 0.5)), float64(orZero(in.Scale, 1))
	switch {
	case endsAllowed && !(midpoint >= 0 && midpoint <= 1):
		return nil, invalid("Wrong input: Validation failed: Linear decay midpoint should be in the range [0.0, 1.0], got %v.", midpoint)
	case !endsAllowed && !(midpoint > 0 && midpoint < 1):
		return nil, invalid("Wrong input: Validation failed: Decay midpoint should be in the range (0.0, 1.0), got %v.", midpoint)
	case !(scale > 0):
		return nil, invalid("Wrong input: Validation failed: Decay scale should be non-zero positive, got %v.", scale)
	}
	lambda := lambdaOf(midpoint, scale)
	at, err := of(in.GetX())
	if err != nil {
		return nil, err
	}
	target := func(*formulaPoint) (float64, error) { return 0, nil }
	if in.GetTarget() != nil {
		if target, err = of(in.GetTarget()); err != nil {
			return nil, err
		}
	}
	return func(pt *formulaPoint) (float64, error) {
		x, err := at(pt)
		if err != nil {
			return 0, err
		}
		to, err := target(pt)
		if err != nil {
			return 0, err
		}
		return fall(math.Abs(x-to), lambda), nil
	}, nil
}
