package local

//lint:file-ignore SA1019 1.16 answers in the deprecated fields

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// model is a collection as a map and loops over it: what every store must agree with.
type model struct {
	points map[uint64]*modelPoint
}

type modelPoint struct {
	payload map[string]*qdrant.Value
	dense   []float32 // nil: none
	sparse  *qdrant.SparseVector
}

func (m *model) sorted() []uint64 { return slices.Sorted(maps.Keys(m.points)) }

// TestAgainstAModel does random things to a store on disk and to the model, closing and opening the store in between, and
// compares them: all points, counts and searches under a filter, with indexes and without.
func TestAgainstAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, done := temporaryFolder(t)
		defer done()
		s := &modelRun{T: rt, dir: dir, model: model{points: map[uint64]*modelPoint{}}}
		s.open()
		defer func() { s.close() }()
		err := s.client.CreateCollection(context.Background(), &qdrant.CreateCollection{
			CollectionName:      "c",
			VectorsConfig:       qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"d": {Size: 2, Distance: qdrant.Distance_Euclid}}),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"s": {}}),
		})
		if err != nil {
			rt.Fatal(err)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"upsert":         s.upsert,
			"delete":         s.delete,
			"delete by":      s.deleteBy,
			"set payload":    s.setPayload,
			"delete payload": s.deletePayload,
			"update vectors": s.updateVectors,
			"delete vectors": s.deleteVectors,
			"batch":          s.batch,
			"index":          s.index,
			"reopen":         func(*rapid.T) { s.close(); s.open() },
			"":               s.compare,
		})
	})
}

type modelRun struct {
	*rapid.T
	dir    string
	db     *DB
	client *qdrant.Client
	model  model
}

func (s *modelRun) open() {
	var err error
	if s.db, err = Open(s.dir, quiet); err != nil {
		s.Fatal(err)
	}
	if s.client, err = s.db.Client(); err != nil {
		s.Fatal(err)
	}
}

func (s *modelRun) close() {
	if err := s.client.Close(); err != nil {
		s.Error(err)
	}
	if err := s.db.Close(); err != nil {
		s.Error(err)
	}
}

var (
	anyID    = rapid.Uint64Range(1, 12)
	anyIDs   = rapid.SliceOfN(anyID, 1, 4)
	anyFloat = rapid.Float32Range(-4, 4)
	anyField = rapid.SampledFrom([]string{"word", "n", "x", "tags", "in.a"})
)

func drawPayload(t *rapid.T) map[string]*qdrant.Value {
	out := map[string]any{}
	if rapid.Bool().Draw(t, "word") {
		out["word"] = rapid.SampledFrom([]string{"ash", "birch", "cedar"}).Draw(t, "word is")
	}
	if rapid.Bool().Draw(t, "n") {
		out["n"] = rapid.SampledFrom([]any{int64(1), int64(2), int64(3), 2.5, "2", nil}).Draw(t, "n is")
	}
	if rapid.Bool().Draw(t, "x") {
		out["x"] = rapid.SampledFrom([]any{0.5, 1.5, int64(2), []any{0.5, 2.5}, []any{}}).Draw(t, "x is")
	}
	if rapid.Bool().Draw(t, "tags") {
		list := rapid.SliceOfN(rapid.SampledFrom([]string{"ash", "birch", "cedar"}), 0, 3).Draw(t, "tags are")
		values := make([]any, len(list))
		for i, s := range list {
			values[i] = s
		}
		out["tags"] = values
	}
	if rapid.Bool().Draw(t, "in") {
		out["in"] = map[string]any{"a": rapid.Int64Range(1, 3).Draw(t, "in.a is")}
	}
	return qdrant.NewValueMap(out)
}

func drawVectors(t *rapid.T) (*qdrant.Vectors, *modelPoint) {
	p := &modelPoint{}
	named := map[string]*qdrant.Vector{}
	if rapid.Bool().Draw(t, "dense") {
		p.dense = []float32{anyFloat.Draw(t, "d0"), anyFloat.Draw(t, "d1")}
		named["d"] = qdrant.NewVectorDense(p.dense)
	}
	if rapid.Bool().Draw(t, "sparse") {
		p.sparse = &qdrant.SparseVector{}
		for i := range uint32(4) {
			if rapid.Bool().Draw(t, "has index") {
				p.sparse.Indices, p.sparse.Values = append(p.sparse.Indices, i), append(p.sparse.Values, anyFloat.Draw(t, "s"))
			}
		}
		named["s"] = qdrant.NewVectorSparse(p.sparse.Indices, p.sparse.Values)
	}
	return qdrant.NewVectorsMap(named), p
}

