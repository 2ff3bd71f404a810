package local

import (
	"fmt"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// gathered is a collection of a few points with values of every kind, and an index on each of their fields.
func gathered(t testing.TB, indexed bool) *collection {
	t.Helper()
	c := newCollection(1, "c", &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"d": {Size: 2, Distance: qdrant.Distance_Dot}}),
	}})
	if indexed {
		for field, kind := range map[string]qdrant.PayloadSchemaType{
			"word": qdrant.PayloadSchemaType_Keyword, "n": qdrant.PayloadSchemaType_Integer, "x": qdrant.PayloadSchemaType_Float,
			"when": qdrant.PayloadSchemaType_Datetime, "yes": qdrant.PayloadSchemaType_Bool, "id": qdrant.PayloadSchemaType_Uuid,
			"place": qdrant.PayloadSchemaType_Geo, "text": qdrant.PayloadSchemaType_Text, "in[].a": qdrant.PayloadSchemaType_Integer,
		} {
			schema := &qdrant.PayloadSchemaInfo{DataType: kind}
			if kind == qdrant.PayloadSchemaType_Text {
				schema.Params = qdrant.NewPayloadIndexParamsText(&qdrant.TextIndexParams{Tokenizer: qdrant.TokenizerType_Multilingual, PhraseMatching: qdrant.PtrOf(true)})
			}
			x, err := newFieldIndex(field, schema)
			if err != nil {
				t.Fatal(err)
			}
			c.setIndex(field, schema, x)
		}
	}
	for i, payload := range samplePayloads {
		r := &record{id: numberID(uint64(i)), payload: qdrant.NewValueMap(payload), vectors: map[string]vector{}}
		if i%2 == 0 {
			r.vectors["d"] = newDense([]float32{1, 2})
		}
		c.put(r)
	}
	for i := range samplePayloads { // gone again, or written twice: the indexes must not remember
		switch i % 5 {
		case 3:
			c.remove(numberID(uint64(i)))
		case 4:
			c.put(&record{id: numberID(uint64(i)), payload: qdrant.NewValueMap(samplePayloads[0]), vectors: map[string]vector{}})
		}
	}
	return c
}

