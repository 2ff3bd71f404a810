package local

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// check says what is wrong with the value of a field, or "".
type check func(protoreflect.Value) string

// limit is what the value of a field must satisfy.
type limit struct {
	check    check
	required bool // although the field is not set
}

// limits holds the limits of Qdrant's messages: message.field to what its value must satisfy where it is set.
// A key that begins with * holds for every message with such a field. Vectors are checked where they are read.
var limits = map[string]limit{
	"*.collection_name":                             {name, true},
	"CreateCollection.collection_name":              {newName, true},
	"CreateAlias.collection_name":                   {},
	"LookupLocation.collection_name":                {},
	"*.timeout":                                     {check: atLeast(1)},
	"SearchPoints.limit":                            {atLeast(1), true},
	"SearchPointGroups.limit":                       {atLeast(1), true},
	"SearchPointGroups.group_size":                  {atLeast(1), true},
	"SearchPointGroups.group_by":                    {notEmpty, true},
	"RecommendPointGroups.limit":                    {atLeast(1), true},
	"RecommendPointGroups.group_size":               {atLeast(1), true},
	"RecommendPointGroups.group_by":                 {notEmpty, true},
	"DiscoverPoints.limit":                          {atLeast(1), true},
	"ScrollPoints.limit":                            {check: atLeast(1)},
	"PrefetchQuery.limit":                           {check: atLeast(1)},
	"QueryPoints.limit":                             {check: atLeast(1)},
	"QueryPointGroups.limit":                        {check: atLeast(1)},
	"QueryPointGroups.group_size":                   {check: atLeast(1)},
	"QueryPointGroups.group_by":                     {notEmpty, true},
	"FacetCounts.key":                               {notEmpty, true},
	"SearchMatrixPoints.sample":                     {check: atLeast(2)},
	"SearchMatrixPoints.limit":                      {check: atLeast(1)},
	"UpdateBatchPoints.operations":                  {notEmpty, true},
	"CreateFieldIndexCollection.field_name":         {notEmpty, true},
	"DeleteFieldIndexCollection.field_name":         {notEmpty, true},
	"DeleteSnapshotRequest.snapshot_name":           {notEmpty, true},
	"DeleteFullSnapshotRequest.snapshot_name":       {notEmpty, true},
	"CreateCollection.shard_number":                 {check: atLeast(1)},
	"*.replication_factor":                          {check: atLeast(1)},
	"*.write_consistency_factor":                    {check: atLeast(1)},
	"VectorParams.size":                             {between(1, 65536), true},
	"HnswConfigDiff.ef_construct":                   {check: atLeast(4)},
	"WalConfigDiff.wal_capacity_mb":                 {check: atLeast(1)},
	"WalConfigDiff.wal_retain_closed":               {check: atLeast(1)},
	"OptimizersConfigDiff.deleted_threshold":        {check: between(0, 1)},
	"OptimizersConfigDiff.vacuum_min_vector_number": {check: atLeast(100)},
	"OptimizersConfigDiff.max_segment_size":         {check: atLeast(1)},
	"ScalarQuantization.quantile":                   {check: between(0.5, 1)},
	"StrictModeConfig.max_query_limit":              {check: atLeast(1)},
	"StrictModeConfig.max_timeout":                  {check: atLeast(1)},
	"StrictModeConfig.max_points_count":             {check: atLeast(1)},
	"StrictModeConfig.read_rate_limit":              {check: atLeast(1)},
	"StrictModeConfig.write_rate_limit":             {check: atLeast(1)},
	"StrictModeSparse.max_length":                   {check: atLeast(1)},
	"StrictModeMultivector.max_vectors":             {check: atLeast(1)},
	"AcornSearchParams.max_selectivity":             {check: between(0, 1)},
	"QuantizationSearchParams.oversampling":         {check: atLeast(1)},
	"Mmr.diversity":                                 {check: between(0, 1)},
	"Mmr.candidates_limit":                          {check: between(0, 16384)},
	"Rrf.k":                                         {check: atLeast(1)},
	"DatetimeRange.lt":                              {check: timestamp},
	"DatetimeRange.gt":                              {check: timestamp},
	"DatetimeRange.lte":                             {check: timestamp},
	"DatetimeRange.gte":                             {check: timestamp},
	"GeoPolygon.exterior":                           {check: ring},
	"GeoPolygon.interiors":                          {check: rings},
}