func ids(list []uint64) []*qdrant.PointId {
	out := make([]*qdrant.PointId, len(list))
	for i, id := range list {
		out[i] = qdrant.NewIDNum(id)
	}
	return out
}

func (s *modelRun) present(list []uint64) []uint64 {
	var out []uint64
	for _, id := range list {
		if s.model.points[id] != nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func (s *modelRun) must(_ any, err error) {
	if err != nil {
		s.Fatal(err)
	}
}

var waiting = qdrant.PtrOf(true)

func (s *modelRun) drawUpsert(t *rapid.T) ([]*qdrant.PointStruct, func()) {
	var points []*qdrant.PointStruct
	written := map[uint64]*modelPoint{}
	for _, id := range anyIDs.Draw(t, "ids") {
		vectors, p := drawVectors(t)
		p.payload = drawPayload(t)
		points = append(points, &qdrant.PointStruct{Id: qdrant.NewIDNum(id), Vectors: vectors, Payload: p.payload})
		written[id] = p
	}
	return points, func() { maps.Copy(s.model.points, written) }
}

func (s *modelRun) upsert(t *rapid.T) {
	points, apply := s.drawUpsert(t)
	s.must(s.client.Upsert(context.Background(), &qdrant.UpsertPoints{CollectionName: "c", Wait: waiting, Points: points}))
	apply()
}

func (s *modelRun) delete(t *rapid.T) {
	list := anyIDs.Draw(t, "ids")
	s.must(s.client.Delete(context.Background(), &qdrant.DeletePoints{CollectionName: "c", Wait: waiting, Points: qdrant.NewPointsSelectorIDs(ids(list))}))
	for _, id := range list {
		delete(s.model.points, id)
	}
}

func (s *modelRun) deleteBy(t *rapid.T) {
	word := rapid.SampledFrom([]string{"ash", "birch", "cedar"}).Draw(t, "word")
	f := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("word", word)}}
	s.must(s.client.Delete(context.Background(), &qdrant.DeletePoints{CollectionName: "c", Wait: waiting, Points: qdrant.NewPointsSelectorFilter(f)}))
	maps.DeleteFunc(s.model.points, func(_ uint64, p *modelPoint) bool { return p.payload["word"].GetStringValue() == word })
}

func (s *modelRun) setPayload(t *rapid.T) {
	list := s.present(anyIDs.Draw(t, "ids"))
	if len(list) == 0 {
		return
	}
	payload := drawPayload(t)
	s.must(s.client.SetPayload(context.Background(), &qdrant.SetPayloadPoints{CollectionName: "c", Wait: waiting, Payload: payload, PointsSelector: qdrant.NewPointsSelectorIDs(ids(list))}))
	for _, id := range list {
		p := s.model.points[id]
		p.payload = maps.Clone(p.payload)
		for key, v := range payload {
			if _, null := v.GetKind().(*qdrant.Value_NullValue); null {
				delete(p.payload, key)
			} else {
				p.payload[key] = v
			}
		}
	}
}

func (s *modelRun) deletePayload(t *rapid.T) {
	list := s.present(anyIDs.Draw(t, "ids"))
	if len(list) == 0 {
		return
	}
	key := rapid.SampledFrom([]string{"word", "n", "x", "tags", "in"}).Draw(t, "key")
	s.must(s.client.DeletePayload(context.Background(), &qdrant.DeletePayloadPoints{CollectionName: "c", Wait: waiting, Keys: []string{key}, PointsSelector: qdrant.NewPointsSelectorIDs(ids(list))}))
	for _, id := range list {
		p := s.model.points[id]
		p.payload = maps.Clone(p.payload)
		delete(p.payload, key)
	}
}