var samplePayloads = func() (out []map[string]any) {
	values := map[string][]any{
		"word":  {"ash", "birch", 3, nil, []any{"ash", "cedar"}, []any{}, []any{nil}, []any{"birch", nil}},
		"n":     {1, 2, 3.5, -1, "2", []any{1, 5}, []any{}, nil, []any{nil, 2}},
		"x":     {0.5, 1, -2.25, []any{0.25, 9.0}, "0.5", nil},
		"when":  {"2024-01-02", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05+08:00", "yesterday", []any{"2020-01-01", "2030-01-01"}},
		"yes":   {true, false, []any{true, false}, "true", nil},
		"id":    {"6f1b2c3d-0000-4000-8000-000000000001", "6F1B2C3D000040008000000000000001", "no id", []any{"6f1b2c3d-0000-4000-8000-000000000002"}},
		"place": {map[string]any{"lon": 10.0, "lat": 50.0}, map[string]any{"lon": 190.0, "lat": 0.0}, []any{map[string]any{"lon": 11, "lat": 49}, map[string]any{"lon": -170.5, "lat": 1}}, "there"},
		"text":  {"The old mill by the river", "river, mill", "科学院在河边", []any{"old", "mill by"}, "", 7},
		"in":    {[]any{map[string]any{"a": 1}, map[string]any{"a": 2, "b": "ash"}}, map[string]any{"a": 1}, []any{}, []any{map[string]any{"a": []any{3, 4}}}},
	}
	for i := range 60 {
		payload := map[string]any{}
		for f, field := range sortedKeys(values) {
			list := values[field]
			if pick := (i*7 + f*3) % (len(list) + 2); pick < len(list) {
				payload[field] = list[pick]
			}
		}
		out = append(out, payload)
	}
	return out
}()

var sampleConditions = []*qdrant.Condition{
	qdrant.NewMatch("word", "ash"), qdrant.NewMatchKeywords("word", "birch", "cedar"), qdrant.NewMatchExceptKeywords("word", "ash"), qdrant.NewMatchExceptInts("word", 3),
	qdrant.NewMatchInt("n", 2), qdrant.NewMatchInts("n", 1, 5), qdrant.NewMatchExceptInts("n", 1), qdrant.NewMatchExceptKeywords("n", "2"),
	qdrant.NewRange("n", &qdrant.Range{Gt: qdrant.PtrOf(0.5), Lt: qdrant.PtrOf(4.5)}), qdrant.NewRange("x", &qdrant.Range{Gte: qdrant.PtrOf(0.5), Lte: qdrant.PtrOf(1.0)}),
	qdrant.NewMatchBool("yes", true), qdrant.NewMatchBool("yes", false),
	qdrant.NewMatch("id", "6f1b2c3d-0000-4000-8000-000000000001"), qdrant.NewMatch("id", "no id"),
	qdrant.NewGeoRadius("place", 50, 10, 200_000), qdrant.NewGeoBoundingBox("place", 55, 5, 45, 15), qdrant.NewGeoBoundingBox("place", 5, 170, -5, -170),
	fieldCondition(&qdrant.FieldCondition{Key: "place", GeoPolygon: &qdrant.GeoPolygon{Exterior: &qdrant.GeoLineString{Points: []*qdrant.GeoPoint{{Lon: 5, Lat: 45}, {Lon: 15, Lat: 45}, {Lon: 10, Lat: 55}, {Lon: 5, Lat: 45}}}}}),
	qdrant.NewMatchText("text", "river mill"), qdrant.NewMatchText("text", "科学院"), qdrant.NewMatchText("text", "院"), qdrant.NewMatchText("text", ""),
	qdrant.NewMatchPhrase("text", "mill by"), qdrant.NewMatchTextAny("text", "old sea"),
	qdrant.NewMatchInt("in[].a", 1), qdrant.NewRange("in[].a", &qdrant.Range{Gte: qdrant.PtrOf(2.0)}),
	qdrant.NewNestedFilter("in", &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("a", 2), qdrant.NewMatch("b", "ash")}}),
	qdrant.NewIsEmpty("word"), qdrant.NewIsNull("word"), qdrant.NewIsEmpty("in[].a"), qdrant.NewValuesCount("word", &qdrant.ValuesCount{Gt: qdrant.PtrOf(uint64(1))}),
	fieldCondition(&qdrant.FieldCondition{Key: "word", IsNull: qdrant.PtrOf(true)}), fieldCondition(&qdrant.FieldCondition{Key: "word", IsNull: qdrant.PtrOf(false)}),
	fieldCondition(&qdrant.FieldCondition{Key: "n", IsEmpty: qdrant.PtrOf(true)}), fieldCondition(&qdrant.FieldCondition{Key: "n", IsEmpty: qdrant.PtrOf(false)}),
	qdrant.NewHasID(qdrant.NewIDNum(1), qdrant.NewIDNum(2), qdrant.NewIDNum(99)), qdrant.NewHasVector("d"), qdrant.NewHasVector("none"),
}

func fieldCondition(f *qdrant.FieldCondition) *qdrant.Condition {
	return &qdrant.Condition{ConditionOneOf: &qdrant.Condition_Field{Field: f}}
}

// disagreement tells of a point on which the index and the look at the payload differ, or "".
func disagreement(c *collection, f *qdrant.Filter) string {
	cond, err := compileFilter(c, f)
	if err != nil {
		return ""
	}
	set, rest := c.candidates(cond)
	var s subject
	it := c.live.Iterator()
	for it.HasNext() {
		slot := it.Next()
		c.subject(slot, &s)
		byIndex := set.Contains(slot) && (rest == nil || rest.check(&s))
		if byPayload := cond.check(&s); byIndex != byPayload {
			return fmt.Sprintf("point %s, %v: by the index %v, by its payload %v", s.id, s.payload, byIndex, byPayload)
		}
		if r := c.record(s.id); cond.check(r.subject()) != byIndex {
			return fmt.Sprintf("point %s, %v: about to be written it is another", s.id, s.payload)
		}
	}
	return ""
}

// TestIndexesAndPayloadsAgree holds the two ways of a condition together: from the index, and from the payload of a point
// that is about to be written.
func TestIndexesAndPayloadsAgree(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		c := gathered(t, indexed)
		for _, one := range sampleConditions {
			if problem := disagreement(c, &qdrant.Filter{Must: []*qdrant.Condition{one}}); problem != "" {
				t.Errorf("%v, indexed %v: %s", one, indexed, problem)
			}
		}
		rapid.Check(t, func(rt *rapid.T) {
			if f := drawSampleFilter(rt, 2); disagreement(c, f) != "" {
				rt.Fatalf("%v, indexed %v: %s", f, indexed, disagreement(c, f))
			}
		})
	}
}