// wholes holds what a message must satisfy as a whole.
var wholes = map[string]func(protoreflect.Message) string{
	"FieldCondition": func(m protoreflect.Message) string {
		empty := true
		m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			empty = f.Name() == "key"
			return empty
		})
		if empty {
			return "At least one field condition must be specified"
		}
		return ""
	},
	"ShardKeySelector": func(m protoreflect.Message) string {
		if m.Get(m.Descriptor().Fields().ByName("shard_keys")).List().Len() > 0 {
			return fmt.Sprintf(oneNode, "shard_keys")
		}
		return ""
	},
	"IntegerIndexParams": func(m protoreflect.Message) string {
		f := m.Descriptor().Fields()
		lookup, ranges := f.ByName("lookup"), f.ByName("range")
		if m.Has(lookup) && m.Has(ranges) && !m.Get(lookup).Bool() && !m.Get(ranges).Bool() {
			return "the 'lookup' and 'range' capabilities can't be both disabled"
		}
		return ""
	},
}

// unlimited are the messages that hold the bulk of a call and no field with a limit.
var unlimited = map[protoreflect.Name]bool{
	"Value": true, "Struct": true, "Vector": true, "Vectors": true, "VectorInput": true, "PointStruct": true, "PointVectors": true, "PointId": true,
}

const maxNesting = 256 // levels of messages in one another

// validate checks a request against the limits, and names each field that is out of them.
func validate(request proto.Message) error {
	var problems []string
	validateMessage(request.ProtoReflect(), "", 0, &problems)
	if problems == nil {
		return nil
	}
	slices.Sort(problems)
	return invalid("Validation error in body: [%s]", strings.Join(problems, "; "))
}

func validateMessage(m protoreflect.Message, at string, depth int, problems *[]string) {
	if depth > maxNesting {
		*problems = append(*problems, at+": nested too deep")
		return
	}
	plan := planOf(m.Descriptor())
	if plan.whole != nil {
		if problem := plan.whole(m); problem != "" {
			*problems = append(*problems, at+problem)
		}
	}
	for _, f := range plan.fields {
		set := m.Has(f.desc)
		place := at + string(f.desc.Name())
		if f.check != nil && (set || f.required) {
			if problem := f.check(m.Get(f.desc)); problem != "" {
				*problems = append(*problems, place+": "+problem)
			}
		}
		if !f.inside || !set {
			continue
		}
		v := m.Get(f.desc)
		switch {
		case f.desc.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				validateMessage(v.Message(), fmt.Sprintf("%s.%v.", place, k), depth+1, problems)
				return true
			})
		case f.desc.IsList():
			for i := range v.List().Len() {
				validateMessage(v.List().Get(i).Message(), fmt.Sprintf("%s[%d].", place, i), depth+1, problems)
			}
		default:
			validateMessage(v.Message(), place+".", depth+1, problems)
		}
	}
}

// messagePlan is what there is to check in messages of one type.
type messagePlan struct {
	whole  func(protoreflect.Message) string
	fields []fieldPlan
}

type fieldPlan struct {
	limit
	desc   protoreflect.FieldDescriptor
	inside bool // a message with something to check in it
}

var plans sync.Map // of protoreflect.FullName to *messagePlan