func (s *modelRun) updateVectors(t *rapid.T) {
	list := s.present(anyIDs.Draw(t, "ids"))
	if len(list) == 0 {
		return
	}
	var points []*qdrant.PointVectors
	for _, id := range list {
		vectors, p := drawVectors(t)
		points = append(points, &qdrant.PointVectors{Id: qdrant.NewIDNum(id), Vectors: vectors})
		old := s.model.points[id]
		if p.dense != nil {
			old.dense = p.dense
		}
		if p.sparse != nil {
			old.sparse = p.sparse
		}
	}
	s.must(s.client.UpdateVectors(context.Background(), &qdrant.UpdatePointVectors{CollectionName: "c", Wait: waiting, Points: points}))
}

func (s *modelRun) deleteVectors(t *rapid.T) {
	list := s.present(anyIDs.Draw(t, "ids"))
	if len(list) == 0 {
		return
	}
	name := rapid.SampledFrom([]string{"d", "s"}).Draw(t, "name")
	s.must(s.client.DeleteVectors(context.Background(), &qdrant.DeletePointVectors{
		CollectionName: "c", Wait: waiting, PointsSelector: qdrant.NewPointsSelectorIDs(ids(list)), Vectors: &qdrant.VectorsSelector{Names: []string{name}},
	}))
	for _, id := range list {
		if name == "d" {
			s.model.points[id].dense = nil
		} else {
			s.model.points[id].sparse = nil
		}
	}
}

// batch upserts, deletes some of the same points, and sets a payload by a filter that sees both.
func (s *modelRun) batch(t *rapid.T) {
	points, apply := s.drawUpsert(t)
	gone := anyIDs.Draw(t, "gone")
	word := rapid.SampledFrom([]string{"ash", "birch", "cedar"}).Draw(t, "word")
	marked := map[string]*qdrant.Value{"marked": qdrant.NewValueBool(true)}
	s.must(s.client.UpdateBatch(context.Background(), &qdrant.UpdateBatchPoints{CollectionName: "c", Wait: waiting, Operations: []*qdrant.PointsUpdateOperation{
		{Operation: &qdrant.PointsUpdateOperation_Upsert{Upsert: &qdrant.PointsUpdateOperation_PointStructList{Points: points}}},
		{Operation: &qdrant.PointsUpdateOperation_DeletePoints_{DeletePoints: &qdrant.PointsUpdateOperation_DeletePoints{Points: qdrant.NewPointsSelectorIDs(ids(gone))}}},
		{Operation: &qdrant.PointsUpdateOperation_SetPayload_{SetPayload: &qdrant.PointsUpdateOperation_SetPayload{
			Payload: marked, PointsSelector: qdrant.NewPointsSelectorFilter(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("word", word)}}),
		}}},
	}}))
	apply()
	for _, id := range gone {
		delete(s.model.points, id)
	}
	for _, p := range s.model.points {
		if p.payload["word"].GetStringValue() == word {
			p.payload = maps.Clone(p.payload)
			maps.Copy(p.payload, marked)
		}
	}
}

func (s *modelRun) index(t *rapid.T) {
	field := anyField.Draw(t, "field")
	if rapid.Bool().Draw(t, "drop") {
		s.must(s.client.DeleteFieldIndex(context.Background(), &qdrant.DeleteFieldIndexCollection{CollectionName: "c", Wait: waiting, FieldName: field}))
		return
	}
	kind := map[string]qdrant.FieldType{
		"word": qdrant.FieldType_FieldTypeKeyword, "n": qdrant.FieldType_FieldTypeInteger, "x": qdrant.FieldType_FieldTypeFloat,
		"tags": qdrant.FieldType_FieldTypeKeyword, "in.a": qdrant.FieldType_FieldTypeInteger,
	}[field]
	s.must(s.client.CreateFieldIndex(context.Background(), &qdrant.CreateFieldIndexCollection{CollectionName: "c", Wait: waiting, FieldName: field, FieldType: &kind}))
}

// anyElement tells whether test holds for a value or, of an array, for one of its elements.
func anyElement(v *qdrant.Value, test func(*qdrant.Value) bool) bool {
	if list, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
		return slices.ContainsFunc(list.ListValue.GetValues(), test)
	}
	return v != nil && test(v)
}