func drawSampleFilter(t *rapid.T, depth int) *qdrant.Filter {
	list := func(name string) (out []*qdrant.Condition) {
		for range rapid.IntRange(0, 3).Draw(t, name) {
			if depth > 0 && rapid.IntRange(0, 3).Draw(t, "nest") == 0 {
				out = append(out, qdrant.NewFilterAsCondition(drawSampleFilter(t, depth-1)))
			} else {
				out = append(out, rapid.SampledFrom(sampleConditions).Draw(t, "condition"))
			}
		}
		return out
	}
	f := &qdrant.Filter{Must: list("must"), Should: list("should"), MustNot: list("must not")}
	if rapid.Bool().Draw(t, "min") {
		f.MinShould = &qdrant.MinShould{Conditions: list("of"), MinCount: rapid.Uint64Range(0, 3).Draw(t, "count")}
	}
	return f
}

// What Qdrant was seen to answer (semantics of arrays, nulls and missing values), with the field indexed and not.
func TestFilterTruth(t *testing.T) {
	type truth struct {
		name           string
		payload        map[string]any
		condition      *qdrant.Condition
		plain, byIndex bool
		kind           qdrant.PayloadSchemaType
	}
	keyword, integer := qdrant.PayloadSchemaType_Keyword, qdrant.PayloadSchemaType_Integer
	isNull := fieldCondition(&qdrant.FieldCondition{Key: "k", IsNull: qdrant.PtrOf(true)})
	isNotNull := fieldCondition(&qdrant.FieldCondition{Key: "k", IsNull: qdrant.PtrOf(false)})
	isNotEmpty := fieldCondition(&qdrant.FieldCondition{Key: "k", IsEmpty: qdrant.PtrOf(false)})
	between := func(low, high float64) *qdrant.Condition {
		return qdrant.NewRange("k", &qdrant.Range{Gte: &low, Lte: &high})
	}
	for _, row := range []truth{
		{"except holds when some value is another", map[string]any{"k": []any{"x", "z"}}, qdrant.NewMatchExceptKeywords("k", "x"), true, true, keyword},
		{"except does not hold of a missing value", nil, qdrant.NewMatchExceptKeywords("k", "x"), false, false, keyword},
		{"except does not hold of null", map[string]any{"k": nil}, qdrant.NewMatchExceptKeywords("k", "x"), false, false, keyword},
		{"a missing value is empty", nil, qdrant.NewIsEmpty("k"), true, true, keyword},
		{"null is empty", map[string]any{"k": nil}, qdrant.NewIsEmpty("k"), true, true, keyword},
		{"[] is empty", map[string]any{"k": []any{}}, qdrant.NewIsEmpty("k"), true, true, keyword},
		{"[null] is not empty", map[string]any{"k": []any{nil}}, qdrant.NewIsEmpty("k"), false, false, keyword},
		{"a missing value is not null", nil, qdrant.NewIsNull("k"), false, false, keyword},
		{"[] is not null", map[string]any{"k": []any{}}, qdrant.NewIsNull("k"), false, false, keyword},
		{"[null] is null once the field has an index", map[string]any{"k": []any{1, nil}}, qdrant.NewIsNull("k"), false, true, keyword},
		{"is_null of a field sees [null] always", map[string]any{"k": []any{1, nil}}, isNull, true, true, keyword},
		{"is_null false is its negation", map[string]any{"k": []any{1, nil}}, isNotNull, false, false, keyword},
		{"is_null false holds of a missing value", nil, isNotNull, true, true, keyword},
		{"is_empty false holds of [null]", map[string]any{"k": []any{nil}}, isNotEmpty, true, true, keyword},
		{"values_count does not hold of a missing value", nil, qdrant.NewValuesCount("k", &qdrant.ValuesCount{Lt: qdrant.PtrOf(uint64(1))}), false, false, keyword},
		{"values_count of null is 0", map[string]any{"k": nil}, qdrant.NewValuesCount("k", &qdrant.ValuesCount{Lt: qdrant.PtrOf(uint64(1))}), true, true, keyword},
		{"values_count counts nulls in an array", map[string]any{"k": []any{nil, nil}}, qdrant.NewValuesCount("k", &qdrant.ValuesCount{Gte: qdrant.PtrOf(uint64(2))}), true, true, keyword},
		{"an integer does not match a double", map[string]any{"k": 5.0}, qdrant.NewMatchInt("k", 5), false, false, integer},
		{"an integer index does not see doubles", map[string]any{"k": 5.5}, between(5, 6), true, false, integer},
		{"an integer index cuts the fractions of bounds", map[string]any{"k": 5}, between(5.5, 5.9), false, true, integer},
		{"both bounds hold for one element", map[string]any{"k": []any{1, 9}}, between(4, 6), false, false, integer},
		{"a condition without an arm says nothing", nil, &qdrant.Condition{}, true, true, integer},
		{"a single object is not nested", map[string]any{"k": map[string]any{"a": 1}}, qdrant.NewNestedFilter("k", &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("a", 1)}}), false, false, integer},
		{"nested conditions hold for one element together", map[string]any{"k": []any{map[string]any{"a": 1}, map[string]any{"b": 1}}}, qdrant.NewNestedFilter("k", &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("a", 1), qdrant.NewMatchInt("b", 1)}}), false, false, integer},
		{"has_id never holds within a nested filter", map[string]any{"k": []any{map[string]any{"a": 1}}}, qdrant.NewNestedFilter("k", &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(qdrant.NewIDNum(1))}}), false, false, integer},
	} {
		for _, indexed := range []bool{false, true} {
			c := newCollection(1, "c", &qdrant.CollectionConfig{})
			if indexed {
				schema := &qdrant.PayloadSchemaInfo{DataType: row.kind}
				x, err := newFieldIndex("k", schema)
				if err != nil {
					t.Fatal(err)
				}
				c.setIndex("k", schema, x)
			}
			c.put(&record{id: numberID(1), payload: qdrant.NewValueMap(row.payload)})
			cond, err := compileFilter(c, &qdrant.Filter{Must: []*qdrant.Condition{row.condition}})
			if err != nil {
				t.Fatal(err)
			}
			set, err := c.matching(t.Context(), cond)
			want := row.plain
			if indexed {
				want = row.byIndex
			}
			if got := set.Contains(0); err != nil || got != want {
				t.Errorf("%s, indexed %v: want %v, got %v, %v", row.name, indexed, want, got, err)
			}
		}
	}
}