func planOf(d protoreflect.MessageDescriptor) *messagePlan {
	if p, ok := plans.Load(d.FullName()); ok {
		return p.(*messagePlan)
	}
	p := &messagePlan{whole: wholes[string(d.Name())]}
	for i := range d.Fields().Len() {
		f := fieldPlan{desc: d.Fields().Get(i)}
		f.limit = limitOf(d.Name(), f.desc)
		kind := f.desc
		if kind.IsMap() {
			kind = kind.MapValue()
		}
		f.inside = kind.Message() != nil && limited(kind.Message(), map[protoreflect.FullName]bool{})
		if f.check != nil || f.inside {
			p.fields = append(p.fields, f)
		}
	}
	plans.Store(d.FullName(), p)
	return p
}

func limitOf(message protoreflect.Name, f protoreflect.FieldDescriptor) limit {
	if l, ok := limits[string(message)+"."+string(f.Name())]; ok {
		return l
	}
	return limits["*."+string(f.Name())]
}

// limited reports whether there is anything to check in a message of type d.
func limited(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if unlimited[d.Name()] || seen[d.FullName()] {
		return false
	}
	seen[d.FullName()] = true
	if wholes[string(d.Name())] != nil {
		return true
	}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if limitOf(d.Name(), f).check != nil {
			return true
		}
		if f.IsMap() {
			f = f.MapValue()
		}
		if f.Message() != nil && limited(f.Message(), seen) {
			return true
		}
	}
	return false
}

func number(v protoreflect.Value) float64 {
	switch n := v.Interface().(type) {
	case uint32:
		return float64(n)
	case uint64:
		return float64(n)
	case int64:
		return float64(n)
	case float32:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func atLeast(least float64) check {
	return func(v protoreflect.Value) string {
		if n := number(v); !(n >= least) {
			return fmt.Sprintf("value %v invalid, must be %v or larger", n, least)
		}
		return ""
	}
}

func between(least, most float64) check {
	return func(v protoreflect.Value) string {
		if n := number(v); !(n >= least && n <= most) {
			return fmt.Sprintf("value %v invalid, must be from %v to %v", n, least, most)
		}
		return ""
	}
}

func notEmpty(v protoreflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		if x == "" {
			return `value "" invalid, must be at least 1 characters`
		}
	case protoreflect.List:
		if x.Len() == 0 {
			return "value [] invalid, must be at least 1 items"
		}
	}
	return ""
}

func name(v protoreflect.Value) string {
	return nameProblem(v.String(), "/\x00")
}

func newName(v protoreflect.Value) string {
	return nameProblem(v.String(), "<>:\"/\\|?*\x00\x1f")
}

func nameProblem(s, forbidden string) string {
	if n := utf8.RuneCountInString(s); n < 1 || n > 255 {
		return fmt.Sprintf("value %q invalid, must be from 1 to 255 characters", s)
	}
	if i := strings.IndexAny(s, forbidden); i >= 0 {
		return fmt.Sprintf("collection name cannot contain %q char", s[i:i+1])
	}
	return ""
}

func timestamp(v protoreflect.Value) string {
	m := v.Message()
	f := m.Descriptor().Fields()
	seconds, nanos := m.Get(f.ByName("seconds")).Int(), m.Get(f.ByName("nanos")).Int()
	if seconds < -62135596800 || seconds > 253402300799 || nanos < 0 || nanos > 999999999 {
		return "is not a time of the years 1 to 9999"
	}
	return ""
}

func ring(v protoreflect.Value) string {
	m := v.Message()
	points := m.Get(m.Descriptor().Fields().ByName("points")).List()
	if points.Len() < 4 {
		return "line string must have at least 4 points"
	}
	first, last := points.Get(0).Message().Interface(), points.Get(points.Len()-1).Message().Interface()
	if !proto.Equal(first, last) {
		return "line string must be closed: its first and last points differ"
	}
	return ""
}

func rings(v protoreflect.Value) string {
	for i := range v.List().Len() {
		if problem := ring(v.List().Get(i)); problem != "" {
			return problem
		}
	}
	return ""
}