// The conditions, each with the loop that says when it holds. With and without an index they mean the same.
var modelConditions = []struct {
	condition *qdrant.Condition
	holds     func(id uint64, p *modelPoint) bool
}{
	{qdrant.NewMatch("word", "ash"), func(_ uint64, p *modelPoint) bool { return p.payload["word"].GetStringValue() == "ash" }},
	{qdrant.NewMatchKeywords("tags", "ash", "cedar"), func(_ uint64, p *modelPoint) bool {
		return anyElement(p.payload["tags"], func(v *qdrant.Value) bool { return v.GetStringValue() == "ash" || v.GetStringValue() == "cedar" })
	}},
	{qdrant.NewMatchExceptKeywords("tags", "ash"), func(_ uint64, p *modelPoint) bool {
		return anyElement(p.payload["tags"], func(v *qdrant.Value) bool { return v.GetStringValue() != "ash" })
	}},
	{qdrant.NewMatchInt("n", 2), func(_ uint64, p *modelPoint) bool {
		v, ok := p.payload["n"].GetKind().(*qdrant.Value_IntegerValue)
		return ok && v.IntegerValue == 2
	}},
	{qdrant.NewRange("x", &qdrant.Range{Gt: qdrant.PtrOf(0.5), Lte: qdrant.PtrOf(2.0)}), func(_ uint64, p *modelPoint) bool {
		return anyElement(p.payload["x"], func(v *qdrant.Value) bool {
			n := v.GetDoubleValue() + float64(v.GetIntegerValue())
			return n > 0.5 && n <= 2
		})
	}},
	{qdrant.NewRange("in.a", &qdrant.Range{Gte: qdrant.PtrOf(2.0)}), func(_ uint64, p *modelPoint) bool {
		return p.payload["in"].GetStructValue().GetFields()["a"].GetIntegerValue() >= 2
	}},
	{qdrant.NewIsEmpty("x"), func(_ uint64, p *modelPoint) bool {
		v, ok := p.payload["x"]
		list, isList := v.GetKind().(*qdrant.Value_ListValue)
		return !ok || isList && len(list.ListValue.GetValues()) == 0
	}},
	{qdrant.NewIsNull("n"), func(_ uint64, p *modelPoint) bool {
		_, null := p.payload["n"].GetKind().(*qdrant.Value_NullValue)
		return null
	}},
	{qdrant.NewValuesCount("tags", &qdrant.ValuesCount{Gte: qdrant.PtrOf(uint64(2))}), func(_ uint64, p *modelPoint) bool {
		return len(p.payload["tags"].GetListValue().GetValues()) >= 2
	}},
	{qdrant.NewHasID(qdrant.NewIDNum(2), qdrant.NewIDNum(5), qdrant.NewIDNum(8)), func(id uint64, _ *modelPoint) bool { return id == 2 || id == 5 || id == 8 }},
	{qdrant.NewHasVector("d"), func(_ uint64, p *modelPoint) bool { return p.dense != nil }},
}

// drawFilter returns a filter and when it holds.
func drawFilter(t *rapid.T) (*qdrant.Filter, func(id uint64, p *modelPoint) bool) {
	pick := rapid.SliceOfN(rapid.IntRange(0, len(modelConditions)-1), 0, 2)
	must, should, not := pick.Draw(t, "must"), pick.Draw(t, "should"), pick.Draw(t, "must not")
	list := func(picked []int) (out []*qdrant.Condition) {
		for _, i := range picked {
			out = append(out, proto.CloneOf(modelConditions[i].condition))
		}
		return out
	}
	return &qdrant.Filter{Must: list(must), Should: list(should), MustNot: list(not)}, func(id uint64, p *modelPoint) bool {
		holds := func(i int) bool { return modelConditions[i].holds(id, p) }
		return !slices.ContainsFunc(must, func(i int) bool { return !holds(i) }) && (len(should) == 0 || slices.ContainsFunc(should, holds)) && !slices.ContainsFunc(not, holds)
	}
}