func TestMalformedFilters(t *testing.T) {
	deep := &qdrant.Filter{}
	for range 2 * maxNesting {
		deep = &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewFilterAsCondition(deep)}}
	}
	c := gathered(t, true)
	for name, f := range map[string]*qdrant.Filter{
		"a match without a value":  {Must: []*qdrant.Condition{fieldCondition(&qdrant.FieldCondition{Key: "n", Match: &qdrant.Match{}})}},
		"a key that is no path":    {Must: []*qdrant.Condition{qdrant.NewMatch("a b", "x")}},
		"an id that is no uuid":    {Must: []*qdrant.Condition{qdrant.NewHasID(qdrant.NewID("hello"))}},
		"a place beyond the poles": {Must: []*qdrant.Condition{qdrant.NewGeoRadius("place", 91, 0, 1)}},
		"a polygon without a line": {Must: []*qdrant.Condition{fieldCondition(&qdrant.FieldCondition{Key: "place", GeoPolygon: &qdrant.GeoPolygon{}})}},
		"a box with one corner":    {Must: []*qdrant.Condition{fieldCondition(&qdrant.FieldCondition{Key: "place", GeoBoundingBox: &qdrant.GeoBoundingBox{TopLeft: &qdrant.GeoPoint{}}})}},
		"nested too deep":          deep,
	} {
		if _, err := compileFilter(c, f); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, one := range sampleConditions {
		seed, err := protojson.Marshal(&qdrant.Filter{Must: []*qdrant.Condition{one}, MustNot: []*qdrant.Condition{one}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	c, plain := gathered(f, true), gathered(f, false)
	f.Fuzz(func(t *testing.T, raw []byte) {
		filter := &qdrant.Filter{}
		if protojson.Unmarshal(raw, filter) != nil {
			t.Skip()
		}
		_ = validate(&qdrant.CountPoints{CollectionName: "c", Filter: proto.CloneOf(filter)})
		for _, one := range []*collection{c, plain} {
			if problem := disagreement(one, filter); problem != "" {
				t.Errorf("%s: %s", raw, problem)
			}
		}
	})
}