func (s *modelRun) compare(t *rapid.T) {
	ctx := context.Background()
	var want []*qdrant.RetrievedPoint
	for _, id := range s.model.sorted() {
		p := s.model.points[id]
		named := map[string]*qdrant.VectorOutput{}
		if p.dense != nil {
			named["d"] = &qdrant.VectorOutput{Data: p.dense}
		}
		if p.sparse != nil {
			named["s"] = &qdrant.VectorOutput{Data: p.sparse.Values, Indices: &qdrant.SparseIndices{Data: p.sparse.Indices}}
		}
		want = append(want, &qdrant.RetrievedPoint{
			Id: qdrant.NewIDNum(id), Payload: p.payload,
			Vectors: &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vectors{Vectors: &qdrant.NamedVectorsOutput{Vectors: named}}},
		})
	}
	got, err := s.client.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "c", Limit: qdrant.PtrOf(uint32(100)), WithVectors: qdrant.NewWithVectors(true)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Fatalf("points differ (-want +got):\n%s", diff)
	}
	filter, holds := drawFilter(t)
	var kept []uint64
	for _, id := range s.model.sorted() {
		if holds(id, s.model.points[id]) {
			kept = append(kept, id)
		}
	}
	n, err := s.client.Count(ctx, &qdrant.CountPoints{CollectionName: "c", Filter: filter})
	if err != nil || n != uint64(len(kept)) {
		t.Fatalf("count of %s: want %d, got %d, %v", filter, len(kept), n, err)
	}
	s.compareSearch(t, filter, kept)
	s.compareSparseSearch(t, filter, kept)
}

type modelHit struct {
	id    uint64
	score float64
}

// best sorts hits and keeps three of them; smallest tells whether the smallest scores are best.
func best(hits []modelHit, smallest bool) []modelHit {
	slices.SortFunc(hits, func(a, b modelHit) int {
		sign := 1
		if smallest {
			sign = -1
		}
		switch {
		case a.score > b.score:
			return -sign
		case a.score < b.score:
			return sign
		}
		return int(a.id) - int(b.id)
	})
	return hits[:min(3, len(hits))]
}

func (s *modelRun) compareSearch(t *rapid.T, filter *qdrant.Filter, kept []uint64) {
	query := []float32{anyFloat.Draw(t, "q0"), anyFloat.Draw(t, "q1")}
	var want []modelHit
	for _, id := range kept {
		if p := s.model.points[id]; p.dense != nil {
			want = append(want, modelHit{id, float64(-negatedSquares(query, p.dense))})
		}
	}
	s.compareHits(t, best(want, true), &qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQueryDense(query), Using: qdrant.PtrOf("d"), Filter: filter, Limit: qdrant.PtrOf(uint64(3))})
}

func (s *modelRun) compareSparseSearch(t *rapid.T, filter *qdrant.Filter, kept []uint64) {
	query := map[uint32]float32{1: anyFloat.Draw(t, "w1"), 2: anyFloat.Draw(t, "w2")}
	var want []modelHit
	for _, id := range kept {
		var score float32
		meets := false
		for i, index := range s.model.points[id].sparse.GetIndices() {
			if w, ok := query[index]; ok {
				score, meets = score+w*s.model.points[id].sparse.Values[i], true
			}
		}
		if meets {
			want = append(want, modelHit{id, float64(score)})
		}
	}
	s.compareHits(t, best(want, false), &qdrant.QueryPoints{
		CollectionName: "c", Query: qdrant.NewQuerySparse([]uint32{1, 2}, []float32{query[1], query[2]}), Using: qdrant.PtrOf("s"), Filter: filter, Limit: qdrant.PtrOf(uint64(3)),
	})
}

func (s *modelRun) compareHits(t *rapid.T, want []modelHit, query *qdrant.QueryPoints) {
	got, err := s.client.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	var wantIDs, gotIDs []uint64
	for _, h := range want {
		wantIDs = append(wantIDs, h.id)
	}
	for _, p := range got {
		gotIDs = append(gotIDs, p.GetId().GetNum())
	}
	if fmt.Sprint(wantIDs) != fmt.Sprint(gotIDs) {
		t.Fatalf("query %s: want %v, got %v", query, want, got)
	}
}

// temporaryFolder is a folder for one of many runs within a test.
func temporaryFolder(t *testing.T) (dir string, remove func()) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}
